import ControlSocket

/// The last measurements, for lines that show how a figure went.
package struct History: Sendable {
    /// A figure that is remembered.
    package enum Series: Hashable, Sendable {
        case packets, names, blocked, observed, lost, undecided, anomalies, encryptedDNS, sent, unsent
        /// The time that 99 of 100 packets did not exceed, in seconds.
        case p99
        /// Packets per second of one queue or tap.
        case queue(Int)
        /// Matches per second of one list.
        case list(String)
    }

    /// How the measurements that share a column are put together.
    package enum Summary: Sendable {
        case mean, highest
    }

    private let capacity: Int
    private var samples: [[Series: Double]] = []
    /// How many have been added, those that are forgotten among them.
    private var count = 0

    /// Makes an empty history.
    ///
    /// - Parameter capacity: how many measurements are remembered.
    package init(capacity: Int) {
        self.capacity = max(capacity, 1)
    }

    /// Adds a measurement; nil where there was none, which leaves a gap.
    package mutating func append(_ measurement: Measurement?) {
        var sample: [Series: Double] = [:]
        if let measurement {
            sample[.packets] = measurement.packets.rate
            sample[.names] = measurement.names.rate
            sample[.blocked] = measurement.blocked.rate
            sample[.observed] = measurement.observed.rate
            sample[.lost] = measurement.lost.rate
            sample[.undecided] = measurement.undecided.rate
            sample[.anomalies] = measurement.anomalies.rate
            sample[.encryptedDNS] = measurement.encryptedDNS.rate
            sample[.sent] = measurement.sent.rate
            sample[.unsent] = measurement.unsent.rate
            sample[.p99] = measurement.latency?.p99.seconds
            for queue in measurement.queues { sample[.queue(queue.number)] = queue.packets }
            for tap in measurement.taps { sample[.queue(tap.number)] = tap.packets }
            for list in measurement.lists { sample[.list(list.status.id)] = list.matches }
        }
        samples.append(sample)
        count += 1
        if samples.count > capacity { samples.removeFirst(samples.count - capacity) }
    }

    /// A series as columns, the last measurement in the last.
    ///
    /// A measurement stays in the column that it came into: when a column is full all move on by one, and nothing else moves.
    /// - Parameters:
    ///   - series: which figure.
    ///   - width: how many columns.
    ///   - perColumn: how many measurements share a column.
    ///   - summary: how they are put together.
    /// - Returns: a value for each column; nil where nothing was measured.
    package func columns(_ series: Series, width: Int, perColumn: Int, _ summary: Summary) -> [Double?] {
        guard width > 0 else { return [] }
        var columns = [Double?](repeating: nil, count: width)
        var members = [Int](repeating: 0, count: width)
        let last = (count - 1) / max(perColumn, 1)
        for (offset, sample) in samples.enumerated() {
            let column = (count - samples.count + offset) / max(perColumn, 1) - last + width - 1
            guard column >= 0, let value = sample[series] else { continue }
            members[column] += 1
            switch summary {
            case .mean: columns[column] = (columns[column] ?? 0) + value
            case .highest: columns[column] = max(columns[column] ?? 0, value)
            }
        }
        guard summary == .mean else { return columns }
        return zip(columns, members).map { sum, count in sum.map { $0 / Double(count) } }
    }
}
