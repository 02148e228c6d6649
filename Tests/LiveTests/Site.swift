import Glibc
import NetworkLab
import Testing

/// A lab whose router runs the sensor, fed by the rules that `grindvakt rules apply` makes.
struct Site: Sendable {
    /// The client, the router and the server.
    let lab: Lab

    /// The program under test: GRINDVAKT_BINARY, else the build beside the tests.
    let binary: String

    /// The metrics socket of the sensor.
    var socket: String { lab.path("metrics.sock") }

    /// A name on the list that every site begins with.
    static let listed = "listed.test"
    /// A name on no list.
    static let unlisted = "www.test"

    /// Makes a site, runs `body`, and checks that nothing is left of it.
    static func with(_ body: @escaping @Sendable (Site) async throws -> Void) async throws {
        let binary = try await binary()
        let (folder, namespace) = try await Lab.withLab(watchingSignals: false) { lab in
            let site = Site(lab: lab, binary: binary)
            try site.write(lists: [listed])
            try await body(site)
            return (lab.folder, lab.client.namespace)
        }
        let prefix = namespace.split(separator: "-").dropLast().joined(separator: "-")
        #expect(try await !Command.output(["ip", "netns", "list"]).contains(prefix), "namespaces are left")
        #expect(try await !Command.run(["test", "-e", folder]).succeeded, "the folder is left")
        // The sensor's process that starts its successor ends a moment after it.
        let hasEnded = try await Command.wait(atMost: .seconds(90)) {
            try await Command.run(["pgrep", "-f", folder]).output.isEmpty
        }
        #expect(hasEnded, "processes are left")
    }

    /// The program under test.
    static func binary() async throws -> String {
        let environment = try await Command.output(["sh", "-c", "printf %s \"$GRINDVAKT_BINARY\""])
        if environment.isEmpty == false { return environment }
        let tests = try Lab.ownExecutable()
        return tests.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            + "/grindvakt"
    }

    // MARK: - The sensor

    /// Writes the list that drops, and one that only observes.
    func write(lists dropped: [String], observed: [String] = ["observed.test"]) throws {
        try lab.write(dropped.map { $0 + "\n" }.joined(), to: "list.txt")
        try lab.write(observed.map { $0 + "\n" }.joined(), to: "observed.txt")
    }

    /// Writes a configuration and returns its path.
    func configure(sensor settings: String = "", socket: String? = nil, queues: String = "0:1") throws -> String {
        try lab.write(
            """
            [sensor]
            queues = "\(queues)"
            \(settings)

            [[list]]
            id = "dropped"
            path = "list.txt"

            [[list]]
            id = "observed"
            path = "observed.txt"
            action = "observe"

            [metrics]
            socket = "\(socket ?? self.socket)"

            """,
            to: "grindvakt.toml"
        )
    }

    /// Starts the sensor on the router and waits until it says that it is ready.
    func startSensor(
        _ settings: String = "",
        listen: String? = nil,
        environment: [String] = []
    ) async throws -> LabProcess {
        let configuration = try configure(sensor: settings)
        let prefix = environment.isEmpty ? [] : ["env"] + environment
        let options = listen.map { ["--listen", $0] } ?? []
        let sensor = lab.spawn(prefix + [binary, "run", "--config", configuration] + options, on: lab.router)
        try await sensor.waitForLine(containing: "ready:", timeLimit: .seconds(60))
        return sensor
    }

    /// Puts the rules in place.
    func applyRules(_ options: [String] = []) async throws {
        let result = try await grindvakt(["rules", "apply", "--backend", "iptables", "--queues", "0:1"] + options)
        try #require(result.succeeded, "\(result)")
    }

    /// Runs the program under test on the router.
    func grindvakt(_ arguments: [String], through wrapper: [String] = []) async throws -> CommandResult {
        try await lab.router.run(wrapper + [binary] + arguments, timeLimit: .seconds(60))
    }

    /// Lets the sensor read its lists anew.
    func reload() async throws {
        let result = try await grindvakt(["reload", "--socket", socket])
        try #require(result.succeeded, "\(result)")
    }

