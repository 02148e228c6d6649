package import Wire

/// DNS over UDP.
extension PacketComposer {
    /// Composes the answer to a DNS query for a listed name, from the server to the client.
    ///
    /// Where the limit leaves no room the answer goes without the text of its extended error, then without the extended error, then, if it
    /// has addresses, without them and cut (TC), so that an honest client comes back over TCP. So much left out, it is never longer than the
    /// query: a limit of the query's length always leaves an answer.
    /// - Parameters:
    ///   - query: the UDP packet from client to server, or the last fragment's packet put together.
    ///   - message: the DNS message in it.
    ///   - blocked: what to answer.
    ///   - source: the address that the answer is to come from; nil for the one that the query goes to.
    ///   - limit: the most octets that the IP packet may have.
    /// - Returns: whether ``packet`` holds the answer. False for what is no query with a question, for signed queries, and where a header is cut.
    package mutating func answer(
        _ query: IPPacket,
        message: Span<UInt8>,
        as blocked: BlockedAnswer,
        from source: IPAddress?,
        limit: Int
    ) -> Bool {
        buffer.reset()
        // A sender with port zero wants no answer (RFC 768).
        guard query.transport == TransportProtocol.udp, let route = Route(answering: query, from: source),
            let datagram = try? UDPDatagram(parsing: query.payload), datagram.sourcePort != 0,
            let request = DNSRequest(query: message, isCut: query.isTruncated)
        else { return false }
        var answer = DNSAnswer(to: request, as: blocked)
        let room = min(limit, OctetBuffer.capacity) &- route.headerLength &- Self.datagramHeaderLength
        guard answer.shorten(to: room, mayTruncate: true) else { return false }
        begin(route, transport: TransportProtocol.udp)
        appendHeader(from: datagram.destinationPort, to: datagram.sourcePort)
        answer.write(echoing: message, text: blocked.textSpan, into: &buffer)
        return finish(route, transport: TransportProtocol.udp, checksumOffset: 6, limit: limit)
    }

    /// Composes the packet that takes the place of a DNS answer that leads on to a listed name, never longer than that.
    ///
    /// - Parameters:
    ///   - answer: the UDP packet from server to client, or the last fragment's packet put together.
    ///   - message: the DNS message in it.
    ///   - blocked: what to answer.
    /// - Returns: whether ``packet`` holds it. False for what is no answer to one question, for signed answers, and where a header is cut.
    package mutating func rewrite(_ answer: IPPacket, message: Span<UInt8>, as blocked: BlockedAnswer) -> Bool {
        buffer.reset()
        guard answer.transport == TransportProtocol.udp, let route = Route(following: answer),
            let datagram = try? UDPDatagram(parsing: answer.payload), let request = DNSRequest(response: message)
        else { return false }
        var other = DNSAnswer(to: request, as: blocked)
        let limit = min(route.headerLength &+ answer.payloadLength, OctetBuffer.capacity)
        guard other.shorten(to: limit &- route.headerLength &- Self.datagramHeaderLength, mayTruncate: true) else {
            return false
        }
        begin(route, transport: TransportProtocol.udp)
        appendHeader(from: datagram.sourcePort, to: datagram.destinationPort)
        other.write(echoing: message, text: blocked.textSpan, into: &buffer)
        return finish(route, transport: TransportProtocol.udp, checksumOffset: 6, limit: limit)
    }

    private mutating func appendHeader(from source: UInt16, to destination: UInt16) {
        buffer.append(source)
        buffer.append(destination)
        buffer.append(0 as UInt32)
    }

    private static let datagramHeaderLength = 8
}
