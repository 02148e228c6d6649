import Testing

/// The program as a user runs it, without root.
@Suite("Command line", .timeLimit(.minutes(10)))
struct CommandLineTests {
    /// What each command's help has to name, by the contract of the command line.
    private static let contract: [(command: String, words: [String])] = [
        ("", ["run", "tap", "replay", "rules", "status", "reload", "metrics", "demo", "--version", "--help"]),
        ("run", ["--config", "--list", "--queues", "--socket"]),
        (
            "tap",
            [
                "-i", "--interface", "--config", "--list", "--filter", "--snapshot-length", "--buffer",
                "--no-promiscuous", "--socket", "CAP_NET_RAW",
            ]
        ),
        (
            "replay",
            [
                "capture", "--list", "--config", "--output", "jsonl", "--names", "--expect", "--write-passed",
                "--write-blocked",
            ]
        ),
        ("rules", ["show", "apply", "remove"]),
        ("rules show", ["--config", "--backend", "nft", "iptables"]),
        ("rules apply", ["--config", "--backend", "nft", "iptables"]),
        ("rules remove", ["--config", "--backend", "nft", "iptables"]),
        ("status", ["--socket"]),
        ("reload", ["--socket"]), ("upgrade", ["--socket"]),
        ("metrics", ["--socket", "--format", "--textfile"]),
        ("demo", ["demo"]),
    ]

