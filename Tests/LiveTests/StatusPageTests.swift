import Foundation
import NetworkLab
import Telemetry
import TestSupport
import Testing

extension LiveTests {
    @Test(.enabled(if: Chromium.path != nil, "chromium-headless-shell is missing"))
    func `a browser shows the counters of the moment, with the page's script and without it`() async throws {
        try await Site.with { site in
            _ = try await site.startResponder()
            let sensor = try await StatusPageVisit.startSensor(of: site)
            try await site.applyRules()
            try await StatusPageVisit.ask(30, blocked: 10, of: site)
            let visit = try StatusPageVisit(site, until: 55)

            let plain = try await visit.page("plain"), renewed = try await visit.page("renewed")
            let before = try await site.samples()
            for page in [plain, renewed] { page.expectFigures(of: before) }
            #expect(renewed.figures.filter(StatusPageVisit.stands) == plain.figures.filter(StatusPageVisit.stands))
            // Its own resources and no others: the page, and what it reads anew.
            #expect(plain.requests == 1 && plain.refreshes == 1 && plain.charts == false)
            #expect(renewed.requests >= 2 && renewed.charts)

            try await visit.process.waitForLine(containing: "watching")
            try await StatusPageVisit.ask(10, blocked: 5, of: site)
            let more = try await visit.page("more")
            more.expectFigures(of: try await site.samples())
            #expect(
                more.drawings.count == 5 && more.drawings.allSatisfy { $0?.contains("now") == true },
                "\(more.drawings)"
            )
            #expect(more.said == "", "nothing has changed that must be said aloud")

            for page in [plain, renewed, more] {
                #expect(page.complaints == [], "\(page.step)")
                #expect(page.verdict == "All is well" && page.title == "Grindvakt: all is well" && page.away == false)
                #expect(page.width <= page.window, "\(page.step) is too wide for a phone")
                #expect(page.figures["origins/police/publisher"] == StatusPageVisit.publisher && page.elements == 0)
            }

            #expect(try await site.grindvakt(["kill-switch", "on", "--socket", site.socket]).succeeded)
            let unwell = try await visit.page("unwell")
            #expect(unwell.verdict == "1 thing needs attention" && unwell.title.hasPrefix("(1) "))
            #expect(unwell.said.contains("The kill switch is on"), "a screen reader is told")
            #expect(unwell.findings.count == 1 && unwell.findings[0].contains("grindvakt kill-switch off"))
            #expect(unwell.figures["kill_switch"] == "on: nothing is blocked")
            #expect(try await site.grindvakt(["kill-switch", "off", "--socket", site.socket]).succeeded)
            let well = try await visit.page("well")
            #expect(well.findings == [] && well.said == "All is well." && well.complaints == [])

            #expect(await sensor.stop() == .exited(0))
            let away = try await visit.page("away")
            #expect(away.title == "(?) Grindvakt: no answer" && away.said == "The sensor does not answer.")
            #expect(away.figures["totals.names.dns"] == "55")
            #expect(try await Command.wait(atMost: .seconds(90)) { visit.process.isRunning == false })
        }
    }
}

/// A browser that looks at the status page of a site's sensor.
private struct StatusPageVisit {
    /// What the browser showed.
    struct Page: Decodable {
        var step: String
        var figures: [String: String]
        var title: String
        var verdict: String
        var said: String
        var findings: [String]
        var away: Bool
        var charts: Bool
        var width: Int
        var window: Int
        var drawings: [String?]
        var elements: Int
        var refreshes: Int
        var complaints: [String]
        var requests: Int
    }

    /// The browser's process.
    let process: LabProcess

    /// A publisher that is up to no good.
    static let publisher = #"<script>document.title = "mine"</script><img src=x onerror=alert(1)>"#

    private static let address = "127.0.0.1:9469"

    /// Starts the sensor on the router, with a list of a hostile publisher and a listener for the browser.
    static func startSensor(of site: Site) async throws -> LabProcess {
        let configuration = try site.lab.write(
            """
            [sensor]
            queues = "0:1"

            [[list]]
            id = "police"
            path = "list.txt"
            publisher = '\(publisher)'

            [metrics]
            socket = "\(site.socket)"
            listen = "\(address)"

            """,
            to: "page.toml"
        )
        let sensor = site.lab.spawn([site.binary, "run", "--config", configuration], on: site.lab.router)
        try await sensor.waitForLine(containing: "ready:", timeLimit: .seconds(60))
        return sensor
    }

