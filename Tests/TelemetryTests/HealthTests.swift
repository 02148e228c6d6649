import Telemetry
import Testing

@Suite("Health")
struct HealthTests {
    private func state(
        queues: [QueueState] = [QueueState(queue: 0, present: true)],
        taps: [TapState] = []
    ) -> SensorState {
        SensorState(version: "1", takenAt: 100, startedAt: 0, snapshotGeneration: 1, queues: queues, taps: taps)
    }

    @Test func `a sensor that does its work has no findings`() {
        #expect(state().findings == [])
    }

    @Test func `what holds now is found from the state alone`() {
        var wrong = state(
            queues: [QueueState(queue: 0, present: true), QueueState(queue: 1, present: false)],
            taps: [TapState(queue: 0, interface: "mirror0", isReading: false)]
        )
        wrong.killSwitch = true
        wrong.reloads.last = LastReload(at: 90, succeeded: false)
        wrong.lists = [
            ListState(id: "a", actions: ["drop"], entries: 1, activatedAt: 0, expiresAt: 100),
            ListState(id: "b", actions: ["drop"], entries: 1, activatedAt: 0, isFallback: true),
        ]
        #expect(
            wrong.findings
                == [.killSwitch, .queueMissing, .tapDown, .listExpired, .listFallback, .updateRefused]
        )
        wrong.queueConfigurations = [
            QueueConfigurationState(
                queue: 0,
                failOpenEffective: true,
                gsoEffective: true,
                receiveBufferWanted: 1,
                receiveBufferObtained: 1,
                copyRange: 1,
                maxLength: 1
            )
        ]
        #expect(wrong.findings.contains(.kernelUnreadable) == false)
        var blind = wrong
        blind.queues = []
        #expect(blind.findings.contains(.kernelUnreadable) && blind.findings.contains(.queueMissing) == false)
        wrong.lists[0].expiresAt = 100.5
        #expect(wrong.findings.contains(.listExpired) == false)
        #expect(wrong.findings.contains(.listExpiresSoon))
        wrong.reloads.last = LastReload(at: 95, succeeded: true)
        #expect(wrong.findings.contains(.updateRefused) == false)
    }

    @Test(
        arguments: [
            // Issued for a month, for two days, at a moment unknown, and after its own expiry.
            (issued: 0.0, expires: 30 * 86_400.0, from: 29 * 86_400.0), (0, 2 * 86_400, 1.5 * 86_400),
            (nil, 4 * 86_400, 3 * 86_400), (10 * 86_400, 86_400, 86_400),
        ] as [(issued: Double?, expires: Double, from: Double)]
    )
    func `a list is about to expire in its last day or the last quarter of its time`(
        issued: Double?,
        expires: Double,
        from: Double
    ) {
        let list = ListState(
            id: "a",
            actions: ["drop"],
            entries: 1,
            activatedAt: 0,
            issuedAt: issued,
            expiresAt: expires
        )
        #expect(list.expiresSoon(at: from - 1) == false)
        #expect(list.expiresSoon(at: from) == (from < expires))
        #expect(list.expiresSoon(at: expires) == false)
        #expect(list.expiresSoon(at: expires + 1) == false)
    }

    @Test func `each loss is told for a minute after it has risen, and no longer`() {
        let losses: [(HealthFinding, (UInt64) -> (SensorState, [VitalSigns]))] = [
            (.queueDrops, { (self.state(queues: [QueueState(queue: 0, present: true, kernelDropped: $0)]), []) }),
            (.queueDrops, { (self.state(queues: [QueueState(queue: 0, present: true, userDropped: $0)]), []) }),
            (
                .tapDrops,
                {
                    let tap = TapState(queue: 0, interface: "mirror0", isReading: true, kernelDropped: $0)
                    return (self.state(taps: [tap]), [])
                }
            ),
            (.injectionFailing, { (self.state(), [VitalSigns(queue: 0, failedResponses: $0)]) }),
            (
                .failOpen,
                {
                    var state = self.state()
                    state.failOpenSeconds = Double($0)
                    return (state, [])
                }
            ),
        ]
        for (finding, make) in losses {
            var watch = HealthWatch()
            watch.note(make(0).0, make(0).1, at: 1)
            #expect(watch.findings(at: 1) == [])
            watch.note(make(5).0, make(5).1, at: 2)
            for second in 3...61 {
                watch.note(make(5).0, make(5).1, at: Double(second))
                #expect(watch.findings(at: Double(second)) == [finding], "second \(second)")
            }
            #expect(watch.findings(at: 62) == [])
            watch.note(make(6).0, make(6).1, at: 63)
            #expect(watch.findings(at: 63) == [finding])
        }
    }

    @Test func `a queue that was bound anew counts from zero and its old drops are not told again`() {
        var watch = HealthWatch()
        watch.note(state(queues: [QueueState(queue: 0, present: true, kernelDropped: 9)]), [], at: 0)
        watch.note(state(), [], at: 70)
        #expect(watch.findings(at: 70) == [])
        watch.note(state(queues: [QueueState(queue: 0, present: true, kernelDropped: 1)]), [], at: 71)
        #expect(watch.findings(at: 71) == [.queueDrops])
    }

    @Test func `a worker stalls where packets wait and none is judged for three seconds`() {
        var watch = HealthWatch()
        let waiting = [QueueState(queue: 0, present: true, length: 3), QueueState(queue: 1, present: true, length: 9)]
        func note(_ queues: [QueueState], judged: UInt64, at now: Double) -> Set<HealthFinding> {
            let workers = [VitalSigns(queue: 0, judged: 4), VitalSigns(queue: 1, judged: judged)]
            watch.note(state(queues: queues), workers, at: now)
            return watch.findings(at: now)
        }
        // Queue 0 is emptied each time before its worker could be found to stand still.
        #expect(note([waiting[1]], judged: 1, at: 0) == [])
        #expect(note([waiting[1]], judged: 2, at: 2) == [])
        #expect(note([waiting[1]], judged: 3, at: 4) == [], "it judges")
        #expect(note([waiting[1]], judged: 3, at: 6.9) == [])
        #expect(note([waiting[1]], judged: 3, at: 7) == [.workerStalled])
        #expect(note([waiting[1]], judged: 4, at: 8) == [])
        #expect(watch.findings(at: 30) == [], "nobody has looked since")
        #expect(note([waiting[1]], judged: 4, at: 12) == [.workerStalled])
        #expect(note([QueueState(queue: 1, present: true)], judged: 4, at: 13) == [], "nothing waits")
        #expect(note(waiting, judged: 5, at: 14) == [])
        #expect(note(waiting, judged: 6, at: 17) == [.workerStalled], "the other queue")
    }

    @Test func `vital signs are the worker's own counts`() {
        let counters = Counters(queue: 5)
        counters.countPacket(.accept)
        counters.countPacket(.drop)
        counters.countPacket(.drop)
        counters.countUnseen(7)
        counters.countResponse(.reset, .failed, bytes: 0)
        counters.countResponse(.answer, .failed, bytes: 0)
        counters.countResponse(.answer, .limited, bytes: 0)
        counters.countResponse(.page, .sent, bytes: 9)
        #expect(counters.vitalSigns == VitalSigns(queue: 5, judged: 3, unseen: 7, failedResponses: 2))
    }

    @Test func `identifiers are short words and texts one sentence`() {
        #expect(Set(HealthFinding.allCases.map(\.id)).count == HealthFinding.allCases.count)
        for finding in HealthFinding.allCases {
            #expect(finding.id.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x2D } && finding.id.count <= 24)
            #expect(finding.text.hasSuffix(".") && finding.text.contains("\n") == false)
        }
    }
}
