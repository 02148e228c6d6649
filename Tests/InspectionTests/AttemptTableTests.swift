import Blocklists
import Synchronization
import TestSupport
import Testing
import Wire

@testable import Inspection

@Suite("Attempt table")
struct AttemptTableTests {
    /// A list's entry: what stands for it, and the identity of the list.
    private struct Entry: Hashable {
        let bits: UInt64
        let list: UInt64
    }

    /// The rule in as few words as it has: an attempt takes in the events of its entry for a window from its first one on.
    private struct Reference {
        let window: Int64
        var begun: [Entry: Int64] = [:]

        mutating func begins(_ entry: Entry, _ milliseconds: Int64) -> Bool {
            if let start = begun[entry], abs(milliseconds - start) < window { return false }
            begun[entry] = milliseconds
            return true
        }
    }

    private static let key = HashKey(3, 4)

    private static func instant(_ milliseconds: Int64) -> Instant {
        Instant(nanoseconds: UInt64(milliseconds) * 1_000_000 + 999_999)
    }

    @Test(arguments: [1, 2, 5, 17, 60], [1_000, (1 << 32) - 40_000, 5 << 32 - 1_000] as [Int64])
    func `random events begin the attempts that the rule says`(seconds: Int64, start: Int64) {
        var random = SeededRandom(seed: UInt64(seconds) << 40 ^ UInt64(start))
        let table = AttemptTable(window: UInt64(seconds) * 1_000_000_000, key: Self.key)
        var reference = Reference(window: seconds * 1_000)
        // Two lists and any list, on entries of which some come often and most seldom.
        let entries = (0..<300).map { _ in random.next() }
        let lists = [random.next(), random.next(), 0]
        var now = start
        var begun = 0
        for event in 0..<20_000 {
            now += Int64.random(in: 0...seconds * 6, using: &random)
            // Workers look at the clock once for a batch, so that one may be behind the other.
            let seen = now - Int64.random(in: 0...5, using: &random)
            let place = min(Int.random(in: 0..<300, using: &random), Int.random(in: 0..<300, using: &random))
            let entry = Entry(bits: entries[place], list: lists.randomElement(using: &random) ?? 0)
            let begins = reference.begins(entry, seen)
            let claim = table.claim(entry.bits, list: entry.list, at: Self.instant(seen))
            #expect(claim == (begins ? .began : .continued), "event \(event)")
            if begins { begun += 1 }
        }
        #expect(begun > 300 && begun < 20_000)
    }

    @Test func `the window does not grow with later events`() {
        let table = AttemptTable(key: Self.key)
        let claims = [0, 1_000, 1_999, 2_000, 3_500, 3_999, 4_000].map { milliseconds in
            table.claim(7 << 32, list: 0, at: Self.instant(10_000 + milliseconds))
        }
        #expect(claims == [.began, .continued, .continued, .began, .continued, .continued, .began])
    }

    @Test func `a window is counted in whole milliseconds and is never none`() {
        for (nanoseconds, milliseconds) in [(0, 1), (999_999, 1), (2_000_000_000, 2_000), (UInt64.max, 86_400_000)] {
            #expect(AttemptTable(window: nanoseconds, key: Self.key).window == milliseconds)
        }
        #expect(AttemptTable(InspectorConfiguration()).window == 2_000)
    }

    @Test func `the time goes round without an attempt being taken for a later one or forgotten`() {
        let table = AttemptTable(key: Self.key)
        let round = Int64(1) << 32
        #expect(table.claim(9 << 32, list: 0, at: Self.instant(round - 1)) == .began)
        #expect(table.claim(9 << 32, list: 0, at: Self.instant(round)) == .continued)
        #expect(table.claim(9 << 32, list: 0, at: Self.instant(round + 1_998)) == .continued)
        #expect(table.claim(9 << 32, list: 0, at: Self.instant(round + 1_999)) == .began)
        // The middle of a round, where milliseconds change their sign.
        #expect(table.claim(9 << 32, list: 0, at: Self.instant(round + 1 << 31 - 1)) == .began)
        #expect(table.claim(9 << 32, list: 0, at: Self.instant(round + 1 << 31 + 1)) == .continued)
    }

    /// Bits of so many entries that share the places of one set, with homes all over it.
    private static func crowd(_ count: Int) -> [UInt64] {
        (0..<count).map { UInt64($0 + 1) << 32 | 0x4560 | UInt64($0 * 5 % AttemptTable.setSize) }
    }

