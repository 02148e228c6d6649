import NetworkLab
import Testing

extension Site {
    /// The actions that have a list of their own in the sites of responses: `ACTION.test` stands on the list of that name.
    static let actions = ["drop", "reset", "nxdomain", "nodata", "refused", "sinkhole"]
    /// An alias of a listed name, itself on no list.
    static let aliasOfListed = "alias.test"
    /// An alias of a name on no list.
    static let aliasOfUnlisted = "free.test"
    /// Where sinkholed names lead.
    static let sinkholes = (ipv4: "203.0.113.80", ipv6: "2001:db8:ff::80")
    /// The text of the extended errors of one list.
    static let errorText = "See https://stop.example"
    /// What the stop page says, in both languages.
    static let reasons = ["Sidan är spärrad på begäran av Polisen.", "Blocked at the request of the police."]

    /// Writes a list for each action and the configuration of a sensor that responds.
    ///
    /// - Parameters:
    ///   - http: what an HTTP request gets: `page`, `redirect` or `reset`.
    ///   - actions: the lists that there are.
    ///   - settings: further lines of `[responses]`.
    /// - Returns: the configuration's path.
    /// - Throws: where a file cannot be written.
    func configureResponses(
        http: String = "page",
        actions: [String] = Site.actions,
        settings: String = ""
    ) throws -> String {
        var lists = ""
        for action in actions {
            try lab.write("\(action).test\n", to: "\(action).txt")
            lists += """
                [[list]]
                id = "\(action)"
                path = "\(action).txt"
                action = "\(action)"

                """
            if action == "nxdomain" { lists += "extended-error = 16\nextended-error-text = \"\(Self.errorText)\"\n" }
        }
        return try lab.write(
            """
            [sensor]
            queues = "0:1"

            \(lists)
            [responses]
            sinkhole-v4 = "\(Self.sinkholes.ipv4)"
            sinkhole-v6 = "\(Self.sinkholes.ipv6)"
            http = "\(http)"
            redirect = "https://stop.example/"
            reason-sv = "\(Self.reasons[0])"
            reason-en = "\(Self.reasons[1])"
            authority = "Polismyndigheten"
            complaints = "sparr@polisen.example"
            \(settings)

            [metrics]
            socket = "\(socket)"

            """,
            to: "responses.toml"
        )
    }

    /// Starts a sensor that responds and waits until it says that it is ready.
    func startResponding(
        http: String = "page",
        actions: [String] = Site.actions,
        settings: String = ""
    ) async throws -> LabProcess {
        let configuration = try configureResponses(http: http, actions: actions, settings: settings)
        let sensor = lab.spawn([binary, "run", "--config", configuration], on: lab.router)
        try await sensor.waitForLine(containing: "ready:", timeLimit: .seconds(60))
        return sensor
    }

    /// Starts the server of DNS, which knows both aliases.
    func startDNSServer() async throws {
        try await lab.startDNSServer(aliases: [
            (Self.aliasOfListed, "nxdomain.test"), (Self.aliasOfUnlisted, Self.unlisted),
        ])
    }

    /// Starts the servers of DNS, with both aliases, HTTP and TLS; returns the certificate of the last.
    func startServers() async throws -> String {
        try await startDNSServer()
        try await lab.startHTTPServers()
        return try await startTLSServer(names: [Self.unlisted] + Self.actions.map { "\($0).test" })
    }

    // MARK: - Clients

    /// What dig, or kdig, says of one query.
    ///
    /// - Parameters:
    ///   - name: the name to ask for.
    ///   - options: further words of the command.
    ///   - program: the program, and how long it waits.
    ///   - address: the server's address; its first one by default.
    ///   - host: who asks; the client by default.
    /// - Returns: how the program ended and what it wrote.
    /// - Throws: what `Command.run` throws.
    func ask(
        _ name: String,
        _ options: [String] = [],
        with program: [String] = ["dig", "+tries=1", "+time=30"],
        at address: String? = nil,
        from host: LabHost? = nil
    ) async throws -> CommandResult {
        try await (host ?? lab.client).run(
            program + ["@\(address ?? lab.server.ipv4[0])", name] + options,
            timeLimit: .seconds(60)
        )
    }

