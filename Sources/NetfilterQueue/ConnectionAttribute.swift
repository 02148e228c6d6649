/// An attribute of a message about connections, as it is written, and the numbers of those that are read
/// (linux/netfilter/nfnetlink_conntrack.h).
struct ConnectionAttribute {
    /// The connection's ends as its client knows them (CTA_TUPLE_ORIG).
    static let original = 1
    /// What connection tracking found (CTA_STATUS).
    static let status = 3
    /// The mark word (CTA_MARK).
    static let mark = 8
    /// The zone (CTA_ZONE).
    static let zone = 18
    private static let markMask = 21

    // Inside a tuple.

    /// Both addresses (CTA_TUPLE_IP).
    static let addresses = 1
    /// Protocol and ports (CTA_TUPLE_PROTO).
    static let transport = 2

    // Inside the addresses.

    static let sourceV4 = 1
    static let destinationV4 = 2
    static let sourceV6 = 3
    static let destinationV6 = 4

    // Inside protocol and ports.

    static let protocolNumber = 1
    static let sourcePort = 2
    static let destinationPort = 3

    /// The bit of the status that says that the server's address is translated (IPS_DST_NAT).
    static let destinationTranslated: UInt32 = 1 << 5

    private static let nested: UInt16 = 0x8000

    private let type: UInt16
    private let value: [UInt8]

    static func tuple(_ value: [UInt8]) -> ConnectionAttribute {
        ConnectionAttribute(type: nested | UInt16(original), value: value)
    }

    static func mark(_ value: UInt32) -> ConnectionAttribute { number(UInt16(mark), value) }

    static func markMask(_ value: UInt32) -> ConnectionAttribute { number(UInt16(markMask), value) }

    static func zone(_ value: [UInt8]) -> ConnectionAttribute { ConnectionAttribute(type: UInt16(zone), value: value) }

    private static func number(_ type: UInt16, _ value: UInt32) -> ConnectionAttribute {
        ConnectionAttribute(
            type: type,
            value: stride(from: 24, through: 0, by: -8).map { UInt8(value >> UInt32($0) & 0xFF) }
        )
    }

    /// Header, value, and zeros up to a multiple of four octets.
    var bytes: [UInt8] {
        let length = 4 + value.count
        return nativeOctets(UInt16(clamping: length)) + nativeOctets(type) + value
            + [UInt8](repeating: 0, count: (4 - length % 4) % 4)
    }
}

/// A number in the machine's own byte order, as netlink has it.
func nativeOctets<Number: FixedWidthInteger & BitwiseCopyable>(_ number: Number) -> [UInt8] {
    // SAFETY: the octets are copied while the number lives.
    unsafe withUnsafeBytes(of: number) { unsafe Array($0) }
}
