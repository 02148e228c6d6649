/// What breaks a pcapng block, in words that say so to a user.
struct PcapNGFault: Error, Equatable {
    let reason: String
}

/// An interface that a section of a pcapng file describes.
struct PcapNGInterface: Equatable {
    /// The number of the frames' link type, as files have it (`LINKTYPE_`).
    var linkType: UInt16

    /// Octets of a frame that are captured at most; zero for no limit.
    var snapLength: UInt32

    /// What the ticks of timestamps are: a power of ten, or of two where the upper bit is set; the rest is the negated exponent.
    var resolution: UInt8 = 6

    /// Seconds to add to timestamps.
    var offset: Int64 = 0

    /// The time of so many ticks, in nanoseconds since 1970; zero for times before that, the greatest number for times past all bounds.
    func nanoseconds(ticks: UInt64) -> UInt64 {
        let exponent = Int(resolution & 0x7F)
        let (seconds, fraction) = resolution & 0x80 == 0 ? decimal(ticks, exponent) : binary(ticks, exponent)
        let (shifted, overflow) = Int64(clamping: seconds).addingReportingOverflow(offset)
        if overflow { return offset < 0 ? 0 : .max }
        guard shifted >= 0 else { return 0 }
        let (whole, isTooLong) = UInt64(shifted).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, isTooMuch) = whole.addingReportingOverflow(fraction)
        return isTooLong || isTooMuch ? .max : sum
    }

    private func decimal(_ ticks: UInt64, _ exponent: Int) -> (seconds: UInt64, fraction: UInt64) {
        // Ten to the nineteenth is the last power that the number of ticks can reach.
        guard exponent <= 19 else { return (0, 0) }
        var unit: UInt64 = 1
        for _ in 0..<exponent { unit *= 10 }
        let (seconds, rest) = ticks.quotientAndRemainder(dividingBy: unit)
        let product = rest.multipliedFullWidth(by: 1_000_000_000)
        return (seconds, unit.dividingFullWidth(product).quotient)
    }

    private func binary(_ ticks: UInt64, _ exponent: Int) -> (seconds: UInt64, fraction: UInt64) {
        guard exponent > 0 else { return (ticks, 0) }
        guard exponent < 64 else { return (0, 0) }
        let rest = ticks & (1 << UInt64(exponent) - 1)
        let product = rest.multipliedFullWidth(by: 1_000_000_000)
        return (ticks >> UInt64(exponent), product.high << UInt64(64 - exponent) | product.low >> UInt64(exponent))
    }
}

/// A frame of a pcapng file: its place in the block that holds it, and what is said of it.
struct PcapNGFrame: Equatable {
    /// The number of its interface in the section.
    var interface: Int

    /// When it was captured, in nanoseconds since 1970.
    var timestamp: UInt64

    /// Where its octets stand in the block's body.
    var bytes: Range<Int>

    /// Its length on the wire.
    var originalLength: Int
}

/// One section of a pcapng file: the byte order and the interfaces that its blocks are read with (draft-ietf-opsawg-pcapng §4).
///
/// Blocks come as their type and their body, which is what stands between the two lengths.
struct PcapNGSection {
    /// The types of the blocks that are read; all others are passed over.
    enum BlockType {
        static let sectionHeader: UInt32 = 0x0A0D_0D0A
        static let interface: UInt32 = 1
        static let packet: UInt32 = 2
        static let simplePacket: UInt32 = 3
        static let enhancedPacket: UInt32 = 6
        static let journalEntry: UInt32 = 9
        static let custom: UInt32 = 0x0000_0BAD
        static let privateCustom: UInt32 = 0x4000_0BAD

        /// Whether a block of this type has a number among the frames although it is none: so that a frame has the one that Wireshark
        /// shows for it.
        static func isNumbered(_ type: UInt32) -> Bool {
            switch type {
            case journalEntry, custom, privateCustom: true
            default: false
            }
        }

        /// Whether a block of this type is read.
        static func isRead(_ type: UInt32) -> Bool {
            switch type {
            case sectionHeader, interface, packet, simplePacket, enhancedPacket: true
            default: false
            }
        }
    }

    /// The first number of a section header's body.
    static let byteOrderMagic: UInt32 = 0x1A2B_3C4D

    /// Whether numbers have their highest octet first.
    let isBigEndian: Bool

    /// The interfaces described so far.
    private(set) var interfaces: [PcapNGInterface] = []

    /// A section in this byte order, without interfaces.
    init(isBigEndian: Bool) {
        self.isBigEndian = isBigEndian
    }