    @Test func `a set holds eight attempts wherever their homes are`() {
        let table = AttemptTable(key: Self.key)
        let crowd = Self.crowd(8)
        for (place, entry) in crowd.enumerated() {
            #expect(table.claim(entry, list: 0, at: Self.instant(Int64(place))) == .began)
        }
        for entry in crowd { #expect(table.claim(entry, list: 0, at: Self.instant(1_500)) == .continued) }
        // Once their windows have closed they make room without anything being lost.
        for (place, entry) in Self.crowd(16).dropFirst(8).enumerated() {
            #expect(table.claim(entry, list: 0, at: Self.instant(2_500 + Int64(place))) == .began)
        }
    }

    @Test func `the ninth attempt displaces the oldest and no other`() {
        let table = AttemptTable(key: Self.key)
        let crowd = Self.crowd(9)
        for (place, entry) in crowd.prefix(8).enumerated() {
            _ = table.claim(entry, list: 0, at: Self.instant(100 + Int64(place)))
        }
        #expect(table.claim(crowd[8], list: 0, at: Self.instant(500)) == .displaced)
        for entry in crowd.dropFirst() { #expect(table.claim(entry, list: 0, at: Self.instant(600)) == .continued) }
        #expect(table.claim(crowd[0], list: 0, at: Self.instant(700)) == .displaced)
    }

    @Test func `a set that overflows all the time forgets attempts and never counts one that is there`() {
        var random = SeededRandom(seed: 11)
        let table = AttemptTable(key: Self.key)
        let crowd = Self.crowd(12)
        var reference = Reference(window: 2_000)
        var (displaced, extra) = (0, 0)
        for event in 0..<20_000 {
            let now = 5_000 + Int64(event) * 7
            let entry = crowd.randomElement(using: &random) ?? 0
            let begins = reference.begins(Entry(bits: entry, list: 0), now)
            let claim = table.claim(entry, list: 0, at: Self.instant(now))
            if claim == .displaced { displaced += 1 }
            // What was forgotten begins again before its time, and so the rule's own memory with it.
            if begins == false, claim != .continued {
                extra += 1
                reference.begun[Entry(bits: entry, list: 0)] = now
            }
            #expect(begins == false || claim != .continued)
        }
        #expect(displaced > 0 && extra > 0 && extra <= displaced)
    }

    @Test func `names under one entry are one, and of different keys nothing is alike`() throws {
        let one = AttemptTable(key: Self.key)
        let other = AttemptTable(key: HashKey(5, 6))
        let names = try ["www.a.test", "b.a.test", "a.test"].map { try Self.name($0) }
        let length = names[2].length
        let bits = Set(names.map { one.entry($0.view, length: length) })
        #expect(bits.count == 1)
        #expect(Set(names.map { one.entry($0.view, length: $0.length) }).count == 3)
        #expect(bits.isDisjoint(with: names.map { other.entry($0.view, length: length) }))
        // No length that a caller may give reads past the name.
        for length in [-1, 255, Int.max] { _ = one.entry(names[0].view, length: length) }
    }

    private static func name(_ text: String) throws -> DomainName {
        try DomainName(text: Array(text.utf8).span)
    }

    /// Counts what threads of one table were told.
    private final class Tally: Sendable {
        let began = Atomic(0)
        let displaced = Atomic(0)
        private let arrived = Atomic(0)

        /// Waits until both threads have come to the end of a round: at first without a pause, so that they go on at the same moment.
        func wait(forRound round: Int) async {
            arrived.add(1, ordering: .sequentiallyConsistent)
            var patience = 100_000
            while arrived.load(ordering: .sequentiallyConsistent) < 2 * (round + 1) {
                if patience > 0 { patience -= 1 } else { await Task.yield() }
            }
        }
    }

    @Test func `threads that have the same packets at the same time begin each attempt once`() async {
        let table = AttemptTable(key: Self.key)
        let tally = Tally()
        // Four entries for one place, many times, so that each attempt moves the one before. Who is behind finds attempts that have begun,
        // which is quicker than to begin them: so the threads meet again and again.
        let entries = (0..<1_200).map { (number: Int) -> UInt64 in
            let place = UInt64(number % 300 * 200)
            return UInt64(number + 1) << 32 | place
        }
        let rounds = 600
        await withTaskGroup(of: Void.self) { tasks in
            for worker in 0..<2 {
                tasks.addTask {
                    for round in 0..<rounds {
                        var (began, displaced) = (0, 0)
                        let now = Self.instant(Int64(round) * 3_000 + Int64(worker))
                        for entry in entries {
                            let claim = table.claim(entry, list: 0, at: now)
                            if claim != .continued { began += 1 }
                            if claim == .displaced { displaced += 1 }
                        }
                        tally.began.add(began, ordering: .relaxed)
                        tally.displaced.add(displaced, ordering: .relaxed)
                        await tally.wait(forRound: round)
                    }
                }
            }
        }
        #expect(tally.displaced.load(ordering: .relaxed) == 0)
        #expect(tally.began.load(ordering: .relaxed) == rounds * entries.count)
    }

    /// What share of visits to one entry is lost, where they come by chance, so many a day.
    private static func loss(perDay visits: Double, window seconds: Double, days: Double) -> Double {
        var random = SeededRandom(seed: 2_026)
        let table = AttemptTable(window: UInt64(seconds * 1e9), key: key)
        var (now, all, attempts) = (0.0, 0, 0)
        while now < days * 86_400 {
            // The time between two of them is exponentially distributed (inverse of its distribution function).
            let draw = Double(random.next() >> 11) / Double(1 << 53)
            now += -Self.naturalLogarithm(1 - draw) * 86_400 / visits
            all += 1
            let claim = table.claim(5 << 32, list: 0, at: Instant(nanoseconds: UInt64(now * 1e9)))
            if claim != .continued { attempts += 1 }
        }
        return 1 - Double(attempts) / Double(all)
    }

    /// By the series of the inverse hyperbolic tangent, which converges quickly once the exponent is taken out.
    private static func naturalLogarithm(_ value: Double) -> Double {
        let ratio = (value.significand - 1) / (value.significand + 1)
        var (sum, power) = (0.0, ratio)
        for step in 0..<20 {
            sum += power / Double(2 * step + 1)
            power *= ratio * ratio
        }
        return 2 * sum + Double(value.exponent) * 0.693_147_180_559_945_3
    }

    @Test(arguments: [(1.0, 0.0442), (2, 0.0847), (10, 0.3165), (60, 0.7353)])
    func `four thousand visits a day lose what dead time says`(seconds: Double, expected: Double) {
        let loss = Self.loss(perDay: 4_000, window: seconds, days: 250)
        // A million visits, so chance is below a thousandth: 4.4 %, 8.5 %, 31.7 % and 73.5 %, as r*N / (1 + r*N) has it.
        let rate = 4_000.0 / 86_400
        #expect(abs(rate * seconds / (1 + rate * seconds) - expected) < 0.000_1)
        #expect(abs(loss - expected) < 0.002, "\(loss)")
    }
}
