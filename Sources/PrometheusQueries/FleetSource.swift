package import Figures

/// Figures out of what the rules for fleets have recorded (`grindvakt-fleet.rules.yml`): a report then reads series of markets, and not of sensors.
///
/// As exact as the rules were evaluated each minute; the state of lists is not recorded.
package struct FleetSource: FiguresSource {
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
        var days: [DayFigures.Key: PeriodFigures] = [:]
        func each(_ series: [Series], _ apply: (Double, [String: String], inout PeriodFigures) -> Void) {
            for one in series {
                let market = Gathering.market(one.labels)
                for sample in one.samples {
                    guard let place = span.place(of: sample.time), let window = windows[market]?[place] else {
                        continue
                    }
                    let key = DayFigures.Key(place: place, market: market, window: window)
                    var figures = days[key] ?? key.nothing(in: span)
                    apply(sample.value, one.labels, &figures)
                    days[key] = figures
                }
            }
        }
        each(try await range(.sum, "market:grindvakt_sensors:count")) { count, _, figures in
            figures.operation.uptimeSeconds += count * 60
        }
        for metric in CountedMetric.all { each(try await range(.sum, metric.recorded), metric.add) }
        return DayFigures.added(Array(days.values), length, market: market, subscribers: subscribers)
    }
}
