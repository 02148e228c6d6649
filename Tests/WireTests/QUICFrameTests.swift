import TestSupport
import Testing
import Wire

@Suite("QUIC frames of an Initial (RFC 9000 section 19)")
struct QUICFrameTests {
    /// What a frame says.
    struct Frame: Equatable {
        var kind: QUICFrame.Kind
        var length: Int
        var offset = 0
        var data: [UInt8] = []
    }

    static func read(_ bytes: Span<UInt8>) throws(WireError) -> Frame {
        try read(bytes, .v1)
    }

    static func read(_ bytes: Span<UInt8>, _ version: QUICVersion) throws(WireError) -> Frame {
        let frame = try QUICFrame(parsing: bytes, version: version)
        return Frame(kind: frame.kind, length: frame.length, offset: frame.offset, data: frame.data.array)
    }

    private func error(_ bytes: [UInt8]) -> WireError? {
        failure(bytes) { bytes throws(WireError) in _ = try Self.read(bytes) }
    }

    @Test(arguments: [1, 2, 7, 8, 9, 15, 16, 17, 63, 64, 65, 66, 72, 73, 128, 129, 130, 1_000])
    func `padding is passed over in one step`(count: Int) throws {
        let zeros = [UInt8](repeating: 0, count: count)
        #expect(try Self.read(zeros.span) == Frame(kind: .padding, length: count))
        #expect(try Self.read((zeros + [1, 0, 0]).span) == Frame(kind: .padding, length: count))
    }

    @Test func `a PING is one octet`() throws {
        #expect(try Self.read([1, 1, 6].span) == Frame(kind: .ping, length: 1))
    }

    @Test(arguments: ["02 05 00 00 00", "02 4005 00 02 00 01 01 02 02", "03 05 00 01 00 01 01 07 40FF 09"])
    func `an ACK with its ranges and counts`(text: String) throws {
        let bytes = hex(text)
        #expect(try Self.read((bytes + [6, 6]).span) == Frame(kind: .acknowledgment, length: bytes.count))
        for count in 1..<bytes.count { #expect(error(Array(bytes[..<count])) == .truncated(.quicAcknowledgment)) }
    }

    @Test func `an ACK cannot claim more ranges than there are octets`() {
        #expect(error(hex("02 05 00 FFFFFFFFFFFFFFFF 00 0101")) == .truncated(.quicAcknowledgment))
    }

    @Test func `a CRYPTO frame has an offset and data`() throws {
        let bytes = hex("06 4123 03 AABBCC")
        #expect(
            try Self.read((bytes + [0]).span)
                == Frame(kind: .crypto, length: 7, offset: 0x123, data: hex("AABBCC"))
        )
        #expect(error(hex("06")) == .truncated(.quicCryptoOffset))
        #expect(error(hex("06 41")) == .truncated(.quicCryptoOffset))
        #expect(error(hex("06 00")) == .truncated(.quicCryptoLength))
        #expect(error(hex("06 00 04 AABBCC")) == .truncated(.quicCryptoLength))
        #expect(try Self.read(hex("06 FFFFFFFFFFFFFFFF 00").span).offset == 1 << 62 - 1)
    }

    @Test func `a CONNECTION_CLOSE has a reason`() throws {
        let bytes = hex("1C 0A 06 02 6869")
        #expect(try Self.read((bytes + [0]).span) == Frame(kind: .connectionClose, length: bytes.count))
        for count in 1..<bytes.count { #expect(error(Array(bytes[..<count])) == .truncated(.quicConnectionClose)) }
    }

    @Test func `Google's QUIC with TLS has other types`() throws {
        #expect(try Self.read(hex("08 00 01 AA").span, .t051) == Frame(kind: .crypto, length: 4, data: [0xAA]))
        #expect(try Self.read(hex("07 00").span, .t050) == Frame(kind: .ping, length: 1))
    }

    @Test(arguments: (0...255).filter { [0, 1, 2, 3, 6, 0x1C].contains($0) == false } as [UInt8])
    func `other frames do not belong into an Initial`(type: UInt8) {
        // RFC 9000 section 12.4, table 3
        #expect(error([type, 0, 0, 0, 0, 0]) == .malformed(.quicFrameType))
    }

    @Test func `nothing is no frame`() {
        #expect(error([]) == .truncated(.quicFrameType))
    }

    @Test func `damaged frames are read or refused, and never read past their end`() {
        let messages = [
            hex("06 4003 05 0102030405"), hex("03 05 00 02 00 01 01 02 02 07 40FF 09"), hex("1C 0A 06 02 6869"),
            hex("000000000000000000000000"), hex("01"),
        ]
        let outcomes = Mutation.outcomes(of: messages, seed: 19, read: Self.read)
        #expect(outcomes.different == [])
        #expect(outcomes.valid > 100)
        #expect(outcomes.refused > 100)
    }
}
