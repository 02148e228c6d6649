/// A header that can stand before an IP packet, be it in a captured frame or in a tunnel.
package enum LinkHeader: Equatable, Sendable {
    /// The IP packet itself, of the version that its first four bits state.
    case internetProtocol
    /// An Ethernet frame: two addresses and a type or length (IEEE 802.3 clause 3).
    case ethernet
    /// An EtherType or an 802.3 length, and what it says follows.
    case etherType
    /// Logical link control (IEEE 802.2) with or without SNAP.
    case logicalLink
    /// Cisco metadata, as trusted-security switches put it behind the addresses.
    case ciscoMetadata
    /// A stack of MPLS labels (RFC 3032).
    case labelStack
    /// A PPPoE session (RFC 2516).
    case pppoeSession
    /// A PPP frame (RFC 1661), with or without address and control octets.
    case pointToPoint
    /// A Cisco HDLC frame.
    case ciscoHDLC
    /// A frame-relay frame (RFC 2427).
    case frameRelay
    /// An IEEE 802.11 frame, its check sequence there or not.
    case wireless
    /// The same with the octets of its first field the wrong way round, as some access points put it into tunnels.
    case swappedWireless
}

/// A place in a frame, and the header that starts there.
///
/// Each header's own file knows how one step leads over it; ``packetOffset(in:)`` takes step after step until an IP packet is reached.
package struct LinkPosition: Equatable, Sendable {
    /// What starts at ``offset``.
    package var header: LinkHeader

    /// Octets from the start of the frame.
    package var offset: Int

    /// A header at so many octets from the start of a frame.
    package init(_ header: LinkHeader, at offset: Int) {
        self.header = header
        self.offset = offset
    }

    /// The header that an EtherType names, at so many octets from the start of a frame; nil for a type that leads to no IP packet.
    package init?(etherType: UInt16, at offset: Int) {
        guard let position = EtherType.position(of: etherType, at: offset) else { return nil }
        self = position
    }

    /// Headers in one frame, at most; a tag or a label stack is one.
    private static let limit = 32

    /// Where the IP packet starts that the headers from here on lead to.
    ///
    /// - Returns: nil where they lead to something else (ARP, LLDP, an encrypted frame, ...), where the frame ends inside one of them, or
    ///   where there are more of them than any network puts into one frame.
    package func packetOffset(in frame: Span<UInt8>) -> Int? {
        var position = self
        guard position.offset >= 0 else { return nil }
        for _ in 0..<Self.limit {
            if position.header == .internetProtocol {
                // A packet of which nothing was captured is one all the same.
                return position.offset <= frame.count ? position.offset : nil
            }
            guard let next = position.next(in: frame) else { return nil }
            position = next
        }
        return nil
    }

    private func next(in frame: Span<UInt8>) -> LinkPosition? {
        switch header {
        case .internetProtocol: nil
        case .ethernet: EthernetFrame.next(in: frame, at: offset)
        case .etherType: EtherType.next(in: frame, at: offset)
        case .logicalLink: LogicalLink.next(in: frame, at: offset)
        case .ciscoMetadata: CiscoMetadata.next(in: frame, at: offset)
        case .labelStack: MPLSLabelStack.next(in: frame, at: offset)
        case .pppoeSession: PPPoESession.next(in: frame, at: offset)
        case .pointToPoint: PPPFrame.next(in: frame, at: offset)
        case .ciscoHDLC: CiscoHDLC.next(in: frame, at: offset)
        case .frameRelay: FrameRelay.next(in: frame, at: offset)
        case .wireless: WirelessFrame.next(in: frame, at: offset, isSwapped: false)
        case .swappedWireless: WirelessFrame.next(in: frame, at: offset, isSwapped: true)
        }
    }
}

extension Span where Element == UInt8 {
    /// The octet at `offset`; nil where the bytes end before.
    @inline(__always)
    func octet(_ offset: Int) -> UInt8? {
        offset >= 0 && offset < count ? self[offset] : nil
    }

    /// The 16-bit number in network byte order at `offset`; nil where the bytes end before or inside.
    @inline(__always)
    func number16(_ offset: Int) -> UInt16? {
        offset >= 0 && offset < count &- 1 ? bigEndianUInt16(at: offset) : nil
    }
}
