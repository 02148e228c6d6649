import Glibc
import NetworkLab
import Testing

extension LiveTests {
    /// Names, addresses and texts are planted wherever they may be, and looked for wherever the sensor says something.
    @Test func `neither names nor addresses nor lines of lists leave the sensor`() async throws {
        try await Site.with { site in
            _ = try await site.startResponder()
            let certificate = try await site.startTLSServer(names: Planted.names)
            try await site.applyRules()
            var told: [String: String] = [:]
            for (format, level) in [("text", "trace"), ("logfmt", "debug"), ("json", "info")] {
                let sensor = try await site.startPlanted(["--log-format", format, "--log-level", level])
                try await site.askForPlanted(certificate)
                told.merge(try await site.everyCommand()) { $1 }
                told.merge(try await site.everyRequest()) { $1 }
                told.merge(try await site.process(of: sensor)) { $1 }
                if format == "json" {
                    sensor.send(SIGABRT)
                    #expect(try await Command.wait(atMost: .seconds(90)) { sensor.isRunning == false })
                    // The Swift runtime would show what lies in memory.
                    #expect(sensor.lines.contains { $0.contains("Registers") || $0.contains("Backtrac") } == false)
                } else {
                    #expect(await sensor.stop() == .exited(0))
                }
                told["log in \(format)"] = sensor.lines.joined(separator: "\n")
                told["files of the sensor, \(format)"] = "read: " + (try await site.filesOfSensor())
            }
            told.merge(try await site.everyReport()) { $1 }
            told["start with a bad list"] = try await site.failedStart()
            let secrets =
                Planted.texts
                + [site.lab.client, site.lab.router, site.lab.server].flatMap { $0.ipv4 + $0.ipv6 } + ["2001:db8"]
            for (place, text) in told.sorted(by: { $0.key < $1.key }) {
                #expect(text.isEmpty == false, "\(place)")
                let lowered = text.lowercased()
                for secret in secrets {
                    #expect(lowered.contains(secret) == false, "\(place) tells \(secret): \(text)")
                }
            }
            #expect(told.count > 40)
        }
    }

    @Test func `every command that asks a running sensor is tried for what it tells`() async throws {
        try await Site.with { site in
            let help = try await site.grindvakt(["--help"])
            let commands = help.output.split(separator: "\n").drop { $0.hasPrefix("SUBCOMMANDS") == false }.dropFirst()
                .filter { $0.hasPrefix("  ") && $0.dropFirst(2).first != " " }
                .compactMap { $0.split(separator: " ").first.map(String.init) }
            try #require(commands.count > 10, "\(commands)")
            var asking: Set<String> = []
            for command in commands where command != "help" {
                if try await site.grindvakt([command, "--help"]).output.contains("--socket") { asking.insert(command) }
            }
            // Two are the sensor itself, and one starts another: it is tried with a bad configuration, which refuses it.
            asking.subtract(["run", "tap", "upgrade"])
            #expect(asking.subtracting(Planted.commands.map(\.arguments[0])) == [])
            #expect(
                asking.isSuperset(of: ["status", "metrics", "reload", "rollback", "kill-switch", "pass", "doctor"])
            )
        }
    }
}

/// What is planted, and what is asked for.
private enum Planted {
    /// Names for which certificates are made: listed, on no list, observed.
    static let names = ["zebra-quince-listed.test", "zebra-quince-plain.test", "zebra-quince-watched.test"]

    /// What may be told nowhere; lower case.
    static let texts = ["zebra", "quince", "no name at all", "198.51.100.77", "203.0.113.9"]

    /// A command, what is typed where it asks for a name, and whether it succeeds; nil where that depends on the host.
    struct Trial {
        let arguments: [String]
        var input = ""
        var succeeds: Bool? = true
    }

