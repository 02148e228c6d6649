import NetworkLab
import Testing

extension LiveTests {
    @Test func `captures show whole answers, accepted resets, and no query that leaves the router`() async throws {
        try await Site.with { site in
            let certificate = try await site.startServers()
            _ = try await site.startResponding()
            try await site.applyRules()
            try await site.earnCredit()
            let near = try await site.startCapture(on: site.lab.client, "client")
            let far = try await site.startCapture(on: site.lab.server, "server")
            let actions = ["nxdomain", "nodata", "refused", "sinkhole"]
            for address in site.lab.server.addresses {
                for action in actions {
                    for options in [["+notcp"], ["+tcp"], ["+noedns", "ANY"], ["+norecurse", "+dnssec", "AAAA"]] {
                        #expect(try await site.ask("\(action).test", options, at: address).succeeded)
                    }
                }
                #expect(try await site.get("reset.test", at: address).output.hasPrefix("HTTP/1.1 451"))
                let reset = try await site.getSecurely("reset.test", at: address, trusting: certificate)
                #expect(reset.status == .exited(35), "\(reset)")
            }
            try await site.expectNoSockets()

            // Three of four by UDP, and ANY goes by TCP of itself.
            let answers = "dns.flags.response == 1"
            try await near.wait(for: actions.count * 4 * 2, answers)
            let faults = try await near.read(
                "(\(answers)) && (_ws.malformed || _ws.expert.severity >= warning || ip.checksum.status == 0 || "
                    + "udp.checksum.status == 0 || dns.extraneous)",
                ["frame.number", "_ws.expert.message"]
            )
            #expect(faults.isEmpty, "\(faults)")
            #expect(try await near.read("_ws.malformed", ["frame.number"]).isEmpty)

            // A connection to the server was opened before its query was known; the query itself never came.
            let leaked = try await far.read("dns", ["dns.qry.name"])
            #expect(leaked.isEmpty, "\(leaked)")
            let unread = try await far.read(
                #"frame contains "nxdomain" || frame contains "451 Unav""#,
                ["frame.number"]
            )
            #expect(unread.isEmpty)
            let hellos = try await far.read("tls.handshake.type == 1 || http.request", ["frame.number"])
            #expect(hellos.isEmpty, "\(hellos)")
            // The server sees one reset for each connection that was opened.
            let opened = try await far.read("tcp.flags.syn == 1 && tcp.flags.ack == 0", ["tcp.stream"])
            let reset = try await far.read(
                "tcp.flags.reset == 1 && !(ip.src == 198.51.100.2 || ipv6.src == 2001:db8:2::2)",
                ["tcp.stream"]
            )
            #expect(opened.isEmpty == false && Set(opened) == Set(reset), "\(opened) \(reset)")
            await near.process.stop()
            await far.process.stop()
        }
    }

