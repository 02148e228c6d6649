import TestSupport

/// A hello in odd records, odd itself, or behind something else (RFC 8446, RFC 6066).
let tlsCases: [EvasionCase] = recordCases + helloCases + hiddenNameCases + upgradeCases

private func tls(
    _ id: String,
    _ title: String,
    origin: String,
    defeats: String,
    expect: EvasionExpectation = .blocked(countedAs: []),
    _ script: @escaping @Sendable (EvasionScene) -> Script
) -> EvasionCase {
    EvasionCase(id, .tls, title, origin: origin, defeats: defeats, reads: "tls", expect: expect, script)
}

/// A connection whose client sends this stream, in segments of at most 1400 octets.
private func connection(_ scene: EvasionScene, _ stream: [UInt8]) -> Script {
    var dialogue = Dialogue(scene)
    dialogue.open()
    dialogue.send(stream, inPiecesOf: 1_400)
    return dialogue.script
}

/// The middle of the name in a handshake message.
private func middle(_ scene: EvasionScene, _ message: [UInt8]) -> Int {
    position(of: scene.name, in: message) + scene.name.utf8.count / 2
}

private let split = EvasionExpectation.blocked(countedAs: ["record-split"])

private let recordCases: [EvasionCase] =
    [
        tls(
            "tls-two-records",
            "hello in two records, cut in the name",
            origin: "DPYProxy, byedpi --tlsrec",
            defeats: "reading one record",
            expect: split
        ) { scene in
            let hello = Hello(scene.name)
            return connection(scene, hello.records(cutAt: [middle(scene, hello.message)]))
        },
        tls(
            "tls-one-octet-records",
            "a record for every octet",
            origin: "DPYProxy",
            defeats: "a limit on records",
            expect: split
        ) { scene in
            let hello = Hello(scene.name)
            return connection(scene, hello.records(cutAt: Array(1..<hello.message.count)))
        },
    ]
    + (1...3).map { count in
        tls(
            "tls-first-record-\(count)",
            "first record of \(count) \(count == 1 ? "octet" : "octets"), less than the handshake header",
            origin: "DPYProxy",
            defeats: "wanting the handshake header in one record",
            expect: split
        ) { scene in connection(scene, Hello(scene.name).records(cutAt: [count])) }
    } + [
        tls(
            "tls-records-and-segments",
            "three records, and segments cut elsewhere, in reverse",
            origin: "byedpi --tlsrec --disorder, DPYProxy",
            defeats: "reading one record, or in order only",
            expect: .blocked(countedAs: ["record-split", "out-of-order"])
        ) { scene in
            let hello = Hello(scene.name)
            let name = position(of: scene.name, in: hello.message)
            let stream = hello.records(cutAt: [name + 3, name + 11])
            var dialogue = Dialogue(scene)
            dialogue.open()
            // Inside the second record's header, which stands in the middle of the name, and in its fragment.
            dialogue.send(stream, cutAt: [name + 5 + 3 + 2, name + 5 + 3 + 9], order: [2, 1, 0])
            return dialogue.script
        },
        tls(
            "tls-change-cipher-spec-first",
            "a change_cipher_spec before the hello",
            origin: "RFC 8446 §5",
            defeats: "wanting the hello first"
        ) { scene in connection(scene, Hello.record(20, [1], 0x0303) + Hello(scene.name).bytes) },
        tls(
            "tls-alert-first",
            "a warning alert before the hello",
            origin: "RFC 8446 §6",
            defeats: "wanting the hello first"
        ) { scene in connection(scene, Hello.record(21, [1, 0]) + Hello(scene.name).bytes) },
        tls(
            "tls-empty-records",
            "empty handshake records before the hello and inside it",
            origin: "DPYProxy",
            defeats: "giving up at an empty record"
        ) { scene in
            let hello = Hello(scene.name)
            let cut = middle(scene, hello.message)
            let empty = Hello.record(22, [])
            return connection(scene, empty + empty + hello.records(cutAt: [cut, cut, cut]))
        },
    ]
    + [(0x0300, "0300"), (0x0304, "0304"), (0x037F, "037f")].map { version, text in
        tls(
            "tls-record-version-\(text)",
            "record version 0x\(text), which servers ignore",
            origin: "RFC 8446 §5.1",
            defeats: "wanting a known record version"
        ) { scene in
            var hello = Hello(scene.name)
            hello.recordVersion = UInt16(version)
            return connection(scene, hello.bytes)
        }
    }