    /// The counters as they are now.
    func samples() async throws -> Samples {
        Samples(try await get("/metrics"))
    }

    /// The answer of the metrics socket to a request.
    func get(_ path: String, accept: String = "*/*") async throws -> String {
        try await Command.output([
            "curl", "-sS", "--max-time", "30", "--header", "Accept: \(accept)", "--unix-socket", socket,
            "http://localhost\(path)",
        ])
    }

    /// The numbers of the queues that are bound on the router.
    func boundQueues() async throws -> [String] {
        try await Command.output(lab.router.inside(["cat", "/proc/self/net/netfilter/nfnetlink_queue"]))
            .split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
    }

    // MARK: - Clients and servers

    /// Starts a program in Python on a host.
    func start(_ script: String, named name: String, _ arguments: [String], on host: LabHost) throws -> LabProcess {
        let file = try lab.write(script, to: "\(name).py")
        return lab.spawn(["/usr/bin/python3", file] + arguments, on: host)
    }

    /// Runs a program in Python on a host to its end.
    func run(
        _ script: String,
        named name: String,
        _ arguments: [String],
        on host: LabHost,
        timeLimit: Duration = .seconds(60)
    ) async throws -> CommandResult {
        let file = try lab.write(script, to: "\(name).py")
        return try await host.run(["/usr/bin/python3", file] + arguments, timeLimit: timeLimit)
    }

    /// Starts a DNS server that answers every name, and counts the numbered queries.
    func startResponder(on host: LabHost? = nil) async throws -> LabProcess {
        let host = host ?? lab.server
        let responder = try start(Script.responder, named: "responder", host.addresses, on: host)
        try await responder.waitForLine(containing: "ready")
        return responder
    }

    /// Starts a TLS server on the server host, and returns the certificate that clients trust.
    func startTLSServer(names: [String]) async throws -> String {
        let (certificate, key) = try await lab.makeCertificate(names: names)
        let addresses = lab.server.addresses
        let server = try start(Script.tlsServer, named: "tls", [certificate, key] + addresses, on: lab.server)
        try await server.waitUntilReady("TLS server") { [host = lab.server] in
            try await host.isListening(on: 443, transport: .tcp, addresses: addresses)
        }
        return certificate
    }

    /// Starts a flood of numbered queries for names that are on no list.
    func startFlood(
        least: Int,
        most: Int? = nil,
        rate: Int,
        patience: Int = 20,
        domain: String = "flood.test"
    ) throws -> Flood {
        let arguments = [lab.server.ipv4[0], "\(least)", "\(most ?? least)", "\(rate)", "\(patience)", domain]
        return Flood(process: try start(Script.flood, named: "flood", arguments, on: lab.client))
    }

    /// Asks for a name with dig; whether an answer came within `seconds`.
    ///
    /// - Throws: an issue where dig failed otherwise.
    func dig(
        _ name: String,
        _ options: [String] = [],
        at address: String? = nil,
        from host: LabHost? = nil,
        within seconds: Int
    ) async throws -> Bool {
        let result = try await (host ?? lab.client).run(
            ["dig", "+tries=1", "+time=\(seconds)", "@\(address ?? lab.server.ipv4[0])", name] + options,
            timeLimit: .seconds(seconds + 40)
        )
        // 9 says that no answer came.
        try #require(result.succeeded || result.status == .exited(9), "\(result)")
        return result.succeeded && result.output.contains("status: NOERROR")
    }

    /// Whether a query for a name is answered.
    func isAnswered(
        _ name: String,
        _ options: [String] = [],
        at address: String? = nil,
        from host: LabHost? = nil
    ) async throws -> Bool {
        try await dig(name, options, at: address, from: host, within: 30)
    }

