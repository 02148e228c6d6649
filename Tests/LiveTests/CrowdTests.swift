import Glibc
import NetworkLab
import Testing

extension LiveTests {
    private static let resetTable = """
        [[list]]
        id = "reset"
        path = "list.txt"
        action = "reset"
        """

    @Test func `ten thousand connections are refused while others go on, across a restart, and leave no mark`()
        async throws
    {
        try await Site.with { site in
            let wanted = 10_000
            try await site.forgetEndedConnectionsSoon()
            let sensor = try await site.startSensor(tables: Self.resetTable)
            try await site.applyRules()
            try await site.countMarksThatLeave()
            let (client, server) = (site.lab.client, site.lab.server)

            let answering = try site.start(Script.helloServer, named: "hellos", server.addresses, on: server)
            let pace = 40_000_000
            let sender = "198.51.100.3"
            try await Command.output(["ip", "-n", server.namespace, "addr", "add", "\(sender)/24", "dev", "uplink"])
            let sending = try site.start(Script.bulkServer, named: "sending", [sender, "\(pace)"], on: server)
            try await answering.waitForLine(containing: "ready")
            try await sending.waitForLine(containing: "ready")
            let bulk = try site.start(Script.bulkClient, named: "bulk", [sender, server.ipv4[0]], on: client)
            try await bulk.waitForLine(containing: "so far")

            let isLetGo = try await Command.wait(atMost: .seconds(90)) {
                try await site.conntrack().count { $0.mark == ConntrackEntry.accepted } == 2
            }
            let begun = try await site.conntrack()
            #expect(isLetGo, "\(begun.map(\.line))")

            // Of connections made by hand the client's kernel knows nothing, and what they send after the reset must not reach the server.
            let stubborn = 16
            let ports = "20000:\(20_000 + stubborn - 1)"
            let resets = ["OUTPUT", "-p", "tcp", "--sport", ports, "--tcp-flags", "RST", "RST", "-j", "DROP"]
            try await Command.output(client.inside(["iptables", "-A"] + resets))
            let arguments = [server.ipv4[0], "20000", "\(stubborn)"]
            let insisting = try site.start(Script.stubborn, named: "stubborn", arguments, on: client)
            try await insisting.waitForLine(containing: "all reset")

            let crowd = try site.start(
                Script.crowd,
                named: "crowd",
                ["\(wanted)", "1500", "400"] + server.addresses,
                on: client
            )
            try await crowd.waitForLine(containing: "so far \(wanted * 2 / 5)", timeLimit: .seconds(90))
            let refusedBefore = try await site.samples().sum("grindvakt_matches_total", #"list="reset""#)
            #expect(try await site.conntrack().contains { $0.mark == ConntrackEntry.refused }, "nothing is refused")

            // The gap: from before the sensor is told to end until after the next one is ready.
            for process in [crowd, insisting] { process.send(SIGUSR1) }
            try await crowd.waitForLine(containing: "gap begins")
            #expect(await sensor.stop() == .exited(0))
            try await Command.output(["sleep", "1"])
            let next = try await site.startSensor(tables: Self.resetTable)
            for process in [crowd, insisting] { process.send(SIGUSR2) }
            try await crowd.waitForLine(containing: "gap ended")
            let hasEnded = try await Command.wait(atMost: .seconds(120)) { crowd.isRunning == false }
            try #require(hasEnded && crowd.status == .exited(0), "\(crowd.lines.suffix(3))")
            bulk.send(SIGUSR1)
            try await bulk.waitForLine(containing: "held ", timeLimit: .seconds(90))
            let samples = try await site.samples()
            await insisting.stop()

            // No mark is left but those of the two connections that live.
            let isClean = try await Command.wait(atMost: .seconds(90)) {
                try await site.conntrack().filter { $0.transport == "tcp" }.count == 2
            }
            let entries = try await site.conntrack().filter { $0.transport == "tcp" }
            #expect(isClean, "\(entries.count) entries, such as \(entries.prefix(5).map(\.line))")
            let isAlive = entries.allSatisfy { $0.mark == ConntrackEntry.accepted && $0.line.contains("ESTABLISHED") }
            #expect(isAlive, "\(entries.map(\.line))")
            #expect(try await site.marksThatLeft() == 0)
            #expect(next.isRunning && bulk.isRunning)
            await answering.stop()

            let account = CrowdAccount(crowd.lines)
            let transfer = try #require(bulk.lines.last { $0.hasPrefix("bulk ") })
            print("crowd: \(account.summary); \(transfer); \(insisting.lines.suffix(3)); \(answering.lines.last ?? "")")

            // All that were asked for met a sensor from beginning to end, and each heard a reset and nothing else.
            let watched = account["listed", "watched"]
            #expect(watched.keys.elementsEqual(["reset"]) && watched["reset"] ?? 0 >= wanted, "\(watched)")
            let plain = account["plain", "watched"].merging(account["plain", "gap"], uniquingKeysWith: +)
            #expect(plain.keys.elementsEqual(["complete"]), "\(plain)")
            #expect(plain["complete"] ?? 0 >= wanted / 6)
            // In the gap the kernel lets pass what nobody inspects, and that is all that has reached the server.
            let gap = account["listed", "gap"]
            let passed = gap["passed"] ?? 0
            #expect(passed > 0 && passed + (gap["reset"] ?? 0) == gap.values.reduce(0, +), "\(gap)")
            #expect(answering.lines.last?.hasPrefix("hellos listed=\(passed) ") == true, "\(answering.lines.suffix(1))")
            #expect(refusedBefore >= Double(wanted * 2 / 5))
            #expect(samples.sum("grindvakt_responses_total", #"kind="reset""#, #"result="failed""#) == 0)
            #expect(samples.sum("grindvakt_responses_total", #"kind="reset""#, #"result="limited""#) == 0)
            #expect(samples.sum("grindvakt_responses_total", #"kind="reset""#, #"result="unanswerable""#) == 0)

            // What was refused before stays refused, sensor or no sensor.
            let phases = insisting.lines.filter { $0.hasPrefix("phase ") }.map { line in
                line.split(separator: " ").dropFirst(2).compactMap { Int($0) }
            }
            try #require(phases.count == 3 && phases.allSatisfy { $0.count == 3 }, "\(insisting.lines)")
            for phase in phases { #expect(phase[0] > 0 && phase[1] > 0 && phase[2] == 0, "\(phases)") }

            // A transfer that was let go does not notice.
            let numbers = transfer.split(separator: " ").compactMap { Double($0) }
            try #require(numbers.count == 3)
            #expect(numbers[0] / numbers[1] > Double(pace) / 4, "\(transfer)")
            #expect(numbers[2] < 5, "\(transfer)")
            #expect(bulk.lines.last == "held True")
        }
    }
}

/// One entry of the router's table of connections.
private struct ConntrackEntry: Sendable {
    static let accepted: UInt32 = 0x0001_0000
    static let refused: UInt32 = 0x0004_0000

    /// As `conntrack -L` writes it.
    var line: String
    var transport: String
    var mark: UInt32
}

extension Site {
    /// Lets the router forget connections that have ended soon, but for refused ones, which keep the time that the kernel gives them.
    fileprivate func forgetEndedConnectionsSoon() async throws {
        for state in ["time_wait", "fin_wait", "close_wait", "last_ack"] {
            let setting = "net.netfilter.nf_conntrack_tcp_timeout_\(state)=3"
            try await Command.output(lab.router.inside(["sysctl", "-q", "-w", setting]))
        }
    }

    /// The connections that the router knows.
    fileprivate func conntrack() async throws -> [ConntrackEntry] {
        let table = try await lab.router.run(["conntrack", "-L"], timeLimit: .seconds(90))
        try #require(table.succeeded, "\(table)")
        return table.output.split(separator: "\n").map { line in
            let mark = line.split(separator: " ").first { $0.hasPrefix("mark=") }.flatMap { UInt32($0.dropFirst(5)) }
            return ConntrackEntry(line: String(line), transport: String(line.prefix { $0 != " " }), mark: mark ?? 0)
        }
    }

    /// Counts packets that leave the router with a mark of a decided flow: the marks are the router's own business.
    fileprivate func countMarksThatLeave() async throws {
        for mark in ["0x00010000", "0x00020000", "0x00040000"] {
            let match = ["-m", "mark", "--mark", "\(mark)/0x00070000"]
            for program in ["iptables", "ip6tables"] {
                try await Command.output(lab.router.inside([program, "-t", "mangle", "-A", "POSTROUTING"] + match))
            }
        }
    }

    /// How many there were.
    fileprivate func marksThatLeft() async throws -> Int {
        var count = 0
        for program in ["iptables", "ip6tables"] {
            let list = try await Command.output(
                lab.router.inside([program, "-t", "mangle", "-nvxL", "POSTROUTING"])
            )
            for line in list.split(separator: "\n")
            where line.contains("mark match") && line.contains("GRINDVAKT") == false {
                count += line.split(separator: " ").first.flatMap { Int($0) } ?? 0
            }
        }
        return count
    }
}

/// How the connections of the crowd ended.
private struct CrowdAccount {
    private var counts: [String: [String: Int]] = [:]
    private var rest: [String] = []

    init(_ lines: [String]) {
        for line in lines {
            let words = line.split(separator: " ").map(String.init)
            if words.count == 5, words[0] == "count", let count = Int(words[4]) {
                counts["\(words[1]) \(words[2])", default: [:]][words[3]] = count
            } else if words.first == "delays" || words.first == "took" {
                rest.append(line)
            }
        }
    }

    /// How many of a kind, while a sensor was there or in the gap, ended in each way.
    subscript(kind: String, time: String) -> [String: Int] { counts["\(kind) \(time)"] ?? [:] }

    /// All of it, in one line.
    var summary: String { "\(counts) \(rest)" }
}
