import ControlSocket

/// How long packets waited for their verdicts between two readings.
package struct Latency: Sendable, Equatable {
    /// A time that a share of the packets did not exceed.
    package struct Quantile: Sendable, Equatable {
        /// The time in seconds, read out of the buckets as if the packets of one were spread evenly over it.
        package var seconds: Double
        /// Whether it is more than that: in the bucket without a bound.
        package var isMore: Bool
    }

    /// What half of the packets did not exceed.
    package var median: Quantile
    /// What 99 of 100 did not exceed.
    package var p99: Quantile
    /// What 999 of 1000 did not exceed.
    package var p999: Quantile

    /// Reads the quantiles out of cumulative counts; nil where the two do not belong together, a count went back, or nothing
    /// was counted between them.
    ///
    /// - Parameters:
    ///   - new: the buckets now, by bound, the one without a bound last.
    ///   - old: those of the reading before.
    init?(_ new: [StatusDocument.Bucket], since old: [StatusDocument.Bucket]) {
        guard new.map(\.le) == old.map(\.le) else { return nil }
        var counts: [(bound: Double?, count: UInt64)] = []
        for (now, before) in zip(new, old) {
            guard now.count >= before.count else { return nil }
            let count = now.count - before.count
            // The counts of a sensor at work are not read all at one instant.
            counts.append((now.le, max(count, counts.last?.count ?? 0)))
        }
        guard let all = counts.last?.count, all > 0 else { return nil }
        median = Self.quantile(0.5, counts, all)
        p99 = Self.quantile(0.99, counts, all)
        p999 = Self.quantile(0.999, counts, all)
    }

    private static func quantile(_ share: Double, _ counts: [(bound: Double?, count: UInt64)], _ all: UInt64)
        -> Quantile
    {
        let rank = share * Double(all)
        var (lower, below) = (0.0, 0.0)
        for (bound, count) in counts {
            guard let bound else { break }
            let upTo = Double(count)
            if upTo >= rank, upTo > below {
                return Quantile(seconds: lower + (bound - lower) * (rank - below) / (upTo - below), isMore: false)
            }
            (lower, below) = (bound, upTo)
        }
        return Quantile(seconds: lower, isMore: true)
    }
}

extension [StatusDocument.Bucket] {
    /// The counts of several queues together; nil where their bounds differ or there are none.
    init?(sumOf all: [[StatusDocument.Bucket]]) {
        guard var sum = all.first, sum.isEmpty == false else { return nil }
        for buckets in all.dropFirst() {
            guard buckets.map(\.le) == sum.map(\.le) else { return nil }
            for index in sum.indices { sum[index].count &+= buckets[index].count }
        }
        self = sum
    }
}
