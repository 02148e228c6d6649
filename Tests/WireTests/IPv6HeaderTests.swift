import TestSupport
import Testing
import Wire

@Suite("IPv6 header (RFC 8200)")
struct IPv6HeaderTests {
    /// The fixed header, from 2001:db8::1 to 2001:db8::2.
    static func header(next: UInt8, length: Int) -> [UInt8] {
        hex("60000000") + [UInt8(length >> 8), UInt8(length & 0xFF), next, 64]
            + hex("20010DB8000000000000000000000001 20010DB8000000000000000000000002")
    }

    static func packet(next: UInt8, _ payload: [UInt8]) -> [UInt8] {
        header(next: next, length: payload.count) + payload
    }

    static let data = hex("61626364")
    static let valid = packet(next: 17, data)

    /// Every extension header there is, in the order of RFC 8200 section 4.1 and beyond.
    static let chain = hex(
        """
        2B 00 0502 0000 0100      # hop-by-hop: router alert; routing follows
        2C 02 0401 00000000       # routing: segment list of two addresses (RFC 8754), 24 octets
          0000000000000000 0000000000000000
        33 00 0000 00001234       # fragment: atomic (RFC 6946); authentication follows
        3C 04 0000 00000001 00000001 000000000000000000000000   # authentication: 24 octets in units of four (RFC 4302 section 2.2)
        87 00 0104 00000000       # destination options; mobility follows
        8B 00 0000 0000 0000      # mobility (RFC 6275 section 6.1.1); host identity follows
        8C 00 0000 0000 0000      # host identity (RFC 7401 section 5.1); shim6 follows
        06 00 0000 0000 0000      # shim6 (RFC 5533 section 5.1); TCP follows
        """
    )
    static let withExtensions = packet(next: 0, chain + data)

    /// A fragment at offset 1448, more to follow, of what its next header calls UDP.
    static let laterFragment = packet(next: 44, hex("11 00 05A9 00001234") + data)

    @Test func `addresses, transport and payload are read`() throws {
        let reading = try IPReading(Self.valid.span)
        #expect(reading.source == IPAddress(v6: 0x2001_0DB8_0000_0000, 1))
        #expect(reading.destination == IPAddress(v6: 0x2001_0DB8_0000_0000, 2))
        #expect(reading.transport == 17)
        #expect(reading.payload == Self.data)
        #expect(reading.isTruncated == false)
        #expect(reading.isFragment == false)
    }

    @Test func `every extension header is walked over`() throws {
        let reading = try IPReading(Self.withExtensions.span)
        #expect(reading.transport == TransportProtocol.tcp)
        #expect(reading.payload == Self.data)
        #expect(reading.isFragment == false)
    }

    @Test(arguments: [UInt8(0), 43, 60, 135, 139, 140], [0, 1, 2, 31])
    func `an extension header has eight octets and as many times eight as it says`(type: UInt8, length: UInt8) throws {
        let body = [UInt8](repeating: 0xEE, count: 6 + Int(length) * 8)
        let reading = try IPReading(Self.packet(next: type, [17, length] + body + Self.data).span)
        #expect(reading.transport == 17)
        #expect(reading.payload == Self.data)
    }

    @Test(arguments: [UInt8(1), 2, 4, 6])
    func `the authentication header counts in units of four, less two`(length: UInt8) throws {
        let size = (Int(length) + 2) * 4
        let body = [UInt8](repeating: 0xEE, count: size - 2)
        let reading = try IPReading(Self.packet(next: 51, [6, length] + body + Self.data).span)
        #expect(reading.transport == 6)
        #expect(reading.payload == Self.data)
    }

    @Test(arguments: [UInt8(50), 59, 58, 132, 253])
    func `what is no extension header ends the walk`(type: UInt8) throws {
        let reading = try IPReading(Self.packet(next: type, Self.data).span)
        #expect(reading.transport == type)
        #expect(reading.payload == Self.data)
    }