private let helloCases: [EvasionCase] = [
    tls(
        "tls-post-quantum",
        "hello longer than a segment, the name behind the post-quantum key",
        origin: "Chrome, Firefox (X25519MLKEM768)",
        defeats: "reading one packet, or 1024 octets"
    ) { scene in
        var hello = Hello(scene.name)
        hello.offerHybridKey()
        hello.extensions.append(hello.extensions.removeFirst())
        return connection(scene, hello.bytes)
    },
    tls(
        "tls-60-kib",
        "hello of 60 KiB in four records, the name at its end",
        origin: "RFC 7685 padding",
        defeats: "a budget of some kilobytes"
    ) { scene in
        var hello = Hello(nil)
        hello.extensions.append(Hello.serverName([scene.name]))
        hello.pad(to: 60 * 1_024, before: 0)
        return connection(scene, hello.bytes)
    },
    tls(
        "tls-second-hello",
        "the name only in the hello after a HelloRetryRequest",
        origin: "RFC 8446 §4.1.2",
        defeats: "reading the first hello only",
        expect: .blocked(countedAs: ["second-hello"])
    ) { scene in
        var dialogue = Dialogue(scene)
        dialogue.open()
        dialogue.send(Hello(EvasionScene.decoyName).bytes)
        dialogue.answer(helloRetryRequest)
        var second = Hello(scene.name)
        second.replace(Hello.keyShare(group: 23, length: 65))
        let stream = Hello.record(20, [1], 0x0303) + Hello.record(22, second.message, 0x0303)
        dialogue.send(stream, cutAt: [middle(scene, stream)])
        return dialogue.script
    },
    tls(
        "tls-mixed-case",
        "letters of either case",
        origin: "zapret --domcase",
        defeats: "comparing octets"
    ) { scene in connection(scene, Hello(mixedCase(scene.name)).bytes) },
    tls(
        "tls-trailing-dot",
        "the name with a trailing dot",
        origin: "curl, clients with absolute names",
        defeats: "comparing octets"
    ) { scene in connection(scene, Hello(scene.name + ".").bytes) },
    tls(
        "tls-two-names",
        "two host names in the server name list, the listed one second",
        origin: "RFC 6066 §3 forbids it; some servers take the last",
        defeats: "reading the first name only"
    ) { scene in
        var hello = Hello(nil)
        hello.extensions.insert(Hello.serverName([EvasionScene.decoyName, scene.name]), at: 0)
        return connection(scene, hello.bytes)
    },
    tls(
        "tls-unknown-name-type",
        "an entry of an unknown type before the host name",
        origin: "RFC 6066 §3",
        defeats: "wanting the host name first"
    ) { scene in
        var hello = Hello(nil)
        let unknown: [UInt8] = [7, 0, 4, 1, 2, 3, 4]
        hello.extensions.insert(
            Hello.serverNameList(unknown + [0] + bigEndian(UInt16(scene.name.utf8.count)) + Array(scene.name.utf8)),
            at: 0
        )
        return connection(scene, hello.bytes)
    },
    tls(
        "tls-two-extensions",
        "the server name extension twice, the listed name in the second",
        origin: "RFC 8446 §4.2 forbids it; some servers take the last",
        defeats: "reading the first extension only"
    ) { scene in
        var hello = Hello(EvasionScene.decoyName)
        hello.extensions.append(Hello.serverName([scene.name]))
        return connection(scene, hello.bytes)
    },
    tls(
        "tls-grease",
        "reserved values in suites, extensions and groups",
        origin: "Chrome (RFC 8701)",
        defeats: "wanting known values"
    ) { scene in
        var hello = Hello(scene.name)
        hello.cipherSuites.insert(0x2A2A, at: 0)
        hello.extensions.insert(Hello.Extension(type: 0x6A6A, body: []), at: 0)
        hello.extensions.append(Hello.Extension(type: 0xFAFA, body: [0]))
        hello.replace(Hello.Extension(type: 10, body: [0, 6, 0x3A, 0x3A, 0, 29, 0, 23]))
        return connection(scene, hello.bytes)
    },
    tls(
        "tls-early-data",
        "early data behind the hello in one segment",
        origin: "TLS 1.3 resumption (RFC 8446 §2.3)",
        defeats: "wanting the hello alone"
    ) { scene in
        var hello = Hello(scene.name)
        hello.extensions.append(Hello.Extension(type: 42, body: []))
        let identity = bigEndian(UInt16(32)) + noise(32, seed: 41) + [0, 0, 0, 9]
        let binder: [UInt8] = [32] + noise(32, seed: 42)
        hello.extensions.append(
            Hello.Extension(
                type: 41,
                body: bigEndian(UInt16(identity.count)) + identity + bigEndian(UInt16(binder.count)) + binder
            )
        )
        return connection(scene, hello.bytes + Hello.record(23, noise(200, seed: 23), 0x0303))
    },
]

