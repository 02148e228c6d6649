import FoundationEssentials
import NetworkLab
import TestSupport
import Testing

extension LiveTests {
    @Test(.enabled(if: Monitoring.prometheus != nil, "prometheus is neither in PATH nor beside GRINDVAKT_PROMTOOL"))
    func `a Prometheus that scrapes a sensor answers every query of the dashboard, and finds no fault with a rule`()
        async throws
    {
        try await Site.with { site in
            _ = try await site.startResponder()
            let certificate = try await site.startTLSServer(names: [Site.listed, Site.unlisted])
            _ = try await site.startMonitored()
            try await site.applyRules()
            let prometheus = try await site.startPrometheus(try #require(Monitoring.prometheus))

            // Traffic for as long as rates are looked at, so that each has something to be made of.
            for _ in 0..<4 {
                let flood = try site.startFlood(least: 200, rate: 400)
                for name in [Site.listed, "canary.test", "passed.test", "refused.test"] {
                    _ = try await site.dig(name, within: 1)
                }
                _ = try await site.curl(Site.unlisted, trusting: certificate, within: 10)
                _ = try await site.curl(Site.listed, trusting: certificate, within: 1)
                _ = try await flood.end()
            }
            _ = try await site.grindvakt(["reload", "--socket", site.socket])
            try await prometheus.waitUntilReady("the last scrape", timeLimit: .seconds(90)) {
                try await site.value("sum(grindvakt_reloads_total)") == 1
            }
            // Of a counter Prometheus has what the sensor says, and no name has got there.
            let sent = try await site.samples().sum("grindvakt_names_total", #"protocol="dns""#)
            #expect(try await site.value("sum(grindvakt_names_total{protocol=\"dns\"})") == sent && sent > 800)
            let rate = try #require(try await site.value("sum(increase(grindvakt_names_total[2m]))"))
            #expect(rate > sent / 2 && rate < sent * 3, "\(rate) of \(sent)")

            var empty: [String] = []
            for (title, expression) in try Dashboard.read().queries(interval: "1m") {
                let answer = try await site.query(expression)
                #expect(answer.status == "success", "\(title): \(expression): \(answer.error ?? "")")
                if answer.data?.result.isEmpty != false { empty.append(title) }
            }
            // A sensor of queues has no taps; nothing is wrong with this one; what no list has is not shown; and it keeps no statistics, so that nobody
            // tells it of probes or asks it how long names took to pass.
            let allowed: Set = [
                "Taps", "What is wrong", "Wrong over time", "Refused updates and reloads", "Lists replaced",
                "Test names blocked", "Time to unblock, 95 of 100",
            ]
            #expect(Set(empty).subtracting(allowed) == [], "without data")
            #expect(Set(empty).isSuperset(of: ["Taps"]))

            let rules = try await site.get("/api/v1/rules", as: RuleAnswer.self)
            let all = rules.data.groups.flatMap(\.rules)
            #expect(rules.status == "success" && all.count > 40)
            for rule in all { #expect(rule.health == "ok" && rule.lastError ?? "" == "", "\(rule)") }
            let firing = all.filter { $0.state == "firing" }.map(\.name)
            #expect(firing == [], "nothing is wrong for long enough")
            let empties = try await all.filter { $0.type == "recording" }.asyncFilter {
                try await site.query($0.name).data?.result.isEmpty != false
            }
            #expect(empties.map(\.name) == [], "records without data")
            let names = try await site.query("count by (__name__) ({__name__=~\".+\"})")
            #expect(names.status == "success")
            #expect(prometheus.isRunning)
        }
    }
}

extension Site {
    private static let port = 9_469
    private static let prometheusPort = 9_490

    /// Starts a sensor whose counters Prometheus can have, with lists that have something to tell.
    fileprivate func startMonitored() async throws -> LabProcess {
        try lab.write("canary.test\n", to: "canaries.txt")
        try lab.write("passed.test\n", to: "allow.txt")
        try lab.write("\(Self.listed)\npassed.test\n", to: "list.txt")
        try lab.write("refused.test\n", to: "refused.txt")
        let built = try await grindvakt([
            "list", "build", "-o", lab.path("dropped.snapshot"), "--id", "dropped", "--sequence", "7", "--expires",
            "+60d", lab.path("list.txt"),
        ])
        try #require(built.succeeded, "\(built)")
        let configuration = try lab.write(
            """
            [sensor]
            queues = "0:1"

            [[list]]
            id = "dropped"
            path = "dropped.snapshot"

            [[list]]
            id = "refused"
            path = "refused.txt"
            action = "refused"
            test-names = "canaries.txt"

            [allow]
            path = "allow.txt"

            [metrics]
            socket = "\(socket)"
            listen = "127.0.0.1:\(Self.port)"

            """,
            to: "grindvakt.toml"
        )
        let sensor = lab.spawn([binary, "run", "--config", configuration], on: lab.router)
        try await sensor.waitForLine(containing: "ready:", timeLimit: .seconds(60))
        return sensor
    }

    /// Starts a Prometheus on the router that scrapes the sensor each second, by the rules of the project.
    fileprivate func startPrometheus(_ program: String) async throws -> LabProcess {
        let configuration = try lab.write(
            """
            global:
              scrape_interval: 1s
              evaluation_interval: 1s
            rule_files:
              - \(Dashboard.root())/systemd/monitoring/grindvakt.rules.yml
            scrape_configs:
              - job_name: grindvakt
                static_configs:
                  - targets: ["127.0.0.1:\(Self.port)"]

            """,
            to: "prometheus.yml"
        )
        let prometheus = lab.spawn(
            [
                program, "--config.file=\(configuration)", "--storage.tsdb.path=\(lab.path("prometheus"))",
                "--web.listen-address=127.0.0.1:\(Self.prometheusPort)", "--log.level=warn",
            ],
            on: lab.router
        )
        try await prometheus.waitUntilReady("Prometheus", timeLimit: .seconds(60)) {
            try await value("count(grindvakt_build_info)") == 1
        }
        return prometheus
    }

    /// What Prometheus answers to a query.
    fileprivate func query(_ expression: String) async throws -> QueryAnswer {
        let address = "http://127.0.0.1:\(Self.prometheusPort)/api/v1/query"
        let answer = try await lab.router.run(
            ["curl", "-sS", "--max-time", "20", "--data-urlencode", "query=\(expression)", address],
            timeLimit: .seconds(90)
        )
        // While it starts it answers in words.
        guard let decoded = try? JSONDecoder().decode(QueryAnswer.self, from: Data(answer.output.utf8)) else {
            return QueryAnswer(status: "error", error: answer.output + answer.errors, data: nil)
        }
        return decoded
    }

    /// The one number that a query gives; nil where it gives none.
    fileprivate func value(_ expression: String) async throws -> Double? {
        try await query(expression).data?.result.first?.number
    }

    /// An answer of Prometheus' interface.
    fileprivate func get<Answer: Decodable>(_ path: String, as type: Answer.Type) async throws -> Answer {
        let address = "http://127.0.0.1:\(Self.prometheusPort)\(path)"
        let answer = try await lab.router.run(["curl", "-sS", "--max-time", "20", address], timeLimit: .seconds(90))
        return try JSONDecoder().decode(type, from: Data(answer.output.utf8))
    }
}

/// Prometheus' answer to a query.
private struct QueryAnswer: Decodable {
    struct Content: Decodable {
        let result: [Sample]
    }

    struct Sample: Decodable {
        /// The value, where the query was for one moment.
        let number: Double?

        private enum Key: CodingKey {
            case value
        }

        init(from decoder: any Decoder) throws {
            // A result that is one number has no labels: its pair is the sample.
            guard let container = try? decoder.container(keyedBy: Key.self) else {
                number = nil
                return
            }
            var pair = try container.nestedUnkeyedContainer(forKey: .value)
            _ = try pair.decode(Double.self)
            number = Double(try pair.decode(String.self))
        }
    }

    let status: String
    let error: String?
    let data: Content?
}

/// Prometheus' account of its rules.
private struct RuleAnswer: Decodable {
    struct Groups: Decodable {
        let groups: [Group]
    }

    struct Group: Decodable {
        let rules: [Rule]
    }

    struct Rule: Decodable {
        let name: String
        let type: String
        let health: String
        let lastError: String?
        let state: String?
    }

    let status: String
    let data: Groups
}

extension Sequence {
    /// The elements for which an answer that takes time is yes.
    fileprivate func asyncFilter(_ isIncluded: (Element) async throws -> Bool) async rethrows -> [Element] {
        var included: [Element] = []
        for element in self where try await isIncluded(element) { included.append(element) }
        return included
    }
}
