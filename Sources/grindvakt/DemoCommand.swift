import ArgumentParser
import NetworkLab

/// `grindvakt demo`: a client, a router and a server in private network namespaces, real clients and real verdicts.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        _superCommandName: Grindvakt.name,
        abstract: "Watch the sensor at work between a client and a server in private network namespaces.",
        discussion: """
            dig, curl and openssl ask for listed and unlisted names over IPv4 and IPv6, through a router on which the \
            sensor runs. Nothing outside the namespaces is touched, and all of it is tidied up, after Ctrl-C too. \
            Needs root. The exit status is 1 where anything happened otherwise than expected.
            """
    )

    func run() async throws {
        let everythingAsExpected = try await withDemo { demo in
            demo.introduce()
            try await demo.start()
            var isAsExpected = try await demo.judge(Demo.checks)
            try await demo.listLiveName()
            isAsExpected = try await demo.judge(Demo.checksAfterChange) && isAsExpected
            try await demo.printCounters()
            return try await demo.stop() && isAsExpected
        }
        print(everythingAsExpected ? "\nEverything happened as expected." : "\nNot everything happened as expected.")
        if !everythingAsExpected {
            throw ExitCode(1)
        }
    }

    private func withDemo(_ body: @escaping @Sendable (Demo) async throws -> Bool) async throws -> Bool {
        try await Command.require(["ip", "ss", "iptables-restore", "dnsmasq", "dig", "curl", "openssl", "python3"])
        return try await Lab.withLab { lab in try await body(Demo(lab: lab)) }
    }
}

/// One question of a client, and what should become of it.
private struct Check: Sendable {
    enum Client: String, Sendable {
        case digOverUDP = "dig, DNS over UDP"
        case digOverTCP = "dig, DNS over TCP"
        case curl = "curl, HTTPS"
        case curlHTTP = "curl, HTTP"
        case openssl = "openssl, TLS"
    }

    enum Outcome: Sendable, Equatable {
        case answered
        case stopped
        /// Neither: the question never came as far as the sensor, for this reason.
        case failed(String)

        var text: String {
            switch self {
            case .answered: "answered"
            case .stopped: "stopped"
            case .failed(let reason): reason
            }
        }
    }

    let client: Client
    let isIPv6: Bool
    let name: String
    let why: String
    let expected: Outcome

    init(_ client: Client, _ family: Int, _ name: String, _ why: String, _ expected: Outcome) {
        self.client = client
        isIPv6 = family == 6
        self.name = name
        self.why = why
        self.expected = expected
    }

    var isDNS: Bool { client == .digOverUDP || client == .digOverTCP }

    var isTLS: Bool { client == .curl || client == .openssl }

    /// The columns that are known before the question is asked.
    var columns: [String] { [client.rawValue, isIPv6 ? "IPv6" : "IPv4", name, why, expected.text] }
}

/// The sensor between a client and a server of a lab.
private struct Demo: Sendable {
    let lab: Lab

    static let liveName = "news.test"
    static let names = [
        "www.test", "blocked.test", "www.blocked.test", "shop.test", "www.shop.test", "help.shop.test", liveName,
    ]

    /// A name on no list that the DNS server answers with another one.
    static let alias = (name: "alias.test", target: "www.blocked.test")

    /// The list: the names that are asked for, and others, so that one more is a small change.
    private static let entries =
        ["blocked.test", "*.shop.test"] + (100..<200).map { "listed-\($0).example" }

    static let checks = [
        Check(.digOverUDP, 4, "www.test", "not listed", .answered),
        Check(.digOverUDP, 6, "www.test", "not listed", .answered),
        Check(.digOverTCP, 4, "www.test", "not listed", .answered),
        Check(.digOverTCP, 6, "www.test", "not listed", .answered),
        Check(.digOverUDP, 4, "blocked.test", "listed", .stopped),
        Check(.digOverUDP, 6, "bLoCkEd.TEST", "listed", .stopped),
        Check(.digOverTCP, 4, "blocked.test", "listed", .stopped),
        Check(.digOverTCP, 6, "www.blocked.test", "below a listed name", .stopped),
        Check(.digOverUDP, 4, "shop.test", "only names below it are listed", .answered),
        Check(.digOverUDP, 6, "www.shop.test", "listed as *.shop.test", .stopped),
        Check(.digOverUDP, 4, "help.shop.test", "on the allow list", .answered),
        Check(.digOverUDP, 4, alias.name, "its answer is a listed name", .stopped),
        Check(.digOverTCP, 6, alias.name, "its answer is a listed name", .stopped),
        Check(.digOverUDP, 4, liveName, "not listed yet", .answered),
        Check(.curl, 4, "www.test", "not listed", .answered),
        Check(.curl, 6, "www.test", "not listed", .answered),
        Check(.curl, 4, "www.blocked.test", "below a listed name", .stopped),
        Check(.curl, 6, "www.shop.test", "listed as *.shop.test", .stopped),
        Check(.curl, 6, "help.shop.test", "on the allow list", .answered),
        Check(.openssl, 4, "shop.test", "only names below it are listed", .answered),
        Check(.openssl, 6, "blocked.test", "listed", .stopped),
        Check(.curlHTTP, 4, "www.test", "not listed", .answered),
        Check(.curlHTTP, 4, "blocked.test", "listed", .stopped),
        Check(.curlHTTP, 6, "www.shop.test", "listed as *.shop.test", .stopped),
    ]

