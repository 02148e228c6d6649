import Telemetry
import Testing

@testable import ControlSocket

@Suite("Status table")
struct StatusTableTests {
    @Test func `the whole text`() throws {
        let slots = ListSlots()
        let police = try #require(slots.slot(id: "police", action: "drop"))
        let counters = Counters(queue: 0)
        counters.countPacket(.drop)
        counters.countName(.tls)
        counters.countMatch(slot: police, .tls)
        var odd = AnomalySet()
        odd.insert(.tunnelled)
        odd.insert(.encryptedClientHello)
        counters.countAnomalies(odd)
        counters.observeVerdict(nanoseconds: 1530, packets: 1)
        let state = SensorState(
            version: "1.2.3",
            takenAt: 1_763_866_860,
            startedAt: 1_763_776_800,
            snapshotGeneration: 4,
            reloads: ReloadCounts(succeeded: 2, failed: 1, last: LastReload(at: 1_763_776_850, succeeded: false)),
            queues: [QueueState(queue: 0, present: true, length: 17, kernelDropped: 3)],
            queueConfigurations: [
                QueueConfigurationState(
                    queue: 0,
                    failOpenEffective: true,
                    gsoEffective: false,
                    receiveBufferWanted: 16 << 20,
                    receiveBufferObtained: 425_984,
                    copyRange: 65_535,
                    maxLength: 4096
                ),
                QueueConfigurationState(
                    queue: 1,
                    failOpenEffective: false,
                    gsoEffective: true,
                    receiveBufferWanted: 8 << 20,
                    receiveBufferObtained: 16 << 20,
                    copyRange: 65_535,
                    maxLength: 4096
                ),
            ],
            lists: [
                ListState(id: "police", actions: ["drop"], entries: 20_000, sequence: 7, activatedAt: 1_763_776_801),
                ListState(id: "trial", actions: ["observe"], entries: 5, activatedAt: 1_763_776_801),
            ]
        )
        let report = StatusReport.render(SensorReading(workers: [counters], slots: slots, state: state))
        let expected = """
            grindvakt 1.2.3, up 1d 1h, since 2025-11-22T02:00:00Z, snapshot 4
            reloads: 2 ok, 1 failed; last failed at 2025-11-22T02:00:50Z

            QUEUE     WAITING  ACCEPTED  DROPPED  KERNEL-DROPPED  USER-DROPPED  UNSEEN  OVERRUNS  FLOWS  VERDICT  FAIL-OPEN  GSO  BUFFER
            0              17         0        1               3             0       0         0      0    1.5us  yes        no   416KiB of 16MiB
            1 (gone)        -         0        0               -             -       0         0      0        -  no         yes  16MiB

            LIST    ACTION   ENTRIES  SEQUENCE  ACTIVATED             MATCHES
            police  drop       20000         7  2025-11-22T02:00:01Z        1
            trial   observe        5         -  2025-11-22T02:00:01Z        0

            names      dns 0, http 0, quic 0, tls 1
            matches    1
            undecided  \(UndecidedCause.allCases.map { "\($0.label) 0" }.sorted().joined(separator: ", "))
            odd forms  ech 1, tunnelled 1
            hidden DNS none

            """
        let text = StatusTable.render(try StatusDocument(json: Array(report.utf8)))
        #expect(text == expected)
    }

    @Test func `a tap has its interfaces where a sensor has its queues`() throws {
        let counters = Counters(queue: 0)
        counters.countPacket(.accept)
        counters.setFlows(3)
        let state = SensorState(
            version: "1.2.3",
            takenAt: 1_763_866_860,
            startedAt: 1_763_776_800,
            snapshotGeneration: 1,
            taps: [
                TapState(queue: 0, interface: "mirror0", isReading: true, received: 12, kernelDropped: 4),
                TapState(queue: 1, interface: "any", isReading: false, interfaceDropped: 5),
            ]
        )
        let report = StatusReport.render(SensorReading(workers: [counters], slots: ListSlots(), state: state))
        let text = StatusTable.render(try StatusDocument(json: Array(report.utf8)))
        let expected = """

            TAP      READING  PACKETS  RECEIVED  KERNEL-DROPPED  INTERFACE-DROPPED  FLOWS
            mirror0  yes            1        12               4                  0      3
            any      no             0         0               0                  5      0

            LIST
            """
        #expect(text.contains(expected), "\(text)")
        #expect(text.contains("QUEUE") == false)
    }

    @Test func `what is not a status report is an error`() {
        #expect(throws: DecodingError.self) { try StatusDocument(json: Array(#"{"version":"1"}"#.utf8)) }
        #expect(throws: DecodingError.self) { try StatusDocument(json: Array("no JSON".utf8)) }
    }
}
