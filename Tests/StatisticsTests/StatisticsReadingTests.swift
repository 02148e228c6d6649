import Figures
import Telemetry
import Testing

@testable import Statistics

@Suite("Reading for statistics")
struct StatisticsReadingTests {
    @Test func `every counter lands where it belongs`() throws {
        let slots = ListSlots()
        let (drop, observe) = (
            try #require(slots.slot(id: "police", action: "drop")),
            try #require(slots.slot(id: "police", action: "observe"))
        )
        let workers = [Counters(queue: 0), Counters(queue: 1)]
        for worker in workers {
            worker.countPacket(.accept)
            worker.countPacket(.drop)
            worker.countUnseen(5)
            worker.countName(.quic)
            worker.countEvent(slot: drop, .quicV2, beginsAttempt: worker === workers.first)
            worker.countAnyEvent(.quicV2, .drop, beginsAttempt: worker === workers.first)
            worker.countTestEvent(slot: drop, .tlsSNI)
            worker.countTestEvent(slot: observe, .tlsSNI)
            worker.countUndecided(.unknownQUICVersion)
            worker.countUndecided(.overBudget)
            worker.countEncryptedDNSFlow(.doq)
            var odd = AnomalySet()
            odd.insert(.noServerName)
            worker.countAnomalies(odd)
        }
        var refused = RefusalCounts(list: "police")
        refused.countUpdate([.growth])
        let lists = [
            ListState(
                id: "police",
                actions: ["drop"],
                entries: 9,
                sequence: 4,
                activatedAt: evening,
                issuedAt: evening - 60,
                expiresAt: evening,
                rejectedLines: 1,
                notEnforceableLines: 2,
                receivedAt: evening - 5
            ),
            ListState(
                id: "late",
                actions: ["drop"],
                entries: 1,
                activatedAt: evening,
                rejectedLines: 4,
                notEnforceableLines: 3,
                leftOut: [
                    LeftOutLines(cause: "label_too_long", count: 4),
                    LeftOutLines(cause: "path_not_enforceable", count: 3),
                ],
                receivedAt: evening + 1
            ),
            ListState(id: "fallback", actions: ["drop"], entries: -1, activatedAt: .infinity, isFallback: true),
        ]
        var state = SensorState(
            version: "1",
            takenAt: evening,
            startedAt: evening,
            snapshotGeneration: 1,
            killSwitch: true,
            failOpenSeconds: 2,
            queues: [QueueState(queue: 0, present: true, kernelDropped: 3, userDropped: 4)],
            lists: lists,
            refusals: [refused]
        )
        state.taps = [TapState(queue: 1, interface: "tap0", isReading: true, kernelDropped: 10, interfaceDropped: 20)]
        let reading = StatisticsReading(SensorReading(workers: workers, slots: slots, state: state), monotonic: 7)

        #expect(reading.time == evening && reading.monotonic == 7 && reading.killSwitch)
        #expect(reading.failOpenSeconds == 2 && reading.packets == 4 && reading.unseen == 10)
        #expect(reading.queueDrops == 37)
        #expect(
            reading.visibility
                == VisibilityFigures(
                    quicNames: 2,
                    withoutServerName: 2,
                    incomplete: 2,
                    unknownQUICVersion: 2,
                    doqFlows: 2
                )
        )
        let matches = reading.matches.filter { $0.events > 0 }
        #expect(matches == [MatchFigures(list: "police", mechanism: .quicV2, action: "drop", events: 2, attempts: 1)])
        let any = reading.anyAttempts.filter { $0.attempts > 0 }
        #expect(any == [AnyAttemptFigures(mechanism: .quicV2, action: "drop", attempts: 1)])
        let tests = reading.testMatches.filter { $0.events > 0 }
        #expect(tests == [TestMatchFigures(list: "police", mechanism: .tlsSNI, events: 4)])
        #expect(reading.refusals == [StatisticsReading.Refusals(list: "police", updates: 1)])
        #expect(reading.lists.map(\.isStale) == [true, false, false])
        #expect(reading.lists.map(\.entries) == [9, 1, 0])
        #expect(reading.lists[0].rejected.map(\.entries) == [2, 1])
        #expect(
            reading.lists[1].rejected == [
                RejectedFigures(reason: "label_too_long", entries: 4),
                RejectedFigures(reason: "path_not_enforceable", entries: 3),
            ]
        )
        #expect(reading.lists[2].rejected.isEmpty)
        #expect(
            reading.lists.map(\.activation) == [
                ActivationFigures(
                    sequence: 4,
                    issuedAt: Int64(evening) - 60,
                    receivedAt: Int64(evening) - 5,
                    activatedAt: Int64(evening)
                ),
                // The file at the place of the second came after the edition that is in use.
                ActivationFigures(activatedAt: Int64(evening)),
                nil,
            ]
        )
    }
}
