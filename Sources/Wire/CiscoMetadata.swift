// +--------+--------+-----------------+----------------+----------------+
// |Version | Length | Option Type (2) |  Value ...     | Type (2)       |
// +--------+--------+-----------------+----------------+----------------+
/// Cisco metadata: the group tag of a trusted-security network, between a frame's addresses and its type.
enum CiscoMetadata {
    /// Steps over version, length, and as many units of four octets as the length says; one stands for a group tag.
    static func next(in frame: Span<UInt8>, at offset: Int) -> LinkPosition? {
        guard frame.octet(offset) == version, let units = frame.octet(offset &+ 1), units > 0 else { return nil }
        return LinkPosition(.etherType, at: offset &+ 2 &+ Int(units) &* 4)
    }

    private static let version: UInt8 = 1
}
