package import Wire

/// Resets of a TCP connection (RFC 9293 §3.5.2).
extension PacketComposer {
    /// Composes a reset for who sent `segment`, as if the receiver had no such connection (RFC 9293 §3.10.7.1).
    ///
    /// Its sequence number is the one that the sender expects next, so that the sender takes it at once (RFC 5961 §3.2).
    /// - Returns: whether ``packet`` holds it. False for a segment that is a reset itself, and where its header is cut.
    package mutating func resetSender(of segment: IPPacket) -> Bool {
        buffer.reset()
        guard segment.transport == TransportProtocol.tcp, let route = Route(answering: segment),
            let received = try? TCPSegment(parsing: segment.payload), received.flags.contains(.rst) == false
        else { return false }
        let isAcknowledging = received.flags.contains(.ack)
        let header = SegmentHeader(
            sourcePort: received.destinationPort,
            destinationPort: received.sourcePort,
            sequenceNumber: isAcknowledging ? received.acknowledgmentNumber : 0,
            acknowledgmentNumber: isAcknowledging ? 0 : received.nextSequenceNumber(in: segment),
            flags: isAcknowledging ? .rst : .acknowledgingReset,
            window: 0
        )
        return compose(header, route)
    }

    /// Composes a reset for whom `segment` was meant for, in the segment's place: the receiver expects its sequence number next.
    ///
    /// - Returns: whether ``packet`` holds it. False for a segment that is a reset itself, and where its header is cut.
    package mutating func resetReceiver(of segment: IPPacket) -> Bool {
        buffer.reset()
        guard segment.transport == TransportProtocol.tcp, let route = Route(following: segment),
            let received = try? TCPSegment(parsing: segment.payload), received.flags.contains(.rst) == false
        else { return false }
        let isAcknowledging = received.flags.contains(.ack)
        let header = SegmentHeader(
            sourcePort: received.sourcePort,
            destinationPort: received.destinationPort,
            sequenceNumber: received.sequenceNumber,
            acknowledgmentNumber: isAcknowledging ? received.acknowledgmentNumber : 0,
            flags: isAcknowledging ? .acknowledgingReset : .rst,
            window: 0
        )
        return compose(header, route)
    }

    private mutating func compose(_ header: SegmentHeader, _ route: Route) -> Bool {
        begin(route, transport: TransportProtocol.tcp)
        header.write(into: &buffer)
        return finish(
            route,
            transport: TransportProtocol.tcp,
            checksumOffset: SegmentHeader.checksumOffset,
            limit: OctetBuffer.capacity
        )
    }
}