    /// Lets the sensor receive so much that it may send whole answers: it never sends more than it has received.
    func earnCredit() async throws {
        // Each version of IP may have a worker of its own.
        for address in lab.server.addresses {
            for _ in 0..<8 { #expect(try await isAnswered(Self.unlisted, at: address)) }
        }
    }

    /// What `getent ahosts` says of a name, with the lab's server as the only resolver of glibc's stub.
    func lookUp(_ name: String, at resolvers: [String]) async throws -> CommandResult {
        // The longest that the stub knows, so that to wait for nothing is told apart from an answer on a busy machine.
        let lines = resolvers.map { "nameserver \($0)" } + ["options timeout:30", ""]
        let file = try lab.write(lines.joined(separator: "\n"), to: "resolv.conf")
        return try await lab.client.run(
            [
                "unshare", "--mount", "sh", "-c", "mount --bind \"$1\" /etc/resolv.conf && exec getent ahosts \"$2\"",
                "sh",
                file, name,
            ],
            timeLimit: .seconds(120)
        )
    }

    /// Asks for a page over HTTP; the output is the answer's head and body.
    func get(_ name: String, at address: String, within seconds: Int = 30) async throws -> CommandResult {
        try await lab.client.run(
            [
                "curl", "-sS", "--include", "--max-time", "\(seconds)", "--connect-to",
                "\(name):80:\(Self.url(address)):80",
                "http://\(name)/",
            ],
            timeLimit: .seconds(seconds + 30)
        )
    }

    /// Asks for a page over TLS; the output is the status.
    func getSecurely(
        _ name: String,
        at address: String,
        trusting certificate: String,
        within seconds: Int = 30
    ) async throws -> CommandResult {
        try await lab.client.run(
            [
                "curl", "-sS", "--max-time", "\(seconds)", "--cacert", certificate, "--output", lab.path("page"),
                "--connect-to", "\(name):443:\(Self.url(address)):443", "--write-out", "%{http_code}",
                "https://\(name)/",
            ],
            timeLimit: .seconds(seconds + 30)
        )
    }

    /// An address as it is written in a URL.
    static func url(_ address: String) -> String { address.contains(":") ? "[\(address)]" : address }

    // MARK: - What is left

    /// The TCP sockets of a host that are no listeners and wait for something, one a line; TIME-WAIT is left by those that ended well.
    func sockets(on host: LabHost) async throws -> String {
        let list = try await Command.output(host.inside(["ss", "-H", "-t", "-a", "-n"]))
        return list.split(separator: "\n").filter { line in
            line.hasPrefix("LISTEN") == false && line.hasPrefix("TIME-WAIT") == false
        }.joined(separator: "\n")
    }

    /// Waits until no end of a connection has a socket left; both were told, so that this is at once.
    func expectNoSockets(_ comment: Comment? = nil) async throws {
        let areClosed = try await Command.wait(atMost: .seconds(90)) {
            let (client, server) = try await (sockets(on: lab.client), sockets(on: lab.server))
            return client.isEmpty && server.isEmpty
        }
        guard areClosed == false else { return }
        let left = try await (sockets(on: lab.client), sockets(on: lab.server))
        Issue.record("client:\n\(left.0)\nserver:\n\(left.1)\n\(comment?.description ?? "")")
    }

    /// The connection marks on the router, each with how many connections have it.
    func connectionMarks() async throws -> [UInt32: Int] {
        var marks: [UInt32: Int] = [:]
        for family in ["ipv4", "ipv6"] {
            let list = try await Command.output(lab.router.inside(["conntrack", "-L", "-f", family]))
            for word in list.split(whereSeparator: \.isWhitespace) where word.hasPrefix("mark=") {
                marks[UInt32(word.dropFirst(5)) ?? 0, default: 0] += 1
            }
        }
        return marks
    }

    /// Starts a capture of everything on a host's uplink.
    func startCapture(on host: LabHost, _ name: String) async throws -> PacketCapture {
        let file = lab.path("\(name).pcap")
        let process = lab.spawn(
            ["tcpdump", "-i", "uplink", "-U", "--immediate-mode", "-s", "0", "-Z", "root", "-w", file],
            on: host
        )
        try await process.waitForLine(containing: "listening on")
        return PacketCapture(process: process, file: file)
    }
}

/// A running or finished capture.
struct PacketCapture: Sendable {
    /// The tcpdump that writes it.
    let process: LabProcess
    /// The capture file.
    let file: String

    /// What tshark prints of the fields of each packet that a filter lets through, one a line, separated by `|`.
    func read(_ filter: String, _ fields: [String]) async throws -> [String] {
        let result = try await Command.run(
            ["tshark", "-r", file, "-n", "-Y", filter, "-T", "fields", "-E", "separator=|"]
                + ["-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"]
                + fields.flatMap { ["-e", $0] },
            timeLimit: .seconds(60)
        )
        // A packet that is just being written is cut; tshark says so and has printed those before it.
        try #require(result.succeeded || result.errors.contains("cut short"), "\(result)")
        return result.output.split(separator: "\n").map { String($0) }
    }

    /// Waits until at least as many packets pass a filter.
    func wait(for count: Int, _ filter: String) async throws {
        let haveCome = try await Command.wait(atMost: .seconds(90)) {
            try await read(filter, ["frame.number"]).count >= count
        }
        #expect(haveCome, "fewer than \(count) of \(filter)")
    }
}
