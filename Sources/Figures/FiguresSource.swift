/// Where the figures of periods come from: a store on this host, or what has been gathered from many.
package protocol FiguresSource: Sendable {
    /// The figures of the periods of this length from the one with the second `from` to the one with the second before `to`, oldest first.
    ///
    /// A period, a market and a window each have their own element; a period of which nothing is known has none.
    ///
    /// - Parameters:
    ///   - length: how long the periods are.
    ///   - from: seconds since 1970-01-01 UTC.
    ///   - to: seconds since 1970-01-01 UTC.
    ///   - market: the one market that is asked for; nil for all.
    /// - Returns: what is known of them.
    /// - Throws: why they cannot be had, in one line.
    func figures(_ length: PeriodLength, from: Int64, to: Int64, market: String?) async throws -> [PeriodFigures]
}
