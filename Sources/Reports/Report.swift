package import Figures

/// What a report is made of: figures of a stretch of time, and how they were chosen.
///
/// Every output is a function of this value: the same report gives the same octets.
package struct Report: Sendable {
    /// How long its periods are; nothing in any output is finer.
    package let length: PeriodLength

    /// Its periods, oldest first, whether anything is known of them or not.
    package let periods: [Period]

    /// What is known of them, oldest first; lists that were not asked for are left out.
    package let figures: [PeriodFigures]

    /// The lists that were asked for; empty for all.
    let chosenLists: [String]

    /// The moment, in seconds since 1970-01-01 UTC, behind which nothing has happened yet.
    package let now: Int64

    /// A report has no more periods than this: ten years of days, which is more than a page can show.
    package static let maximumPeriods = 3_660

    /// A report on the periods of this length from the one with the second `from` to the one with the second before `to`.
    ///
    /// - Parameters:
    ///   - length: how long its periods are.
    ///   - from: its first second; the report begins with the period that has it.
    ///   - to: the second behind its last one; of what would be more than ``maximumPeriods`` the end is left out.
    ///   - now: this moment; the last period counts as far as it has come.
    ///   - lists: the lists to report on; empty for all.
    ///   - figures: what is known; periods of another length and outside the time are left out.
    package init(
        _ length: PeriodLength,
        from: Int64,
        to: Int64,
        now: Int64,
        lists: [String] = [],
        figures: [PeriodFigures]
    ) {
        self.length = length
        self.now = now
        chosenLists = lists
        var periods: [Period] = []
        var period = Period(length, containing: from)
        while from < to, periods.count < Self.maximumPeriods, period.start < to {
            periods.append(period)
            let next = period.next
            guard next.start > period.start else { break }
            period = next
        }
        self.periods = periods
        let known = Set(periods)
        self.figures = figures.filter { known.contains($0.period) }
            .map { lists.isEmpty ? $0 : $0.reduced(to: Set(lists)) }
            .sorted(by: PeriodFigures.precedes)
    }

    /// Whether nothing is known of any period.
    package var isEmpty: Bool { figures.isEmpty }

    /// The first second.
    package var start: Int64 { periods.first?.start ?? 0 }

    /// The date of the last day.
    package var lastDay: String {
        guard let last = periods.last else { return "" }
        return CalendarDate(day: CalendarDate.day(of: last.end - 1)).label
    }

    /// The windows of attempts that occur, in seconds, shortest first.
    package var windows: [Int] { Set(figures.map(\.attemptWindow)).sorted() }

    /// How many days of a period have gone by.
    func days(of period: Period) -> Double {
        let end = period.start < now ? min(period.end, now) : period.end
        return Double(end - period.start) / 86_400
    }
}

extension PeriodFigures {
    /// The figures of these lists alone. Attempts whatever the list are none of theirs.
    fileprivate func reduced(to lists: Set<String>) -> PeriodFigures {
        var reduced = self
        reduced.lists = self.lists.filter { lists.contains($0.list) }
        reduced.matches = matches.filter { lists.contains($0.list) }
        reduced.testMatches = testMatches?.filter { lists.contains($0.list) }
        reduced.coverage = coverage.filter { lists.contains($0.list) }
        reduced.anyAttempts = []
        return reduced
    }
}

extension Double {
    /// The number, where it is one that seconds can be: finite and not below zero.
    var measured: Double? { isFinite && self >= 0 ? self : nil }
}

extension Sequence<Double> {
    /// All that are numbers together.
    var total: Double {
        let sum = reduce(0) { $0 + ($1.measured ?? 0) }
        return sum.isFinite ? sum : .greatestFiniteMagnitude
    }
}
