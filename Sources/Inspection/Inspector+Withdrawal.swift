import Blocklists

/// Decisions that were made by lists which have changed since.
extension Inspector {
    /// Flows that are looked at between two batches.
    private static let step = 1_024

    /// Forgets what was decided about flows before an instant, some of them at each call; the packets they still bring are looked at as those
    /// of connections seen from the middle on. Each instant is done once.
    ///
    /// - Parameter instant: nanoseconds of the clock that ``inspect(_:at:)`` is given; zero for none.
    package mutating func forgetDecisions(asOf instant: UInt64) {
        guard instant != withdrawal.instant || withdrawal.next != nil else { return }
        if instant != withdrawal.instant { withdrawal = Withdrawal(instant: instant, next: 1) }
        guard let start = withdrawal.next else { return }
        var position = start
        let end = start + Self.step
        while position < end {
            let found = flows.decided(before: instant, from: position, limit: end - position)
            if found.flow != 0 {
                release(found.flow)
                flows.remove(found.flow)
            }
            guard let next = found.next else {
                withdrawal.next = nil
                return
            }
            position = next
        }
        withdrawal.next = position
    }
}

/// How far decisions made before an instant have been forgotten.
struct Withdrawal {
    /// Nanoseconds of the inspector's clock; zero for none.
    var instant: UInt64 = 0
    /// The next place of the flow table; nil where all are done.
    var next: Int?
}
