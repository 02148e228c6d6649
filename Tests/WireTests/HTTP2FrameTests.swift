import TestSupport
import Testing
import Wire

@Suite("HTTP/2 frame (RFC 9113 section 4.1)")
struct HTTP2FrameTests {
    /// HEADERS of stream 3 with all of padding, priority, END_HEADERS and END_STREAM; the block is AABBCC.
    static let padded = hex(
        """
        00000B 01 2D 80000003   # length 11, type, flags, a reserved bit that says nothing
        02                      # two octets of padding
        80000001 FF             # depends on stream 1, weight
        AABBCC
        0000
        """
    )

    static func read(_ bytes: Span<UInt8>) throws(WireError) -> [Int] {
        let frame = try HTTP2Frame(parsing: bytes)
        let block = try frame.headerFragment
        return [Int(frame.type), Int(frame.flags), Int(frame.streamIdentifier), frame.length, frame.payload.count]
            + block.array.map(Int.init)
    }

    private func error(_ bytes: [UInt8]) -> WireError? {
        failure(bytes) { bytes throws(WireError) in _ = try Self.read(bytes) }
    }

    @Test func `padding and priority are no part of the header block`() throws {
        #expect(try Self.read(Self.padded.span) == [1, 0x2D, 3, 11, 11, 0xAA, 0xBB, 0xCC])
        #expect(try HTTP2Frame(parsing: Self.padded.span).endsHeaders)
    }

    @Test func `all of a continuation is header block, whatever its flags`() throws {
        #expect(try Self.read(hex("000002 09 28 00000003 AABB EE").span) == [9, 0x28, 3, 2, 2, 0xAA, 0xBB])
        #expect(try HTTP2Frame(parsing: hex("000000 09 00 00000003").span).endsHeaders == false)
    }

    @Test func `a cut header is truncated`() {
        for count in 0..<9 { #expect(error(Array(Self.padded[..<count])) == .truncated(.http2FrameHeader)) }
    }

    @Test func `a cut payload is what is there of it`() throws {
        for count in 9..<15 { #expect(error(Array(Self.padded[..<count])) == .truncated(.http2Padding)) }
        for count in 15...18 { #expect(try Self.read(Array(Self.padded[..<count]).span).count == 5 + count - 15) }
    }

    @Test func `padding longer than the payload is malformed`() {
        #expect(error(hex("000001 01 08 00000001 01")) == .malformed(.http2Padding))
        #expect(error(hex("000007 01 28 00000001 02 00000000 00 AA")) == .malformed(.http2Padding))
        #expect(error(hex("000001 01 08 00000001 00")) == nil)
    }

    @Test func `the preface is told octet by octet`() {
        let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
        #expect(preface.count == HTTP2Frame.prefaceLength)
        for count in 0...preface.count { #expect(HTTP2Frame.prefaceCount(preface.span.extracting(0..<count)) == count) }
        #expect(HTTP2Frame.prefaceCount((preface + preface).span) == 24)
        #expect(HTTP2Frame.prefaceCount(Array("PRI / HTTP".utf8).span) == 4)
    }

    @Test func `damaged frames are read or refused, and never read past their end`() {
        let outcomes = Mutation.outcomes(
            of: [Self.padded, hex("000002 09 28 00000003 AABB")],
            seed: 9_113,
            read: Self.read
        )
        #expect(outcomes.valid > 100)
        #expect(outcomes.refused > 100)
    }
}
