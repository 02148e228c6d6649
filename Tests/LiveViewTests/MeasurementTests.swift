import ControlSocket
import LiveView
import Testing

@Suite("Measurement")
struct MeasurementTests {
    /// A measurement of two documents, two seconds apart.
    private func measure(_ old: Document, _ new: Document, seconds: Double = 2) throws -> Measurement {
        Measurement(Reading(try new.status(), seconds: 100 + seconds), since: Reading(try old.status(), seconds: 100))
    }

    @Test func `counts become rates`() throws {
        let old = Document(
            queues: [Document.queue(0, accepted: 1000, dropped: 10, kernelDropped: 5, cpu: 3)],
            taps: [Document.tap(7, "mirror0", packets: 50)],
            lists: [Document.list("police", matches: 4), Document.list("trial", matches: 8, action: "observe")],
            packets: 1010,
            names: 100,
            undecided: 2
        )
        let new = Document(
            queues: [Document.queue(0, accepted: 3000, dropped: 20, waiting: 6, kernelDropped: 9, cpu: 3.5)],
            taps: [Document.tap(7, "mirror0", packets: 60)],
            lists: [Document.list("police", matches: 10), Document.list("trial", matches: 18, action: "observe")],
            packets: 3020,
            names: 300,
            undecided: 3
        )
        let measurement = try measure(old, new)
        #expect(measurement.interval == 2 && measurement.isRestart == false && measurement.isBlocking)
        #expect(measurement.packets["accept"] == 1005)
        #expect(measurement.names["dns"] == 100 && measurement.names["tls"] == 0 && measurement.names.rate == 100)
        #expect(measurement.names.parts.map(\.label) == ["dns", "tls", "quic", "http"])
        #expect(measurement.undecided["malformed"] == 0.5 && measurement.undecided.total == 3)
        #expect(measurement.blocked.rate == 3 && measurement.observed.rate == 5)
        #expect(measurement.lost["kernel"] == 2 && measurement.lost.rate == 2)
        let queue = try #require(measurement.queues.first)
        #expect(queue.packets == 1005 && queue.dropped == 5 && queue.waiting == 6 && queue.kernelLost == 2)
        #expect(queue.load == 0.25)
        #expect(measurement.taps.first?.packets == 5)
        #expect(measurement.lists.map(\.matches) == [3, 5])
    }

    @Test func `one reading has no rates`() throws {
        let measurement = Measurement(Reading(try Document(packets: 5).status(), seconds: 1), since: nil)
        #expect(measurement.interval == nil && measurement.packets.rate == nil && measurement.packets.total == 5)
        #expect(measurement.queues.allSatisfy { $0.packets == nil && $0.load == nil && $0.latency == nil })
        #expect(measurement.lost.rate == nil && measurement.blocked.rate == nil)
    }

    @Test func `a sensor that was started anew has no rates, and never negative ones`() throws {
        let old = Document(queues: [Document.queue(0, accepted: 900)], packets: 900)
        let new = Document(
            startedAt: old.startedAt + 90_000,
            queues: [Document.queue(0, accepted: 1000)],
            packets: 1000
        )
        let measurement = try measure(old, new)
        #expect(measurement.isRestart && measurement.interval == nil)
        #expect(measurement.packets.rate == nil && measurement.queues.first?.packets == nil)
    }

    @Test func `a counter that went back has no rate, and the others have theirs`() throws {
        let old = Document(
            queues: [Document.queue(0, accepted: 10, kernelDropped: 900, cpu: 9), Document.queue(1, kernelDropped: 1)],
            packets: 10
        )
        let new = Document(
            queues: [Document.queue(0, accepted: 20, kernelDropped: 3, cpu: 1), Document.queue(1, kernelDropped: 5)],
            packets: 20
        )
        let measurement = try measure(old, new)
        #expect(measurement.packets.rate == 5 && measurement.queues.first?.packets == 5)
        #expect(measurement.queues.map(\.kernelLost) == [nil, 2] && measurement.lost["kernel"] == 2)
        #expect(measurement.queues.first?.load == .some(nil))
    }

