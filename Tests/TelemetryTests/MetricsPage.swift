import Telemetry

/// The page of the documentation about the metrics, made from the declarations themselves.
enum MetricsPage {
    /// The page's file, below the package's root.
    static let path = "Sources/grindvakt/Grindvakt.docc/Metrics.md"

    /// The whole text.
    static var text: String {
        """
        # Metrics

        Every metric of the sensor, what its labels may say, and what a scrape costs.

        This page is written by `make metrics-page` from the declarations in `Sources/Telemetry`, and a test fails when the two differ.

        ## Ways to them

        `/metrics` on the socket, or on the TCP listener where one is configured, answers in the Prometheus text format 0.0.4, or in OpenMetrics
        1.0 where `Accept` asks for it; `/metrics.json` has the same samples as JSON. All three are compressed where `Accept-Encoding` allows gzip.
        OpenMetrics names a counter without `_total` in its head lines and tells the units below, which the other text format has no line for.

        No metric carries a name, an address or an entry of a list. Label values are queue numbers, interface names, list identifiers and their
        actions as configured, the version and the words below; every word is there from the start, at zero, except coverage and the causes of refused updates, which appear as they occur.

        ## Families

        | metric | type | unit | labels | meaning |
        | --- | --- | --- | --- | --- |
        \(Metric.allCases.map(row).joined(separator: "\n"))

        A histogram's samples end in `_bucket`, `_sum` and `_count`; the buckets' bounds `le` double from 0.000001 to 1.048576 seconds. Those of
        `grindvakt_unblock_seconds` are \(DurationCounts.bounds.dropLast().map(seconds).joined(separator: ", ")) and \(DurationCounts.bounds.last.map(seconds) ?? "") seconds, from a twentieth of a second to a week.

        ## Words

        | label | in | words |
        | --- | --- | --- |
        \(words.map { "| `\($0.label)` | \($0.place) | \($0.words.map { "`\($0)`" }.joined(separator: " ")) |" }.joined(separator: "\n"))

        ## Findings

        `grindvakt_health_finding` is 1 while this is so. `/status` lists the same findings under `health`.

        | finding | meaning |
        | --- | --- |
        \(HealthFinding.allCases.map { "| `\($0.id)` | \($0.text) |" }.joined(separator: "\n"))

        ## What a scrape costs

        A scrape reads each worker's counters in one pass upwards through a block that no other object shares a cache line with, and of the
        lists' part only as much as lists have been used: each cache line is taken from the worker once, however many metrics are made of it. The
        worker is not asked, waits for nothing and takes no lock. `Benchmarks/cost.sh 'exposition-*'` counts the instructions of a scrape: 3.4
        million for four queues and three lists, about a millisecond. `Benchmarks/live/scrapes` compares the verdict times of a loaded sensor
        with and without those who ask, well-behaved and hostile; the figures are in `Benchmarks/README.md`.

        """
    }

    private static func row(_ metric: Metric) -> String {
        let labels = metric.labels.map { "`\($0)`" }.joined(separator: " ")
        return "| `\(metric.sampleName)` | \(metric.kind) | \(metric.unit ?? "") | \(labels) | \(metric.help) |"
    }

    private static func seconds(_ bound: Double) -> String {
        bound < 1 ? "\(bound)" : "\(Int(bound))"
    }

    private static let words: [(label: String, place: String, words: [String])] = [
        ("verdict", "packets", CountedVerdict.allCases.map(\.label)),
        ("protocol", "names, matches", InspectedProtocol.allCases.map(\.label)),
        ("mechanism", "events, attempts, test events, coverage", Mechanism.allCases.map(\.label)),
        ("action", "events and attempts of any list", CountedAction.allCases.map(\.label)),
        ("reason", "exempted matches", ExemptionReason.allCases.map(\.label)),
        ("cause", "undecided", UndecidedCause.allCases.map(\.label)),
        ("cause", "refusals of a list", ListRefusal.allCases.map(\.label)),
        ("cause", "times to unblock", UnblockCause.allCases.map(\.label)),
        ("kind", "anomalies", Anomaly.allCases.map(\.label)),
        ("kind", "encrypted DNS", EncryptedDNS.allCases.map(\.label)),
        ("kind", "responses", CountedResponse.allCases.map(\.label)),
        ("result", "responses", ResponseResult.allCases.map(\.label)),
        ("result", "reloads, rollbacks", ["ok", "failed"]),
        ("fate", "packets taken over", ["waited", "queued-again", "passed"]),
        ("by", "dropped frames of taps", ["kernel", "interface"]),
    ]
}