    static let checksAfterChange = [
        Check(.digOverUDP, 4, liveName, "listed now", .stopped),
        Check(.curl, 6, liveName, "listed now", .stopped),
        Check(.curl, 4, "www.test", "not listed", .answered),
    ]

    /// How long a client waits for an answer, in seconds.
    private static let patience = 2

    private let parts = Parts()

    /// What is started once and used by several steps.
    private actor Parts {
        var sensor: LabProcess?
        var tls: LabTLSServers?

        func set(sensor: LabProcess) { self.sensor = sensor }
        func set(tls: LabTLSServers) { self.tls = tls }
    }

    private var socket: String { lab.path("metrics.sock") }

    // MARK: - Steps

    func introduce() {
        print(
            """
            client \(lab.client.addresses.joined(separator: ", "))
              |
            router with grindvakt
              |
            server \(lab.server.addresses.joined(separator: ", ")), DNS, TLS and HTTP

            Listed: blocked.test, *.shop.test and 100 others. Allowed whatever the list says: help.shop.test.

            """
        )
    }

    /// Starts the servers, the sensor and the rules, and waits until they are ready.
    func start() async throws {
        try await lab.startDNSServer(aliases: [Self.alias])
        try await lab.startHTTPServers()
        await parts.set(tls: try await lab.startTLSServers(names: Self.names))
        try writeList(Self.entries)
        try lab.write("help.shop.test\n", to: "allow.txt")
        let configuration = try lab.write(
            """
            [sensor]
            queues = "0:1"

            [[list]]
            id = "demo"
            path = "list.txt"

            [allow]
            path = "allow.txt"

            [metrics]
            socket = "\(socket)"

            """,
            to: "grindvakt.toml"
        )
        let sensor = lab.spawn([try Lab.ownExecutable(), "run", "--config", configuration], on: lab.router)
        await parts.set(sensor: sensor)
        try await sensor.waitUntilReady("grindvakt run", timeLimit: .seconds(60)) {
            try await Command.run(["curl", "-sf", "--unix-socket", socket, "http://localhost/healthz"]).succeeded
        }
        try await grindvakt(["rules", "apply", "--queues", "0:1"])
    }

    /// Asks all questions, prints a line for each, and tells whether everything happened as expected.
    func judge(_ checks: [Check]) async throws -> Bool {
        let header = ["client", "over", "name", "why", "expected"]
        let widths = header.indices.map { column in
            ([header] + (Self.checks + Self.checksAfterChange).map(\.columns)).map { $0[column].count }.max() ?? 0
        }
        let line = { (columns: [String], happened: String, judgement: String, milliseconds: String) in
            let left = zip(columns, widths).map { Self.padded($0, $1) }.joined(separator: "  ")
            print(
                "\(left)  \(Self.padded(happened, 9))  \(Self.padded(judgement, 9))  "
                    + Self.padded(milliseconds, 5, atLeft: true)
            )
        }
        line(header, "happened", "", "ms")
        var isAsExpected = true
        // Clients that are to be left without an answer wait side by side, but openssl serves one at a time.
        let early = try await withThrowingTaskGroup(of: (Int, Check.Outcome, Duration).self) { tasks in
            for (index, check) in checks.enumerated() where check.isDNS && check.expected == .stopped {
                tasks.addTask {
                    let (outcome, duration) = try await ask(check)
                    return (index, outcome, duration)
                }
            }
            return try await tasks.reduce(into: [:]) { $0[$1.0] = ($1.1, $1.2) }
        }
        for (index, check) in checks.enumerated() {
            let (outcome, duration) =
                if let answer = early[index] { answer } else { try await ask(check) }
            if check.isTLS, outcome != .answered {
                try await parts.tls?.restart()
            }
            let milliseconds = duration / .milliseconds(1)
            let isSame = outcome == check.expected
            isAsExpected = isAsExpected && isSame
            line(check.columns, outcome.text, isSame ? "ok" : "DIFFERENT", "\(Int(milliseconds.rounded()))")
        }
        return isAsExpected
    }

    /// Adds a name to the list file while the sensor runs, and has the sensor read it.
    func listLiveName() async throws {
        let before = try await generation()
        try writeList(Self.entries + [Self.liveName])
        try await grindvakt(["reload", "--socket", socket])
        let isActive = try await Command.wait(atMost: .seconds(30)) { try await generation() != before }
        guard isActive else {
            throw LabError.notReady("the changed list", detail: "the snapshot generation is the same")
        }
        print("\nAdded \(Self.liveName) to the list file and ran `grindvakt reload`.\n")
    }

