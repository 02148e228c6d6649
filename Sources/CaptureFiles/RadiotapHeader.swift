import Wire

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +---------------+---------------+-------------------------------+
// |    Version    |      Pad      |            Length             |   numbers lowest octet first
// +---------------+---------------+-------------------------------+
// |  Fields present; bit 31: another such word follows            |
// +---------------------------------------------------------------+
/// What a wireless card says of a frame (`LINKTYPE_IEEE802_11_RADIOTAP`).
enum RadiotapHeader {
    /// The IEEE 802.11 frame, or its LLC header where the card has filled the frame's header up to four octets.
    static func position(in frame: Span<UInt8>, at start: Int) -> LinkPosition? {
        guard frame.bigEndian16(at: start).map({ $0 >> 8 }) == 0, let length = frame.littleEndian16(at: start + 2),
            length >= 8, length <= frame.count - start
        else { return nil }
        let frameStart = start + length
        guard isPadded(frame, at: start),
            let headerLength = WirelessFrame.headerLength(in: frame, at: frameStart), headerLength & 3 != 0
        else { return LinkPosition(.wireless, at: frameStart) }
        return LinkPosition(.logicalLink, at: frameStart + (headerLength + 3) & ~3)
    }

    /// The flags come behind the words of fields and behind the time, which is aligned to its eight octets.
    private static func isPadded(_ frame: Span<UInt8>, at start: Int) -> Bool {
        guard let present = frame.littleEndian32(at: start + 4), present & hasFlags != 0 else { return false }
        var offset = 4
        for _ in 0..<wordLimit {
            guard let word = frame.littleEndian32(at: start + offset) else { return false }
            offset += 4
            if word & hasMoreWords == 0 { break }
        }
        if present & hasTime != 0 { offset = (offset + 7) & ~7 + 8 }
        guard start + offset < frame.count else { return false }
        return frame[start + offset] & dataPad != 0
    }

    private static let hasTime = 1
    private static let hasFlags = 1 << 1
    private static let hasMoreWords = 1 << 31
    private static let wordLimit = 16
    private static let dataPad: UInt8 = 0x20
}