    @Test func `an answer that leads to a listed name is rewritten, over UDP and TCP, and no other is touched`()
        async throws
    {
        try await Site.with { site in
            try await site.startDNSServer()
            _ = try await site.startResponding()
            try await site.applyRules()
            try await site.earnCredit()
            let near = try await site.startCapture(on: site.lab.client, "client")
            let far = try await site.startCapture(on: site.lab.server, "server")
            for address in site.lab.server.addresses {
                for transport in ["+notcp", "+tcp"] {
                    let comment: Comment = "\(address) \(transport)"
                    let alias = try await site.ask("AliAs.test", [transport], at: address)
                    #expect(
                        alias.output.contains("status: NXDOMAIN") && alias.output.contains("ANSWER: 0,"),
                        "\(alias)"
                    )
                    #expect(alias.output.contains(";AliAs.test.") && alias.output.contains("EDE: 16"), "\(alias)")
                    #expect(alias.output.contains("nxdomain.test") == false, comment)
                    #expect(alias.duration < .seconds(20), comment)
                    let free = try await site.ask(Site.aliasOfUnlisted, [transport], at: address)
                    #expect(free.output.contains("CNAME\t\(Site.unlisted)."), "\(free)")
                }
            }
            try await site.expectNoSockets()
            let answer = "dns.flags.response == 1 && dns.qry.name == \"\(Site.aliasOfUnlisted)\""
            try await near.wait(for: 4, answer)
            let fields = ["udp.payload", "tcp.payload"]
            let (received, sent) = try await (near.read(answer, fields), far.read(answer, fields))
            #expect(received == sent)
            let warnings = "dns.flags.rcode == 3 && (_ws.malformed || _ws.expert.severity >= warning)"
            let warned = try await near.read(warnings, ["frame.number", "_ws.expert.message"])
            #expect(warned.isEmpty, "\(warned)")
            let samples = try await site.samples()
            #expect(samples[#"grindvakt_responses_total{kind="rewrite",result="sent"}"#] == 4)
        }
    }

    @Test func `what is not listed crosses a sensor that responds byte for byte`() async throws {
        try await Site.with { site in
            let certificate = try await site.startServers()
            _ = try await site.startResponding()
            try await site.applyRules()
            let near = try await site.startCapture(on: site.lab.client, "client")
            let far = try await site.startCapture(on: site.lab.server, "server")
            for address in site.lab.server.addresses {
                for transport in ["+notcp", "+tcp"] {
                    #expect(try await site.isAnswered(Site.unlisted, [transport], at: address))
                }
                #expect(try await site.get(Site.unlisted, at: address).output.hasPrefix("HTTP/1.0 200"))
                let page = try await site.getSecurely(Site.unlisted, at: address, trusting: certificate)
                #expect(page.output == "200", "\(page)")
            }
            // All of a packet but the hop limit and the header's checksum that covers it.
            let fields =
                ["ip.src", "ip.dst", "ip.id", "ip.flags", "ip.len", "ipv6.src", "ipv6.dst", "ipv6.flow", "ipv6.plen"]
                + ["udp.checksum", "udp.payload", "tcp.seq_raw", "tcp.ack_raw", "tcp.flags", "tcp.window_size_value"]
                + ["tcp.checksum", "tcp.options", "tcp.payload"]
            let isSame = try await Command.wait(atMost: .seconds(90)) {
                let (one, other) = try await (near.read("udp || tcp", fields), far.read("udp || tcp", fields))
                return one.count > 40 && one.sorted() == other.sorted()
            }
            #expect(isSame)
            #expect(try await site.samples().sum("grindvakt_responses_total") == 0)
        }
    }

    // MARK: - Hooks and translation

    @Test func `behind a translated client address both ends are closed`() async throws {
        try await Site.with { site in
            let certificate = try await site.startServers()
            _ = try await site.startResponding()
            try await site.applyRules()
            try await site.earnCredit()
            for program in ["iptables", "ip6tables"] {
                try await site.translate(program, ["POSTROUTING", "-o", "servers", "-j", "MASQUERADE"])
            }
            let far = try await site.startCapture(on: site.lab.server, "server")
            for address in site.lab.server.addresses {
                for transport in ["+notcp", "+tcp"] {
                    let answer = try await site.ask("nxdomain.test", [transport], at: address)
                    #expect(answer.output.contains("status: NXDOMAIN"), "\(answer)")
                    let alias = try await site.ask(Site.aliasOfListed, [transport], at: address)
                    #expect(alias.output.contains("status: NXDOMAIN"), "\(alias)")
                }
                #expect(try await site.get("reset.test", at: address).output.hasPrefix("HTTP/1.1 451"))
                let reset = try await site.getSecurely("reset.test", at: address, trusting: certificate)
                #expect(reset.status == .exited(35), "\(reset)")
            }
            try await site.expectNoSockets()
            let client = site.lab.client
            let bare = try await far.read(
                "ip.addr == \(client.ipv4[0]) || ipv6.addr == \(client.ipv6[0])",
                ["frame.number", "ip.src", "ipv6.src"]
            )
            #expect(bare.isEmpty, "an address that was not translated: \(bare)")
            let router = site.lab.router
            let resets = try await far.read(
                "tcp.flags.reset == 1 && (ip.src == \(router.ipv4[1]) || ipv6.src == \(router.ipv6[1]))",
                ["frame.number"]
            )
            #expect(resets.count >= 8, "\(resets)")
        }
    }

    @Test func `behind a translated server address clients are told by the address they know`() async throws {
        try await Site.with { site in
            let certificate = try await site.startServers()
            _ = try await site.startResponding()
            try await site.applyRules()
            try await site.earnCredit()
            let known = ["203.0.113.7", "2001:db8:ff::7"]
            for (index, program) in ["iptables", "ip6tables"].enumerated() {
                let target = ["-j", "DNAT", "--to-destination", site.lab.server.addresses[index]]
                try await site.translate(program, ["PREROUTING", "-d", known[index]] + target)
            }
            let isTold = try await site.kernelTellsOfConnections()
            for address in known {
                #expect(try await site.isAnswered(Site.unlisted, at: address), "\(address)")
                let reset = try await site.getSecurely("reset.test", at: address, trusting: certificate)
                #expect(reset.status == .exited(35) && reset.duration < .seconds(20), "\(reset)")
                guard isTold else {
                    // The first answer comes from another address; what the client sends again is reset by the kernel.
                    let stopped = try await site.get("reset.test", at: address)
                    #expect(stopped.status == .exited(56) && stopped.duration < .seconds(20), "\(stopped)")
                    continue
                }
                for transport in ["+notcp", "+tcp"] {
                    let answer = try await site.ask("nxdomain.test", [transport], at: address)
                    #expect(answer.output.contains("status: NXDOMAIN"), "\(answer)")
                    let alias = try await site.ask(Site.aliasOfListed, [transport], at: address)
                    #expect(alias.output.contains("status: NXDOMAIN"), "\(alias)")
                }
                #expect(try await site.get("reset.test", at: address).output.hasPrefix("HTTP/1.1 451"))
            }
            let serverIsClear = try await Command.wait(atMost: .seconds(90)) {
                try await site.sockets(on: site.lab.server).isEmpty
            }
            #expect(serverIsClear)
        }
    }

    @Test func `a resolver on the router, and the router's own queries, are answered over loopback too`() async throws {
        try await Site.with { site in
            try await site.startDNSServer()
            _ = try await site.startResponder(on: site.lab.router)
            _ = try await site.startResponding()
            try await site.applyRules(["--no-forwarded", "--received", "--generated"])
            let (client, router, server) = (site.lab.client, site.lab.router, site.lab.server)
            for (host, addresses) in [
                (client, router.addresses), (router, server.addresses), (router, router.addresses),
            ] {
                for address in addresses {
                    let comment: Comment = "\(host.namespace) \(address)"
                    #expect(try await site.isAnswered(Site.unlisted, at: address, from: host), comment)
                    let answer = try await site.ask("nxdomain.test", at: address, from: host)
                    #expect(answer.output.contains("status: NXDOMAIN") && answer.duration < .seconds(20), "\(answer)")
                }
            }
            for address in server.addresses {
                for name in ["nxdomain.test", Site.aliasOfListed] {
                    let answer = try await site.ask(name, ["+tcp"], at: address, from: router)
                    #expect(answer.output.contains("status: NXDOMAIN"), "\(answer)")
                }
            }
            #expect(try await site.samples().sum("grindvakt_responses_total", #"result="failed""#) == 0)
            let isClear = try await Command.wait(atMost: .seconds(90)) {
                let (there, here) = try await (site.sockets(on: server), site.sockets(on: router))
                return there.isEmpty && here.isEmpty
            }
            #expect(isClear)
        }
    }

    // MARK: - Sending that fails

    @Test func `without CAP_NET_RAW a sensor that has to answer ends and says so, and any other runs`() async throws {
        try await Site.with { site in
            let wrapper = ["setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw"]
            let answering = try await site.grindvakt(
                ["run", "--config", try site.configureResponses()],
                through: wrapper
            )
            #expect(answering.status == .exited(3), "\(answering)")
            let line = answering.errors.split(separator: "\n").last { $0.contains("CAP_NET_RAW") }
            #expect(line?.contains("answer-sockets") == true, "\(answering)")
            #expect(try await site.boundQueues().isEmpty)

            let configuration = try site.configureResponses(actions: ["drop"])
            let dropping = site.lab.spawn(
                wrapper + [site.binary, "run", "--config", configuration],
                on: site.lab.router
            )
            try await dropping.waitForLine(containing: "ready:", timeLimit: .seconds(60))
            #expect(dropping.lines.contains { $0.contains("warning") && $0.contains("CAP_NET_RAW") })
            #expect(await dropping.stop() == .exited(0))
        }
    }

    @Test func `what cannot be sent leaves the packet dropped, and is counted`() async throws {
        try await Site.with { site in
            let certificate = try await site.startServers()
            _ = try await site.startResponding()
            try await site.applyRules()
            let (client, server) = (site.lab.client, site.lab.server)
            let rule = ["OUTPUT", "-m", "mark", "!", "--mark", "0x0/0x00070000", "-j", "DROP"]
            try await Command.output(site.lab.router.inside(["iptables", "-A"] + rule))
            let far = try await site.startCapture(on: server, "server")
            let silence = try await site.ask("nxdomain.test", with: ["dig", "+tries=1", "+time=1"])
            #expect(silence.status == .exited(9), "\(silence)")
            let failed = #"grindvakt_responses_total{kind="answer",result="failed"}"#
            #expect(try await site.samples()[failed] == 1)
            // The kernel resets what is sent again; its own packets have no mark.
            let reset = try await site.getSecurely("reset.test", at: server.ipv4[0], trusting: certificate)
            #expect(reset.status == .exited(35), "\(reset)")
            let resets = #"grindvakt_responses_total{kind="reset",result="failed"}"#
            #expect(try await site.samples()[resets] ?? 0 >= 2)
            try await Command.output(site.lab.router.inside(["iptables", "-D"] + rule))

            try await Command.output(
                site.lab.router.inside(["ip", "-6", "route", "add", "blackhole", "\(client.ipv6[0])/128"])
            )
            let lost = try await site.ask("nxdomain.test", with: ["dig", "+tries=1", "+time=1"], at: server.ipv6[0])
            #expect(lost.status == .exited(9), "\(lost)")
            #expect(try await site.samples()[failed] == 2)
            let leaked = try await far.read("dns || tls.handshake.type == 1", ["frame.number"])
            #expect(leaked.isEmpty, "\(leaked)")
        }
    }

    // MARK: - Marks

    @Test func `a refused connection is the kernel's affair, over a restart too, and leaves no mark behind`()
        async throws
    {
        try await Site.with { site in
            _ = try await site.startServers()
            let sensor = try await site.startResponding()
            try await site.applyRules()
            // Others have bits of their own in both marks.
            let (client, router, server) = (site.lab.client, site.lab.router, site.lab.server)
            for rule in [
                ["PREROUTING", "-i", "clients", "-j", "MARK", "--set-xmark", "0x30/0xff"],
                ["PREROUTING", "-i", "clients", "-j", "CONNMARK", "--set-xmark", "0x40/0xff"],
            ] { try await Command.output(router.inside(["iptables", "-t", "mangle", "-A"] + rule)) }
            // A client that takes no notice of resets and sends on and on.
            try await site.keepResetsBack()
            let near = try await site.startCapture(on: client, "client")
            let resets = "tcp.flags.reset == 1 && tcp.srcport == 443"
            let before = try await site.samples()
            let stubborn = try site.start(
                Script.hello,
                named: "hello",
                [server.ipv4[0], "443", "40000", "reset.test", "0", "again", "0"],
                on: client
            )
            let isRefused = try await Command.wait(atMost: .seconds(90)) {
                try await site.connectionMarks().keys.contains(0x0004_0040)
            }
            #expect(isRefused)
            // The handshake, its hello, and that once more for the mark; what follows is not queued.
            try await near.wait(for: 10, resets)
            let after = try await site.samples()
            let queued = after.sum("grindvakt_packets_total") - before.sum("grindvakt_packets_total")
            #expect(queued <= 4, "\(queued) packets")

            #expect(await sensor.stop() == .exited(0))
            let next = try await site.startResponding()
            let started = try await site.samples().sum("grindvakt_packets_total")
            let earlier = try await near.read(resets, ["frame.number"]).count
            try await near.wait(for: earlier + 10, resets)
            #expect(try await site.samples().sum("grindvakt_packets_total") == started)
            // Closed connections are kept for ten seconds by default.
            let limit = "/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_close"
            try await Command.output(router.inside(["sh", "-c", "echo 1 > \(limit)"]))
            let latest = try await near.read(resets, ["frame.number"]).count
            try await near.wait(for: latest + 2, resets)
            await stubborn.stop()

            // Own packets meet no queue: a query is one packet there, whose answer is not another.
            let first = try await site.samples().sum("grindvakt_packets_total")
            for _ in 0..<5 { #expect(try await site.ask("nxdomain.test").output.contains("status: NXDOMAIN")) }
            #expect(try await site.samples().sum("grindvakt_packets_total") == first + 5)

            let areGone = try await Command.wait(atMost: .seconds(90)) {
                try await site.connectionMarks().keys.allSatisfy { $0 & 0x0007_0000 == 0 }
            }
            #expect(areGone)
            #expect(next.isRunning)
        }
    }

    // MARK: - Privacy

    @Test func `no name and no client is told by a sensor that responds`() async throws {
        try await Site.with { site in
            let certificate = try await site.startServers()
            let sensor = try await site.startResponding()
            try await site.applyRules()
            for address in site.lab.server.addresses {
                for action in Site.actions {
                    for options in [["+notcp"], ["+tcp"]] {
                        _ = try await site.ask(
                            "zebra.\(action).test",
                            options,
                            with: ["dig", "+tries=1", "+time=1"],
                            at: address
                        )
                    }
                }
                _ = try await site.ask(Site.aliasOfListed, at: address)
                _ = try await site.get("zebra.reset.test", at: address)
                _ = try await site.getSecurely("reset.test", at: address, trusting: certificate)
            }
            var told: [String: String] = [:]
            for path in ["/metrics", "/status", "/healthz"] { told[path] = try await site.get(path) }
            told["command"] = try await site.grindvakt(["status", "--socket", site.socket]).output
            #expect(await sensor.stop() == .exited(0))
            told["log"] = sensor.lines.joined(separator: "\n")
            let client = site.lab.client
            for (place, text) in told {
                #expect(text.isEmpty == false, "\(place)")
                for secret in ["zebra", ".test", "alias", client.ipv4[0], client.ipv6[0], "stop.example"] {
                    #expect(text.contains(secret) == false, "\(place) tells \(secret)")
                }
            }
        }
    }
}

extension Site {
    /// Adds a rule to the router's table of translation.
    fileprivate func translate(_ program: String, _ rule: [String]) async throws {
        try await Command.output(lab.router.inside([program, "-t", "nat", "-A"] + rule))
    }

    /// Whether the kernel hands connections over with queued packets, without which their translation is not known.
    fileprivate func kernelTellsOfConnections() async throws -> Bool {
        let text = try await Command.run([
            "sh", "-c", "zcat /proc/config.gz 2>/dev/null || cat \"/boot/config-$(uname -r)\"",
        ])
        return text.output.contains("CONFIG_NETFILTER_NETLINK_GLUE_CT=y")
    }
}
