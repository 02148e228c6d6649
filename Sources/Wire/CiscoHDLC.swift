// +---------+---------+-----------------+
// | Address | Control | EtherType (2)   |
// +---------+---------+-----------------+
/// A Cisco HDLC frame (RFC 4349 §4 describes the framing).
enum CiscoHDLC {
    /// Steps over address and control; what does not look like them is taken for PPP, with which serial lines mix it.
    static func next(in frame: Span<UInt8>, at offset: Int) -> LinkPosition? {
        switch (frame.octet(offset), frame.octet(offset &+ 1)) {
        case (unicast, 0), (broadcast, 0):
            guard let type = frame.number16(offset &+ 2) else { return nil }
            return EtherType.position(of: type, at: offset &+ 4)
        case (0xFF, 0x03): return LinkPosition(.pointToPoint, at: offset)
        default: return nil
        }
    }

    private static let unicast: UInt8 = 0x0F
    private static let broadcast: UInt8 = 0x8F
}
