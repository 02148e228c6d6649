//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-------+---------------+---------------------------------------+
// |Version| Traffic Class |              Flow Label               |
// +-------+---------------+-------+---------------+---------------+
// |         Payload Length        |  Next Header  |   Hop Limit   |
// +-------------------------------+---------------+---------------+
// |                 Source Address (16 octets)                    |
// +---------------------------------------------------------------+
// |               Destination Address (16 octets)                 |
// +---------------------------------------------------------------+
extension IPPacket {
    /// Reads an IPv6 packet through its extension headers to the transport payload (RFC 8200 §3 and §4).
    ///
    /// The walk ends at the first header that is not an extension header, or in a fragment that is not the first: what follows
    /// there is the middle of the fragmented part. A payload length of zero means "to the end of the bytes" (RFC 2675).
    @_lifetime(copy bytes)
    init(v6 bytes: Span<UInt8>) throws(WireError) {
        guard bytes.count >= 40 else { throw .truncated(.ipv6Header) }
        let stated = Int(bytes.bigEndianUInt16(at: 4)) &+ 40
        let end = stated == 40 ? bytes.count : min(stated, bytes.count)

        var next = bytes[6]
        var offset = 40
        var fragmentOffset = 0
        var isFragment = false
        walk: while fragmentOffset == 0 {
            let length: Int
            switch next {
            case ExtensionHeader.fragment:
                guard end &- offset >= 8 else { throw .truncated(.ipv6ExtensionHeader) }
                let field = bytes.bigEndianUInt16(at: offset &+ 2)
                fragmentOffset = Int(field & 0xFFF8)
                // An atomic fragment, offset zero and nothing to follow, is a whole packet (RFC 6946).
                isFragment = isFragment || field & 0xFFF9 != 0
                length = 8
            case ExtensionHeader.authentication:
                guard end &- offset >= 8 else { throw .truncated(.ipv6ExtensionHeader) }
                length = (Int(bytes[offset &+ 1]) &+ 2) &* 4
            case ExtensionHeader.hopByHop, ExtensionHeader.routing, ExtensionHeader.destination,
                ExtensionHeader.mobility, ExtensionHeader.hostIdentity, ExtensionHeader.shim6:
                guard end &- offset >= 8 else { throw .truncated(.ipv6ExtensionHeader) }
                length = (Int(bytes[offset &+ 1]) &+ 1) &* 8
            default:
                break walk
            }
            guard end &- offset >= length else { throw .truncated(.ipv6ExtensionHeader) }
            next = bytes[offset]
            offset &+= length
        }
        self.init(
            source: IPAddress(v6: bytes.bigEndianUInt64(at: 8), bytes.bigEndianUInt64(at: 16)),
            destination: IPAddress(v6: bytes.bigEndianUInt64(at: 24), bytes.bigEndianUInt64(at: 32)),
            transport: next,
            payload: bytes.extracting(offset..<end),
            isTruncated: stated > bytes.count,
            fragmentOffset: fragmentOffset,
            isFragment: isFragment
        )
    }
}

/// IANA numbers of the IPv6 extension headers that are walked over.
private enum ExtensionHeader {
    static let hopByHop: UInt8 = 0
    static let routing: UInt8 = 43
    static let fragment: UInt8 = 44
    static let authentication: UInt8 = 51
    static let destination: UInt8 = 60
    static let mobility: UInt8 = 135
    static let hostIdentity: UInt8 = 139
    static let shim6: UInt8 = 140
}
