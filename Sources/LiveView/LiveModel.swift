/// What the view knows of the sensor: the last measurement, how figures went, and whether the sensor answers.
package struct LiveModel: Sendable {
    /// Why the sensor cannot be asked, and since when.
    package struct Absence: Sendable, Equatable {
        /// One line.
        package var reason: String
        /// How long it has been so, in seconds.
        package var seconds: Double
    }

    /// How often the sensor is asked, in seconds.
    package let interval: Double
    /// The last measurement; nil before the first answer.
    package private(set) var measurement: Measurement?
    /// How the figures went.
    package private(set) var history: History
    /// Why the sensor cannot be asked; nil while it answers.
    package private(set) var absence: Absence?

    private var last: Reading?
    private var lastAppended: Double?

    /// Makes a model that knows nothing yet.
    ///
    /// - Parameter interval: how often the sensor is asked, in seconds.
    package init(interval: Double) {
        self.interval = interval
        // Twice the two minutes that curves show at least, and no less than the widest of them has columns.
        history = History(capacity: Int(min(max(240 / interval, 250), 2400)))
    }

    /// Takes an answer in.
    package mutating func note(_ reading: Reading) {
        let measurement = Measurement(reading, since: last)
        self.measurement = measurement
        leaveGap(before: reading.seconds)
        history.append(measurement)
        absence = nil
        last = reading
    }

    /// Takes in that there was no answer.
    ///
    /// - Parameters:
    ///   - reason: why, in one line.
    ///   - seconds: when, by the clock of the readings.
    package mutating func noteAbsence(_ reason: String, seconds: Double) {
        leaveGap(before: seconds)
        history.append(nil)
        absence = Absence(reason: reason, seconds: last.map { max(seconds - $0.seconds, 0) } ?? 0)
    }

    /// Curves run with the clock: what a slow answer has missed is a gap in them.
    private mutating func leaveGap(before seconds: Double) {
        let elapsed = lastAppended.map { seconds - $0 } ?? 0
        let missed = Int(min(max(elapsed / interval, 0), 1200).rounded()) - 1
        for _ in 0..<max(missed, 0) { history.append(nil) }
        lastAppended = seconds
    }
}