    /// Asks for names that are on no list, and for some that are.
    static func ask(_ count: Int, blocked: Int, of site: Site) async throws {
        for (domain, count, patience) in [(Site.unlisted, count, 15), (Site.listed, blocked, 1)] {
            let arguments = [site.lab.server.ipv4[0], "\(count)", "\(count)", "500", "\(patience)", domain]
            let flood = try await site.run(Script.flood, named: "flood", arguments, on: site.lab.client)
            #expect(flood.output.contains("sent=\(count) "), "\(flood)")
        }
    }

    /// Whether a figure stays as it is while nothing comes: no time that passes, and no flow that is forgotten.
    static func stands(_ figure: (key: String, value: String)) -> Bool {
        ["uptime_seconds", "cpu_seconds", "flows", "flow_memory_bytes"].allSatisfy { figure.key.hasSuffix($0) == false }
    }

    /// Opens the page, and watches it until it shows so many names.
    init(_ site: Site, until names: Int) throws {
        let file = try site.lab.write(Script.statusPage, to: "status-page.py")
        process = site.lab.spawn(
            [
                "env", "HOME=\(site.lab.folder)", "TMPDIR=\(site.lab.folder)", "/usr/bin/python3", file,
                try #require(Chromium.path), site.lab.path("profile"), "http://\(Self.address)/", "\(names)",
            ],
            on: site.lab.router
        )
    }

    /// The page at a step, as soon as it is there.
    func page(_ step: String) async throws -> Page {
        let beginning = "{\"step\": \"\(step)\""
        try await process.waitForLine(containing: beginning, timeLimit: .seconds(90))
        let line = try #require(process.lines.first { $0.hasPrefix(beginning) })
        return try JSONDecoder().decode(Page.self, from: Data(line.utf8))
    }
}

extension StatusPageVisit.Page {
    /// Expects the figures that a scrape of the same moment has.
    func expectFigures(of samples: Samples) {
        var expected: [String: Double?] = [
            "totals.matches": samples.sum("grindvakt_matches_total"),
            "lists/police/matches": samples.sum("grindvakt_matches_total", #"list="police""#),
            "lists/police/entries": samples[#"grindvakt_list_entries{list="police"}"#],
        ]
        for verdict in CountedVerdict.allCases.map(\.label) {
            expected["totals.packets.\(verdict)"] = samples.sum("grindvakt_packets_total", "verdict=\"\(verdict)\"")
        }
        for (member, metric, label, words) in [
            ("names", "names", "protocol", InspectedProtocol.allCases.map(\.label)),
            ("undecided", "undecided", "cause", UndecidedCause.allCases.map(\.label)),
            ("anomalies", "anomalies", "kind", Anomaly.allCases.map(\.label)),
            ("encrypted_dns_flows", "encrypted_dns_flows", "kind", EncryptedDNS.allCases.map(\.label)),
        ] {
            for word in words {
                expected["totals.\(member).\(word)"] = samples["grindvakt_\(metric)_total{\(label)=\"\(word)\"}"]
            }
        }
        for kind in CountedResponse.allCases.map(\.label) {
            for result in ResponseResult.allCases.map(\.label) {
                expected["totals.responses.\(kind).\(result)"] = samples.sum(
                    "grindvakt_responses_total",
                    "kind=\"\(kind)\"",
                    "result=\"\(result)\""
                )
            }
        }
        for queue in 0...1 {
            let place = "queues/\(queue)", label = "queue=\"\(queue)\""
            for (member, verdict) in [("accepted", "accept"), ("dropped", "drop")] {
                expected["\(place)/\(member)"] = samples["grindvakt_packets_total{\(label),verdict=\"\(verdict)\"}"]
            }
            expected["\(place)/unseen"] = samples["grindvakt_queue_unseen_total{\(label)}"]
            expected["\(place)/kernel_dropped"] = samples["grindvakt_queue_kernel_dropped_total{\(label)}"]
        }
        for (figure, value) in expected {
            let shown = figures[figure].flatMap { Double($0.filter { $0 != "\u{202F}" }) }
            #expect(shown != nil && shown == value, "\(step): \(figure) is \(figures[figure] ?? "missing")")
        }
    }
}
