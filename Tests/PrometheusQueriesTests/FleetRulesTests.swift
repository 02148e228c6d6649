import Foundation
import NetworkLab
import TestSupport
import Testing

@testable import PrometheusQueries

@Suite("Rules for fleets")
struct FleetRulesTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "systemd/monitoring")

    @Test func `every counter of a report is recorded by its name, over all sensors of a market`() throws {
        let text = try String(contentsOf: Self.folder.appending(path: "grindvakt-fleet.rules.yml"), encoding: .utf8)
        let rules = text.components(separatedBy: "- record: ").dropFirst()
        for metric in CountedMetric.all {
            let rule = try #require(rules.first { $0.hasPrefix(metric.recorded + "\n") }, "\(metric.recorded)")
            #expect(
                rule.contains(
                    "(\(metric.name){job=\"grindvakt\"} - last_over_time(\(metric.name){job=\"grindvakt\"}[1h] offset 1m))"
                )
            )
            #expect(rule.contains("sum by (market"))
        }
        let updates = try #require(rules.first { $0.hasPrefix(FleetSource.updates + "\n") })
        #expect(updates.contains("count_values by (market, list) (\"steps\","))
    }

    @Test(.enabled(if: Promtool.path != nil, "promtool is neither in PATH nor named by GRINDVAKT_PROMTOOL"))
    func `promtool finds the rules right, and they count what sensors count`() async throws {
        for (command, file) in [("check", "grindvakt-fleet.rules.yml"), ("test", "grindvakt-fleet.rules.test.yml")] {
            let promtool = try #require(Promtool.path)
            let result = try await Command.run(
                ["env", "-C", Self.folder.path, promtool, command, "rules", file],
                timeLimit: .seconds(120)
            )
            #expect(result.succeeded && (result.output + result.errors).contains("SUCCESS"), "\(result)")
        }
    }
}
