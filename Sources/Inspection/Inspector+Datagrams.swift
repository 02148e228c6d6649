import Telemetry
import Wire

/// UDP datagrams: DNS messages, each by itself, and QUIC.
extension Inspector {
    mutating func inspectDatagram(
        _ datagram: UDPDatagram,
        of packet: IPPacket,
        at now: Instant
    ) throws(WireError) -> Decision {
        fiveTuple = packet.fiveTuple(datagram.sourcePort, datagram.destinationPort)
        guard configuration.mayBeDNS(fiveTuple) else {
            return configuration.inspectsQUIC
                ? inspectQUIC(datagram, of: packet, at: now) : inspectEncryptedDNS(datagram, at: now)
        }
        var undecided: UndecidedCause?
        do throws(WireError) {
            _ = try DNSDissector.dissect(datagram: datagram.payload, into: &findings)
        } catch {
            undecided =
                packet.isFragment
                ? .fragment : packet.isTruncated || datagram.isTruncated ? .truncated : UndecidedCause(error)
        }
        // A name that was read before a fault is a name that was asked for.
        guard findings.count > 0 else { return Decision(.accept, undecided: undecided) }
        let verdict =
            if let lookedUp { findings.judge(queries.lookup(lookedUp), against: blocklist) } else {
                findings.judge(from: 0, against: blocklist)
            }
        guard verdict == .drop else { return Decision(.accept, undecided: undecided) }
        let decision = findings.decision(flowMark: nil)
        if decision.response != nil { findings.keep(datagram.payload, from: 0) }
        return decision
    }
}

extension InspectorConfiguration {
    /// Whether a packet with these ports is read as DNS: what comes from the port only where answers are wanted.
    func mayBeDNS(_ tuple: FiveTuple) -> Bool {
        guard inspectsDNS, DNSDissector.mayBeMine(tuple) else { return false }
        return inspectsDNSAnswers || DNSDissector.isForServer(tuple.destinationPort)
    }
}