/// A HelloRetryRequest that asks for a key of P-256 (RFC 8446 §4.1.4): a ServerHello whose random is the digest of those words.
private let helloRetryRequest: [UInt8] = {
    let random = hex("CF21AD74E59A6111BE1D8C021E65B891C2A211167ABB8C5E079E09E2C8A8339C")
    let body: [UInt8] = [3, 3] + random + [32] + [UInt8](repeating: 0xA5, count: 32)
    let extensions: [UInt8] = [0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0, 23]
    let rest: [UInt8] = [0x13, 0x01, 0] + bigEndian(UInt16(extensions.count)) + extensions
    let length = body.count + rest.count
    return Hello.record(22, [2, 0] + bigEndian(UInt16(length)) + body + rest, 0x0303) + Hello.record(20, [1], 0x0303)
}()

/// Every other letter as a capital.
func mixedCase(_ name: String) -> String {
    String(name.enumerated().map { $0.offset % 2 == 1 ? Character($0.element.uppercased()) : $0.element })
}

private let hiddenNameCases: [EvasionCase] = [
    tls(
        "tls-ech-grease-listed",
        "an encrypted_client_hello extension beside the listed name",
        origin: "Chrome, Firefox (RFC 9849 §6.2)",
        defeats: "letting ECH pass unread",
        expect: .blocked(countedAs: ["ech"])
    ) { scene in
        var hello = Hello(scene.name)
        hello.extensions.append(Hello.encryptedClientHello(payload: 208, seed: 0xEC))
        return connection(scene, hello.bytes)
    },
    tls(
        "tls-ech-grease-unlisted",
        "the same beside a name on no list: harmless, must pass",
        origin: "Chrome, Firefox (RFC 9849 §6.2)",
        defeats: "nothing; it shows that grease is not punished",
        expect: .passed(seen: EvasionScene.decoyName, countedAs: ["ech"])
    ) { scene in
        var hello = Hello(EvasionScene.decoyName)
        hello.extensions.append(Hello.encryptedClientHello(payload: 144, seed: 0xED))
        return connection(scene, hello.bytes)
    },
    tls(
        "tls-ech-hidden",
        "the name encrypted, an unlisted public name in clear: not on the wire, counted",
        origin: "Firefox, Chrome with keys from DNS (RFC 9849)",
        defeats: "every inspection of the hello",
        expect: .passed(seen: "cover.example", countedAs: ["ech"])
    ) { scene in
        var hello = Hello("cover.example")
        hello.extensions.append(Hello.encryptedClientHello(payload: 239, seed: 0xEE))
        return connection(scene, hello.bytes)
    },
    tls(
        "tls-esni",
        "the draft extension encrypted_server_name and no name: not on the wire, counted",
        origin: "Firefox 64 to 84 (draft-ietf-tls-esni-02)",
        defeats: "every inspection of the hello",
        expect: .passed(seen: nil, countedAs: ["esni"])
    ) { scene in
        var hello = Hello(nil)
        let body: [UInt8] =
            [0x13, 0x01, 0, 29] + bigEndian(UInt16(32)) + noise(32, seed: 1)
            + bigEndian(UInt16(32)) + noise(32, seed: 2) + bigEndian(UInt16(292)) + noise(292, seed: 3)
        hello.extensions.insert(Hello.Extension(type: 0xFFCE, body: body), at: 0)
        return connection(scene, hello.bytes)
    },
    tls(
        "tls-no-name",
        "no server name at all: counted",
        origin: "clients of addresses, xray with an empty name",
        defeats: "every inspection of the hello",
        expect: .passed(seen: nil, countedAs: ["no-server-name"])
    ) { scene in connection(scene, Hello(nil).bytes) },
]

