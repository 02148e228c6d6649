// +-------------------------------+-------------------------------+----------------+
// |  Destination Address (6)      |  Source Address (6)           | Type or Length |
// +-------------------------------+-------------------------------+----------------+
/// An Ethernet frame's own header (IEEE 802.3 clause 3.2).
enum EthernetFrame {
    /// Octets of the two addresses.
    static let addressesLength = 12

    /// Steps over the addresses.
    static func next(in frame: Span<UInt8>, at offset: Int) -> LinkPosition? {
        LinkPosition(.etherType, at: offset &+ addressesLength)
    }

    /// Whether what stands at `offset` has a type that leads on, as chance would seldom have it.
    static func looksRight(in frame: Span<UInt8>, at offset: Int) -> Bool {
        guard let type = frame.number16(offset &+ addressesLength) else { return false }
        return EtherType.position(of: type, at: 0) != nil
    }
}
