import TestSupport

/// A name in IP fragments, behind odd headers, and in tunnels (RFC 791, RFC 8200).
let ipCases: [EvasionCase] = fragmentCases + headerCases + tunnelCases + linkCases

private func ip(
    _ id: String,
    _ title: String,
    origin: String,
    defeats: String,
    reads inspectedProtocol: String = "dns",
    counted: [String] = [],
    _ script: @escaping @Sendable (EvasionScene) -> Script
) -> EvasionCase {
    EvasionCase(
        id,
        .ip,
        title,
        origin: origin,
        defeats: defeats,
        reads: inspectedProtocol,
        expect: .blocked(countedAs: counted),
        script
    )
}

private func inOrder(_ packets: [[UInt8]]) -> Script {
    var script = Script()
    script.add(packets)
    return script
}

/// An opened connection and the packet with a whole hello.
private func hello(_ scene: EvasionScene, _ version: IPVersion = .v4) -> (opening: Script, packet: [UInt8]) {
    var dialogue = Dialogue(scene, version)
    dialogue.open()
    return (dialogue.script, dialogue.segment(Hello(scene.name).bytes, at: 0))
}

private func initial(_ scene: EvasionScene) -> [UInt8] {
    let message = Hello.quic(scene.name).message
    let sealer = QUICSealer(destination: noise(8, seed: 88))
    return PacketBuilder(from: scene.client(.v4), to: scene.server(.v4, port: 443)).udp(
        sealer.initial(QUICSealer.crypto(message, 0..<message.count), number: 0, paddedTo: 1_250)
    )
}

private let fragmentCases: [EvasionCase] = [
    ip(
        "ip-fragments-dns",
        "a query in two fragments, cut in the name",
        origin: "zapret ipfrag2",
        defeats: "reading one packet",
        counted: ["fragmented"]
    ) { scene in inOrder(fragments(question(scene, DNSBuilder.query(scene.name)), cutAt: [24])) },
    ip(
        "ip-fragments-dns-ipv6",
        "a query in two IPv6 fragments, cut in the name",
        origin: "zapret ipfrag2",
        defeats: "reading one packet",
        counted: ["fragmented"]
    ) { scene in inOrder(fragments(question(scene, DNSBuilder.query(scene.name), .v6), cutAt: [24])) },
    ip(
        "ip-fragments-reversed",
        "a query in three fragments, the last first",
        origin: "zapret ipfrag2",
        defeats: "wanting the first fragment first",
        counted: ["fragmented"]
    ) { scene in inOrder(fragments(question(scene, DNSBuilder.query(scene.name)), cutAt: [16, 32]).reversed()) },
    ip(
        "ip-fragments-reversed-ipv6",
        "a query in three IPv6 fragments, shuffled",
        origin: "zapret ipfrag2",
        defeats: "wanting the first fragment first",
        counted: ["fragmented"]
    ) { scene in
        let pieces = fragments(question(scene, DNSBuilder.query(scene.name), .v6), cutAt: [16, 32])
        return inOrder([pieces[1], pieces[2], pieces[0]])
    },
    ip(
        "ip-fragments-hello",
        "a hello's segment in three fragments",
        origin: "zapret ipfrag2",
        defeats: "reading one packet",
        reads: "tls",
        counted: ["fragmented"]
    ) { scene in
        var (script, packet) = hello(scene)
        let cut = (20 + position(of: scene.name, in: Hello(scene.name).bytes) + 8) / 8 * 8
        script.add(fragments(packet, cutAt: [cut, cut + 80]))
        return script
    },
    ip(
        "ip-fragments-hello-ipv6",
        "the same over IPv6, the last fragment first",
        origin: "zapret ipfrag2",
        defeats: "reading one packet",
        reads: "tls",
        counted: ["fragmented"]
    ) { scene in
        var (script, packet) = hello(scene, .v6)
        let cut = (20 + position(of: scene.name, in: Hello(scene.name).bytes) + 8) / 8 * 8
        script.add(fragments(packet, cutAt: [cut, cut + 80]).reversed())
        return script
    },
    ip(
        "ip-tiny-first-fragment",
        "a first fragment of eight octets, before the TCP flags",
        origin: "RFC 1858 §3, nmap -f",
        defeats: "wanting the whole TCP header in the first fragment",
        reads: "tls",
        counted: ["fragmented"]
    ) { scene in
        var (script, packet) = hello(scene)
        script.add(fragments(packet, cutAt: [8, 16, 24]))
        return script
    },
    ip(
        "ip-fragments-quic",
        "an Initial packet in two fragments",
        origin: "zapret ipfrag2 for QUIC",
        defeats: "reading one packet",
        reads: "quic",
        counted: ["fragmented"]
    ) { scene in inOrder(fragments(initial(scene), cutAt: [608])) },
    ip(
        "ip-fragments-duplicated",
        "every fragment twice",
        origin: "retransmitting links",
        defeats: "taking a repeated fragment for an attack",
        counted: ["fragmented"]
    ) { scene in
        let pieces = fragments(question(scene, DNSBuilder.query(scene.name)), cutAt: [24])
        return inOrder([pieces[0], pieces[0], pieces[1]])
    },
    ip(
        "ip-fragments-conflicting",
        "a fragment with another name before the real one",
        origin: "fragroute, Geneva",
        defeats: "keeping what came first",
        counted: ["fragmented"]
    ) { scene in
        conflict(scene, decoyFirst: true)
    },
    ip(
        "ip-fragments-conflicting-last",
        "a fragment with another name behind the real one",
        origin: "fragroute, Geneva",
        defeats: "keeping what came last",
        counted: ["fragmented"]
    ) { scene in
        conflict(scene, decoyFirst: false)
    },
    ip(
        "ip-fragments-decoy-end",
        "a fragment that completes a harmless query and dies on the way, then the real one",
        origin: "fragroute",
        defeats: "forgetting a datagram once it is whole",
        counted: ["fragmented", "overlap-conflict"]
    ) { scene in
        let real = withUDPChecksum(0, question(scene, DNSBuilder.query(scene.name)))
        let fake = withUDPChecksum(0, question(scene, DNSBuilder.query(EvasionScene.decoyName)))
        let end = real.count - 20
        return inOrder([
            fragment(real, 0..<16, more: true), fragment(real, 32..<end, more: false),
            fragment(fake, 16..<32, more: true),
            fragment(real, 16..<32, more: true),
        ])
    },
]

