/// How much the sensor may send: never more octets than it has received, and never more packets in a second than configured.
///
/// Whoever floods it with queries under another's address gets that address no more than the queries themselves would have sent there.
package struct ResponseBudget: Sendable {
    /// The most octets that are saved up.
    private static let creditLimit = 1 << 20

    /// Octets that were received and not sent yet.
    private(set) var credit = 0

    private let rate: UInt64
    private var packets: UInt64
    private var refilledAt: UInt64 = 0

    /// A budget without credit.
    ///
    /// - Parameter rate: packets in a second; as many may be sent at once.
    package init(rate: Int) {
        self.rate = UInt64(max(rate, 1))
        packets = self.rate
    }

    /// Notes octets that were received.
    @inline(__always)
    package mutating func earn(_ octets: Int) {
        credit = min(credit &+ octets, Self.creditLimit)
    }

    /// Takes one packet of so many octets from the budget.
    ///
    /// - Parameters:
    ///   - octets: how long it is.
    ///   - now: the time in nanoseconds; one before an earlier call's counts as that.
    /// - Returns: whether it may be sent.
    package mutating func spend(_ octets: Int, at now: UInt64) -> Bool {
        refill(at: now)
        guard octets <= credit, packets > 0 else { return false }
        credit -= octets
        packets -= 1
        return true
    }

    /// Whether a packet may be sent at all, however short: where none may, none need be composed.
    ///
    /// - Parameter now: the time in nanoseconds, as for ``spend(_:at:)``.
    /// - Returns: whether the rate leaves room for one.
    package mutating func hasPackets(at now: UInt64) -> Bool {
        refill(at: now)
        return packets > 0
    }

    private mutating func refill(at now: UInt64) {
        guard now > refilledAt else { return }
        // A second fills the bucket, so no longer time need be multiplied.
        let (elapsed, earned) = (min(now - refilledAt, 1_000_000_000), refilledAt == 0)
        let fresh = earned ? rate : elapsed * rate / 1_000_000_000
        guard fresh > 0 else { return }
        packets = min(packets + fresh, rate)
        refilledAt = now
    }
}
