/// A point in time, in nanoseconds since a fixed moment that only the caller knows.
///
/// The engine has no clock: live traffic brings the machine's monotonic time, a capture its packets' times, a test what it likes.
@usableFromInline
package struct Instant: Comparable, Sendable {
    /// Nanoseconds since the caller's fixed moment.
    @usableFromInline
    package var nanoseconds: UInt64

    /// The point so many nanoseconds after the caller's fixed moment.
    @inlinable
    package init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    @inlinable
    package static func < (one: Instant, other: Instant) -> Bool {
        one.nanoseconds < other.nanoseconds
    }
}
