//  8   7   6   5   4   3   2   1
// +-----------+---+---+---+---+---+
// |  Version  |PT | * | E | S |PN |   message type, length (2), tunnel endpoint identifier (4),
// +-----------+---+---+---+---+---+   then sequence (2), N-PDU (1), next extension (1) where E, S or PN is set
/// A datagram of the GPRS tunnelling protocol's user plane (3GPP TS 29.281 §5).
enum GTPUserPacket {
    /// The port that IANA assigned.
    static let port: UInt16 = 2_152

    /// The user's IP packet, behind any extension headers; nil for signalling and for a user's PPP or Ethernet frame, which nothing in the
    /// header tells apart.
    static func payload(in bytes: Span<UInt8>) -> LinkPosition? {
        guard bytes.count > 8, bytes[0] & 0xF0 == version1 | isGTP, bytes[1] == userData else { return nil }
        var offset = 8
        if bytes[0] & hasOptions != 0 {
            guard var next = bytes.octet(11) else { return nil }
            offset = 12
            for _ in 0..<extensionLimit where bytes[0] & hasExtensions != 0 && next != 0 {
                // A length in units of four octets that counts itself and the type behind it (§5.2.1).
                guard let units = bytes.octet(offset), units > 0,
                    let following = bytes.octet(offset &+ Int(units) &* 4 &- 1)
                else { return nil }
                next = following
                offset &+= Int(units) &* 4
            }
            guard bytes[0] & hasExtensions == 0 || next == 0 else { return nil }
        }
        guard let first = bytes.octet(offset), first &>> 4 == 4 || first &>> 4 == 6 else { return nil }
        return LinkPosition(.internetProtocol, at: offset)
    }

    private static let version1: UInt8 = 0x20
    private static let isGTP: UInt8 = 0x10
    private static let hasExtensions: UInt8 = 0x04
    private static let hasOptions: UInt8 = 0x07
    private static let userData: UInt8 = 0xFF
    private static let extensionLimit = 16
}
