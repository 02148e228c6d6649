import Wire

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +---------------+---------------+-------------------------------+
// |Address Family |    Version    |          Resource ID          |
// +---------------+---------------+-------------------------------+
// |          TLV Length           |           TLV Type            |   value, filled up to four octets; and so on
// +-------------------------------+-------------------------------+
/// What a netfilter rule logged of a packet (`LINKTYPE_NFLOG`).
enum NetfilterLogHeader {
    /// The packet, which is one of the values.
    ///
    /// Lengths and types are in the byte order of the host that captured, which nothing states: it is the one in which the first length is
    /// the smaller, since no value but the packet is long.
    static func position(in frame: Span<UInt8>, at start: Int) -> LinkPosition? {
        guard frame.bigEndian16(at: start + 2) != nil, let length = frame.bigEndian16(at: start + 4) else { return nil }
        var offset = start + 4
        let isBigEndian = length >= 4 && Int(length) <= frame.count - offset && length.byteSwapped > length
        for _ in 0..<valueLimit {
            guard let rawLength = frame.bigEndian16(at: offset), let rawType = frame.bigEndian16(at: offset + 2) else {
                return nil
            }
            let length = Int(isBigEndian ? rawLength : rawLength.byteSwapped)
            guard length >= 4 else { return nil }
            if (isBigEndian ? rawType : rawType.byteSwapped) & 0x7FFF == payload {
                return LinkPosition(.internetProtocol, at: offset + 4)
            }
            offset += (length + 3) & ~3
        }
        return nil
    }

    private static let payload: UInt16 = 9
    private static let valueLimit = 64
}
