import Telemetry
import Wire

/// Flows of encrypted DNS, told by their port: counted, and treated like any other.
extension Inspector {
    /// The port of DNS over TLS and of DNS over QUIC (RFC 7858 §3.1, RFC 9250 §4.1.1).
    private static let encryptedDNSPort: UInt16 = 853

    /// Whether a packet goes to the port of encrypted DNS and such flows are counted.
    var isForEncryptedDNS: Bool {
        fiveTuple.destinationPort == Self.encryptedDNSPort && configuration.countsEncryptedDNS
    }

    /// Counts the flow that the packet begins where it is one of encrypted DNS; to be called where a flow is entered in the table or a new
    /// connection takes its place.
    mutating func noteNewFlow() {
        guard isForEncryptedDNS else { return }
        findings.encryptedDNS = fiveTuple.transport == TransportProtocol.tcp ? .dot : .doq
    }

    /// Counts a flow that its port told no second time for the name in its hello.
    mutating func dropDoubleCount() {
        guard case .doh? = encryptedDNS else { return }
        if isForEncryptedDNS || configuration.countsEncryptedDNS == false { encryptedDNS = nil }
    }

    /// Takes in a datagram of which no name is read: the first one of a QUIC connection to the port of encrypted DNS is counted.
    mutating func inspectEncryptedDNS(_ datagram: UDPDatagram, at now: Instant) -> Decision {
        guard isForEncryptedDNS else { return Decision(.accept) }
        let fingerprint = configuration.flowKey.fingerprint(of: fiveTuple.flowKey)
        var flow = flows.find(fingerprint, at: now)
        if flow == 0 {
            // The header of a connection's first packets is a long one (RFC 9000 §17.2).
            guard datagram.payload.count > 0, datagram.payload[0] & 0x80 != 0 else { return Decision(.accept) }
            flow = insertFlow(fingerprint, at: now)
            flows.decide(flow, .accepted)
        }
        return Decision(.accept, flowMark: .accepted)
    }
}
