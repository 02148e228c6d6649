import TestSupport

/// A name in odd HTTP requests (RFC 9110, RFC 9112, RFC 9113).
let httpCases: [EvasionCase] = headerCases + requestCases + frameCases

private func http(
    _ id: String,
    _ title: String,
    origin: String,
    defeats: String,
    port: UInt16 = 80,
    cutAt cuts: @escaping @Sendable (EvasionScene, [UInt8]) -> [Int] = { _, _ in [] },
    _ request: @escaping @Sendable (EvasionScene) -> [UInt8]
) -> EvasionCase {
    EvasionCase(id, .http, title, origin: origin, defeats: defeats, reads: "http") { scene in
        let request = request(scene)
        var dialogue = Dialogue(scene, port: port)
        dialogue.open()
        dialogue.send(request, cutAt: cuts(scene, request))
        return dialogue.script
    }
}

private func lines(_ lines: [String]) -> [UInt8] {
    Array((lines + ["", ""]).joined(separator: "\r\n").utf8)
}

/// A request whose Host field is this line.
private func host(_ line: String) -> [UInt8] {
    lines(["GET / HTTP/1.1", "User-Agent: client", line, "Accept: */*"])
}

private let headerCases: [EvasionCase] = [
    http(
        "http-plain",
        "a request as curl sends it",
        origin: "curl",
        defeats: "nothing; the ground that the others stand on"
    ) { scene in host("Host: \(scene.name)") },
    http(
        "http-field-case",
        "hoSt: the field's name in letters of either case",
        origin: "zapret --hostcase, GoodbyeDPI -r",
        defeats: "comparing octets"
    ) { scene in host("hoSt: \(scene.name)") },
    http(
        "http-name-case",
        "the host's name in letters of either case",
        origin: "zapret --domcase, GoodbyeDPI -m",
        defeats: "comparing octets"
    ) { scene in host("Host: \(mixedCase(scene.name))") },
    http(
        "http-no-space",
        "no space behind the colon",
        origin: "zapret --hostnospace, GoodbyeDPI -s",
        defeats: "wanting one space"
    ) { scene in host("Host:\(scene.name)") },
    http(
        "http-spaces-and-tabs",
        "spaces and tabs around the value",
        origin: "RFC 9112 §5.1",
        defeats: "wanting one space"
    ) { scene in host("Host: \t  \(scene.name) \t ") },
    http(
        "http-space-before-colon",
        "a space before the colon",
        origin: "lenient servers (RFC 9112 §5.1 forbids it)",
        defeats: "wanting the colon behind the field's name"
    ) { scene in host("Host : \(scene.name)") },
    http(
        "http-port",
        "the port behind the name",
        origin: "clients on other ports",
        defeats: "comparing the whole value",
        port: 8_080
    ) { scene in host("Host: \(scene.name):8080") },
    http(
        "http-trailing-dot",
        "a dot behind the name",
        origin: "zapret --hostdot",
        defeats: "comparing the whole value"
    ) { scene in host("Host: \(scene.name).") },
    http(
        "http-folded",
        "the value on a line of its own",
        origin: "RFC 9112 §5.2 (obs-fold)",
        defeats: "reading a field in one line"
    ) { scene in host("Host:\r\n \(scene.name)") },
    http(
        "http-two-hosts",
        "two Host fields, the listed name in the second",
        origin: "lenient servers (RFC 9112 §3.2 forbids it)",
        defeats: "reading the first Host only"
    ) { scene in
        lines(["GET / HTTP/1.1", "Host: \(EvasionScene.decoyName)", "Host: \(scene.name)", "Accept: */*"])
    },
    http(
        "http-far-host",
        "three kilobytes of other fields before the Host, in three segments",
        origin: "zapret --hostpad",
        defeats: "reading one packet",
        cutAt: { _, request in Array(stride(from: 1_400, to: request.count, by: 1_400)) }
    ) { scene in
        let padding = (0..<30).map { "X-Pad-\($0): " + String(repeating: "p", count: 90) }
        return lines(["GET / HTTP/1.1"] + padding + ["Host: \(scene.name)"])
    },
]

