import Glibc
import NetfilterRules
import NetworkLab
import Testing

/// Real rules in the network namespaces of a lab.
@Suite("Installed rules", .enabled(if: getuid() == 0, "needs root"))
struct InstalledRulesTests {
    /// All rules of a host, both families, without times and counters.
    private static func listing(_ host: LabHost) async throws -> [String] {
        var lines: [String] = []
        for program in ["iptables-save", "ip6tables-save"] {
            let text = try await Command.output(host.inside([program]))
            lines += text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
                line.hasPrefix(":") ? line.split(separator: " ").dropLast().joined(separator: " ") : String(line)
            }
        }
        return lines
    }

    private static func addForeignRules(_ host: LabHost) async throws {
        for program in ["iptables-restore", "ip6tables-restore"] {
            try await Command.output(
                host.inside([program]),
                input: """
                    *mangle
                    :mine - [0:0]
                    -A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
                    -A POSTROUTING -j mine
                    -A mine -m mark --mark 0x4000/0x4000 -j RETURN
                    COMMIT
                    *raw
                    -A OUTPUT -p tcp -m tcp --dport 9 -j ACCEPT
                    COMMIT
                    *filter
                    -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
                    COMMIT

                    """
            )
        }
    }

    @Test func `applying twice changes nothing, removing leaves what was there before`() async throws {
        try await Lab.withLab(watchingSignals: false) { lab in
            let host = lab.router
            try await Self.addForeignRules(host)
            let before = try await Self.listing(host)
            let installed = InstalledRules(backend: .iptables, namespace: host.namespace)
            let rules = RuleSet(queues: 0...1, received: true, generated: true)

            try await installed.apply(rules)
            let once = try await Self.listing(host)
            #expect(once.count { $0 == "-A FORWARD -j GRINDVAKT-QUEUE" } == 2)
            #expect(once.count { $0 == "-A INPUT -j GRINDVAKT-MARK" } == 2)
            try await installed.apply(rules)
            #expect(try await Self.listing(host) == once)

            try await installed.apply(RuleSet())
            let narrower = try await Self.listing(host)
            #expect(!narrower.contains { $0.hasPrefix("-A INPUT -j GRINDVAKT") })
            #expect(
                narrower.contains("-A GRINDVAKT-FLOWS -p udp -m udp --sport 53 -j NFQUEUE --queue-num 0 --queue-bypass")
            )

            try await installed.remove()
            #expect(try await Self.listing(host) == before)
            try await installed.remove()
            #expect(try await Self.listing(host) == before)
        }
    }

    @Test func `somebody else's mark bits are not taken, and nothing is changed`() async throws {
        try await Lab.withLab(watchingSignals: false) { lab in
            let host = lab.router
            try await Self.addForeignRules(host)
            try await Command.output(
                host.inside([
                    "ip6tables", "-t", "mangle", "-A", "FORWARD", "-j", "MARK", "--set-xmark", "0x40000/0xff0000",
                ])
            )
            let before = try await Self.listing(host)
            let installed = InstalledRules(backend: .iptables, namespace: host.namespace)
            let error = await #expect(throws: RulesError.self) { try await installed.apply(RuleSet()) }
            #expect(error?.description.hasPrefix("ip6tables table mangle, chain FORWARD: the rule `-A FORWARD") == true)
            #expect(try await Self.listing(host) == before)

            let elsewhere = try #require(FlowMark(mask: 0x0700_0000))
            try await installed.apply(RuleSet(mark: elsewhere))
            #expect(try await Self.listing(host).contains { $0.contains("0x3000000") })
        }
    }

    @Test func `nft takes the rules where the queue statement is left out`() async throws {
        try await Lab.withLab(watchingSignals: false) { lab in
            let rules = RuleSet(queues: 0...1, received: true, generated: true)
            let text = NFTRules.applying(rules).split(separator: "\n")
                .map { $0.contains(" queue num ") ? $0.prefix { $0 != "q" } + "counter" : $0 }
                .joined(separator: "\n")
            try await Command.output(lab.router.inside(["nft", "-f", "-"]), input: text + "\n")
            try await Command.output(lab.router.inside(["nft", "-f", "-"]), input: text + "\n")
            let list = try await Command.output(lab.router.inside(["nft", "-n", "list", "ruleset"]))
            #expect(list.contains("table inet grindvakt {"))
            #expect(MarkScan.uses(nft: list).isEmpty)
            try await InstalledRules(backend: .nft, namespace: lab.router.namespace).remove()
            #expect(try await Command.output(lab.router.inside(["nft", "list", "tables"])).isEmpty)
        }
    }

    /// Where packets pass: the host, its hook, and the rule set that queues there.
    enum Place: String, CaseIterable, Sendable {
        case forwarded, received, generated

        func host(_ lab: Lab) -> LabHost {
            switch self {
            case .forwarded: lab.router
            case .received: lab.server
            case .generated: lab.client
            }
        }

        var chain: String {
            switch self {
            case .forwarded: "FORWARD"
            case .received: "INPUT"
            case .generated: "OUTPUT"
            }
        }

        var hook: String {
            switch self {
            case .forwarded: "forward"
            case .received: "input"
            case .generated: "output"
            }
        }

        func rules(failOpen: Bool) -> RuleSet {
            RuleSet(
                forwarded: self == .forwarded,
                received: self == .received,
                generated: self == .generated,
                failOpen: failOpen
            )
        }
    }

    /// Sends one question from a fixed source port, so that the same flow can be asked again.
    ///
    /// - Returns: whether it was answered within so many seconds.
    private static func isAnswered(
        _ lab: Lab,
        from port: Int,
        ipv6: Bool,
        within seconds: Int = 60
    ) async throws -> Bool {
        let source = lab.client.addresses[ipv6 ? 1 : 0]
        let server = lab.server.addresses[ipv6 ? 1 : 0]
        let result = try await lab.client.run(
            [
                "dig", "+tries=1", "+time=\(seconds)", "+short", "-b", "\(source)#\(port)", "@\(server)",
                "www.test", "A",
            ],
            timeLimit: .seconds(seconds + 60)
        )
        return result.succeeded && result.output.contains("198.51.100.2")
    }

    /// Sends one question that must find no answer; whether it found none.
    private static func isSilent(_ lab: Lab, from port: Int, ipv6: Bool) async throws -> Bool {
        try await !isAnswered(lab, from: port, ipv6: ipv6, within: 1)
    }

    /// How many packets the rules for UDP to a server have sent to the queue.
    private static func queued(_ host: LabHost, ipv6: Bool) async throws -> Int {
        let text = try await Command.output(host.inside([ipv6 ? "ip6tables-save" : "iptables-save", "-c"]))
        let lines = text.split(separator: "\n").filter { line in
            ["-p udp", "dport", "NFQUEUE"].allSatisfy { line.contains($0) }
        }
        try #require(lines.count >= 2)
        return lines.reduce(0) { $0 + (Int($1.dropFirst().prefix { $0 != ":" }) ?? 0) }
    }

    /// The same with nft, where the queue statement was replaced.
    private static func counted(_ host: LabHost) async throws -> Int {
        let list = try await Command.output(host.inside(["nft", "list", "chain", "inet", "grindvakt", "flows"]))
        let lines = list.split(separator: "\n").filter { $0.contains("udp dport") && $0.contains("counter packets") }
        try #require(lines.count == 2)
        return try lines.reduce(0) { sum, line in
            let words = line.split(separator: " ")
            let label = try #require(words.firstIndex(of: "packets"))
            return try sum + #require(Int(words[label + 1]))
        }
    }

    /// nft's rules with a statement that counts and accepts, as a verdict does, in place of the queue statement.
    private static func counting(_ rules: RuleSet) -> String {
        NFTRules.applying(rules).split(separator: "\n")
            .map { line in
                line.firstRange(of: " queue num ").map { line[..<$0.lowerBound] + " counter accept" } ?? String(line)
            }
            .joined(separator: "\n") + "\n"
    }

    /// Sends a datagram from the client's port 40001 to port 443 of the server.
    ///
    /// - Parameters:
    ///   - first: the first octet of its payload.
    ///   - lab: whose client.
    ///   - ipv6: whether over IPv6.
    ///   - hasOptions: whether a header of destination options stands before that of UDP (RFC 8200 §4.6).
    /// - Throws: where the client cannot send.
    private static func send(_ first: UInt8, _ lab: Lab, ipv6: Bool, hasOptions: Bool = false) async throws {
        let script = """
            import socket, sys
            first, server, options = int(sys.argv[1]), sys.argv[2], sys.argv[3] == "true"
            sender = socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_DGRAM)
            sender.bind(("", 40001))
            if options:
                sender.setsockopt(socket.IPPROTO_IPV6, 59, bytes([0, 0, 1, 4, 0, 0, 0, 0]))
            sender.sendto(bytes([first, 0, 0, 0, 1, 0, 0, 0, 0, 0]), (server, 443))
            """
        let server = lab.server.addresses[ipv6 ? 1 : 0]
        try await Command.output(
            lab.client.inside(["python3", "-c", script, "\(first)", server, "\(hasOptions)"])
        )
    }

    @Test(arguments: [RuleBackend.iptables, .nft], [false, true])
    func `a long header of QUIC is queued whatever was decided about its flow`(
        backend: RuleBackend,
        ipv6: Bool
    ) async throws {
        try await Lab.withLab(watchingSignals: false) { lab in
            let host = lab.router
            let rules = Place.forwarded.rules(failOpen: true)
            let isNFT = backend == .nft
            if isNFT {
                try await Command.output(host.inside(["nft", "-f", "-"]), input: Self.counting(rules))
            } else {
                try await InstalledRules(backend: .iptables, namespace: host.namespace).apply(rules)
            }
            let queued = { isNFT ? try await Self.counted(host) : try await Self.queued(host, ipv6: ipv6) }
            let table = [ipv6 ? "ip6tables" : "iptables", "-t", "mangle"]
            // Before FORWARD, and so before the rules of either backend: the mark that a verdict would carry.
            let verdict = { (mark: String) in
                ["PREROUTING", "-p", "udp", "--dport", "443", "-j", "MARK", "--set-xmark", "\(mark)/0x70000"]
            }
            try await Command.output(host.inside(table + ["-A"] + verdict("0x10000")))
            try await Self.send(0x40, lab, ipv6: ipv6)
            try await Command.output(host.inside(table + ["-D"] + verdict("0x10000")))
            #expect(try await queued() == 1)

            var expected = 1
            for (first, count) in [(UInt8(0x40), 0), (0xC0, 1), (0x80, 1), (0x7F, 0), (0xFF, 1)] {
                try await Self.send(first, lab, ipv6: ipv6)
                expected += count
                #expect(try await queued() == expected, "\(first)")
            }
            guard ipv6 else { return }
            try await Self.send(0xC0, lab, ipv6: true, hasOptions: true)
            #expect(try await queued() == expected + 1, "behind extension headers")
        }
    }

    /// No sensor listens here. A rule before the queue puts the mark on that a verdict would carry: what follows the
    /// queue is the same.
    @Test(arguments: Place.allCases, [false, true])
    func `a decided flow stays in the kernel`(place: Place, ipv6: Bool) async throws {
        try await Lab.withLab(watchingSignals: false) { lab in
            try await lab.startDNSServer()
            let host = place.host(lab)
            let installed = InstalledRules(backend: .iptables, namespace: host.namespace)

            try await installed.apply(place.rules(failOpen: false))
            #expect(try await Self.isSilent(lab, from: 40_001, ipv6: ipv6), "fail-closed without a sensor")
            try await installed.apply(place.rules(failOpen: true))
            #expect(try await Self.isAnswered(lab, from: 40_002, ipv6: ipv6), "fail-open without a sensor")
            #expect(try await Self.queued(host, ipv6: ipv6) == 1)

            let table = [ipv6 ? "ip6tables" : "iptables", "-t", "mangle"]
            let verdict = { (mark: String) in
                [place.chain, "-p", "udp", "--dport", "53", "-j", "MARK", "--set-xmark", "\(mark)/0x70000"]
            }
            // Only the first packet of the flow gets a verdict; what the kernel does with the others is its own doing.
            try await Command.output(host.inside(table + ["-I"] + verdict("0x10000")))
            #expect(try await Self.isAnswered(lab, from: 40_003, ipv6: ipv6), "accepted by its verdict")
            try await Command.output(host.inside(table + ["-D"] + verdict("0x10000")))
            #expect(try await Self.queued(host, ipv6: ipv6) == 2)
            #expect(try await Self.isAnswered(lab, from: 40_003, ipv6: ipv6), "accepted by its connection mark")
            #expect(try await Self.queued(host, ipv6: ipv6) == 2, "an accepted flow is not queued again")

            try await Command.output(host.inside(table + ["-I"] + verdict("0x20000")))
            #expect(try await Self.isSilent(lab, from: 40_004, ipv6: ipv6), "blocked by its verdict")
            try await Command.output(host.inside(table + ["-D"] + verdict("0x20000")))
            #expect(try await Self.queued(host, ipv6: ipv6) == 2, "a packet that was judged is not queued once more")
            // A first packet that is dropped leaves no connection: the next one is judged anew.
            #expect(try await Self.isAnswered(lab, from: 40_005, ipv6: ipv6), "another flow is not touched")
        }
    }

    @Test(arguments: Place.allCases)
    func `an established flow that is blocked stays blocked in both directions`(place: Place) async throws {
        try await Lab.withLab(watchingSignals: false) { lab in
            try await lab.startDNSServer()
            let host = place.host(lab)
            try await InstalledRules(backend: .iptables, namespace: host.namespace).apply(place.rules(failOpen: true))
            #expect(try await Self.isAnswered(lab, from: 40_001, ipv6: false))
            let verdict = [
                place.chain, "-p", "udp", "--dport", "53", "-j", "MARK", "--set-xmark", "0x20000/0x70000",
            ]
            try await Command.output(host.inside(["iptables", "-t", "mangle", "-I"] + verdict))
            #expect(try await Self.isSilent(lab, from: 40_001, ipv6: false), "blocked by its verdict")
            try await Command.output(host.inside(["iptables", "-t", "mangle", "-D"] + verdict))
            let queued = try await Self.queued(host, ipv6: false)
            #expect(try await Self.isSilent(lab, from: 40_001, ipv6: false), "blocked by its connection mark")
            #expect(try await Self.queued(host, ipv6: false) == queued)
            #expect(try await Self.isAnswered(lab, from: 40_002, ipv6: false), "another flow is not touched")

            if place == .generated {
                let own = ["OUTPUT", "-p", "udp", "--dport", "53", "-j", "MARK", "--set-xmark", "0x30000/0x70000"]
                try await Command.output(host.inside(["iptables", "-t", "mangle", "-I"] + own))
                #expect(try await Self.isAnswered(lab, from: 40_001, ipv6: false), "the sensor's own packets pass")
                try await Command.output(host.inside(["iptables", "-t", "mangle", "-D"] + own))
                #expect(try await Self.isSilent(lab, from: 40_001, ipv6: false), "the flow is still blocked")
            }
        }
    }

    /// The same with nft, whose queue statement is replaced by one that counts and accepts, as a verdict does.
    @Test(arguments: Place.allCases)
    func `nft's rules keep decided flows in the kernel`(place: Place) async throws {
        try await Lab.withLab(watchingSignals: false) { lab in
            try await lab.startDNSServer()
            let host = place.host(lab)
            let nft = host.inside(["nft", "-f", "-"])
            try await Command.output(nft, input: Self.counting(place.rules(failOpen: true)))

            let give = { (mark: String) in
                """
                table inet verdict {
                    chain verdict {
                        type filter hook \(place.hook) priority mangle - 5; policy accept;
                        udp dport 53 meta mark set meta mark & 0xfff8ffff | \(mark)
                    }
                }

                """
            }
            let takeBack = "delete table inet verdict\n"
            let queued = { try await Self.counted(host) }

            try await Command.output(nft, input: give("0x00010000"))
            #expect(try await Self.isAnswered(lab, from: 40_001, ipv6: false), "accepted by its verdict")
            try await Command.output(nft, input: takeBack)
            #expect(try await queued() == 1)
            #expect(try await Self.isAnswered(lab, from: 40_001, ipv6: false), "accepted by its connection mark")
            #expect(try await queued() == 1, "an accepted flow is not queued again")

            #expect(try await Self.isAnswered(lab, from: 40_002, ipv6: false), "undecided")
            #expect(try await queued() == 2)
            try await Command.output(nft, input: give("0x00020000"))
            #expect(try await Self.isSilent(lab, from: 40_002, ipv6: false), "blocked by its verdict")
            try await Command.output(nft, input: takeBack)
            #expect(try await queued() == 2, "a packet that was judged is not queued once more")
            #expect(try await Self.isSilent(lab, from: 40_002, ipv6: false), "blocked by its connection mark")
            #expect(try await queued() == 2)
            #expect(try await Self.isAnswered(lab, from: 40_003, ipv6: false), "another flow is not touched")
        }
    }
}
