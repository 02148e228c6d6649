// Authentication: 00 01 | ID length (1) | value length (1) | ID | value | nonce (8) | confirmation (1)
// Origin:         00 00 | port (2) | address (4)
/// A Teredo datagram: an IPv6 packet in UDP, with indications before it (RFC 4380 §5.1.1).
enum TeredoPacket {
    /// The port of Teredo servers.
    static let port: UInt16 = 3_544

    /// The IPv6 packet; nil where there is none behind the indications, as in a bubble that was cut.
    static func payload(in bytes: Span<UInt8>) -> LinkPosition? {
        var offset = 0
        if bytes.number16(offset) == authentication {
            guard let identifier = bytes.octet(offset &+ 2), let value = bytes.octet(offset &+ 3) else { return nil }
            offset &+= 13 &+ Int(identifier) &+ Int(value)
        }
        if bytes.number16(offset) == origin { offset &+= 8 }
        // Trailers may follow the packet (RFC 6081 §4), and a snap length may have cut it: its length proves nothing.
        guard let first = bytes.octet(offset), first &>> 4 == 6, bytes.count &- offset >= 40 else { return nil }
        return LinkPosition(.internetProtocol, at: offset)
    }

    private static let authentication: UInt16 = 1
    private static let origin: UInt16 = 0
}
