//   0   1   2   3   4   5   6   7
// +---+---+---+---+---+---+---+---+
// | 1 |        Index (7+)         |   indexed field (RFC 7541 §6.1)
// | 0 | 1 |      Index (6+)       |   literal, indexed from now on (§6.2.1)
// | 0 | 0 | 1 |  Max size (5+)    |   table size (§6.3)
// | 0 | 0 | 0 | 1 |  Index (4+)   |   literal, never indexed (§6.2.3)
// | 0 | 0 | 0 | 0 |  Index (4+)   |   literal, not indexed (§6.2.2)
// +---+---+-----------------------+
// | H |     Length (7+)           |   each string that follows (§5.2): name where the index is zero, then value
// +---+---------------------------+
/// The fields of one HTTP/2 header block (RFC 7541), read for the authorities they name.
///
/// A block is read without those before it: a field of the dynamic table (RFC 7541 §2.3.2) that another block put there is not known and is
/// passed over. Of those that this block adds, which are names of an authority is kept.
package struct HPACKFields: ~Escapable {
    private var reader: ByteReader

    /// Bit `n` is set where the entry that this block added `n` entries ago is an authority.
    private var added: UInt64 = 0

    /// The fields of the header block that fills `block`.
    @_lifetime(copy block)
    package init(_ block: Span<UInt8>) {
        reader = ByteReader(block)
    }

    /// Reads on to the next `:authority` or `host` field and fills `text` with its value.
    ///
    /// - Returns: false where there is no other.
    /// - Throws: ``WireError`` where a field is cut or breaks the format; nothing behind it can be read.
    @_lifetime(self: copy self)
    package mutating func nextAuthority(into text: inout HPACKText) throws(WireError) -> Bool {
        while reader.remaining > 0 {
            let first = try reader.readUInt8(.hpackIndex)
            if first & 0x80 != 0 {
                // The static table has no authority with a value; one that this block added was read there.
                _ = try readInteger(first & 0x7F, 7)
                continue
            }
            if first & 0xE0 == 0x20 {
                _ = try readInteger(first & 0x1F, 5)
                continue
            }
            let isAdded = first & 0x40 != 0
            let index = isAdded ? try readInteger(first & 0x3F, 6) : try readInteger(first & 0x0F, 4)
            let isAuthority = index == 0 ? try readName(&text) : isAuthority(index)
            if isAdded { added = added &<< 1 | (isAuthority ? 1 : 0) }
            if isAuthority {
                try readString(&text)
                return true
            }
            try skipString()
        }
        return false
    }

    /// Whether the name at this index of both tables is an authority: `:authority` is the first entry of the static table, `host` its 38th
    /// (RFC 7541 Appendix A).
    private func isAuthority(_ index: Int) -> Bool {
        guard index > Self.staticCount else { return index == 1 || index == 38 }
        let age = index &- Self.staticCount &- 1
        return age < 64 && added &>> UInt64(age) & 1 != 0
    }

    /// Reads a name that is spelled out.
    @_lifetime(self: copy self)
    private mutating func readName(_ text: inout HPACKText) throws(WireError) -> Bool {
        try readString(&text)
        return text.bytes.isEqual(to: Self.host) || text.bytes.isEqual(to: Self.authority)
    }

    /// Reads the rest of an integer whose first octet holds `bits` bits of it (RFC 7541 §5.1).
    @_lifetime(self: copy self)
    private mutating func readInteger(_ prefix: UInt8, _ bits: Int) throws(WireError) -> Int {
        let mask = 1 &<< bits &- 1
        guard Int(prefix) == mask else { return Int(prefix) }
        var value = mask
        var shift = 0
        while true {
            let octet = try reader.readUInt8(.hpackInteger)
            value &+= Int(octet & 0x7F) &<< shift
            guard octet & 0x80 != 0 else { return value }
            shift &+= 7
            // Four octets more reach past any header block.
            guard shift <= 21 else { throw .limitExceeded(.hpackInteger) }
        }
    }

    @_lifetime(self: copy self)
    private mutating func skipString() throws(WireError) {
        let first = try reader.readUInt8(.hpackString)
        try reader.skip(readInteger(first & 0x7F, 7), .hpackString)
    }

    /// Reads a string (RFC 7541 §5.2); one that has no room in `text` leaves it empty.
    @_lifetime(self: copy self)
    private mutating func readString(_ text: inout HPACKText) throws(WireError) {
        let first = try reader.readUInt8(.hpackString)
        let length = try readInteger(first & 0x7F, 7)
        let octets = try reader.read(length, .hpackString)
        if first & 0x80 != 0 {
            try text.decode(octets)
        } else {
            text.copy(octets)
        }
    }

    private static let host = ASCIIWord("host")
    private static let authority = ASCIIWord(":authority")

    /// Entries of the static table (RFC 7541 Appendix A).
    private static let staticCount = 61
}

