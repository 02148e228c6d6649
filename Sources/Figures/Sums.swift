extension UInt64 {
    /// The sum, or the highest number where it would be higher.
    package func adding(_ other: UInt64) -> UInt64 {
        let (sum, hasOverflown) = addingReportingOverflow(other)
        return hasOverflown ? .max : sum
    }
}

extension Sequence<UInt64> {
    /// All of them together, or the highest number where that would be higher.
    package var total: UInt64 { reduce(0) { $0.adding($1) } }
}
