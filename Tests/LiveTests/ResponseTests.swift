import NetworkLab
import TestSupport
import Testing

extension LiveTests {
    /// What a blocked query gets: status, extended error.
    private static let answers = [
        ("nxdomain", "NXDOMAIN", "16 (Censored)"), ("nodata", "NOERROR", "15 (Blocked)"),
        ("refused", "REFUSED", "15 (Blocked)"), ("reset", "REFUSED", "15 (Blocked)"),
        ("sinkhole", "NOERROR", "4 (Forged Answer)"),
    ]

    @Test func `each action answers dig and kdig at once, over UDP and TCP, IPv4 and IPv6`() async throws {
        try await Site.with { site in
            try await site.lab.startDNSServer()
            let sensor = try await site.startResponding()
            try await site.applyRules()
            try await site.earnCredit()
            for (action, status, error) in Self.answers {
                for address in site.lab.server.addresses {
                    for transport in ["+notcp", "+tcp"] {
                        let comment: Comment = "\(action) \(address) \(transport)"
                        let name = "wWw.\(action).TeSt"
                        let type = address.contains(":") ? "AAAA" : "A"
                        let answer = try await site.ask(name, [transport, "+dnssec", type], at: address)
                        let text = answer.output
                        #expect(answer.succeeded && answer.duration < .seconds(20), comment)
                        #expect(text.contains("status: \(status)"), "\(comment) \(text)")
                        // Neither an authority's nor validated; RA, by which stubs take it for a resolver's.
                        #expect(text.contains(";; flags: qr rd ra;"), "\(comment) \(text)")
                        #expect(text.contains("flags: do;") && text.contains("RRSIG") == false, comment)
                        #expect(text.contains("EDE: \(error)"), "\(comment) \(text)")
                        #expect(text.contains(Site.errorText) == (action == "nxdomain"), "\(comment) \(text)")
                        #expect(text.contains(";\(name).\t"), "\(comment) \(text)")
                        let sinkhole = type == "A" ? Site.sinkholes.ipv4 : Site.sinkholes.ipv6
                        #expect(text.contains("30\tIN\t\(type)\t\(sinkhole)") == (action == "sinkhole"), comment)
                    }
                    let bare = try await site.ask("\(action).test", ["+noedns"], at: address).output
                    #expect(bare.contains("status: \(status)") && bare.contains("OPT") == false, "\(action) \(bare)")
                    let small = try await site.ask("\(action).test", ["+bufsize=512", "HTTPS"], at: address).output
                    #expect(small.contains("status: \(status)") && small.contains("ANSWER: 0,"), "\(action) \(small)")
                }
                for options in [["+notcp"], ["+tcp"], ["+edns"]] {
                    let knot = try await site.ask("\(action).test", options, with: ["kdig", "+retry=0", "+time=10"])
                    #expect(knot.succeeded && knot.errors.isEmpty, "\(action) \(knot)")
                    #expect(knot.output.contains("status: \(status)"), "\(action) \(knot)")
                    #expect(knot.output.contains("WARNING") == false, "\(action) \(knot)")
                }
            }
            let silence = try await site.ask("drop.test", with: ["dig", "+tries=1", "+time=1"])
            #expect(silence.status == .exited(9), "\(silence)")
            #expect(try await site.samples().sum("grindvakt_responses_total", #"result="failed""#) == 0)
            #expect(await sensor.stop() == .exited(0))
        }
    }

    @Test func `a resolver that iterates is answered as by the name's own server`() async throws {
        try await Site.with { site in
            try await site.lab.startDNSServer()
            _ = try await site.startResponding()
            try await site.applyRules()
            for (action, status, _) in Self.answers {
                for transport in ["+notcp", "+tcp"] {
                    let answer = try await site.ask("\(action).test", [transport, "+norecurse"]).output
                    let flags = status == "REFUSED" ? "qr" : "qr aa"
                    #expect(answer.contains("status: \(status)"), "\(action) \(answer)")
                    #expect(answer.contains(";; flags: \(flags);"), "\(action) \(answer)")
                }
            }
        }
    }

    @Test func `glibc's stub resolver reports at once, and goes to no other server`() async throws {
        try await Site.with { site in
            try await site.lab.startDNSServer()
            _ = try await site.startResponding()
            try await site.applyRules()
            let resolvers = site.lab.server.addresses
            #expect(try await site.lookUp(Site.unlisted, at: resolvers).output.contains(site.lab.server.ipv4[0]))
            for action in ["nxdomain", "nodata", "refused", "reset"] {
                let result = try await site.lookUp("\(action).test", at: resolvers)
                // 2 says that the name was not found.
                #expect(result.status == .exited(2) && result.output.isEmpty, "\(action) \(result)")
                #expect(result.duration < .seconds(20), "\(action) \(result)")
            }
            let sinkhole = try await site.lookUp("sinkhole.test", at: resolvers).output
            #expect(sinkhole.contains(Site.sinkholes.ipv4) && sinkhole.contains(Site.sinkholes.ipv6), "\(sinkhole)")
            #expect(sinkhole.contains(site.lab.server.ipv4[0]) == false)
        }
    }

