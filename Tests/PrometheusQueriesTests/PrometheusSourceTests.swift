import Figures
import Telemetry
import TestSupport
import Testing

@testable import PrometheusQueries

/// A Prometheus that is made of samples, and evaluates what reports ask for as Prometheus does.
private struct MadeUpServer: QueryAnswering {
    var series: [Series] = []

    mutating func add(_ metric: String, _ labels: [String: String], _ time: Double, _ value: Double) {
        var labels = labels
        labels["__name__"] = metric
        let sample = Series.Sample(time: time, value: value)
        if let index = series.firstIndex(where: { $0.labels == labels }) {
            series[index].samples.append(sample)
        } else {
            series.append(Series(labels: labels, samples: [sample]))
        }
    }

    func range(_ expression: QueryExpression, from: Int64, to: Int64, step: Int64) -> [Series] {
        evaluate(expression, stride(from: from, through: to, by: Int(step)).map { Double($0) })
    }

    func instant(_ expression: QueryExpression, at time: Int64) -> [Series] {
        evaluate(expression, [Double(time)])
    }

    private func evaluate(_ expression: QueryExpression, _ times: [Double]) -> [Series] {
        let window = Double(expression.window)
        return series.filter { matches($0, expression) }.compactMap { one in
            var labels = one.labels
            if expression.function != .last { labels["__name__"] = nil }
            var samples: [Series.Sample] = []
            for time in times {
                let within = one.samples.filter { $0.time > time - window && $0.time <= time }
                let values = within.map(\.value)
                let minutes = stride(from: (((time - window) / 60).rounded(.down) + 1) * 60, through: time, by: 60)
                let near = one.samples.filter { $0.time > time - window - 300 && $0.time <= time }
                let atMinutes = minutes.compactMap { minute in
                    near.last { $0.time <= minute && $0.time > minute - 300 }?.value
                }
                let value: Double? =
                    switch expression.function {
                    case .samples: nil
                    case .value: one.samples.last { $0.time <= time && $0.time > time - 300 }?.value
                    case .last: values.last
                    case .lowest: values.min()
                    case .highest: values.max()
                    case .sum: values.isEmpty ? nil : values.reduce(0, +)
                    case .resets:
                        values.isEmpty ? nil : Double(zip(values, values.dropFirst()).count { $1 < $0 })
                    case .minutes: atMinutes.isEmpty ? nil : Double(atMinutes.count)
                    case .sumOfMinutes: atMinutes.isEmpty ? nil : atMinutes.reduce(0, +)
                    }
                if expression.function == .samples { samples += within }
                if let value { samples.append(Series.Sample(time: time, value: value)) }
            }
            return samples.isEmpty ? nil : Series(labels: labels, samples: samples)
        }
    }

    private func matches(_ series: Series, _ expression: QueryExpression) -> Bool {
        guard series.labels["__name__"] == expression.metric else { return false }
        return expression.matchers.allSatisfy { matcher in
            let parts = matcher.split(separator: "\"", omittingEmptySubsequences: false)
            let isPattern = parts[0].hasSuffix("=~")
            let name = String(parts[0].dropLast(isPattern ? 2 : 1))
            let value = parts[1].filter { $0 != "\\" }
            let values =
                isPattern ? value.split(separator: "|", omittingEmptySubsequences: false).map(String.init) : [value]
            return values.contains(series.labels[name] ?? "")
        }
    }
}

@Suite("Figures out of a Prometheus")
struct PrometheusSourceTests {
    private static let start: Int64 = 1_793_491_200
    private static let day: Int64 = 86_400

    private func labels(_ instance: String, _ market: String) -> [String: String] {
        ["job": "grindvakt", "instance": instance, "market": market]
    }

    private func of(_ labels: [String: String], _ mechanism: String = "dns_udp") -> [String: String] {
        labels.merging(["list": "police", "mechanism": mechanism, "action": "drop"]) { $1 }
    }

    private func figures(
        _ server: MadeUpServer,
        _ length: PeriodLength = .day,
        days: Int64 = 4,
        market: String? = nil
    ) async throws -> [PeriodFigures] {
        try await PrometheusSource(answering: server, subscribers: ["se": 100], now: Self.start + 100 * Self.day)
            .figures(length, from: Self.start, to: Self.start + days * Self.day, market: market)
    }

