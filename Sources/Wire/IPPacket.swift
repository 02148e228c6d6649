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

    /// The transport protocol's bytes, as far as they are there.
    package let payload: Span<UInt8>

    /// Whether the header states more octets than there are: the packet was cut by a copy range or a snap length.
    package let isTruncated: Bool

    /// Offset of this fragment's payload in octets; zero in an unfragmented packet.
    package let fragmentOffset: Int

    /// Whether the packet is one part of a fragmented packet.
    package let isFragment: Bool

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
        isTruncated: Bool,
        fragmentOffset: Int,
        isFragment: Bool
    ) {
        self.source = source
        self.destination = destination
        self.transport = transport
        self.payload = payload
        self.isTruncated = isTruncated
        self.fragmentOffset = fragmentOffset
        self.isFragment = isFragment
    }
}

/// IANA protocol numbers that Grindvakt reads.
package enum TransportProtocol {
    /// Transmission Control Protocol.
    package static let tcp: UInt8 = 6

    /// User Datagram Protocol.
    package static let udp: UInt8 = 17
}
