import Foundation
import NetworkLab
import Telemetry
import TestSupport
import Testing

/// A small sensor whose every number is known.
func smallReading(version: String = "1.2.3", listID: String = "police") -> SensorReading {
    let slots = ListSlots()
    let police = slots.slot(id: listID, action: "drop") ?? 0
    let first = Counters(queue: 0)
    let second = Counters(queue: 1)
    for _ in 0..<5 { first.countPacket(.accept) }
    second.countPacket(.drop)
    for _ in 0..<3 { first.countName(.dns) }
    second.countName(.tls)
    second.countMatch(slot: police, .tls)
    first.countTestMatch(slot: police, .dns)
    second.countTestMatch(slot: police, .dns)
    first.countEvent(slot: police, .dnsUDP, beginsAttempt: true)
    second.countEvent(slot: police, .tlsSNI, beginsAttempt: false)
    first.countAnyEvent(.dnsUDP, .drop, beginsAttempt: true)
    second.countAnyEvent(.tlsSNI, .drop, beginsAttempt: false)
    second.countTestEvent(slot: police, .dnsTCP)
    second.countDisplacedAttempt()
    first.countExemption(slot: police, .passed)
    second.countExemption(slot: police, .protected)
    first.countUndecided(.overBudget)
    var odd = AnomalySet()
    odd.insert(.recordSplit)
    odd.insert(.encryptedClientHello)
    second.countAnomalies(odd)
    first.countEncryptedDNSFlow(.doh)
    second.countEncryptedDNSFlow(.doh)
    first.countResponse(.answer, .sent, bytes: 70)
    second.countResponse(.answer, .sent, bytes: 60)
    second.countResponse(.reset, .limited, bytes: 0)
    first.observeVerdict(nanoseconds: 900, packets: 3)
    first.observeVerdict(nanoseconds: 70_000, packets: 2)
    second.observeVerdict(nanoseconds: 5_000_000_000, packets: 1)
    second.countReceiveOverrun()
    second.countUnseen(3)
    first.countUnfinishedChecksum()
    first.setFlows(12)
    first.setFlowMemory(bytes: 2048)
    first.setFragmentMemory(bytes: 512)
    first.setFlowEvictions(9)
    first.setLimits(flows: 65_536, flowMemory: 33_554_432, fragmentMemory: 4_194_304)
    first.setReceiveBuffer(bytes: 8_388_608)
    var refused = RefusalCounts(list: listID)
    refused.countUpdate([.protectedName, .growth])
    refused.countUpdate([.growth])
    var neverActive = RefusalCounts(list: "interpol")
    neverActive.countUpdate([.signature])
    var state = SensorState(
        version: version,
        takenAt: 1_763_776_900.5,
        startedAt: 1_763_776_800,
        snapshotGeneration: 4,
        reloads: ReloadCounts(succeeded: 3, failed: 1, last: LastReload(at: 1_763_776_850.25, succeeded: false)),
        rollbacks: ReloadCounts(succeeded: 1, last: LastReload(at: 1_763_776_860, succeeded: true)),
        killSwitch: true,
        passes: 2,
        failures: FailureActions(overload: "accept", absence: "accept", malformed: "drop", overBudget: "accept"),
        failOpenSeconds: 3,
        attemptWindowSeconds: 2.5,
        queues: [
            QueueState(queue: 0, present: true, length: 2, kernelDropped: 6, userDropped: 7, copyRange: 65_531),
            QueueState(queue: 1, present: false),
        ],
        queueConfigurations: [
            QueueConfigurationState(
                queue: 0,
                failOpenEffective: true,
                gsoEffective: false,
                receiveBufferWanted: 16_777_216,
                receiveBufferObtained: 8_388_608,
                copyRange: 65_535,
                maxLength: 4096
            )
        ],
        threads: [
            ThreadState(queue: 0, cpuNanoseconds: 1_500_000_000, isRealTime: true),
            ThreadState(queue: 7, cpuNanoseconds: 250),
        ],
        taps: [
            TapState(
                queue: 7,
                interface: "mirror0",
                isReading: true,
                received: 90,
                kernelDropped: 4,
                interfaceDropped: 5
            )
        ],
        lists: [
            ListState(
                id: listID,
                actions: ["drop"],
                entries: 1000,
                sequence: 42,
                activatedAt: 1_763_776_801.125,
                publisher: "National police",
                purpose: "csam",
                legalBasis: "order 12/2025",
                protocols: ["dns", "tls"],
                match: "subdomains",
                precedence: 10,
                issuedAt: 1_763_700_000,
                expiresAt: 1_763_776_900.5,
                rejectedLines: 3,
                notEnforceableLines: 4,
                leftOut: [
                    LeftOutLines(cause: "not_a_name", count: 3), LeftOutLines(cause: "path_not_enforceable", count: 4),
                ],
                exceptions: 5,
                testNames: 1,
                isFallback: true,
                receivedAt: 1_763_776_795
            ),
            ListState(id: "local", actions: ["observe"], entries: 2, activatedAt: 1_763_776_801),
        ],
        refusals: [neverActive, refused],
        process: ProcessStatistics(
            cpuSeconds: 1.25,
            residentBytes: 10_485_760,
            virtualBytes: 104_857_600,
            openDescriptors: 17,
            maximumDescriptors: 1024,
            startTime: 1_763_776_799.07
        ),
        recentFindings: [.failOpen]
    )
    var statistics = StatisticsState()
    statistics.written = 8
    statistics.failed = 2
    statistics.lastWrite = 1_763_776_890.25
    statistics.countProbe(list: listID, .tlsSNI, isBlocked: true)
    statistics.countProbe(list: listID, .dnsUDP, isBlocked: true)
    statistics.countProbe(list: listID, .dnsUDP, isBlocked: false)
    // A file of coverage may tell of lists that are in use no more; of them there is no metric.
    statistics.countProbe(list: "bygone", .dnsUDP, isBlocked: true)
    for seconds in [0.05, 0.051, 900, .nan] { statistics.countUnblock(seconds, .wish) }
    for seconds in [86_400.5, 700_000] { statistics.countUnblock(seconds, .removal) }
    state.statistics = statistics
    state.keysForRestart = ["sensor.queues", "log.level"]
    state.takeover = TakeoverState(at: 1_763_776_802.5, queues: 2, waiting: 31, queuedAgain: 5, passed: 1)
    return SensorReading(workers: [second, first], slots: slots, state: state)
}