    /// Restarts, gaps, processes that pass the one before, and one that nobody had looked at.
    @Test func `what sensors were seen to count is counted once, whatever happens to them`() async throws {
        var generator = SeededRandom(seed: 21)
        for round in 0..<6 {
            var server = MadeUpServer()
            var truth: [String: [UInt64]] = [:]
            for (instance, market) in [("edge1", "se"), ("edge2", "se"), ("edge3", "no")] {
                let own = labels(instance, market)
                let first = Self.start + Int64.random(in: 0...Self.day, using: &generator)
                let isStranger = instance == "edge3" && round.isMultiple(of: 2)
                var began = isStranger ? Self.start - 5 * Self.day : first
                var value = isStranger ? 5_000.0 : 0, seen = value
                var time = first + 60
                while time <= Self.start + 4 * Self.day {
                    if Int.random(in: 0..<12, using: &generator) == 0 {
                        (value, seen, began) = (0, 0, time - 30)
                        if Bool.random(using: &generator) { value = 6_000 }
                    }
                    value += Double(Int.random(in: 0...3, using: &generator))
                    // What it had counted before anybody looked belongs to no day that is known.
                    if isStranger, time == first + 60, began < Self.start { seen = value }
                    let place = Int((time - Self.start - 1) / Self.day)
                    truth[market, default: [0, 0, 0, 0]][place] += UInt64(value - seen)
                    seen = value
                    server.add("grindvakt_attempts_total", of(own), Double(time), value)
                    server.add("grindvakt_attempt_window_seconds", own, Double(time), 2)
                    server.add("process_start_time_seconds", own, Double(time), Double(began))
                    // A scrape in a while, and at times none for hours.
                    let pause = Int.random(in: 0..<10, using: &generator) == 0 ? 40_000 : 3_600
                    time += Int64.random(in: 1_800...Int64(pause), using: &generator)
                }
            }
            let found = try await figures(server)
            for (market, counts) in truth {
                for (place, count) in counts.enumerated() {
                    let period = Period(.day, containing: Self.start + Int64(place) * Self.day)
                    let known = found.filter { $0.market.id == market && $0.period == period }
                    let sum = known.flatMap(\.matches).map(\.attempts).reduce(0, +)
                    #expect(sum == count, "round \(round), \(market), \(period.label)")
                }
            }
            let month = try await figures(server, .month)
            let total: UInt64 = truth.values.joined().reduce(0, +)
            let whole: UInt64 = month.flatMap(\.matches).map(\.attempts).reduce(0, +)
            #expect(whole == total)
            let one = try await figures(server, market: "no")
            #expect(Set(one.map(\.market.id)) == ["no"])
        }
    }

