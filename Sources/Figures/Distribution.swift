/// What is said of many durations: the median, the 95th percentile and the longest.
package struct Distribution: Equatable, Sendable {
    /// Half of them are no longer.
    package let median: Double
    /// Nineteen of twenty are no longer.
    package let p95: Double
    /// None is longer.
    package let longest: Double

    /// The distribution of `values` by nearest rank; nil of none. Values that are no number are left out.
    package init?(_ values: [Double]) {
        let sorted = values.filter(\.isFinite).sorted()
        guard let longest = sorted.last else { return nil }
        func percentile(_ hundredths: Int) -> Double {
            sorted[max(0, (sorted.count * hundredths + 99) / 100 - 1)]
        }
        median = percentile(50)
        p95 = percentile(95)
        self.longest = longest
    }
}
