/// Packets inside packets: which transport protocols and ports carry them, and where the inner IP packet starts.
///
/// The formats are in files of their own; here is the list of them.
package enum Tunnel {
    /// Where the inner packet starts in the payload of an IP packet of this transport protocol; nil where there is none.
    package static func packetOffset(transport: UInt8, in payload: Span<UInt8>) -> Int? {
        switch transport {
        // IP in IP (RFC 2003), and IPv6 in either (RFC 2473, RFC 4213).
        case 4, 41: LinkPosition(.internetProtocol, at: 0).packetOffset(in: payload)
        case 47: GREPacket.payload(in: payload)?.packetOffset(in: payload)
        // An Ethernet frame behind two octets of version (RFC 3378).
        case 97: LinkPosition(.ethernet, at: 2).packetOffset(in: payload)
        // MPLS in IP (RFC 4023).
        case 137: LinkPosition(.labelStack, at: 0).packetOffset(in: payload)
        // An Ethernet frame by itself (RFC 8986 §4.9).
        case 143: LinkPosition(.ethernet, at: 0).packetOffset(in: payload)
        default: nil
        }
    }

    /// Where the inner packet starts in the payload of a datagram between these ports; nil where there is none, whatever the ports say.
    package static func packetOffset(sourcePort: UInt16, destinationPort: UInt16, in payload: Span<UInt8>) -> Int? {
        if let position = position(port: destinationPort, payload) { return position.packetOffset(in: payload) }
        // Whoever asks a well-known service may do so from any port.
        guard destinationPort >= firstUserPort else { return nil }
        return position(backFrom: sourcePort, payload)?.packetOffset(in: payload)
    }

    /// Whether a tunnel has this port, or answers from it.
    package static func isPort(_ port: UInt16) -> Bool {
        switch port {
        case VXLANPacket.port, VXLANPacket.formerPort, VXLANPacket.genericPort, GenevePacket.port, GTPUserPacket.port,
            labelStackPort, TeredoPacket.port, L2TPPacket.port, CAPWAPPacket.port:
            true
        default: false
        }
    }

    private static func position(port: UInt16, _ payload: Span<UInt8>) -> LinkPosition? {
        switch port {
        case VXLANPacket.port, VXLANPacket.formerPort, VXLANPacket.genericPort: VXLANPacket.payload(in: payload)
        case GenevePacket.port: GenevePacket.payload(in: payload)
        case GTPUserPacket.port: GTPUserPacket.payload(in: payload)
        case labelStackPort: LinkPosition(.labelStack, at: 0)
        default: position(backFrom: port, payload)
        }
    }

    /// The tunnels whose far end answers from the port that it is called at; the others use the source port to spread load.
    private static func position(backFrom port: UInt16, _ payload: Span<UInt8>) -> LinkPosition? {
        switch port {
        case TeredoPacket.port: TeredoPacket.payload(in: payload)
        case L2TPPacket.port: L2TPPacket.payload(in: payload)
        case CAPWAPPacket.port: CAPWAPPacket.payload(in: payload)
        default: nil
        }
    }

    /// The first port that is no system port (RFC 6335 §6).
    private static let firstUserPort: UInt16 = 1_024

    /// MPLS in UDP (RFC 7510).
    private static let labelStackPort: UInt16 = 6_635
}