    @Test func `curl and openssl are reset at once, and HTTP gets the stop page`() async throws {
        try await Site.with { site in
            let certificate = try await site.startServers()
            let sensor = try await site.startResponding()
            try await site.applyRules()
            try await site.earnCredit()
            for address in site.lab.server.addresses {
                let page = try await site.get(Site.unlisted, at: address)
                #expect(page.output.hasPrefix("HTTP/1.0 200"), "\(page)")
                let secure = try await site.getSecurely(Site.unlisted, at: address, trusting: certificate)
                #expect(secure.output == "200", "\(secure)")
                for action in ["reset", "nxdomain", "nodata", "refused", "sinkhole"] {
                    let stopped = try await site.get("www.\(action).test", at: address)
                    #expect(stopped.succeeded && stopped.duration < .seconds(20), "\(action) \(stopped)")
                    #expect(stopped.output.hasPrefix("HTTP/1.1 451 Unavailable For Legal Reasons\r\n"))
                    for reason in Site.reasons { #expect(stopped.output.contains(reason), "\(action) \(stopped)") }
                    #expect(stopped.output.contains("\(action).test") == false, "the page tells the name")

                    let reset = try await site.getSecurely("\(action).test", at: address, trusting: certificate)
                    // 35: in the handshake.
                    #expect(reset.status == .exited(35) && reset.errors.contains("reset by peer"), "\(action) \(reset)")
                    #expect(reset.duration < .seconds(20), "\(action) \(reset)")
                }
                let openssl = try await site.lab.client.run(
                    [
                        "openssl", "s_client", "-connect", "\(Site.url(address)):443", "-servername", "reset.test",
                        "-brief",
                    ],
                    timeLimit: .seconds(90)
                )
                #expect(openssl.status == .exited(1) && openssl.errors.contains("errno=104"), "\(openssl)")
                try await site.expectNoSockets()
            }
            let silence = try await site.getSecurely(
                "drop.test",
                at: site.lab.server.ipv4[0],
                trusting: certificate,
                within: 1
            )
            #expect(silence.status == .exited(28), "\(silence)")
            #expect(await sensor.stop() == .exited(0))
            _ = try await site.startResponding(http: "redirect")
            try await site.earnCredit()
            let redirect = try await site.get("reset.test", at: site.lab.server.ipv6[0])
            #expect(
                redirect.output.hasPrefix("HTTP/1.1 302 Found\r\nLocation: https://stop.example/\r\n"),
                "\(redirect)"
            )
        }
    }

    @Test(
        .enabled(if: Aioquic.python != nil && Chromium.path != nil, "aioquic or chromium-headless-shell is missing")
    )
    func `a browser shows the stop page and the reset, and fails where it is to use QUIC alone`() async throws {
        try await Site.with { site in
            let certificate = try await site.startServers()
            let python = try #require(Aioquic.python)
            let file = try site.lab.write(Script.quicServer, to: "quic-server.py")
            let arguments = [certificate, site.lab.path("server.key"), "plain"] + site.lab.server.addresses
            let server = site.lab.spawn([python, file] + arguments, on: site.lab.server)
            try await server.waitForLine(containing: "ready")
            let sensor = try await site.startResponding()
            try await site.applyRules()
            try await site.earnCredit()
            let quic = QUICSite(site: site, python: python, certificate: certificate, server: server, tap: server)
            for address in site.lab.server.addresses {
                let page = try await quic.browse("reset.test", scheme: "http", at: address, overQUIC: false, within: 60)
                #expect(page.succeeded && page.output.contains("<h1>Sidan är spärrad</h1>"), "\(page)")
                for reason in Site.reasons { #expect(page.output.contains(reason), "\(page)") }
                let reset = try await quic.browse("reset.test", at: address, overQUIC: false, within: 60)
                #expect(reset.errors.contains("net::ERR_CONNECTION_RESET"), "\(reset)")
                #expect(reset.duration < .seconds(30), "\(reset)")

                let before = try await site.samples()
                let forced = try await quic.browse("reset.test", at: address, overQUIC: true, within: 60)
                // It was told to use nothing else.
                #expect(forced.output.isEmpty && forced.errors.contains("net::ERR_QUIC_PROTOCOL_ERROR"), "\(forced)")
                #expect(forced.duration < .seconds(30), "\(forced)")
                let after = try await site.samples()
                let told = #"grindvakt_responses_total{kind="unreachable",result="sent"}"#
                #expect(after[told] ?? 0 > before[told] ?? 0)

                // aioquic's sockets pass ICMP errors over, so that it waits as for a dropped packet.
                let client = try await quic.ask("reset.test", at: address, within: 1)
                #expect(client.status == nil)
                #expect(quic.connections("begun", from: client.port) == 0)
            }
            let told = try await site.samples().sum("grindvakt_responses_total")
            #expect(try await quic.ask("drop.test", at: site.lab.server.ipv4[0], within: 1).status == nil)
            #expect(try await site.samples().sum("grindvakt_responses_total") == told)
            #expect(sensor.isRunning)
        }
    }
}
