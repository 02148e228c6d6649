import NetworkLab
import TestSupport
import Testing

/// A site whose sensor has a list for each action, with a test name for each, and servers of every mechanism.
private struct CoverageSite: Sendable {
    let site: Site
    let configuration: String

    /// The test name of an action's list.
    static func name(_ action: String) -> String { "try-\(action).test" }

    /// Makes the site with servers of DNS, TLS, QUIC and HTTP and runs `body`; the sensor is not started yet.
    static func with(
        actions: [String] = Site.actions,
        inspect: String = "",
        _ body: @escaping @Sendable (CoverageSite) async throws -> Void
    ) async throws {
        try await Site.with { site in
            try await site.lab.startDNSServer()
            try await site.lab.startHTTPServers()
            _ = try await site.startTLSServer(names: [Site.unlisted])
            let negotiator = try site.start(
                Script.quicNegotiator,
                named: "negotiator",
                site.lab.server.addresses,
                on: site.lab.server
            )
            try await negotiator.waitForLine(containing: "ready")
            let base = try site.configureResponses(actions: actions)
            let text = try await Command.output(["cat", base])
            var lists = text
            for action in actions {
                try site.lab.write("\(name(action))\n", to: "\(action)-tests.txt")
                lists = lists.split(separator: "\n", omittingEmptySubsequences: false).map { line in
                    line == "path = \"\(action).txt\"" ? "\(line)\ntest-names = \"\(action)-tests.txt\"" : String(line)
                }.joined(separator: "\n")
            }
            let configuration = try site.lab.write("\(lists)\n[inspect]\n\(inspect)\n", to: "coverage.toml")
            try await body(CoverageSite(site: site, configuration: configuration))
        }
    }

    /// Starts the sensor and its rules.
    func startSensor() async throws -> LabProcess {
        let sensor = site.lab.spawn([site.binary, "run", "--config", configuration], on: site.lab.router)
        try await sensor.waitForLine(containing: "ready:", timeLimit: .seconds(60))
        try await site.applyRules()
        return sensor
    }

    /// Probes from the client, and returns how that ended and the rows of the table.
    func probe(_ options: [String] = [], timeout: Int = 1_500) async throws -> (CommandResult, [[String]]) {
        let servers = site.lab.server.addresses.flatMap { ["--resolver", $0, "--target", $0] }
        let result = try await site.lab.client.run(
            [
                site.binary, "selftest", "coverage", "--config", configuration, "--rate", "100", "--timeout",
                "\(timeout)",
            ] + servers + options,
            timeLimit: .seconds(120)
        )
        let rows = result.output.split(separator: "\n", omittingEmptySubsequences: false).dropFirst()
            .prefix { $0.isEmpty == false }
            .map { $0.split(separator: " ").map(String.init) }
        return (result, rows)
    }
}

extension LiveTests {
    /// What a client sees of each action, by DNS and by all else; nil where it is any of what a lost connection looks like.
    private static let signs: [String: Set<String>] = [
        "drop": ["timeout"], "nxdomain": ["nxdomain"], "nodata": ["nodata"], "refused": ["refused"],
        "reset": ["refused"], "sinkhole": ["sinkhole", "nodata"],
    ]

    @Test func `coverage sees every action by every mechanism over both versions of IP`() async throws {
        try await CoverageSite.with { site in
            let sensor = try await site.startSensor()
            let record = site.site.lab.path("coverage.jsonl")
            let (result, rows) = try await site.probe(["--record", record])
            #expect(result.succeeded, "\(result)")
            // Three types of DNS over UDP and TCP, TLS, two versions of QUIC and HTTP, over two versions of IP.
            #expect(rows.count == Site.actions.count * 20, "\(result)")
            for row in rows {
                try #require(row.count == 8, "\(row)")
                let (list, mechanism, how) = (row[0], row[2], row[6])
                #expect(row[1] == CoverageSite.name(list) && row[5] == "blocked", "\(row)")
                if mechanism.hasPrefix("dns") {
                    #expect(try #require(Self.signs[list]).contains(how), "\(row)")
                } else if list == "drop" {
                    #expect(how == "timeout", "\(row)")
                } else if mechanism == "http_host" {
                    #expect(how == "page", "\(row)")
                } else if mechanism == "tls_sni" {
                    #expect(how == "reset", "\(row)")
                } else {
                    #expect(how == "unreachable" || how == "timeout", "\(row)")
                }
                // What is told is told at once.
                if how != "timeout" { #expect(try #require(Int(row[7])) < 1_000, "\(row)") }
            }
            // They are counted apart, and the controls not at all.
            let samples = try await site.site.samples()
            #expect(samples.sum("grindvakt_matches_total") == 0)
            #expect(samples.sum("grindvakt_test_matches_total") >= Double(rows.count))

            // The record holds neither names nor addresses, and is the group's to read.
            let lines = try await Command.output(["cat", record])
            #expect(lines.split(separator: "\n").count == Site.actions.count * 12)
            for planted in ["try-", ".test", "192.0.2", "198.51", "2001:db8"] {
                #expect(lines.contains(planted) == false)
            }
            #expect(try await Command.output(["stat", "-c", "%a", record]).hasPrefix("640"))
            // The table holds the names that the tester brought, and no address.
            #expect(site.site.lab.client.addresses.allSatisfy { result.output.contains($0) == false })
            #expect(await sensor.stop() == .exited(0))
        }
    }

    @Test func `a mechanism that is switched off is a gap`() async throws {
        try await CoverageSite.with(actions: ["drop", "nxdomain"], inspect: "quic = false") { site in
            _ = try await site.startSensor()
            let (result, rows) = try await site.probe()
            #expect(result.status == .exited(1), "\(result)")
            for row in rows {
                let isOff = row[2].hasPrefix("quic")
                #expect(row[5] == (isOff ? "PASSED" : "blocked"), "\(row)")
            }
            #expect(rows.count == 40)
            #expect(result.output.contains("drop quic_v1: 0 of 2 blocked  GAP"), "\(result)")
            #expect(result.output.contains("drop tls_sni: 2 of 2 blocked\n"), "\(result)")
        }
    }

    @Test func `without a sensor every name passes, and without servers nothing is said`() async throws {
        try await CoverageSite.with(actions: ["drop"]) { site in
            let (passing, rows) = try await site.probe()
            #expect(passing.status == .exited(1))
            #expect(rows.count == 20, "\(passing)")
            for row in rows {
                // That there are no records of this type is what a blocked name could be answered, too.
                #expect(row[5] == (row[3] == "HTTPS" ? "unclear" : "PASSED"), "\(row)")
            }

            let nobody = ["--resolver", "198.51.100.99", "--target", "198.51.100.99"]
            let result = try await site.site.lab.client.run(
                [site.site.binary, "selftest", "coverage", "--config", site.configuration, "--timeout", "300"] + nobody,
                timeLimit: .seconds(60)
            )
            #expect(result.status == .exited(1), "\(result)")
            #expect(
                result.output.contains("control_failed") && result.output.contains("blocked ") == false,
                "\(result)"
            )
            #expect(result.output.contains("PASSED") == false)
        }
    }
}
