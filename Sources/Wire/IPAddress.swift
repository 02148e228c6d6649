/// An IPv4 or IPv6 address.
@usableFromInline
package struct IPAddress: Hashable, Sendable {
    /// The Internet Protocol's version.
    @usableFromInline
    package enum Version: UInt8, Sendable {
        case v4 = 4
        case v6 = 6
    }

    /// The version of the protocol the address belongs to.
    @usableFromInline
    package let version: Version

    /// The upper 64 bits of an IPv6 address; zero for IPv4.
    @usableFromInline
    package let high: UInt64

    /// The lower 64 bits of an IPv6 address; an IPv4 address in the lower 32 bits. Host byte order.
    @usableFromInline
    package let low: UInt64

    /// An IPv4 address in host byte order.
    @inlinable
    package init(v4 address: UInt32) {
        version = .v4
        high = 0
        low = UInt64(address)
    }

    /// An IPv6 address as two numbers in host byte order.
    @inlinable
    package init(v6 high: UInt64, _ low: UInt64) {
        version = .v6
        self.high = high
        self.low = low
    }
}
