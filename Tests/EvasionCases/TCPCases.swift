import TestSupport

/// A hello cut, mixed up, repeated and lied about in TCP segments (RFC 9293).
let tcpCases: [EvasionCase] = segmentCases + conflictCases + decoyCases + connectionCases

/// A TCP case about the name in a TLS hello.
private func tcp(
    _ id: String,
    _ title: String,
    origin: String,
    defeats: String,
    counted: [String] = [],
    _ script: @escaping @Sendable (EvasionScene, [UInt8]) -> Script
) -> EvasionCase {
    EvasionCase(
        id,
        .tcp,
        title,
        origin: origin,
        defeats: defeats,
        reads: "tls",
        expect: .blocked(countedAs: counted)
    ) { script($0, Hello($0.name).bytes) }
}

/// The middle of the name in a hello.
private func middle(_ scene: EvasionScene, _ hello: [UInt8]) -> Int {
    position(of: scene.name, in: hello) + scene.name.utf8.count / 2
}

/// A hello for the decoy name, as long as the real one.
private func decoy(_ scene: EvasionScene) -> [UInt8] {
    let decoy = Hello(EvasionScene.decoyName).bytes
    precondition(decoy.count == Hello(scene.name).bytes.count)
    return decoy
}

private let segmentCases: [EvasionCase] = [
    tcp(
        "tcp-split-name",
        "hello cut in the middle of the name",
        origin: "zapret multisplit, youtubeUnblock",
        defeats: "reading one packet at a time"
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        dialogue.open()
        dialogue.send(hello, cutAt: [middle(scene, hello)])
        return dialogue.script
    },
    tcp(
        "tcp-split-name-ipv6",
        "the same over IPv6",
        origin: "zapret multisplit, youtubeUnblock",
        defeats: "reading IPv4 only"
    ) { scene, hello in
        var dialogue = Dialogue(scene, .v6)
        dialogue.open()
        dialogue.send(hello, cutAt: [middle(scene, hello)])
        return dialogue.script
    },
    tcp(
        "tcp-split-record-header",
        "hello cut inside its record header",
        origin: "GoodbyeDPI -e 2, byedpi --split 1",
        defeats: "looking for a record header in a packet"
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        dialogue.open()
        dialogue.send(hello, cutAt: [1, 3])
        return dialogue.script
    },
    tcp(
        "tcp-one-octet",
        "every octet in a segment of its own",
        origin: "curl through a slow writer, Geneva",
        defeats: "a limit on packets per flow"
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        dialogue.open()
        dialogue.send(hello, inPiecesOf: 1)
        return dialogue.script
    },
    tcp(
        "tcp-reversed",
        "three segments, the last first",
        origin: "zapret multidisorder, youtubeUnblock --frag-sni-reverse",
        defeats: "following segments in order only",
        counted: ["out-of-order"]
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        dialogue.open()
        dialogue.send(hello, cutAt: [2, middle(scene, hello)], order: [2, 1, 0])
        return dialogue.script
    },
    tcp(
        "tcp-shuffled",
        "segments of 20 octets, shuffled, the server's acknowledgments between them",
        origin: "Geneva, lib\u{B7}erate",
        defeats: "a bound on gaps",
        counted: ["out-of-order"]
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        dialogue.open()
        let starts = Array(stride(from: 0, to: hello.count, by: 20))
        var random = SeededRandom(seed: 20)
        let order = starts.shuffled(using: &random)
        for start in order {
            let piece = Array(hello[start..<min(start + 20, hello.count)])
            dialogue.send(piece, at: start, start == order.last ? .completes : .any)
            dialogue.acknowledge(0)
        }
        dialogue.script.retransmit()
        return dialogue.script
    },
    tcp(
        "tcp-wrap-around",
        "sequence numbers that wrap inside the name",
        origin: "any client, once in some million connections",
        defeats: "comparing sequence numbers as plain numbers"
    ) { scene, hello in
        let cut = middle(scene, hello)
        var dialogue = Dialogue(scene, clientSequence: 0 &- UInt32(cut) &- 1)
        dialogue.open()
        dialogue.send(hello, cutAt: [cut - 4, cut + 4], order: [1, 2, 0])
        return dialogue.script
    },
    tcp(
        "tcp-no-push",
        "segments without the PSH flag",
        origin: "any client that writes in large pieces",
        defeats: "inspecting pushed segments only"
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        dialogue.open()
        let cut = middle(scene, hello)
        dialogue.script.add(dialogue.segment(Array(hello[..<cut]), at: 0, flags: .ack))
        dialogue.script.add(dialogue.segment(Array(hello[cut...]), at: cut, flags: .ack), .toServer, .completes)
        dialogue.script.retransmit()
        return dialogue.script
    },
    tcp(
        "tcp-slow",
        "a minute between the segments",
        origin: "lib\u{B7}erate",
        defeats: "forgetting a flow after seconds"
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        dialogue.open()
        let cut = middle(scene, hello)
        for (range, demand) in [
            (0..<4, EvasionPacket.Demand.any), (4..<cut, .any), (cut..<hello.count, .completes),
        ] {
            dialogue.script.wait(milliseconds: 60_000)
            dialogue.send(Array(hello[range]), demand)
        }
        dialogue.script.retransmit()
        return dialogue.script
    },
    tcp(
        "tcp-retransmission-other-bounds",
        "a lost first half sent again in other pieces",
        origin: "any client on a lossy path",
        defeats: "taking a repeated sequence number for a duplicate"
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        dialogue.open()
        let cut = middle(scene, hello)
        dialogue.send(Array(hello[..<(cut - 8)]), at: 0)
        dialogue.send(Array(hello[..<(cut - 8)]), at: 0)
        dialogue.send(Array(hello[20..<cut]), at: 20)
        dialogue.send(Array(hello[(cut - 30)...]), at: cut - 30, .completes)
        dialogue.script.retransmit()
        return dialogue.script
    },
    tcp(
        "tcp-keep-alive",
        "a keep-alive with one octet of garbage between the segments",
        origin: "old TCP stacks (RFC 9293 §3.8.4)",
        defeats: "taking the last octets for the right ones"
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        dialogue.open()
        dialogue.script.add(dialogue.segment([0], at: -1, flags: .ack))
        let cut = middle(scene, hello)
        dialogue.send(Array(hello[..<cut]))
        dialogue.acknowledge(cut)
        dialogue.script.wait(milliseconds: 7_000)
        dialogue.script.add(dialogue.segment([0], at: cut - 1, flags: .ack))
        dialogue.acknowledge(cut)
        dialogue.send(Array(hello[cut...]), .completes)
        dialogue.script.retransmit()
        return dialogue.script
    },
    tcp(
        "tcp-zero-window",
        "the server's window closes inside the name, probes of one octet",
        origin: "servers with brdgrd",
        defeats: "taking a probe for a stream of its own"
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        dialogue.open()
        let cut = middle(scene, hello)
        dialogue.send(Array(hello[..<cut]))
        dialogue.acknowledge(cut, window: 0)
        for _ in 0..<3 {
            dialogue.script.wait(milliseconds: 500)
            dialogue.script.add(dialogue.segment([hello[cut]], at: cut, flags: .ack))
            dialogue.acknowledge(cut, window: 0)
        }
        dialogue.acknowledge(cut)
        dialogue.send(Array(hello[cut...]), at: cut, .completes)
        dialogue.script.retransmit()
        return dialogue.script
    },
    tcp(
        "tcp-urgent-in-name",
        "an urgent octet inside the name, which the server reads out of band",
        origin: "byedpi --oob (RFC 6093)",
        defeats: "taking urgent data for a part of the stream"
    ) { scene, hello in urgent(scene, hello, at: middle(scene, hello)) },
    tcp(
        "tcp-urgent-first",
        "an urgent octet behind the hello's first",
        origin: "byedpi --oob 1",
        defeats: "taking urgent data for a part of the stream"
    ) { scene, hello in urgent(scene, hello, at: 1) },
]

