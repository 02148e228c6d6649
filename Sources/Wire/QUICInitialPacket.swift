/// A whole Initial packet, still protected (RFC 9000 §17.2.2).
///
/// A view that exists is valid: reading it cannot trap.
package struct QUICInitialPacket: ~Escapable {
    /// Octets behind the packet number's place at which the sample for header protection begins (RFC 9001 §5.4.2).
    package static let sampleOffset = 4

    /// Octets of the sample for header protection, and of the tag of AEAD_AES_128_GCM.
    package static let blockLength = 16

    /// The packet's version.
    package let version: QUICVersion

    /// The Destination Connection ID.
    package let destinationConnectionID: Span<UInt8>

    /// The token of a Retry or of an earlier connection.
    package let token: Span<UInt8>

    /// Where the packet number begins in ``bytes``.
    package let packetNumberOffset: Int

    /// The packet, from its first octet to the last one of its tag.
    package let bytes: Span<UInt8>

    /// Reads the Initial that starts `bytes`; other packets may follow it.
    ///
    /// - Throws: ``WireError`` where it is not an Initial of a known version, is cut, or is too short to be protected.
    @_lifetime(copy bytes)
    package init(parsing bytes: Span<UInt8>) throws(WireError) {
        try self.init(QUICLongHeader(parsing: bytes))
    }

    /// The Initial with this header.
    ///
    /// - Throws: ``WireError`` where it is none, is cut, or is too short to be protected.
    @_lifetime(copy header)
    package init(_ header: QUICLongHeader) throws(WireError) {
        guard header.kind == .initial, let version = header.version else { throw .malformed(.quicHeader) }
        guard header.isTruncated == false else { throw .truncated(.quicLength) }
        // A packet number of four octets at most, or what stands in its place, and the sample or the tag.
        guard header.length &- header.packetNumberOffset >= Self.sampleOffset &+ Self.blockLength else {
            throw .malformed(.quicLength)
        }
        self.version = version
        destinationConnectionID = header.destinationConnectionID
        token = header.token
        packetNumberOffset = header.packetNumberOffset
        bytes = header.bytes
    }
}

extension ByteReader {
    /// Reads a variable-length integer (RFC 9000 §16), which is below 2^62.
    @_lifetime(self: copy self)
    mutating func readQUICVariableLength(_ field: WireField) throws(WireError) -> Int {
        let first = try readUInt8(field)
        var value = Int(first & 0x3F)
        for _ in 1..<(1 &<< Int(first &>> 6)) { value = value &<< 8 | Int(try readUInt8(field)) }
        return value
    }
}