private let requestCases: [EvasionCase] = [
    http(
        "http-empty-line-first",
        "empty lines before the request",
        origin: "zapret --methodeol",
        defeats: "wanting the method first"
    ) { scene in Array("\r\n\n".utf8) + host("Host: \(scene.name)") },
    http(
        "http-line-feeds",
        "lines that end in a line feed alone",
        origin: "zapret --unixeol",
        defeats: "wanting CRLF"
    ) { scene in Array("GET / HTTP/1.1\nUser-Agent: client\nHost: \(scene.name)\nAccept: */*\n\n".utf8) },
    http(
        "http-method-space",
        "two spaces behind the method",
        origin: "zapret --methodspace, GoodbyeDPI -a",
        defeats: "wanting one space"
    ) { scene in lines(["GET  / HTTP/1.1", "Host: \(scene.name)"]) },
    http(
        "http-unknown-method",
        "a method that nobody has heard of",
        origin: "RFC 9110 §9.1",
        defeats: "knowing the methods"
    ) { scene in lines(["PURGE-ALL / HTTP/1.1", "Host: \(scene.name)"]) },
    http(
        "http-absolute-form",
        "the listed name in the target, another in the Host field",
        origin: "RFC 9112 §3.2.2: the target counts",
        defeats: "reading the Host field only"
    ) { scene in lines(["GET http://\(scene.name)/ HTTP/1.1", "Host: \(EvasionScene.decoyName)"]) },
    http(
        "http-absolute-form-decoy",
        "another name in the target, the listed one in the Host field",
        origin: "servers that read the Host field all the same",
        defeats: "reading the target only"
    ) { scene in lines(["GET http://\(EvasionScene.decoyName)/ HTTP/1.1", "Host: \(scene.name)"]) },
    http(
        "http-connect",
        "CONNECT to the listed name",
        origin: "clients of proxies (RFC 9110 §9.3.6)",
        defeats: "reading requests for pages only",
        port: 3_128
    ) { scene in lines(["CONNECT \(scene.name):443 HTTP/1.1", "User-Agent: client"]) },
    http(
        "http-split-host",
        "segments cut in the field's name and in the host's",
        origin: "zapret multisplit at host, GoodbyeDPI -f",
        defeats: "reading one packet",
        cutAt: { scene, request in [position(of: "Host", in: request) + 2, position(of: scene.name, in: request) + 7] }
    ) { scene in host("Host: \(scene.name)") },
    http(
        "http-one-octet",
        "every octet in a segment of its own",
        origin: "Geneva",
        defeats: "a limit on packets per flow",
        cutAt: { _, request in Array(1..<request.count) }
    ) { scene in host("Host: \(scene.name)") },
    EvasionCase(
        "http-second-request",
        .http,
        "the listed name in a connection's second request, behind an answer",
        origin: "every client (persistent connections)",
        defeats: "reading a connection's first request",
        reads: "http"
    ) { scene in
        var dialogue = Dialogue(scene, port: 80)
        dialogue.open()
        dialogue.send(host("Host: \(EvasionScene.decoyName)"))
        dialogue.answer(Array("HTTP/1.1 204 No Content\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\n".utf8))
        let request = host("Host: \(scene.name)")
        dialogue.send(request, cutAt: [position(of: scene.name, in: request) + 4])
        return dialogue.script
    },
    http(
        "http-pipelined",
        "two requests in one segment, the listed name in the second",
        origin: "RFC 9112 §9.3.2",
        defeats: "reading a segment's first request"
    ) { scene in host("Host: \(EvasionScene.decoyName)") + host("Host: \(scene.name)") },
    http(
        "http-after-body",
        "a request with a body that looks like a request, then the listed name",
        origin: "persistent connections",
        defeats: "looking for Host anywhere"
    ) { scene in
        let body = "GET / HTTP/1.1\r\nHost: \(EvasionScene.decoyName)\r\n\r\n"
        return lines([
            "POST /form HTTP/1.1", "Host: \(EvasionScene.decoyName)", "Content-Length: \(body.utf8.count)",
        ]) + Array(body.utf8) + host("Host: \(scene.name)")
    },
    http(
        "http-after-chunks",
        "a request with a chunked body, then the listed name",
        origin: "persistent connections (RFC 9112 §7.1)",
        defeats: "losing the requests behind a body"
    ) { scene in
        lines([
            "POST /form HTTP/1.1", "Host: \(EvasionScene.decoyName)", "Transfer-Encoding: chunked",
        ]) + Array("5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n".utf8) + host("Host: \(scene.name)")
    },
]