    /// Whether a query for a name goes without an answer because the sensor has stopped it.
    func isStopped(
        _ name: String,
        _ options: [String] = [],
        at address: String? = nil,
        from host: LabHost? = nil
    ) async throws -> Bool {
        let before = try await samples().sum("grindvakt_matches_total", #"action="drop""#)
        guard try await dig(name, options, at: address, from: host, within: 1) == false else { return false }
        // A sensor that waits for a processor may see the query later than the client gives up.
        return try await Command.wait(atMost: .seconds(60)) {
            try await samples().sum("grindvakt_matches_total", #"action="drop""#) > before
        }
    }

    /// Opens a TCP connection by hand and sends a ClientHello for a name in pieces.
    ///
    /// - Returns: whether a ServerHello came back, and in how many segments the hello was sent.
    func sendHello(
        _ name: String,
        to server: String,
        from port: Int,
        piece: Int,
        order: String = "forward",
        within seconds: Int
    ) async throws -> (isAnswered: Bool, segments: Int) {
        let arguments = [server, "443", "\(port)", name, "\(piece)", order, "\(seconds)"]
        let result = try await run(Script.hello, named: "hello", arguments, on: lab.client)
        try #require(result.succeeded, "\(result)")
        let words = result.output.split(separator: "\n")
        let segments = words.compactMap { $0.hasPrefix("segments=") ? Int($0.dropFirst(9)) : nil }.first
        return (words.contains("answer=ServerHello"), try #require(segments, "\(result)"))
    }

    /// Keeps the resets of the client's own kernel back, which knows nothing of connections made by hand.
    func keepResetsBack() async throws {
        for program in ["iptables", "ip6tables"] {
            let rule = ["OUTPUT", "-p", "tcp", "--tcp-flags", "RST", "RST", "-j", "DROP"]
            try await Command.output(lab.client.inside([program, "-A"] + rule))
        }
    }
}

/// A running flood of numbered queries.
struct Flood: Sendable {
    /// The process that asks.
    let process: LabProcess

    /// Whether it is still asking.
    var isAsking: Bool { process.isRunning && process.lines.contains { $0.hasPrefix("all sent") } == false }

    /// How many answers had come when it last told.
    var answered: Int {
        process.lines.last { $0.hasPrefix("so far ") }.flatMap { Int($0.dropFirst(7)) } ?? 0
    }

    /// Waits until so many answers have come.
    func wait(answers count: Int) async throws {
        try await process.waitUntilReady("answer \(count) of the flood", timeLimit: .seconds(60)) { answered >= count }
    }

    /// Lets it end once it has asked the fewest times, and waits for its account.
    func end() async throws -> (sent: Int, answered: Int) {
        // Before it has begun the signal would end it without an account.
        let hasBegun = try await Command.wait(atMost: .seconds(60)) {
            process.lines.contains("begun") || process.isRunning == false
        }
        try #require(hasBegun)
        process.send(SIGUSR1)
        let hasEnded = try await Command.wait(atMost: .seconds(120)) { process.isRunning == false }
        try #require(hasEnded)
        let account = process.lines.last?.split(separator: " ").compactMap { part in
            part.split(separator: "=").last.flatMap { Int($0) }
        }
        guard let account, account.count == 2 else {
            throw LabError.notReady("the flood", detail: process.lines.last ?? "")
        }
        return (account[0], account[1])
    }
}

/// The samples of an exposition.
struct Samples: Sendable {
    /// Each sample's name and labels, and its value.
    let values: [String: Double]

    /// Reads the text format.
    init(_ text: String) {
        var values: [String: Double] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("#") == false {
            guard let space = line.lastIndex(of: " ") else { continue }
            values[String(line[..<space])] = Double(line[line.index(after: space)...])
        }
        self.values = values
    }

    /// The value of one sample, spelt as in the text.
    subscript(_ sample: String) -> Double? { values[sample] }

    /// The sum of a metric's samples that have all of the labels.
    func sum(_ name: String, _ labels: String...) -> Double {
        values.reduce(0) { sum, sample in
            let isMine = sample.key == name || sample.key.hasPrefix(name + "{")
            return isMine && labels.allSatisfy(sample.key.contains) ? sum + sample.value : sum
        }
    }
}
