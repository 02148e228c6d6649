extension Span<UInt8> {
    /// The two bytes at an offset as a number in network order; nil where they are not both there.
    func bigEndian16(at offset: Int) -> UInt16? {
        guard offset >= 0, offset < count - 1 else { return nil }
        return UInt16(self[offset]) << 8 | UInt16(self[offset + 1])
    }

    /// The two bytes at an offset as a number, lowest first; nil where they are not both there.
    func littleEndian16(at offset: Int) -> Int? {
        bigEndian16(at: offset).map { Int($0.byteSwapped) }
    }

    /// The four bytes at an offset as a number, lowest first; nil where they are not all there.
    func littleEndian32(at offset: Int) -> Int? {
        number32(at: offset, isBigEndian: false).map { Int($0) }
    }

    /// The four bytes at an offset as a number in either order; nil where they are not all there.
    @inline(__always)
    func number32(at offset: Int, isBigEndian: Bool) -> UInt32? {
        guard offset >= 0, count >= 4, offset <= count - 4 else { return nil }
        let low = UInt32(self[offset]) | UInt32(self[offset + 1]) << 8
        let number = low | UInt32(self[offset + 2]) << 16 | UInt32(self[offset + 3]) << 24
        return isBigEndian ? number.byteSwapped : number
    }
}
