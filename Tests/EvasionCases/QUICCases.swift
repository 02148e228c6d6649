import TestSupport

/// A hello in QUIC Initial packets (RFC 9000, RFC 9001, RFC 9369).
let quicCases: [EvasionCase] = versionCases + frameCases + datagramCases + rebeginningCases

private func quic(
    _ id: String,
    _ title: String,
    origin: String,
    defeats: String,
    expect: EvasionExpectation = .blocked(countedAs: []),
    _ script: @escaping @Sendable (EvasionScene) -> Script
) -> EvasionCase {
    EvasionCase(id, .quic, title, origin: origin, defeats: defeats, reads: "quic", expect: expect, script)
}

private let firstID: [UInt8] = [0x83, 0x94, 0xC8, 0xF0, 0x3E, 0x51, 0x57, 0x08]
private let earlierID: [UInt8] = [0x2B, 0x07, 0x91, 0xC4, 0x6E, 0x18, 0xD3, 0x55]
private let serverID: [UInt8] = [0x5E, 0x12, 0xF0, 0x67, 0xA5, 0x50, 0x2A, 0x42]
private let fullSize = 1_250

private func socket(_ scene: EvasionScene, port: UInt16 = 443, _ version: IPVersion = .v4) -> PacketBuilder {
    PacketBuilder(from: scene.client(version), to: scene.server(version, port: port))
}

/// One datagram for each of these payloads, the last of which completes the name.
private func flight(_ scene: EvasionScene, _ datagrams: [[UInt8]], port: UInt16 = 443, _ version: IPVersion = .v4)
    -> Script
{
    var script = Script()
    script.add(datagrams.map { socket(scene, port: port, version).udp($0) })
    return script
}

/// A datagram with one Initial packet of these frames.
private func lone(_ scene: EvasionScene, _ frames: ([UInt8]) -> [UInt8]) -> Script {
    let message = Hello.quic(scene.name).message
    return flight(
        scene,
        [QUICSealer(destination: firstID).initial(frames(message), number: 0, paddedTo: fullSize)]
    )
}

/// A hello with a post-quantum key, which does not fit into one datagram, and its name in the middle or at its end.
private func longHello(_ name: String, nameLast: Bool = true) -> [UInt8] {
    var hello = Hello.quic(name)
    hello.offerHybridKey()
    if nameLast { hello.extensions.append(hello.extensions.removeFirst()) }
    return hello.message
}

private func middle(_ scene: EvasionScene, _ message: [UInt8]) -> Int {
    position(of: scene.name, in: message) + scene.name.utf8.count / 2
}

private func version(_ id: String, _ title: String, _ version: QUICVersion, origin: String) -> EvasionCase {
    quic(id, title, origin: origin, defeats: "having no keys of this version") { scene in
        let message = Hello.quic(scene.name, type: version == .v1 || version == .v2 ? 57 : 0xFFA5).message
        let sealer = QUICSealer(version: version, destination: firstID)
        let frame = QUICSealer.crypto(message, 0..<message.count)
        return flight(scene, [sealer.initial(frame, number: 0, paddedTo: fullSize)])
    }
}

