//  0      7 8     15 16    23 24    31
// +--------+--------+--------+--------+
// |   Source Port   | Destination Port|
// +--------+--------+--------+--------+
// |      Length     |     Checksum    |
// +--------+--------+--------+--------+
/// One UDP datagram (RFC 768).
///
/// A view that exists is valid: reading it cannot trap. The checksum is the receiver's business and is not read.
@usableFromInline
package struct UDPDatagram: ~Escapable {
    /// The sender's port.
    @usableFromInline
    package let sourcePort: UInt16

    /// The receiver's port.
    @usableFromInline
    package let destinationPort: UInt16

    /// The datagram's data, as far as it is there and never past the stated length.
    @usableFromInline
    package let payload: Span<UInt8>

    /// Whether the header states more octets than there are.
    @usableFromInline
    package let isTruncated: Bool

    /// Reads the datagram that fills `bytes`.
    ///
    /// A length of zero means "to the end of the bytes" (RFC 2675 §4).
    /// - Throws: ``WireError`` where the header is cut or states a length below its own.
    @_lifetime(copy bytes)
    @inlinable
    @inline(__always)
    package init(parsing bytes: Span<UInt8>) throws(WireError) {
        guard bytes.count >= 8 else { throw .truncated(.udpHeader) }
        let stated = Int(bytes.bigEndianUInt16(at: 4))
        guard stated == 0 || stated >= 8 else { throw .malformed(.udpLength) }
        sourcePort = bytes.bigEndianUInt16(at: 0)
        destinationPort = bytes.bigEndianUInt16(at: 2)
        isTruncated = stated > bytes.count
        payload = bytes.extracting(8..<(stated == 0 ? bytes.count : min(stated, bytes.count)))
    }
}