/// A conversation in clear that turns to TLS: the server's lines, each answered by the client's, then the hello.
private func upgrade(_ scene: EvasionScene, port: UInt16, _ lines: [(server: String, client: String)], _ ready: String)
    -> Script
{
    var dialogue = Dialogue(scene, port: port)
    dialogue.open()
    for line in lines {
        if line.server.isEmpty == false { dialogue.answer(Array((line.server + "\r\n").utf8)) }
        dialogue.send(Array((line.client + "\r\n").utf8))
    }
    dialogue.answer(Array((ready + "\r\n").utf8))
    let hello = Hello(scene.name).bytes
    dialogue.send(hello, cutAt: [middle(scene, hello)])
    return dialogue.script
}

private let upgraded = EvasionExpectation.blocked(countedAs: ["upgraded"])

private let upgradeCases: [EvasionCase] = [
    tls(
        "tls-starttls-smtp",
        "hello behind STARTTLS in SMTP",
        origin: "RFC 3207",
        defeats: "looking for a hello at the stream's start",
        expect: upgraded
    ) { scene in
        upgrade(
            scene,
            port: 25,
            [
                ("220 mail.example ESMTP", "EHLO client.example"),
                ("250-mail.example\r\n250-SIZE 1000000\r\n250 STARTTLS", "STARTTLS"),
            ],
            "220 2.0.0 go ahead"
        )
    },
    tls(
        "tls-starttls-imap",
        "hello behind STARTTLS in IMAP",
        origin: "RFC 9051 §6.2.1",
        defeats: "looking for a hello at the stream's start",
        expect: upgraded
    ) { scene in
        upgrade(
            scene,
            port: 143,
            [("* OK [CAPABILITY IMAP4rev1 STARTTLS] ready", "a1 STARTTLS")],
            "a1 OK begin TLS"
        )
    },
    tls(
        "tls-starttls-pop3",
        "hello behind STLS in POP3",
        origin: "RFC 2595 §4",
        defeats: "looking for a hello at the stream's start",
        expect: upgraded
    ) { scene in upgrade(scene, port: 110, [("+OK ready", "STLS")], "+OK begin TLS") },
    tls(
        "tls-connect",
        "hello behind CONNECT to an address, through a proxy",
        origin: "HTTP proxies (RFC 9110 §9.3.6)",
        defeats: "looking for a hello at the stream's start",
        expect: upgraded
    ) { scene in
        upgrade(
            scene,
            port: 3128,
            [("", "CONNECT 203.0.113.80:443 HTTP/1.1\r\nHost: 203.0.113.80:443\r\n")],
            "HTTP/1.1 200 Connection established\r\n"
        )
    },
]
