package import Figures

/// Figures out of what the rules for fleets have recorded (`grindvakt-fleet.rules.yml`): a report then reads series of markets, and not of sensors.
///
/// As exact as the rules were evaluated each minute. Of an edition's way it is recorded how long it was at most, to a quarter of a doubling; how many
/// entries lists have, and how long they were stale, is not recorded.
package struct FleetSource: FiguresSource {
    /// What editions of lists that came into use are recorded as.
    static let updates = "market_list_steps:grindvakt_list_updates:count1m"

    private let server: any QueryAnswering
    private let subscribers: [String: Int]
    private let now: Int64

    /// Figures from a server.
    ///
    /// - Parameters:
    ///   - server: who is asked.
    ///   - subscribers: how many subscribers markets have, which no metric says.
    ///   - now: this moment, in seconds since 1970-01-01 UTC; later times are not asked for.
    package init(_ server: PrometheusServer, subscribers: [String: Int] = [:], now: Int64) {
        self.init(answering: server, subscribers: subscribers, now: now)
    }

    init(answering server: any QueryAnswering, subscribers: [String: Int] = [:], now: Int64) {
        self.server = server
        self.subscribers = subscribers
        self.now = now
    }

    /// An edition out of the numbers of its two ways, which the rules explain. When it came into use is not known but for the period.
    ///
    /// - Returns: nil where the numbers are none that the rules record.
    private static func update(_ steps: Int, of period: Period) -> ActivationFigures? {
        let (issue, use) = (steps / 1_000, steps % 1_000)
        guard use <= 96, issue <= 96 || issue == 999 else { return nil }
        // The longest that a way with this number can have taken, in whole seconds.
        func longest(_ quarters: Int) -> Int64 {
            let part = [1, 1.189_207_115_002_721, 1.414_213_562_373_095, 1.681_792_830_507_429][quarters % 4]
            return Int64((part * Double(UInt64(1) << UInt64(quarters / 4))).rounded(.down))
        }
        let received = period.end - longest(use)
        return ActivationFigures(
            issuedAt: issue == 999 ? nil : received - longest(issue),
            receivedAt: received,
            activatedAt: period.end
        )
    }

    package func figures(
        _ length: PeriodLength,
        from: Int64,
        to: Int64,
        market: String?
    ) async throws -> [PeriodFigures] {
        let span = QuerySpan(length, from: from, to: min(to, now))
        guard span.count > 0 else { return [] }
        var matchers: [String] = []
        if let market {
            let label = market == PrometheusSource.unlabelledMarket ? "" : market
            matchers.append(QueryExpression.matcher("market", is: label))
        }
        func range(_ function: QueryExpression.Function, _ metric: String) async throws(QueryFailure) -> [Series] {
            let expression = QueryExpression(
                function: function,
                metric: metric,
                matchers: matchers,
                window: span.step
            )
            return try await server.range(expression, from: span.start + span.step, to: span.end, step: span.step)
        }
        var windows: [String: [Int: Double]] = [:]
        for one in try await range(.highest, "market:grindvakt_attempt_window_seconds:max") {
            for sample in one.samples {
                guard let place = span.place(of: sample.time) else { continue }
                windows[Gathering.market(one.labels), default: [:]][place] = sample.value
            }
        }
        for one in try await range(.lowest, "market:grindvakt_attempt_window_seconds:min") {
            for sample in one.samples {
                let market = Gathering.market(one.labels)
                guard let place = span.place(of: sample.time), let highest = windows[market]?[place],
                    highest != sample.value
                else { continue }
                let day = Period(.day, containing: span.start + Int64(place) * span.step).label
                throw QueryFailure(
                    "market \(QueryAnswer.printable(market)): its sensors had several windows of attempts on \(day); leave that day out (--from, --to)"
                )
            }
        }
        var days: [DayFigures.Key: DayFigures.Day] = [:]
        func each(_ series: [Series], _ apply: (Double, [String: String], inout DayFigures.Day) -> Void) {
            for one in series {
                let market = Gathering.market(one.labels)
                for sample in one.samples {
                    guard let place = span.place(of: sample.time), let window = windows[market]?[place] else {
                        continue
                    }
                    let key = DayFigures.Key(place: place, market: market, window: window)
                    var day = days[key] ?? key.nothing(in: span)
                    apply(sample.value, one.labels, &day)
                    days[key] = day
                }
            }
        }
        each(try await range(.sum, "market:grindvakt_sensors:count")) { count, _, day in
            day.figures.operation.uptimeSeconds += count * 60
        }
        each(try await range(.sum, Self.updates)) { count, labels, day in
            guard let list = labels["list"], let steps = labels["steps"].flatMap({ Int($0) }), steps >= 0,
                let update = Self.update(steps, of: day.figures.period)
            else { return }
            // More than a fleet of this kind has in a day.
            let copies = Int(min(UInt64(counted: count), 1_000_000))
            day.figures.withList(list) { $0.activations += repeatElement(update, count: copies) }
        }
        for metric in CountedMetric.all { each(try await range(.sum, metric.recorded), metric.add) }
        return DayFigures.added(days.values.map(\.whole), length, market: market, subscribers: subscribers)
    }
}
