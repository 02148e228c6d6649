import TestSupport
import Testing

@testable import BenchmarkRecords
@testable import Figures
@testable import Telemetry

@Suite("Disclosure", .timeLimit(.minutes(10)))
struct DisclosureTests {
    /// A day of made-up matches, with a name on any list counted as often as some overlap of the lists has it.
    private struct Table {
        struct Cell {
            let list: Int
            let mechanism: Mechanism
            let action: String
            var events: UInt64
            var attempts: UInt64
        }

        var cells: [Cell] = []
        var any: [Mechanism: UInt64] = [:]

        static let mechanisms: [Mechanism] = [.dnsUDP, .tlsSNI, .quicV1]

        init(random: inout SeededRandom) {
            for list in 0..<Int.random(in: 1...3, using: &random) {
                for mechanism in Self.mechanisms {
                    let action = Bool.random(using: &random) ? "drop" : "observe"
                    // Most cells are about the threshold, where everything that can go wrong does.
                    let most: UInt64 = [0, 3, 9, 14, 30, 1_000].randomElement(using: &random) ?? 0
                    let attempts = UInt64.random(in: 0...most, using: &random)
                    let events = attempts + UInt64.random(in: 0...max(1, attempts), using: &random)
                    cells.append(
                        Cell(list: list, mechanism: mechanism, action: action, events: events, attempts: attempts)
                    )
                }
            }
            for mechanism in Self.mechanisms { drawAny(mechanism, random: &random) }
        }

        /// Lets the lists overlap in another way.
        mutating func drawAny(_ mechanism: Mechanism, random: inout SeededRandom) {
            let attempts = cells.filter { $0.mechanism == mechanism }.map(\.attempts)
            any[mechanism] = UInt64.random(in: (attempts.max() ?? 0)...attempts.reduce(0, +), using: &random)
        }

        /// The same with every cell under the threshold drawn anew, and totals that any overlap with them would give.
        func withOtherSmallCells(random: inout SeededRandom) -> Table {
            var other = self
            for index in cells.indices {
                if (1...9).contains(cells[index].events) {
                    other.cells[index].events = UInt64.random(in: 1...9, using: &random)
                }
                if (1...9).contains(cells[index].attempts) {
                    other.cells[index].attempts = UInt64.random(
                        in: 1...min(9, other.cells[index].events),
                        using: &random
                    )
                }
            }
            for mechanism in Self.mechanisms {
                let isTouched = cells.contains { $0.mechanism == mechanism && (1...9).contains($0.attempts) }
                if isTouched { other.drawAny(mechanism, random: &random) }
            }
            return other
        }

        var figures: PeriodFigures {
            var figures = Sample.beta()
            figures.matches = cells.map {
                MatchFigures(
                    list: "list-\($0.list)",
                    mechanism: $0.mechanism,
                    action: $0.action,
                    events: $0.events,
                    attempts: $0.attempts
                )
            }
            figures.anyAttempts = any.map { AnyAttemptFigures(mechanism: $0.key, action: "drop", attempts: $0.value) }
            return figures
        }

        func record() throws -> BenchmarkRecord {
            try BenchmarkRecord(figures, member: "beta", now: Sample.now)
        }
    }

    @Test func `whatever the cells under the threshold are, the record is the same to the octet`() throws {
        var random = SeededRandom(seed: 11)
        var changed = 0
        for _ in 0..<300 {
            let table = Table(random: &random)
            let expected = try table.record().encoded
            for _ in 0..<5 {
                let other = table.withOtherSmallCells(random: &random)
                if other.cells.map(\.attempts) != table.cells.map(\.attempts) { changed += 1 }
                #expect(try other.record().encoded == expected)
            }
        }
        // The test means something only where there was something to hide.
        #expect(changed > 700)
    }

    /// What somebody may know of how the lists overlap, besides everything that is published.
    private enum Overlap: CaseIterable {
        /// Nothing: any list has at least as many as the busiest and at most as many as all.
        case unknown
        /// No name is on two lists.
        case disjoint
        /// Each list is part of the next larger one.
        case nested

        func allows(_ attempts: [UInt64], _ any: UInt64) -> Bool {
            switch self {
            case .unknown: (attempts.max() ?? 0)...attempts.reduce(0, +) ~= any
            case .disjoint: any == attempts.reduce(0, +)
            case .nested: any == attempts.max() ?? 0
            }
        }
    }

