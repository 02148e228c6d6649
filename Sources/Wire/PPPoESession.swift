//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-------+-------+---------------+-------------------------------+
// |  VER  | TYPE  |      CODE     |          SESSION_ID           |
// +-------+-------+---------------+-------------------------------+
// |            LENGTH             |           PPP protocol        |
// +-------------------------------+-------------------------------+
/// The session stage of PPP over Ethernet (RFC 2516 §4 and §7).
enum PPPoESession {
    /// Steps over the header of a frame that carries session data.
    static func next(in frame: Span<UInt8>, at offset: Int) -> LinkPosition? {
        guard frame.octet(offset) == 0x11, frame.octet(offset &+ 1) == sessionData else { return nil }
        return LinkPosition(.pointToPoint, at: offset &+ 6)
    }

    private static let sessionData: UInt8 = 0
}
