// +-+-+---+-+-+-+-+-------+-------+
// |T|L|x x|S|x|O|P|x x x x|  Ver  |   (length), tunnel (2), session (2), (Ns, Nr), (offset size, padding)
// +-+-+---+-+-+-+-+-------+-------+
/// An L2TP datagram (RFC 2661 §3.1).
enum L2TPPacket {
    /// The port that IANA assigned.
    static let port: UInt16 = 1_701

    /// The PPP frame of a data message; nil for a control message.
    static func payload(in bytes: Span<UInt8>) -> LinkPosition? {
        guard let flags = bytes.number16(0), flags & (isControl | version) == 2 else { return nil }
        var offset = flags & hasLength != 0 ? 8 : 6
        if flags & hasSequence != 0 { offset &+= 4 }
        if flags & hasOffset != 0 {
            guard let padding = bytes.number16(offset) else { return nil }
            offset &+= 2 &+ Int(padding)
        }
        return LinkPosition(.pointToPoint, at: offset)
    }

    private static let isControl: UInt16 = 0x8000
    private static let hasLength: UInt16 = 0x4000
    private static let hasSequence: UInt16 = 0x0800
    private static let hasOffset: UInt16 = 0x0200
    private static let version: UInt16 = 0x000F
}