/// Two readings of a query's middle; without a UDP checksum both are whole datagrams.
private func conflict(_ scene: EvasionScene, decoyFirst: Bool) -> Script {
    let real = withUDPChecksum(0, question(scene, DNSBuilder.query(scene.name)))
    let fake = withUDPChecksum(0, question(scene, DNSBuilder.query(EvasionScene.decoyName)))
    let end = real.count - 20
    let middles = [fragment(fake, 16..<32, more: true), fragment(real, 16..<32, more: true)]
    let ordered = decoyFirst ? middles : middles.reversed()
    return inOrder([fragment(real, 0..<16, more: true)] + ordered + [fragment(real, 32..<end, more: false)])
}

private func extended(_ scene: EvasionScene, _ headers: [ExtensionHeader]) -> Script {
    var builder = PacketBuilder(from: scene.client(.v6), to: scene.server(.v6, port: 53))
    builder.extensionHeaders = headers
    return inOrder([builder.udp(DNSBuilder.query(scene.name))])
}

private func options(_ scene: EvasionScene, _ options: [UInt8]) -> Script {
    var builder = PacketBuilder(from: scene.client(.v4), to: scene.server(.v4, port: 53))
    builder.options = options
    return inOrder([builder.udp(DNSBuilder.query(scene.name))])
}

