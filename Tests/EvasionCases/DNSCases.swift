import TestSupport

/// A name in odd DNS messages (RFC 1035, RFC 6891, RFC 7766, RFC 9460).
let dnsCases: [EvasionCase] = questionCases + streamCases + answerCases

private func dns(
    _ id: String,
    _ title: String,
    origin: String,
    defeats: String,
    expect: EvasionExpectation = .blocked(countedAs: []),
    _ script: @escaping @Sendable (EvasionScene) -> Script
) -> EvasionCase {
    EvasionCase(id, .dns, title, origin: origin, defeats: defeats, reads: "dns", expect: expect, script)
}

/// One datagram of the client, with a query.
func question(_ scene: EvasionScene, _ message: [UInt8], _ version: IPVersion = .v4) -> [UInt8] {
    PacketBuilder(from: scene.client(version), to: scene.server(version, port: 53)).udp(message)
}

private func ask(_ scene: EvasionScene, _ message: [UInt8]) -> Script {
    var script = Script()
    script.add([question(scene, message)])
    return script
}

/// A query with these questions, each a name in wire form, a type and a class, and these octets of additional records.
private func query(_ questions: [(name: [UInt8], type: UInt16)], additional: [UInt8] = [], count: UInt16 = 0)
    -> [UInt8]
{
    [0x12, 0x34, 1, 0] + bigEndian(UInt16(questions.count)) + [0, 0, 0, 0] + bigEndian(count)
        + questions.flatMap { $0.name + bigEndian($0.type) + [0, 1] } + additional
}

/// An answer to a question for an unlisted name, with these records.
private func answer(_ records: [[UInt8]], type: UInt16 = 1) -> [UInt8] {
    [0x12, 0x34, 0x81, 0x80, 0, 1] + bigEndian(UInt16(records.count)) + [0, 0, 0, 0]
        + DNSBuilder.name(EvasionScene.decoyName) + bigEndian(type) + [0, 1] + records.flatMap(\.self)
}

/// A record of the class IN that lives for five minutes.
private func record(_ name: [UInt8], _ type: UInt16, _ data: [UInt8]) -> [UInt8] {
    name + bigEndian(type) + [0, 1, 0, 0, 1, 44] + bigEndian(UInt16(data.count)) + data
}

/// A query for an unlisted name and this answer to it, with which the listed name must be seen.
private func answered(_ scene: EvasionScene, _ message: [UInt8], type: UInt16 = 1) -> Script {
    let ask = query([(DNSBuilder.name(EvasionScene.decoyName), type)])
    let packet = question(scene, message)
    var script = Script()
    script.add(question(scene, ask), .toServer, .accept)
    script.add(reversed(scene, packet), .toClient, .completes)
    return script
}

private func reversed(_ scene: EvasionScene, _ packet: [UInt8]) -> [UInt8] {
    PacketBuilder(from: scene.server(.v4, port: 53), to: scene.client(.v4)).udp(Array(packet[28...]))
}

private let edns: [UInt8] = [0, 0, 41, 0x04, 0xD0, 0, 0, 0x80, 0]

