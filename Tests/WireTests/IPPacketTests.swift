import TestSupport
import Testing
import Wire

/// An IP packet's fields, apart from its bytes.
struct IPReading: Equatable {
    var source: IPAddress
    var destination: IPAddress
    var transport: UInt8
    var payload: [UInt8]
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
