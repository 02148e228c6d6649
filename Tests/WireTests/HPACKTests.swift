import TestSupport
import Testing
import Wire

@Suite("HPACK (RFC 7541)")
struct HPACKTests {
    static func read(_ bytes: Span<UInt8>) throws(WireError) -> [[UInt8]] {
        var fields = HPACKFields(bytes)
        var text = HPACKText()
        var authorities: [[UInt8]] = []
        while try fields.nextAuthority(into: &text) { authorities.append(text.bytes.array) }
        return authorities
    }

    private func read(_ bytes: [UInt8]) throws -> [String] {
        try Self.read(bytes.span).map { String(decoding: $0, as: UTF8.self) }
    }

    private func error(_ bytes: [UInt8]) -> WireError? {
        failure(bytes) { bytes throws(WireError) in _ = try Self.read(bytes) }
    }

    /// A string without Huffman code, shorter than 127 octets.
    static func string(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }

    /// RFC 7541 appendix C.3.1: GET, http, /, :authority www.example.com.
    static let plain = hex("828684 41 0f 7777772e6578616d706c652e636f6d")

    /// RFC 7541 appendix C.4.1: the same in Huffman code.
    static let coded = hex("828684 41 8c f1e3c2e5f23a6ba0ab90f4ff")

    @Test(arguments: [plain, coded])
    func `the first request of the RFC's examples has its authority`(block: [UInt8]) throws {
        #expect(try read(block) == ["www.example.com"])
    }

    @Test func `an authority that an earlier block put into the dynamic table is not known`() throws {
        // RFC 7541 appendix C.3.2: the second request, index 62 for the authority.
        #expect(try read(hex("828684 be 58 08 6e6f2d6361636865")) == [])
    }

    @Test(arguments: [
        hex("01") + string("a.test"), hex("11") + string("a.test"), hex("41") + string("a.test"),
        hex("66") + string("a.test"), hex("0F17") + string("a.test"), hex("1F17") + string("a.test"),
        hex("00") + string(":authority") + string("a.test"), hex("00") + string("host") + string("a.test"),
        hex("40") + string("Host") + string("a.test"),
    ])
    func `an authority is read in each representation`(field: [UInt8]) throws {
        #expect(try read(field) == ["a.test"])
        // behind a table size update and other fields, before more of them
        let others =
            hex("3FE11F 82 04") + Self.string("/path") + hex("00") + Self.string("x-host") + Self.string("no.test")
        #expect(try read(others + field + others) == ["a.test"])
    }

    @Test func `the authority of a name that this block added is read`() throws {
        // :authority and x: y are added, then the older of the two names is used again with another value.
        let block = hex("41") + Self.string("a.test") + hex("40") + Self.string("x") + Self.string("y")
        #expect(try read(block + hex("0F30") + Self.string("b.test")) == ["a.test", "b.test"])
        #expect(try read(block + hex("0F2F") + Self.string("b.test")) == ["a.test"])
    }

    @Test func `each octet is decoded as the code says`() throws {
        // Codes of RFC 7541 appendix B, one of each length, padded with ones.
        let codes: [(symbol: UInt8, code: UInt32, bits: Int)] = [
            (0x30, 0x0, 5), (0x20, 0x14, 6), (0x3A, 0x5C, 7), (0x26, 0xF8, 8), (0x21, 0x3F8, 10), (0x27, 0x7FA, 11),
            (0x23, 0xFFA, 12), (0x00, 0x1FF8, 13), (0x5E, 0x3FFC, 14), (0x3C, 0x7FFC, 15), (0x5C, 0x7FFF0, 19),
            (0x80, 0xFFFE6, 20), (0x99, 0x1FFFDC, 21), (0x81, 0x3FFFD2, 22), (0x01, 0x7FFFD8, 23), (0x09, 0xFFFFEA, 24),
            (0xC7, 0x1FF_FFEC, 25), (0xC0, 0x3FF_FFE0, 26), (0xCB, 0x7FF_FFDE, 27), (0x02, 0xFFF_FFE2, 28),
            (0x0A, 0x3FFF_FFFC, 30), (0x16, 0x3FFF_FFFE, 30), (0x7A, 0x7B, 7), (0x74, 0x9, 5),
        ]
        for (symbol, code, bits) in codes {
            let length = (bits + 7) / 8
            let word = (UInt64(code) + 1) << UInt64(length * 8 - bits) - 1
            let octets = (0..<length).reversed().map { UInt8(truncatingIfNeeded: word >> UInt64($0 * 8)) }
            #expect(try Self.read((hex("01") + [0x80 | UInt8(length)] + octets).span) == [[symbol]])
        }
    }

    @Test(arguments: [
        hex("01 81 00"),  // '0' and three zeros: padding has to be ones
        hex("01 82 FFFF"),  // padding longer than seven bits
        hex("01 84 FFFFFFFF"),  // the end of a string, which may not be in one
    ])
    func `a string that is not of the code is malformed`(block: [UInt8]) {
        #expect(error(block) == .malformed(.hpackString))
    }

    @Test func `a string longer than any name leaves nothing`() throws {
        let plain = hex("01 7F A103") + [UInt8](repeating: 0x61, count: 127 + 0x1A1)
        #expect(try Self.read(plain.span) == [[]])
        // '0' is five zeros, so that 512 of them take 320 octets.
        #expect(
            try Self.read((hex("01 FF C101") + [UInt8](repeating: 0, count: 320)).span) == [
                [UInt8](repeating: 0x30, count: 512)
            ]
        )
        #expect(try Self.read((hex("01 FF C201") + [UInt8](repeating: 0, count: 321)).span) == [[]])
    }

    @Test func `an integer of more than five octets is refused`() {
        #expect(error(hex("01 7F FFFFFFFFFF01")) == .limitExceeded(.hpackInteger))
        #expect(error(hex("FF 80808080808000")) == .limitExceeded(.hpackInteger))
    }

    @Test func `a cut block is truncated and has what stands before the cut`() throws {
        #expect(error(hex("01 06 612E")) == .truncated(.hpackString))
        #expect(error(hex("01")) == .truncated(.hpackString))
        #expect(error(hex("7F")) == .truncated(.hpackInteger))
        let block = Self.plain + hex("00 05 61")
        var fields = HPACKFields(block.span)
        var text = HPACKText()
        #expect(try fields.nextAuthority(into: &text))
        #expect(throws: WireError.truncated(.hpackString)) { try Self.read(block.span) }
    }

    @Test func `damaged blocks are read or refused, and never read past their end`() {
        let blocks = [
            Self.plain, Self.coded, hex("3FE11F 40") + Self.string("host") + Self.string("a.test") + hex("7E01"),
            hex("828684 be 58 08 6e6f2d6361636865"),
        ]
        let outcomes = Mutation.outcomes(of: blocks, seed: 7_541, read: Self.read)
        #expect(outcomes.different == [])
        #expect(outcomes.valid > 100)
        #expect(outcomes.refused > 100)
    }
}
