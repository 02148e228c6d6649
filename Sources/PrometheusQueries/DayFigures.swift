import Figures
import Telemetry

/// Figures of single days, on their way to the figures of periods.
enum DayFigures {
    /// What the figures of a day are told apart by.
    struct Key: Hashable {
        var place: Int
        var market: String
        var window: Int

        init(place: Int, market: String, window: Double) {
            self.place = place
            self.market = market
            self.window = Int(min(max(window, 0), 1e9))
        }

        /// Figures of a day in which nothing happened.
        func nothing(in span: QuerySpan) -> Day {
            let period = Period(
                span.step == 3_600 ? .hour : .day,
                containing: span.start + Int64(place) * span.step
            )
            return Day(figures: PeriodFigures(period: period, market: Market(id: market), attemptWindow: window))
        }
    }

    /// The figures of a day while they are gathered, and durations that are known by their size.
    struct Day {
        var figures: PeriodFigures
        /// By the word of ``UnblockCause``.
        var durations: [String: DurationTally] = [:]

        /// The figures, with the durations in them.
        var whole: PeriodFigures {
            var whole = figures
            whole.unblockSeconds = durations[UnblockCause.wish.label]?.values ?? []
            whole.removalSeconds = durations[UnblockCause.removal.label]?.values ?? []
            return whole
        }
    }

    /// Days as periods.
    ///
    /// - Parameters:
    ///   - days: figures of days, in any order.
    ///   - length: how long the periods are.
    ///   - market: the one that is asked for; nil for all.
    ///   - subscribers: how many subscribers markets have.
    /// - Returns: the sums, in the order of periods, markets and windows.
    static func added(
        _ days: [PeriodFigures],
        _ length: PeriodLength,
        market: String?,
        subscribers: [String: Int]
    ) -> [PeriodFigures] {
        struct Whole: Hashable {
            var period: Period
            var market: String
            var window: Int
        }
        var wholes: [Whole: PeriodFigures] = [:]
        for day in days.sorted(by: { ($0.period.start, $0.market.id) < ($1.period.start, $1.market.id) }) {
            guard market == nil || market == day.market.id else { continue }
            let period = Period(length, containing: day.period.start)
            let whole = Whole(period: period, market: day.market.id, window: day.attemptWindow)
            var market = Market(id: day.market.id)
            market.subscribers = subscribers[market.id]
            var sum = wholes[whole] ?? PeriodFigures(period: period, market: market, attemptWindow: day.attemptWindow)
            sum.add(day)
            wholes[whole] = sum
        }
        return wholes.values.map { figures in
            var figures = figures.inOrder()
            for index in figures.lists.indices {
                figures.lists[index].activations.sort { $0.activatedAt < $1.activatedAt }
            }
            return figures
        }.sorted(by: PeriodFigures.precedes)
    }
}

/// Durations of a histogram.
struct DurationTally {
    /// How many are no longer than so many seconds.
    var atMost: [Double: Double] = [:]
    /// All of them together, in seconds.
    var sum = 0.0

    /// More than any market has in a day.
    private static let most = 1_000_000

    /// The durations, in seconds, each as long as it can have been: as the bucket that it is in, and no longer than all of them together. One alone
    /// is exact.
    var values: [Double] {
        var values: [Double] = []
        var before = 0.0
        for (bound, count) in atMost.sorted(by: { $0.key < $1.key }) {
            let own = Int(min(UInt64(counted: count - before), UInt64(Self.most - values.count)))
            values += repeatElement(sum > 0 ? min(bound, sum) : bound, count: own)
            before = max(before, count)
        }
        return values.filter(\.isFinite)
    }
}
