import NetworkLab
import TestSupport
import Testing

extension LiveTests {
    private static let aioquic = ConditionTrait.enabled(
        if: Aioquic.python != nil,
        "aioquic is neither named by GRINDVAKT_AIOQUIC nor in .build-tools; `make test` installs it"
    )
    private static let chromium = ConditionTrait.enabled(
        if: Chromium.path != nil,
        "chromium-headless-shell is not in PATH; `make test` installs it"
    )

    @Test(aioquic, arguments: [1, 2])
    func `QUIC is answered, or stopped, over IPv4 and IPv6`(version: Int) async throws {
        try await QUICSite.with { quic in
            let wanted = version == 1 ? " version=0x1 " : " version=0x6b3343cf "
            for address in quic.site.lab.server.addresses {
                let start = try await quic.site.samples()
                let unlisted = try await quic.ask(Site.unlisted, version: version, at: address, within: 15)
                #expect(unlisted.status == "200", "\(address)")
                let packets = try await quic.packets("in", from: unlisted.port, kind: "initial", atLeast: 1)
                #expect(packets.allSatisfy { $0.contains(wanted) }, "\(packets)")
                let passed = try await quic.site.samples()
                #expect(passed.increase(of: QUICSite.names, since: start) == 1, "\(address)")
                #expect(passed.increase(of: QUICSite.stopped, since: start) == 0, "\(address)")

                let listed = try await quic.ask("www.\(Site.listed)", version: version, at: address, within: 1)
                #expect(listed.status == nil, "\(address)")
                let stopped = try await quic.site.samples()
                #expect(stopped.increase(of: QUICSite.stopped, since: passed) == 1, "\(address)")
                #expect(quic.packets("in", from: listed.port).isEmpty, "\(address)")
                #expect(quic.connections("begun", from: listed.port) == 0, "\(address)")
            }
        }
    }

    @Test(aioquic)
    func `each QUIC connection between the same ports is judged for itself`() async throws {
        try await QUICSite.with { quic in
            for address in quic.site.lab.server.addresses {
                let first = try await quic.ask(Site.unlisted, at: address, within: 15)
                #expect(first.status == "200", "\(address)")
                let start = try await quic.site.samples()
                // The flow was let go: the kernel's mark says so.
                let listed = try await quic.ask(Site.listed, at: address, from: first.port, within: 1)
                #expect(listed.status == nil, "\(address)")
                let stopped = try await quic.site.samples()
                #expect(stopped.increase(of: QUICSite.stopped, since: start) == 1, "\(address)")
                // And now it is blocked.
                let next = try await quic.ask(Site.unlisted, at: address, from: first.port, within: 15)
                #expect(next.status == "200", "\(address)")
                let again = try await quic.ask(Site.listed, at: address, from: first.port, within: 1)
                #expect(again.status == nil, "\(address)")
                let end = try await quic.site.samples()
                #expect(end.increase(of: QUICSite.stopped, since: stopped) == 1, "\(address)")
            }
        }
    }

    @Test(aioquic, arguments: [1, 2])
    func `a QUIC client that a Retry sends back to the start is judged like any other`(version: Int) async throws {
        try await QUICSite.with(retry: true) { quic in
            let retries = #"grindvakt_anomalies_total{kind="quic-retry"}"#
            for address in quic.site.lab.server.addresses {
                let start = try await quic.site.samples()
                let unlisted = try await quic.ask(Site.unlisted, version: version, at: address, within: 15)
                #expect(unlisted.status == "200", "\(address)")
                _ = try await quic.packets("out", from: unlisted.port, kind: "retry", atLeast: 1)
                let packets = try await quic.packets("in", from: unlisted.port, kind: "initial", atLeast: 2)
                #expect(packets.first?.contains(" token=0 ") == true, "\(packets)")
                #expect(packets.last?.contains(" token=0 ") == false, "\(packets)")
                let passed = try await quic.site.samples()
                #expect(passed.increase(of: QUICSite.names, since: start) > 0, "\(address)")
                #expect(passed.increase(of: retries, since: start) == 1, "\(address)")

                let listed = try await quic.ask(Site.listed, version: version, at: address, within: 1)
                #expect(listed.status == nil, "\(address)")
                let stopped = try await quic.site.samples()
                #expect(stopped.increase(of: QUICSite.stopped, since: passed) == 1, "\(address)")
                #expect(quic.packets("in", from: listed.port).isEmpty, "\(address)")
            }
        }
    }

