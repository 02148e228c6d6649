import TestSupport
import Testing
import Wire

@Suite("HTTP request head (RFC 9112 section 2.1)")
struct HTTPRequestHeadTests {
    /// What a head says.
    struct Reading: Equatable {
        var target: String
        var hosts: [String]
        var length: Int
        var body: HTTPRequestHead.Body
    }

    static func read(_ bytes: Span<UInt8>) throws(WireError) -> Reading {
        let head = try HTTPRequestHead(parsing: bytes)
        var hosts: [String] = []
        var fields = head.fields
        while true {
            let host = fields.nextHost()
            guard host.count > 0 else { break }
            hosts.append(String(decoding: host.array, as: UTF8.self))
        }
        return Reading(
            target: String(decoding: head.targetHost.array, as: UTF8.self),
            hosts: hosts,
            length: head.length,
            body: head.body
        )
    }

    private func read(_ text: String) throws -> Reading { try Self.read(Array(text.utf8).span) }

    private func error(_ text: String) -> WireError? {
        failure(Array(text.utf8)) { bytes throws(WireError) in _ = try Self.read(bytes) }
    }

    static let plain = "GET /index.html HTTP/1.1\r\nUser-Agent: x\r\nHost: www.example.org\r\nAccept: */*\r\n\r\n"

