//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-----+-------+-+-----+-------------------------------+
// |C|R|K|S|  0  | Recur |A|Flags| Ver |     Protocol Type         |
// +-+-+-+-+-----+-------+-+-----+-------------------------------+
// |  Checksum, Offset (C or R)  Key (K)  Sequence (S)  Ack (A)   |
// +---------------------------------------------------------------+
/// Generic routing encapsulation: RFC 2784 and 2890, the source routes of RFC 1701 passed over, and PPTP's own version (RFC 2637 §4.1).
enum GREPacket {
    /// What the packet carries: an IP packet, an Ethernet frame (as NVGRE and ERSPAN have it), labels, PPP, or an Aruba access point's
    /// IEEE 802.11 frame.
    static func payload(in bytes: Span<UInt8>) -> LinkPosition? {
        guard let flags = bytes.number16(0), let type = bytes.number16(2) else { return nil }
        switch flags & 0x0007 {
        case 0: return standard(flags, type, in: bytes)
        case 1 where type == EtherType.pointToPoint: return enhanced(flags)
        default: return nil
        }
    }

    private static func standard(_ flags: UInt16, _ type: UInt16, in bytes: Span<UInt8>) -> LinkPosition? {
        var offset = 4
        if flags & (hasChecksum | hasRouting) != 0 { offset &+= 4 }
        if flags & hasKey != 0 { offset &+= 4 }
        if flags & hasSequence != 0 { offset &+= 4 }
        if flags & hasRouting != 0 {
            guard let end = routesEnd(in: bytes, at: offset) else { return nil }
            offset = end
        }
        switch type {
        case ERSPANHeader.typeII: return ERSPANHeader.payloadII(at: offset, hasSequence: flags & hasSequence != 0)
        case ERSPANHeader.typeIII: return ERSPANHeader.payloadIII(in: bytes, at: offset)
        case webCache:
            // Version 2 has four octets of its own before the packet; an IP packet begins with its version.
            let first = bytes.octet(offset) ?? 0
            return LinkPosition(.internetProtocol, at: first &>> 4 == 4 || first &>> 4 == 6 ? offset : offset &+ 4)
        default:
            if type & 0xFF0F == wireless { return LinkPosition(.wireless, at: offset) }
            return EtherType.position(of: type, at: offset)
        }
    }

    /// A list of source routes ends with one of address family and length zero (RFC 1701).
    private static func routesEnd(in bytes: Span<UInt8>, at start: Int) -> Int? {
        var offset = start
        for _ in 0..<routeLimit {
            guard let family = bytes.number16(offset), let length = bytes.octet(offset &+ 3) else { return nil }
            offset &+= 4 &+ Int(length)
            if family == 0, length == 0 { return offset }
        }
        return nil
    }

    private static func enhanced(_ flags: UInt16) -> LinkPosition? {
        // A packet without a sequence number is an acknowledgment alone.
        guard flags & hasKey != 0, flags & hasSequence != 0 else { return nil }
        return LinkPosition(.pointToPoint, at: flags & hasAcknowledgment != 0 ? 16 : 12)
    }

    private static let hasChecksum: UInt16 = 0x8000
    private static let hasRouting: UInt16 = 0x4000
    private static let hasKey: UInt16 = 0x2000
    private static let hasSequence: UInt16 = 0x1000
    private static let hasAcknowledgment: UInt16 = 0x0080
    private static let routeLimit = 16
    private static let webCache: UInt16 = 0x883E
    private static let wireless: UInt16 = 0x8200
}
