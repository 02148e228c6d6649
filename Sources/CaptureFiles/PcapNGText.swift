/// A pcapng file on its way to a stream: one section, numbers with their lowest octet first, whose interfaces are described as they come
/// up (draft-ietf-opsawg-pcapng §4).
struct PcapNGText {
    private var linkTypes: [UInt16] = []
    private var text: [UInt8] = []

    /// A file without frames.
    init() {
        // version 1.0, no section length
        block(
            PcapNGSection.BlockType.sectionHeader,
            octets(PcapNGSection.byteOrderMagic) + octets(UInt16(1)) + octets(UInt16(0)) + octets(UInt64.max)
        )
    }

    /// Appends a frame, and before it the description of an interface where there is none of its link type.
    ///
    /// - Parameters:
    ///   - bytes: what was captured.
    ///   - linkType: the number that files have for the link type.
    ///   - timestamp: nanoseconds since 1970.
    ///   - originalLength: the frame's length on the wire, in octets.
    mutating func append(_ bytes: Span<UInt8>, linkType: UInt16, timestamp: UInt64, originalLength: Int) {
        let interface = linkTypes.firstIndex(of: linkType) ?? describe(linkType)
        let length = 32 + (bytes.count + 3) & ~3
        text += octets(PcapNGSection.BlockType.enhancedPacket) + octets(UInt32(length))
        text += octets(UInt32(interface)) + octets(UInt32(timestamp >> 32))
        text += octets(UInt32(truncatingIfNeeded: timestamp)) + octets(UInt32(bytes.count))
        text += octets(UInt32(clamping: originalLength))
        for index in bytes.indices { text.append(bytes[index]) }
        text += repeatElement(0, count: length - 32 - bytes.count)
        text += octets(UInt32(length))
    }

    /// What was appended since this was last called.
    mutating func take() -> [UInt8] {
        defer { text.removeAll(keepingCapacity: true) }
        return text
    }

    private mutating func describe(_ linkType: UInt16) -> Int {
        // No limit of length; the option for ticks of a nanosecond, and the end of options.
        block(
            PcapNGSection.BlockType.interface,
            octets(linkType) + octets(UInt16(0)) + octets(UInt32(0))
                + octets(UInt16(9)) + octets(UInt16(1)) + [9, 0, 0, 0] + octets(UInt32(0))
        )
        linkTypes.append(linkType)
        return linkTypes.count - 1
    }

    private mutating func block(_ type: UInt32, _ body: [UInt8]) {
        let length = octets(UInt32(body.count + 12))
        text += octets(type) + length + body + length
    }

    private func octets<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
}