    @Test func `labels become places in the figures`() async throws {
        var server = MadeUpServer()
        let own = labels("edge1", "se")
        for minute in 0..<60 {
            let time = Double(Self.start + Int64(minute + 1) * 60)
            let count = Double(minute)
            server.add("grindvakt_attempt_window_seconds", own, time, 5)
            server.add("process_start_time_seconds", own, time, Double(Self.start))
            server.add("grindvakt_events_total", of(own, "quic_v2"), time, count)
            server.add("grindvakt_events_total", of(own, "smoke"), time, count)
            server.add("grindvakt_attempts_total", of(own, "http_host"), time, 0)
            server.add(
                "grindvakt_any_attempts_total",
                own.merging(["mechanism": "dns_tcp", "action": "reset"]) { $1 },
                time,
                2
            )
            server.add("grindvakt_names_total", own.merging(["protocol": "tls"]) { $1 }, time, 7)
            server.add("grindvakt_anomalies_total", own.merging(["kind": "ech"]) { $1 }, time, 8)
            server.add("grindvakt_undecided_total", own.merging(["cause": "unknown-quic-version"]) { $1 }, time, 9)
            server.add("grindvakt_encrypted_dns_flows_total", own.merging(["kind": "doq"]) { $1 }, time, 10)
            server.add("grindvakt_packets_total", own.merging(["queue": "0", "verdict": "drop"]) { $1 }, time, 11)
            server.add("grindvakt_packets_total", own.merging(["queue": "1", "verdict": "accept"]) { $1 }, time, 12)
            server.add("grindvakt_fail_open_seconds_total", own, time, 3)
            server.add("grindvakt_kill_switch", own, time, minute < 10 ? 1 : 0)
            let list = own.merging(["list": "police"]) { $1 }
            server.add("grindvakt_list_entries", list, time, 5_000)
            server.add("grindvakt_list_not_enforceable_lines", list, time, 4)
            server.add("grindvakt_list_activated_timestamp_seconds", list, time, Double(Self.start + 30))
            server.add("grindvakt_list_issued_timestamp_seconds", list, time, Double(Self.start - 600))
            server.add("grindvakt_list_sequence", list, time, 41)
            server.add("grindvakt_list_received_timestamp_seconds", list, time, Double(Self.start + 20))
            let probed = list.merging(["mechanism": "tls_sni"]) { $1 }
            server.add("grindvakt_coverage_probes_total", probed, time, 4)
            server.add("grindvakt_coverage_blocked_total", probed, time, 3)
            let unprobed = list.merging(["mechanism": "quic_v1"]) { $1 }
            server.add("grindvakt_coverage_probes_total", unprobed, time, 0)
            for (cause, counts, sum) in [("wish", [1.0, 1, 1], 12.5), ("removal", [0, 2, 3], 40_000)] {
                let own = own.merging(["cause": cause]) { $1 }
                for (bound, count) in zip(["15", "60", "+Inf"], counts) {
                    server.add("grindvakt_unblock_seconds_bucket", own.merging(["le": bound]) { $1 }, time, count)
                }
                server.add("grindvakt_unblock_seconds_sum", own, time, sum)
            }
        }
        let found = try await figures(server)
        try #require(found.count == 1)
        let figures = found[0]
        #expect(figures.attemptWindow == 5 && figures.market == Market(id: "se", subscribers: 100))
        #expect(
            figures.matches == [
                MatchFigures(list: "police", mechanism: .quicV2, action: "drop", events: 59, attempts: 0)
            ]
        )
        #expect(figures.anyAttempts == [AnyAttemptFigures(mechanism: .dnsTCP, action: "reset", attempts: 2)])
        let visibility = VisibilityFigures(tlsNames: 7, encryptedClientHello: 8, unknownQUICVersion: 9, doqFlows: 10)
        #expect(figures.visibility == visibility)
        #expect(figures.operation.packets == 23 && figures.operation.failOpenSeconds == 3)
        // An hour and the five minutes after it that a series counts as being there.
        #expect((3_500...3_900).contains(figures.operation.uptimeSeconds))
        #expect((540...660).contains(figures.operation.killSwitchSeconds))
        #expect(figures.lists.count == 1 && figures.lists[0].entries == 5_000)
        #expect(figures.lists[0].rejected == [RejectedFigures(reason: "not_enforceable", entries: 4)])
        let update = ActivationFigures(
            sequence: 41,
            issuedAt: Self.start - 600,
            receivedAt: Self.start + 20,
            activatedAt: Self.start + 30
        )
        #expect(figures.lists[0].activations == [update])
        #expect(
            figures.coverage == [CoverageFigures(list: "police", mechanism: .tlsSNI, probes: 4, blocked: 3)]
        )
        // One alone is exact; of several each is as long as its bucket, and one that no bucket bounds as long as all of them.
        #expect(figures.unblockSeconds == [12.5])
        #expect(figures.removalSeconds == [60, 60, 40_000])
    }

    @Test func `a window that changed within a day, or is not told, is refused in one line`() async throws {
        var server = MadeUpServer()
        let own = labels("edge1", "se")
        server.add("grindvakt_attempts_total", of(own), Double(Self.start + 60), 1)
        let untold = await #expect(throws: QueryFailure.self) { _ = try await figures(server) }
        #expect(try #require(untold).description.hasPrefix("edge1: does not tell its window of attempts on 2026-11-01"))
        server.add("grindvakt_attempt_window_seconds", own, Double(Self.start + 60), 2)
        server.add("grindvakt_attempt_window_seconds", own, Double(Self.start + 120), 10)
        let changed = await #expect(throws: QueryFailure.self) { _ = try await figures(server) }
        #expect(try #require(changed).description.hasPrefix("edge1: changed its window of attempts on 2026-11-01"))
    }

    @Test func `what the rules for fleets record is added up as it is`() async throws {
        var server = MadeUpServer()
        for minute in 1...2_880 {
            let time = Double(Self.start + Int64(minute) * 60)
            for market in ["se", "no"] {
                let labels = ["market": market, "list": "police", "mechanism": "tls_sni", "action": "reset"]
                server.add(
                    "market_list_mechanism_action:grindvakt_attempts:delta1m",
                    labels,
                    time,
                    market == "se" ? 3 : 1
                )
                for (name, count) in [("probes", 2.0), ("blocked", market == "se" ? 2 : 1)] {
                    server.add("market_list_mechanism:grindvakt_coverage_\(name):delta1m", labels, time, count)
                }
                let isFirst = minute == 1
                if isFirst {
                    for (steps, count) in [
                        ("56027", 2.0), ("999000", 1), ("997000", 1), ("56097", 1), ("x", 1), ("-1", 1), ("nan", 1),
                        ("0", .nan), ("9999999999999999999", 1),
                    ] {
                        let updates = ["market": market, "list": "police", "steps": steps]
                        server.add("market_list_steps:grindvakt_list_updates:count1m", updates, time, count)
                    }
                }
                for (bound, count) in [("0.05", 0.0), ("0.25", 3), ("+Inf", 3)] {
                    server.add(
                        "market_cause_le:grindvakt_unblock_seconds_bucket:delta1m",
                        ["market": market, "cause": "wish", "le": bound],
                        time,
                        isFirst ? count : 0
                    )
                }
                server.add(
                    "market_cause:grindvakt_unblock_seconds_sum:delta1m",
                    ["market": market, "cause": "wish"],
                    time,
                    isFirst ? 0.6 : 0
                )
                server.add("market:grindvakt_attempt_window_seconds:min", ["market": market], time, 2)
                server.add("market:grindvakt_attempt_window_seconds:max", ["market": market], time, 2)
                server.add("market:grindvakt_sensors:count", ["market": market], time, 5_000)
            }
        }
        func figures(_ length: PeriodLength, market: String? = nil) async throws -> [PeriodFigures] {
            try await FleetSource(answering: server, now: Self.start + 9 * Self.day)
                .figures(length, from: Self.start, to: Self.start + 4 * Self.day, market: market)
        }
        let days = try await figures(.day)
        #expect(days.map(\.market.id) == ["no", "se", "no", "se"])
        #expect(days.flatMap(\.matches).map(\.attempts) == [1_440, 4_320, 1_440, 4_320])
        #expect(days[0].operation.uptimeSeconds == 5_000 * 86_400)
        let month = try await figures(.month, market: "se")
        #expect(month.flatMap(\.matches).map(\.attempts) == [8_640])
        // 2^14 seconds, and at most 2^6.75; what the rules do not record is none.
        #expect(days.map { $0.lists.map(\.activations.count) } == [[3], [3], [], []])
        let updates = try #require(month.first?.lists.first?.activations)
        #expect(updates.map(\.issuedAt).count { $0 == nil } == 1)
        #expect(updates.compactMap { update in update.issuedAt.map { update.activatedAt - $0 } } == [16_491, 16_491])
        #expect(
            updates.compactMap { update in update.receivedAt.map { update.activatedAt - $0 } }.sorted() == [
                1, 107, 107,
            ]
        )
        #expect(days.flatMap(\.coverage).map(\.blocked) == [1_440, 2_880, 1_440, 2_880])
        #expect(month.flatMap(\.coverage).map(\.probes) == [5_760])
        #expect(days.map(\.unblockSeconds) == [[0.25, 0.25, 0.25], [0.25, 0.25, 0.25], [], []])
        #expect(month.flatMap(\.unblockSeconds) == [0.25, 0.25, 0.25])
        server.add(
            "market:grindvakt_attempt_window_seconds:max",
            ["market": "se"],
            Double(Self.start + 2 * Self.day + 60),
            3
        )
        server.add(
            "market:grindvakt_attempt_window_seconds:min",
            ["market": "se"],
            Double(Self.start + 2 * Self.day + 60),
            2
        )
        await #expect(throws: QueryFailure.self) { _ = try await figures(.day) }
    }

    @Test func `samples and labels that are no numbers count nothing`() async throws {
        var server = MadeUpServer()
        let own = labels("edge1", "se")
        for minute in 1...5 {
            let time = Double(Self.start + Int64(minute) * 60)
            server.add("grindvakt_attempt_window_seconds", own, time, 5)
            server.add("process_start_time_seconds", own, time, Double(Self.start))
            for (bound, count) in [("nan", 5.0), ("x", 5), ("-1", 5), ("1", .nan), ("5", 1), ("+Inf", .infinity)] {
                let labels = own.merging(["cause": "wish", "le": bound]) { $1 }
                server.add("grindvakt_unblock_seconds_bucket", labels, time, count)
            }
            server.add("grindvakt_unblock_seconds_sum", own.merging(["cause": "wish"]) { $1 }, time, .nan)
            let list = own.merging(["list": "police"]) { $1 }
            server.add("grindvakt_list_activated_timestamp_seconds", list, time, Double(Self.start + 30))
            server.add("grindvakt_list_received_timestamp_seconds", list, time, .nan)
            server.add("grindvakt_list_issued_timestamp_seconds", list, time, .nan)
        }
        let found = try #require(try await figures(server).first)
        #expect(found.unblockSeconds == [5])
        #expect(found.removalSeconds.isEmpty && found.coverage.isEmpty)
        #expect(found.lists.flatMap(\.activations) == [ActivationFigures(activatedAt: Self.start + 30)])
    }

    @Test func `of a server without sensors nothing is known`() async throws {
        #expect(try await figures(MadeUpServer()).isEmpty)
        let future = PrometheusSource(answering: MadeUpServer(), now: Self.start - 1)
        #expect(try await future.figures(.day, from: Self.start, to: Self.start + Self.day, market: nil).isEmpty)
    }
}