@Suite("Exposition")
struct ExpositionTests {
    @Test func `the whole Prometheus text`() {
        #expect(Exposition.render(smallReading(), as: .prometheus) == prometheusText)
    }

    @Test func `OpenMetrics differs in family names, the info type, the units and the end mark alone`() {
        let expected =
            prometheusText.split(separator: "\n").map { line in
                if line == "# TYPE grindvakt_build_info gauge" { return "# TYPE grindvakt_build info" }
                guard line.hasPrefix("# ") else { return String(line) }
                let head = line.replacingOccurrences(of: "_total ", with: " ")
                    .replacingOccurrences(of: "grindvakt_build_info ", with: "grindvakt_build ")
                let family = head.split(separator: " ")[2]
                for unit in ["seconds", "bytes"] where head.hasPrefix("# TYPE") && family.hasSuffix("_" + unit) {
                    return head + "\n# UNIT \(family) \(unit)"
                }
                return head
            }.joined(separator: "\n") + "\n# EOF\n"
        #expect(Exposition.render(smallReading(), as: .openMetrics) == expected)
    }

    @Test func `a tap's worker has the numbers of the engine and none of a queue`() {
        var reading = smallReading()
        reading.workers = [Counters(queue: 7), Counters(queue: 0)]
        let text = Exposition.render(reading, as: .prometheus)
        for metric in ["packets_total", "verdict_seconds_count", "flows", "flow_memory_bytes"] {
            #expect(text.contains("\ngrindvakt_\(metric){queue=\"7\""), "\(metric)")
        }
        for metric in ["receive_overruns", "queue_unseen", "unfinished_checksums"] {
            #expect(text.contains("\ngrindvakt_\(metric)_total{queue=\"0\"} 0\n"), "\(metric)")
            #expect(text.contains("\ngrindvakt_\(metric)_total{queue=\"7\"") == false, "\(metric)")
        }
        #expect(text.contains("\ngrindvakt_receive_buffer_bytes{queue=\"7\"") == false)
    }

