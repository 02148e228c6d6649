import Glibc
import NetworkLab
import Testing

extension LiveTests {
    @Test func `a mirror port shows what would be stopped, and the clients notice nothing`() async throws {
        try await Site.with { site in
            try await site.lab.startDNSServer()
            let certificate = try await site.startTLSServer(names: [Site.unlisted, Site.listed])
            try await Self.mirror(site, from: "clients", to: "mirror")
            let tap = try await site.startTap(["-i", "sniffer"])
            #expect(tap.lines.contains { $0.contains("interface sniffer: read, link type EN10MB") })

            for address in site.lab.server.addresses {
                for name in [Site.unlisted, "www.\(Site.listed)", "observed.test"] {
                    for transport in ["+notcp", "+tcp"] {
                        #expect(try await site.isAnswered(name, [transport], at: address), "\(name) \(transport)")
                    }
                }
                for name in [Site.unlisted, Site.listed] {
                    let host = address.contains(":") ? "[\(address)]" : address
                    let curl = try await site.lab.client.run(
                        [
                            "curl", "-sS", "--max-time", "30", "--cacert", certificate, "--output",
                            site.lab.path("page"), "--connect-to", "\(name):443:\(host):443", "--write-out",
                            "%{http_code}", "https://\(name)/",
                        ],
                        timeLimit: .seconds(90)
                    )
                    #expect(curl.output == "200", "\(curl)")
                    let openssl = try await site.lab.client.run(
                        ["openssl", "s_client", "-connect", "\(host):443", "-servername", name, "-brief"],
                        timeLimit: .seconds(90)
                    )
                    #expect(openssl.errors.contains("CONNECTION ESTABLISHED"), "\(openssl)")
                }
            }
            let expected = [
                (#"grindvakt_names_total{protocol="dns"}"#, 12.0), (#"grindvakt_names_total{protocol="tls"}"#, 8),
                (#"grindvakt_matches_total{list="dropped",protocol="dns",action="drop"}"#, 4),
                (#"grindvakt_matches_total{list="dropped",protocol="tls",action="drop"}"#, 4),
                (#"grindvakt_matches_total{list="observed",protocol="dns",action="observe"}"#, 4),
            ]
            let samples = try await site.samples { samples in expected.allSatisfy { samples[$0.0] == $0.1 } }
            for (sample, value) in expected { #expect(samples[sample] == value, "\(sample)") }
            #expect(samples[#"grindvakt_packets_total{queue="0",verdict="drop"}"#] == 0)
            #expect(samples[#"grindvakt_packets_total{queue="0",verdict="accept"}"#] ?? 0 > 100)
            #expect(samples.sum("grindvakt_undecided_total") == 0)
            let labels = #"{queue="0",interface="sniffer""#
            #expect(samples["grindvakt_tap_reading\(labels)}"] == 1)
            #expect(samples["grindvakt_tap_packets_dropped_total\(labels),by=\"kernel\"}"] == 0)
            let counted = try await site.samples {
                $0.sum("grindvakt_tap_packets_received_total") >= $0.sum("grindvakt_packets_total")
            }
            #expect(counted.sum("grindvakt_tap_packets_received_total") >= counted.sum("grindvakt_packets_total"))
            // A tap has no queue and says nothing about one.
            #expect(counted.values.keys.contains { $0.hasPrefix("grindvakt_queue_") } == false)
            let status = try await site.grindvakt(["status", "--socket", site.socket])
            #expect(status.output.contains("\nsniffer  yes"), "\(status)")
            #expect(await tap.stop() == .exited(0))
        }
    }

    @Test func `a tap reads its lists anew, by signal and by request, and refuses bad ones`() async throws {
        try await Site.with { site in
            _ = try await site.startResponder()
            let tap = try await site.startTap(["-i", "clients"])
            func matches(_ samples: Samples) -> Double { samples.sum("grindvakt_matches_total", #"action="drop""#) }

            #expect(try await site.isAnswered("news.test"))
            try site.write(lists: ["news.test"])
            try await site.reload()
            // A worker takes the new lists within the tenth of a second in which it looks whether it is to stop.
            var asked = 0
            let isMatched = try await Command.wait(atMost: .seconds(90)) {
                asked += 1
                _ = try await site.isAnswered("news.test")
                return try await matches(site.samples()) > 0
            }
            #expect(isMatched && asked < 20)

            try site.write(lists: ["two words", "news.test", "more.test"])
            tap.send(SIGHUP)
            try await tap.waitForLine(containing: "list dropped refused")
            let refused = try await site.grindvakt(["reload", "--socket", site.socket])
            #expect(refused.status == .exited(2) && refused.errors.contains("list.txt:1: "), "\(refused)")
            let before = try await matches(site.samples { $0.sum("grindvakt_names_total") == Double(asked + 1) })
            #expect(try await site.isAnswered("www.news.test"))
            let after = try await matches(site.samples { matches($0) > before })
            #expect(after == before + 1)
            #expect(try await site.get("/healthz") == "ok\n")
        }
    }

    @Test func `neither names nor addresses leave a tap`() async throws {
        try await Site.with { site in
            let planted = ["zebra-quince-listed.test", "zebra-quince-plain.test"]
            try site.write(lists: [planted[0]])
            _ = try await site.startResponder()
            let tap = try await site.startTap(["-i", "any", "--filter", "host \(site.lab.client.ipv4[0]) or ip6"])
            for name in planted { #expect(try await site.isAnswered(name)) }
            let arguments = [site.lab.server.ipv4[0], "500", "9"]
            #expect(try await site.run(Script.hostile, named: "hostile", arguments, on: site.lab.client).succeeded)
            let samples = try await site.samples { $0.sum("grindvakt_matches_total", #"list="dropped""#) >= 1 }
            #expect(samples.sum("grindvakt_matches_total", #"list="dropped""#) >= 1)
            var told: [String: String] = [:]
            for path in ["/metrics", "/status", "/healthz"] { told[path] = try await site.get(path) }
            told["status"] = try await site.grindvakt(["status", "--socket", site.socket]).output
            #expect(await tap.stop() == .exited(0))
            told["log"] = tap.lines.joined(separator: "\n")
            let secrets =
                ["zebra", "quince"] + [site.lab.client, site.lab.router, site.lab.server].flatMap { $0.ipv4 + $0.ipv6 }
            for (place, text) in told {
                #expect(text.isEmpty == false, "\(place)")
                for secret in secrets { #expect(text.contains(secret) == false, "\(place) tells \(secret)") }
            }
        }
    }

    @Test func `an interface that goes away is told of once and read again, and the others go on`() async throws {
        try await Site.with { site in
            _ = try await site.startResponder()
            try await site.link(["add", "fleeting", "type", "veth", "peer", "name", "fleeting-peer"])
            let tap = try await site.startTap(["-i", "fleeting", "-i", "clients"])
            // It is down as it was made, which is no reason not to start.
            #expect(tap.lines.contains { $0.contains("interface fleeting: is down; ") })
            func waitForReading(_ value: Double) async throws {
                let sample = #"grindvakt_tap_reading{queue="0",interface="fleeting"}"#
                let samples = try await site.samples { $0[sample] == value }
                #expect(samples[sample] == value)
                #expect(samples[#"grindvakt_tap_reading{queue="1",interface="clients"}"#] == 1)
            }
            try await waitForReading(0)
            for _ in 0..<2 {
                try await site.link(["set", "fleeting", "up"])
                try await waitForReading(1)
                try await site.link(["set", "fleeting", "down"])
                try await waitForReading(0)
            }
            try await site.link(["delete", "fleeting"])
            try await tap.waitForLine(containing: "interface fleeting: has disappeared")
            #expect(try await site.isAnswered(Site.listed))
            let samples = try await site.samples { $0.sum("grindvakt_matches_total") == 1 }
            #expect(samples.sum("grindvakt_matches_total") == 1)

            try await site.link(["add", "fleeting", "type", "veth", "peer", "name", "fleeting-peer"])
            try await site.link(["set", "fleeting", "up"])
            try await waitForReading(1)
            #expect(tap.lines.count { $0.contains("has disappeared") } == 1)
            // At the start, after each time it was set down, and perhaps between being made and being set up.
            #expect((3...4).contains(tap.lines.count { $0.contains("is down") }))
            #expect(try await site.get("/healthz") == "ok\n")
            #expect(await tap.stop() == .exited(0))
        }
    }

    @Test func `a tap that reads no interface is not healthy`() async throws {
        try await Site.with { site in
            try await site.link(["add", "fleeting", "type", "veth", "peer", "name", "fleeting-peer"])
            _ = try await site.startTap(["-i", "fleeting"])
            #expect(try await site.get("/healthz") != "ok\n")
            try await site.link(["set", "fleeting", "up"])
            let isHealthy = try await Command.wait(atMost: .seconds(90)) { try await site.get("/healthz") == "ok\n" }
            #expect(isHealthy)
        }
    }

    @Test func `frames that come too fast for a tap are counted as dropped by the kernel`() async throws {
        try await Site.with { site in
            _ = try await site.startResponder()
            let options = ["-i", "clients", "--buffer", "65536", "--filter", "udp dst port 53"]
            let tap = try await site.startTap(options, pidFile: true)
            let process = try await Command.output(["cat", site.lab.path("tap.pid")])
            let pid = String(process.prefix { $0.isNumber })
            // While the tap stands still, nobody makes room.
            try await Command.output(["kill", "-STOP", pid])
            let (sent, answered) = try await site.startFlood(least: 20_000, rate: 10_000, domain: "flood.test").end()
            try await Command.output(["kill", "-CONT", pid])
            #expect(sent == 20_000 && answered == sent)
            func isComplete(_ samples: Samples) -> Bool {
                let dropped = samples.sum("grindvakt_tap_packets_dropped_total", #"by="kernel""#)
                let received = samples.sum("grindvakt_tap_packets_received_total")
                return received == Double(sent) && samples.sum("grindvakt_packets_total") == received - dropped
            }
            let samples = try await site.samples(once: isComplete)
            #expect(isComplete(samples), "\(samples.values.filter { $0.key.contains("packets") })")
            #expect(samples.sum("grindvakt_tap_packets_dropped_total", #"by="kernel""#) > 0)
            #expect(await tap.stop() == .exited(0))
        }
    }

    @Test func `a tap that cannot start says why in one line`() async throws {
        try await Site.with { site in
            let list = site.lab.path("list.txt")
            func run(_ options: [String], through wrapper: [String] = []) async throws -> CommandResult {
                let arguments = ["tap", "--list", list, "--socket", site.socket] + options
                let result = try await site.grindvakt(arguments, through: wrapper)
                #expect(result.errors.split(separator: "\n").last?.hasPrefix("grindvakt: ") == true, "\(result)")
                #expect(try await !Command.run(["test", "-e", site.socket]).succeeded, "the socket is left")
                return result
            }
            let unknown = try await run(["-i", "clients", "-i", "nowhere"])
            #expect(unknown.status == .exited(2), "\(unknown)")
            #expect(unknown.errors.contains("interface nowhere: "), "\(unknown)")
            for name in ["any", "lo", "clients", "servers"] { #expect(unknown.errors.contains(name), "\(name)") }

            let bare = try await run(
                ["-i", "clients"],
                through: ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw", "--"]
            )
            #expect(bare.status == .exited(3) && bare.errors.contains("missing CAP_NET_RAW"), "\(bare)")

            let filter = try await run(["-i", "clients", "--filter", "port and port"])
            #expect(filter.status == .exited(2) && filter.errors.contains("filter"), "\(filter)")
        }
    }

    @Test func `CAP_NET_RAW is all that a tap needs`() async throws {
        try await Site.with { site in
            let capabilities = ["setpriv", "--bounding-set=-all,+net_raw", "--inh-caps=-all,+net_raw", "--"]
            let tap = try await site.startTap(["-i", "any", "-i", "clients"], through: capabilities)
            #expect(try await site.get("/healthz") == "ok\n")
            #expect(await tap.stop() == .exited(0))
        }
    }

    /// Copies the packets of both directions of a link on the router to a port of its own, whose other end is `sniffer`.
    private static func mirror(_ site: Site, from link: String, to port: String) async throws {
        try await site.link(["add", port, "type", "veth", "peer", "name", "sniffer"])
        for end in [port, "sniffer"] { try await site.link(["set", end, "up"]) }
        let copy = ["protocol", "all", "u32", "match", "u32", "0", "0", "action", "mirred", "egress", "mirror"]
        let commands =
            [["qdisc", "add", "dev", link, "clsact"]]
            + ["ingress", "egress"].map { ["filter", "add", "dev", link, $0] + copy + ["dev", port] }
        for command in commands { try await Command.output(site.lab.router.inside(["tc"] + command)) }
    }

    @Test func `a tap keeps its figures in the state directory that its unit makes`() async throws {
        try await Site.with { site in
            let (path, state) = (try site.configure(), site.lab.path("tap-state"))
            try await Command.output(["sh", "-c", "printf '\\n[statistics]\\nmarket = \"se\"\\n' >> \(path)"])
            let tap = ["tap", "-i", "clients", "--config", path]
            let homeless = try await site.grindvakt(tap, through: ["env", "-u", "STATE_DIRECTORY"])
            #expect(homeless.status == .exited(2), "\(homeless)")
            #expect(homeless.errors.contains("[statistics] has no place"), "\(homeless)")
            let process = site.lab.spawn(["env", "STATE_DIRECTORY=\(state)", site.binary] + tap, on: site.lab.router)
            try await process.waitForLine(containing: "ready:", timeLimit: .seconds(60))
            #expect(await process.stop() == .exited(0))
            #expect(try await Command.run(["test", "-s", "\(state)/statistics.db"]).succeeded)
        }
    }
}

extension Site {
    /// Starts a tap on the router with the site's lists, and waits until it says that it is ready.
    func startTap(
        _ options: [String],
        through wrapper: [String] = [],
        pidFile: Bool = false
    ) async throws -> LabProcess {
        let shell = pidFile ? ["sh", "-c", "echo $$ > \(lab.path("tap.pid")); exec \"$@\"", "sh"] : []
        let command = wrapper + shell + [binary, "tap", "--config", try configure()] + options
        let tap = lab.spawn(command, on: lab.router)
        try await tap.waitForLine(containing: "ready:", timeLimit: .seconds(60))
        return tap
    }

    /// Runs `ip link` on the router.
    func link(_ arguments: [String]) async throws {
        try await Command.output(["ip", "-n", lab.router.namespace, "link"] + arguments)
    }

    /// The counters as soon as they are as wanted, or as they are after a while.
    func samples(once isWanted: (Samples) -> Bool) async throws -> Samples {
        _ = try await Command.wait(atMost: .seconds(90)) { isWanted(try await samples()) }
        return try await samples()
    }
}
