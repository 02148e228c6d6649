package import Wire

/// Errors of ICMP.
extension PacketComposer {
    /// Composes the error that nobody listens at a datagram's port: ICMP type 3 code 3 (RFC 792) or ICMPv6 type 1 code 4 (RFC 4443 §3.1).
    ///
    /// It quotes as much of the datagram as is there and fits, its own header included: 576 octets altogether in IPv4 (RFC 1812 §4.3.2.3),
    /// 1,280 in IPv6; and at least the UDP header, by which the client finds the socket.
    /// - Parameters:
    ///   - datagram: the UDP packet from client to server.
    ///   - octets: the octets that the datagram was read from, from its IP header on.
    ///   - source: the address that the error is to come from; nil for the one that the datagram goes to.
    ///   - limit: the most octets that the IP packet may have.
    /// - Returns: whether ``packet`` holds the error. False where the limit is too low, a header is cut, or the packet was put together of
    ///   fragments, as there is then no header to quote.
    package mutating func portUnreachable(
        _ datagram: IPPacket,
        in octets: Span<UInt8>,
        from source: IPAddress?,
        limit: Int
    ) -> Bool {
        buffer.reset()
        guard datagram.transport == TransportProtocol.udp, let route = Route(answering: datagram, from: source),
            datagram.headerLength > 0, let received = try? UDPDatagram(parsing: datagram.payload),
            received.sourcePort != 0
        else { return false }
        let isV4 = route.source.version == .v4
        let longest = min(limit, isV4 ? Self.longestError : OctetBuffer.capacity)
        let room = longest &- route.headerLength &- Self.errorHeaderLength &- datagram.headerLength
        guard room >= Self.leastQuote else { return false }
        let transport = isV4 ? Self.icmp : Self.icmpV6
        begin(route, transport: transport)
        buffer.append((isV4 ? 0x0303 : 0x0104) as UInt16)
        // The checksum, and four octets without use.
        buffer.append(0 as UInt16)
        buffer.append(0 as UInt32)
        buffer.append(octets.extracting(first: datagram.headerLength &+ min(room, datagram.payload.count)))
        return finish(route, transport: transport, checksumOffset: 2, limit: limit)
    }

    /// The octets of the longest ICMP error for IPv4.
    private static let longestError = 576

    /// The octets of an ICMP header.
    private static let errorHeaderLength = 8

    /// The octets of a UDP header.
    private static let leastQuote = 8
}
