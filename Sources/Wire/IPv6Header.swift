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
    /// The walk ends at the first header that is not an extension header, or behind the header of a fragment: what follows there is a piece
    /// of the fragmented part. A payload length of zero means "to the end of the bytes" (RFC 2675).
    @_lifetime(copy bytes)
    @inlinable
    @inline(__always)
    init(v6 bytes: Span<UInt8>) throws(WireError) {
        guard bytes.count >= 40 else { throw .truncated(.ipv6Header) }
        let stated = Int(bytes.bigEndianUInt16(at: 4)) &+ 40
        let end = stated == 40 ? bytes.count : min(stated, bytes.count)
        let next = bytes[6]
        guard next == TransportProtocol.tcp || next == TransportProtocol.udp else {
            try self.init(extended: bytes, stated, end)
            return
        }
        self.init(
            source: IPAddress(v6: bytes.bigEndianUInt64(at: 8), bytes.bigEndianUInt64(at: 16)),
            destination: IPAddress(v6: bytes.bigEndianUInt64(at: 24), bytes.bigEndianUInt64(at: 32)),
            transport: next,
            payload: bytes.extracting(40..<end),
            headerLength: 40,
            missing: max(stated &- bytes.count, 0),
            isTruncated: stated > bytes.count,
            fragmentOffset: 0,
            isFragment: false,
            hasMoreFragments: false,
            identification: 0
        )
    }

    /// The same of a packet whose first header leads to others, or to neither UDP nor TCP; it is at least 40 octets long.
    @_lifetime(copy bytes)
    @usableFromInline
    init(extended bytes: Span<UInt8>, _ stated: Int, _ end: Int) throws(WireError) {
        let chain = try ExtensionChain(of: bytes, next: bytes[6], from: 40, to: end)
        self.init(
            source: IPAddress(v6: bytes.bigEndianUInt64(at: 8), bytes.bigEndianUInt64(at: 16)),
            destination: IPAddress(v6: bytes.bigEndianUInt64(at: 24), bytes.bigEndianUInt64(at: 32)),
            transport: chain.next,
            payload: bytes.extracting(chain.offset..<end),
            headerLength: chain.offset,
            missing: max(stated &- bytes.count, 0),
            isTruncated: stated > bytes.count,
            fragmentOffset: chain.fragmentOffset,
            isFragment: chain.isFragment,
            hasMoreFragments: chain.hasMoreFragments,
            identification: chain.identification
        )
    }
}

/// A chain of IPv6 extension headers (RFC 8200 §4), walked to its end.
struct ExtensionChain {
    /// The IANA number of what follows the chain.
    private(set) var next: UInt8

    /// Where that starts.
    private(set) var offset: Int

    private(set) var fragmentOffset = 0
    private(set) var isFragment = false
    private(set) var hasMoreFragments = false
    private(set) var identification: UInt32 = 0

    /// Walks from the header `next` at `start` on, no further than `end`, which lies inside the bytes.
    @inline(__always)
    init(of bytes: Span<UInt8>, next first: UInt8, from start: Int, to end: Int) throws(WireError) {
        next = first
        offset = start
        while isFragment == false {
            let length: Int
            switch next {
            case ExtensionHeader.fragment:
                guard end &- offset >= 8 else { throw .truncated(.ipv6ExtensionHeader) }
                let field = bytes.bigEndianUInt16(at: offset &+ 2)
                fragmentOffset = Int(field & 0xFFF8)
                // An atomic fragment, offset zero and nothing to follow, is a whole packet (RFC 6946).
                isFragment = field & 0xFFF9 != 0
                hasMoreFragments = field & 1 != 0
                identification = bytes.bigEndianUInt32(at: offset &+ 4)
                length = 8
            case ExtensionHeader.authentication:
                guard end &- offset >= 8 else { throw .truncated(.ipv6ExtensionHeader) }
                length = (Int(bytes[offset &+ 1]) &+ 2) &* 4
            case ExtensionHeader.hopByHop, ExtensionHeader.routing, ExtensionHeader.destination,
                ExtensionHeader.mobility, ExtensionHeader.hostIdentity, ExtensionHeader.shim6:
                guard end &- offset >= 8 else { throw .truncated(.ipv6ExtensionHeader) }
                length = (Int(bytes[offset &+ 1]) &+ 1) &* 8
            default:
                return
            }
            guard end &- offset >= length else { throw .truncated(.ipv6ExtensionHeader) }
            next = bytes[offset]
            offset &+= length
        }
    }
}

/// IANA numbers of the IPv6 extension headers that are walked over.
private enum ExtensionHeader {
    static let hopByHop: UInt8 = 0
    static let routing: UInt8 = 43
    static let fragment: UInt8 = 44
    static let authentication: UInt8 = TransportProtocol.authentication
    static let destination: UInt8 = 60
    static let mobility: UInt8 = 135
    static let hostIdentity: UInt8 = 139
    static let shim6: UInt8 = 140
}