/// A hello with an octet of urgent data after its first `offset` octets; what follows counts on behind it.
private func urgent(_ scene: EvasionScene, _ hello: [UInt8], at offset: Int) -> Script {
    var dialogue = Dialogue(scene)
    dialogue.open()
    let first = Array(hello[..<offset]) + [UInt8(ascii: "a")]
    dialogue.script.add(withUrgent(UInt16(first.count), dialogue.segment(first, at: 0)))
    dialogue.send(Array(hello[offset...]), at: first.count, .completes)
    dialogue.script.retransmit()
    return dialogue.script
}

private let conflictCases: [EvasionCase] = [
    tcp(
        "tcp-overlap-decoy-first",
        "the name's segment twice, first with another name",
        origin: "zapret fakedsplit, Geneva",
        defeats: "keeping what came first",
        counted: ["overlap-conflict"]
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        dialogue.open()
        let cut = position(of: scene.name, in: hello) - 9
        dialogue.send(Array(hello[..<cut]))
        dialogue.send(Array(decoy(scene)[cut...].prefix(60)), at: cut)
        dialogue.send(Array(hello[cut...]), at: cut, .completes)
        dialogue.script.retransmit()
        return dialogue.script
    },
    tcp(
        "tcp-overlap-decoy-last",
        "the name's segment twice, then with another name, before the rest",
        origin: "zapret fakedsplit, Geneva",
        defeats: "keeping what came last",
        counted: ["overlap-conflict"]
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        dialogue.open()
        let cut = position(of: scene.name, in: hello) + 40
        dialogue.send(Array(hello[..<cut]))
        dialogue.send(Array(decoy(scene)[..<cut]), at: 0)
        dialogue.send(Array(hello[cut...]), at: cut, .completes)
        dialogue.script.retransmit()
        return dialogue.script
    },
    tcp(
        "tcp-overlap-partial",
        "segments that overlap by half, with other octets in the half",
        origin: "Geneva",
        defeats: "one policy for overlaps",
        counted: ["overlap-conflict"]
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        dialogue.open()
        let name = position(of: scene.name, in: hello)
        let fake = decoy(scene)
        dialogue.send(Array(hello[..<(name + 8)]))
        dialogue.send(Array(fake[(name + 4)..<(name + 12)]), at: name + 4)
        dialogue.send(Array(hello[(name + 8)...]), at: name + 8, .completes)
        dialogue.script.retransmit()
        return dialogue.script
    },
    tcp(
        "tcp-overlap-behind-gap",
        "two readings of the name behind a gap that closes last",
        origin: "zapret fakeddisorder",
        defeats: "resolving overlaps on arrival",
        counted: ["overlap-conflict"]
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        dialogue.open()
        let cut = position(of: scene.name, in: hello) - 2
        dialogue.send(Array(decoy(scene)[cut...]), at: cut)
        dialogue.send(Array(hello[cut...]), at: cut)
        dialogue.send(Array(hello[..<cut]), at: 0, .completes)
        dialogue.script.retransmit()
        return dialogue.script
    },
    tcp(
        "tcp-overlap-mixed",
        "the decoy's first half and the real second half first, the others after",
        origin: "Geneva",
        defeats: "judging first-wins and last-wins only as wholes",
        counted: ["overlap-conflict"]
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        dialogue.open()
        let cut = middle(scene, hello)
        let fake = decoy(scene)
        dialogue.send(Array(fake[5..<cut]), at: 5)
        dialogue.send(Array(hello[cut...]), at: cut)
        dialogue.send(Array(hello[5..<cut]), at: 5)
        dialogue.send(Array(fake[cut...]), at: cut)
        dialogue.send(Array(hello[..<5]), at: 0, .completes)
        dialogue.script.retransmit()
        return dialogue.script
    },
    tcp(
        "tcp-seqovl-split",
        "the first segment begins before the window, a decoy hello in what the server cuts off",
        origin: "zapret multisplit --seqovl",
        defeats: "reading a segment from its first octet on"
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        dialogue.open()
        let fake = decoy(scene)
        let cut = middle(scene, hello)
        dialogue.send(fake + Array(hello[..<cut]), at: -fake.count)
        dialogue.send(Array(hello[cut...]), at: cut, .completes)
        dialogue.script.retransmit()
        return dialogue.script
    },
    tcp(
        "tcp-seqovl-disorder",
        "the second segment first, reaching back over the first with a decoy",
        origin: "zapret multidisorder --seqovl",
        defeats: "keeping what came first"
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        dialogue.open()
        let cut = middle(scene, hello)
        dialogue.send(Array(decoy(scene)[1..<cut]) + Array(hello[cut...]), at: 1)
        dialogue.send(Array(hello[..<cut]), at: 0, .completes)
        dialogue.script.retransmit()
        return dialogue.script
    },
]

