package import Figures

/// What a sensor's statistics are kept by.
package struct StatisticsSettings: Equatable, Sendable {
    /// The file.
    package var path: String
    /// Whose figures they are.
    package var market: Market
    /// Seconds in which events of one list entry are one attempt.
    package var attemptWindow: Int
    /// Days for which hours are kept.
    package var hourRetention: Int
    /// Days for which days are kept.
    package var dayRetention: Int

    /// Hours are kept for 35 days, so that a month's can still be looked at when it is over; days for 25 months, so that a month can be held
    /// against those of two years before.
    package init(
        path: String,
        market: Market,
        attemptWindow: Int = 2,
        hourRetention: Int = 35,
        dayRetention: Int = 762
    ) {
        self.path = path
        self.market = market
        self.attemptWindow = attemptWindow
        self.hourRetention = hourRetention
        self.dayRetention = dayRetention
    }
}
