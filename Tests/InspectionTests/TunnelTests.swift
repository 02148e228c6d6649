import Telemetry
import TestSupport
import Testing
import Wire

@testable import Inspection

@Suite("Tunnels")
struct TunnelTests {
    /// A way to carry an IPv4 packet in another packet.
    struct Carrier: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let carry: @Sendable ([UInt8]) -> [UInt8]

        init(_ description: String, _ carry: @escaping @Sendable ([UInt8]) -> [UInt8]) {
            testDescription = description
            self.carry = carry
        }
    }

    static let outer = PacketBuilder(from: .v4(1, port: 50_000), to: .v4(2, port: 50_001))
    static let outer6 = PacketBuilder(from: .v6(1, port: 50_000), to: .v6(2, port: 50_001))

    static func datagram(to port: UInt16, _ payload: [UInt8]) -> [UInt8] {
        var builder = outer
        builder.destination.port = port
        return builder.udp(payload)
    }

    /// Two addresses and the type of IPv4.
    static let ethernet: [UInt8] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]

    static let carriers: [Carrier] = [
        Carrier("IP in IP") { outer.packet($0, transport: 4) },
        Carrier("IP in IPv6") { outer6.packet($0, transport: 4) },
        Carrier("GRE") { outer.packet([0, 0, 8, 0] + $0, transport: 47) },
        Carrier("GRE, bridged") { outer.packet([0x20, 0, 0x65, 0x58, 0, 0, 1, 0] + ethernet + $0, transport: 47) },
        Carrier("PPTP") { outer.packet([0x30, 1, 0x88, 0x0B, 0, 9, 0, 1, 0, 0, 0, 1, 0, 0x21] + $0, transport: 47) },
        Carrier("EtherIP") { outer.packet([0x30, 0] + ethernet + $0, transport: 97) },
        Carrier("VXLAN") { datagram(to: 4_789, [8, 0, 0, 0, 0, 0, 1, 0] + ethernet + $0) },
        Carrier("VXLAN, Linux's port") { datagram(to: 8_472, [8, 0, 0, 0, 0, 0, 1, 0] + ethernet + $0) },
        Carrier("Geneve") { datagram(to: 6_081, [0, 0, 0x65, 0x58, 0, 0, 1, 0] + ethernet + $0) },
        Carrier("GTP-U") { datagram(to: 2_152, [0x30, 0xFF, 0, UInt8($0.count), 0, 0, 0, 1] + $0) },
        Carrier("L2TP") { datagram(to: 1_701, [0, 2, 0, 1, 0, 2, 0xFF, 3, 0, 0x21] + $0) },
    ]

    static let client = PacketBuilder(from: .v4(7, port: 40_000), to: .v4(53, port: 53))

    @Test func `every port of a tunnel is looked at, and no other`() {
        for port in UInt16.min...UInt16.max where Inspector.mayBeTunnel(port) != Tunnel.isPort(port) {
            Issue.record("port \(port)")
        }
    }

    @Test(arguments: carriers)
    func `the inner name decides about the outer packet`(carrier: Carrier) {
        let sensor = TestSensor()
        let seen = sensor.inspect(carrier.carry(Self.client.udp(DNSBuilder.query("www.blocked.test"))))
        #expect(seen.verdict == .drop)
        #expect(seen.names == ["www.blocked.test"])
        #expect(sensor.inspector.anomalies.contains(.tunnelled))
        #expect(sensor.inspector.fiveTuple.sourcePort == 40_000)
        #expect(sensor.inspector.fiveTuple.destinationPort == 53)
        #expect(sensor.inspect(carrier.carry(Self.client.udp(DNSBuilder.query("a.test")))).verdict == .accept)
    }

    @Test(arguments: carriers)
    func `a tunnel's own flow is never marked`(carrier: Carrier) {
        let sensor = TestSensor()
        let conversation = TCPConversation()
        let packets = [conversation.syn, conversation.segment(hello(), at: 0), conversation.segment([1], at: 600)]
        let seen = packets.map { sensor.inspect(carrier.carry($0)) }
        #expect(seen.map(\.verdict) == [.accept, .drop, .drop])
        #expect(seen.map(\.decision.flowMark) == [nil, nil, nil])
    }

    @Test func `tunnels are not read where they are switched off`() {
        var configuration = InspectorConfiguration()
        configuration.readsTunnels = false
        let sensor = TestSensor(lists(drop: ["blocked.test"]), configuration)
        for carrier in Self.carriers {
            let seen = sensor.inspect(carrier.carry(Self.client.udp(DNSBuilder.query("blocked.test"))))
            #expect(seen.verdict == .accept)
            #expect(seen.decision.undecided == nil)
            #expect(seen.names == [])
        }
    }

    @Test func `an authentication header is no tunnel`() {
        let sensor = TestSensor()
        let conversation = TCPConversation()
        // next header, four more words, reserved, parameters index, sequence number
        func covered(_ packet: [UInt8]) -> [UInt8] {
            conversation.client.packet([6, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1] + packet.dropFirst(20), transport: 51)
        }
        #expect(sensor.inspect(covered(conversation.syn)).verdict == .accept)
        #expect(sensor.inspect(covered(conversation.segment(hello(), at: 0))).decision.flowMark == .blocked)
        #expect(sensor.inspector.anomalies.isEmpty)
    }

    @Test func `tunnels in tunnels are read to the bound`() {
        let query = Self.client.udp(DNSBuilder.query("blocked.test"))
        var packet = query
        for depth in 1...6 {
            packet = Self.outer.packet(packet, transport: 4)
            let seen = TestSensor().inspect(packet)
            #expect(seen.verdict == (depth <= 4 ? .drop : .accept))
            #expect(seen.decision.undecided == (depth <= 4 ? nil : .overBudget))
        }
    }

    @Test func `ports of a tunnel hide no query`() {
        for port: UInt16 in [1_701, 2_152, 3_544, 4_789, 4_790, 5_247, 6_081, 6_635, 8_472] {
            for identifier: UInt16 in [0x0002, 0x0800, 0x30FF, 0x6000, 0x0000, 0x0001] {
                var client = Self.client
                client.source.port = port
                let query = client.udp(DNSBuilder.query("blocked.test", identifier: identifier))
                #expect(TestSensor().inspect(query).verdict == .drop)
            }
        }
    }

    @Test func `fragments of a tunnel may hold fragments`() {
        let sensor = TestSensor()
        let datagram = Array(Self.client.udp(DNSBuilder.query("blocked.test")).dropFirst(20))
        let inner = Self.client.fragments(of: datagram, transport: 17, cutAt: [24])
        var dropped: [Int] = []
        for (number, packet) in inner.enumerated() {
            var outer = Self.outer
            outer.identification = UInt32(number)
            let fragments = outer.fragments(of: packet, transport: 4, cutAt: [16, 32])
            dropped += sensor.dropped(fragments).map { number * 10 + $0 }
        }
        #expect(dropped == [12])
        #expect(sensor.inspector.anomalies.contains(.fragmented))
        #expect(sensor.inspector.anomalies.contains(.tunnelled))
    }

    @Test func `a third level of fragments is let go and counted`() {
        let sensor = TestSensor()
        func wrap(_ packet: [UInt8], _ number: UInt32) -> [[UInt8]] {
            var outer = Self.outer
            outer.identification = number
            return outer.fragments(of: packet, transport: 4, cutAt: [16])
        }
        var pieces = [Self.client.udp(DNSBuilder.query("blocked.test"))]
        for level in 0..<3 {
            pieces = pieces.enumerated().flatMap { wrap($0.element, UInt32(level * 100 + $0.offset)) }
        }
        let seen = pieces.map { sensor.inspect($0) }
        #expect(seen.map(\.verdict).contains(.drop) == false)
        #expect(seen.contains { $0.decision.undecided == .fragment })
    }

    @Test func `what is damaged inside is counted`() {
        let inner = Self.client.udp(DNSBuilder.query("blocked.test"))
        let cut = Self.outer.packet(Array(inner.prefix(30)), transport: 4)
        #expect(TestSensor().inspect(cut).decision.undecided == .truncated)
        #expect(TestSensor().inspect(Self.outer.packet([0x10], transport: 4)).decision.undecided == .malformed)
        #expect(TestSensor().inspect(Self.outer.packet([0, 0], transport: 47)).decision.undecided == nil)
    }
}
