import Telemetry
import Wire

/// Packets inside packets: the verdict on the outer one is that on the inner one.
extension Inspector {
    /// Whether a datagram's ports are those of a tunnel: all that a datagram of any other kind costs.
    @inline(__always)
    static func mayBeTunnel(_ datagram: borrowing UDPDatagram) -> Bool {
        mayBeTunnel(datagram.destinationPort) || mayBeTunnel(datagram.sourcePort)
    }

    /// What ``Tunnel/isPort(_:)`` says, in numbers: to ask another module would cost each datagram two calls.
    static func mayBeTunnel(_ port: UInt16) -> Bool {
        switch port {
        case 1_701, 2_152, 3_544, 4_789, 4_790, 5_247, 6_081, 6_635, 8_472: true
        default: false
        }
    }

    /// What follows from the packet inside a datagram; nil where there is none.
    mutating func inspectTunnel(_ datagram: UDPDatagram, at now: Instant, depth: Int) -> Decision? {
        guard configuration.readsTunnels,
            let offset = Tunnel.packetOffset(
                sourcePort: datagram.sourcePort,
                destinationPort: datagram.destinationPort,
                in: datagram.payload
            )
        else { return nil }
        return inspectInner(datagram.payload.extracting(droppingFirst: offset), at: now, depth: depth)
    }

    /// What follows from what a packet of neither UDP nor TCP carries.
    mutating func inspectTunnel(_ packet: IPPacket, at now: Instant, depth: Int) throws(WireError) -> Decision {
        if packet.transport == TransportProtocol.authentication {
            let covered = try IPPacket(
                payload: packet.payload,
                transport: packet.transport,
                source: packet.source,
                destination: packet.destination,
                isTruncated: packet.isTruncated
            )
            // The walk went past the header, so this comes back here once at most.
            return covered.transport == packet.transport ? Decision(.accept) : decide(covered, at: now, depth: depth)
        }
        guard configuration.readsTunnels,
            let offset = Tunnel.packetOffset(transport: packet.transport, in: packet.payload)
        else { return Decision(.accept) }
        return inspectInner(packet.payload.extracting(droppingFirst: offset), at: now, depth: depth)
    }

    private mutating func inspectInner(_ packet: Span<UInt8>, at now: Instant, depth: Int) -> Decision {
        guard depth < configuration.tunnelLimit else { return Decision(.accept, undecided: .overBudget) }
        let first = findings.count
        let decision = decide(packet, at: now, depth: depth + 1)
        if findings.count > first { findings.anomalies.insert(.tunnelled) }
        // The kernel's flow is the tunnel, which carries other flows than the one that was decided.
        presentFlow = 0
        return Decision(decision.verdict, undecided: decision.undecided)
    }
}
