// +--------------+-----------------+----------------+----------...
// | Content Type | Legacy Version  |     Length     | Fragment
// +--------------+-----------------+----------------+----------...
//      1 octet        2 octets          2 octets
/// One record of the TLS record layer (RFC 8446 §5.1), as much of it as has arrived.
///
/// A view that exists is valid: reading it cannot trap.
package struct TLSRecord: ~Escapable {
    /// Octets of the header before each fragment.
    package static let headerLength = 5

    /// The longest fragment in octets: 2^14 of plain text and what encryption may add (RFC 5246 §6.2.3).
    package static let maximumLength = 16_384 + 2_048

    /// The content types that a record may have (RFC 8446 §5.1, RFC 6520 §2).
    package enum ContentType: UInt8, Sendable {
        case changeCipherSpec = 20
        case alert = 21
        case handshake = 22
        case applicationData = 23
        case heartbeat = 24
    }

    /// What the fragment holds.
    package let contentType: ContentType

    /// The fragment's length in octets, as the header states it.
    package let length: Int

    /// The fragment, as far as it is there.
    package let fragment: Span<UInt8>

    /// Reads the record that starts `bytes`.
    ///
    /// - Throws: ``WireError/truncated(_:)`` where the header is not complete, ``WireError/malformed(_:)`` where it is not one of TLS 1.0
    ///   to 1.3 (the major version is 3 in all of them).
    @_lifetime(copy bytes)
    package init(parsing bytes: Span<UInt8>) throws(WireError) {
        guard bytes.count >= 1 else { throw .truncated(.tlsRecordHeader) }
        guard let contentType = ContentType(rawValue: bytes[0]) else { throw .malformed(.tlsRecordHeader) }
        guard bytes.count >= 2 else { throw .truncated(.tlsRecordHeader) }
        guard bytes[1] == 3 else { throw .malformed(.tlsRecordHeader) }
        guard bytes.count >= Self.headerLength else { throw .truncated(.tlsRecordHeader) }
        let stated = Int(bytes.bigEndianUInt16(at: 3))
        guard stated <= Self.maximumLength else { throw .limitExceeded(.tlsRecordLength) }
        self.contentType = contentType
        length = stated
        fragment = bytes.extracting(Self.headerLength..<min(Self.headerLength &+ stated, bytes.count))
    }

    /// Whether the whole fragment is there.
    package var isComplete: Bool { fragment.count == length }
}
