import Wire

/// Puts together the packets that a blocked client, or a blocked connection's other end, gets.
///
/// Each call replaces the packet of the call before. A packet is composed whole or not at all: the calls return false and leave ``packet``
/// empty where nothing can be composed, whatever the octets that strangers sent. Nothing is allocated after the composer was made.
///
/// All packets have plain IP headers: no options and no extension headers; time to live or hop limit 64; traffic class zero, as what strangers ask
/// for gets no precedence and no promise about congestion; in IPv4 DF, and identification zero, which RFC 6864 §4.1 leaves open for packets
/// that are never fragmented; in IPv6 flow label zero. Packets to or from an address that is not one host's, and fragments, are answered by
/// nothing.
package struct PacketComposer: ~Copyable, Sendable {
    // Internal, so that each kind of packet has a file of its own.
    /// The packet; 1,280 octets, which pass every link.
    var buffer = OctetBuffer()

    /// A composer without a packet.
    package init() {}

    /// The IP packet composed last, from its header on; empty where the last call returned false.
    package var packet: Span<UInt8> {
        @_lifetime(borrow self)
        get { buffer.span }
    }

    /// Writes the IP header of a packet, its length and checksum left open.
    mutating func begin(_ route: Route, transport: UInt8) {
        buffer.reset()
        switch route.source.version {
        case .v4:
            buffer.append(0x4500 as UInt16)
            buffer.append(0 as UInt16)
            // Identification zero; do not fragment.
            buffer.append(0x0000_4000 as UInt32)
            buffer.append(Self.hopLimit)
            buffer.append(transport)
            buffer.append(0 as UInt16)
        case .v6:
            buffer.append(0x6000_0000 as UInt32)
            buffer.append(0 as UInt16)
            buffer.append(transport)
            buffer.append(Self.hopLimit)
        }
        buffer.append(route.source)
        buffer.append(route.destination)
    }

    /// Fills in lengths and checksums behind everything else.
    ///
    /// - Parameters:
    ///   - route: what the packet was begun with.
    ///   - transport: likewise.
    ///   - checksumOffset: where the transport header has its checksum, counted from its own beginning.
    ///   - limit: the most octets that the packet may have.
    /// - Returns: whether the packet is whole and within the limit; otherwise it is taken back.
    mutating func finish(_ route: Route, transport: UInt8, checksumOffset: Int, limit: Int) -> Bool {
        guard buffer.isOverrun == false, buffer.count <= limit else {
            buffer.reset()
            return false
        }
        let start = route.headerLength
        let length = buffer.count &- start
        if transport == TransportProtocol.udp {
            buffer.replace(at: start &+ 4, with: UInt16(truncatingIfNeeded: length))
        }
        switch route.source.version {
        case .v4:
            buffer.replace(at: 2, with: UInt16(truncatingIfNeeded: buffer.count))
            var header = InternetChecksum()
            header.add(buffer.span.extracting(0..<start))
            buffer.replace(at: 10, with: header.value)
        case .v6:
            buffer.replace(at: 4, with: UInt16(truncatingIfNeeded: length))
        }

        var sum = InternetChecksum()
        if transport != Self.icmp {
            // The pseudo header (RFC 768, RFC 9293 §3.1, RFC 8200 §8.1), of which ICMP for IPv4 has none.
            sum.add(route.source)
            sum.add(route.destination)
            sum.add(UInt64(transport))
            sum.add(UInt64(truncatingIfNeeded: length))
        }
        sum.add(buffer.span.extracting(start..<buffer.count))
        // In UDP zero says that there is no checksum (RFC 768).
        let isNone = transport == TransportProtocol.udp && sum.value == 0
        buffer.replace(at: start &+ checksumOffset, with: isNone ? 0xFFFF : sum.value)
        return true
    }

    private static let hopLimit: UInt8 = 64

    /// The IANA number of ICMP for IPv4.
    static let icmp: UInt8 = 1

    /// The IANA number of ICMP for IPv6.
    static let icmpV6: UInt8 = 58
}