    /// Every command that asks a running sensor.
    static let commands = [
        Trial(arguments: ["status"]), Trial(arguments: ["status", "--json"]), Trial(arguments: ["metrics"]),
        Trial(arguments: ["metrics", "--openmetrics"]), Trial(arguments: ["metrics", "--format", "json"]),
        Trial(arguments: ["top", "--once"]), Trial(arguments: ["top", "--once", "--json"]),
        Trial(arguments: ["doctor"], succeeds: nil),
        Trial(arguments: ["doctor", "--json"], succeeds: nil),
        Trial(arguments: ["doctor", "--verbose"], succeeds: nil),
        Trial(arguments: ["reload"]),
        Trial(arguments: ["pass", "-", "--for", "1h"], input: "zebra-quince-passed.test\n"),
        Trial(arguments: ["pass", "-"], input: "zebra..quince\n", succeeds: false),
        Trial(arguments: ["pass", "-"], succeeds: false),
        Trial(arguments: ["pass", "-", "--remove"], input: "zebra-quince-other.test\n", succeeds: false),
        Trial(arguments: ["pass", "-", "--remove"], input: "zebra-quince-passed.test\n"),
        Trial(arguments: ["kill-switch", "on"]), Trial(arguments: ["kill-switch", "off"]),
        Trial(arguments: ["rollback"], succeeds: nil), Trial(arguments: ["rollback"], succeeds: nil),
    ]
}

extension Site {
    private static let port = 9_469

    /// Starts a sensor with something planted in each of its files.
    fileprivate func startPlanted(_ options: [String]) async throws -> LabProcess {
        let files = [
            ("list.txt", "# zebra quince\n\(Planted.names[0])\nzebra-quince-idle.test\n"),
            ("observed.txt", "||\(Planted.names[2])^\n@@||zebra-quince-exception.test^\n"),
            ("nxdomain.txt", "zebra-quince-nxdomain.test\n"), ("sinkhole.txt", "zebra-quince-sinkhole.test\n"),
            ("reset.txt", "zebra-quince-reset.test\n"), ("canaries.txt", "zebra-quince-canary.test\n"),
            ("allow.txt", "zebra-quince-allowed.test\n"), ("protected.txt", "zebra-quince-protected.test\n"),
            ("doh.txt", "zebra-quince-doh.test\n"),
        ]
        for (name, text) in files { try lab.write(text, to: name) }
        let configuration = try lab.write(
            """
            # zebra quince 203.0.113.9
            [sensor]
            queues = "0:1"

            [inspect]
            doh-endpoints = "doh.txt"

            [[list]]
            id = "dropped"
            path = "list.txt"
            url = "https://zebra-quince-fetch.example/list"
            test-names = "canaries.txt"

            [[list]]
            id = "observed"
            path = "observed.txt"
            format = "adblock"
            action = "observe"

            [[list]]
            id = "nxdomain"
            path = "nxdomain.txt"
            action = "nxdomain"
            extended-error-text = "zebra quince"

            [[list]]
            id = "sinkhole"
            path = "sinkhole.txt"
            action = "sinkhole"

            [[list]]
            id = "reset"
            path = "reset.txt"
            action = "reset"

            [allow]
            path = "allow.txt"

            [gates]
            protected = "protected.txt"

            [responses]
            sinkhole-v4 = "198.51.100.77"
            http = "page"
            reason-sv = "zebra"
            reason-en = "quince"
            authority = "zebra quince"
            authority-url = "https://zebra-quince.example/"
            complaints = "zebra@quince.example"
            redirect = "https://zebra-quince.example/"

            [fetch]
            proxy = "http://zebra:quince@203.0.113.9:3128"

            [state]
            directory = "state"

            [statistics]
            market = "se"

            [metrics]
            socket = "\(socket)"
            listen = "127.0.0.1:\(Self.port)"

            """,
            to: "planted.toml"
        )
        let sensor = lab.spawn([binary, "run", "--config", configuration] + options, on: lab.router)
        try await sensor.waitForLine(containing: "ready", timeLimit: .seconds(60))
        return sensor
    }

