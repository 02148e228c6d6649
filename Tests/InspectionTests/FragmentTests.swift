import Inspection
import Telemetry
import TestSupport
import Testing
import Wire

@Suite("IP fragments")
struct FragmentTests {
    static let clients = [
        PacketBuilder(from: .v4(7, port: 40_000), to: .v4(53, port: 53)),
        PacketBuilder(from: .v6(7, port: 40_000), to: .v6(53, port: 53)),
    ]

    /// The UDP datagram of a query.
    static func datagram(_ name: String, _ client: PacketBuilder = clients[0]) -> [UInt8] {
        var plain = client
        plain.extensionHeaders = []
        return Array(plain.udp(DNSBuilder.query(name)).dropFirst(client.source.address.count == 4 ? 20 : 40))
    }

    @Test(arguments: clients)
    func `a query is judged with the fragment that completes it`(client: PacketBuilder) {
        let sensor = TestSensor()
        let fragments = client.fragments(
            of: Self.datagram("www.blocked.test", client),
            transport: 17,
            cutAt: [8, 24, 40]
        )
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
            var builder = client
            builder.identification += UInt32(order[0])
            let pieces = builder.fragments(
                of: Self.datagram("www.blocked.test", client),
                transport: 17,
                cutAt: [8, 24, 40]
            )
            let seen = order.map { sensor.inspect(pieces[$0]) }
            #expect(seen.map(\.verdict) == [.accept, .accept, .accept, .drop])
            #expect(seen.map(\.names) == [[], [], [], ["www.blocked.test"]])
            #expect(sensor.inspector.anomalies.contains(.fragmented))
            #expect(sensor.inspector.fiveTuple.sourcePort == 40_000)
        }
        #expect(fragments.count == 4)
    }

    @Test(arguments: clients)
    func `what comes again of a dropped packet is dropped until its time has run out`(client: PacketBuilder) {
        let sensor = TestSensor()
        let fragments = client.fragments(of: Self.datagram("blocked.test", client), transport: 17, cutAt: [16])
        #expect(sensor.dropped(fragments) == [1])
        sensor.seconds += 29
        #expect(sensor.dropped([fragments[1], fragments[0], fragments[1]]) == [0, 1, 2])
        sensor.seconds += 3
        #expect(sensor.dropped(fragments) == [1])
    }

    @Test func `a packet of another source, identification or protocol is another one`() {
        let sensor = TestSensor()
        let client = Self.clients[0]
        let fragments = client.fragments(of: Self.datagram("blocked.test"), transport: 17, cutAt: [16])
        var other = client
        other.source = .v4(8, port: 40_000)
        var later = client
        later.identification = 2
        let last = Array(Self.datagram("blocked.test")[16...])
        #expect(sensor.inspect(fragments[0]).verdict == .accept)
        #expect(sensor.inspect(other.fragment(last, transport: 17, at: 16, isLast: true)).verdict == .accept)
        #expect(sensor.inspect(later.fragment(last, transport: 17, at: 16, isLast: true)).verdict == .accept)
        #expect(sensor.inspect(client.fragment(last, transport: 6, at: 16, isLast: true)).verdict == .accept)
        #expect(sensor.inspect(fragments[1]).verdict == .drop)
    }

    @Test func `extension headers inside and outside of the fragmented part are passed over`() {
        let sensor = TestSensor()
        var client = Self.clients[1]
        client.extensionHeaders = [.options(type: 0)]
        // a destination options header of eight octets, then the datagram
        let part = [17, 0, 1, 4, 0, 0, 0, 0] + Self.datagram("blocked.test", client)
        #expect(sensor.dropped(client.fragments(of: part, transport: 60, cutAt: [8, 24])) == [2])
    }

    @Test(arguments: clients)
    func `every reading of a conflict is judged`(client: PacketBuilder) {
        let good = Self.datagram("www.allowed.test", client)
        let bad = Self.datagram("www.blocked.test", client)
        for (number, order) in [[good, bad], [bad, good]].enumerated() {
            let sensor = TestSensor()
            var builder = client
            builder.identification += UInt32(number)
            func piece(_ datagram: [UInt8], _ range: Range<Int>) -> [UInt8] {
                builder.fragment(
                    Array(datagram[range]),
                    transport: 17,
                    at: range.lowerBound,
                    isLast: range.upperBound == datagram.count
                )
            }
            #expect(sensor.inspect(piece(order[0], 16..<40)).verdict == .accept)
            #expect(sensor.inspector.anomalies.isEmpty)
            #expect(sensor.inspect(piece(order[1], 16..<40)).verdict == .accept)
            #expect(sensor.inspector.anomalies.contains(.overlapConflict))
            #expect(sensor.inspect(piece(good, 40..<good.count)).verdict == .accept)
            let seen = sensor.inspect(piece(good, 0..<16))
            #expect(seen.verdict == .drop)
            #expect(seen.names.contains("www.blocked.test"))
        }
    }

    @Test func `copies do no harm`() {
        let sensor = TestSensor()
        let fragments = Self.clients[0].fragments(of: Self.datagram("blocked.test"), transport: 17, cutAt: [16, 24])
        #expect(sensor.dropped([0, 0, 1, 1, 0, 2].map { fragments[$0] }) == [5])
        #expect(sensor.inspector.anomalies.contains(.overlapConflict) == false)
    }

    @Test func `a hello in fragments that split its header blocks the flow`() {
        let sensor = TestSensor()
        let conversation = TCPConversation()
        #expect(sensor.inspect(conversation.syn).verdict == .accept)
        let segment = Array(conversation.segment(hello(), at: 0).dropFirst(20))
        let fragments = conversation.client.fragments(of: segment, transport: 6, cutAt: [8, 16, 64])
        #expect(sensor.dropped(fragments) == [3])
        #expect(sensor.inspect(conversation.segment(hello(), at: 0)).decision.flowMark == .blocked)
    }

    @Test func `an atomic fragment is a whole packet`() {
        var client = Self.clients[1]
        client.extensionHeaders = [.fragment(offset: 0, more: false)]
        #expect(TestSensor().inspect(client.udp(DNSBuilder.query("blocked.test"))).verdict == .drop)
    }

    @Test func `a packet that is never complete is counted once its time has run out`() {
        let sensor = TestSensor()
        let client = Self.clients[0]
        let fragments = client.fragments(of: Self.datagram("blocked.test"), transport: 17, cutAt: [40])
        #expect(sensor.inspect(fragments[0]).names == [])
        #expect(sensor.inspector.waitingDatagrams == 1)
        sensor.seconds += 31
        var other = client
        other.identification = 9
        sensor.inspect(other.fragments(of: Self.datagram("a.test"), transport: 17, cutAt: [16])[0])
        #expect(sensor.inspector.unfinishedDatagrams == 1)
        #expect(sensor.inspector.waitingDatagrams == 1)
    }

    @Test func `a cut first fragment is read as far as it goes`() {
        let sensor = TestSensor()
        let fragments = Self.clients[0].fragments(of: Self.datagram("blocked.test"), transport: 17, cutAt: [48])
        #expect(sensor.inspect(Array(fragments[0].dropLast(2))).verdict == .drop)
        let seen = sensor.inspect(Array(fragments[1].dropLast(1)))
        #expect(seen.decision.undecided == .truncated)
    }

    @Test func `half packets make way for each other and are counted`() {
        var configuration = InspectorConfiguration()
        configuration.fragmentBudget = 1 << 18
        let sensor = TestSensor(lists(drop: ["blocked.test"]), configuration)
        var client = Self.clients[0]
        var evicted = 0
        for number in 0..<5_000 {
            client.identification = UInt32(number)
            evicted +=
                sensor.inspect(client.fragment([1, 2, 3, 4, 5, 6, 7, 8], transport: 17, at: 8, isLast: true))
                .evictedStreams
        }
        #expect(evicted > 4_000)
        #expect(evicted + sensor.inspector.waitingDatagrams == 5_000)
    }

    @Test func `a fragment that differs is judged although the packet was whole before`() {
        let client = Self.clients[0]
        let real = client.fragments(of: Self.datagram("www.blocked.test"), transport: 17, cutAt: [16])
        let decoy = client.fragments(of: Self.datagram("www.innocen.test"), transport: 17, cutAt: [16])
        let sensor = TestSensor()
        #expect(sensor.dropped([decoy[0], decoy[1], decoy[1], real[0], real[1]]) == [4])
        #expect(sensor.inspector.waitingDatagrams == 0)

        // An identification that is used again later is another packet's.
        let later = TestSensor()
        #expect(later.dropped(decoy) == [])
        later.seconds += 3
        #expect(later.dropped(real) == [1])
        #expect(later.inspector.anomalies.contains(.overlapConflict) == false)
    }
}
