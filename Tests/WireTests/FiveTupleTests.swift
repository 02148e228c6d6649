import TestSupport
import Testing
import Wire

@Suite("Five-tuple and flow key")
struct FiveTupleTests {
    static let pairs: [(IPAddress, IPAddress)] = [
        // 192.0.2.1 and 198.51.100.7
        (IPAddress(v4: 0xC000_0201), IPAddress(v4: 0xC633_6407)),
        // a host that speaks with itself
        (IPAddress(v4: 0xC000_0201), IPAddress(v4: 0xC000_0201)),
        // 2001:db8::1 and 2001:db8:1::1 differ in the upper half
        (IPAddress(v6: 0x2001_0DB8_0000_0000, 1), IPAddress(v6: 0x2001_0DB8_0001_0000, 1)),
        // 2001:db8::1 and 2001:db8::ffff:ffff:ffff:ffff differ in the lower half
        (IPAddress(v6: 0x2001_0DB8_0000_0000, 1), IPAddress(v6: 0x2001_0DB8_0000_0000, .max)),
    ]

    private func tuple(
        _ source: IPAddress,
        _ sourcePort: UInt16,
        _ destination: IPAddress,
        _ destinationPort: UInt16,
        _ transport: UInt8 = 6
    ) -> FiveTuple {
        FiveTuple(
            source: source,
            destination: destination,
            sourcePort: sourcePort,
            destinationPort: destinationPort,
            transport: transport
        )
    }

    @Test(arguments: pairs.indices, [(UInt16(443), UInt16(50_000)), (50_000, 443), (53, 53), (0, 65_535)])
    func `both directions have the same key`(pair: Int, ports: (UInt16, UInt16)) {
        let (one, other) = Self.pairs[pair]
        let there = tuple(one, ports.0, other, ports.1).flowKey
        let back = tuple(other, ports.1, one, ports.0).flowKey
        #expect(there == back)
        #expect(there.hashValue == back.hashValue)
        #expect(there.endpoints == back.endpoints)
        if one != other || ports.0 != ports.1 { #expect(there.isReversed != back.isReversed) }
    }

    @Test func `every part of the five-tuple makes a key of its own`() {
        let (one, other) = Self.pairs[0]
        let keys = [
            tuple(one, 1_000, other, 443), tuple(one, 1_001, other, 443), tuple(one, 1_000, other, 444),
            tuple(one, 443, other, 1_000), tuple(one, 1_000, one, 443), tuple(other, 1_000, other, 443),
            tuple(one, 1_000, other, 443, 17),
        ].map(\.flowKey)
        #expect(Set(keys).count == keys.count)
    }

    @Test func `an IPv4 address is not the IPv6 address of the same number`() {
        #expect(IPAddress(v4: 0xC000_0201) != IPAddress(v6: 0, 0xC000_0201))
    }

    @Test func `random tuples and their reverses have the same key`() {
        var random = SeededRandom(seed: 5)
        var different: [FiveTuple] = []
        for _ in 0..<2_000 {
            let one = IPAddress(v6: UInt64.random(in: 0...3, using: &random), UInt64.random(in: 0...3, using: &random))
            let other = IPAddress(
                v6: UInt64.random(in: 0...3, using: &random),
                UInt64.random(in: 0...3, using: &random)
            )
            let port = UInt16.random(in: 0...3, using: &random)
            let otherPort = UInt16.random(in: 0...3, using: &random)
            let there = tuple(one, port, other, otherPort)
            let back = tuple(other, otherPort, one, port)
            let key = there.flowKey
            if key != back.flowKey || [there, back].contains(key.endpoints) == false { different.append(there) }
        }
        #expect(different == [])
    }
}