    @Test func `without taps there is no family of theirs`() {
        var reading = smallReading()
        reading.state.taps = []
        #expect(Exposition.render(reading, as: .openMetrics).contains("grindvakt_tap_") == false)
    }

    @Test func `every family of the register has a head and samples of its own name`() {
        let lines = Exposition.render(smallReading(), as: .openMetrics).split(separator: "\n")
        for metric in Metric.allCases {
            #expect(lines.contains { $0.hasPrefix("# HELP \(metric.name) ") && $0.hasSuffix(metric.help) })
            #expect(lines.contains { $0.hasPrefix("# TYPE \(metric.name) ") })
            #expect(lines.contains { !$0.hasPrefix("#") && $0.hasPrefix(metric.name) })
        }
        #expect(Set(Metric.allCases.map(\.name)).count == Metric.allCases.count)
    }

    @Test func `the values of a label are apart, and short words`() {
        let labels = [
            InspectedProtocol.allCases.map(\.label), UndecidedCause.allCases.map(\.label),
            Anomaly.allCases.map(\.label), EncryptedDNS.allCases.map(\.label), CountedVerdict.allCases.map(\.label),
            ExemptionReason.allCases.map(\.label), ListRefusal.allCases.map(\.label),
            UnblockCause.allCases.map(\.label),
        ]
        for values in labels {
            #expect(Set(values).count == values.count)
            for value in values {
                #expect(!value.isEmpty && value.count <= 24)
                #expect(value.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x2D }, "\(value)")
            }
        }
    }

    @Test func `the JSON form has the samples of the text, each with its family's type and unit`() throws {
        let text = Exposition.render(smallReading(), as: .json)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(object["time"] as? Double == 1_763_776_900.5)
        let metrics = try #require(object["metrics"] as? [[String: Any]])
        let samples = prometheusText.split(separator: "\n").filter { !$0.hasPrefix("#") }
        try #require(metrics.count == samples.count)
        let families = Dictionary(uniqueKeysWithValues: Metric.allCases.map { ($0.sampleName, $0) })
        for (metric, sample) in zip(metrics, samples) {
            let name = try #require(metric["name"] as? String)
            let labels = try #require(metric["labels"] as? [String: String])
            let value = try #require(metric["value"] as? Double)
            let space = try #require(sample.lastIndex(of: " "))
            #expect(value == Double(sample[sample.index(after: space)...]))
            let open = sample.firstIndex(of: "{") ?? space
            #expect(sample[..<open] == name)
            let pairs = sample[open..<space].dropFirst().dropLast().split(separator: ",")
            #expect(labels.count == pairs.count)
            for pair in pairs {
                let parts = pair.split(separator: "=", maxSplits: 1)
                #expect(labels[String(parts[0])] == String(parts[1].dropFirst().dropLast()))
            }
            let family = ["_bucket", "_sum", "_count"].reduce(name) {
                (name.hasPrefix("grindvakt_verdict_seconds") || name.hasPrefix("grindvakt_unblock_seconds"))
                    && $0.hasSuffix($1) ? String($0.dropLast($1.count)) : $0
            }
            let metricFamily = try #require(families[family], "\(name)")
            #expect(metric["unit"] as? String == metricFamily.unit)
            #expect(metric["type"] as? String == "\(metricFamily.kind)")
        }
    }

