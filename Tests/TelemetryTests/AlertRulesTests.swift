import Foundation
import NetworkLab
import Telemetry
import TestSupport
import Testing

@Suite("Rules for Prometheus")
struct AlertRulesTests {
    @Test func `the rules are read`() throws {
        let rules = try MonitoringFiles.rules()
        #expect(rules.count { $0.isAlert } > 30 && rules.count { $0.isAlert == false } > 5)
        #expect(Set(rules.map(\.name)).count == rules.count)
        for rule in rules { #expect(rule.expression.isEmpty == false, "\(rule.name)") }
    }

    @Test func `every metric of a rule exists, and only counters have rates`() throws {
        let rules = try MonitoringFiles.rules()
        let recorded = Set(rules.filter { $0.isAlert == false }.map(\.name))
        for rule in rules {
            let uses = PromQL(rule.expression).uses
            #expect(uses.isEmpty == false, "\(rule.name)")
            for use in uses {
                let fault = PromQL.fault(use, recorded: recorded)
                #expect(fault == nil, "\(rule.name): \(fault ?? "")")
            }
        }
    }

    @Test func `every alert says how grave it is, how long it waits, what is wrong and what to do`() throws {
        for rule in try MonitoringFiles.rules() where rule.isAlert {
            #expect(["critical", "warning"].contains(rule.values["severity"]), "\(rule.name)")
            #expect(rule.values["for"]?.isEmpty == false, "\(rule.name)")
            let summary = try #require(rule.values["summary"], "\(rule.name)")
            let description = try #require(rule.values["description"], "\(rule.name)")
            #expect((10...160).contains(summary.count) && (40...400).contains(description.count), "\(rule.name)")
            #expect(summary.contains("$labels.instance") || rule.name == "GrindvaktNoSensor", "\(rule.name)")
            #expect(rule.values["runbook"] == "Alerts.md#\(rule.name.lowercased())")
        }
    }

    @Test func `every alert has its section in the documentation, in the order of the rules, and no other has one`()
        throws
    {
        let page = try MonitoringFiles.text("Sources/grindvakt/Grindvakt.docc/Alerts.md")
        let sections = page.split(separator: "\n").filter { $0.hasPrefix("### ") }.map { String($0.dropFirst(4)) }
        #expect(sections == (try MonitoringFiles.rules().filter(\.isAlert).map(\.name)))
        for section in page.components(separatedBy: "### ").dropFirst() {
            let body = section.split(separator: "\n").dropFirst().joined()
            #expect(body.count > 20, "\(section.prefix(40))")
        }
    }

    @Test func `every alert is tried: it does not fire, it fires, and it ends`() throws {
        let text = try MonitoringFiles.text("systemd/monitoring/grindvakt.rules.test.yml")
        var moments: [String: [Bool]] = [:]
        var last: String?
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.first == "alertname:", let name = words.last {
                last = String(name)
                moments[String(name), default: []].append(false)
            } else if words.first == "exp_alerts:", let last, let count = moments[last]?.count {
                moments[last]?[count - 1] = true
            }
        }
        for rule in try MonitoringFiles.rules() where rule.isAlert {
            let fires = try #require(moments[rule.name], "\(rule.name) is not tried")
            let first = try #require(fires.firstIndex(of: true), "\(rule.name) never fires")
            #expect(first > 0, "\(rule.name) is not tried before it fires")
            #expect(fires[first...].contains(false), "\(rule.name) is not tried after it has ended")
        }
    }

    @Test(.enabled(if: Promtool.path != nil, "promtool is neither in PATH nor named by GRINDVAKT_PROMTOOL"))
    func `promtool finds the rules right, and each alert fires when it should`() async throws {
        for (command, file) in [("check", "grindvakt.rules.yml"), ("test", "grindvakt.rules.test.yml")] {
            let promtool = try #require(Promtool.path)
            let result = try await Command.run(
                ["env", "-C", MonitoringFiles.folder, promtool, command, "rules", file],
                timeLimit: .seconds(120)
            )
            #expect(result.succeeded && (result.output + result.errors).contains("SUCCESS"), "\(result)")
        }
    }

    @Test(
        arguments: [
            ("rate(grindvakt_packets_total[5m]) > 0", ["grindvakt_packets_total"]),
            ("sum by (job, queue) (a) / on (job) group_left (x) (b{c=\"d e\",f=~\"}\"}[5m] offset 1d)", ["a", "b"]),
            ("max_over_time(a:b[1h:5m]) == bool 1e3 unless absent(d)", ["a:b", "d"]),
            ("histogram_quantile(0.99, sum(rate(x_bucket[5m])) by (le)) or time() - y < 72 * 3600", ["x_bucket", "y"]),
        ]
    )
    func `metrics are told from all else in an expression`(expression: String, names: [String]) {
        #expect(PromQL(expression).uses.map(\.name) == names)
    }

    @Test(
        arguments: [
            "grindvakt_packets_total", "rate(grindvakt_flows[5m])", "rate(grindvakt_verdict_seconds[5m])",
            "rate(grindvakt_nothing_total[5m])", "grindvakt_verdict_seconds_bucket", "grindvakt_packets",
        ]
    )
    func `a wrong use of a metric is found`(expression: String) throws {
        let use = try #require(PromQL(expression).uses.first)
        #expect(PromQL.fault(use, recorded: []) != nil)
    }
}
