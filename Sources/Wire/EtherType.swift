/// EtherTypes as IEEE assigns them, with the numbers that older switches use for stacked tags.
///
/// GRE, Geneve, SNAP and Cisco HDLC name what they carry by the same numbers.
@usableFromInline
package enum EtherType {
    /// IPv4.
    @inlinable
    package static var ipv4: UInt16 { 0x0800 }
    /// IPv6.
    @inlinable
    package static var ipv6: UInt16 { 0x86DD }
    static let customerTag: UInt16 = 0x8100
    static let serviceTag: UInt16 = 0x88A8
    static let oldTag1: UInt16 = 0x9100
    static let oldTag2: UInt16 = 0x9200
    static let oldTag3: UInt16 = 0x9300
    static let labelStack: UInt16 = 0x8847
    static let upstreamLabelStack: UInt16 = 0x8848
    static let pppoeSession: UInt16 = 0x8864
    static let pointToPoint: UInt16 = 0x880B
    static let ciscoMetadata: UInt16 = 0x8909
    static let bridgedEthernet: UInt16 = 0x6558
    /// Up to here the field is a length, not a type (IEEE 802.3 clause 3.2.6).
    static let lastLength: UInt16 = 1500

    /// The header behind the type at `offset`.
    static func next(in frame: Span<UInt8>, at offset: Int) -> LinkPosition? {
        guard let type = frame.number16(offset) else { return nil }
        if type <= lastLength { return LinkPosition(.logicalLink, at: offset &+ 2) }
        return position(of: type, at: offset &+ 2)
    }

    /// The header that a type names, at `offset`; nil for a type that leads to no IP packet.
    static func position(of type: UInt16, at offset: Int) -> LinkPosition? {
        switch type {
        case ipv4, ipv6: LinkPosition(.internetProtocol, at: offset)
        // Two octets of tag, then the next type.
        case customerTag, serviceTag, oldTag1, oldTag2, oldTag3: LinkPosition(.etherType, at: offset &+ 2)
        case labelStack, upstreamLabelStack: LinkPosition(.labelStack, at: offset)
        case pppoeSession: LinkPosition(.pppoeSession, at: offset)
        case pointToPoint: LinkPosition(.pointToPoint, at: offset)
        case ciscoMetadata: LinkPosition(.ciscoMetadata, at: offset)
        case bridgedEthernet: LinkPosition(.ethernet, at: offset)
        default: nil
        }
    }
}
