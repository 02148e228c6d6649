package import ControlSocket

/// One answer of the sensor, and when it came.
package struct Reading: Sendable {
    /// What the sensor said.
    package var status: StatusDocument
    /// When it came: seconds by a clock that never goes back.
    package var seconds: Double

    /// Makes a reading.
    ///
    /// - Parameters:
    ///   - status: what the sensor said.
    ///   - seconds: when it came, by a clock that never goes back.
    package init(_ status: StatusDocument, seconds: Double) {
        self.status = status
        self.seconds = seconds
    }
}

/// A count for each of a few fixed words, or a rate, in the order they are shown.
package struct Shares: Sendable, Equatable {
    /// A word, how often it was counted since the sensor started, and its rate.
    package struct Part: Sendable, Equatable {
        /// The fixed word of a label.
        package var label: String
        /// Since the sensor started.
        package var total: UInt64
        /// Per second; nil where two readings do not tell.
        package var rate: Double?
    }

    /// The parts, in order.
    package var parts: [Part]

    /// The rate of all parts together; nil where no part has one.
    package var rate: Double? { parts.compactMap(\.rate).reduce(nil) { ($0 ?? 0) + $1 } }

    /// The count of all parts together.
    package var total: UInt64 { parts.reduce(0) { $0 &+ $1.total } }

    /// The rate of one part.
    package subscript(label: String) -> Double? { parts.first { $0.label == label }?.rate }

    /// The counts of one reading, and their rates against those of the one before.
    ///
    /// - Parameters:
    ///   - new: the counts now.
    ///   - old: the counts of the reading before; nil where it is not to be compared.
    ///   - span: what lies between them.
    ///   - order: the words that come first; the others follow by name.
    init(_ new: [String: UInt64], _ old: [String: UInt64]?, _ span: Span, order: [String] = []) {
        let others = new.keys.filter { order.contains($0) == false }.sorted()
        parts = (order.filter { new[$0] != nil } + others).map { label in
            Part(label: label, total: new[label] ?? 0, rate: span.rate(new[label], old?[label]))
        }
    }

    /// The time between two readings.
    struct Span {
        /// Its length; nil where the readings are not to be compared.
        var seconds: Double?

        /// The rate of a counter; nil where it went back, which a counter that began anew does.
        func rate(_ new: UInt64?, _ old: UInt64?) -> Double? {
            guard let seconds, let new, let old, new >= old else { return nil }
            return Double(new - old) / seconds
        }

        /// The share of the time in which a clock ran that counts seconds; nil where it went back.
        func share(_ new: Double?, _ old: Double?) -> Double? {
            guard let seconds, let new, let old, new >= old else { return nil }
            return (new - old) / seconds
        }
    }
}