private let questionCases: [EvasionCase] =
    [
        dns(
            "dns-plain",
            "a query as every stub sends it",
            origin: "every stub resolver",
            defeats: "nothing; the ground that the others stand on"
        ) { scene in ask(scene, query([(DNSBuilder.name(scene.name), 1)])) },
        dns(
            "dns-mixed-case",
            "letters of either case",
            origin: "unbound, Google Public DNS (0x20)",
            defeats: "comparing octets"
        ) { scene in ask(scene, query([(DNSBuilder.name(mixedCase(scene.name)), 28)])) },
        dns(
            "dns-second-question",
            "two questions, the listed name second",
            origin: "RFC 1035 §4.1.2 allows it",
            defeats: "reading the first question only"
        ) { scene in
            ask(scene, query([(DNSBuilder.name(EvasionScene.decoyName), 1), (DNSBuilder.name(scene.name), 1)]))
        },
        dns(
            "dns-compressed-question",
            "the second question's name ends in a pointer to the first's",
            origin: "RFC 1035 §4.1.4",
            defeats: "refusing pointers in questions"
        ) { scene in
            let labels = scene.name.split(separator: ".", maxSplits: 1).map { String($0) }
            let first = [UInt8(labels[0].utf8.count)] + Array(labels[0].utf8)
            return ask(scene, query([(DNSBuilder.name(labels[1]), 1), (first + [0xC0, 12], 1)]))
        },
        dns(
            "dns-edns-cookie",
            "a query with EDNS: cookie, client subnet and padding",
            origin: "BIND, systemd-resolved (RFC 6891, RFC 7873, RFC 7830)",
            defeats: "refusing additional records"
        ) { scene in
            let options: [UInt8] =
                [0, 10, 0, 8] + noise(8, seed: 10) + [0, 8, 0, 7, 0, 1, 24, 0, 192, 0, 2]
                + [0, 12, 0, 60] + [UInt8](repeating: 0, count: 60)
            let opt = edns + bigEndian(UInt16(options.count)) + options
            return ask(scene, query([(DNSBuilder.name(scene.name), 1)], additional: opt, count: 1))
        },
        dns(
            "dns-many-additionals",
            "three additional records",
            origin: "TSIG and EDNS together",
            defeats: "refusing more than two additional records"
        ) { scene in
            let opt = edns + [0, 0]
            let others = record([0], 16, [3, 0x61, 0x62, 0x63]) + record([0], 16, [1, 0x7A])
            return ask(scene, query([(DNSBuilder.name(scene.name), 1)], additional: others + opt, count: 3))
        },
        dns(
            "dns-long-name",
            "a name of more than 200 octets under the listed one",
            origin: "DNS tunnels, tracking names",
            defeats: "a buffer of 63 octets"
        ) { scene in
            let label = String(repeating: "a", count: 60)
            return ask(scene, query([(DNSBuilder.name("\(label).\(label).\(label).\(scene.name)"), 1)]))
        },
        dns(
            "dns-many-labels",
            "a name of 80 labels under the listed one",
            origin: "RFC 1035 §3.1",
            defeats: "a limit on labels"
        ) { scene in
            let labels = String(repeating: "x.", count: 77)
            return ask(scene, query([(DNSBuilder.name(labels + scene.name), 1)]))
        },
        dns(
            "dns-ipv6",
            "a query over IPv6",
            origin: "every stub resolver",
            defeats: "reading IPv4 only"
        ) { scene in
            var script = Script()
            script.add([question(scene, query([(DNSBuilder.name(scene.name), 28)]), .v6)])
            return script
        },
        dns(
            "dns-trailing-octets",
            "octets behind the message",
            origin: "some middleboxes",
            defeats: "wanting the message to fill the datagram"
        ) { scene in ask(scene, query([(DNSBuilder.name(scene.name), 1)]) + noise(11, seed: 11)) },
    ]
    + [(65, "https"), (255, "any"), (65_400, "private")].map { type, text in
        dns(
            "dns-type-\(text)",
            "a question of type \(type)",
            origin: type == 65 ? "browsers (RFC 9460)" : "RFC 6895 §3.1",
            defeats: "looking at address questions only"
        ) { scene in ask(scene, query([(DNSBuilder.name(scene.name), UInt16(type))])) }
    }

private let streamCases: [EvasionCase] = [
    dns(
        "dns-tcp",
        "a query over TCP",
        origin: "dig +tcp; clients after a truncated answer (RFC 7766)",
        defeats: "reading UDP only"
    ) { scene in
        var dialogue = Dialogue(scene, port: 53)
        dialogue.open()
        dialogue.send(DNSBuilder.prefixed(query([(DNSBuilder.name(scene.name), 1)])), cutAt: [])
        return dialogue.script
    },
    dns(
        "dns-tcp-split",
        "a query over TCP, cut in its length and in its name",
        origin: "stubs that write the length by itself; Geneva",
        defeats: "reading one packet"
    ) { scene in
        var dialogue = Dialogue(scene, port: 53)
        dialogue.open()
        dialogue.send(DNSBuilder.prefixed(query([(DNSBuilder.name(scene.name), 1)])), cutAt: [1, 2, 20])
        return dialogue.script
    },
    dns(
        "dns-tcp-reversed",
        "a query over TCP in two segments, the second first",
        origin: "Geneva",
        defeats: "following segments in order only",
        expect: .blocked(countedAs: ["out-of-order"])
    ) { scene in
        var dialogue = Dialogue(scene, port: 53)
        dialogue.open()
        dialogue.send(DNSBuilder.prefixed(query([(DNSBuilder.name(scene.name), 1)])), cutAt: [18], order: [1, 0])
        return dialogue.script
    },
    dns(
        "dns-tcp-pipelined",
        "the fortieth query of one connection, answers between them",
        origin: "dnsdist, systemd-resolved (RFC 7766 §6.2.1.1)",
        defeats: "reading a connection's first message"
    ) { scene in
        var dialogue = Dialogue(scene, port: 53)
        dialogue.open()
        for number in 0..<39 {
            dialogue.send(DNSBuilder.prefixed(DNSBuilder.query("n\(number).kitchen.test")))
            if number % 4 == 3 { dialogue.answer(DNSBuilder.prefixed(DNSBuilder.response("n\(number).kitchen.test"))) }
        }
        dialogue.send(DNSBuilder.prefixed(query([(DNSBuilder.name(scene.name), 1)])), cutAt: [9])
        return dialogue.script
    },
    dns(
        "dns-tcp-shared-segment",
        "three queries in one segment, the listed name in the middle one",
        origin: "dnsdist (RFC 7766 §6.2.1.1)",
        defeats: "reading a segment's first message"
    ) { scene in
        var dialogue = Dialogue(scene, port: 53)
        dialogue.open()
        let stream = [EvasionScene.decoyName, scene.name, "n1.kitchen.test"].flatMap {
            DNSBuilder.prefixed(DNSBuilder.query($0))
        }
        dialogue.send(stream, cutAt: [])
        return dialogue.script
    },
]