    @Test func `the walk ends in a first fragment, too`() throws {
        // what the fragments make up begins with the header that the fragment header names
        let piece = hex("11 00 0104 00000000") + Self.data
        let reading = try IPReading(Self.packet(next: 44, hex("3C 00 0001 00001234") + piece).span)
        #expect(reading.isFragment)
        #expect(reading.fragmentOffset == 0)
        #expect(reading.hasMoreFragments)
        #expect(reading.identification == 0x1234)
        #expect(reading.transport == 60)
        #expect(reading.payload == piece)
    }

    @Test func `what was put together is walked on`() throws {
        let whole = hex("11 00 0104 00000000") + Self.data
        let source = IPAddress(v6: 1, 2)
        let packet = try IPPacket(
            payload: whole.span,
            transport: 60,
            source: source,
            destination: source,
            isTruncated: false
        )
        let (transport, payload, isFragment) = (packet.transport, packet.payload.array, packet.isFragment)
        #expect(transport == 17)
        #expect(payload == Self.data)
        #expect(isFragment == false)
        // of IPv4, an authentication header alone is walked over
        let old = IPAddress(v4: 1)
        let other = try IPPacket(payload: whole.span, transport: 60, source: old, destination: old, isTruncated: true)
        let (otherTransport, otherPayload, isTruncated) = (other.transport, other.payload.array, other.isTruncated)
        #expect(otherTransport == 60)
        #expect(otherPayload == whole)
        #expect(isTruncated)
        let covered = hex("11 01 0000 00000000 00000000") + Self.data
        let inner = try IPPacket(
            payload: covered.span,
            transport: 51,
            source: old,
            destination: old,
            isTruncated: false
        )
        let (innerTransport, innerPayload) = (inner.transport, inner.payload.array)
        #expect(innerTransport == 17)
        #expect(innerPayload == Self.data)
    }

    @Test func `a later fragment is the middle of something`() throws {
        let reading = try IPReading(Self.laterFragment.span)
        #expect(reading.isFragment)
        #expect(reading.fragmentOffset == 1_448)
        #expect(reading.transport == 17)
        #expect(reading.payload == Self.data)
    }

    @Test func `the walk ends in a later fragment even where an extension header is named`() throws {
        // the octets behind are not that header, however they look
        let reading = try IPReading(Self.packet(next: 44, hex("3C 00 0008 00001234") + Self.data).span)
        #expect(reading.transport == 60)
        #expect(reading.fragmentOffset == 8)
        #expect(reading.payload == Self.data)
    }

    @Test func `reserved bits of the fragment header say nothing`() throws {
        let reading = try IPReading(Self.packet(next: 44, hex("11 FF 0006 00001234") + Self.data).span)
        #expect(reading.isFragment == false)
        #expect(reading.fragmentOffset == 0)
    }

    @Test(arguments: 1..<40)
    func `a cut header is truncated`(count: Int) {
        #expect(IPReading.failure(Array(Self.valid[..<count])) == .truncated(.ipv6Header))
    }

    @Test(arguments: 0..<chain.count)
    func `a chain that is cut anywhere is truncated`(count: Int) throws {
        let cut = Array(Self.withExtensions[..<(40 + count)])
        #expect(IPReading.failure(cut) == .truncated(.ipv6ExtensionHeader))
    }

    @Test func `a chain cannot leave the stated length`() {
        var bytes = Self.withExtensions
        bytes[4] = 0
        bytes[5] = UInt8(Self.chain.count - 1)
        #expect(IPReading.failure(bytes) == .truncated(.ipv6ExtensionHeader))
    }

    @Test func `octets behind the payload length are padding`() throws {
        #expect(try IPReading((Self.valid + [0, 0, 0]).span).payload == Self.data)
    }

    @Test func `a payload length of zero reaches to the end of the bytes`() throws {
        // RFC 2675 section 3
        let reading = try IPReading((Self.header(next: 17, length: 0) + Self.data).span)
        #expect(reading.payload == Self.data)
        #expect(reading.isTruncated == false)
    }

    @Test(arguments: [5, 65_535])
    func `a payload length past the bytes is a cut packet`(length: Int) throws {
        let reading = try IPReading((Self.header(next: 17, length: length) + Self.data).span)
        #expect(reading.isTruncated)
        #expect(reading.payload == Self.data)
    }
}
