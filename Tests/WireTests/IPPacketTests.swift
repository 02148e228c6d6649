import TestSupport
import Testing
import Wire

/// An IP packet's fields, apart from its bytes.
struct IPReading: Equatable {
    var source: IPAddress
    var destination: IPAddress
    var transport: UInt8
    var payload: [UInt8]
    var headerLength: Int
    var payloadLength: Int
    var isTruncated: Bool
    var fragmentOffset: Int
    var isFragment: Bool
    var hasMoreFragments: Bool
    var identification: UInt32

    init(_ bytes: Span<UInt8>) throws(WireError) {
        let packet = try IPPacket(parsing: bytes)
        source = packet.source
        destination = packet.destination
        transport = packet.transport
        payload = packet.payload.array
        headerLength = packet.headerLength
        payloadLength = packet.payloadLength
        isTruncated = packet.isTruncated
        fragmentOffset = packet.fragmentOffset
        isFragment = packet.isFragment
        hasMoreFragments = packet.hasMoreFragments
        identification = packet.identification
    }

    /// Why `bytes` are no packet; nil where they are one.
    static func failure(_ bytes: [UInt8]) -> WireError? {
        WireTests.failure(bytes) { bytes throws(WireError) in _ = try IPReading(bytes) }
    }
}

@Suite("IP packet")
struct IPPacketTests {
    @Test func `no bytes are no version`() {
        #expect(IPReading.failure([]) == .truncated(.ipVersion))
    }

    @Test(arguments: (UInt8(0)...15).filter { $0 != 4 && $0 != 6 })
    func `an unknown version is malformed`(version: UInt8) {
        #expect(IPReading.failure([version << 4 | 5] + [UInt8](repeating: 0, count: 60)) == .malformed(.ipVersion))
    }

    @Test(arguments: [false, true])
    func `the header and the stated length of the payload are read, however much was copied`(v6: Bool) throws {
        var builder =
            v6
            ? PacketBuilder(from: .v6(7, port: 1), to: .v6(8, port: 2))
            : PacketBuilder(from: .v4(7, port: 1), to: .v4(8, port: 2))
        builder.options = [1, 1, 1, 0]
        builder.extensionHeaders = [.options(type: 60)]
        let packet = builder.udp([1, 2, 3, 4])
        let headerLength = v6 ? 48 : 24
        for count in [packet.count, packet.count - 3, headerLength] {
            let reading = try IPReading(Array(packet[..<count]).span)
            #expect(reading.headerLength == headerLength)
            #expect(reading.payloadLength == 12)
        }
        // Padding is no part of it; without a stated length all octets are.
        #expect(try IPReading((packet + [0, 0]).span).payloadLength == 12)
        var unstated = packet + [0, 0]
        unstated.replaceSubrange(v6 ? 4..<6 : 2..<4, with: [0, 0])
        #expect(try IPReading(unstated.span).payloadLength == 14)
    }

    @Test func `what was put together has no header`() throws {
        let data = hex("11 00 0104 00000000 AABB")
        for (address, headerLength) in [(IPAddress(v6: 1, 2), 8), (IPAddress(v4: 1), 0)] {
            let packet = try IPPacket(
                payload: data.span,
                transport: 60,
                source: address,
                destination: address,
                isTruncated: false
            )
            let (own, length) = (packet.headerLength, packet.payloadLength)
            #expect(own == 0)
            #expect(length == data.count - headerLength)
        }
    }

    @Test func `damaged packets are read or refused, and never read past their end`() {
        let packets = [
            IPv4HeaderTests.valid, IPv4HeaderTests.withOptions, IPv6HeaderTests.valid, IPv6HeaderTests.withExtensions,
            IPv6HeaderTests.laterFragment,
        ]
        let outcomes = Mutation.outcomes(of: packets, seed: 46) { bytes throws(WireError) in try IPReading(bytes) }
        #expect(outcomes.different == [])
        #expect(outcomes.valid > 100)
        #expect(outcomes.refused > 100)
    }
}
