// +-----------------+---------+-------+-------+
// | Q.922 address   | Control | (pad) | NLPID |
// | 2 to 4          | 03      |       |       |
// +-----------------+---------+-------+-------+
/// Multiprotocol frame relay (RFC 2427 §3).
enum FrameRelay {
    /// Steps over the address, whose last octet is odd, and what names the protocol.
    static func next(in frame: Span<UInt8>, at offset: Int) -> LinkPosition? {
        var offset = offset
        var length = 0
        while true {
            guard length < 4, let octet = frame.octet(offset) else { return nil }
            offset &+= 1
            length += 1
            if octet & 1 != 0 { break }
        }
        guard length >= 2 else { return nil }
        // Cisco's own form has an EtherType where the others have control and protocol.
        if let type = frame.number16(offset), type == EtherType.ipv4 || type == EtherType.ipv6 {
            return LinkPosition(.internetProtocol, at: offset &+ 2)
        }
        guard frame.octet(offset) == 0x03 else { return nil }
        offset &+= frame.octet(offset &+ 1) == 0 ? 2 : 1
        switch frame.octet(offset) {
        case ipv4, ipv6: return LinkPosition(.internetProtocol, at: offset &+ 1)
        case subnetwork:
            guard frame.octet(offset &+ 1) == 0, frame.number16(offset &+ 2) == 0,
                let type = frame.number16(offset &+ 4)
            else { return nil }
            return EtherType.position(of: type, at: offset &+ 6)
        default: return nil
        }
    }

    private static let ipv4: UInt8 = 0xCC
    private static let ipv6: UInt8 = 0x8E
    private static let subnetwork: UInt8 = 0x80
}
