import Telemetry

/// What one test name showed on one route.
package struct CoverageResult: Equatable, Sendable {
    /// The list that has it as a test name.
    package let list: String
    /// The name.
    package let name: TestName
    /// How it was asked for, and of whom.
    package let route: Probe.Route
    /// What that showed.
    package let verdict: ProbeVerdict
    /// Milliseconds until the client knew.
    package let milliseconds: Int
}

/// What all test names showed: for people, and for programs.
///
/// It names test names, which the tester has brought, and no addresses.
package struct CoverageReport: Sendable {
    /// The results.
    package let results: [CoverageResult]

    /// A report of these results.
    package init(_ results: [CoverageResult]) {
        self.results = results
    }

    /// Whether every name was blocked on every route, and there was one.
    package var isComplete: Bool {
        results.isEmpty == false && results.allSatisfy { if case .blocked = $0.verdict { true } else { false } }
    }

    /// A table for people, and a line for each list.
    package var text: String {
        let head = ["LIST", "NAME", "MECHANISM", "TYPE", "IP", "RESULT", "HOW", "MS"]
        let rows = [head] + results.map(Self.row)
        let widths = head.indices.map { column in rows.map { $0[column].utf8.count }.max() ?? 0 }
        var text = ""
        for row in rows {
            var line = ""
            for (column, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.utf8.count)
                // Numbers to the right.
                line += column == head.count - 1 ? padding + cell : cell + padding + "  "
            }
            text += line + "\n"
        }
        for list in lists { text += "\n" + summary(of: list) }
        return text
    }

    /// The ids of the lists, in the order of the results.
    private var lists: [String] {
        results.reduce(into: []) { lists, result in
            if lists.last != result.list { lists.append(result.list) }
        }
    }

    private func summary(of list: String) -> String {
        var text = ""
        for mechanism in Mechanism.allCases {
            let all = results.filter { $0.list == list && $0.route.mechanism == mechanism }
            guard all.isEmpty == false else { continue }
            let tally = Tally(all)
            var line = "\(list) \(mechanism.label): \(tally.blocked) of \(tally.blocked + tally.passed) blocked"
            if tally.unclear > 0 { line += ", \(tally.unclear) unclear" }
            if tally.passed > 0 { line += "  GAP" }
            text += line + "\n"
        }
        return text
    }

    private static func row(_ result: CoverageResult) -> [String] {
        let (word, how) = words(result.verdict)
        return [
            result.list, result.name.description, result.route.mechanism.label, result.route.type?.label ?? "-",
            "IPv\(result.route.server.version)", word, how ?? "-", String(result.milliseconds),
        ]
    }

    private static func words(_ verdict: ProbeVerdict) -> (word: String, how: String?) {
        switch verdict {
        case .blocked(let answer): ("blocked", answer.rawValue)
        case .passed: ("PASSED", nil)
        case .unclear(let doubt): ("unclear", doubt.rawValue)
        }
    }

    /// One JSON object with all of it.
    package var json: String {
        var json = JSONWriter()
        json.beginObject()
        json.write("complete", isComplete)
        json.beginArray("results")
        for result in results {
            let (word, how) = Self.words(result.verdict)
            json.beginObject()
            json.write("list", result.list)
            json.write("name", result.name.description)
            json.write("mechanism", result.route.mechanism.label)
            json.write("type", result.route.type?.label)
            json.write("ip", result.route.server.version)
            json.write("result", word.lowercased())
            json.write("how", how)
            json.write("milliseconds", result.milliseconds)
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return json.text + "\n"
    }
}

/// How often a name was blocked, passed, or neither could be said.
struct Tally: Equatable {
    private(set) var blocked = 0
    private(set) var passed = 0
    private(set) var unclear = 0

    init(_ results: [CoverageResult]) {
        for result in results {
            switch result.verdict {
            case .blocked: blocked += 1
            case .passed: passed += 1
            case .unclear: unclear += 1
            }
        }
    }
}
