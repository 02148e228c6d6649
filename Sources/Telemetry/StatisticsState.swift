/// How the writes to the store of statistics went since the start of the process.
package struct StatisticsState: Sendable, Equatable {
    /// Writes that are in the store.
    package var written: UInt64 = 0
    /// Writes that failed; their figures are kept until one succeeds.
    package var failed: UInt64 = 0
    /// When the last one was written, in seconds since 1970-01-01 UTC; nil before the first.
    package var lastWrite: Double?
    /// Whether the last one failed.
    package var isFailing = false

    /// None yet.
    package init() {}
}
