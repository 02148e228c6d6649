import Blocklists
import TestSupport
import Testing

@testable import Inspection

@Suite("Fragment assembler")
struct FragmentAssemblerTests {
    /// A fragment and when it comes.
    struct Fragment {
        var offset: Int
        var payload: [UInt8]
        var isLast: Bool
    }

    /// The same with an array of octets, and by eye.
    struct Model {
        var fragments: [Fragment] = []

        /// The datagram up to an end in one reading; nil where an octet is missing.
        func datagram(_ reading: OverlapReading, count: Int) -> [UInt8]? {
            var octets: [UInt8] = []
            for position in 0..<count {
                let candidates = fragments.enumerated().filter {
                    $0.element.offset <= position && position < $0.element.offset + $0.element.payload.count
                }
                let order = candidates.sorted { one, other in
                    let (start, otherStart) = (one.element.offset, other.element.offset)
                    let isEarlier = one.offset < other.offset
                    switch reading {
                    case .first: return isEarlier
                    case .last: return isEarlier == false
                    case .lowestFirst: return start == otherStart ? isEarlier : start < otherStart
                    case .lowestLast: return start == otherStart ? isEarlier == false : start < otherStart
                    case .highestFirst: return start == otherStart ? isEarlier : start > otherStart
                    case .highestLast: return start == otherStart ? isEarlier == false : start > otherStart
                    }
                }
                guard let winner = order.first else { return nil }
                octets.append(winner.element.payload[position - winner.element.offset])
            }
            return octets
        }
    }

    static func key(_ number: UInt64) -> Fingerprint { HashKey(1, 2).fingerprint(number, 0, 0, 0, 0) }

    static func add(
        _ fragment: Fragment,
        _ number: UInt64 = 1,
        to assembler: inout FragmentAssembler,
        seconds: UInt64 = 1
    ) -> FragmentOutcome {
        var hasConflict = false
        return assembler.add(
            key(number),
            offset: fragment.offset,
            fragment.payload.span,
            isLast: fragment.isLast,
            transport: 17,
            at: Instant(nanoseconds: seconds * 1_000_000_000),
            hasConflict: &hasConflict
        )
    }

    static func gather(
        _ assembler: borrowing FragmentAssembler,
        _ number: UInt64 = 1,
        _ reading: OverlapReading = .first,
        count: Int
    ) -> [UInt8] {
        var buffer = DatagramBuffer()
        assembler.gather(assembler.find(key(number)), reading, count: count, into: &buffer)
        let bytes = buffer.bytes
        return bytes.indices.map { bytes[$0] }
    }