    @Test func `what was not there before has no rate`() throws {
        let old = Document(queues: [Document.queue(0)], lists: [])
        let new = Document(
            queues: [Document.queue(0), Document.queue(1, accepted: 4)],
            lists: [Document.list("police", matches: 9)]
        )
        let measurement = try measure(old, new)
        #expect(measurement.queues.map(\.packets) == [0, nil] && measurement.lists.map(\.matches) == [nil])
    }

    @Test func `readings at one instant have no rates`() throws {
        #expect(try measure(Document(), Document(packets: 5), seconds: 0).packets.rate == nil)
        #expect(try measure(Document(), Document(packets: 5), seconds: -1).packets.rate == nil)
    }

    @Test func `nothing is blocked by a tap or under the kill switch`() throws {
        #expect(try measure(Document(), Document(queues: [], taps: [Document.tap(0, "any")])).isBlocking == false)
        #expect(try measure(Document(), Document(isKilled: true)).isBlocking == false)
    }

    @Test func `a sensor that tells no protocols of a list is read by the list's action`() throws {
        let plain = Document.list("police", matches: 5).replacing(/"matches_by_action":{"drop":{[^}]*}},/, with: "")
        try #require(plain.contains("by_action") == false)
        let later = plain.replacing(#""matches":5"#, with: #""matches":9"#)
        let measurement = try measure(Document(lists: [plain]), Document(lists: [later]))
        #expect(measurement.blocked.rate == 2 && measurement.observed.rate == nil)
    }

    // MARK: - Times to verdicts

    /// The latency of a queue whose buckets (1 us, 10 us, 100 us, more) grew by this.
    private func latency(_ old: [UInt64], _ new: [UInt64]) throws -> Latency? {
        try measure(
            Document(queues: [Document.queue(0, buckets: old)]),
            Document(queues: [Document.queue(0, buckets: new)])
        ).latency
    }

    @Test func `quantiles are read out of what the buckets grew by`() throws {
        // 100 packets, 90 of them below 1 us and 10 between 10 and 100 us, beside 1000 slow ones from before.
        let latency = try #require(try latency([0, 0, 0, 1000], [90, 90, 100, 1100]))
        #expect(abs(latency.median.seconds - 0.5 / 0.9 * 1e-6) < 1e-12 && latency.median.isMore == false)
        #expect(abs(latency.p99.seconds - 91e-6) < 1e-12)
        #expect(abs(latency.p999.seconds - 99.1e-6) < 1e-10)
    }

    @Test func `a quantile beyond the last bound is more than that bound`() throws {
        let latency = try #require(try latency([0, 0, 0, 0], [0, 0, 50, 100]))
        #expect(latency.median.seconds == 100e-6 && latency.median.isMore == false)
        #expect(latency.p99.seconds == 100e-6 && latency.p99.isMore)
    }

    @Test(arguments: [([5, 5, 5, 5], [5, 5, 5, 5]), ([9, 9, 9, 9], [1, 2, 3, 4])] as [([UInt64], [UInt64])])
    func `without new packets, or when buckets went back, there is no latency`(old: [UInt64], new: [UInt64]) throws {
        #expect(try latency(old, new) == nil)
    }

    @Test func `the latency of the sensor is that of all queues together`() throws {
        let old = Document(queues: [Document.queue(0), Document.queue(1)])
        let new = Document(
            queues: [Document.queue(0, buckets: [98, 98, 98, 98]), Document.queue(1, buckets: [0, 0, 2, 2])]
        )
        let measurement = try measure(old, new)
        #expect((measurement.latency?.p99.seconds ?? 0) > 10e-6)
        #expect((measurement.queues.first?.latency?.p999.seconds ?? 1) <= 1e-6)
    }
}
