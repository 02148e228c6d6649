import FoundationEssentials
import Glibc
import ListFiles
import NetworkLab
import Testing

extension LiveTests {
    @Test(arguments: ["logfmt", "json"])
    func `the log tells programs of start, reload, refusal and stop, each line by itself`(format: String) async throws {
        try await Site.with { site in
            let sensor = try await site.startLogging(["--log-format", format])
            try site.write(lists: [Site.listed, "more.test"])
            try await site.reload()
            try site.write(lists: [Site.listed, "no name at all /$"])
            for _ in 0..<3 {
                #expect(try await site.grindvakt(["reload", "--socket", site.socket]).status == .exited(2))
            }
            try await site.change("/kill-switch?state=on")
            try await site.change("/kill-switch?state=off")
            #expect(await sensor.stop() == .exited(0))

            let lines = try sensor.lines.map { try LoggedLine($0, format) }
            let events = lines.map(\.event).filter { $0 != "receive-buffer-small" && $0 != "suffixes-missing" }
            #expect(
                events == [
                    "starting", "list-active", "list-active", "socket-bound", "queue-bound", "queue-bound", "confined",
                    "ready",
                    "list-active", "reloaded", "line-left-out", "lines-left-out", "list-refused", "line-left-out",
                    "line-left-out", "kill-switch-on", "kill-switch-off", "stopping", "repeats-left-out",
                    "repeats-left-out", "stopped",
                ],
                "\(sensor.lines)"
            )
            for line in lines { #expect(line["time"]?.count == 24 && line["msg"]?.isEmpty == false, "\(line)") }
            let digest = ContentDigest(of: Array("\(Site.listed)\nmore.test\n".utf8)).description
            let active = try #require(lines.filter { $0.event == "list-active" }.last)
            #expect(active["list"] == "dropped" && active["entries"] == "2" && active["digest"] == digest)
            #expect(active["added"] == "1" && active["removed"] == "0" && active["level"] == "info")
            let bound = try #require(lines.first { $0.event == "queue-bound" })
            #expect(bound["queue"] == "0" && bound["fail_open"] == "true" && bound["copy_range"] == "65531")
            #expect(bound["receive_buffer"].flatMap { Int($0) } ?? 0 > 65_536)
            let refused = try #require(lines.first { $0.event == "list-refused" })
            #expect(refused["causes"] == "rejects" && refused["fallback"] == "true" && refused["level"] == "error")
            #expect(refused["reason"]?.contains("list.txt:2: ") == true)
            let repeats = try #require(lines.last { $0.event == "repeats-left-out" })
            #expect(repeats["of"] == "list-refused" && repeats["left_out"] == "2")
            #expect(lines.first { $0.event == "stopping" }?["reason"] == "SIGTERM")
        }
    }