/// A hello for the decoy that never reaches the server's stream, then the real one in two segments.
private func faked(
    _ id: String,
    _ title: String,
    origin: String,
    defeats: String,
    options: [UInt8] = [],
    _ fake: @escaping @Sendable (Dialogue, [UInt8]) -> [UInt8]
) -> EvasionCase {
    tcp(id, title, origin: origin, defeats: defeats) { scene, hello in
        var dialogue = Dialogue(scene)
        dialogue.options = options
        dialogue.open(options: Dialogue.synOptions + (options.isEmpty ? [] : timestamp(1_000_000)))
        dialogue.script.add(fake(dialogue, decoy(scene)))
        dialogue.send(hello, cutAt: [middle(scene, hello)])
        return dialogue.script
    }
}

/// The timestamps option (RFC 7323 §3), between two octets of padding.
private func timestamp(_ value: UInt32) -> [UInt8] {
    [1, 1, 8, 10] + bigEndian(value) + bigEndian(UInt32(0))
}

private let decoyCases: [EvasionCase] = [
    faked(
        "tcp-fake-low-ttl",
        "decoy hello whose time to live ends before the server",
        origin: "zapret fake --ttl, GoodbyeDPI --set-ttl",
        defeats: "believing the first hello"
    ) { dialogue, fake in withTimeToLive(3, dialogue.segment(fake, at: 0)) },
    faked(
        "tcp-fake-bad-checksum",
        "decoy hello with a bad TCP checksum",
        origin: "zapret fake --fooling=badsum, GoodbyeDPI --wrong-chksum",
        defeats: "not verifying checksums"
    ) { dialogue, fake in withBadChecksum(dialogue.segment(fake, at: 0)) },
    faked(
        "tcp-fake-bad-sequence",
        "decoy hello 10000 octets before the window",
        origin: "zapret fake --fooling=badseq, GoodbyeDPI --wrong-seq",
        defeats: "not tracking the window"
    ) { dialogue, fake in dialogue.segment(fake, at: -10_000) },
    faked(
        "tcp-fake-ahead",
        "decoy hello far ahead of the window",
        origin: "Geneva",
        defeats: "taking any hello for the flow's"
    ) { dialogue, fake in dialogue.segment(fake, at: 1_000_000) },
    faked(
        "tcp-fake-md5",
        "decoy hello with a TCP-MD5 option, which servers discard",
        origin: "zapret fake --fooling=md5sig",
        defeats: "ignoring options"
    ) { dialogue, fake in dialogue.segment(fake, at: 0, options: [1, 1, 19, 18] + noise(16, seed: 19)) },
    faked(
        "tcp-fake-old-timestamp",
        "decoy hello with an old timestamp, which servers discard",
        origin: "zapret fake --fooling=ts (RFC 7323 §5)",
        defeats: "ignoring PAWS",
        options: timestamp(1_000_000)
    ) { dialogue, fake in dialogue.segment(fake, at: 0, options: timestamp(400_000)) },
    faked(
        "tcp-fake-no-ack",
        "decoy hello without the ACK flag, which servers discard",
        origin: "zapret fake --fooling=datanoack",
        defeats: "ignoring flags"
    ) { dialogue, fake in dialogue.segment(fake, at: 0, flags: .push) },
    faked(
        "tcp-fake-in-reset",
        "decoy hello as the data of a reset that ends before the server",
        origin: "Geneva",
        defeats: "reading the data of a reset"
    ) { dialogue, fake in withTimeToLive(3, dialogue.segment(fake, at: 0, flags: [.rst, .ack])) },
    tcp(
        "tcp-rst-bad-sequence",
        "a reset outside the window before the hello",
        origin: "Geneva",
        defeats: "ending a flow at any reset"
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        dialogue.open()
        dialogue.script.add(dialogue.segment([], at: 500_000, flags: .rst))
        dialogue.send(hello, cutAt: [middle(scene, hello)])
        return dialogue.script
    },
    tcp(
        "tcp-rst-low-ttl",
        "a reset that ends before the server, between the hello's segments",
        origin: "Geneva (TCB teardown)",
        defeats: "ending a flow at any reset"
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        dialogue.open()
        let cut = middle(scene, hello)
        dialogue.send(Array(hello[..<cut]))
        dialogue.script.add(withTimeToLive(3, dialogue.segment([], at: cut, flags: [.rst, .ack])))
        dialogue.send(Array(hello[cut...]), .completes)
        dialogue.script.retransmit()
        return dialogue.script
    },
    tcp(
        "tcp-fin-decoy",
        "an end of the stream that never reaches the server, before the hello",
        origin: "Geneva (TCB teardown)",
        defeats: "ending a flow at any FIN"
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        dialogue.open()
        dialogue.script.add(withTimeToLive(3, dialogue.segment([], at: 0, flags: [.fin, .ack])))
        dialogue.send(hello, cutAt: [middle(scene, hello)])
        return dialogue.script
    },
]

