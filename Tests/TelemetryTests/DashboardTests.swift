import Foundation
import NetworkLab
import TestSupport
import Testing

@Suite("Dashboard for Grafana")
struct DashboardTests {
    @Test func `each panel has a number of its own, a title, an explanation and data`() throws {
        let dashboard = try Dashboard.read()
        #expect(dashboard.uid == "grindvakt" && dashboard.schemaVersion >= 36)
        #expect(Set(dashboard.panels.map(\.id)).count == dashboard.panels.count && dashboard.panels.count > 30)
        for panel in dashboard.panels where panel.type != "row" {
            #expect(panel.title.isEmpty == false && panel.description?.isEmpty == false, "\(panel.title)")
            let targets = try #require(panel.targets)
            #expect(targets.isEmpty == false && Set(targets.map(\.refId)).count == targets.count, "\(panel.title)")
        }
    }

    @Test func `panels lie side by side, within the width, and none over another`() throws {
        let panels = try Dashboard.read().panels
        for (index, panel) in panels.enumerated() {
            let place = panel.gridPos
            #expect(place.x >= 0 && place.w > 0 && place.h > 0 && place.x + place.w <= 24, "\(panel.title)")
            for other in panels[..<index] {
                #expect(place.overlaps(other.gridPos) == false, "\(panel.title) lies over \(other.title)")
            }
        }
    }

    @Test func `the source of data and the sensor are variables, which each panel goes by`() throws {
        let dashboard = try Dashboard.read()
        #expect(dashboard.templating.list.map(\.name) == ["datasource", "instance"])
        #expect(dashboard.templating.list.map(\.type) == ["datasource", "query"])
        for panel in dashboard.panels where panel.type != "row" {
            #expect(panel.datasource?.isVariable == true, "\(panel.title)")
            for target in panel.targets ?? [] {
                #expect(target.datasource.isVariable, "\(panel.title)")
                let count = target.expr.components(separatedBy: "instance=~\"$instance\"").count - 1
                #expect(count > 0, "\(panel.title): \(target.expr)")
            }
        }
    }

    @Test func `every metric of a query exists, and only counters have rates`() throws {
        for (title, expression) in try Dashboard.read().queries(interval: "5m") {
            #expect(expression.contains("$") == false, "\(title): \(expression)")
            let uses = PromQL(expression).uses
            #expect(uses.isEmpty == false, "\(title)")
            for use in uses {
                let fault = PromQL.fault(use, recorded: [])
                #expect(fault == nil, "\(title): \(fault ?? "")")
            }
        }
    }

    @Test(.enabled(if: Promtool.path != nil, "promtool is neither in PATH nor named by GRINDVAKT_PROMTOOL"))
    func `promtool can read every query`() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "dashboard-\(UUID().uuidString).yml")
        defer { try? FileManager.default.removeItem(at: file) }
        let queries = try Dashboard.read().queries(interval: "5m")
        // JSON is YAML, too.
        let rules = queries.enumerated().map { ["record": "query:\($0)", "expr": $1.expression] }
        let groups = ["groups": [["name": "queries", "rules": rules]]]
        try JSONSerialization.data(withJSONObject: groups, options: .withoutEscapingSlashes).write(to: file)
        let promtool = try #require(Promtool.path)
        let result = try await Command.run([promtool, "check", "rules", file.path], timeLimit: .seconds(120))
        let said = result.output + result.errors
        #expect(result.succeeded && said.contains("\(queries.count) rules found"), "\(result)")
    }

    @Test func `places that overlap are told from places that touch`() {
        func place(_ x: Int, _ y: Int) throws -> Dashboard.Place {
            let text = "{\"x\": \(x), \"y\": \(y), \"w\": 4, \"h\": 2}"
            return try JSONDecoder().decode(Dashboard.Place.self, from: Data(text.utf8))
        }
        #expect(throws: Never.self) {
            let first = try place(4, 4)
            for (x, y) in [(0, 4), (8, 4), (4, 2), (4, 6), (8, 6)] { #expect(try first.overlaps(place(x, y)) == false) }
            for (x, y) in [(4, 4), (1, 4), (7, 5), (4, 3)] { #expect(try first.overlaps(place(x, y))) }
        }
    }
}