private let frameCases: [EvasionCase] = [
    http(
        "http2-prior-knowledge",
        "HTTP/2 in clear, the name as it is in :authority",
        origin: "curl --http2-prior-knowledge, gRPC (RFC 9113 §3.3)",
        defeats: "reading HTTP/1 only",
        cutAt: { scene, request in [position(of: scene.name, in: request) + 4] }
    ) { scene in http2(authority: [UInt8(scene.name.utf8.count)] + Array(scene.name.utf8)) },
    http(
        "http2-huffman",
        "the same, the name in HPACK's Huffman code",
        origin: "nghttp2, gRPC (RFC 7541 §5.2)",
        defeats: "looking for the name's letters"
    ) { scene in
        let code = huffman(scene.name)
        return http2(authority: [0x80 | UInt8(code.count)] + code)
    },
    http(
        "http2-continuation",
        "the header block cut in the name, in HEADERS and CONTINUATION frames",
        origin: "RFC 9113 §6.10",
        defeats: "reading one frame"
    ) { scene in
        http2(authority: [UInt8(scene.name.utf8.count)] + Array(scene.name.utf8), cutBehind: 12)
    },
]

/// The start of an HTTP/2 connection and a request for this `:authority`, a string literal of HPACK (RFC 7541 §5.2).
private func http2(authority: [UInt8], cutBehind count: Int? = nil) -> [UInt8] {
    // :method GET, :scheme http, :path /, :authority by its index with a literal value.
    let block: [UInt8] = [0x82, 0x86, 0x84, 0x41] + authority
    let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4, 0, 0, [0, 3, 0, 0, 0, 100])
    guard let count else { return preface + frame(1, 5, 1, block) }
    return preface + frame(1, 1, 1, Array(block[..<count])) + frame(9, 4, 1, Array(block[count...]))
}

/// An HTTP/2 frame (RFC 9113 §4.1).
private func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8]) -> [UInt8] {
    [0] + bigEndian(UInt16(payload.count)) + [type, flags] + bigEndian(stream) + payload
}

/// HPACK's Huffman code (RFC 7541 appendix B) of a name in small letters and dots, filled up with ones.
private func huffman(_ name: String) -> [UInt8] {
    let codes: [Character: String] = [
        ".": "010111", "a": "00011", "b": "100011", "c": "00100", "d": "100100", "e": "00101", "f": "100101",
        "g": "100110", "h": "100111", "i": "00110", "j": "1110100", "k": "1110101", "l": "101000", "m": "101001",
        "n": "101010", "o": "00111", "p": "101011", "q": "1110110", "r": "101100", "s": "01000", "t": "01001",
        "u": "101101", "v": "1110111", "w": "1111000", "x": "1111001", "y": "1111010", "z": "1111011", "-": "010110",
    ]
    var bits = name.map { codes[$0] ?? "" }.joined()
    bits += String(repeating: "1", count: (8 - bits.count % 8) % 8)
    return stride(from: 0, to: bits.count, by: 8).map { start in
        bits.dropFirst(start).prefix(8).reduce(UInt8(0)) { $0 << 1 | ($1 == "1" ? 1 : 0) }
    }
}