private let headerCases: [EvasionCase] = [
    ip(
        "ip-options",
        "an IPv4 header with options",
        origin: "router alert (RFC 2113), padding",
        defeats: "a header of twenty octets"
    ) { scene in options(scene, [0x94, 4, 0, 0] + [UInt8](repeating: 1, count: 36)) },
    ip(
        "ip6-hop-by-hop",
        "a hop-by-hop options header",
        origin: "zapret hopbyhop",
        defeats: "wanting UDP right behind the header"
    ) { scene in extended(scene, [.options(type: 0)]) },
    ip(
        "ip6-destination-options",
        "destination options headers, 256 octets of them",
        origin: "zapret destopt",
        defeats: "wanting UDP right behind the header"
    ) { scene in extended(scene, [.options(type: 60, units: 16), .options(type: 60, units: 16)]) },
    ip(
        "ip6-chain",
        "hop-by-hop, destination options, routing and destination options headers",
        origin: "RFC 8200 §4.1",
        defeats: "a limit on headers"
    ) { scene in
        // A routing header with no segment left (RFC 8200 §4.4) of the type for experiments (RFC 4727).
        let routing = ExtensionHeader(type: 43, body: [0, 253, 0, 0, 0, 0, 0])
        // More than seven octets of padding are no hop-by-hop options that a Linux router forwards.
        return extended(scene, [.options(type: 0), .options(type: 60, units: 2), routing, .options(type: 60)])
    },
    ip(
        "ip6-atomic-fragment",
        "a fragment header on a packet that is whole",
        origin: "zapret ipfrag1 (RFC 6946)",
        defeats: "waiting for further fragments"
    ) { scene in extended(scene, [.fragment(offset: 0, more: false)]) },
    ip(
        "ip6-hello-behind-headers",
        "a split hello behind destination options",
        origin: "zapret destopt",
        defeats: "wanting TCP right behind the header",
        reads: "tls"
    ) { scene in
        var (script, _) = hello(scene, .v6)
        var builder = PacketBuilder(from: scene.client(.v6), to: scene.server(.v6, port: 443))
        builder.extensionHeaders = [.options(type: 60)]
        let dialogue = Dialogue(scene, .v6)
        let stream = Hello(scene.name).bytes
        let cut = position(of: scene.name, in: stream) + 5
        for (range, demand) in [(0..<cut, EvasionPacket.Demand.any), (cut..<stream.count, .completes)] {
            script.add(
                builder.tcp(
                    Array(stream[range]),
                    sequence: dialogue.clientSequence &+ 1 &+ UInt32(range.lowerBound),
                    acknowledgment: dialogue.serverSequence &+ 1
                ),
                .toServer,
                demand
            )
        }
        return script
    },
]

/// A split hello between two hosts inside the tunnel whose ends are the scene's.
private func tunnelled(
    _ id: String,
    _ title: String,
    origin: String,
    inner: IPVersion = .v4,
    outer: IPVersion = .v4,
    port: UInt16 = 4_789,
    _ wrap: @escaping @Sendable (PacketBuilder, [UInt8]) -> [UInt8]
) -> EvasionCase {
    ip(
        id,
        title,
        origin: origin,
        defeats: "reading the outer header only",
        reads: "tls",
        counted: ["tunnelled"]
    ) { scene in
        var within = scene
        within.client4 = [10, 1, 0, 7]
        within.server4 = [203, 0, 113, 80]
        within.client6 = Endpoint.v6(0x107, port: 0).address
        within.server6 = Endpoint.v6(0x180, port: 0).address
        within.serverPort = nil
        var dialogue = Dialogue(within, inner)
        dialogue.open()
        let stream = Hello(scene.name).bytes
        dialogue.send(stream, cutAt: [position(of: scene.name, in: stream) + 5])
        let ends = PacketBuilder(from: scene.client(outer), to: scene.server(outer, port: port))
        return dialogue.script.map { packet, direction in
            wrap(direction == .toServer ? ends : answering(ends), packet)
        }
    }
}

/// The other direction; both ends of a tunnel over UDP send to its port.
private func answering(_ ends: PacketBuilder) -> PacketBuilder {
    var answer = ends.reversed
    swap(&answer.source.port, &answer.destination.port)
    return answer
}

private func etherType(_ packet: [UInt8]) -> [UInt8] { packet[0] >> 4 == 4 ? [0x08, 0x00] : [0x86, 0xDD] }

