import TestSupport
import Testing
import Wire

@Suite("Byte reader")
struct ByteReaderTests {
    private let octets = hex("01 0203 040506 0708090A")

    @Test func `every verb reads in network byte order and moves on`() throws {
        var reader = ByteReader(octets.span)
        #expect(reader.position == 0)
        #expect(reader.remaining == 10)
        #expect(try reader.readUInt8(.dnsHeader) == 0x01)
        #expect(try reader.readUInt16(.dnsHeader) == 0x0203)
        try reader.skip(4, .dnsHeader)
        #expect(try reader.read(2, .dnsHeader).array == [0x08, 0x09])
        #expect(reader.position == 9)
        #expect(reader.remaining == 1)
    }

    @Test func `the last octets can be read, and zero octets behind them`() throws {
        var reader = ByteReader(octets.span)
        #expect(try reader.read(10, .dnsHeader).array == octets)
        #expect(try reader.read(0, .dnsHeader).count == 0)
        try reader.skip(0, .dnsHeader)
        #expect(reader.remaining == 0)
    }

    @Test(arguments: 0...4)
    func `a verb that lacks octets names its field and moves nowhere`(left: Int) {
        let wanted = left + 1
        let bytes = [UInt8](repeating: 7, count: left)
        var reader = ByteReader(bytes.span)
        var thrown: WireError?
        do throws(WireError) {
            switch wanted {
            case 1: _ = try reader.readUInt8(.udpHeader)
            case 2: _ = try reader.readUInt16(.udpHeader)
            case 3, 4: try reader.skip(wanted, .udpHeader)
            default: _ = try reader.read(wanted, .udpHeader)
            }
        } catch {
            thrown = error
        }
        #expect(thrown == .truncated(.udpHeader))
        #expect(reader.position == 0)
    }

    @Test(arguments: [-1, Int.min, Int.max])
    func `a count that no message has is refused, not trapped on`(count: Int) {
        #expect(
            failure(octets) { bytes throws(WireError) in
                var reader = ByteReader(bytes)
                try reader.skip(1, .udpHeader)
                try reader.skip(count, .udpLength)
            } == .truncated(.udpLength)
        )
        #expect(
            failure(octets) { bytes throws(WireError) in
                var reader = ByteReader(bytes)
                try reader.skip(1, .udpHeader)
                _ = try reader.read(count, .udpLength)
            } == .truncated(.udpLength)
        )
    }

    @Test func `a reader of a part cannot leave it`() throws {
        var reader = ByteReader(octets.span)
        var part = ByteReader(try reader.read(2, .dnsHeader))
        #expect(try part.readUInt16(.dnsHeader) == 0x0102)
        #expect(part.remaining == 0)
        #expect(
            failure(octets) { bytes throws(WireError) in
                var reader = ByteReader(bytes)
                var part = ByteReader(try reader.read(2, .dnsHeader))
                try part.skip(3, .dnsLabel)
            } == .truncated(.dnsLabel)
        )
    }
}
