package import Wire

/// Segments that say something to the client and end the connection (PSH, ACK and FIN).
extension PacketComposer {
    /// Composes the answer to a DNS query over TCP (RFC 1035 §4.2.2), from the server to the client.
    ///
    /// - Parameters:
    ///   - segment: the TCP packet from client to server that completes the query.
    ///   - message: the query, without its length.
    ///   - blocked: what to answer.
    ///   - limit: the most octets that the IP packet may have. The text of the extended error goes first, then the extended error.
    /// - Returns: whether ``packet`` holds the answer. False as in ``answer(_:message:as:from:limit:)``, and where the segment does not say what
    ///   the client expects next.
    package mutating func answerInStream(
        _ segment: IPPacket,
        message: Span<UInt8>,
        as blocked: BlockedAnswer,
        limit: Int
    ) -> Bool {
        guard let route = beginAnswer(to: segment),
            let request = DNSRequest(query: message, isCut: segment.isTruncated)
        else { return takeBack() }
        return appendMessage(DNSAnswer(to: request, as: blocked), message, blocked.textSpan, route, limit)
    }

    /// Composes the segment that takes the place of one with a DNS answer that leads on to a listed name.
    ///
    /// Whole answers that stand before it in the segment are kept. The message has to lie whole in the segment, its length included: of a
    /// message whose beginning the client has already, nothing can be taken back.
    /// - Parameters:
    ///   - segment: the TCP packet from server to client.
    ///   - message: the answer, without its length.
    ///   - blocked: what to answer.
    ///   - limit: the most octets that the IP packet may have.
    /// - Returns: whether ``packet`` holds it. False as in ``rewrite(_:message:as:)``, and where the message is not found in the segment.
    package mutating func rewriteInStream(
        _ segment: IPPacket,
        message: Span<UInt8>,
        as blocked: BlockedAnswer,
        limit: Int
    ) -> Bool {
        buffer.reset()
        guard segment.transport == TransportProtocol.tcp, let route = Route(following: segment),
            let received = try? TCPSegment(parsing: segment.payload), received.isAnswerable,
            let start = Self.start(of: message, in: received.payload), let request = DNSRequest(response: message)
        else { return false }
        begin(route, transport: TransportProtocol.tcp)
        SegmentHeader(
            sourcePort: received.sourcePort,
            destinationPort: received.destinationPort,
            sequenceNumber: received.sequenceNumber,
            acknowledgmentNumber: received.acknowledgmentNumber,
            flags: .lastData,
            window: SegmentHeader.dataWindow
        ).write(into: &buffer)
        buffer.append(received.payload.extracting(first: start))
        return appendMessage(DNSAnswer(to: request, as: blocked), message, blocked.textSpan, route, limit)
    }

    /// Composes an HTTP response, from the server to the client.
    ///
    /// - Parameters:
    ///   - request: the TCP packet from client to server that completes the request.
    ///   - content: the response, head and body.
    ///   - limit: the most octets that the IP packet may have.
    /// - Returns: whether ``packet`` holds the response. False where the content is empty or does not fit, where the segment does not say what
    ///   the client expects next, and where its header is cut.
    package mutating func page(_ request: IPPacket, content: Span<UInt8>, limit: Int) -> Bool {
        guard let route = beginAnswer(to: request), content.count > 0 else { return takeBack() }
        buffer.append(content)
        return finishSegment(route, limit)
    }

    /// Begins a packet to who sent `segment`: the segment takes the place of the receiver's next data.
    private mutating func beginAnswer(to segment: IPPacket) -> Route? {
        buffer.reset()
        guard segment.transport == TransportProtocol.tcp, let route = Route(answering: segment),
            let received = try? TCPSegment(parsing: segment.payload), received.isAnswerable
        else { return nil }
        begin(route, transport: TransportProtocol.tcp)
        SegmentHeader(
            sourcePort: received.destinationPort,
            destinationPort: received.sourcePort,
            sequenceNumber: received.acknowledgmentNumber,
            acknowledgmentNumber: received.nextSequenceNumber(in: segment),
            flags: .lastData,
            window: SegmentHeader.dataWindow
        ).write(into: &buffer)
        return route
    }

    /// Adds an answer behind its length and finishes the packet.
    private mutating func appendMessage(
        _ answer: consuming DNSAnswer,
        _ message: Span<UInt8>,
        _ text: Span<UInt8>,
        _ route: Route,
        _ limit: Int
    ) -> Bool {
        // Over TCP there is nothing left to come back over, so an answer is never cut.
        let room = min(limit, OctetBuffer.capacity) &- buffer.count &- 2
        guard answer.shorten(to: room, mayTruncate: false) else { return takeBack() }
        buffer.append(UInt16(truncatingIfNeeded: answer.length))
        answer.write(echoing: message, text: text, into: &buffer)
        return finishSegment(route, limit)
    }

    private mutating func finishSegment(_ route: Route, _ limit: Int) -> Bool {
        finish(
            route,
            transport: TransportProtocol.tcp,
            checksumOffset: SegmentHeader.checksumOffset,
            limit: limit
        )
    }

    private mutating func takeBack() -> Bool {
        buffer.reset()
        return false
    }

    /// Where the length of `message` stands in `data`, which begin with the length of a message; nil where it does not.
    private static func start(of message: Span<UInt8>, in data: Span<UInt8>) -> Int? {
        var offset = 0
        while data.count &- offset >= 2 {
            let length = Int(data[offset]) &<< 8 | Int(data[offset &+ 1])
            guard data.count &- offset &- 2 >= length else { return nil }
            let end = offset &+ 2 &+ length
            if length == message.count, isEqual(message, data.extracting(offset &+ 2..<end)) { return offset }
            offset = end
        }
        return nil
    }

    /// Whether both have the same octets; they are of one length.
    private static func isEqual(_ one: Span<UInt8>, _ other: Span<UInt8>) -> Bool {
        var index = 0
        while index < one.count {
            guard one[index] == other[index] else { return false }
            index &+= 1
        }
        return true
    }
}
