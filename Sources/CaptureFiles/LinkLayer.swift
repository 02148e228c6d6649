import Wire

/// The link layers that an IP packet can be taken out of, as pcap and pcapng files name them.
///
/// Numbers and headers are those of the tcpdump project's list of link-layer header types. What the network defines is read by `Wire`; here
/// are the headers that capturing hosts put in front.
package enum LinkLayer: Sendable, Hashable, CaseIterable {
    /// Ethernet II, and IEEE 802.3 with LLC/SNAP; VLAN tags (IEEE 802.1Q, 802.1ad), MPLS labels and PPPoE sessions in it.
    case ethernet
    /// An IPv4 or IPv6 packet without a link header.
    case rawIP
    /// `LINUX_SLL`, what Linux gives for the interface `any`.
    case linuxCooked
    /// `LINUX_SLL2`, the later form of the same.
    case linuxCookedV2
    /// BSD loopback: an address family in the byte order of the capturing host (`NULL`) or of the network (`LOOP`).
    case loopback
    /// `NFLOG`, what Linux logs by netfilter rules.
    case netfilterLog
    /// PPP with or without address and control.
    case pointToPoint
    /// PPP behind an octet that tells the direction.
    case directedPointToPoint
    /// A PPPoE session without its Ethernet header.
    case pppoeSession
    /// Cisco HDLC, mixed with PPP as serial lines have it.
    case ciscoHDLC
    /// Frame relay.
    case frameRelay
    /// MPLS labels first.
    case labelStack
    /// LLC first: IP over ATM (RFC 2684).
    case logicalLink
    /// FDDI.
    case fibreRing
    /// BSD's SLIP: sixteen octets, then IP.
    case serialLine
    /// OpenBSD's packet filter log.
    case packetFilterLog
    /// IEEE 802.11.
    case wireless
    /// IEEE 802.11 behind a radiotap header.
    case radiotap
    /// IEEE 802.11 behind a Prism header.
    case prism
    /// IEEE 802.11 behind an AVS header.
    case absoluteValue
    /// A frame of a link type of its own, behind per-packet information.
    case perPacketInformation
    /// A frame of a link type of its own, behind a header of Darwin's.
    case packetTap

    /// The link layer of a `DLT_` number as libpcap gives it, or of the number in a file; nil where it is none of ours.
    package init?(dataLinkType: Int32) {
        switch dataLinkType {
        case 1: self = .ethernet
        // RAW has a number of its own on OpenBSD (14) and in files (101); 228 and 229 fix the version
        case 12, 14, 101, 228, 229: self = .rawIP
        case 113: self = .linuxCooked
        case 276: self = .linuxCookedV2
        case 0, 108: self = .loopback
        case 239: self = .netfilterLog
        case 9: self = .pointToPoint
        case 166: self = .directedPointToPoint
        case 51: self = .pppoeSession
        case 50, 104: self = .ciscoHDLC
        case 107: self = .frameRelay
        case 219: self = .labelStack
        // ATM_RFC1483 has another number in files (100)
        case 11, 100: self = .logicalLink
        case 10: self = .fibreRing
        case 8: self = .serialLine
        case 117: self = .packetFilterLog
        case 105: self = .wireless
        case 127: self = .radiotap
        case 119: self = .prism
        case 163: self = .absoluteValue
        case 192: self = .perPacketInformation
        case 258: self = .packetTap
        default: return nil
        }
    }

    /// Where the IP packet lies in a captured frame.
    ///
    /// The range runs to the end of the captured bytes, link padding included: the IP header says where the packet ends.
    /// - Returns: nil where the frame carries no IP packet (ARP, LLDP, ...) or ends inside its link header.
    package func packetRange(in frame: Span<UInt8>) -> Range<Int>? {
        // Nearly all frames are Ethernet with nothing between its header and the packet.
        if self == .ethernet, let type = frame.bigEndian16(at: 12), type == EtherType.ipv4 || type == EtherType.ipv6 {
            return 14..<frame.count
        }
        return packetRange(in: frame, at: 0, depth: 0)
    }

    private func packetRange(in frame: Span<UInt8>, at start: Int, depth: Int) -> Range<Int>? {
        switch self {
        case .perPacketInformation, .packetTap:
            // Such a header names the link type of what follows; it is not found in itself.
            let isTap = self == .packetTap
            guard depth == 0, let length = isTap ? frame.littleEndian32(at: 0) : frame.littleEndian16(at: 2),
                let number = frame.littleEndian32(at: isTap ? 8 : 4), number <= Int(Int32.max), length >= 8,
                length <= frame.count, let layer = LinkLayer(dataLinkType: Int32(number))
            else { return nil }
            return layer.packetRange(in: frame, at: length, depth: 1)
        case .rawIP where frame.count <= start:
            return nil
        default:
            guard let offset = position(in: frame, at: start)?.packetOffset(in: frame) else { return nil }
            return offset..<frame.count
        }
    }

    /// What stands behind the header that the capturing host wrote.
    private func position(in frame: Span<UInt8>, at start: Int) -> LinkPosition? {
        switch self {
        case .ethernet: LinkPosition(.ethernet, at: start)
        case .rawIP: LinkPosition(.internetProtocol, at: start)
        case .linuxCooked: LinkPosition(.etherType, at: start + 14)
        case .linuxCookedV2: cookedV2Position(in: frame, at: start)
        case .loopback: loopbackPosition(in: frame, at: start)
        case .netfilterLog: NetfilterLogHeader.position(in: frame, at: start)
        case .pointToPoint: LinkPosition(.pointToPoint, at: start)
        case .directedPointToPoint: LinkPosition(.pointToPoint, at: start + 1)
        case .pppoeSession: LinkPosition(.pppoeSession, at: start)
        case .ciscoHDLC: LinkPosition(.ciscoHDLC, at: start)
        case .frameRelay: LinkPosition(.frameRelay, at: start)
        case .labelStack: LinkPosition(.labelStack, at: start)
        case .logicalLink: LinkPosition(.logicalLink, at: start)
        // frame control and two addresses
        case .fibreRing: LinkPosition(.logicalLink, at: start + 13)
        case .serialLine: frame.count < start + 16 ? nil : LinkPosition(.internetProtocol, at: start + 16)
        case .packetFilterLog: packetFilterLogPosition(in: frame, at: start)
        case .wireless: LinkPosition(.wireless, at: start)
        case .radiotap: RadiotapHeader.position(in: frame, at: start)
        case .prism: LinkPosition(.wireless, at: start + 144)
        case .absoluteValue: absoluteValuePosition(in: frame, at: start)
        case .perPacketInformation, .packetTap: nil
        }
    }

    /// The protocol comes first and the addresses after it, so what follows a VLAN tag is not what follows the protocol.
    private func cookedV2Position(in frame: Span<UInt8>, at start: Int) -> LinkPosition? {
        let headerLength = 20
        guard frame.count - start >= headerLength, let etherType = frame.bigEndian16(at: start) else { return nil }
        return LinkPosition(etherType: etherType, at: start + headerLength)
    }

    private func loopbackPosition(in frame: Span<UInt8>, at start: Int) -> LinkPosition? {
        guard let upper = frame.bigEndian16(at: start), let lower = frame.bigEndian16(at: start + 2) else { return nil }
        let family: UInt16
        switch (upper, lower) {
        case (0, _): family = lower
        case (_, 0): family = upper.byteSwapped
        default: return nil
        }
        return Self.isInternetFamily(family) ? LinkPosition(.internetProtocol, at: start + 4) : nil
    }

    /// A length that leaves its padding out, an address family, and what the filter did.
    private func packetFilterLogPosition(in frame: Span<UInt8>, at start: Int) -> LinkPosition? {
        guard let field = frame.bigEndian16(at: start), Self.isInternetFamily(field & 0xFF) else { return nil }
        let length = (Int(field >> 8) + 3) & ~3
        guard frame.count - start >= length else { return nil }
        return LinkPosition(.internetProtocol, at: start + length)
    }

    private func absoluteValuePosition(in frame: Span<UInt8>, at start: Int) -> LinkPosition? {
        guard frame.bigEndian16(at: start + 4) == 0, let length = frame.bigEndian16(at: start + 6) else { return nil }
        return LinkPosition(.wireless, at: start + Int(length))
    }

    /// AF_INET everywhere; AF_INET6 on Linux, NetBSD and OpenBSD, FreeBSD, Darwin.
    private static func isInternetFamily(_ number: UInt16) -> Bool {
        switch number {
        case 2, 10, 24, 28, 30: true
        default: false
        }
    }
}
