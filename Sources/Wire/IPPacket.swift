/// One IP packet, of either version, up to its transport payload.
///
/// A view that exists is valid: reading it cannot trap. The payload never reaches past the length that the header states, so
/// link-layer padding is not part of it. Inlined elsewhere, as are the other views: each packet would pay for copies of them else.
@usableFromInline
package struct IPPacket: ~Escapable {
    /// The sender's address.
    @usableFromInline
    package let source: IPAddress

    /// The receiver's address.
    @usableFromInline
    package let destination: IPAddress

    /// The IANA number of the protocol in the payload, after any extension headers.
    @usableFromInline
    package let transport: UInt8

    /// The bytes behind the headers, as far as they are there: the transport protocol's, or of a fragment its piece of what was fragmented.
    @usableFromInline
    package let payload: Span<UInt8>

    /// What the fragments of one packet have in common; of no meaning where the packet is none.
    @usableFromInline
    package let identification: UInt32

    /// What few ask for, in one word: every field is copied more than once on the way of a packet that nobody answers. From the lowest bit on:
    /// the three flags, the fragment's offset in units of eight octets, twenty bits of the header's length, as many of the missing octets.
    @usableFromInline
    let facts: UInt64

    /// Whether the header states more octets than there are: the packet was cut by a copy range or a snap length.
    @inlinable
    package var isTruncated: Bool { facts & 1 != 0 }

    /// Whether the packet is one part of a fragmented packet.
    @inlinable
    package var isFragment: Bool { facts & 2 != 0 }

    /// Whether fragments follow this one.
    package var hasMoreFragments: Bool { facts & 4 != 0 }

    /// Offset of this fragment's payload in octets; zero in an unfragmented packet.
    package var fragmentOffset: Int { Int(truncatingIfNeeded: facts & 0xFFF8) }

    /// The octets before ``payload``: the IP header with its options or extension headers. Zero where the packet was put together of fragments
    /// or lay behind an authentication header, for then no one header belongs to it.
    package var headerLength: Int { Int(truncatingIfNeeded: facts &>> 16 & 0xF_FFFF) }

    /// The octets of payload that the header states, which are more than ``payload`` has in a packet that was cut.
    package var payloadLength: Int { payload.count &+ Int(truncatingIfNeeded: facts &>> 36) }

    /// Reads the packet that starts `bytes`, of the version that its first four bits state.
    ///
    /// - Throws: ``WireError`` where the version is unknown or a header is cut or contradicts itself.
    @_lifetime(copy bytes)
    @inlinable
    @inline(__always)
    package init(parsing bytes: Span<UInt8>) throws(WireError) {
        guard bytes.count > 0 else { throw .truncated(.ipVersion) }
        switch bytes[0] &>> 4 {
        case 4: try self.init(v4: bytes)
        case 6: try self.init(v6: bytes)
        default: throw .malformed(.ipVersion)
        }
    }

    @_lifetime(copy payload)
    @inlinable
    @inline(__always)
    init(
        source: IPAddress,
        destination: IPAddress,
        transport: UInt8,
        payload: Span<UInt8>,
        headerLength: Int,
        missing: Int,
        isTruncated: Bool,
        fragmentOffset: Int,
        isFragment: Bool,
        hasMoreFragments: Bool,
        identification: UInt32
    ) {
        self.source = source
        self.destination = destination
        self.transport = transport
        self.payload = payload
        facts =
            (isTruncated ? 1 : 0) | (isFragment ? 2 : 0) | (hasMoreFragments ? 4 : 0)
            | UInt64(truncatingIfNeeded: fragmentOffset) & 0xFFF8
            | (UInt64(truncatingIfNeeded: headerLength) & 0xF_FFFF) &<< 16
            | UInt64(truncatingIfNeeded: missing) &<< 36
        self.identification = identification
    }

    /// The packet that `payload` belongs to, which starts with the header that `transport` names: what was put together of fragments, or
    /// what an authentication header covers.
    ///
    /// Extension headers are walked over as in ``init(parsing:)``; of IPv4, the authentication header alone is one.
    /// - Throws: ``WireError`` where one of them is cut.
    @_lifetime(copy payload)
    package init(
        payload: Span<UInt8>,
        transport: UInt8,
        source: IPAddress,
        destination: IPAddress,
        isTruncated: Bool
    ) throws(WireError) {
        guard source.version == .v6 || transport == TransportProtocol.authentication else {
            self.init(
                source: source,
                destination: destination,
                transport: transport,
                payload: payload,
                headerLength: 0,
                missing: 0,
                isTruncated: isTruncated,
                fragmentOffset: 0,
                isFragment: false,
                hasMoreFragments: false,
                identification: 0
            )
            return
        }
        let chain = try ExtensionChain(of: payload, next: transport, from: 0, to: payload.count)
        self.init(
            source: source,
            destination: destination,
            transport: chain.next,
            payload: payload.extracting(chain.offset..<payload.count),
            headerLength: 0,
            missing: 0,
            isTruncated: isTruncated,
            fragmentOffset: chain.fragmentOffset,
            isFragment: chain.isFragment,
            hasMoreFragments: chain.hasMoreFragments,
            identification: chain.identification
        )
    }
}

/// IANA protocol numbers that Grindvakt reads. Inlined, since a constant of another target is a call for each packet.
@usableFromInline
package enum TransportProtocol {
    /// Transmission Control Protocol.
    @inlinable
    package static var tcp: UInt8 { 6 }

    /// User Datagram Protocol.
    @inlinable
    package static var udp: UInt8 { 17 }

    /// Authentication header (RFC 4302), of which IPv4 has no chain to walk.
    @inlinable
    package static var authentication: UInt8 { 51 }
}