    @Test func `host, length and body of a plain request are read`() throws {
        #expect(
            try read(Self.plain + "GET /next HTTP/1.1\r\n")
                == Reading(target: "", hosts: ["www.example.org"], length: Self.plain.utf8.count, body: .length(0))
        )
    }

    @Test(arguments: [
        "Host:www.example.org", "hOsT: www.example.org", "HOST:\t \twww.example.org \t", "Host : www.example.org",
        "Host\t: www.example.org", "Host:\r\n www.example.org", "Host: www.example.org\r\n folded",
        "Host: www.example.org:8080", "Host: user@www.example.org", "Host: user:word@www.example.org:1",
        "Host: http://www.example.org/path", "Host: www.example.org/path", "Host: www.example.org\r",
        " Host: www.example.org", "Host:\r\nHost: www.example.org", "X-Host: no.test\r\nHost: www.example.org",
        "Hos: no.test\r\nHosts: no.test\r\nHost: www.example.org", "X: a\r\n Host: no.test\r\nHost: www.example.org",
        "no colon here\r\nHost: www.example.org", ": no.test\r\nHost: www.example.org",
    ])
    func `Host is read in every form that a server may take`(field: String) throws {
        #expect(try read("GET / HTTP/1.1\r\n\(field)\r\n\r\n").hosts == ["www.example.org"])
        // and with lines that end in LF alone
        let bare = "GET / HTTP/1.1\n\(field.replacing("\r\n", with: "\n"))\n\n"
        #expect(try read(bare).hosts == ["www.example.org"])
    }

    @Test func `the name is given as it is, its trailing dot included`() throws {
        #expect(try read("GET / HTTP/1.1\r\nHost: WWW.Example.ORG.:80\r\n\r\n").hosts == ["WWW.Example.ORG."])
    }

    @Test func `each of several Host fields is given`() throws {
        let hosts = try read("GET / HTTP/1.1\r\nHost: one.test\r\nA: b\r\nhost: two.test\r\nHost: one.test\r\n\r\n")
            .hosts
        #expect(hosts == ["one.test", "two.test", "one.test"])
    }

    @Test(arguments: [
        "Host:", "Host: ", "Host: [2001:db8::1]:80", "Host: [2001:db8::1]", "Host: 2001:db8::1", "Host: 192.0.2.1",
        "Host: 192.0.2.1:8080", "Host: 3221225985", "Host: :80", "Host: /", "Host: user@", "Accept: */*",
        "Host: two words", "Host: a\u{0}.test", "Host: a\u{7F}", "Host: user@[2001:db8::1]", "Host: 192.0.2.1.",
    ])
    func `an empty host, an address and what is no host are no names`(field: String) throws {
        #expect(try read("GET / HTTP/1.1\r\n\(field)\r\n\r\n").hosts == [])
    }

    @Test(arguments: [
        ("GET http://www.example.org/ HTTP/1.1", "www.example.org"),
        ("GET HTTP://www.example.org HTTP/1.1", "www.example.org"),
        ("GET http://user:word@www.example.org:8080/?a=b@c HTTP/1.1", "www.example.org"),
        ("GET https://www.example.org?x HTTP/1.0", "www.example.org"),
        ("GET http://www.example.org\\x HTTP/1.0", "www.example.org"),
        ("GET svn+ssh-2://www.example.org/ HTTP/1.1", "www.example.org"),
        ("get http://www.example.org/a b HTTP/1.1", "www.example.org"),
        ("GET http://[2001:db8::1]/ HTTP/1.1", ""), ("GET http://192.0.2.1/ HTTP/1.1", ""),
        ("GET http:/www.example.org/ HTTP/1.1", ""), ("GET http:///path HTTP/1.1", ""),
        ("GET /http://www.example.org/ HTTP/1.1", ""), ("OPTIONS * HTTP/1.1", ""), ("GET //a.test/ HTTP/1.1", ""),
        ("CONNECT www.example.org:443 HTTP/1.1", "www.example.org"),
        ("connect www.example.org HTTP/1.1", "www.example.org"),
        ("CONNECT [2001:db8::1]:443 HTTP/1.1", ""), ("GET www.example.org:443 HTTP/1.1", ""),
    ])
    func `the host of the target is read in absolute form and of CONNECT`(line: String, host: String) throws {
        let reading = try read("\(line)\r\nHost: other.test\r\n\r\n")
        #expect(reading.target == host)
        #expect(reading.hosts == ["other.test"])
    }

    @Test(arguments: [
        "GET / HTTP/1.1", "get / http/1.1", "GET  /  HTTP/1.0  ", "GET\t/\tHTTP/1.1", "\r\n\r\nGET / HTTP/1.1",
        "\nGET / HTTP/1.1", "FROB-X!1 / HTTP/1.1", "GET / HTTP/1.9", "GET /a b HTTP/1.1", "GET  HTTP/1.1",
        "VERSION-CONTROL / HTTP/1.1",
    ])
    func `a request line may be odd`(line: String) throws {
        #expect(try read("\(line)\r\nHost: a.test\r\n\r\n").hosts == ["a.test"])
    }

    @Test(arguments: [
        "\u{16}\u{3}\u{1}", "\u{0}", "SSH-2.0-x\r\n", "HTTP/1.1 200 OK\r\n", "EHLO example\r\n", "GET /\r\n", " GET /",
        "GET / HTTP/1.1x\r\n", "GET /HTTP/1.1\r\n", "GET / ICAP/1.0\r\n", "INVITE sip:u", "INVITE a@b", "GET \u{1}",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "220 x\r\n", "<html>", "a:b", "GET http:x", "GET http:/x", "ipsum dolor sit",
        "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n", "GET / HTTP/1.\r\n",
        "GET / HTTP/11\r\n",
    ])
    func `what is no request line is malformed`(text: String) {
        #expect(error(text) == .malformed(.httpRequestLine))
    }

    @Test func `each beginning of a head is truncated`() {
        for text in [
            Self.plain, "CONNECT a.test:443 HTTP/1.1\r\n\r\n", "\r\nGET http://a.test/ HTTP/1.1\r\nHost: a\r\n\r\n",
        ] {
            let bytes = Array(text.utf8)
            for count in 0..<bytes.count {
                let error = failure(Array(bytes[..<count])) { bytes throws(WireError) in _ = try Self.read(bytes) }
                #expect(error == .truncated(.httpRequestLine) || error == .truncated(.httpFields), "cut at \(count)")
            }
        }
    }

    @Test(arguments: [
        ("POST", "Content-Length: 12", HTTPRequestHead.Body.length(12)), ("POST", "content-length:0", .length(0)),
        ("POST", "Content-Length: 12\r\nContent-Length: 12", .length(12)), ("POST", "Content-Length: 5, 5", .length(5)),
        ("POST", "Content-Length:\r\n 7", .length(7)), ("POST", "X: y", .length(0)),
        ("POST", "Content-Length: 12\r\nContent-Length: 13", .unclear), ("POST", "Content-Length: 5, 6", .unclear),
        ("POST", "Content-Length: x", .unclear), ("POST", "Content-Length: -1", .unclear),
        ("POST", "Content-Length: 5,", .unclear), ("POST", "Content-Length: 99999999999999999999999", .unclear),
        ("POST", "Content-Length: 1073741824", .length(1 << 30)), ("POST", "Content-Length: 1073741825", .unclear),
        ("POST", "Transfer-Encoding: chunked", .chunked), ("POST", "transfer-encoding : CHUNKED ", .chunked),
        ("POST", "Transfer-Encoding:\r\n\tchunked", .chunked), ("POST", "Transfer-Encoding: identity", .length(0)),
        ("POST", "Transfer-Encoding: gzip, chunked", .unclear), ("POST", "Transfer-Encoding: xchunked", .unclear),
        ("POST", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .unclear),
        ("POST", "Transfer-Encoding: chunked\r\nContent-Length: 5", .unclear),
        ("GET", "Content-Length: 5", .unclear), ("GET", "Content-Length: 0", .length(0)),
        ("HEAD", "Transfer-Encoding: chunked", .unclear),
    ])
    func `the length of the body follows from the fields`(_ method: String, field: String, body: HTTPRequestHead.Body)
        throws
    {
        #expect(try read("\(method) / HTTP/1.1\r\nHost: a.test\r\n\(field)\r\n\r\n").body == body)
    }

    @Test func `chunks are not of HTTP 1_0`() throws {
        #expect(try read("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n").body == .unclear)
    }

    @Test func `a head may be 16384 octets long`() throws {
        func head(_ length: Int) -> String {
            let start = "GET / HTTP/1.1\r\nX: "
            let end = "\r\nHost: a.test\r\n\r\n"
            return start + String(repeating: "x", count: length - start.utf8.count - end.utf8.count) + end
        }
        #expect(try read(head(16_384)).hosts == ["a.test"])
        #expect(error(head(16_385)) == .limitExceeded(.httpFields))
        #expect(error(head(20_000)) == .limitExceeded(.httpFields))
        #expect(error("GET /" + String(repeating: "x", count: 16_380)) == .limitExceeded(.httpRequestLine))
        #expect(error("GET /" + String(repeating: "x", count: 16_378)) == .truncated(.httpRequestLine))
    }

    @Test func `part of a head has the fields that are complete`() throws {
        let text = "GET / HTTP/1.1\r\nHost: a.test\r\nAccept: tex"
        let bytes = Array(text.utf8)
        let head = try HTTPRequestHead(parsing: bytes.span, isPartial: true)
        #expect(head.isComplete == false)
        #expect(head.length == 30)
        #expect(head.body == .unclear)
        var fields = head.fields
        #expect(fields.nextHost().array == Array("a.test".utf8))
    }

    @Test(arguments: [
        ("GET / HTTP/1.1", 0 as Int?), ("a=bGET / HTTP/1.1", 2), ("a=(GET / HTTP/1.1", 3),
        ("\u{0}\u{1}POST /x HTTP/1.0\r", 2),
        ("{}GET  /x  HTTP/1.1 ", 2), ("GET /x", nil), (" HTTP/1.1", nil), ("/x HTTP/1.1", nil),
        ("GET / HTTP/1.1 x", nil), ("", nil),
    ])
    func `a request line is found behind other octets`(text: String, offset: Int?) {
        let bytes = Array(text.utf8)
        #expect(HTTPRequestHead.requestLine(in: bytes.span, endingAt: 0..<bytes.count) == offset)
    }

    @Test(arguments: [
        ("5\r\nhello\r\n", 3, 5), ("\r\n5\r\nhello", 5, 5), ("\n1F;a=b\n", 8, 31), ("0\r\n\r\n", 3, 0),
        ("00ff \r\n", 7, 255),
        ("40000000\r\n", 10, 1 << 30),
    ])
    func `the size of a chunk is read`(text: String, length: Int, size: Int) throws {
        let bytes = Array(text.utf8)
        let chunk = try HTTPChunkSize(parsing: bytes.span)
        #expect(chunk.length == length)
        #expect(chunk.size == size)
        for count in 0..<length {
            #expect(
                failure(Array(bytes[..<count])) { bytes throws(WireError) in _ = try HTTPChunkSize(parsing: bytes) }
                    == .truncated(.httpFields)
            )
        }
    }

    @Test(arguments: ["x\r\n", ";\r\n", "5x\r\n", "\r\n\r\n", "-1\r\n", "40000001\r\n", "FFFFFFFFFFFFFFFFFFFFFFFF\r\n"])
    func `what is no size of a chunk is refused`(text: String) {
        let error = failure(Array(text.utf8)) { bytes throws(WireError) in _ = try HTTPChunkSize(parsing: bytes) }
        #expect(error == .malformed(.httpFields) || error == .limitExceeded(.httpFields))
    }

    @Test func `damaged heads are read or refused, and never read past their end`() {
        let heads = [
            Self.plain, "\r\nPOST http://u@a.test:80/ HTTP/1.1\nhost :b.test\nContent-Length: 3\n\nabc",
            "CONNECT a.test:443 HTTP/1.1\r\nHost:\r\n a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ]
        let outcomes = Mutation.outcomes(of: heads.map { Array($0.utf8) }, seed: 9_112, read: Self.read)
        // Octets behind an incomplete head can complete it.
        #expect(outcomes.valid > 100)
        #expect(outcomes.refused > 100)
        let lines = Mutation.outcomes(of: heads.map { Array($0.utf8) }, seed: 9_113) { bytes -> Int? in
            HTTPRequestHead.requestLine(in: bytes, endingAt: 0..<bytes.count)
        }
        #expect(lines.different == [])
        let sizes = Mutation.outcomes(of: [Array("1F;a=b\r\n".utf8)], seed: 9_114) {
            bytes throws(WireError) -> HTTPChunkSize in
            try HTTPChunkSize(parsing: bytes)
        }
        #expect(sizes.valid > 100)
        #expect(sizes.refused > 100)
    }
}