    @Test(arguments: contract)
    func `help names every option`(command: String, words: [String]) async throws {
        let help = try await Program.run(command.split(separator: " ").map(String.init) + ["--help"])
        #expect(help.status == 0 && help.errors.isEmpty)
        for word in words { #expect(help.output.contains(word), "\(command) --help does not tell of \(word)") }
    }

    @Test func `the version is one line`() async throws {
        let version = try await Program.run(["--version"])
        #expect(version.status == 0)
        #expect(version.output.split(separator: "\n").count == 1)
        #expect(version.output.split(separator: ".").count == 3)
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func `there is a completion script`(shell: String) async throws {
        let script = try await Program.run(["--generate-completion-script", shell])
        #expect(script.status == 0)
        for word in ["replay", "reload", "queues"] { #expect(script.output.contains(word)) }
    }

    @Test(arguments: [
        ["bogus"], ["run"], ["run", "--list", "l.txt", "--bogus"], ["run", "--list", "l.txt", "--queues", "x"],
        ["replay"],
        ["replay", "a.pcap", "--output", "xml"], ["status", "--bogus"], ["metrics", "--bogus"],
        ["metrics", "--format", "xml"], ["metrics", "--textfile", "a.prom", "--format", "json"],
        ["metrics", "--textfile", "a.txt"], ["run", "--list", "a", "--listen", "localhost:9469"],
        ["run", "--list", "a", "--listen", "127.0.0.1"], ["reload", "--bogus"],
        ["rules", "show", "--queues", "5:1"], ["rules", "show", "--backend", "pf"], ["rules", "bogus"],
        ["demo", "--bogus"], ["tap"], ["tap", "-i", "lo"], ["tap", "--list", "l.txt"],
        ["tap", "-i", "lo", "-i", "lo", "--list", "l.txt"], ["tap", "-i", "lo", "--list", "l.txt", "--buffer", "1"],
        ["tap", "-i", "lo", "--list", "l.txt", "--snapshot-length", "64"],
    ])
    func `bad usage ends with status 2 and one line that shows the way to the help`(arguments: [String]) async throws {
        let outcome = try await Program.run(arguments)
        #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome)")
        #expect(outcome.errors.hasPrefix("grindvakt: "), "\(outcome)")
        #expect(outcome.errors.hasSuffix("see grindvakt --help\n"), "\(outcome)")
        #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome)")
    }

    @Test(arguments: [
        ["run", "--list", "/nowhere/list.txt"], ["run", "--config", "/nowhere/grindvakt.toml"],
        ["replay", "/nowhere/day.pcap"], ["replay", "-", "--list", "/nowhere/list.txt"],
        ["replay", "-", "--config", "/nowhere/grindvakt.toml"], ["replay", "-", "--expect", "/nowhere/day.jsonl"],
        ["rules", "show", "--config", "/nowhere/grindvakt.toml"], ["status", "--socket", "/nowhere/metrics.sock"],
        ["metrics", "--socket", "/nowhere/metrics.sock"], ["reload", "--socket", "/nowhere/metrics.sock"],
    ])
    func `a missing file ends with status 2 and one line that names it`(arguments: [String]) async throws {
        let outcome = try await Program.run(arguments)
        #expect(outcome.status == 2, "\(outcome)")
        #expect(outcome.errorLines.count == 1, "\(outcome)")
        #expect(outcome.errors.hasPrefix("grindvakt: /nowhere/"), "\(outcome)")
    }

    @Test(arguments: [["run"], ["replay", "-"], ["rules", "show", "--backend", "iptables"]])
    func `an unknown key ends with status 2, file, line and the nearest key`(command: [String]) async throws {
        try await Folder.with { folder in
            let path = try await folder.write(
                "[sensor]\nqueues = \"0:1\"\n\n[inspect]\ndnss = true\n",
                to: "grindvakt.toml"
            )
            let outcome = try await Program.run(command + ["--config", path])
            #expect(outcome.status == 2, "\(outcome)")
            #expect(outcome.errorLines.count == 1, "\(outcome)")
            #expect(outcome.errors.hasPrefix("grindvakt: \(path):5: unknown key \"dnss\""), "\(outcome)")
            #expect(outcome.errors.contains("\"dns\""), "\(outcome)")
        }
    }

    @Test func `a file that is no TOML is told with its line`() async throws {
        try await Folder.with { folder in
            let path = try await folder.write("[sensor]\nqueues = = 3\n", to: "grindvakt.toml")
            let outcome = try await Program.run(["run", "--config", path])
            #expect(outcome.status == 2 && outcome.errorLines.count == 1, "\(outcome)")
            #expect(outcome.errors.hasPrefix("grindvakt: \(path):2: "), "\(outcome)")
        }
    }

    @Test func `a bad line of a list is refused by its number, or left out with --lenient`() async throws {
        try await Folder.with { folder in
            let capture = try await folder.write(hexadecimal: Captures.query, to: "query.pcap")
            let list = try await folder.write("# a comment\ntwo words\nlisted.test\nother.test\n", to: "police.txt")
            let refused = try await Program.run(["replay", capture, "--list", list])
            #expect(refused.status == 2 && refused.output.isEmpty, "\(refused)")
            #expect(refused.errorLines.count == 1, "\(refused)")
            #expect(refused.errors.hasPrefix("grindvakt: \(list):2: "), "\(refused)")
            #expect(refused.errors.contains("--lenient") && !refused.errors.contains("two words"), "\(refused)")

            let lenient = try await Program.run(["replay", capture, "--list", list, "--lenient", "--output", "jsonl"])
            #expect(lenient.status == 0, "\(lenient)")
            #expect(lenient.errors.hasPrefix("grindvakt: \(list):2: left out: "), "\(lenient)")
            #expect(lenient.output.contains(#""name":"www.listed.test""#), "\(lenient)")
            #expect(lenient.output.contains(#""verdict":"drop","list":"police""#), "\(lenient)")
        }
    }

    @Test func `replay prints the objects of the contract, and compares with them`() async throws {
        try await Folder.with { folder in
            let capture = try await folder.write(hexadecimal: Captures.query, to: "query.pcap")
            let list = try await folder.write("listed.test\n", to: "police.txt")
            let replay = ["replay", capture, "--list", list]
            let kept = try await Program.run(replay + ["--output", "jsonl"])
            #expect(kept.status == 0, "\(kept)")
            let lines = kept.output.split(separator: "\n")
            try #require(lines.count == 2)
            for part in [
                #""type":"name""#, #""frame":1"#, #""protocol":"dns""#, #""source":"query""#,
                #""name":"www.listed.test""#,
                #""src":"192.0.2.2""#, #""sport":40000"#, #""dst":"198.51.100.2""#, #""dport":53"#,
                #""verdict":"drop""#, #""list":"police""#,
            ] {
                #expect(lines[0].contains(part), "\(part)")
            }
            for part in [#""type":"summary""#, #""packets":1"#, #""names":1"#, #""matches":1"#, #""undecided":{"#] {
                #expect(lines[1].contains(part), "\(part)")
            }

            let expected = try await folder.write(kept.output, to: "day.jsonl")
            let same = try await Program.run(replay + ["--expect", expected])
            #expect(same.status == 0, "\(same)")
            let other = try await folder.write("other.test\n", to: "police.txt")
            let different = try await Program.run(["replay", capture, "--list", other, "--expect", expected])
            #expect(different.status == 1, "\(different)")
            #expect(different.output.contains("www.listed.test"), "\(different)")
        }
    }

    @Test func `what is no capture ends with status 2 and its name`() async throws {
        try await Folder.with { folder in
            let path = try await folder.write("this is no capture at all\n", to: "notes.pcap")
            let outcome = try await Program.run(["replay", path])
            #expect(outcome.status == 2, "\(outcome)")
            #expect(outcome.errorLines.count == 1 && outcome.errors.contains(path), "\(outcome)")
        }
    }

    @Test(arguments: ["nft", "iptables"])
    func `rules show prints what the configuration asks for`(backend: String) async throws {
        try await Folder.with { folder in
            let path = try await folder.write(
                """
                [sensor]
                queues = "4:6"

                [rules]
                received = true
                dns-ports = [53, 5353]
                tls-ports = [443, 8443]

                """,
                to: "grindvakt.toml"
            )
            let outcome = try await Program.run(["rules", "show", "--backend", backend, "--config", path])
            #expect(outcome.status == 0, "\(outcome)")
            let words =
                backend == "nft"
                ? ["table inet grindvakt", "4-6", "bypass", "5353", "8443"]
                : [
                    "*mangle", "-A GRINDVAKT-QUEUE", "--queue-balance 4:6", "--queue-bypass", "53,5353", "8443",
                    "-A INPUT",
                ]
            for word in words { #expect(outcome.output.contains(word), "\(word) in \(outcome.output)") }
            #expect(outcome.output.contains("# \(backend == "nft" ? "nft" : "iptables-restore")"))

            let narrower = try await Program.run([
                "rules", "show", "--backend", backend, "--config", path, "--queues", "9", "--no-received",
            ])
            #expect(narrower.status == 0, "\(narrower)")
            #expect(!narrower.output.contains("4-6") && !narrower.output.contains("4:6"))
            #expect(narrower.output.contains(backend == "nft" ? "queue" : "--queue-num 9"))
            let closed = try await folder.write("[sensor]\nfail-open = false\n", to: "closed.toml")
            let strict = try await Program.run(["rules", "show", "--backend", backend, "--config", closed])
            #expect(strict.status == 0 && !strict.output.contains("bypass"), "\(strict)")
        }
    }

    @Test func `rules that queue nothing are refused`() async throws {
        let outcome = try await Program.run(["rules", "show", "--backend", "iptables", "--no-forwarded"])
        #expect(outcome.status == 2 && outcome.errorLines.count == 1, "\(outcome)")
        #expect(outcome.errors.hasPrefix("grindvakt: no rules: "), "\(outcome)")
    }

    @Test func `a socket that nobody listens at is told apart from one that is not there`() async throws {
        try await Folder.with { folder in
            let path = try await folder.write("", to: "metrics.sock")
            let outcome = try await Program.run(["status", "--socket", path])
            #expect(outcome.status == 2 && outcome.errorLines.count == 1, "\(outcome)")
            #expect(outcome.errors.hasPrefix("grindvakt: \(path): "), "\(outcome)")
            #expect(!outcome.errors.contains("no such socket"), "\(outcome)")
        }
    }
}

/// Capture files as hexadecimal digits.
enum Captures {
    /// One query for www.listed.test from 192.0.2.2 to 198.51.100.2.
    static let query = """
        d4c3b2a1 0200 0400 00000000 00000000 ffff0000 65000000    pcap, link type raw IP
        01000000 00000000 3d000000 3d000000                       second 1, 61 octets
        4500003d 00010000 40110000 c0000202 c6336402              IPv4: UDP
        9c40 0035 0029 0000                                       UDP: port 40000 to 53
        0001 0100 0001 0000 0000 0000                             DNS: one question
        03777777 066c6973746564 0474657374 00 0001 0001           www.listed.test A IN
        """.split(separator: "\n").map { $0.prefix { $0 != "." }.split(separator: "    ").first ?? "" }.joined(
            separator: " "
        )
}