    @Test func `the samples of a family have the labels that it declares`() throws {
        let text = Exposition.render(smallReading(), as: .json)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        for sample in try #require(object["metrics"] as? [[String: Any]]) {
            let name = try #require(sample["name"] as? String)
            let metric = try #require(
                Metric.allCases.first { name.hasPrefix($0.sampleName) && name.count - $0.sampleName.count < 8 }
            )
            let labels = try #require(sample["labels"] as? [String: String])
            #expect(labels.keys.filter { $0 != "le" }.sorted() == metric.labels.sorted(), "\(name)")
        }
    }

    @Test func `label values are escaped`() {
        let text = Exposition.render(smallReading(version: "a\"b\\c\nd"), as: .prometheus)
        #expect(text.contains(#"grindvakt_build_info{version="a\"b\\c\nd"} 1"# + "\n"))
    }

    @Test func `a sensor that has counted nothing shows every enum value at zero`() {
        let state = SensorState(version: "1", takenAt: 0, startedAt: 0, snapshotGeneration: 0)
        let reading = SensorReading(workers: [Counters(queue: 9)], slots: ListSlots(), state: state)
        let lines = Exposition.render(reading, as: .prometheus).split(separator: "\n")
        for verdict in ["accept", "drop"] {
            #expect(lines.contains("grindvakt_packets_total{queue=\"9\",verdict=\"\(verdict)\"} 0"))
        }
        for name in ["dns", "tls", "quic", "http"] {
            #expect(lines.contains("grindvakt_names_total{protocol=\"\(name)\"} 0"))
        }
        for cause in UndecidedCause.allCases {
            #expect(lines.contains("grindvakt_undecided_total{cause=\"\(cause.label)\"} 0"))
        }
        for anomaly in Anomaly.allCases {
            #expect(lines.contains("grindvakt_anomalies_total{kind=\"\(anomaly.label)\"} 0"))
        }
        for kind in EncryptedDNS.allCases {
            #expect(lines.contains("grindvakt_encrypted_dns_flows_total{kind=\"\(kind.label)\"} 0"))
        }
        #expect(lines.contains("grindvakt_verdict_seconds_bucket{queue=\"9\",le=\"+Inf\"} 0"))
        #expect(!lines.contains { $0.contains("grindvakt_list_sequence") || $0.hasPrefix("process_") })
    }

    @Test func `a list that is active shows its counts at zero before anything has happened to it`() {
        let slots = ListSlots()
        _ = slots.slot(id: "police", action: "drop")
        let list = ListState(id: "police", actions: ["drop"], entries: 1, activatedAt: 5)
        let state = SensorState(version: "1", takenAt: 9, startedAt: 0, snapshotGeneration: 1, lists: [list])
        let reading = SensorReading(workers: [Counters(queue: 0)], slots: slots, state: state)
        let lines = Exposition.render(reading, as: .prometheus).split(separator: "\n")
        for reason in ["allowed", "passed", "protected"] {
            #expect(lines.contains("grindvakt_exempted_matches_total{list=\"police\",reason=\"\(reason)\"} 0"))
        }
        for metric in ["list_fallback", "list_updates_refused_total", "list_rejected_lines", "list_test_names"] {
            #expect(lines.contains("grindvakt_\(metric){list=\"police\"} 0"), "\(metric)")
        }
        for metric in ["rollbacks_total{result=\"ok\"}", "rollbacks_total{result=\"failed\"}", "kill_switch", "passes"]
        {
            #expect(lines.contains("grindvakt_\(metric) 0"), "\(metric)")
        }
        for metric in ["list_refusals", "list_expire", "list_issued"] {
            #expect(!lines.contains { $0.contains("grindvakt_\(metric)") }, "\(metric)")
        }
    }

    @Test func `a list that changed its action has one count of names left alone, and test names by action`() throws {
        let slots = ListSlots()
        let observed = try #require(slots.slot(id: "police", action: "observe"))
        let other = try #require(slots.slot(id: "local", action: "drop"))
        let dropped = try #require(slots.slot(id: "police", action: "drop"))
        let counters = Counters(queue: 0)
        counters.countExemption(slot: observed, .allowed)
        counters.countExemption(slot: dropped, .allowed)
        counters.countExemption(slot: other, .protected)
        counters.countTestMatch(slot: dropped, .quic)
        let state = SensorState(version: "1", takenAt: 9, startedAt: 0, snapshotGeneration: 1)
        let text = Exposition.render(SensorReading(workers: [counters], slots: slots, state: state), as: .prometheus)
        let expected = """
            grindvakt_exempted_matches_total{list="police",reason="allowed"} 2
            grindvakt_exempted_matches_total{list="police",reason="passed"} 0
            grindvakt_exempted_matches_total{list="police",reason="protected"} 0
            grindvakt_exempted_matches_total{list="local",reason="allowed"} 0
            grindvakt_exempted_matches_total{list="local",reason="passed"} 0
            grindvakt_exempted_matches_total{list="local",reason="protected"} 1
            #
            """
        #expect(text.contains(expected), "\(text)")
        #expect(text.contains(#"grindvakt_test_matches_total{list="police",protocol="quic",action="drop"} 1"#))
        #expect(text.contains(#"grindvakt_test_matches_total{list="police",protocol="quic",action="observe"} 0"#))
        #expect(text.contains(#"grindvakt_matches_total{list="police",protocol="quic",action="drop"} 0"#))
    }

    @Test(arguments: [(99.0, "0"), (100, "1"), (101, "1")])
    func `a list has expired from the second of its expiry on`(time: Double, expected: String) {
        let list = ListState(id: "police", actions: ["drop"], entries: 1, activatedAt: 5, expiresAt: 100)
        let state = SensorState(version: "1", takenAt: time, startedAt: 0, snapshotGeneration: 1, lists: [list])
        let text = Exposition.render(SensorReading(workers: [], slots: ListSlots(), state: state), as: .prometheus)
        #expect(text.contains("\ngrindvakt_list_expired{list=\"police\"} \(expected)\n"))
    }

    @Test func `what somebody wrote about a list is in no metric`() {
        let text = Exposition.render(smallReading(), as: .openMetrics)
        for words in ["National", "csam", "order 12", "subdomains"] { #expect(!text.contains(words), "\(words)") }
    }

    @Test func `the labels and their values come from a closed set`() throws {
        let known: [Substring: Set<String>] = [
            "queue": ["0", "1", "7"], "interface": ["mirror0"], "by": ["kernel", "interface"],
            "verdict": ["accept", "drop"], "protocol": ["dns", "tls", "quic", "http"],
            "action": ["drop"], "mechanism": Set(Mechanism.allCases.map(\.label)),
            "list": ["police", "local", "interpol"],
            "result": Set(["ok", "failed"] + ResponseResult.allCases.map(\.label)),
            "finding": Set(HealthFinding.allCases.map(\.id)),
            "fate": ["waited", "queued-again", "passed"], "version": ["1.2.3"],
            "reason": Set(ExemptionReason.allCases.map(\.label)),
            "cause": Set(
                UndecidedCause.allCases.map(\.label) + ListRefusal.allCases.map(\.label)
                    + UnblockCause.allCases.map(\.label)
            ),
            "kind": Set(
                Anomaly.allCases.map(\.label) + EncryptedDNS.allCases.map(\.label)
                    + CountedResponse.allCases.map(\.label)
            ),
        ]
        for line in Exposition.render(smallReading(), as: .prometheus).split(separator: "\n") {
            guard !line.hasPrefix("#"), let open = line.firstIndex(of: "{") else { continue }
            let close = try #require(line.lastIndex(of: "}"))
            for label in line[line.index(after: open)..<close].split(separator: ",") {
                let pair = label.split(separator: "=", maxSplits: 1)
                let value = pair[1].dropFirst().dropLast()
                if pair[0] == "le" { continue }
                #expect(known[pair[0]]?.contains(String(value)) == true, "\(label)")
            }
        }
    }

    @Test(
        arguments: [
            (nil, .prometheus), ("*/*", .prometheus), ("text/plain", .prometheus), ("text/html", .prometheus),
            ("application/openmetrics-text", .openMetrics),
            ("application/openmetrics-text; version=1.0.0; charset=utf-8", .openMetrics),
            ("application/openmetrics-text;version=\"1.0.0\",text/plain;q=0.5", .openMetrics),
            ("application/openmetrics-text;version=0.0.1", .prometheus),
            ("application/openmetrics-text;q=0.2,text/plain;q=0.5", .prometheus),
            ("application/openmetrics-text;q=0", .prometheus),
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;"
                    + "version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.2,*/*;q=0.1", .openMetrics
            ),
            ("Application/OpenMetrics-Text ; Q=0.9 , text/plain;q=0.1", .openMetrics), (";;,=,q=", .prometheus),
        ] as [(String?, ExpositionFormat)]
    )
    func `the format follows the Accept field`(accept: String?, expected: ExpositionFormat) {
        #expect(ExpositionFormat(accept: accept) == expected)
    }

    @Test(.enabled(if: Promtool.path != nil, "promtool is neither in PATH nor named by GRINDVAKT_PROMTOOL"))
    func `promtool finds nothing wrong with the Prometheus text`() async throws {
        let promtool = try #require(Promtool.path)
        let text = Exposition.render(smallReading(), as: .prometheus)
        let result = try await Command.run([promtool, "check", "metrics"], input: text, timeLimit: .seconds(120))
        #expect(result.succeeded && (result.output + result.errors).isEmpty, "\(result)")
    }
}
