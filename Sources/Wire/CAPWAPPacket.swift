//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-------+-------+---------+---------+---------+-+-+-+-+-+-+-----+
// |Version| Type  |  HLEN   |   RID   | WBID    |T|F|L|W|M|K|Flags|
// +-------+-------+---------+---------+---------+-+-+-+-+-+-+-----+
/// A data datagram between an access point and its controller (RFC 5415 §4.3).
enum CAPWAPPacket {
    /// The data channel's port.
    static let port: UInt16 = 5_247

    /// The user's frame, Ethernet or IEEE 802.11; nil for keep-alives, fragments and encrypted datagrams.
    static func payload(in bytes: Span<UInt8>) -> LinkPosition? {
        guard bytes.count >= 8, bytes[0] == plain, bytes[3] & (isFragment | isKeepAlive) == 0 else { return nil }
        let offset = Int(bytes[1] &>> 3) &* 4
        guard offset >= 8 else { return nil }
        guard bytes[2] & isNative != 0 else { return LinkPosition(.ethernet, at: offset) }
        let isWireless = WirelessFrame.headerLength(in: bytes, at: offset) != nil
        return LinkPosition(isWireless ? .wireless : .swappedWireless, at: offset)
    }

    private static let plain: UInt8 = 0
    private static let isNative: UInt8 = 0x01
    private static let isFragment: UInt8 = 0x80
    private static let isKeepAlive: UInt8 = 0x08
}