    @Test(aioquic, arguments: [QUICSite.Form.long, .joined])
    func `a QUIC hello over two datagrams is judged as a whole`(form: QUICSite.Form) async throws {
        try await QUICSite.with { quic in
            let spread = #"grindvakt_anomalies_total{kind="multi-initial"}"#
            // Datagrams that are joined for the kernel to cut cross a router, and its queues, as one packet.
            let sizes = form == .long ? ["1200", "1200"] : ["2400"]
            for address in quic.site.lab.server.addresses {
                let start = try await quic.site.samples()
                let unlisted = try await quic.ask(Site.unlisted, form: form, at: address, within: 15)
                #expect(unlisted.status == "200", "\(address)")
                let packets = try await quic.packets("in", from: unlisted.port, kind: "initial", atLeast: sizes.count)
                let seen = packets.compactMap { $0.split(separator: "=").last.map { String($0) } }
                #expect(seen.starts(with: sizes), "\(packets)")
                let passed = try await quic.site.samples()
                #expect(passed.increase(of: QUICSite.names, since: start) == 1, "\(address)")
                #expect(passed.increase(of: spread, since: start) == 1, "\(address)")

                let listed = try await quic.ask(Site.listed, form: form, at: address, within: 1)
                #expect(listed.status == nil, "\(address)")
                let stopped = try await quic.site.samples()
                #expect(stopped.increase(of: QUICSite.stopped, since: passed) == 1, "\(address)")
                #expect(quic.connections("completed", from: listed.port) == 0, "\(address)")
                // What cannot be judged yet is let go; the datagram that completes the hello and all after it are not.
                let leaked = quic.packets("in", from: listed.port)
                #expect(leaked.count < sizes.count, "\(leaked)")
            }
        }
    }

    @Test(aioquic, chromium)
    func `a browser loads what is not listed over QUIC, and nothing of what is`() async throws {
        try await QUICSite.with { quic in
            let addresses = quic.site.lab.server.addresses
            for (number, address) in addresses.enumerated() {
                let start = try await quic.site.samples()
                let before = quic.packets("in", kind: "initial").count
                let page = try await quic.browse(Site.unlisted, at: address, overQUIC: true, within: 30)
                #expect(page.succeeded && page.output.contains("a page over QUIC"), "\(page)")
                #expect(try await quic.hasCompleted(number + 1), "\(address)")
                // The post-quantum hello does not fit into one datagram.
                _ = try await quic.packets("in", kind: "initial", atLeast: before + 2)
                let passed = try await quic.site.samples()
                #expect(passed.increase(of: QUICSite.names, since: start) == 1, "\(address)")
                #expect(passed.increase(of: QUICSite.stopped, since: start) == 0, "\(address)")
            }
            let fallback = try await quic.browse(Site.unlisted, at: addresses[0], overQUIC: false, within: 30)
            #expect(fallback.succeeded && fallback.output.contains("ok"), "\(fallback)")

            for address in addresses {
                let start = try await quic.site.samples()
                let forced = try await quic.browse(Site.listed, at: address, overQUIC: true, within: 30)
                #expect(forced.status == .exited(1) && forced.output.isEmpty, "\(forced)")
                let isRefused = forced.errors.contains("net::ERR_QUIC_PROTOCOL_ERROR")
                #expect(isRefused, "\(address)")
                let stopped = try await quic.site.samples()
                #expect(stopped.increase(of: QUICSite.stopped, since: start) == 1, "\(address)")

                let free = try await quic.browse(Site.listed, at: address, overQUIC: false, within: 3)
                #expect(free.output.contains("ok") == false && free.output.contains("page") == false, "\(free)")
                let tls = #"grindvakt_matches_total{list="dropped",protocol="tls",action="drop"}"#
                #expect(try await quic.site.samples().increase(of: tls, since: stopped) > 0, "\(address)")
            }
            #expect(quic.connections("completed") == addresses.count)
        }
    }
}

extension Samples {
    /// By how much a counter has grown; one that is not there is 0.
    fileprivate func increase(of sample: String, since earlier: Samples) -> Double {
        (self[sample] ?? 0) - (earlier[sample] ?? 0)
    }
}
