import TestSupport
import Testing
import Wire

@Suite("IPv4 header (RFC 791)")
struct IPv4HeaderTests {
    static let valid = hex(
        """
        45 00 0018 1234 4000   # version 4, IHL 5, total length 24, do not fragment
        40 11 0000             # 64 hops, UDP
        C0000201 C6336407      # 192.0.2.1 to 198.51.100.7
        61626364
        """
    )

    /// IHL 7: router alert (RFC 2113), then padding.
    static let withOptions = hex(
        """
        47 00 0020 1234 0000 40 06 0000 C0000201 C6336407
        94 04 0000  01 01 01 00
        61626364
        """
    )

    private func with(_ changes: [Int: UInt8]) -> [UInt8] {
        var bytes = Self.valid
        for (index, octet) in changes { bytes[index] = octet }
        return bytes
    }

    @Test func `addresses, transport and payload are read`() throws {
        let reading = try IPReading(Self.valid.span)
        #expect(reading.source == IPAddress(v4: 0xC000_0201))
        #expect(reading.destination == IPAddress(v4: 0xC633_6407))
        #expect(reading.transport == TransportProtocol.udp)
        #expect(reading.payload == hex("61626364"))
        #expect(reading.isTruncated == false)
        #expect(reading.isFragment == false)
        #expect(reading.fragmentOffset == 0)
    }

    @Test func `options are passed over`() throws {
        let reading = try IPReading(Self.withOptions.span)
        #expect(reading.payload == hex("61626364"))
        #expect(reading.transport == TransportProtocol.tcp)
    }

    @Test func `octets behind the total length are padding`() throws {
        #expect(try IPReading((Self.valid + [0, 0, 0]).span).payload == hex("61626364"))
        #expect(try IPReading(with([3: 0x14]).span).payload == [])
    }

    @Test func `a total length of zero reaches to the end of the bytes`() throws {
        let reading = try IPReading(with([3: 0]).span)
        #expect(reading.payload == hex("61626364"))
        #expect(reading.isTruncated == false)
    }

    @Test(arguments: [[2: UInt8(0xFF), 3: 0xFF], [3: 0x19]])
    func `a total length past the bytes is a cut packet`(changes: [Int: UInt8]) throws {
        let reading = try IPReading(with(changes).span)
        #expect(reading.isTruncated)
        #expect(reading.payload == hex("61626364"))
    }

    @Test(arguments: UInt8(1)..<20)
    func `a total length below the header's own is malformed`(length: UInt8) {
        #expect(IPReading.failure(with([3: length])) == .malformed(.ipv4TotalLength))
    }

    @Test(arguments: UInt8(0)..<5)
    func `a header length below 20 octets is malformed`(words: UInt8) {
        #expect(IPReading.failure(with([0: 0x40 | words])) == .malformed(.ipv4Header))
    }

    @Test(arguments: UInt8(7)...15)
    func `a header length past the bytes is truncated`(words: UInt8) {
        #expect(IPReading.failure(with([0: 0x40 | words])) == .truncated(.ipv4Header))
    }

    @Test(arguments: 1..<28)
    func `a cut header is truncated`(count: Int) {
        #expect(IPReading.failure(Array(Self.withOptions[..<count])) == .truncated(.ipv4Header))
    }

    @Test(arguments: [
        (hex("2000"), 0, true),  // more fragments, the first
        (hex("2001"), 8, true),  // more fragments, in the middle
        (hex("1FFF"), 65_528, true),  // the last there can be
        (hex("4000"), 0, false),  // do not fragment
        (hex("8000"), 0, false),  // the reserved bit
    ])
    func `fragments are told apart`(field: [UInt8], offset: Int, isFragment: Bool) throws {
        let reading = try IPReading(with([6: field[0], 7: field[1]]).span)
        #expect(reading.fragmentOffset == offset)
        #expect(reading.isFragment == isFragment)
        #expect(reading.payload == hex("61626364"))
    }
}