private let connectionCases: [EvasionCase] = [
    tcp(
        "tcp-fast-open",
        "hello in the SYN",
        origin: "TCP Fast Open clients (RFC 7413)",
        defeats: "reading data from the handshake's end on",
        counted: ["syn-data"]
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        let options = Dialogue.synOptions + [34, 10] + noise(8, seed: 34)
        dialogue.script.add(
            dialogue.client.tcp(hello, flags: .syn, sequence: dialogue.clientSequence, options: options),
            .toServer,
            .completes
        )
        dialogue.script.retransmit()
        return dialogue.script
    },
    tcp(
        "tcp-fast-open-split",
        "the hello's first half in the SYN, the other behind it",
        origin: "TCP Fast Open clients (RFC 7413)",
        defeats: "counting the stream from the handshake's end on",
        counted: ["syn-data"]
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        let cut = middle(scene, hello)
        let options = Dialogue.synOptions + [34, 10] + noise(8, seed: 34)
        dialogue.script.add(
            dialogue.client.tcp(
                Array(hello[..<cut]),
                flags: .syn,
                sequence: dialogue.clientSequence,
                options: options
            )
        )
        dialogue.script.add(dialogue.synAck(acknowledging: cut), .toClient)
        dialogue.send(Array(hello[cut...]), at: cut, .completes)
        dialogue.script.retransmit()
        return dialogue.script
    },
    tcp(
        "tcp-fast-open-refused",
        "the same, all of it sent again since the server takes no data in a SYN",
        origin: "TCP Fast Open clients (RFC 7413)",
        defeats: "counting the stream from the handshake's end on",
        counted: ["syn-data"]
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        let cut = middle(scene, hello)
        let options = Dialogue.synOptions + [34, 10] + noise(8, seed: 34)
        dialogue.script.add(
            dialogue.client.tcp(
                Array(hello[..<cut]),
                flags: .syn,
                sequence: dialogue.clientSequence,
                options: options
            )
        )
        dialogue.script.add(dialogue.synAck(), .toClient)
        dialogue.script.add(dialogue.acknowledgment())
        dialogue.send(hello, cutAt: [cut - 6])
        return dialogue.script
    },
    tcp(
        "tcp-syn-decoy",
        "decoy hello in the SYN, which the server ignores, then the real one",
        origin: "zapret syndata",
        defeats: "believing the first hello",
        counted: ["syn-data"]
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        dialogue.script.add(
            dialogue.client.tcp(
                decoy(scene),
                flags: .syn,
                sequence: dialogue.clientSequence,
                options: Dialogue.synOptions
            )
        )
        dialogue.script.add(dialogue.synAck(), .toClient)
        dialogue.script.add(dialogue.acknowledgment())
        dialogue.send(hello, cutAt: [middle(scene, hello)])
        return dialogue.script
    },
    tcp(
        "tcp-split-handshake",
        "the server's SYN and its acknowledgment come apart",
        origin: "servers with a split handshake",
        defeats: "telling the client by who answers a SYN"
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        let (client, server) = (dialogue.client, dialogue.client.reversed)
        let next = dialogue.clientSequence &+ 1
        dialogue.script.add(
            client.tcp([], flags: .syn, sequence: dialogue.clientSequence, options: Dialogue.synOptions)
        )
        dialogue.script.add(
            server.tcp([], flags: .syn, sequence: dialogue.serverSequence, options: Dialogue.synOptions),
            .toClient
        )
        dialogue.script.add(
            client.tcp(
                [],
                flags: [.syn, .ack],
                sequence: dialogue.clientSequence,
                acknowledgment: dialogue.serverSequence &+ 1,
                options: Dialogue.synOptions
            )
        )
        dialogue.script.add(
            server.tcp([], flags: .ack, sequence: dialogue.serverSequence &+ 1, acknowledgment: next),
            .toClient
        )
        dialogue.send(hello, cutAt: [middle(scene, hello)])
        return dialogue.script
    },
    tcp(
        "tcp-syn-ack-decoy",
        "the client sends a SYN-ACK before its SYN, as if it were the server",
        origin: "zapret synack",
        defeats: "telling the client by who answers a SYN"
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        dialogue.script.add(
            withTimeToLive(
                3,
                dialogue.client.tcp(
                    [],
                    flags: [.syn, .ack],
                    sequence: dialogue.clientSequence &- 5_000,
                    acknowledgment: 1,
                    options: Dialogue.synOptions
                )
            )
        )
        dialogue.open()
        dialogue.send(hello, cutAt: [middle(scene, hello)])
        return dialogue.script
    },
    tcp(
        "tcp-syn-other-sequence",
        "a second SYN with another sequence number, which never reaches the server",
        origin: "Geneva (TCB resynchronisation)",
        defeats: "following the last SYN"
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        dialogue.open()
        dialogue.script.add(
            withTimeToLive(3, dialogue.client.tcp([], flags: .syn, sequence: dialogue.clientSequence &+ 77_777))
        )
        dialogue.send(hello, cutAt: [middle(scene, hello)])
        return dialogue.script
    },
    tcp(
        "tcp-midstream",
        "no handshake seen: the sensor started in the middle",
        origin: "restarts, asymmetric routes",
        defeats: "following flows from their SYN only"
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        dialogue.send(hello, cutAt: [middle(scene, hello)])
        return dialogue.script
    },
    tcp(
        "tcp-midstream-reversed",
        "no handshake seen, and the second half first",
        origin: "restarts, asymmetric routes",
        defeats: "following flows from their SYN only"
    ) { scene, hello in
        var dialogue = Dialogue(scene)
        dialogue.send(hello, cutAt: [middle(scene, hello)], order: [1, 0])
        return dialogue.script
    },
    tcp(
        "tcp-port-reused",
        "an innocent connection, then one for the name between the same ports",
        origin: "clients behind address translation",
        defeats: "remembering a flow past its end"
    ) { scene, hello in
        var first = Dialogue(scene)
        first.open()
        first.script.add(first.segment(decoy(scene), at: 0), .toServer, .accept)
        first.script.add(first.segment([], at: hello.count, flags: [.rst, .ack]))
        var second = Dialogue(scene, clientSequence: 2_000_000_000, serverSequence: 3_000_000_000)
        second.open()
        second.send(hello, cutAt: [middle(scene, hello)])
        var script = first.script
        script.append(second.script)
        return script
    },
    tcp(
        "tcp-port-reused-after-block",
        "a blocked connection, then an innocent one between the same ports, which must pass",
        origin: "clients behind address translation",
        defeats: "blocking a flow past its end"
    ) { scene, hello in
        var first = Dialogue(scene)
        first.open()
        first.send(hello, cutAt: [middle(scene, hello)])
        first.script.wait(milliseconds: 60_000)
        var second = Dialogue(scene, clientSequence: 2_000_000_000, serverSequence: 3_000_000_000)
        second.open()
        second.script.add(second.segment(decoy(scene), at: 0), .toServer, .accept)
        second.script.add(
            second.client.reversed.tcp(
                Hello.record(21, [2, 40]),
                sequence: second.serverSequence &+ 1,
                acknowledgment: second.clientSequence &+ 1 &+ UInt32(hello.count)
            ),
            .toClient,
            .accept
        )
        var script = first.script
        script.append(second.script)
        return script
    },
]
