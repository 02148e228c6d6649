import Foundation
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
    first.countUndecided(.overBudget)
    first.observeVerdict(nanoseconds: 900, packets: 3)
    first.observeVerdict(nanoseconds: 70_000, packets: 2)
    second.observeVerdict(nanoseconds: 5_000_000_000, packets: 1)
    second.countReceiveOverrun()
    second.countUnseen(3)
    first.countUnfinishedChecksum()
    first.setFlows(12)
    first.setFlowMemory(bytes: 2048)
    first.setReceiveBuffer(bytes: 8_388_608)
    let state = SensorState(
        version: version,
        takenAt: 1_763_776_900.5,
        startedAt: 1_763_776_800,
        snapshotGeneration: 4,
        reloads: ReloadCounts(succeeded: 3, failed: 1, last: LastReload(at: 1_763_776_850.25, succeeded: false)),
        queues: [
            QueueState(queue: 0, present: true, length: 2, kernelDropped: 6, userDropped: 7),
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
        lists: [
            ListState(id: listID, actions: ["drop"], entries: 1000, sequence: 42, activatedAt: 1_763_776_801.125),
            ListState(id: "local", actions: ["observe"], entries: 2, activatedAt: 1_763_776_801),
        ],
        process: ProcessStatistics(
            cpuSeconds: 1.25,
            residentBytes: 10_485_760,
            virtualBytes: 104_857_600,
            openDescriptors: 17,
            maximumDescriptors: 1024,
            startTime: 1_763_776_799.07
        )
    )
    return SensorReading(workers: [second, first], slots: slots, state: state)
}

@Suite("Exposition")
struct ExpositionTests {
    @Test func `the whole Prometheus text`() {
        #expect(Exposition.render(smallReading(), as: .prometheus) == prometheusText)
    }

    @Test func `OpenMetrics differs in family names, the info type and the end mark alone`() {
        let expected =
            prometheusText.split(separator: "\n").map { line in
                if line == "# TYPE grindvakt_build_info gauge" { return "# TYPE grindvakt_build info" }
                guard line.hasPrefix("# ") else { return String(line) }
                return line.replacingOccurrences(of: "_total ", with: " ")
                    .replacingOccurrences(of: "grindvakt_build_info ", with: "grindvakt_build ")
            }.joined(separator: "\n") + "\n# EOF\n"
        #expect(Exposition.render(smallReading(), as: .openMetrics) == expected)
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
        #expect(lines.contains("grindvakt_verdict_seconds_bucket{queue=\"9\",le=\"+Inf\"} 0"))
        #expect(!lines.contains { $0.contains("grindvakt_list_sequence") || $0.hasPrefix("process_") })
    }

    @Test func `the labels and their values come from a closed set`() throws {
        let known: [Substring: Set<Substring>] = [
            "queue": ["0", "1"], "verdict": ["accept", "drop"], "protocol": ["dns", "tls", "quic", "http"],
            "action": ["drop"], "list": ["police", "local"], "result": ["ok", "failed"], "version": ["1.2.3"],
            "cause": ["malformed", "truncated", "fragment", "over-budget", "flow-evicted", "midstream"],
        ]
        for line in Exposition.render(smallReading(), as: .prometheus).split(separator: "\n") {
            guard !line.hasPrefix("#"), let open = line.firstIndex(of: "{") else { continue }
            let close = try #require(line.lastIndex(of: "}"))
            for label in line[line.index(after: open)..<close].split(separator: ",") {
                let pair = label.split(separator: "=", maxSplits: 1)
                let value = pair[1].dropFirst().dropLast()
                if pair[0] == "le" { continue }
                #expect(known[pair[0]]?.contains(value) == true, "\(label)")
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
    func `promtool finds nothing wrong with the Prometheus text`() throws {
        let promtool = try #require(Promtool.path)
        let file = FileManager.default.temporaryDirectory.appending(path: "exposition-\(UUID().uuidString).txt")
        try Exposition.render(smallReading(), as: .prometheus).write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let output = Pipe()
        let process = Process()
        process.executableURL = URL(filePath: promtool)
        process.arguments = ["check", "metrics"]
        process.standardInput = try FileHandle(forReadingFrom: file)
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(said)")
        #expect(said == "")
    }
}
