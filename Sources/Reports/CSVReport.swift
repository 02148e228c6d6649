import Figures
import Telemetry

/// A report as comma-separated values (RFC 4180): a row for each figure, so that a period, a market and a figure are columns to choose by.
///
/// Every row has the window of attempts. A market of which nothing is known in a period has one row there, `data` with the value 0.
package enum CSVReport {
    private static let columns = [
        "period", "length", "market", "access", "subscribers", "attempt_window_seconds", "figure", "list", "mechanism",
        "action", "reason", "unit", "value",
    ]

    /// The whole text: lines that end in CR and LF, the first with the names of the columns.
    package static func render(_ report: Report) -> String {
        var writer = Writer()
        writer.add(columns)
        let markets = Set(report.figures.map(\.market.id)).sorted()
        var known: [Period: [PeriodFigures]] = [:]
        for figures in report.figures { known[figures.period, default: []].append(figures) }
        for period in report.periods {
            let figures = known[period] ?? []
            for market in markets.isEmpty ? [""] : markets
            where figures.contains(where: { $0.market.id == market }) == false {
                writer.add([period.label, period.length.rawValue, market, "", "", "", "data", "", "", "", "", "", "0"])
            }
            for one in figures { add(one, to: &writer) }
        }
        return writer.text
    }

    private static func add(_ figures: PeriodFigures, to writer: inout Writer) {
        func add(
            _ figure: String,
            _ value: String?,
            unit: String = "",
            list: String = "",
            mechanism: Mechanism? = nil,
            action: String = "",
            reason: String = ""
        ) {
            guard let value else { return }
            writer.add([
                figures.period.label, figures.period.length.rawValue, figures.market.id,
                figures.market.access?.rawValue ?? "", figures.market.subscribers.map { String($0) } ?? "",
                String(figures.attemptWindow), figure, list, mechanism?.label ?? "", action, reason, unit, value,
            ])
        }
        add("data", "1")
        for found in figures.coverage {
            add("probes", String(found.probes), list: found.list, mechanism: found.mechanism)
            add("blocked", String(found.blocked), list: found.list, mechanism: found.mechanism)
            let (median, longest) = (found.medianMilliseconds, found.longestMilliseconds)
            add("block_median", number(median), unit: "milliseconds", list: found.list, mechanism: found.mechanism)
            add("block_longest", number(longest), unit: "milliseconds", list: found.list, mechanism: found.mechanism)
        }
        for list in figures.lists {
            add("entries", String(list.entries), list: list.list)
            for rejected in list.rejected {
                add("rejected", String(rejected.entries), list: list.list, reason: rejected.reason)
            }
            add("refusals", String(list.refusals), list: list.list)
            add("stale", number(list.staleSeconds), unit: "seconds", list: list.list)
            let lag = ReportLag(list.activations)
            add("updates", String(lag.updates), list: list.list)
            for (name, distribution) in lag.ways {
                guard let distribution else { continue }
                add("\(name)_p50", number(distribution.median), unit: "seconds", list: list.list)
                add("\(name)_p95", number(distribution.p95), unit: "seconds", list: list.list)
                add("\(name)_longest", number(distribution.longest), unit: "seconds", list: list.list)
            }
        }
        for (name, seconds) in [("unblock", figures.unblockSeconds), ("removal", figures.removalSeconds)] {
            let seconds = seconds.compactMap(\.measured)
            guard let distribution = Distribution(seconds) else { continue }
            add("\(name)_times", String(seconds.count))
            add("\(name)_p50", number(distribution.median), unit: "seconds")
            add("\(name)_p95", number(distribution.p95), unit: "seconds")
            add("\(name)_longest", number(distribution.longest), unit: "seconds")
        }
        for test in figures.testMatches ?? [] {
            add("test_events", String(test.events), list: test.list, mechanism: test.mechanism)
        }
        for match in figures.matches {
            let (list, mechanism, action) = (match.list, match.mechanism, match.action)
            add("attempts", String(match.attempts), list: list, mechanism: mechanism, action: action)
            add("events", String(match.events), list: list, mechanism: mechanism, action: action)
        }
        for any in figures.anyAttempts {
            add("any_attempts", String(any.attempts), mechanism: any.mechanism, action: any.action)
        }
        let operation = figures.operation
        add("uptime", number(operation.uptimeSeconds), unit: "seconds")
        add("fail_open", number(operation.failOpenSeconds), unit: "seconds")
        add("kill_switch", number(operation.killSwitchSeconds), unit: "seconds")
        add("packets", String(operation.packets))
        add("queue_drops", String(operation.queueDrops))
        add("unseen", String(operation.unseen))
        for (name, value) in ReportVisibility.members(figures.visibility) { add(name, String(value)) }
    }

    /// A number in plain digits, with a point; nil where it is none.
    private static func number(_ value: Double?) -> String? {
        guard let value = value?.measured else { return nil }
        let thousandths = UInt64((min(value, 1e15) * 1_000).rounded())
        let fraction = String(thousandths % 1_000)
        guard thousandths % 1_000 > 0 else { return String(thousandths / 1_000) }
        return "\(thousandths / 1_000)." + String(repeating: "0", count: 3 - fraction.utf8.count) + fraction
    }

    /// Puts rows together.
    private struct Writer {
        var text = ""

        mutating func add(_ fields: [String]) {
            text += fields.map(Self.field).joined(separator: ",") + "\r\n"
        }

        /// A field, in quotes where it needs them. A spreadsheet takes what begins with one of these signs for a formula; behind an apostrophe it
        /// is text.
        private static func field(_ value: String) -> String {
            var value = value
            if let first = value.unicodeScalars.first, ["=", "+", "-", "@", "\t", "\r", "\n"].contains(first) {
                value = "'" + value
            }
            guard value.unicodeScalars.contains(where: { [",", "\"", "\r", "\n"].contains($0) }) else { return value }
            var quoted = "\""
            for scalar in value.unicodeScalars {
                if scalar == "\"" { quoted += "\"" }
                quoted.unicodeScalars.append(scalar)
            }
            return quoted + "\""
        }
    }
}
