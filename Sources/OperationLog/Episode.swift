/// Tells where something that is counted begins and where it has ended, by looking at the count now and then.
package struct Episode: Sendable {
    /// What has changed.
    package enum Change: Equatable, Sendable {
        /// The count rises; it has not for a while.
        case began
        /// The count has not risen for a while: by how much it rose in all, and for how many seconds.
        case ended(count: UInt64, seconds: UInt64)
    }

    private struct Span {
        var base: UInt64
        var begin: UInt64
        var last: UInt64
    }

    private let quiet: UInt64
    private var total: UInt64 = 0
    private var span: Span?

    /// Nothing has happened.
    ///
    /// - Parameter quiet: seconds without a rise by which it has ended.
    package init(quiet: UInt64 = 10) {
        self.quiet = quiet
    }

    /// Takes in the count as it is.
    ///
    /// - Parameters:
    ///   - newTotal: the count since the start of the process.
    ///   - now: seconds of a clock that never goes back.
    /// - Returns: what has changed, if anything.
    package mutating func note(total newTotal: UInt64, at now: UInt64) -> Change? {
        defer { total = newTotal }
        // A count that falls has begun anew.
        if newTotal < total { span?.base = 0 }
        if newTotal > total {
            guard span == nil else {
                span?.last = now
                return nil
            }
            span = Span(base: total, begin: now, last: now)
            return .began
        }
        guard let span, now >= span.last, now - span.last >= quiet else { return nil }
        return end(span, newTotal)
    }

    /// Ends it, as nobody will look at the count any more.
    ///
    /// - Returns: what it came to; nil where nothing was going on.
    package mutating func finish() -> Change? {
        span.flatMap { end($0, total) }
    }

    private mutating func end(_ ended: Span, _ total: UInt64) -> Change {
        span = nil
        return .ended(count: total &- min(ended.base, total), seconds: ended.last - ended.begin + 1)
    }
}
