import NetworkLab
import Testing

extension LiveTests {
    @Test func `dig, curl and openssl are answered byte for byte, or stopped, over IPv4 and IPv6`() async throws {
        try await Site.with { site in
            try await site.lab.startDNSServer()
            let certificate = try await site.startTLSServer(names: [Site.unlisted, Site.listed])
            let sensor = try await site.startSensor()
            try await site.applyRules()

            let taps = try await Tap.start(site)
            for address in site.lab.server.addresses {
                for transport in ["+notcp", "+tcp"] {
                    #expect(
                        try await site.isAnswered(Site.unlisted, [transport], at: address),
                        "\(address) \(transport)"
                    )
                }
                let curl = try await Self.curl(site, Site.unlisted, address, certificate, within: 15)
                #expect(curl.output == "200", "\(curl)")
                let openssl = try await Self.openssl(site, Site.unlisted, address, within: 15)
                #expect(openssl.errors.contains("CONNECTION ESTABLISHED"), "\(openssl)")
            }
            try await taps.expectSame()
            #expect(try await site.samples().sum("grindvakt_packets_total", #"verdict="drop""#) == 0)

            for address in site.lab.server.addresses {
                for transport in ["+notcp", "+tcp"] {
                    #expect(
                        try await site.isStopped("www.\(Site.listed)", [transport], at: address),
                        "\(address) \(transport)"
                    )
                }
                let before = try await site.samples().sum("grindvakt_matches_total", #"protocol="tls""#)
                let curl = try await Self.curl(site, Site.listed, address, certificate, within: 2)
                // 28 says that the time was up after the hello had been sent.
                #expect(curl.status == .exited(28) && curl.errors.contains("Client hello"), "\(curl)")
                let openssl = try await Self.openssl(site, Site.listed, address, within: 2)
                #expect(openssl.status == .timedOut && !openssl.errors.contains("ESTABLISHED"), "\(openssl)")
                let after = try await site.samples().sum("grindvakt_matches_total", #"protocol="tls""#)
                #expect(after >= before + 2)
            }
            #expect(await sensor.stop() == .exited(0))
            #expect(try await site.grindvakt(["rules", "remove"]).succeeded)
            let rules = try await Command.output(site.lab.router.inside(["sh", "-c", "iptables-save; ip6tables-save"]))
            #expect(!rules.contains("GRINDVAKT") && !rules.contains("NFQUEUE"))
            #expect(try await site.boundQueues().isEmpty)
        }
    }

    @Test func `a resolver on the sensor's own host is covered on both of its sides`() async throws {
        try await Site.with { site in
            _ = try await site.startResponder()
            _ = try await site.startResponder(on: site.lab.router)
            _ = try await site.startSensor()
            try await site.applyRules(["--no-forwarded", "--received", "--generated"])
            for (host, addresses) in [
                (site.lab.router, site.lab.server.addresses), (site.lab.client, site.lab.router.addresses),
            ] {
                for address in addresses {
                    #expect(try await site.isAnswered(Site.unlisted, at: address, from: host), "\(address)")
                    #expect(try await site.isStopped(Site.listed, at: address, from: host), "\(address)")
                }
            }
            // What is only routed is left alone then.
            #expect(try await site.isAnswered(Site.listed))
        }
    }

    private static func curl(
        _ site: Site,
        _ name: String,
        _ address: String,
        _ certificate: String,
        within seconds: Int
    ) async throws -> CommandResult {
        let host = address.contains(":") ? "[\(address)]" : address
        return try await site.lab.client.run(
            [
                "curl", "-sSv", "--max-time", "\(seconds)", "--cacert", certificate, "--output", site.lab.path("page"),
                "--connect-to", "\(name):443:\(host):443", "--write-out", "%{http_code}", "https://\(name)/",
            ],
            timeLimit: .seconds(seconds + 40)
        )
    }

    private static func openssl(
        _ site: Site,
        _ name: String,
        _ address: String,
        within seconds: Int
    ) async throws -> CommandResult {
        let host = address.contains(":") ? "[\(address)]" : address
        return try await site.lab.client.run(
            ["openssl", "s_client", "-connect", "\(host):443", "-servername", name, "-brief"],
            timeLimit: .seconds(seconds)
        )
    }
}

/// Captures on both sides of the router.
private struct Tap {
    let client: LabProcess
    let server: LabProcess

    static func start(_ site: Site) async throws -> Tap {
        let tap = Tap(
            client: try site.start(Script.capture, named: "capture", ["uplink"], on: site.lab.client),
            server: try site.start(Script.capture, named: "capture", ["uplink"], on: site.lab.server)
        )
        for process in [tap.client, tap.server] { try await process.waitForLine(containing: "ready") }
        return tap
    }

    /// Ends the captures and compares what one side sent with what the other received, the hop itself excepted.
    func expectSame() async throws {
        func hasAllArrived() -> Bool {
            Set(packets(client, "out", hops: 1)).isSubset(of: packets(server, "in"))
                && Set(packets(server, "out", hops: 1)).isSubset(of: packets(client, "in"))
        }
        // The last packets of closed connections may still be on their way.
        let isComplete = try await Command.wait(atMost: .seconds(90)) { hasAllArrived() }
        #expect(isComplete, "some packet did not arrive as it was sent")
        for process in [client, server] { await process.stop() }
        let asked = packets(client, "out", hops: 1)
        let answered = packets(server, "out", hops: 1)
        #expect(asked.count > 20 && answered.count > 20)
        #expect(packets(server, "in") == asked)
        #expect(packets(client, "in") == answered)
    }

    /// The packets of one direction, sorted, with `hops` taken off their time to live and without the checksum that covers it.
    private func packets(_ process: LabProcess, _ direction: String, hops: UInt8 = 0) -> [[UInt8]] {
        process.lines.filter { $0.hasPrefix(direction + " ") }.map { line in
            var bytes = Self.bytes(line.dropFirst(direction.count + 1))
            guard bytes.count >= 20 else { return bytes }
            if bytes[0] >> 4 == 4 {
                bytes[8] -= hops
                bytes[10] = 0
                bytes[11] = 0
            } else {
                bytes[7] -= hops
            }
            return bytes
        }.sorted { $0.lexicographicallyPrecedes($1) }
    }

    private static func bytes(_ hexadecimal: Substring) -> [UInt8] {
        let digits = Array(hexadecimal.utf8).map { $0 > 0x60 ? $0 - 0x57 : $0 - 0x30 }
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
