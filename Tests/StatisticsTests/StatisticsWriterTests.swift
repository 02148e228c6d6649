import Figures
import Glibc
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import Statistics

@Suite("Writer of statistics")
struct StatisticsWriterTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder["statistics.db"]
    }

    private func figures(_ length: PeriodLength = .month) throws -> [PeriodFigures] {
        try StatisticsStore(path, for: .reading).all(length)
    }

    @Test func `differences are added once, whatever the counters did before`() throws {
        let writer = StatisticsWriter(.sample(path))
        for (step, packets) in [UInt64(5), 5, 9, 9, 100].enumerated() {
            let time = evening + Double(step) * 10
            #expect(writer.writeNow(StatisticsReading(time: time, monotonic: Double(step) * 10, packets: packets)))
        }
        #expect(try figures().packets == 100)
        // Another process begins at zero.
        let next = StatisticsWriter(.sample(path))
        #expect(next.writeNow(StatisticsReading(time: evening + 60, monotonic: 1, packets: 7)))
        #expect(try figures().packets == 107)
        #expect(writer.state.written == 5 && writer.state.failed == 0 && writer.state.isFailing == false)
        #expect(writer.state.lastWrite == evening + 40)
    }

    @Test func `a number that begins anew counts from zero`() throws {
        let writer = StatisticsWriter(.sample(path))
        for drops in [UInt64(10), 3, 4] {
            #expect(writer.writeNow(StatisticsReading(time: evening, monotonic: 1, queueDrops: drops)))
        }
        #expect(try figures().first?.operation.queueDrops == 14)
    }

    @Test func `a list that was away goes on from where it was`() throws {
        let writer = StatisticsWriter(.sample(path))
        func match(_ events: UInt64) -> [MatchFigures] {
            [MatchFigures(list: "police", mechanism: .tlsSNI, action: "drop", events: events, attempts: events / 2)]
        }
        for matches in [match(10), [], match(14)] {
            #expect(writer.writeNow(StatisticsReading(time: evening, monotonic: 1, matches: matches)))
        }
        #expect(try figures().first?.matches == match(14))
    }

    @Test func `each kind of total comes out as it went in`() throws {
        let writer = StatisticsWriter(.sample(path, window: 7))
        var reading = StatisticsReading(time: evening + 30, monotonic: 1, failOpenSeconds: 3, packets: 4)
        reading.queueDrops = 5
        reading.unseen = 6
        reading.visibility = VisibilityFigures(
            dnsNames: 1,
            tlsNames: 2,
            quicNames: 3,
            httpNames: 4,
            withoutServerName: 5,
            encryptedClientHello: 6,
            incomplete: 7,
            unknownQUICVersion: 8,
            dotFlows: 9,
            doqFlows: 10,
            dohFlows: 11
        )
        reading.matches = [
            MatchFigures(list: "a", mechanism: .dnsUDP, action: "drop", events: 20, attempts: 10),
            MatchFigures(list: "a", mechanism: .dnsUDP, action: "observe", events: 2, attempts: 1),
            MatchFigures(list: "b", mechanism: .quicV2, action: "reset", events: 4, attempts: 3),
        ]
        reading.anyAttempts = [AnyAttemptFigures(mechanism: .dnsUDP, action: "drop", attempts: 9)]
        reading.lists = [
            StatisticsReading.List(
                id: "a",
                entries: 77,
                activation: ActivationFigures(sequence: .max, issuedAt: 5, receivedAt: 6, activatedAt: Int64(evening)),
                rejected: [RejectedFigures(reason: "not_enforceable", entries: 2)]
            )
        ]
        reading.refusals = [StatisticsReading.Refusals(list: "b", updates: 2)]
        writer.noteUnblock(seconds: 0.5)
        writer.noteUnblock(seconds: .nan)
        #expect(writer.writeNow(reading))
        let figures = try #require(try figures(.day).first)
        #expect(figures.attemptWindow == 7)
        #expect(figures.market == Market(id: "se", access: .fixed, subscribers: 120_000))
        #expect(
            figures.operation
                == OperationFigures(failOpenSeconds: 3, packets: 4, queueDrops: 5, unseen: 6)
        )
        #expect(figures.visibility == reading.visibility)
        #expect(figures.matches == reading.matches && figures.anyAttempts == reading.anyAttempts)
        #expect(
            figures.lists == [
                ListFigures(
                    list: "a",
                    activations: reading.lists.compactMap(\.activation),
                    entries: 77,
                    rejected: reading.lists[0].rejected
                ),
                ListFigures(list: "b", refusals: 2),
            ]
        )
        #expect(figures.unblockSeconds == [0.5])
    }

    @Test func `what metrics tell of probes and times to unblock is what the store took, once`() async throws {
        let writer = StatisticsWriter(.sample(path))
        let probes = [
            CoverageProbe(list: "police", mechanism: .tlsSNI, isBlocked: true, milliseconds: 4),
            CoverageProbe(list: "police", mechanism: .dnsUDP, isBlocked: false),
            CoverageProbe(list: "local", mechanism: .dnsUDP, isBlocked: true),
            CoverageProbe(list: "police", mechanism: .dnsUDP, isBlocked: true),
        ]
        let run = CoverageRun(identity: 7, time: Int64(evening), probes: probes)
        // No store is open yet: they are given again, and count then.
        #expect(await writer.record([run]) == nil)
        #expect(writer.state.coverage.isEmpty)
        #expect(writer.writeNow(StatisticsReading(time: evening, monotonic: 1)))
        #expect(await writer.record([run]) == 1)
        #expect(await writer.record([run]) == 0)
        let coverage = writer.state.coverage
        #expect(coverage.map(\.list) == ["local", "police", "police"])
        #expect(coverage.map(\.mechanism) == [.dnsUDP, .dnsUDP, .tlsSNI])
        #expect(coverage.map(\.probes) == [1, 2, 1] && coverage.map(\.blocked) == [1, 1, 1])
        // Another process knows that the store has them.
        writer.close()
        let next = StatisticsWriter(.sample(path))
        #expect(next.writeNow(StatisticsReading(time: evening + 9, monotonic: 1)))
        #expect(await next.record([run]) == 0)
        #expect(next.state.coverage.isEmpty)

        for seconds in [0.02, 0.3, .nan, -1] { next.noteUnblock(seconds: seconds) }
        next.noteUnblock(seconds: 90_000, isRemoval: true)
        #expect(next.state.wishes.buckets.reduce(0, +) == 2 && abs(next.state.wishes.sum - 0.32) < 1e-9)
        let place = try #require(DurationCounts.bounds.firstIndex(of: 172_800))
        #expect(next.state.removals.buckets[place] == 1 && next.state.removals.sum == 90_000)
        #expect(next.writeNow(StatisticsReading(time: evening + 18, monotonic: 10)))
        #expect(next.state.wishes.buckets.reduce(0, +) == 2)
    }

    @Test func `uptime, staleness and the kill switch are reckoned by the clock that is not set`() throws {
        let writer = StatisticsWriter(.sample(path))
        var reading = StatisticsReading(time: evening, monotonic: 100)
        reading.lists = [StatisticsReading.List(id: "police", isStale: true)]
        #expect(writer.writeNow(reading))
        reading.monotonic = 110
        reading.killSwitch = true
        // The clock is set back by an hour.
        reading.time = evening - 3_600
        #expect(writer.writeNow(reading))
        reading.monotonic = 120
        reading.killSwitch = false
        #expect(writer.writeNow(reading))
        let figures = try #require(try figures(.day).first)
        #expect(figures.operation.uptimeSeconds == 20 && figures.operation.killSwitchSeconds == 10)
        #expect(figures.lists.first?.staleSeconds == 20)
    }

    @Test func `whatever the clock does, each packet is counted once`() throws {
        let writer = StatisticsWriter(.sample(path))
        var random = SeededRandom(seed: 8)
        let odd = [
            0, -1, 1, .nan, .infinity, -.infinity, 1e300, -1e300, 253_402_300_799, 253_402_300_800, evening * 2,
            evening - 7_200,
        ]
        var packets: UInt64 = 0
        for step in 0..<300 {
            packets += UInt64.random(in: 0...9, using: &random)
            let time = step.isMultiple(of: 3) ? odd.randomElement(using: &random) ?? 0 : evening + Double(step)
            let monotonic = step.isMultiple(of: 50) ? odd.randomElement(using: &random) ?? 0 : Double(step) * 1_800
            #expect(writer.writeNow(StatisticsReading(time: time, monotonic: monotonic, packets: packets)))
        }
        #expect(try figures(.day).packets == packets && figures(.month).packets == packets)
    }

    @Test func `readings are taken every ten seconds, and at the end of the hour`() {
        #expect(StatisticsWriter.pause(at: evening) == 8)
        #expect(StatisticsWriter.pause(at: evening + 3_593) == 7)
        #expect(StatisticsWriter.pause(at: evening + 3_599.99) == 0.05)
        for odd in [-.infinity, .nan, -1, .infinity, 1e308] {
            #expect((0.05...8).contains(StatisticsWriter.pause(at: odd)))
        }
    }

    @Test func `the reading that ends an hour belongs to it`() throws {
        let writer = StatisticsWriter(.sample(path))
        #expect(writer.writeNow(StatisticsReading(time: evening + 3_600.01, monotonic: 1, packets: 3)))
        #expect(writer.writeNow(StatisticsReading(time: evening + 3_610, monotonic: 2, packets: 4)))
        let figures = try figures(.hour)
        #expect(figures.map(\.operation.packets) == [3, 1])
        #expect(figures.first?.period.start == Int64(evening))
    }

    @Test func `a clock that jumps for a while takes nothing with it`() throws {
        let writer = StatisticsWriter(.sample(path))
        for step in 0..<100 {
            // Each hour of the other clock; for five of them this one shows a time decades ahead.
            let ahead = (40..<45).contains(step) ? 1e9 : 0.0
            let elapsed = Double(step) * 3_600
            #expect(
                writer.writeNow(
                    StatisticsReading(time: evening + elapsed + ahead, monotonic: elapsed, packets: UInt64(step))
                )
            )
        }
        #expect(try figures(.day).packets == 99)
    }

    @Test func `what is too old goes as time goes by`() throws {
        let writer = StatisticsWriter(.sample(path))
        for step in 0..<60 {
            let elapsed = Double(step) * 86_400
            let reading = StatisticsReading(time: evening + elapsed, monotonic: elapsed, packets: UInt64(step) + 1)
            #expect(writer.writeNow(reading))
        }
        #expect(try figures(.hour).packets == 36 && figures(.day).packets == 60)
    }

    // MARK: Faults

    private final class Told: Sendable {
        let events = Mutex<[StatisticsWriter.Event]>([])
    }

    private func writer(_ told: Told) -> StatisticsWriter {
        StatisticsWriter(.sample(path)) { event in told.events.withLock { $0.append(event) } }
    }

    @Test func `what cannot be written is written later, and told once`() throws {
        let told = Told()
        let writer = writer(told)
        #expect(writer.writeNow(StatisticsReading(time: evening, monotonic: 0, packets: 1)))
        let folder = folder.path
        let other = folder + "-away"
        #expect(unsafe rename(folder, other) == 0)
        for step in 1...5 {
            let time = Double(step) * 10
            #expect(
                writer.writeNow(StatisticsReading(time: evening + time, monotonic: time, packets: 1 + UInt64(step)))
                    == false
            )
        }
        #expect(writer.state.failed == 5 && writer.state.isFailing)
        #expect(unsafe rename(other, folder) == 0)
        #expect(writer.writeNow(StatisticsReading(time: evening + 60, monotonic: 60, packets: 8)))
        #expect(try figures().packets == 8)
        #expect(try figures().first?.operation.uptimeSeconds == 60)
        let kinds = told.events.withLock { $0 }.map { event in
            switch event {
            case .opened: "opened"
            case .failing(let error): error.cause
            case .recovered: "recovered"
            case .setAside: "set aside"
            }
        }
        #expect(kinds == ["opened", "replaced", "unusable", "opened", "recovered"])
    }

    @Test func `a write of which the end is not known is not repeated`() throws {
        let writer = StatisticsWriter(.sample(path))
        #expect(writer.writeNow(StatisticsReading(time: evening, monotonic: 0, packets: 5)))
        for isInStore in [true, false] {
            let before = try figures().packets
            writer.forgetEnd(of: StatisticsReading(time: evening, monotonic: 1, packets: before + 5), isInStore)
            #expect(writer.writeNow(StatisticsReading(time: evening, monotonic: 2, packets: before + 6)))
            #expect(try figures().packets == before + 6)
        }
    }

    @Test func `a store that another process holds is written to when it is free`() async throws {
        let writer = StatisticsWriter(.sample(path))
        #expect(writer.writeNow(StatisticsReading(time: evening, monotonic: 0, packets: 1)))
        let holder = try StatisticsStore(path)
        try holder.hold {
            #expect(writer.writeNow(StatisticsReading(time: evening, monotonic: 1, packets: 2)) == false)
        }
        #expect(writer.writeNow(StatisticsReading(time: evening, monotonic: 2, packets: 3)))
        #expect(try figures().packets == 3)
    }

    @Test func `a store of a newer version and a database of something else are left alone`() throws {
        try StatisticsStore(path).supersede()
        #expect(throws: StatisticsError.newer(path: path)) { try StatisticsStore(path) }
        #expect(throws: StatisticsError.newer(path: path)) { try StatisticsStore(path, for: .reading) }
        let other = folder["other.db"]
        try StatisticsStore.makeOther(other)
        #expect(throws: StatisticsError.foreign(path: other)) { try StatisticsStore(other) }
        #expect(throws: StatisticsError.missing(path: folder["none"])) {
            try StatisticsStore(folder["none"], for: .reading)
        }
        let told = Told()
        let writer = writer(told)
        for step in 0..<3 {
            #expect(writer.writeNow(StatisticsReading(time: evening, monotonic: Double(step))) == false)
        }
        #expect(told.events.withLock { $0 } == [.failing(.newer(path: path))])
        #expect(folder.names.contains { $0.contains("damaged") } == false)
    }

    @Test func `texts of errors name the file and the mend`() {
        let errors: [StatisticsError] = [
            .missing(path: "/x"), .damaged(path: "/x", reason: "r"), .newer(path: "/x"), .foreign(path: "/x"),
            .full(path: "/x"), .locked(path: "/x"), .readOnly(path: "/x"), .replaced(path: "/x"),
            .unusable(path: "/x", reason: "r"),
        ]
        for error in errors {
            #expect(error.description.hasPrefix("/x: ") && error.description.contains("\n") == false)
        }
        #expect(Set(errors.map(\.cause)).count == errors.count)
    }
}