private let versionCases: [EvasionCase] = [
    version("quic-v1", "version 1, one CRYPTO frame", .v1, origin: "curl, every QUIC client"),
    version("quic-v2", "version 2", .v2, origin: "RFC 9369; clients that upgrade"),
    version("quic-draft-29", "draft 29", .draft29, origin: "browsers of 2020 and 2021"),
    version("quic-draft-27", "draft 27", .draft27, origin: "clients of 2020 that never were updated"),
    quic(
        "quic-unknown-version",
        "a version whose keys are not public: counted",
        origin: "RFC 9000 §6; private versions",
        defeats: "every inspection of the hello",
        expect: .passed(seen: nil, countedAs: ["unknown-quic-version"])
    ) { scene in
        let message = Hello.quic(scene.name).message
        let sealer = QUICSealer(destination: firstID)
        var packet = sealer.initial(QUICSealer.crypto(message, 0..<message.count), number: 0, paddedTo: fullSize)
        packet.replaceSubrange(1..<5, with: [0x51, 0x56, 0x99, 0x01])
        var script = Script()
        script.add(socket(scene).udp(packet))
        return script
    },
    quic(
        "quic-ipv6",
        "version 1 over IPv6",
        origin: "every QUIC client",
        defeats: "reading IPv4 only"
    ) { scene in
        let message = Hello.quic(scene.name).message
        let sealer = QUICSealer(destination: firstID)
        let frame = QUICSealer.crypto(message, 0..<message.count)
        return flight(scene, [sealer.initial(frame, number: 0, paddedTo: fullSize)], .v6)
    },
    quic(
        "quic-other-port",
        "a server port other than 443",
        origin: "Alt-Svc (RFC 7838)",
        defeats: "looking at port 443 only"
    ) { scene in
        let message = Hello.quic(scene.name).message
        let sealer = QUICSealer(destination: firstID)
        let frame = QUICSealer.crypto(message, 0..<message.count)
        return flight(scene, [sealer.initial(frame, number: 0, paddedTo: fullSize)], port: 8_443)
    },
    quic(
        "quic-long-ids",
        "connection IDs of 20 octets, a packet number of four, a token from before",
        origin: "RFC 9000 §8.1.3, §17.2",
        defeats: "assuming common lengths"
    ) { scene in
        let message = Hello.quic(scene.name).message
        var sealer = QUICSealer(destination: noise(20, seed: 20), source: noise(20, seed: 21))
        sealer.token = noise(97, seed: 97)
        sealer.packetNumberLength = 4
        let frame = QUICSealer.crypto(message, 0..<message.count)
        return flight(scene, [sealer.initial(frame, number: 0x0102_0304, paddedTo: fullSize)])
    },
    quic(
        "quic-fixed-bit-clear",
        "the fixed bit cleared",
        origin: "RFC 9287, clients that know the server",
        defeats: "wanting the fixed bit"
    ) { scene in
        let message = Hello.quic(scene.name).message
        var sealer = QUICSealer(destination: firstID)
        sealer.token = noise(40, seed: 40)
        let frame = QUICSealer.crypto(message, 0..<message.count)
        return flight(scene, [sealer.initial(frame, number: 0, paddedTo: fullSize, fixedBit: false)])
    },
]

private let frameCases: [EvasionCase] = [
    quic(
        "quic-scrambled",
        "CRYPTO frames of one datagram out of order, PING and PADDING between them",
        origin: "Chrome (chaos protection)",
        defeats: "reading the first CRYPTO frame"
    ) { scene in
        lone(scene) { message in
            let name = position(of: scene.name, in: message)
            let bounds = [0, 4, name - 20, name + 3, name + 9, message.count - 50, message.count]
            let order = [4, 1, 5, 0, 3, 2]
            return order.enumerated().flatMap { place, piece in
                QUICSealer.crypto(message, bounds[piece]..<bounds[piece + 1])
                    + (place % 2 == 0 ? QUICSealer.ping : QUICSealer.padding(17 * place))
            }
        }
    },
    quic(
        "quic-ack-between",
        "ACK, PING and PADDING frames around and between CRYPTO frames",
        origin: "clients that resend after a first answer",
        defeats: "giving up at any other frame"
    ) { scene in
        lone(scene) { message in
            let cut = middle(scene, message)
            return QUICSealer.padding(3) + QUICSealer.ack(1) + QUICSealer.ping
                + QUICSealer.crypto(message, 0..<cut) + QUICSealer.ack(0) + QUICSealer.padding(40) + QUICSealer.ping
                + QUICSealer.crypto(message, cut..<message.count)
        }
    },
    quic(
        "quic-one-octet-frames",
        "a CRYPTO frame for every octet, odd offsets first",
        origin: "RFC 9000 §19.6",
        defeats: "a limit on frames"
    ) { scene in
        // Four octets of frame for each octet of hello: the shortest hello there is.
        var hello = Hello.quic(scene.name)
        hello.extensions.removeAll { [10, 13, 45].contains($0.type) }
        let message = hello.message
        let order = Array(stride(from: 1, to: message.count, by: 2)) + Array(stride(from: 0, to: message.count, by: 2))
        let frames = order.flatMap { QUICSealer.crypto(message, $0..<$0 + 1) }
        return flight(scene, [QUICSealer(destination: firstID).initial(frames, number: 0, paddedTo: 1_200)])
    },
    quic(
        "quic-overlapping-frames",
        "CRYPTO frames that overlap with the same octets",
        origin: "clients that resend in other pieces",
        defeats: "refusing overlaps"
    ) { scene in
        lone(scene) { message in
            let cut = middle(scene, message)
            return QUICSealer.crypto(message, 0..<cut + 5)
                + QUICSealer.crypto(message, cut - 5..<message.count) + QUICSealer.crypto(message, 10..<cut)
        }
    },
    quic(
        "quic-conflicting-frames",
        "CRYPTO frames that overlap with another name",
        origin: "RFC 9000 §2.2 forbids it; servers keep the first or the last",
        defeats: "keeping what came first",
        expect: .blocked(countedAs: ["overlap-conflict"])
    ) { scene in
        lone(scene) { message in
            let name = position(of: scene.name, in: message)
            let fake = Hello.quic(EvasionScene.decoyName).message
            return QUICSealer.crypto(message, 0..<name) + QUICSealer.crypto(fake, name..<name + 16)
                + QUICSealer.crypto(message, name..<message.count)
        }
    },
]

