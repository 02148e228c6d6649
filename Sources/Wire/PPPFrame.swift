// +----------+----------+-------------+-------------+
// | Address  | Control  |  Protocol   | Information |
// | FF       | 03       |  1 or 2     |  ...        |
// +----------+----------+-------------+-------------+
/// A PPP frame (RFC 1661 §2, in HDLC-like framing RFC 1662 §3.1).
enum PPPFrame {
    /// Steps over address and control, where they are, and the protocol field, in one octet or two.
    static func next(in frame: Span<UInt8>, at offset: Int) -> LinkPosition? {
        guard let first = frame.octet(offset) else { return nil }
        if first == 0xFF {
            guard frame.octet(offset &+ 1) == 0x03 else { return nil }
            return information(in: frame, at: offset &+ 2)
        }
        return information(in: frame, at: offset)
    }

    private static func information(in frame: Span<UInt8>, at offset: Int) -> LinkPosition? {
        guard let first = frame.octet(offset) else { return nil }
        // A protocol number's last octet is odd, its others are even: an odd first octet is the whole of a compressed number (§2).
        if first & 1 != 0 { return position(of: UInt16(first), in: frame, at: offset &+ 1) }
        guard let number = frame.number16(offset) else { return nil }
        return position(of: number, in: frame, at: offset &+ 2)
    }

    private static func position(of number: UInt16, in frame: Span<UInt8>, at offset: Int) -> LinkPosition? {
        switch number {
        case ipv4, ipv6: return LinkPosition(.internetProtocol, at: offset)
        case labelStack, multicastLabelStack: return LinkPosition(.labelStack, at: offset)
        case multilink:
            // A frame that is both beginning and end is whole; four octets is what both ends use where they agree on nothing
            // else (RFC 1990 §3).
            guard let flags = frame.octet(offset), flags & 0xC0 == 0xC0 else { return nil }
            return LinkPosition(.pointToPoint, at: offset &+ 4)
        default: return nil
        }
    }

    private static let ipv4: UInt16 = 0x0021
    private static let ipv6: UInt16 = 0x0057
    private static let multilink: UInt16 = 0x003D
    private static let labelStack: UInt16 = 0x0281
    private static let multicastLabelStack: UInt16 = 0x0283
}
