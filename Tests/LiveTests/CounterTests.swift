import NetworkLab
import TestSupport
import Testing

extension LiveTests {
    @Test func `known traffic gives exact counters`() async throws {
        try await Site.with { site in
            _ = try await site.startResponder()
            _ = try await site.startTLSServer(names: [Site.unlisted])
            _ = try await site.startSensor()
            try await site.applyRules()
            try await site.keepResetsBack()
            for (domain, count, patience) in [("www.test", 100, 15), (Site.listed, 50, 1), ("observed.test", 30, 15)] {
                let flood = try site.startFlood(least: count, rate: 1_000, patience: patience, domain: domain)
                let (sent, answered) = try await flood.end()
                #expect(sent == count && answered == (domain == Site.listed ? 0 : count), "\(domain)")
            }
            // Of each query that is let pass the sensor sees the answer, too. Of each connection it sees SYN, ACK and hello; then the kernel knows its mark, or the hello never arrived.
            for (index, name) in [Site.unlisted, Site.listed, "www.observed.test"].enumerated() {
                let server = site.lab.server.ipv4[0]
                let patience = name == Site.listed ? 1 : 15
                let hello = try await site.sendHello(name, to: server, from: 41_000 + index, piece: 0, within: patience)
                #expect(hello.isAnswered == (name != Site.listed) && hello.segments == 1)
            }
            let samples = try await site.samples()
            #expect(samples.sum("grindvakt_packets_total", #"verdict="accept""#) == 2 * (100 + 30) + 3 + 2 + 3)
            #expect(samples.sum("grindvakt_packets_total", #"verdict="drop""#) == 50 + 1)
            #expect(samples.sum("grindvakt_verdict_seconds_count") == 319)
            #expect(samples[#"grindvakt_names_total{protocol="dns"}"#] == 180)
            #expect(samples[#"grindvakt_names_total{protocol="tls"}"#] == 3)
            for (sample, value) in [
                (#"list="dropped",protocol="dns",action="drop""#, 50.0),
                (#"list="dropped",protocol="tls",action="drop""#, 1),
                (#"list="observed",protocol="dns",action="observe""#, 30),
                (#"list="observed",protocol="tls",action="observe""#, 1),
            ] {
                #expect(samples["grindvakt_matches_total{\(sample)}"] == value, "\(sample)")
            }
            #expect(samples.sum("grindvakt_matches_total") == 82)
            for (labels, value) in [
                (#"list="dropped",mechanism="dns_udp",action="drop""#, 50.0),
                (#"list="dropped",mechanism="tls_sni",action="drop""#, 1),
                (#"list="observed",mechanism="dns_udp",action="observe""#, 30),
                (#"list="observed",mechanism="tls_sni",action="observe""#, 1),
            ] {
                #expect(samples["grindvakt_events_total{\(labels)}"] == value, "\(labels)")
            }
            #expect(samples.sum("grindvakt_events_total") == 82)
            #expect(samples.sum("grindvakt_any_events_total") == 82)
            // One entry of each list, over two queues and two mechanisms: two attempts at least, and how many more depends on how long the
            // machine takes.
            let attempts = samples.sum("grindvakt_attempts_total")
            #expect(attempts >= 2 && attempts < 41)
            #expect(samples.sum("grindvakt_any_attempts_total") == attempts)
            #expect(samples["grindvakt_attempt_window_seconds"] == 2)
            #expect(samples["grindvakt_attempt_table_displaced_total"] == 0)
            #expect(samples.sum("grindvakt_undecided_total") == 0)
            #expect(samples.sum("grindvakt_flows") == 3)
            for queue in 0...1 {
                for metric in [
                    "grindvakt_queue_length", "grindvakt_queue_kernel_dropped_total",
                    "grindvakt_queue_user_dropped_total", "grindvakt_receive_overruns_total",
                ] {
                    #expect(samples["\(metric){queue=\"\(queue)\"}"] == 0, "\(metric)")
                }
            }
            #expect(samples[#"grindvakt_list_entries{list="dropped"}"#] == 1)
            #expect(samples["grindvakt_snapshot_generation"] == 1)

            let status = try await site.grindvakt(["status", "--socket", site.socket])
            #expect(status.succeeded && status.output.contains("dropped"), "\(status)")
            let metrics = try await site.grindvakt(["metrics", "--format", "openmetrics", "--socket", site.socket])
            #expect(metrics.succeeded && metrics.output.hasSuffix("# EOF\n"))
        }
    }

    @Test(.enabled(if: Promtool.path != nil, "promtool is neither in PATH nor named by GRINDVAKT_PROMTOOL"))
    func `promtool finds no fault with the exposition`() async throws {
        let promtool = try #require(Promtool.path)
        try await Site.with { site in
            _ = try await site.startResponder()
            _ = try await site.startSensor()
            try await site.applyRules()
            #expect(try await site.isAnswered(Site.unlisted))
            #expect(try await site.isStopped(Site.listed))
            let check = try await Command.run([promtool, "check", "metrics"], input: try await site.get("/metrics"))
            #expect(check.succeeded, "\(check)")
        }
    }
}
