import TestSupport
import Testing
import Wire

@Suite("Tunnels")
struct TunnelTests {
    /// What a tunnel puts before an IP packet: the transport protocol that carries it, or the port.
    struct Vector: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var transport: UInt8?
        var port: UInt16 = 0
        let octets: [UInt8]

        init(_ description: String, transport: UInt8, _ octets: String) {
            testDescription = description
            self.transport = transport
            self.octets = hex(octets)
        }

        init(_ description: String, port: UInt16, _ octets: String) {
            testDescription = description
            self.port = port
            self.octets = hex(octets)
        }

        func offset(in payload: Span<UInt8>) -> Int? {
            if let transport { return Tunnel.packetOffset(transport: transport, in: payload) }
            return Tunnel.packetOffset(sourcePort: 50_000, destinationPort: port, in: payload)
        }
    }

    static let ethernet = "020000000001 020000000002 0800"

    /// A whole IPv6 packet without payload, of which every tunnel takes the start.
    static let packet = hex("60000000 0000 3B 40") + [UInt8](repeating: 1, count: 32)

    static let vectors: [Vector] = [
        Vector("IP in IP", transport: 4, ""),
        Vector("IPv6 in IP", transport: 41, ""),
        // flags and version, type
        Vector("GRE", transport: 47, "0000 86DD"),
        Vector("GRE, checksum", transport: 47, "8000 0800 FFFF0000"),
        Vector("GRE, key and sequence number", transport: 47, "3000 0800 00000001 00000002"),
        // checksum and offset, key; one route of four octets, the end of routes
        Vector("GRE, routes", transport: 47, "6000 0800 00000000 00000007 0800 0004 C0000201 0000 0000"),
        Vector("NVGRE", transport: 47, "2000 6558 00000100" + ethernet),
        Vector("GRE, labels", transport: 47, "0000 8847 00011140"),
        Vector("GRE, web cache", transport: 47, "0000 883E"),
        Vector("GRE, web cache version 2", transport: 47, "0000 883E 00000000"),
        Vector(
            "GRE, an access point's frame",
            transport: 47,
            "0000 8200 0801 0000 020000000001 020000000002 020000000003 1000 AAAA03 000000 0800"
        ),
        Vector("ERSPAN I", transport: 47, "0000 88BE" + ethernet),
        // sequence number; version, VLAN, session, index
        Vector("ERSPAN II", transport: 47, "1000 88BE 00000001 10010001 00000000" + ethernet),
        // version, session, time, group, and the flags: frame type Ethernet, no platform's part
        Vector("ERSPAN III", transport: 47, "1000 22EB 00000001 20010001 00000000 0000 0000" + ethernet),
        Vector(
            "ERSPAN III, platform",
            transport: 47,
            "1000 22EB 00000001 20010001 00000000 0000 0001 0000000000000000" + ethernet
        ),
        Vector("ERSPAN III, a packet", transport: 47, "1000 22EB 00000001 20010001 00000000 0000 0800"),
        // key and sequence number, version 1; length, call, sequence number; PPP
        Vector("PPTP", transport: 47, "3001 880B 0010 0001 00000001 FF03 0021"),
        Vector("PPTP, acknowledging", transport: 47, "3081 880B 0010 0001 00000001 00000002 21"),
        Vector("EtherIP", transport: 97, "3000" + ethernet),
        Vector("MPLS in IP", transport: 137, "00011140"),
        Vector("Ethernet in IP", transport: 143, ethernet),
        // flags, reserved, identifier, reserved
        Vector("VXLAN", port: 4_789, "08000000 00000100" + ethernet),
        Vector("VXLAN, former port", port: 8_472, "08000000 00000100" + ethernet),
        Vector("VXLAN, group policy", port: 4_789, "88000005 00000100" + ethernet),
        Vector("VXLAN GPE, IPv6", port: 4_790, "0C000002 00000100"),
        Vector("VXLAN GPE, Ethernet", port: 4_790, "0C000003 00000100" + ethernet),
        // version and options' length, type, identifier
        Vector("Geneve", port: 6_081, "0000 6558 00000100" + ethernet),
        Vector("Geneve, options", port: 6_081, "0200 86DD 00000100 0102 8001 00000000"),
        // flags, user data, length, endpoint
        Vector("GTP-U", port: 2_152, "30 FF 0028 00000001"),
        // sequence number, no N-PDU, no extension
        Vector("GTP-U, sequence number", port: 2_152, "32 FF 002C 00000001 0007 00 00"),
        // the extension 85 of one unit, another of two, none
        Vector("GTP-U, extensions", port: 2_152, "34 FF 0038 00000001 0000 00 85 01 0009 C0 02 000000000000 00"),
        Vector("Teredo", port: 3_544, ""),
        Vector("Teredo, origin", port: 3_544, "0000 63BF 3FFFFDD2"),
        // lengths 1 and 2, identifier, value, nonce, confirmation; origin
        Vector("Teredo, authentication", port: 3_544, "0001 01 02 AA BBCC 0102030405060708 00 0000 63BF 3FFFFDD2"),
        // flags and version, tunnel, session; PPP
        Vector("L2TP", port: 1_701, "0002 0001 0002 FF03 0021"),
        Vector("L2TP, all there is", port: 1_701, "4A02 0030 0001 0002 0000 0000 0002 0000 0021"),
        // preamble, length of two words, binding 0; Ethernet
        Vector("CAPWAP", port: 5_247, "00 10 00 00 00000000" + ethernet),
        Vector(
            "CAPWAP, 802.11",
            port: 5_247,
            "00 10 03 00 00000000 0801 0000 020000000001 020000000002 020000000003 1000 AAAA03 000000 0800"
        ),
        Vector(
            "CAPWAP, 802.11, swapped",
            port: 5_247,
            "00 10 03 00 00000000 0108 0000 020000000001 020000000002 020000000003 1000 AAAA03 000000 0800"
        ),
        Vector("MPLS in UDP", port: 6_635, "00011140"),
    ]

    @Test(arguments: vectors)
    func `the inner packet is found`(vector: Vector) {
        #expect(vector.offset(in: (vector.octets + Self.packet).span) == vector.octets.count)
    }

    @Test func `the ports of tunnels are those between which a packet is found`() {
        let payloads = Self.vectors.filter { $0.transport == nil }.map { $0.octets + Self.packet }
        for port in UInt16.min...UInt16.max {
            let isFound = payloads.contains { payload in
                Tunnel.packetOffset(sourcePort: 50_000, destinationPort: port, in: payload.span) != nil
            }
            let isAnswer = payloads.contains { payload in
                Tunnel.packetOffset(sourcePort: port, destinationPort: 50_000, in: payload.span) != nil
            }
            guard Tunnel.isPort(port) != (isFound || isAnswer) else { continue }
            Issue.record("port \(port)")
        }
    }

    @Test(arguments: vectors)
    func `a tunnel's packet that is cut gives its own rest or nothing`(vector: Vector) {
        let payload = vector.octets + Self.packet
        for count in 0...payload.count {
            let offset = vector.offset(in: payload.span.extracting(0..<count))
            #expect(offset == nil || offset == vector.octets.count)
        }
    }

    @Test(arguments: vectors)
    func `damaged packets give a place inside them or none`(vector: Vector) {
        var random = SeededRandom(seed: 11)
        for _ in 0..<2_000 {
            let payload = Mutation.of(vector.octets + Self.packet, using: &random)
            guard let offset = vector.offset(in: payload.span) else { continue }
            #expect((0...payload.count).contains(offset))
        }
    }

    @Test(
        arguments: [
            (47, "0002 0800"),  // a version that there is not
            (47, "0000 0000"),  // a keep-alive
            (47, "2001 880B 0000 0001 00000001"),  // an acknowledgment alone
            (47, "1000 22EB 00000001 20010001 00000000 0000 0400"),  // a frame type that is not ours
            (50, ""),
        ] as [(UInt8, String)]
    )
    func `what holds no packet gives none`(transport: UInt8, octets: String) {
        #expect(Tunnel.packetOffset(transport: transport, in: (hex(octets) + Self.packet).span) == nil)
    }

    @Test(
        arguments: [
            (4_789, "00000000 00000100"),  // no identifier
            (4_790, "0C000004 00000100"),  // a service header
            (6_081, "4000 6558 00000100"),  // version 1
            (2_152, "30 01 0000 00000000"),  // an echo
            (2_152, "32 FF"),
            (2_152, "34 FF 0038 00000001 0000 00 85 00 0009 C0"),  // an extension without length
            (1_701, "C802 0014 0000 0000 0000 0000"),  // control
            (5_247, "01 10 00 00 00000000"),  // encrypted
            (5_247, "00 10 00 80 00000000"),  // a fragment
            (443, "08000000 00000100"),
        ] as [(UInt16, String)]
    )
    func `what a tunnel's port alone says is not believed`(port: UInt16, octets: String) {
        let payload = hex(octets) + [UInt8](repeating: 0, count: 30)
        #expect(Tunnel.packetOffset(sourcePort: 50_000, destinationPort: port, in: payload.span) == nil)
    }

    @Test func `answers come from the port that was called, save to well-known services`() {
        let payload = Self.packet
        #expect(Tunnel.packetOffset(sourcePort: 3_544, destinationPort: 50_000, in: payload.span) == 0)
        #expect(Tunnel.packetOffset(sourcePort: 3_544, destinationPort: 53, in: payload.span) == nil)
        let frame = hex("08000000 00000100" + Self.ethernet) + payload
        #expect(Tunnel.packetOffset(sourcePort: 4_789, destinationPort: 50_000, in: frame.span) == nil)
    }
}
