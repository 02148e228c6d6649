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
        counters.countTestMatch(slot: police, .dns)
        counters.countTestMatch(slot: police, .dns)
        counters.countExemption(slot: police, .allowed)
        counters.countExemption(slot: police, .passed)
        var odd = AnomalySet()
        odd.insert(.tunnelled)
        odd.insert(.encryptedClientHello)
        counters.countAnomalies(odd)
        counters.countResponse(.reset, .sent, bytes: 40)
        counters.countResponse(.reset, .sent, bytes: 40)
        counters.countResponse(.answer, .limited, bytes: 0)
        counters.observeVerdict(nanoseconds: 1530, packets: 1)
        let state = SensorState(
            version: "1.2.3",
            takenAt: 1_763_866_860,
            startedAt: 1_763_776_800,
            snapshotGeneration: 4,
            reloads: ReloadCounts(succeeded: 2, failed: 1, last: LastReload(at: 1_763_776_850, succeeded: false)),
            failures: FailureActions(overload: "accept", absence: "drop", malformed: "accept", overBudget: "drop"),
            failOpenSeconds: 75,
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
                ListState(
                    id: "police",
                    actions: ["drop"],
                    entries: 20_000,
                    sequence: 7,
                    activatedAt: 1_763_776_801,
                    publisher: "National police",
                    purpose: "csam",
                    legalBasis: "order 12/2025",
                    protocols: ["dns", "tls"],
                    match: "subdomains",
                    precedence: 10,
                    expiresAt: 1_763_900_000,
                    rejectedLines: 3,
                    notEnforceableLines: 4,
                    exceptions: 5,
                    testNames: 1
                ),
                ListState(id: "trial", actions: ["observe"], entries: 5, activatedAt: 1_763_776_801),
            ]
        )
        let report = StatusReport.render(SensorReading(workers: [counters], slots: slots, state: state))
        let expected = """
            grindvakt 1.2.3, up 1d 1h, since 2025-11-22T02:00:00Z, snapshot 4
            reloads: 2 ok, 1 failed; last failed at 2025-11-22T02:00:50Z
            when it cannot judge: overload accept, nobody there drop, malformed accept, over budget drop; 1m 15s fail-open so far
            ! update-refused: The last reload was refused; the lists before it stay in use.

            QUEUE     WAITING  ACCEPTED  DROPPED  KERNEL-DROPPED  USER-DROPPED  UNSEEN  OVERRUNS  FLOWS  VERDICT  FAIL-OPEN  GSO  BUFFER
            0              17         0        1               3             0       0         0      0    1.5us  yes        no   416KiB of 16MiB
            1 (gone)        -         0        0               -             -       0         0      0        -  no         yes  16MiB

            LIST    STATE  ACTION   ENTRIES  SEQUENCE  ACTIVATED             EXPIRES               MATCHES  TESTS  LEFT-ALONE  REFUSED
            police  ok     drop       20000         7  2025-11-22T02:00:01Z  2025-11-23T12:13:20Z        1      2           2        0
            trial   ok     observe        5         -  2025-11-22T02:00:01Z  -                           0      0           0        0

            LIST    PUBLISHER        PURPOSE  MATCH       PROTOCOLS  PRECEDENCE  TEST-NAMES  EXCEPTIONS  REJECTED  NOT-ENFORCEABLE  LEGAL-BASIS
            police  National police  csam     subdomains  dns,tls            10           1           5         3                4  order 12/2025
            trial   -                -        -           -                   -           0           0         0                0  -

            names      dns 0, http 0, quic 0, tls 1
            matches    1
            attempts   0 in 0 events
            tests      2
            left alone allowed 1, passed 1, protected 0
            answers    answer 0 (limited 1), reset 2
            undecided  \(UndecidedCause.allCases.map { "\($0.label) 0" }.sorted().joined(separator: ", "))
            odd forms  ech 1, tunnelled 1
            hidden DNS none

            """
        let text = StatusTable.render(try StatusDocument(json: Array(report.utf8)))
        #expect(text == expected)
    }

    @Test func `what needs an eye stands out`() throws {
        var refused = RefusalCounts(list: "police")
        refused.countUpdate([.growth, .protectedName])
        var neverActive = RefusalCounts(list: "interpol")
        neverActive.countUpdate([.signature])
        neverActive.countUpdate([.replay])
        let rolledBack = LastReload(at: 1_763_776_850, succeeded: true)
        var state = SensorState(
            version: "1.2.3",
            takenAt: 1_763_776_860,
            startedAt: 1_763_776_800,
            snapshotGeneration: 4,
            rollbacks: ReloadCounts(succeeded: 1, last: rolledBack),
            killSwitch: true,
            passes: 2,
            lists: [
                ListState(id: "police", actions: ["drop"], entries: 1, activatedAt: 0, expiresAt: 1, isFallback: true),
                ListState(id: "local", actions: ["drop"], entries: 1, activatedAt: 0, isFallback: true),
            ],
            refusals: [neverActive, refused]
        )
        state.keysForRestart = ["sensor.queues", "log.level"]
        state.takeover = TakeoverState(at: 1_763_776_801, queues: 2, waiting: 31, queuedAgain: 5, passed: 1)
        let report = StatusReport.render(SensorReading(workers: [], slots: ListSlots(), state: state))
        let text = StatusTable.render(try StatusDocument(json: Array(report.utf8)))
        let expected = """
            *** KILL SWITCH ON: NOTHING IS BLOCKED; matches are counted only ***

            grindvakt 1.2.3, up 1m 0s, since 2025-11-22T02:00:00Z, snapshot 4
            took over 2 queues at 2025-11-22T02:00:01Z: 31 packets waited, 5 were queued again, 1 passed unseen
            reloads: 0 ok, 0 failed
            rollbacks: 1 ok, 0 failed; last ok at 2025-11-22T02:00:50Z
            let pass by the operator: 2 names

            """
        #expect(text.hasPrefix(expected), "\(text)")
        let restart = "\n! restart-needed: changed, but acted upon at the next start alone: sensor.queues, log.level\n"
        #expect(text.contains(restart), "\(text)")
        #expect(text.contains("\npolice  EXPIRED,FALLBACK  drop"), "\(text)")
        #expect(text.contains("\nlocal   FALLBACK          drop"), "\(text)")
        let refusals = """

            refused updates of police: 1; growth 1, protected-name 1
            refused updates of interpol, NOT ACTIVE: 2; replay 1, signature 1

            names
            """
        #expect(text.contains(refusals), "\(text)")
    }

    @Test(
        arguments: [
            ("plain words, å and 字", "plain words, å and 字"), ("a\u{1B}[2Jb\nc\td\re", "a?[2Jb?c?d?e"),
            ("\u{202E}txt", "?txt"), ("\u{9B}1m\u{2028}\u{0}", "?1m??"),
            (String(repeating: "x", count: 120), String(repeating: "x", count: 120)),
            (String(repeating: "x", count: 121), String(repeating: "x", count: 120) + "..."),
        ]
    )
    func `a text that somebody wrote cannot steer a terminal`(legalBasis: String, expected: String) throws {
        let list = ListState(id: "police", actions: ["drop"], entries: 1, activatedAt: 0, legalBasis: legalBasis)
        let state = SensorState(version: "1", takenAt: 0, startedAt: 0, snapshotGeneration: 1, lists: [list])
        let report = StatusReport.render(SensorReading(workers: [], slots: ListSlots(), state: state))
        let document = try StatusDocument(json: Array(report.utf8))
        #expect(document.lists.map(\.legalBasis) == [legalBasis])
        let text = StatusTable.render(document)
        #expect(text.contains("  \(expected)\n"), "\(text)")
        #expect(
            text.unicodeScalars.allSatisfy { $0 == "\n" || ($0.value >= 0x20 && !(0x7F...0x9F).contains($0.value)) }
        )
    }

    @Test func `the report of a sensor that knows less is read too`() throws {
        let old = """
            {"version":"0.9","started_at":0,"uptime_seconds":1,"snapshot_generation":1,"queues":[],"lists":[\
            {"id":"police","actions":["drop"],"entries":2,"sequence":null,"activated_at":0,"matches":1}],\
            "totals":{"packets":{},"names":{},"matches":1,"undecided":{},"anomalies":{},"encrypted_dns_flows":{}},\
            "reloads":{"succeeded":0,"failed":0,"last":null}}
            """
        let text = StatusTable.render(try StatusDocument(json: Array(old.utf8)))
        #expect(text.hasPrefix("grindvakt 0.9, up 1s"))
        #expect(
            text.contains("\npolice  ok     drop          2         -  1970-01-01T00:00:00Z  -              1      -")
        )
        #expect(!text.contains("! "))
        #expect(!text.contains("KILL") && !text.contains("rollbacks") && !text.contains("left alone"))
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
