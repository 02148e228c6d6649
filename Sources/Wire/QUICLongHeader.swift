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
