// +-+-+---+----+---------+----------+------+----------+------+--
// |1|F|typ|prot| Version | DCID len | DCID | SCID len | SCID |
// +-+-+---+----+---------+----------+------+----------+------+--
//     1 octet   4 octets   1 octet            1 octet
/// What every version says in a packet with a long header (RFC 8999 §5.1), and how far one of a known version goes.
///
/// A view that exists is valid: reading it cannot trap.
package struct QUICLongHeader: ~Escapable {
    /// What a packet with a long header is (RFC 9000 §17.2).
    package enum Kind: UInt8, Sendable {
        case initial
        case zeroRTT
        case handshake
        case retry
        /// A packet with version zero, by which a server names the versions it knows (RFC 9000 §17.2.1).
        case versionNegotiation
        /// A packet of a version that is not known: only its version and connection IDs can be read.
        case unknown
    }

    /// What the packet is.
    package let kind: Kind

    /// The packet's version, as it is written.
    package let versionNumber: UInt32

    /// The packet's version, nil where it is not known.
    package let version: QUICVersion?

    /// The Destination Connection ID.
    package let destinationConnectionID: Span<UInt8>

    /// The Source Connection ID.
    package let sourceConnectionID: Span<UInt8>

    /// The token of an Initial; empty in all others.
    package let token: Span<UInt8>

    /// Where the packet number begins; the end of what was read in a packet that has none.
    package let packetNumberOffset: Int

    /// Octets of the packet as its header states them: other packets may follow in the same datagram (RFC 9000 §12.2). A packet that
    /// states no length goes to the end of the datagram.
    package let length: Int

    /// The packet, as far as it is there.
    package let bytes: Span<UInt8>

    /// Whether the header states more octets than there are.
    package var isTruncated: Bool { length > bytes.count }

    /// Whether these octets have room for a version and the form of a long header, and which version that is.
    ///
    /// The cheap first look: whether it is worth reading on.
    package static func versionNumber(of bytes: Span<UInt8>) -> UInt32? {
        guard bytes.count >= 7, bytes[0] & 0x80 != 0 else { return nil }
        return bytes.bigEndianUInt32(at: 1)
    }

    /// Reads the header of the packet that starts `bytes`.
    ///
    /// The fixed bit is not asked for: a client may have agreed to leave it out (RFC 9287).
    /// - Throws: ``WireError`` where the header is cut, is not a long one, or has a connection ID longer than its version allows.
    @_lifetime(copy bytes)
    package init(parsing bytes: Span<UInt8>) throws(WireError) {
        guard bytes.count >= 7 else { throw .truncated(.quicHeader) }
        let first = bytes[0]
        guard first & 0x80 != 0 else { throw .malformed(.quicHeader) }
        versionNumber = bytes.bigEndianUInt32(at: 1)
        version = QUICVersion(number: versionNumber)
        var reader = ByteReader(bytes)
        try reader.skip(5, .quicHeader)
        let destinationLength = Int(try reader.readUInt8(.quicConnectionID))
        guard version == nil || destinationLength <= Self.maximumConnectionIDLength else {
            throw .limitExceeded(.quicConnectionID)
        }
        destinationConnectionID = try reader.read(destinationLength, .quicConnectionID)
        let sourceLength = Int(try reader.readUInt8(.quicConnectionID))
        guard version == nil || sourceLength <= Self.maximumConnectionIDLength else {
            throw .limitExceeded(.quicConnectionID)
        }
        sourceConnectionID = try reader.read(sourceLength, .quicConnectionID)

        let none = bytes.extracting(0..<0)
        if let version, let kind = Kind(rawValue: (first &>> 4 &- version.initialType) & 3), kind != .retry {
            self.kind = kind
            token =
                kind == .initial
                ? try reader.read(reader.readQUICVariableLength(.quicToken), .quicToken) : none
            let stated = try reader.readQUICVariableLength(.quicLength)
            packetNumberOffset = reader.position
            // Both are below 2^62, so that their sum cannot overflow.
            length = packetNumberOffset &+ stated
            self.bytes = bytes.extracting(0..<min(length, bytes.count))
        } else {
            kind = versionNumber == 0 ? .versionNegotiation : version == nil ? .unknown : .retry
            token = none
            packetNumberOffset = reader.position
            length = bytes.count
            self.bytes = bytes
        }
    }

    /// The longest connection ID of the versions that are known (RFC 9000 §17.2).
    package static let maximumConnectionIDLength = 20
}

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
