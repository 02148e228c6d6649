/// A cursor over the bytes of one message, in network byte order.
///
/// Every read checks the bytes that are left and throws ``WireError/truncated(_:)`` naming the field, so a reader can neither
/// trap nor look past the end. A reader made from a length prefix cannot leave its parent's field.
package struct ByteReader: ~Escapable {
    private let bytes: Span<UInt8>

    /// Octets read so far.
    package private(set) var position: Int

    /// A reader at the start of `bytes`.
    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
        self.position = 0
    }

    /// Octets that are left.
    package var remaining: Int { bytes.count &- position }

    /// Reads one octet.
    @_lifetime(self: copy self)
    package mutating func readUInt8(_ field: WireField) throws(WireError) -> UInt8 {
        guard remaining >= 1 else { throw .truncated(field) }
        let value = bytes[position]
        position &+= 1
        return value
    }

    /// Reads a 16-bit number.
    @_lifetime(self: copy self)
    package mutating func readUInt16(_ field: WireField) throws(WireError) -> UInt16 {
        guard remaining >= 2 else { throw .truncated(field) }
        let value = bytes.bigEndianUInt16(at: position)
        position &+= 2
        return value
    }

    /// Passes over `count` octets.
    @_lifetime(self: copy self)
    package mutating func skip(_ count: Int, _ field: WireField) throws(WireError) {
        guard count >= 0, remaining >= count else { throw .truncated(field) }
        position &+= count
    }

    /// Reads `count` octets as a view of the message.
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    package mutating func read(_ count: Int, _ field: WireField) throws(WireError) -> Span<UInt8> {
        guard count >= 0, remaining >= count else { throw .truncated(field) }
        let start = position
        position &+= count
        return bytes.extracting(start..<start &+ count)
    }
}

extension Span where Element == UInt8 {
    // Each checks its place once and takes its octets as one piece, which the compiler then loads as one: octet by octet it would do both for each.

    /// The 16-bit number in network byte order at `offset`; the caller has checked that it lies inside.
    @inlinable
    @inline(__always)
    func bigEndianUInt16(at offset: Int) -> UInt16 {
        precondition(offset >= 0 && count >= 2 && offset <= count &- 2)
        let octets = extracting(offset..<offset &+ 2)
        return UInt16(octets[0]) &<< 8 | UInt16(octets[1])
    }

    /// The 32-bit number in network byte order at `offset`; the caller has checked that it lies inside.
    @inlinable
    @inline(__always)
    func bigEndianUInt32(at offset: Int) -> UInt32 {
        precondition(offset >= 0 && count >= 4 && offset <= count &- 4)
        let octets = extracting(offset..<offset &+ 4)
        let high = UInt32(octets[0]) &<< 24 | UInt32(octets[1]) &<< 16
        let low = UInt32(octets[2]) &<< 8 | UInt32(octets[3])
        return high | low
    }

    /// The 64-bit number in network byte order at `offset`; the caller has checked that it lies inside.
    @inlinable
    @inline(__always)
    func bigEndianUInt64(at offset: Int) -> UInt64 {
        precondition(offset >= 0 && count >= 8 && offset <= count &- 8)
        let octets = extracting(offset..<offset &+ 8)
        let first = UInt64(octets[0]) &<< 56 | UInt64(octets[1]) &<< 48
        let second = UInt64(octets[2]) &<< 40 | UInt64(octets[3]) &<< 32
        let third = UInt64(octets[4]) &<< 24 | UInt64(octets[5]) &<< 16
        let fourth = UInt64(octets[6]) &<< 8 | UInt64(octets[7])
        return first | second | third | fourth
    }
}
