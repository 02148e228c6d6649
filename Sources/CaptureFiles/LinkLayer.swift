/// The link layers that an IP packet can be taken out of, as pcap and pcapng files name them.
///
/// Numbers and headers are those of the tcpdump project's list of link-layer header types.
package enum LinkLayer: Sendable, Hashable, CaseIterable {
    /// Ethernet II, and IEEE 802.3 with LLC/SNAP; any number of VLAN tags (IEEE 802.1Q, 802.1ad).
    case ethernet
    /// An IPv4 or IPv6 packet without a link header.
    case rawIP
    /// `LINUX_SLL`, what Linux gives for the interface `any`.
    case linuxCooked
    /// `LINUX_SLL2`, the later form of the same.
    case linuxCookedV2
    /// BSD loopback: an address family in the byte order of the capturing host (`NULL`) or of the network (`LOOP`).
    case loopback

    /// The link layer of a `DLT_` number as libpcap gives it; nil where it is none of ours.
    package init?(dataLinkType: Int32) {
        switch dataLinkType {
        case 1: self = .ethernet
        // RAW has a number of its own on OpenBSD (14) and in files (101); 228 and 229 fix the version
        case 12, 14, 101, 228, 229: self = .rawIP
        case 113: self = .linuxCooked
        case 276: self = .linuxCookedV2
        case 0, 108: self = .loopback
        default: return nil
        }
    }

    /// Where the IP packet lies in a captured frame.
    ///
    /// The range runs to the end of the captured bytes, link padding included: the IP header says where the packet ends.
    /// - Returns: nil where the frame carries no IP packet (ARP, LLDP, ...) or ends inside its link header.
    package func packetRange(in frame: Span<UInt8>) -> Range<Int>? {
        switch self {
        case .ethernet:
            packetRange(in: frame, etherTypeAt: 12)
        case .rawIP:
            frame.isEmpty ? nil : 0..<frame.count
        case .linuxCooked:
            packetRange(in: frame, etherTypeAt: 14)
        case .linuxCookedV2:
            // the protocol comes first and the addresses after it, so what follows a VLAN tag is not what follows the protocol
            cookedV2Range(in: frame)
        case .loopback:
            loopbackRange(in: frame)
        }
    }

    /// Follows EtherTypes from the given offset: tags are stepped over until a type that says what comes next.
    private func packetRange(in frame: Span<UInt8>, etherTypeAt start: Int) -> Range<Int>? {
        var offset = start
        while let etherType = frame.bigEndian16(at: offset) {
            offset += 2
            switch etherType {
            case EtherType.ipv4, EtherType.ipv6:
                return offset..<frame.count
            case EtherType.customerTag, EtherType.serviceTag, EtherType.oldTag1, EtherType.oldTag2, EtherType.oldTag3:
                offset += 2
            case 0...EtherType.lastLength:
                return snapRange(in: frame, at: offset)
            default:
                return nil
            }
        }
        return nil
    }

    /// An 802.3 length was read: LLC `AA AA 03` with organisation zero carries an EtherType (RFC 1042).
    private func snapRange(in frame: Span<UInt8>, at offset: Int) -> Range<Int>? {
        guard
            frame.bigEndian16(at: offset) == 0xAAAA, frame.bigEndian16(at: offset + 2) == 0x0300,
            frame.bigEndian16(at: offset + 4) == 0
        else { return nil }
        switch frame.bigEndian16(at: offset + 6) {
        case EtherType.ipv4, EtherType.ipv6: return offset + 8..<frame.count
        default: return nil
        }
    }

    private func cookedV2Range(in frame: Span<UInt8>) -> Range<Int>? {
        let headerLength = 20
        guard frame.count >= headerLength, let etherType = frame.bigEndian16(at: 0) else { return nil }
        switch etherType {
        case EtherType.ipv4, EtherType.ipv6:
            return headerLength..<frame.count
        case EtherType.customerTag, EtherType.serviceTag, EtherType.oldTag1, EtherType.oldTag2, EtherType.oldTag3:
            return packetRange(in: frame, etherTypeAt: headerLength + 2)
        default:
            return nil
        }
    }

    private func loopbackRange(in frame: Span<UInt8>) -> Range<Int>? {
        guard let upper = frame.bigEndian16(at: 0), let lower = frame.bigEndian16(at: 2) else { return nil }
        let family: UInt16
        switch (upper, lower) {
        case (0, _): family = lower
        case (_, 0): family = upper.byteSwapped
        default: return nil
        }
        switch family {
        // AF_INET everywhere; AF_INET6 on Linux, NetBSD and OpenBSD, FreeBSD, Darwin
        case 2, 10, 24, 28, 30: return 4..<frame.count
        default: return nil
        }
    }
}

/// EtherTypes as IEEE assigns them, and the numbers that older switches use for stacked tags.
private enum EtherType {
    static let ipv4: UInt16 = 0x0800
    static let ipv6: UInt16 = 0x86DD
    static let customerTag: UInt16 = 0x8100
    static let serviceTag: UInt16 = 0x88A8
    static let oldTag1: UInt16 = 0x9100
    static let oldTag2: UInt16 = 0x9200
    static let oldTag3: UInt16 = 0x9300
    /// Up to here the field is a length, not a type (IEEE 802.3 clause 3.2.6).
    static let lastLength: UInt16 = 1500
}

extension Span<UInt8> {
    /// The two bytes at an offset as a number in network order; nil where they are not both there.
    fileprivate func bigEndian16(at offset: Int) -> UInt16? {
        guard offset >= 0, offset < count - 1 else { return nil }
        return UInt16(self[offset]) << 8 | UInt16(self[offset + 1])
    }
}