/// A long hello in these pieces of Initial packets of their own, in this order.
private func pieces(
    _ scene: EvasionScene,
    _ message: [UInt8],
    cutAt cuts: [Int],
    order: [Int],
    paddedTo size: Int = fullSize
) -> [[UInt8]] {
    let sealer = QUICSealer(destination: firstID)
    let bounds = [0] + cuts + [message.count]
    return order.map { piece in
        sealer.initial(
            QUICSealer.crypto(message, bounds[piece]..<bounds[piece + 1]),
            number: UInt32(piece),
            paddedTo: size
        )
    }
}

private let several = EvasionExpectation.blocked(countedAs: ["multi-initial"])

private let datagramCases: [EvasionCase] = [
    quic(
        "quic-two-datagrams",
        "post-quantum hello over two datagrams, cut in the name",
        origin: "Chrome, Firefox (X25519MLKEM768)",
        defeats: "reading one datagram",
        expect: several
    ) { scene in
        // The key alone nearly fills a datagram: only right behind it can the name be cut, and in one as large as Ethernet allows.
        var hello = Hello.quic(scene.name)
        hello.extensions.removeAll { $0.type == 51 }
        hello.offerHybridKey()
        hello.extensions.insert(hello.extensions.removeLast(), at: 0)
        let message = hello.message
        return flight(scene, pieces(scene, message, cutAt: [middle(scene, message)], order: [0, 1], paddedTo: 1_440))
    },
    quic(
        "quic-three-datagrams",
        "hello over three datagrams, the middle one last",
        origin: "clients with several post-quantum keys",
        defeats: "waiting for two datagrams only",
        expect: several
    ) { scene in
        var hello = Hello.quic(scene.name)
        hello.extensions.append(hello.extensions.removeFirst())
        hello.offerHybridKey()
        hello.pad(to: 3_000, before: 0)
        return flight(scene, pieces(scene, hello.message, cutAt: [1_100, 2_200], order: [0, 2, 1]))
    },
    quic(
        "quic-datagrams-reversed",
        "hello over two datagrams, the second first",
        origin: "reordering on the path",
        defeats: "wanting the start of the hello first",
        expect: several
    ) { scene in
        flight(scene, pieces(scene, longHello(scene.name), cutAt: [900], order: [1, 0]))
    },
    quic(
        "quic-datagrams-scrambled",
        "hello over two datagrams, frames of both halves in each",
        origin: "Chrome (chaos protection)",
        defeats: "wanting each datagram's frames in one piece",
        expect: several
    ) { scene in
        let message = longHello(scene.name, nameLast: false)
        let cut = middle(scene, message)
        let sealer = QUICSealer(destination: firstID)
        let first =
            QUICSealer.crypto(message, cut..<cut + 400) + QUICSealer.ping
            + QUICSealer.crypto(message, 1_000..<message.count)
        let second =
            QUICSealer.crypto(message, cut + 400..<1_000) + QUICSealer.padding(30)
            + QUICSealer.crypto(message, 0..<cut)
        return flight(
            scene,
            [
                sealer.initial(first, number: 1, paddedTo: fullSize),
                sealer.initial(second, number: 2, paddedTo: fullSize),
            ]
        )
    },
    quic(
        "quic-split-name",
        "two datagrams: all but half of the name, then that half",
        origin: "quic-go 0.52 and later",
        defeats: "reading one datagram",
        expect: several
    ) { scene in
        let message = Hello.quic(scene.name).message
        let name = position(of: scene.name, in: message)
        let (start, end) = (name + scene.name.utf8.count / 2, name + scene.name.utf8.count)
        let sealer = QUICSealer(destination: firstID)
        let first = QUICSealer.crypto(message, 0..<start) + QUICSealer.crypto(message, end..<message.count)
        return flight(
            scene,
            [
                sealer.initial(first, number: 0, paddedTo: fullSize),
                sealer.initial(QUICSealer.crypto(message, start..<end), number: 1, paddedTo: fullSize),
            ]
        )
    },
    quic(
        "quic-two-packets-one-datagram",
        "the hello's halves in two Initial packets of one datagram",
        origin: "RFC 9000 §12.2",
        defeats: "reading a datagram's first packet",
        expect: several
    ) { scene in
        let message = Hello.quic(scene.name).message
        let cut = middle(scene, message)
        let sealer = QUICSealer(destination: firstID)
        let first = sealer.initial(QUICSealer.crypto(message, 0..<cut), number: 0)
        let second = sealer.initial(
            QUICSealer.crypto(message, cut..<message.count),
            number: 1,
            paddedTo: fullSize - first.count
        )
        return flight(scene, [first + second])
    },
    quic(
        "quic-0rtt-behind",
        "a 0-RTT packet behind the Initial in one datagram",
        origin: "clients that resume (RFC 9000 §12.2)",
        defeats: "taking the datagram for one packet"
    ) { scene in
        let message = Hello.quic(scene.name).message
        let sealer = QUICSealer(destination: firstID)
        return flight(
            scene,
            [sealer.initial(QUICSealer.crypto(message, 0..<message.count), number: 0) + sealer.zeroRTT(800)]
        )
    },
    quic(
        "quic-0rtt-first",
        "a 0-RTT packet before the Initial, in one datagram and in one of its own",
        origin: "reordering on the path; RFC 9000 §12.2",
        defeats: "wanting the Initial first"
    ) { scene in
        let message = Hello.quic(scene.name).message
        let sealer = QUICSealer(destination: firstID)
        let initial = sealer.initial(QUICSealer.crypto(message, 0..<message.count), number: 0, paddedTo: 700)
        return flight(scene, [sealer.zeroRTT(900), sealer.zeroRTT(500) + initial])
    },
    quic(
        "quic-duplicated",
        "both datagrams of a hello twice",
        origin: "loss and retransmission",
        defeats: "taking a repeated packet for the next",
        expect: several
    ) { scene in
        let parts = pieces(scene, longHello(scene.name), cutAt: [900], order: [0, 0, 1, 1])
        var script = Script()
        for (index, part) in parts.enumerated() {
            script.add(socket(scene).udp(part), .toServer, [.any, .any, .completes, .drop][index])
        }
        return script
    },
    quic(
        "quic-resent",
        "the hello's first half lost on the way and sent again in other pieces",
        origin: "loss and retransmission",
        defeats: "wanting the same frames again",
        expect: several
    ) { scene in
        let message = longHello(scene.name)
        let sealer = QUICSealer(destination: firstID)
        let parts = [900..<message.count, 0..<300, 200..<1_000].enumerated()
        return flight(
            scene,
            parts.map {
                sealer.initial(QUICSealer.crypto(message, $0.element), number: UInt32($0.offset), paddedTo: fullSize)
            }
        )
    },
    quic(
        "quic-decoy-garbage",
        "datagrams of garbage and an Initial that cannot be opened before the real one",
        origin: "zapret fake --dpi-desync-any-protocol, youtubeUnblock",
        defeats: "deciding at a flow's first packet"
    ) { scene in
        let message = Hello.quic(scene.name).message
        let sealer = QUICSealer(destination: firstID)
        let initial = sealer.initial(QUICSealer.crypto(message, 0..<message.count), number: 0, paddedTo: fullSize)
        var broken = QUICSealer(destination: noise(8, seed: 8)).initial([1], number: 0, paddedTo: fullSize)
        broken[broken.count - 20] ^= 0xFF
        let fakes = [noise(64, seed: 64), broken]
        var script = Script()
        for fake in fakes { script.add(withTimeToLive(3, socket(scene).udp(fake))) }
        script.add([socket(scene).udp(initial)])
        return script
    },
    quic(
        "quic-decoy-hello",
        "an Initial for another name that ends before the server, then the real one",
        origin: "zapret fake --dpi-desync-fake-quic",
        defeats: "believing the first hello"
    ) { scene in
        let message = Hello.quic(scene.name).message
        let fake = Hello.quic(EvasionScene.decoyName).message
        let decoy = QUICSealer(destination: noise(8, seed: 9), source: noise(4, seed: 10))
        let sealer = QUICSealer(destination: firstID)
        var script = Script()
        let packet = decoy.initial(QUICSealer.crypto(fake, 0..<fake.count), number: 0, paddedTo: fullSize)
        script.add(withTimeToLive(3, socket(scene).udp(packet)))
        script.add([
            socket(scene).udp(
                sealer.initial(QUICSealer.crypto(message, 0..<message.count), number: 0, paddedTo: fullSize)
            )
        ])
        return script
    },
]

