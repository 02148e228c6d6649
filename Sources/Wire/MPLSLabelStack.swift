//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +---------------------------------------+-----+-+---------------+
// |                Label                  |  TC |S|      TTL      |
// +---------------------------------------+-----+-+---------------+
/// A stack of MPLS labels (RFC 3032 §2.1).
enum MPLSLabelStack {
    /// Labels in one stack, at most: hosts and routers impose a dozen.
    private static let limit = 32

    /// Steps over the whole stack.
    ///
    /// Nothing in it says what follows. The first four bits tell IP (RFC 4928 §3); a pseudowire's Ethernet frame is taken with its control
    /// word (RFC 4448 §4.6) or without, whichever shows a type that leads on.
    static func next(in frame: Span<UInt8>, at offset: Int) -> LinkPosition? {
        var offset = offset
        for _ in 0..<limit {
            guard let bottom = frame.octet(offset &+ 2) else { return nil }
            offset &+= 4
            guard bottom & 1 != 0 else { continue }
            guard let first = frame.octet(offset) else { return nil }
            switch first &>> 4 {
            case 4, 6: return LinkPosition(.internetProtocol, at: offset)
            case 0 where EthernetFrame.looksRight(in: frame, at: offset &+ 4):
                return LinkPosition(.ethernet, at: offset &+ 4)
            default: return LinkPosition(.ethernet, at: offset)
            }
        }
        return nil
    }
}
