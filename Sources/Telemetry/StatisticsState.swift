/// How the writes to the store of statistics went since the start of the process, and what the store was told besides counters.
package struct StatisticsState: Sendable, Equatable {
    /// Writes that are in the store.
    package var written: UInt64 = 0
    /// Writes that failed; their figures are kept until one succeeds.
    package var failed: UInt64 = 0
    /// When the last one was written, in seconds since 1970-01-01 UTC; nil before the first.
    package var lastWrite: Double?
    /// Whether the last one failed.
    package var isFailing = false
    /// Probes that the store took since then, by list and mechanism, in the order of these two; only those of which there was one.
    package private(set) var coverage: [CoverageCount] = []
    /// How long it took until names were let pass that somebody wanted to pass.
    package private(set) var wishes = DurationCounts()
    /// How long it took until names were let pass that a publisher has on its list no more.
    package private(set) var removals = DurationCounts()

    /// None yet.
    package init() {}

    /// Counts a probe for a test name of a list.
    package mutating func countProbe(list: String, _ mechanism: Mechanism, isBlocked: Bool) {
        let key = (list, mechanism.rawValue)
        let place = coverage.firstIndex { ($0.list, $0.mechanism.rawValue) >= key } ?? coverage.endIndex
        if place == coverage.endIndex || (coverage[place].list, coverage[place].mechanism.rawValue) != key {
            coverage.insert(CoverageCount(list: list, mechanism: mechanism), at: place)
        }
        coverage[place].probes &+= 1
        if isBlocked { coverage[place].blocked &+= 1 }
    }

    /// Counts how long it took until names were let pass.
    package mutating func countUnblock(_ seconds: Double, _ cause: UnblockCause) {
        switch cause {
        case .wish: wishes.count(seconds)
        case .removal: removals.count(seconds)
        }
    }

    /// The times until names were let pass for a cause.
    package func unblocks(_ cause: UnblockCause) -> DurationCounts {
        switch cause {
        case .wish: wishes
        case .removal: removals
        }
    }
}

/// How many test names of a list were asked for by a mechanism, and how many of them were blocked.
package struct CoverageCount: Sendable, Equatable {
    /// The list's identifier.
    package var list: String
    /// How they were asked for.
    package var mechanism: Mechanism
    /// How many.
    package var probes: UInt64 = 0
    /// How many of them were blocked.
    package var blocked: UInt64 = 0
}

/// Durations counted by size, from fractions of a second to a week.
package struct DurationCounts: Sendable, Equatable {
    /// The longest duration that each bucket but the last one takes, in seconds; the last one takes all longer ones.
    package static let bounds: [Double] = [
        0.05, 0.25, 1, 5, 15, 60, 300, 900, 3_600, 14_400, 43_200, 86_400, 172_800, 604_800,
    ]

    /// How many there were of each size, the shortest first.
    package private(set) var buckets = [UInt64](repeating: 0, count: DurationCounts.bounds.count + 1)
    /// All of them together, in seconds.
    package private(set) var sum = 0.0

    /// None yet.
    package init() {}

    /// Counts a duration in seconds; what is none is left out.
    package mutating func count(_ seconds: Double) {
        guard seconds.isFinite, seconds >= 0 else { return }
        let place = Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count
        buckets[place] &+= 1
        sum += seconds
    }
}
