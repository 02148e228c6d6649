import Figures
import Telemetry

/// A report as one JSON object (RFC 8259), for programs.
///
/// Members may be added, none is renamed. Times are seconds, dates are UTC. A period of which nothing is known has `"known": false` and no
/// markets; one in which nothing happened has its markets, with zeros.
package enum JSONReport {
    /// The object's form.
    static let schema = "grindvakt-report-1"

    /// The whole text, one line.
    package static func render(_ report: Report) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.write("schema", schema)
        writer.write("by", report.length.rawValue)
        writer.write("from", report.periods.first?.label)
        writer.write("to", report.lastDay)
        writer.beginArray("attempt_windows_seconds")
        for window in report.windows { writer.write(nil, window) }
        writer.endArray()
        writer.beginArray("chosen_lists")
        for list in report.chosenLists { writer.write(nil, list) }
        writer.endArray()
        headlines(report, &writer)
        var known: [Period: [PeriodFigures]] = [:]
        for figures in report.figures { known[figures.period, default: []].append(figures) }
        writer.beginArray("periods")
        for period in report.periods {
            writer.beginObject()
            writer.write("period", period.label)
            writer.write("is_over", period.end <= report.now)
            writer.write("known", known[period] != nil)
            writer.beginArray("markets")
            for figures in known[period] ?? [] { write(figures, &writer) }
            writer.endArray()
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return writer.text + "\n"
    }

    /// What is said of each market first, over the whole time.
    private static func headlines(_ report: Report, _ writer: inout JSONWriter) {
        let summary = ReportSummary(report)
        typealias Key = ReportSummary.Key
        let headlines = summary.headlines
        writer.beginArray("markets")
        for (key, count) in summary.attempts(by: { Key(market: $0.market.id, window: $0.attemptWindow) }) {
            writer.beginObject()
            writer.write("market", key.market)
            writer.write("attempt_window_seconds", key.window)
            writer.write("coverage", seconds: headlines[key.market]?.coverage)
            write("issued_to_activated_seconds", headlines[key.market]?.lag, &writer)
            write("unblock_seconds", Distribution(summary.unblockSeconds(key.market)), &writer)
            writer.write("attempts", count.attempts)
            writer.write("events", count.events)
            writer.write("attempts_per_100000_subscribers_and_day", seconds: count.rate)
            writer.endObject()
        }
        writer.endArray()
    }

    private static func write(_ name: String, _ distribution: Distribution?, _ writer: inout JSONWriter) {
        guard let distribution else { return writer.write(name, String?.none) }
        writer.beginObject(name)
        writer.write("p50", seconds: distribution.median)
        writer.write("p95", seconds: distribution.p95)
        writer.write("longest", seconds: distribution.longest)
        writer.endObject()
    }

    /// Test names that were seen; null where nobody has counted.
    private static func write(_ matches: [TestMatchFigures]?, _ writer: inout JSONWriter) {
        guard let matches else { return writer.write("test_matches", String?.none) }
        writer.beginArray("test_matches")
        for match in matches {
            writer.beginObject()
            writer.write("list", match.list)
            writer.write("mechanism", match.mechanism.label)
            writer.write("events", match.events)
            writer.endObject()
        }
        writer.endArray()
    }

    private static func write(_ figures: PeriodFigures, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.write("market", figures.market.id)
        writer.write("access", figures.market.access?.rawValue)
        writer.write("subscribers", figures.market.subscribers)
        writer.write("attempt_window_seconds", figures.attemptWindow)
        writer.beginArray("coverage")
        for found in figures.coverage {
            writer.beginObject()
            writer.write("list", found.list)
            writer.write("mechanism", found.mechanism.label)
            writer.write("probes", found.probes)
            writer.write("blocked", found.blocked)
            writer.write("block_median_milliseconds", seconds: found.medianMilliseconds?.measured)
            writer.write("block_longest_milliseconds", seconds: found.longestMilliseconds?.measured)
            writer.endObject()
        }
        writer.endArray()
        writer.beginArray("lists")
        for list in figures.lists { write(list, &writer) }
        writer.endArray()
        writer.write("unblock_times", figures.unblockSeconds.compactMap(\.measured).count)
        write("unblock_seconds", Distribution(figures.unblockSeconds.compactMap(\.measured)), &writer)
        writer.write("removal_times", figures.removalSeconds.compactMap(\.measured).count)
        write("removal_seconds", Distribution(figures.removalSeconds.compactMap(\.measured)), &writer)
        write(figures.testMatches, &writer)
        writer.beginArray("matches")
        for match in figures.matches {
            writer.beginObject()
            writer.write("list", match.list)
            writer.write("mechanism", match.mechanism.label)
            writer.write("action", match.action)
            writer.write("attempts", match.attempts)
            writer.write("events", match.events)
            writer.endObject()
        }
        writer.endArray()
        writer.beginArray("any_attempts")
        for any in figures.anyAttempts {
            writer.beginObject()
            writer.write("mechanism", any.mechanism.label)
            writer.write("action", any.action)
            writer.write("attempts", any.attempts)
            writer.endObject()
        }
        writer.endArray()
        let operation = figures.operation
        writer.beginObject("operation")
        writer.write("uptime_seconds", seconds: operation.uptimeSeconds.measured)
        writer.write("fail_open_seconds", seconds: operation.failOpenSeconds.measured)
        writer.write("kill_switch_seconds", seconds: operation.killSwitchSeconds.measured)
        writer.write("packets", operation.packets)
        writer.write("queue_drops", operation.queueDrops)
        writer.write("unseen", operation.unseen)
        writer.endObject()
        writer.beginObject("visibility")
        for (name, value) in ReportVisibility.members(figures.visibility) { writer.write(name, value) }
        writer.endObject()
        writer.endObject()
    }

    private static func write(_ list: ListFigures, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.write("list", list.list)
        writer.write("entries", list.entries)
        writer.beginObject("rejected")
        // A name twice in an object would hide one of its values.
        var rejected: [String: UInt64] = [:]
        for found in list.rejected { rejected[found.reason] = (rejected[found.reason] ?? 0).adding(found.entries) }
        for (reason, entries) in rejected.sorted(by: { $0.key < $1.key }) { writer.write(reason, entries) }
        writer.endObject()
        writer.write("refusals", list.refusals)
        writer.write("stale_seconds", seconds: list.staleSeconds.measured)
        let lag = ReportLag(list.activations)
        writer.write("updates", lag.updates)
        for (name, distribution) in lag.ways { write(name + "_seconds", distribution, &writer) }
        writer.endObject()
    }
}