/// Room for one string of a header block.
package struct HPACKText: Sendable {
    /// The longest string in octets that is kept: a domain name with a port and user information around it.
    package static let capacity = 512

    private var storage: InlineArray<512, UInt8>
    private var count = 0

    /// Room for a string.
    package init() {
        storage = InlineArray(repeating: 0)
    }

    /// The string; empty where there was none or it had no room.
    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get { storage.span.extracting(0..<count) }
    }

    fileprivate mutating func copy(_ octets: Span<UInt8>) {
        count = 0
        guard octets.count <= Self.capacity else { return }
        for index in octets.indices { storage[index] = octets[index] }
        count = octets.count
    }

    /// Decodes a string in the code of RFC 7541 Appendix B.
    fileprivate mutating func decode(_ octets: Span<UInt8>) throws(WireError) {
        count = 0
        // Each symbol has five bits at least and thirty at most.
        guard octets.count <= Self.capacity &* 30 / 8 else { return }
        var length = 0
        var code = 0
        var bitCount = 0
        var state = HuffmanCode.Search()
        for index in octets.indices {
            for shift in stride(from: 7, through: 0, by: -1) {
                code = code &<< 1 | Int(octets[index] &>> UInt8(shift) & 1)
                bitCount &+= 1
                guard let symbol = state.symbol(code, bitCount) else {
                    guard bitCount < 30 else { throw .malformed(.hpackString) }
                    continue
                }
                guard symbol < 256 else { throw .malformed(.hpackString) }
                guard length < Self.capacity else { return }
                storage[length] = UInt8(truncatingIfNeeded: symbol)
                length &+= 1
                code = 0
                bitCount = 0
                state = HuffmanCode.Search()
            }
        }
        // The last octet is filled up with ones, which begin the code for the end of a string (RFC 7541 §5.2).
        guard bitCount < 8, code == 1 &<< bitCount &- 1 else { throw .malformed(.hpackString) }
        count = length
    }
}

/// The Huffman code of RFC 7541 Appendix B.
///
/// It is canonical: codes of one length are consecutive, in the order of their symbols, and follow those that are shorter. How many codes
/// each length has, and all symbols in the order of their codes, is then the whole of it.
private enum HuffmanCode {
    /// The search for the code that the bits so far are, length by length.
    struct Search {
        private var first = 0
        private var symbolsBefore = 0

        /// The symbol whose code is `code` of `bitCount` bits; nil where none is. To be asked for each count from one on.
        mutating func symbol(_ code: Int, _ bitCount: Int) -> UInt16? {
            first &<<= 1
            let count = Int(counts[bitCount])
            if code &- first < count { return symbols[symbolsBefore &+ code &- first] }
            first &+= count
            symbolsBefore &+= count
            return nil
        }
    }

    /// How many codes have so many bits, from zero bits on.
    private static let counts: InlineArray<31, UInt8> = [
        0, 0, 0, 0, 0, 10, 26, 32, 6, 0, 5, 3, 2, 6, 2, 3, 0, 0, 0, 3, 8, 13, 26, 29, 12, 4, 15, 19, 29, 0, 4,
    ]

    /// All symbols in the order of their codes; 256 is the end of a string.
    private static let symbols: InlineArray<257, UInt16> = [
        48, 49, 50, 97, 99, 101, 105, 111, 115, 116, 32, 37, 45, 46, 47, 51,
        52, 53, 54, 55, 56, 57, 61, 65, 95, 98, 100, 102, 103, 104, 108, 109,
        110, 112, 114, 117, 58, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76,
        77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 89, 106, 107, 113, 118,
        119, 120, 121, 122, 38, 42, 44, 59, 88, 90, 33, 34, 40, 41, 63, 39,
        43, 124, 35, 62, 0, 36, 64, 91, 93, 126, 94, 125, 60, 96, 123, 92,
        195, 208, 128, 130, 131, 162, 184, 194, 224, 226, 153, 161, 167, 172, 176, 177,
        179, 209, 216, 217, 227, 229, 230, 129, 132, 133, 134, 136, 146, 154, 156, 160,
        163, 164, 169, 170, 173, 178, 181, 185, 186, 187, 189, 190, 196, 198, 228, 232,
        233, 1, 135, 137, 138, 139, 140, 141, 143, 147, 149, 150, 151, 152, 155, 157,
        158, 165, 166, 168, 174, 175, 180, 182, 183, 188, 191, 197, 231, 239, 9, 142,
        144, 145, 148, 159, 171, 206, 215, 225, 236, 237, 199, 207, 234, 235, 192, 193,
        200, 201, 202, 205, 210, 213, 218, 219, 238, 240, 242, 243, 255, 203, 204, 211,
        212, 214, 221, 222, 223, 241, 244, 245, 246, 247, 248, 250, 251, 252, 253, 254,
        2, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 18, 19, 20,
        21, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127, 220, 249, 10, 13, 22,
        256,
    ]
}
