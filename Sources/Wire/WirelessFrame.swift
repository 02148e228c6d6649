// +---------------+----------+-------------------+----------+-------------+-----------+------+
// | Frame Control | Duration | Addresses 1 to 3  | Sequence | (Address 4) | (QoS, HT) | LLC  |
// | 2             | 2        | 18                | 2        | 6           | 2, 4      |      |
// +---------------+----------+-------------------+----------+-------------+-----------+------+
/// An IEEE 802.11 data frame (IEEE 802.11-2020 §9.3.2.1), as far as it is not encrypted.
package enum WirelessFrame {
    /// Octets of the header that starts at `offset`; nil for a frame without data, for an encrypted one, and where the frame control field
    /// is not there. Not checked against the frame's end.
    package static func headerLength(in frame: Span<UInt8>, at offset: Int) -> Int? {
        guard let control = frame.octet(offset), let flags = frame.octet(offset &+ 1) else { return nil }
        return headerLength(control, flags)
    }

    private static func headerLength(_ control: UInt8, _ flags: UInt8) -> Int? {
        // Version 0, type data; subtypes with the bit "no data" have none.
        guard control & 0x0F == 0x08, control & 0x40 == 0, flags & isProtected == 0 else { return nil }
        var length = 24
        if flags & bothSystems == bothSystems { length &+= 6 }
        if control & hasQuality != 0 { length &+= flags & hasOrder != 0 ? 6 : 2 }
        return length
    }

    /// Steps over the header, and over that of the first of several frames that were aggregated (§9.3.2.2).
    ///
    /// Where the octets of the frame control field are swapped, they are the wrong way round, as some access points send them.
    static func next(in frame: Span<UInt8>, at offset: Int, isSwapped: Bool) -> LinkPosition? {
        guard let one = frame.octet(offset), let other = frame.octet(offset &+ 1) else { return nil }
        let (control, flags) = isSwapped ? (other, one) : (one, other)
        guard let length = headerLength(control, flags) else { return nil }
        let end = offset &+ length
        guard control & hasQuality != 0 else { return LinkPosition(.logicalLink, at: end) }
        let quality = frame.octet(end &- (flags & hasOrder != 0 ? 6 : 2)) ?? 0
        return LinkPosition(.logicalLink, at: quality & isAggregate != 0 ? end &+ 14 : end)
    }

    private static let hasQuality: UInt8 = 0x80
    private static let bothSystems: UInt8 = 0x03
    private static let isProtected: UInt8 = 0x40
    private static let hasOrder: UInt8 = 0x80
    private static let isAggregate: UInt8 = 0x80
}