private let ethernet: [UInt8] = [0x02, 0, 0x5E, 0x10, 0, 1, 0x02, 0, 0x5E, 0x10, 0, 2]

private let tunnelCases: [EvasionCase] = [
    tunnelled("ip-tunnel-ipip", "IPv4 in IPv4", origin: "RFC 2003") { ends, packet in
        ends.packet(packet, transport: 4)
    },
    tunnelled("ip-tunnel-6in4", "IPv6 in IPv4", origin: "RFC 4213", inner: .v6) { ends, packet in
        ends.packet(packet, transport: 41)
    },
    tunnelled("ip-tunnel-4in6", "IPv4 in IPv6", origin: "DS-Lite (RFC 6333)", outer: .v6) { ends, packet in
        ends.packet(packet, transport: 4)
    },
    tunnelled("ip-tunnel-gre", "IPv4 in GRE", origin: "RFC 2784") { ends, packet in
        ends.packet([0, 0] + etherType(packet) + packet, transport: 47)
    },
    tunnelled("ip-tunnel-gre-key", "IPv6 in GRE with key and sequence number", origin: "RFC 2890", inner: .v6) {
        ends,
        packet in
        ends.packet([0x30, 0] + etherType(packet) + [0, 0, 0, 9, 0, 0, 0, 1] + packet, transport: 47)
    },
    tunnelled("ip-tunnel-gre-ethernet", "Ethernet in GRE", origin: "RFC 1701, NVGRE (RFC 7637)") { ends, packet in
        ends.packet([0, 0, 0x65, 0x58] + ethernet + etherType(packet) + packet, transport: 47)
    },
    tunnelled("ip-tunnel-gtp", "IPv4 in GTP-U", origin: "mobile networks (3GPP TS 29.281)", port: 2_152) {
        ends,
        packet in
        ends.udp([0x30, 0xFF] + bigEndian(UInt16(packet.count)) + [0, 0, 0x12, 0x34] + packet)
    },
    tunnelled("ip-tunnel-twice", "IPv4 in GRE in IPv4 in IPv4", origin: "RFC 2003, RFC 2784") { ends, packet in
        ends.packet(ends.packet([0, 0] + etherType(packet) + packet, transport: 47), transport: 4)
    },
    tunnelled("ip-tunnel-vxlan", "Ethernet in VXLAN", origin: "RFC 7348") { ends, packet in
        ends.udp([0x08, 0, 0, 0, 0, 0, 42, 0] + ethernet + etherType(packet) + packet)
    },
]

/// A split hello behind a link header, as a capture on a trunk holds it.
private func tagged(
    _ id: String,
    _ title: String,
    origin: String,
    _ header: @escaping @Sendable ([UInt8]) -> [UInt8]
) -> EvasionCase {
    ip(id, title, origin: origin, defeats: "a link header of fourteen octets", reads: "tls") { scene in
        var dialogue = Dialogue(scene)
        dialogue.open()
        let stream = Hello(scene.name).bytes
        dialogue.send(stream, cutAt: [position(of: scene.name, in: stream) + 5])
        return dialogue.script.behind { ethernet + header($0) }
    }
}

private let linkCases: [EvasionCase] = [
    tagged("link-vlan", "a VLAN tag", origin: "IEEE 802.1Q") { _ in [0x81, 0, 0, 42, 0x08, 0] },
    tagged("link-qinq", "two VLAN tags", origin: "IEEE 802.1ad") { _ in
        [0x88, 0xA8, 0, 7, 0x81, 0, 0, 42, 0x08, 0]
    },
    tagged("link-mpls", "two MPLS labels", origin: "provider networks (RFC 3032)") { _ in
        // Labels 16 and 17, the second at the bottom of the stack, time to live 64.
        [0x88, 0x47, 0, 0x01, 0, 64, 0, 0x01, 0x11, 64]
    },
    tagged("link-pppoe", "PPPoE", origin: "access networks (RFC 2516)") { packet in
        [0x88, 0x64, 0x11, 0, 0, 9] + bigEndian(UInt16(packet.count + 2)) + [0, 0x21]
    },
]
