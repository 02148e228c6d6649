import NetworkLab
import Testing

extension LiveTests {
    @Test func `a hello in segments of one octet, in order and in reverse, is judged like any other`() async throws {
        try await Site.with { site in
            _ = try await site.startTLSServer(names: [Site.unlisted])
            let sensor = try await site.startSensor()
            try await site.applyRules()
            try await site.keepResetsBack()
            var port = 40_000
            for (server, order) in [
                (site.lab.server.ipv4[0], "forward"), (site.lab.server.ipv4[0], "reverse"),
                (site.lab.server.ipv6[0], "forward"), (site.lab.server.ipv6[0], "reverse"),
            ] {
                port += 2
                let unlisted = try await site.sendHello(
                    Site.unlisted,
                    to: server,
                    from: port,
                    piece: 1,
                    order: order,
                    within: 20
                )
                #expect(unlisted.segments > 100)
                #expect(unlisted.isAnswered, "\(server) \(order)")
                let before = try await site.samples()
                let listed = try await site.sendHello(
                    Site.listed,
                    to: server,
                    from: port + 1,
                    piece: 1,
                    order: order,
                    within: 1
                )
                #expect(listed.segments > 100)
                #expect(listed.isAnswered == false, "\(server) \(order)")
                let sample = #"grindvakt_matches_total{list="dropped",protocol="tls",action="drop"}"#
                let after = try await site.samples()
                #expect(after[sample] == (before[sample] ?? 0) + 1, "\(server) \(order)")
                #expect(after.sum("grindvakt_packets_total", "drop") > before.sum("grindvakt_packets_total", "drop"))
            }
            #expect(sensor.isRunning)
        }
    }

    @Test func `broken and odd packets do not disturb it`() async throws {
        try await Site.with { site in
            _ = try await site.startResponder()
            let sensor = try await site.startSensor()
            try await site.applyRules()
            for seed in 1...3 {
                let before = try await site.samples()
                let arguments = [site.lab.server.ipv4[0], "10000", "\(seed)"]
                let flood = try await site.run(Script.hostile, named: "hostile", arguments, on: site.lab.client)
                #expect(flood.succeeded, "seed \(seed): \(flood)")
                #expect(sensor.isRunning, "seed \(seed): \(sensor.lines)")
                let after = try await site.samples()
                let seen = after.sum("grindvakt_packets_total") - before.sum("grindvakt_packets_total")
                #expect(seen > 4_000, "seed \(seed): \(flood.output)")
                for cause in ["malformed", "truncated"] {
                    let sample = #"grindvakt_undecided_total{cause="\#(cause)"}"#
                    #expect(after[sample] ?? 0 > before[sample] ?? 0, "seed \(seed): \(cause)")
                }
                #expect(try await site.isAnswered(Site.unlisted), "seed \(seed)")
                #expect(try await site.isStopped(Site.listed), "seed \(seed)")
            }
        }
    }

    @Test func `what the copy range cuts off is let pass and counted`() async throws {
        try await Site.with { site in
            _ = try await site.startResponder()
            let certificate = try await site.startTLSServer(names: [Site.unlisted, Site.listed])
            _ = try await site.startSensor("copy-range = 128")
            try await site.applyRules()
            let cause = #"grindvakt_undecided_total{cause="truncated"}"#
            #expect(try await site.samples()[cause] == 0)
            let long = (1...4).map { String(repeating: "a", count: 50) + "\($0)" }.joined(separator: ".")
            #expect(try await site.isAnswered("\(long).\(Site.listed)"))
            #expect(try await site.samples()[cause] == 2, "the query and its answer")
            let curl = try await site.lab.client.run(
                [
                    "curl", "-sS", "--max-time", "30", "--cacert", certificate, "--output", site.lab.path("page"),
                    "--connect-to", "\(Site.listed):443:\(site.lab.server.ipv4[0]):443", "--write-out", "%{http_code}",
                    "https://\(Site.listed)/",
                ],
                timeLimit: .seconds(90)
            )
            #expect(curl.output == "200", "\(curl)")
            #expect(try await site.samples()[cause] == 3)
            #expect(try await site.isStopped(Site.listed), "a query that fits is judged")
        }
    }
}