    static func octets(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = SeededRandom(seed: seed)
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    @Test(arguments: 0..<60)
    func `every reading is what the model says`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var assembler = FragmentAssembler(budget: 0)
        var model = Model()
        let total = Int.random(in: 1...200, using: &random) * 8 + Int.random(in: 0...7, using: &random)
        let whole = Self.octets(total, seed: seed)
        var isComplete = false
        for _ in 0..<40 {
            let start = Int.random(in: 0...total / 8, using: &random) * 8
            guard start < total else { continue }
            let count = min(total - start, Int.random(in: 1...60, using: &random) * 8)
            var payload = Array(whole[start..<start + count])
            // now and then other octets than before
            if Bool.random(using: &random) {
                payload[Int.random(in: 0..<count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let fragment = Fragment(offset: start, payload: payload, isLast: start + count == total)
            let outcome = Self.add(fragment, to: &assembler)
            model.fragments.append(fragment)
            isComplete = model.datagram(.first, count: total) != nil
            switch outcome {
            case .complete(let shortest, let longest, let isSettled):
                #expect(isComplete && shortest == total && longest == total && isSettled)
                for step in 0..<UInt8(OverlapReading.count) {
                    guard let reading = OverlapReading(rawValue: step) else { continue }
                    #expect(Self.gather(assembler, 1, reading, count: total) == model.datagram(reading, count: total))
                }
            case .waiting:
                // a fragment that says nothing new is not looked at again
                #expect(isComplete == false || model.fragments.count > 1)
            case .blocked, .givenUp: Issue.record("\(outcome)")
            }
        }
    }

    @Test func `fragments in every order make up the same datagram`() {
        let whole = Self.octets(35)
        let cuts = [0, 8, 16, 24, 32, 35]
        let fragments = (0..<5).map { index in
            Fragment(offset: cuts[index], payload: Array(whole[cuts[index]..<cuts[index + 1]]), isLast: index == 4)
        }
        var orders: [[Int]] = [[]]
        for _ in 0..<5 {
            orders = orders.flatMap { order in (0..<5).filter { !order.contains($0) }.map { order + [$0] } }
        }
        #expect(orders.count == 120)
        for order in orders {
            var assembler = FragmentAssembler(budget: 0)
            for (place, index) in order.enumerated() {
                let outcome = Self.add(fragments[index], to: &assembler)
                let isLast = place == 4
                #expect(outcome == (isLast ? .complete(shortest: 35, longest: 35, isSettled: true) : .waiting))
            }
            #expect(Self.gather(assembler, count: 35) == whole)
        }
    }

    @Test func `the longest datagram there can be is put together`() {
        let whole = Self.octets(65_535)
        var assembler = FragmentAssembler(budget: 0)
        var outcome = FragmentOutcome.waiting
        for start in stride(from: 0, to: whole.count, by: 272).reversed() {
            let end = min(start + 272, whole.count)
            let fragment = Fragment(offset: start, payload: Array(whole[start..<end]), isLast: end == whole.count)
            #expect(outcome == .waiting)
            outcome = Self.add(fragment, to: &assembler)
        }
        #expect(outcome == .complete(shortest: 65_535, longest: 65_535, isSettled: true))
        #expect(Self.gather(assembler, count: 65_535) == whole)
        let beyond = Fragment(offset: 65_528, payload: Self.octets(8), isLast: true)
        #expect(Self.add(beyond, 2, to: &assembler) == .givenUp)
    }

    @Test func `several ends are several datagrams`() {
        var assembler = FragmentAssembler(budget: 0)
        let start = Fragment(offset: 0, payload: Self.octets(16), isLast: false)
        #expect(Self.add(Fragment(offset: 24, payload: Self.octets(8), isLast: true), to: &assembler) == .waiting)
        #expect(Self.add(start, to: &assembler) == .waiting)
        #expect(
            Self.add(Fragment(offset: 16, payload: Self.octets(5), isLast: true), to: &assembler)
                == .complete(shortest: 21, longest: 21, isSettled: false)
        )
        #expect(
            Self.add(Fragment(offset: 16, payload: Self.octets(8), isLast: false), to: &assembler)
                == .complete(shortest: 21, longest: 32, isSettled: true)
        )
    }

    @Test func `time runs out after thirty seconds`() {
        var assembler = FragmentAssembler(budget: 0)
        let first = Fragment(offset: 0, payload: Self.octets(8), isLast: false)
        let last = Fragment(offset: 8, payload: Self.octets(8), isLast: true)
        #expect(Self.add(first, 1, to: &assembler, seconds: 10) == .waiting)
        #expect(Self.add(first, 2, to: &assembler, seconds: 15) == .waiting)
        #expect(Self.add(last, 1, to: &assembler, seconds: 41) == .waiting)
        #expect(assembler.expired == 1)
        #expect(assembler.waitingCount == 2)
        #expect(Self.add(last, 2, to: &assembler, seconds: 45) != .waiting)
    }

    @Test func `what was dropped stays so for its time`() {
        var assembler = FragmentAssembler(budget: 0)
        let first = Fragment(offset: 0, payload: Self.octets(8), isLast: false)
        assembler.block(Self.key(1), at: Instant(nanoseconds: 1_000_000_000))
        #expect(Self.add(first, 1, to: &assembler, seconds: 2) == .blocked)
        #expect(Self.add(first, 1, to: &assembler, seconds: 31) == .blocked)
        #expect(Self.add(first, 1, to: &assembler, seconds: 32) == .waiting)
        #expect(assembler.expired == 0)
    }

    @Test func `a datagram of too many pieces is given up once`() {
        var assembler = FragmentAssembler(budget: 0)
        var outcomes: [FragmentOutcome] = []
        for index in 1...300 {
            let fragment = Fragment(offset: index * 8, payload: Self.octets(8), isLast: false)
            outcomes.append(Self.add(fragment, to: &assembler))
        }
        #expect(outcomes.count { $0 == .givenUp } == 1)
        #expect(outcomes.firstIndex(of: .givenUp) == FragmentAssembler.pieceLimit)
        #expect(assembler.blocksInUse == 0)
        #expect(assembler.waitingCount == 0)
    }

    @Test func `a copy of a fragment takes no room`() {
        var assembler = FragmentAssembler(budget: 0)
        let fragment = Fragment(offset: 0, payload: Self.octets(1_000), isLast: false)
        for _ in 0..<1_000 { #expect(Self.add(fragment, to: &assembler) == .waiting) }
        #expect(assembler.blocksInUse == 2)
    }

    @Test func `a hundred thousand half datagrams stay in the budget`() {
        let budget = 1 << 20
        var assembler = FragmentAssembler(budget: budget)
        let half = Fragment(offset: 0, payload: Self.octets(1_480), isLast: false)
        for number in 1...UInt64(100_000) {
            #expect(Self.add(half, number, to: &assembler) == .waiting)
            #expect(assembler.blocksInUse * FragmentAssembler.blockCost <= budget)
        }
        #expect(assembler.waitingCount == assembler.blocksInUse / 3)
        #expect(assembler.evicted + assembler.waitingCount == 100_000)
        // the newest are there still
        let rest = Fragment(offset: 1_480, payload: Self.octets(8), isLast: true)
        #expect(Self.add(rest, 100_000, to: &assembler) != .waiting)
        #expect(Self.add(rest, 1, to: &assembler) == .waiting)
    }
}
