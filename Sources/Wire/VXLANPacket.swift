//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+---+-+-+-+-+-----------------------------------------------+
// |G|R|Ver|I|P|B|O|            Reserved           | Next Protocol |
// +---------------------------------------------------------------+
// |                VXLAN Network Identifier       |   Reserved    |
// +---------------------------------------------------------------+
/// A VXLAN datagram (RFC 7348 §5) and its generic protocol extension (draft-ietf-nvo3-vxlan-gpe).
enum VXLANPacket {
    /// The port that IANA assigned.
    static let port: UInt16 = 4_789

    /// The port that Linux used before, and still does where none is stated.
    static let formerPort: UInt16 = 8_472

    /// The port of the generic protocol extension.
    static let genericPort: UInt16 = 4_790

    /// The Ethernet frame, or what the extension's next-protocol octet names; nil without a valid network identifier.
    static func payload(in bytes: Span<UInt8>) -> LinkPosition? {
        guard bytes.count >= 8, bytes[0] & hasIdentifier != 0 else { return nil }
        guard bytes[0] & hasNextProtocol != 0 else { return LinkPosition(.ethernet, at: 8) }
        switch bytes[3] {
        case 1, 2: return LinkPosition(.internetProtocol, at: 8)
        case 3: return LinkPosition(.ethernet, at: 8)
        case 5: return LinkPosition(.labelStack, at: 8)
        default: return nil
        }
    }

    private static let hasIdentifier: UInt8 = 0x08
    private static let hasNextProtocol: UInt8 = 0x04
}
