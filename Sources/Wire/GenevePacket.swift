//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +---+-----------+-+-+-----------+-------------------------------+
// |Ver|  Opt Len  |O|C|    Rsvd.  |          Protocol Type        |
// +---+-----------+-+-+-----------+---------------+---------------+
// |        Virtual Network Identifier (VNI)       |    Reserved   |
// +-----------------------------------------------+---------------+
// |                    Variable-Length Options                    |
// +---------------------------------------------------------------+
/// A Geneve datagram (RFC 8926 §3.4).
enum GenevePacket {
    /// The port that IANA assigned.
    static let port: UInt16 = 6_081

    /// What the protocol type names, behind the options.
    static func payload(in bytes: Span<UInt8>) -> LinkPosition? {
        guard bytes.count >= 8, bytes[0] &>> 6 == 0 else { return nil }
        return EtherType.position(of: bytes.bigEndianUInt16(at: 2), at: 8 &+ Int(bytes[0] & 0x3F) &* 4)
    }
}