    /// Prints the sensor's counters that are not zero.
    func printCounters() async throws {
        print("\nCounters of the sensor (grindvakt metrics), zeros and histogram buckets left out:")
        for line in try await metrics() where line.hasPrefix("grindvakt_") && !line.contains("_bucket{") {
            if let value = line.split(separator: " ").last, Double(value) != 0 {
                print("  \(line)")
            }
        }
    }

    /// Removes the rules and ends the sensor with SIGTERM; whether it ended with status 0.
    func stop() async throws -> Bool {
        try await grindvakt(["rules", "remove"])
        guard let sensor = await parts.sensor else { return false }
        let status = await sensor.stop(timeLimit: .seconds(20))
        switch status {
        case .exited(0):
            print("\nThe sensor ended on SIGTERM with status 0.")
            return true
        case .exited(let code):
            print("\nThe sensor ended on SIGTERM with status \(code): \(sensor.lines.last ?? "it wrote nothing")")
        case .signaled(let signal):
            print("\nThe sensor was ended by signal \(signal).")
        case .timedOut, nil:
            print("\nThe sensor did not end on SIGTERM and was killed.")
        }
        return false
    }

    // MARK: - Parts of steps

    private func writeList(_ entries: [String]) throws {
        try lab.write(entries.joined(separator: "\n") + "\n", to: "list.txt")
    }

    /// Runs this program on the router.
    private func grindvakt(_ arguments: [String]) async throws {
        try await Command.output(lab.router.inside([try Lab.ownExecutable()] + arguments))
    }

    private func metrics() async throws -> [String] {
        try await Command.output(["curl", "-sSf", "--unix-socket", socket, "http://localhost/metrics"])
            .split(separator: "\n").map(String.init)
    }

    private func generation() async throws -> String? {
        try await metrics().first { $0.hasPrefix("grindvakt_snapshot_generation") }
    }

    private func ask(_ check: Check) async throws -> (Check.Outcome, Duration) {
        let address = lab.server.addresses[check.isIPv6 ? 1 : 0]
        let host = check.isIPv6 ? "[\(address)]" : address
        switch check.client {
        case .digOverUDP, .digOverTCP:
            let result = try await lab.client.run([
                "dig", check.client == .digOverTCP ? "+tcp" : "+notcp", "+tries=1", "+time=\(Self.patience)", "+short",
                "@\(address)", check.name, check.isIPv6 ? "AAAA" : "A",
            ])
            if result.succeeded, result.output.split(separator: "\n").contains(Substring(address)) {
                return (.answered, result.duration)
            }
            // 9 says that no answer came.
            return (result.status == .exited(9) ? .stopped : .failed("dig: \(result.status)"), result.duration)

        case .curl:
            let authority = await parts.tls?.certificate ?? ""
            let result = try await lab.client.run([
                "curl", "-sSv", "--max-time", "\(Self.patience)", "--cacert", authority, "--output", lab.path("page"),
                "--connect-to", "\(check.name):443:\(host):443", "--write-out", "%{http_code}",
                "https://\(check.name)/",
            ])
            if result.succeeded, result.output == "200" {
                return (.answered, result.duration)
            }
            // 28 says that the time was up, 35 that the handshake of TLS broke off; the hello itself must have been sent.
            let isConnected = result.errors.contains("Client hello")
            let isStopped = isConnected && [.exited(28), .exited(35)].contains(result.status)
            return (isStopped ? .stopped : .failed("curl: \(result.status)"), result.duration)

        case .curlHTTP:
            let result = try await lab.client.run([
                "curl", "-sSv", "--max-time", "\(Self.patience)", "--output", lab.path("page"),
                "--connect-to", "\(check.name):80:\(host):80", "--write-out", "%{http_code}", "http://\(check.name)/",
            ])
            if result.succeeded, result.output == "200" {
                return (.answered, result.duration)
            }
            // 28 says that the time was up; the request itself must have been sent.
            let isStopped = result.errors.contains("> GET /") && result.status == .exited(28)
            return (isStopped ? .stopped : .failed("curl: \(result.status)"), result.duration)

        case .openssl:
            let result = try await lab.client.run(
                ["openssl", "s_client", "-connect", "\(host):443", "-servername", check.name, "-brief"],
                timeLimit: .seconds(Self.patience)
            )
            if result.errors.contains("CONNECTION ESTABLISHED") {
                return (.answered, result.duration)
            }
            let isStopped = result.status == .timedOut || result.errors.contains("errno=104")
            return (isStopped ? .stopped : .failed("openssl: \(result.status)"), result.duration)
        }
    }

    private static func padded(_ text: String, _ width: Int, atLeft: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, width - text.count))
        return atLeft ? space + text : text + space
    }
}