    /// The section whose header's body begins with these octets; nil where they are no section header's.
    init?(magic: Span<UInt8>) {
        guard magic.count >= 4 else { return nil }
        switch magic.littleEndian32(at: 0) {
        case Int(Self.byteOrderMagic): isBigEndian = false
        case Int(Self.byteOrderMagic.byteSwapped): isBigEndian = true
        default: return nil
        }
    }

    /// Checks the rest of the section header.
    func readHeader(_ body: Span<UInt8>) throws(PcapNGFault) {
        let (major, minor) = (try number16(body, 4), try number16(body, 6))
        guard major == 1 else { throw PcapNGFault(reason: "pcapng version \(major).\(minor) is not known") }
        guard body.count >= 16 else { throw PcapNGFault(reason: "a section header is too short") }
    }

    /// Takes in an interface description (§4.2).
    mutating func readInterface(_ body: Span<UInt8>) throws(PcapNGFault) {
        guard interfaces.count < Self.interfaceLimit else {
            throw PcapNGFault(reason: "a section describes more than \(Self.interfaceLimit) interfaces")
        }
        var interface = PcapNGInterface(linkType: try number16(body, 0), snapLength: try number32(body, 4))
        var offset = 8
        while body.count - offset >= 4 {
            let (code, length) = (try number16(body, offset), Int(try number16(body, offset + 2)))
            let value = offset + 4
            guard code != Option.end else { break }
            guard body.count - value >= length else { throw PcapNGFault(reason: "an option leaves its block") }
            switch (code, length) {
            case (Option.resolution, 1): interface.resolution = body[value]
            case (Option.offset, 8):
                let (one, other) = (try number32(body, value), try number32(body, value + 4))
                let (high, low) = isBigEndian ? (one, other) : (other, one)
                interface.offset = Int64(bitPattern: UInt64(high) << 32 | UInt64(low))
            default: break
            }
            offset = value + (length + 3) & ~3
        }
        interfaces.append(interface)
    }

    /// The frame in a block; nil for a block that holds none.
    func readFrame(_ type: UInt32, _ body: Span<UInt8>) throws(PcapNGFault) -> PcapNGFrame? {
        switch type {
        case BlockType.enhancedPacket:
            try readFrame(body, interface: Int(clamping: try number32(body, 0)))
        case BlockType.packet:
            try readFrame(body, interface: Int(try number16(body, 0)))
        case BlockType.simplePacket:
            try readSimpleFrame(body)
        default:
            nil
        }
    }

    /// Enhanced packets (§4.3) and the packets of before (appendix A) differ in the width of the interface's number alone.
    private func readFrame(_ body: Span<UInt8>, interface: Int) throws(PcapNGFault) -> PcapNGFrame {
        guard interfaces.indices.contains(interface) else {
            throw PcapNGFault(reason: "a frame is of interface \(interface), which is not described")
        }
        let ticks = UInt64(try number32(body, 4)) << 32 | UInt64(try number32(body, 8))
        let count = Int(try number32(body, 12))
        let originalLength = Int(try number32(body, 16))
        guard body.count - 20 >= count else { throw PcapNGFault(reason: "a frame leaves its block") }
        return PcapNGFrame(
            interface: interface,
            timestamp: interfaces[interface].nanoseconds(ticks: ticks),
            bytes: 20..<20 + count,
            originalLength: originalLength
        )
    }

    /// A simple packet (§4.4) is of the first interface, has no time, and its captured length follows from the snap length.
    private func readSimpleFrame(_ body: Span<UInt8>) throws(PcapNGFault) -> PcapNGFrame {
        guard let interface = interfaces.first else {
            throw PcapNGFault(reason: "a frame is of interface 0, which is not described")
        }
        let originalLength = Int(try number32(body, 0))
        let limit = interface.snapLength == 0 ? originalLength : min(originalLength, Int(interface.snapLength))
        guard body.count - 4 >= limit else { throw PcapNGFault(reason: "a frame leaves its block") }
        return PcapNGFrame(interface: 0, timestamp: 0, bytes: 4..<4 + limit, originalLength: originalLength)
    }

    /// A 32-bit number in the section's byte order.
    func number32(_ body: Span<UInt8>, _ offset: Int) throws(PcapNGFault) -> UInt32 {
        guard let number = body.number32(at: offset, isBigEndian: isBigEndian) else { throw Self.tooShort }
        return number
    }

    private func number16(_ body: Span<UInt8>, _ offset: Int) throws(PcapNGFault) -> UInt16 {
        guard let number = body.bigEndian16(at: offset) else { throw Self.tooShort }
        return isBigEndian ? number : number.byteSwapped
    }

    private static let tooShort = PcapNGFault(reason: "a block is too short for its type")
    private static let interfaceLimit = 65_536

    private enum Option {
        static let end: UInt16 = 0
        static let resolution: UInt16 = 9
        static let offset: UInt16 = 14
    }
}
