// +--------+--------+--------+
// |  DSAP  |  SSAP  |Control |   then, where both are AA:  organisation (3), type (2)
// +--------+--------+--------+
/// Logical link control with its SNAP extension (IEEE 802.2, RFC 1042).
enum LogicalLink {
    /// Steps over `AA AA 03`, an organisation and a type, or over the service access point of IP itself.
    static func next(in frame: Span<UInt8>, at offset: Int) -> LinkPosition? {
        guard let destination = frame.octet(offset), let source = frame.octet(offset &+ 1),
            frame.octet(offset &+ 2) == unnumbered
        else { return nil }
        if destination == internetProtocol, source == internetProtocol {
            return LinkPosition(.internetProtocol, at: offset &+ 3)
        }
        guard destination == subnetwork, source == subnetwork, let high = frame.octet(offset &+ 3),
            let low = frame.number16(offset &+ 4), let type = frame.number16(offset &+ 6)
        else { return nil }
        // RFC 1042 and bridge tunnels (IEEE 802.1H) name EtherTypes; an organisation's own numbers are its own.
        switch (high, low) {
        case (0, 0), (0, 0x00F8): return EtherType.position(of: type, at: offset &+ 8)
        default: return nil
        }
    }

    private static let unnumbered: UInt8 = 0x03
    private static let subnetwork: UInt8 = 0xAA
    private static let internetProtocol: UInt8 = 0x06
}
