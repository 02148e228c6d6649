// Type II:   |Ver (4)| VLAN (12) | COS, En, T, Session (16) | Reserved, Index (32) |
// Type III:  |Ver (4)| VLAN (12) | COS, BSO, T, Session (16) | Timestamp (32) | SGT (16), P, FT, Hw, D, Gra, O (16) |
/// The header of mirrored frames in GRE (draft-foschiano-erspan).
enum ERSPANHeader {
    /// The GRE protocol type of types I and II.
    static let typeII: UInt16 = 0x88BE

    /// The GRE protocol type of type III.
    static let typeIII: UInt16 = 0x22EB

    /// The mirrored frame: type I, which has no header, goes without GRE's sequence number.
    static func payloadII(at offset: Int, hasSequence: Bool) -> LinkPosition {
        LinkPosition(.ethernet, at: hasSequence ? offset &+ 8 : offset)
    }

    /// The mirrored frame, or the mirrored packet where the frame type says so; behind the platform's own octets where there are any.
    static func payloadIII(in bytes: Span<UInt8>, at offset: Int) -> LinkPosition? {
        guard let flags = bytes.number16(offset &+ 10) else { return nil }
        let start = offset &+ (flags & hasPlatformPart != 0 ? 20 : 12)
        switch flags &>> 10 & 0x1F {
        case 0: return LinkPosition(.ethernet, at: start)
        case 2: return LinkPosition(.internetProtocol, at: start)
        default: return nil
        }
    }

    private static let hasPlatformPart: UInt16 = 0x0001
}