    @Test func `lines for the journal have their priority and no time`() async throws {
        try await Site.with { site in
            let journal = ["sh", "-c", #"JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec "$@""#, "sh"]
            let sensor = try await site.startLogging([], through: journal)
            #expect(sensor.lines.contains("<6>socket \(site.socket): bound"), "\(sensor.lines)")
            #expect(sensor.lines.last?.hasPrefix("<5>ready: 2 queues") == true)
            #expect(sensor.lines.allSatisfy { $0.hasPrefix("<") })
            #expect(await sensor.stop() == .exited(0))

            let other = ["env", "JOURNAL_STREAM=1:2"]
            let next = try await site.startLogging([], through: other)
            #expect(next.lines.allSatisfy { $0.hasPrefix("20") }, "\(next.lines)")
        }
    }

    @Test func `the level of the configuration holds unless the command line says another`() async throws {
        try await Site.with { site in
            let configured = try site.configure(sensor: "[log]\nlevel = \"error\"\nformat = \"json\"")
            let quiet = site.lab.spawn([site.binary, "run", "--config", configured], on: site.lab.router)
            try await quiet.waitUntilReady("the sensor") { try await site.boundQueues() == ["0", "1"] }
            #expect(await quiet.stop() == .exited(0))
            #expect(quiet.lines == [])
            let louder = site.lab.spawn(
                [site.binary, "run", "--config", configured, "--log-level", "notice"],
                on: site.lab.router
            )
            try await louder.waitForLine(containing: #""event":"ready""#, timeLimit: .seconds(60))
            #expect(await louder.stop() == .exited(0))
            let events = try louder.lines.map { try LoggedLine($0, "json").event }
            #expect(events == ["starting", "ready", "stopping", "stopped"])
            let refused = try await site.grindvakt(["run", "--config", configured, "--log-level", "loud"])
            #expect(refused.status == .exited(2) && refused.errors.contains("debug, info"), "\(refused)")
        }
    }

    @Test func `overload has a line where it begins, and one that tells how much it was`() async throws {
        try await Site.with { site in
            _ = try await site.startResponder()
            let sensor = try await site.startLogging(["--log-format", "logfmt"], sensor: "receive-buffer = 65536")
            try await site.applyRules()
            sensor.send(SIGSTOP)
            let flood = try site.startFlood(least: 4_000, rate: 4_000)
            let (sent, answered) = try await flood.end()
            sensor.send(SIGCONT)
            #expect(sent == 4_000 && answered > 0)
            try await sensor.waitForLine(containing: "event=overload-begun", timeLimit: .seconds(90))
            try await sensor.waitForLine(containing: "event=overload-ended", timeLimit: .seconds(60))
            let unseen = try await site.samples().sum("grindvakt_queue_unseen_total")
            let ended = try #require(sensor.lines.last { $0.contains("event=overload-ended") })
            #expect(try LoggedLine(ended, "logfmt")["packets"] == String(Int(unseen)), "\(ended)")
            #expect(unseen > 0)
        }
    }

    @Test func `a list that expires while it is used is told of once`() async throws {
        try await Site.with { site in
            let list = site.lab.path("dropped.snapshot")
            let soon = try await Command.output(["date", "-u", "-d", "+6 seconds", "+%FT%TZ"])
            let built = try await site.grindvakt(
                [
                    "list", "build", "-o", list, "--id", "dropped", "--expires", soon.filter { $0 != "\n" },
                    site.lab.path("list.txt"),
                ]
            )
            try #require(built.succeeded, "\(built)")
            let sensor = site.lab.spawn(
                [site.binary, "run", "--list", list, "--socket", site.socket, "--log-format", "json"],
                on: site.lab.router
            )
            try await sensor.waitForLine(
                containing: #""event":"list-expired","list":"dropped""#,
                timeLimit: .seconds(90)
            )
            #expect(await sensor.stop() == .exited(0))
            #expect(sensor.lines.count { $0.contains("list-expired") } == 1)
        }
    }
}

extension Site {
    /// Starts the sensor on the router with options that are about its log, and waits until it says that it is ready.
    fileprivate func startLogging(
        _ options: [String],
        sensor settings: String = "",
        through wrapper: [String] = []
    ) async throws -> LabProcess {
        let configuration = try configure(sensor: settings)
        let sensor = lab.spawn(wrapper + [binary, "run", "--config", configuration] + options, on: lab.router)
        try await sensor.waitForLine(containing: "ready", timeLimit: .seconds(60))
        return sensor
    }
}

/// A line of a log that programs read.
private struct LoggedLine: CustomStringConvertible {
    let description: String
    private var values: [String: String] = [:]

    /// Reads a line.
    init(_ line: String, _ format: String) throws {
        description = line
        if format == "json" {
            let object = try JSONDecoder().decode([String: Value].self, from: Data(line.utf8))
            values = object.mapValues(\.text)
        } else {
            readPairs(line)
        }
    }

    /// The name of the event.
    var event: String { values["event"] ?? "" }

    subscript(_ key: String) -> String? { values[key] }

    private mutating func readPairs(_ line: String) {
        var rest = Substring(line)
        while let equals = rest.firstIndex(of: "=") {
            let key = String(rest[..<equals])
            rest = rest[rest.index(after: equals)...]
            var value = ""
            if rest.first == "\"" {
                rest.removeFirst()
                while let character = rest.popFirst(), character != "\"" {
                    value.append(character == "\\" ? rest.popFirst() ?? "\\" : character)
                }
            } else {
                value = String(rest.prefix { $0 != " " })
                rest = rest.dropFirst(value.count)
            }
            rest = rest.drop { $0 == " " }
            values[key] = value
        }
    }

    /// A value of a JSON object, as text.
    private struct Value: Decodable {
        let text: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Int.self) {
                text = String(number)
            } else if let flag = try? container.decode(Bool.self) {
                text = String(flag)
            } else {
                text = try container.decode(String.self)
            }
        }
    }
}
