/// One IP packet, of either version, up to its transport payload.
///
/// A view that exists is valid: reading it cannot trap. The payload never reaches past the length that the header states, so
/// link-layer padding is not part of it.
package struct IPPacket: ~Escapable {
    /// The sender's address.
    package let source: IPAddress

    /// The receiver's address.
    package let destination: IPAddress

    /// The IANA number of the protocol in the payload, after any extension headers.
    package let transport: UInt8

    /// The bytes behind the headers, as far as they are there: the transport protocol's, or of a fragment its piece of what was fragmented.
    package let payload: Span<UInt8>

    /// What the fragments of one packet have in common; of no meaning where the packet is none.
    package let identification: UInt32

    /// Octets that the header states behind those that are there.
    private let missing: UInt32

    // Narrow, and side by side: the packet is copied once for each packet that is judged, and most of these are for the few that are not.
    private let narrowHeaderLength: UInt32
    private let narrowFragmentOffset: UInt16

    /// Whether the header states more octets than there are: the packet was cut by a copy range or a snap length.
    package let isTruncated: Bool

    /// Whether the packet is one part of a fragmented packet.
    package let isFragment: Bool

    /// Whether fragments follow this one.
    package let hasMoreFragments: Bool

    /// Offset of this fragment's payload in octets; zero in an unfragmented packet.
    package var fragmentOffset: Int { Int(narrowFragmentOffset) }

    /// The octets before ``payload``: the IP header with its options or extension headers. Zero where the packet was put together of fragments
    /// or lay behind an authentication header, for then no one header belongs to it.
    package var headerLength: Int { Int(narrowHeaderLength) }

    /// The octets of payload that the header states, which are more than ``payload`` has in a packet that was cut.
    package var payloadLength: Int { payload.count &+ Int(missing) }

    /// Reads the packet that starts `bytes`, of the version that its first four bits state.
    ///
    /// - Throws: ``WireError`` where the version is unknown or a header is cut or contradicts itself.
    @_lifetime(copy bytes)
    package init(parsing bytes: Span<UInt8>) throws(WireError) {
        guard bytes.count > 0 else { throw .truncated(.ipVersion) }
        switch bytes[0] &>> 4 {
        case 4: try self.init(v4: bytes)
        case 6: try self.init(v6: bytes)
        default: throw .malformed(.ipVersion)
        }
    }

    @_lifetime(copy payload)
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
        narrowHeaderLength = UInt32(truncatingIfNeeded: headerLength)
        self.missing = UInt32(truncatingIfNeeded: missing)
        self.isTruncated = isTruncated
        narrowFragmentOffset = UInt16(truncatingIfNeeded: fragmentOffset)
        self.isFragment = isFragment
        self.hasMoreFragments = hasMoreFragments
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

/// IANA protocol numbers that Grindvakt reads.
package enum TransportProtocol {
    /// Transmission Control Protocol.
    package static let tcp: UInt8 = 6

    /// User Datagram Protocol.
    package static let udp: UInt8 = 17

    /// Authentication header (RFC 4302), of which IPv4 has no chain to walk.
    package static let authentication: UInt8 = 51
}