/// A hello between ports that were those of a connection for another name, which was let go.
private func reused(_ id: String, _ connectionID: [UInt8], _ title: String) -> EvasionCase {
    quic(
        id,
        title,
        origin: "clients that keep their socket; ports that a NAT gives again",
        defeats: "letting a flow go for good by its mark"
    ) { scene in
        var script = Script()
        let before = QUICSealer(destination: connectionID)
        let other = Hello.quic(EvasionScene.decoyName).message
        let frame = QUICSealer.crypto(other, 0..<other.count)
        script.add(socket(scene).udp(before.initial(frame, number: 0, paddedTo: fullSize)))
        let answer = before.serverInitial(QUICSealer.ack(0) + QUICSealer.ping, number: 0, from: serverID)
        script.add(socket(scene).reversed.udp(answer), .toClient)
        for seed in 100..<103 as Range<UInt64> {
            script.add(socket(scene).udp([0x40] + serverID + noise(60, seed: seed)))
        }
        script.append(lone(scene) { QUICSealer.crypto($0, 0..<$0.count) })
        script.retransmit()
        return script
    }
}

private let rebeginningCases: [EvasionCase] = [
    quic(
        "quic-retry",
        "a Retry, then the hello's second half under the keys of the new connection ID",
        origin: "servers under load (RFC 9000 §8.1.2)",
        defeats: "keeping the first keys",
        expect: .blocked(countedAs: ["quic-retry"])
    ) { scene in
        let message = longHello(scene.name)
        var sealer = QUICSealer(destination: firstID)
        var script = Script()
        let first = sealer.initial(QUICSealer.crypto(message, 0..<900), number: 0, paddedTo: fullSize)
        script.add(socket(scene).udp(first))
        let token = noise(64, seed: 0x70)
        script.add(socket(scene).reversed.udp(sealer.retry(token: token, from: serverID)), .toClient)
        sealer.token = token
        sealer.destination = serverID
        sealer.keyID = serverID
        // A client keeps counting its packets over a Retry.
        let again = [0..<900, 900..<message.count].enumerated().map {
            sealer.initial(QUICSealer.crypto(message, $0.element), number: UInt32($0.offset + 1), paddedTo: fullSize)
        }
        script.add(again.map { socket(scene).udp($0) })
        return script
    },
    quic(
        "quic-version-negotiation",
        "a reserved version first, Version Negotiation, then version 1",
        origin: "RFC 9000 §6; Chrome with grease",
        defeats: "letting a flow go at its first packet"
    ) { scene in
        let message = Hello.quic(scene.name).message
        let sealer = QUICSealer(destination: firstID)
        let initial = sealer.initial(QUICSealer.crypto(message, 0..<message.count), number: 0, paddedTo: fullSize)
        var grease = initial
        grease.replaceSubrange(1..<5, with: [0x1A, 0x2A, 0x3A, 0x4A])
        var script = Script()
        script.add(socket(scene).udp(grease))
        let answer = sealer.versionNegotiation([0x5A6A_7A8A, 1, QUICVersion.v2.rawValue], from: firstID)
        script.add(socket(scene).reversed.udp(answer), .toClient)
        script.add([socket(scene).udp(initial)])
        return script
    },
    quic(
        "quic-server-initial-between",
        "the server's first Initial between the hello's datagrams, which then go to its connection ID",
        origin: "servers that acknowledge a half hello (RFC 9000 §7.2)",
        defeats: "taking keys from each packet's connection ID",
        expect: several
    ) { scene in
        let message = longHello(scene.name)
        var sealer = QUICSealer(destination: firstID)
        var script = Script()
        script.add(
            socket(scene).udp(sealer.initial(QUICSealer.crypto(message, 0..<900), number: 0, paddedTo: fullSize))
        )
        let answer = sealer.serverInitial(QUICSealer.ack(0) + QUICSealer.ping, number: 0, from: serverID)
        script.add(socket(scene).reversed.udp(answer), .toClient)
        sealer.destination = serverID
        let rest = QUICSealer.ack(0) + QUICSealer.crypto(message, 900..<message.count)
        script.add([socket(scene).udp(sealer.initial(rest, number: 1, paddedTo: fullSize))])
        return script
    },
    reused(
        "quic-ports-reused",
        earlierID,
        "a connection for another name between the same ports, let go before this one begins"
    ),
    reused("quic-ids-reused", firstID, "the same, and both have the same connection ID"),
    quic(
        "quic-rest-behind-decoy",
        "a hello in two datagrams, a decoy's between the same ports once it is stopped, and the second datagram again",
        origin: "zapret fake for QUIC, clients that resend",
        defeats: "beginning anew with each connection ID"
    ) { scene in
        let message = longHello(scene.name)
        let sealer = QUICSealer(destination: firstID)
        let halves = [0..<900, 900..<message.count].enumerated().map {
            sealer.initial(QUICSealer.crypto(message, $0.element), number: UInt32($0.offset), paddedTo: fullSize)
        }
        var script = flight(scene, halves)
        let other = Hello.quic(EvasionScene.decoyName).message
        let decoy = QUICSealer(destination: earlierID)
            .initial(QUICSealer.crypto(other, 0..<other.count), number: 0, paddedTo: fullSize)
        script.add(socket(scene).udp(decoy), .toServer, .accept)
        script.retransmit()
        return script
    },
    quic(
        "quic-decoys-between",
        "a hello in two datagrams, and between them six others, each whole and with a connection ID of its own",
        origin: "zapret fake with repeats, random connection IDs",
        defeats: "following the newest connections of a flow",
        expect: several
    ) { scene in
        let message = longHello(scene.name)
        let sealer = QUICSealer(destination: firstID)
        let halves = [0..<900, 900..<message.count].enumerated().map {
            sealer.initial(QUICSealer.crypto(message, $0.element), number: UInt32($0.offset), paddedTo: fullSize)
        }
        let other = Hello.quic(EvasionScene.decoyName).message
        let decoys = (1...6 as ClosedRange<UInt64>).map { number in
            QUICSealer(destination: noise(8, seed: 200 + number))
                .initial(QUICSealer.crypto(other, 0..<other.count), number: 0, paddedTo: fullSize)
        }
        var script = flight(scene, [halves[0]] + decoys + [halves[1]])
        script.retransmit()
        return script
    },
    quic(
        "quic-ech-grease-listed",
        "an encrypted_client_hello extension beside the listed name, over two datagrams",
        origin: "Chrome (RFC 9849 §6.2)",
        defeats: "letting ECH pass unread",
        expect: .blocked(countedAs: ["ech"])
    ) { scene in
        var hello = Hello.quic(scene.name)
        hello.extensions.append(Hello.encryptedClientHello(payload: 208, seed: 0xEF))
        hello.offerHybridKey()
        return flight(scene, pieces(scene, hello.message, cutAt: [1_000], order: [0, 1]))
    },
    quic(
        "quic-ech-hidden",
        "the name encrypted, an unlisted public name under public keys: counted",
        origin: "Firefox, Chrome with keys from DNS (RFC 9849)",
        defeats: "every inspection of the hello",
        expect: .passed(seen: "cover.example", countedAs: ["ech"])
    ) { scene in
        var hello = Hello.quic("cover.example")
        hello.extensions.append(Hello.encryptedClientHello(payload: 239, seed: 0xF0))
        let message = hello.message
        let sealer = QUICSealer(destination: firstID)
        return flight(
            scene,
            [sealer.initial(QUICSealer.crypto(message, 0..<message.count), number: 0, paddedTo: fullSize)]
        )
    },
]
