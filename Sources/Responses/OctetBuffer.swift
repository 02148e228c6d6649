import Wire

/// Octets being put together in a fixed piece of memory, in network byte order.
///
/// What does not fit is left out and remembered: nothing traps and nothing grows.
struct OctetBuffer: ~Copyable, Sendable {
    /// The octets of the longest packet: the least that every link of IPv6 carries (RFC 8200 §5), so that no packet meets a link that is too
    /// narrow for it, and as much as an ICMPv6 error may have (RFC 4443 §2.4). DNS answers and stop pages are shorter.
    static let capacity = 1_280

    private var octets = InlineArray<1_280, UInt8>(repeating: 0)

    /// How many octets there are.
    private(set) var count = 0

    /// Whether some octets were left out.
    private(set) var isOverrun = false

    /// The octets.
    var span: Span<UInt8> {
        @_lifetime(borrow self)
        get { octets.span.extracting(0..<count) }
    }

    /// Takes all octets out.
    mutating func reset() {
        count = 0
        isOverrun = false
    }

    /// Adds an octet.
    mutating func append(_ value: UInt8) {
        guard count < Self.capacity else {
            isOverrun = true
            return
        }
        octets[count] = value
        count &+= 1
    }

    /// Adds a 16-bit number.
    mutating func append(_ value: UInt16) {
        append(UInt8(truncatingIfNeeded: value &>> 8))
        append(UInt8(truncatingIfNeeded: value))
    }

    /// Adds a 32-bit number.
    mutating func append(_ value: UInt32) {
        append(UInt16(truncatingIfNeeded: value &>> 16))
        append(UInt16(truncatingIfNeeded: value))
    }

    /// Adds an address, of four octets or of sixteen.
    mutating func append(_ address: IPAddress) {
        if address.version == .v6 {
            append(UInt32(truncatingIfNeeded: address.high &>> 32))
            append(UInt32(truncatingIfNeeded: address.high))
            append(UInt32(truncatingIfNeeded: address.low &>> 32))
        }
        append(UInt32(truncatingIfNeeded: address.low))
    }

    /// Adds all of these octets, or none where they do not fit.
    mutating func append(_ bytes: Span<UInt8>) {
        guard bytes.count <= Self.capacity &- count else {
            isOverrun = true
            return
        }
        var offset = 0
        while offset < bytes.count {
            octets[count &+ offset] = bytes[offset]
            offset &+= 1
        }
        count &+= bytes.count
    }

    /// Puts a 16-bit number in the place of the one at `offset`; where there is none, nothing happens.
    mutating func replace(at offset: Int, with value: UInt16) {
        guard offset >= 0, offset <= count &- 2 else { return }
        octets[offset] = UInt8(truncatingIfNeeded: value &>> 8)
        octets[offset &+ 1] = UInt8(truncatingIfNeeded: value)
    }
}