private let answerCases: [EvasionCase] = [
    dns(
        "dns-cname",
        "an unlisted name whose answer is an alias of the listed one",
        origin: "CNAME cloaking",
        defeats: "reading questions only"
    ) { scene in
        let alias = record([0xC0, 12], 5, DNSBuilder.name(scene.name))
        return answered(scene, answer([alias, record(DNSBuilder.name(scene.name), 1, [203, 0, 113, 9])]))
    },
    dns(
        "dns-cname-chain",
        "the same at the end of a chain, its name compressed",
        origin: "CNAME cloaking through a content network",
        defeats: "reading the first answer only"
    ) { scene in
        let first = record([0xC0, 12], 5, DNSBuilder.name("edge.kitchen.example"))
        // The chain's next owner stands where the first record's data begin.
        let place = 12 + DNSBuilder.name(EvasionScene.decoyName).count + 4 + 12
        let second = record([0xC0, UInt8(place)], 5, DNSBuilder.name(scene.name))
        let target = place + DNSBuilder.name("edge.kitchen.example").count + 12
        return answered(scene, answer([first, second, record([0xC0, UInt8(target)], 1, [203, 0, 113, 9])]))
    },
    dns(
        "dns-dname",
        "an alias of a whole tree, without the CNAME that follows from it",
        origin: "RFC 6672",
        defeats: "reading CNAME records only"
    ) { scene in
        let asked = DNSBuilder.name("sub.\(EvasionScene.decoyName)")
        let header: [UInt8] = [0x12, 0x34, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]
        let alias = record([0xC0, 16], 39, DNSBuilder.name(scene.name))
        var script = Script()
        script.add(question(scene, query([(asked, 1)])), .toServer, .accept)
        let message = header + asked + [0, 1, 0, 1] + alias
        script.add(reversed(scene, question(scene, message)), .toClient, .completes)
        return script
    },
    dns(
        "dns-https-alias",
        "an HTTPS record in alias form that names the listed one",
        origin: "RFC 9460 §2.4.2",
        defeats: "reading CNAME records only"
    ) { scene in
        let alias = record([0xC0, 12], 65, [0, 0] + DNSBuilder.name(scene.name))
        return answered(scene, answer([alias], type: 65), type: 65)
    },
    dns(
        "dns-svcb-target",
        "an HTTPS record in service form whose target is the listed name",
        origin: "RFC 9460 §2.4.3",
        defeats: "reading CNAME records only"
    ) { scene in
        let service = record([0xC0, 12], 65, [0, 1] + DNSBuilder.name(scene.name) + [0, 1, 0, 3, 2, 0x68, 0x33])
        return answered(scene, answer([service], type: 65), type: 65)
    },
    dns(
        "dns-ech-keys",
        "an HTTPS record of an unlisted name that carries ECH keys: counted",
        origin: "servers behind content networks (RFC 9848)",
        defeats: "every later inspection of the hello",
        expect: .passed(seen: EvasionScene.decoyName, countedAs: ["dns-ech"])
    ) { scene in
        // One ECHConfig (RFC 9849 §4): identifier 7, X25519, HKDF-SHA256 with AES-128-GCM, public name cover.example.
        let suite: [UInt8] = [7, 0, 0x20, 0, 32] + noise(32, seed: 7) + [0, 4, 0, 1, 0, 1]
        let contents = suite + [0, 13] + Array("cover.example".utf8) + [0, 0]
        let config: [UInt8] = [0xFE, 0x0D] + bigEndian(UInt16(contents.count)) + contents
        let list = bigEndian(UInt16(config.count)) + config
        let parameters: [UInt8] = [0, 1, 0, 3, 2, 0x68, 0x33, 0, 5] + bigEndian(UInt16(list.count)) + list
        var script = Script()
        script.add(question(scene, query([(DNSBuilder.name(EvasionScene.decoyName), 65)])))
        let message = answer([record([0xC0, 12], 65, [0, 1, 0] + parameters)], type: 65)
        script.add(reversed(scene, question(scene, message)), .toClient)
        return script
    },
    dns(
        "dns-tcp-cname",
        "the alias in an answer over TCP, cut in the name",
        origin: "CNAME cloaking; answers that were too long for UDP",
        defeats: "reading answers over UDP only"
    ) { scene in
        var dialogue = Dialogue(scene, port: 53)
        dialogue.open()
        dialogue.send(DNSBuilder.prefixed(query([(DNSBuilder.name(EvasionScene.decoyName), 1)])))
        let stream = DNSBuilder.prefixed(answer([record([0xC0, 12], 5, DNSBuilder.name(scene.name))]))
        let cut = stream.count - 8
        dialogue.answer(Array(stream[..<cut]))
        dialogue.answer(Array(stream[cut...]), .completes)
        return dialogue.script
    },
]