    /// Every value that a cell may have, found by trying all values of all cells of a mechanism: those that the published form of each
    /// allows, that are no more than their events may be, and that agree with the total.
    private func feasible(
        _ record: BenchmarkRecord,
        _ mechanism: Mechanism,
        _ overlap: Overlap
    ) throws -> [Set<UInt64>] {
        let ranges = try record.cells.map { try #require($0.attempts[mechanism].range) }
        let mostEvents = try record.cells.map { try #require($0.events[mechanism].range).most }
        let total = record.anyAttempts[mechanism].range
        var values = ranges.map { _ in Set<UInt64>() }
        var attempts = ranges.map(\.least)
        while true {
            let agrees =
                switch total {
                case .some(let range): (range.least...range.most).contains { overlap.allows(attempts, $0) }
                // Of a total that is withheld there is always one that agrees: the sum of lists that are disjoint, say.
                case .none: true
                }
            let isPossible = agrees && zip(attempts, mostEvents).allSatisfy { $0 <= $1 }
            if isPossible { for index in values.indices { values[index].insert(attempts[index]) } }
            // The next combination, as a counter with wheels counts.
            var wheel = 0
            while wheel < attempts.count, attempts[wheel] == ranges[wheel].most {
                attempts[wheel] = ranges[wheel].least
                wheel += 1
            }
            guard wheel < attempts.count else { return values }
            attempts[wheel] += 1
        }
    }

    @Test(arguments: [100, 101, 102, 103] as [UInt64])
    func `each cell under the threshold may be one to nine for whoever tries everything`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var hidden = 0
        for _ in 0..<60 {
            let record = try Table(random: &random).record()
            for mechanism in Table.mechanisms {
                for overlap in Overlap.allCases {
                    let values = try feasible(record, mechanism, overlap)
                    // Who believes in an overlap that the figures rule out learns that it is ruled out.
                    guard values.contains(where: { $0.isEmpty == false }) else { continue }
                    for (row, values) in zip(record.cells, values) where row.attempts[mechanism] == .few {
                        #expect(values == Set(1...9), "\(overlap) of \(record.cells) and \(record.anyAttempts)")
                        hidden += 1
                    }
                }
            }
        }
        #expect(hidden > 100)
    }

    @Test func `a total over a cell under the threshold is withheld, and is that cell where there is no other`() {
        #expect(Disclosure.total(over: []) == .fixed(.none))
        #expect(Disclosure.total(over: [.none, .none]) == .fixed(.none))
        #expect(Disclosure.total(over: [.none, .few]) == .fixed(.few))
        #expect(Disclosure.total(over: [.about(15)]) == .fixed(.about(15)))
        #expect(Disclosure.total(over: [.few, .few]) == .fixed(.withheld))
        #expect(Disclosure.total(over: [.few, .about(1_000)]) == .fixed(.withheld))
        #expect(Disclosure.total(over: [.about(10), .about(1_000), .none]) == .figure)
    }

    @Test func `what a total may have been has the true figure in it`() throws {
        var random = SeededRandom(seed: 12)
        for _ in 0..<300 {
            let table = Table(random: &random)
            let record = try table.record()
            for mechanism in Table.mechanisms {
                let range = record.anyRange(mechanism)
                let any = table.any[mechanism] ?? 0
                #expect(range.least <= any && any <= range.most)
            }
        }
    }

    @Test(arguments: [(0, 100), (99, 100), (110, 110), (150, 150), (151, 150), (.max, 150)] as [(UInt64, UInt64)])
    func `a total is never less than the busiest list, nor more than all`(any: UInt64, published: UInt64) throws {
        var figures = Sample.beta()
        figures.matches = [
            MatchFigures(list: "a", mechanism: .dnsUDP, action: "drop", events: 200, attempts: 100),
            MatchFigures(list: "b", mechanism: .dnsUDP, action: "drop", events: 100, attempts: 50),
        ]
        figures.anyAttempts = [AnyAttemptFigures(mechanism: .dnsUDP, action: "drop", attempts: any)]
        let record = try BenchmarkRecord(figures, member: "beta", now: Sample.now)
        #expect(record.anyAttempts[.dnsUDP] == .about(published))
    }

    @Test func `attempts that were read before their events are no more than these`() throws {
        var figures = Sample.beta()
        figures.matches = [
            MatchFigures(list: "police", mechanism: .dnsUDP, action: "drop", events: 20, attempts: 40),
            MatchFigures(list: "police", mechanism: .tlsSNI, action: "drop", events: 0, attempts: 1),
        ]
        let record = try BenchmarkRecord(figures, member: "beta", now: Sample.now)
        #expect(record.cells[0].attempts[.dnsUDP] == .about(20))
        #expect(record.cells[0].attempts[.tlsSNI] == .none)
    }
}