    /// Lets the client ask for what is planted, in each protocol, and for much that is broken.
    fileprivate func askForPlanted(_ certificate: String) async throws {
        #expect(try await isStopped(Planted.names[0]))
        for address in lab.server.addresses {
            for name in Planted.names.dropFirst() + ["zebra-quince-allowed.test"] {
                #expect(try await isAnswered(name, at: address))
            }
        }
        for kind in ["canary", "nxdomain", "sinkhole", "exception", "doh", "passed"] {
            for options in [["+notcp"], ["+tcp"]] { _ = try await dig("zebra-quince-\(kind).test", options, within: 1) }
        }
        for name in Planted.names { _ = try await curl(name, trusting: certificate, within: 2) }
        _ = try await lab.client.run([
            "curl", "-sS", "--max-time", "2", "--connect-to", "zebra-quince-reset.test:80:\(lab.server.ipv4[0]):80",
            "http://zebra-quince-reset.test/",
        ])
        let arguments = [lab.server.ipv4[0], "500", "9"]
        #expect(try await run(Script.hostile, named: "hostile", arguments, on: lab.client).succeeded)
    }

    /// What each command prints that asks the sensor, where all is well and where a list has become bad.
    fileprivate func everyCommand() async throws -> [String: String] {
        var told: [String: String] = [:]
        let offered = try await grindvakt(["--help"]).output
        for (number, command) in Planted.commands.enumerated() where offered.contains("  \(command.arguments[0]) ") {
            var arguments = command.arguments + ["--socket", socket]
            if command.arguments[0] == "doctor" { arguments += ["--config", lab.path("planted.toml")] }
            let result = try await ask(arguments, command.input)
            #expect(result.status != .timedOut, "\(command)")
            if let succeeds = command.succeeds { #expect(result.succeeded == succeeds, "\(command): \(result)") }
            told["\(number): \(command.arguments.joined(separator: " "))"] = "said: " + result.output + result.errors
        }
        let textfile = try await ask(["metrics", "--textfile", lab.path("planted.prom"), "--socket", socket], "")
        #expect(textfile.succeeded, "\(textfile)")
        told["textfile"] = try await Command.output(["cat", lab.path("planted.prom")])

        let bad = [
            ("list.txt", "\(Planted.names[0])\nzebra quince, no name at all /$\nzebra-quince-idle.test\n"),
            ("observed.txt", "zebra-quince\u{0}\n"), ("allow.txt", "zebra..quince no name at all\n"),
        ]
        for (name, text) in bad {
            let before = try await Command.output(["cat", lab.path(name)])
            try lab.write(text, to: name)
            let refused = try await ask(["reload", "--socket", socket], "")
            #expect(refused.status == .exited(2), "\(name): \(refused)")
            told["reload with a bad \(name)"] = refused.output + refused.errors
            try lab.write(before, to: name)
        }
        let configuration = try await Command.output(["cat", lab.path("planted.toml")])
        for fault in [
            "reason-sv = zebra quince", "http = 203.0.113.9", "sinkhole-v6 = \"zebra\"\nauthority = [\"quince\"]",
        ] {
            try lab.write(configuration.replacing("reason-sv = \"zebra\"", with: fault), to: "planted.toml")
            let refused = try await ask(["reload", "--socket", socket], "")
            #expect(refused.status == .exited(2), "\(fault): \(refused)")
            told["reload with \(fault)"] = refused.output + refused.errors
            let upgrade = try await ask(["upgrade", "--socket", socket], "")
            #expect(upgrade.status == .exited(2), "\(fault): \(upgrade)")
            told["upgrade with \(fault)"] = upgrade.output + upgrade.errors
        }
        try lab.write(configuration, to: "planted.toml")
        return told
    }

    private func ask(_ arguments: [String], _ input: String) async throws -> CommandResult {
        try await Command.run(lab.router.inside([binary] + arguments), input: input, timeLimit: .seconds(60))
    }

    /// What the sockets answer, to requests that name what is planted, too.
    fileprivate func everyRequest() async throws -> [String: String] {
        var told: [String: String] = [:]
        for path in ["/metrics", "/metrics.json", "/status", "/healthz", "/", "/reload", "/zebra?zebra=quince"] {
            told["GET \(path)"] = "said: " + (try await get(path))
            let answer = try await lab.router.run([
                "curl", "-sS", "--max-time", "30", "--header", "X-Zebra: quince", "--header", "Host: zebra.test",
                "--include", "http://127.0.0.1:\(Self.port)\(path)",
            ])
            told["GET \(path) over TCP"] = answer.output + answer.errors
        }
        told["GET /metrics, OpenMetrics"] = try await get("/metrics", accept: "application/openmetrics-text")
        for (path, body) in [
            ("/pass", "3600\nzebra..quince\n"), ("/pass", "zebra\nquince"),
            ("/pass?remove=1", "zebra-quince-other.test"),
            ("/kill-switch?state=zebra", "quince"), ("/zebra", "quince"),
        ] {
            told["POST \(path) \(body.prefix(8))"] = "said: " + (try await post(path, body).body)
        }
        return told
    }

    /// What anybody on the host can read of the process: its command line, and what its user can read besides.
    fileprivate func process(of sensor: LabProcess) async throws -> [String: String] {
        let found = try await Command.output([
            "pgrep", "-o", "-f", "^\(binary) run --config \(lab.path("planted.toml"))",
        ])
        let number = try #require(found.split(separator: "\n").first)
        var told: [String: String] = [:]
        for file in ["cmdline", "environ", "comm", "status", "maps", "limits", "task/*/comm"] {
            told["/proc: \(file)"] = try await Command.output([
                "sh", "-c", "cat /proc/\(number)/\(file) | tr '\\0' '\\n'",
            ])
        }
        told["/proc: fd"] = try await Command.output(["ls", "-l", "/proc/\(number)/fd"])
        // A core dump would have all of it: one of a single octet is none, and not piped to a program either.
        let cores = told["/proc: limits"]?.split(separator: "\n").first { $0.hasPrefix("Max core file size") }
        let limit = cores?.split(separator: " ").dropFirst(4).first.flatMap { Int($0) }
        #expect(limit ?? .max <= 1, "\(cores ?? "no limit")")
        return told
    }

    /// The files that the sensor has written, as text.
    fileprivate func filesOfSensor() async throws -> String {
        let cores = try await Command.output(["find", lab.folder, "-name", "core*"])
        #expect(cores.isEmpty, "\(cores)")
        return try await Command.output(["sh", "-c", "find \(state) -type f -exec cat {} + | tr -c '[:print:]' '\\n'"])
    }

    /// What reports, records, receipts and certificates say of what was planted.
    fileprivate func everyReport() async throws -> [String: String] {
        var told: [String: String] = [:]
        let configuration = ["--config", lab.path("planted.toml")]
        func tell(_ arguments: [String], status: Int32 = 0) async throws {
            let result = try await ask(arguments + configuration, "")
            #expect(result.status == .exited(status), "\(arguments): \(result)")
            told[arguments.prefix(4).joined(separator: " ")] = "said: " + result.output + result.errors
        }
        // What the operator has written there `config show` tells, of course.
        try await tell(["config", "check"])
        for format in ["text", "csv", "json", "html"] { try await tell(["report", "--output", format]) }
        // Today is not over, and of yesterday nothing is known.
        try await tell(["report", "export", "--member", "alpha", "-o", lab.folder], status: 1)
        #expect(try await ask(["list", "keygen", "-o", lab.path("member")], "").succeeded)
        let key = ["--member", "alpha", "--key", lab.path("member.key"), "-o"]
        let receipt = lab.path("receipt.json")
        try await tell(["list", "receipt", "dropped"] + key + [receipt])
        let quarter = try await Command.output(["sh", "-c", "echo $(date -u +%Y)Q$(( ($(date -u +%-m) + 2) / 3 ))"])
        let certificate = lab.path("certificate.json")
        try await tell(
            ["selftest", "certify", "--quarter", String(quarter.prefix { $0 != "\n" })] + key + [certificate]
        )
        told["receipt and certificate"] = try await Command.output(["cat", receipt, certificate])
        return told
    }

    /// What a sensor says that cannot start, as a list is bad and it has none to go on with.
    fileprivate func failedStart() async throws -> String {
        try lab.write("zebra quince, no name at all /$\n", to: "bad.txt")
        let result = try await grindvakt(["run", "--list", lab.path("bad.txt"), "--socket", lab.path("other.sock")])
        #expect(result.status == .exited(2), "\(result)")
        return result.output + result.errors
    }
}
