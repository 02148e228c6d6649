import Telemetry
import TestSupport
import Testing

@testable import Inspection

@Suite("HTTP requests")
struct HTTPTests {
    static let connection = TCPConversation(to: .v4(80, port: 80))
    static let oddPort = TCPConversation(from: .v6(7, port: 40_000), to: .v6(80, port: 8_081))

    /// Room for few flows: thousands of sensors are quickly made.
    static let small = {
        var configuration = InspectorConfiguration()
        configuration.flowCapacity = 16
        configuration.streamBudget = 1 << 18
        return configuration
    }()

    /// A request without a body.
    static func get(_ host: String, _ path: String = "/") -> String {
        "GET \(path) HTTP/1.1\r\nHost: \(host)\r\nAccept: */*\r\n\r\n"
    }

    static func post(_ host: String, _ fields: String, _ body: String) -> String {
        "POST / HTTP/1.1\r\nHost: \(host)\r\n\(fields)\r\n\r\n\(body)"
    }

    /// The names that come of a client's stream, in these segments.
    private func names(_ stream: [UInt8], cutAt cuts: [Int] = [], order: [Int]? = nil) -> [String] {
        let sensor = TestSensor(lists(), Self.small)
        sensor.inspect([Self.connection.syn, Self.connection.synAck])
        return Self.connection.segments(of: stream, cutAt: cuts, order: order).flatMap { sensor.inspect($0).names }
    }

    private func names(_ text: String, cutAt cuts: [Int] = []) -> [String] { names(Array(text.utf8), cutAt: cuts) }

    /// Expects these names however the stream is cut in two, in either order, and octet by octet.
    private func expectNames(_ expected: [String], of stream: [UInt8]) {
        #expect(names(stream) == expected)
        for cut in 1..<stream.count {
            #expect(names(stream, cutAt: [cut]) == expected, "cut at \(cut)")
            #expect(names(stream, cutAt: [cut], order: [1, 0]) == expected, "cut at \(cut), the second part first")
        }
        #expect(names(stream, cutAt: Array(1..<stream.count)) == expected)
    }

    @Test(arguments: [connection, oddPort])
    func `a listed host blocks its flow`(_ connection: TCPConversation) {
        let sensor = TestSensor()
        sensor.inspect([connection.syn, connection.synAck])
        let seen = sensor.inspect(connection.segment(Array(Self.get("www.blocked.test").utf8), at: 0))
        #expect(seen.verdict == .drop)
        #expect(seen.decision.flowMark == .blocked)
        #expect(seen.names == ["www.blocked.test"])
        #expect(sensor.inspector.finding(at: 0).inspectedProtocol == .http)
        #expect(sensor.inspector.finding(at: 0).source == .host)
    }

    @Test func `an unlisted host leaves its flow open for the next request`() {
        let sensor = TestSensor()
        sensor.inspect([Self.connection.syn, Self.connection.synAck])
        let first = Array(Self.get("other.test").utf8)
        let seen = sensor.inspect(Self.connection.segment(first, at: 0))
        #expect(seen.verdict == .accept)
        #expect(seen.decision.flowMark == nil)
        #expect(sensor.inspect(Self.connection.answer(Array("HTTP/1.1 200 OK\r\n\r\n".utf8), at: 0)).verdict == .accept)
        let later = sensor.inspect(Self.connection.segment(Array(Self.get("blocked.test").utf8), at: first.count))
        #expect(later.verdict == .drop)
    }

    @Test func `a request may be cut anywhere, in either order`() {
        let stream = Array(Self.get("www.blocked.test").utf8)
        for cut in 1..<stream.count {
            for order in [[0, 1], [1, 0]] {
                let sensor = TestSensor()
                sensor.inspect(Self.connection.syn)
                let segments = Self.connection.segments(of: stream, cutAt: [cut], order: order)
                #expect(sensor.dropped(segments) == [1], "cut at \(cut), order \(order)")
                #expect(sensor.inspector.waitingByteCount == 0)
            }
        }
    }

    @Test func `both names of a request are judged`() {
        for (target, host) in [("blocked.test", "other.test"), ("other.test", "blocked.test")] {
            let sensor = TestSensor()
            let request = "GET http://\(target)/ HTTP/1.1\r\nHost: \(host)\r\n\r\n"
            let seen = sensor.inspect([Self.connection.syn, Self.connection.segment(Array(request.utf8), at: 0)])
            #expect(seen?.verdict == .drop)
            #expect(seen?.names == [target, host])
        }
        #expect(names("GET http://a.test/ HTTP/1.1\r\nHost: A.test:80\r\n\r\n") == ["a.test"])
        #expect(
            names("GET / HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\nHost: a.test\r\n\r\n") == ["a.test", "b.test"]
        )
    }

    @Test func `pipelined requests have a name each`() {
        expectNames(
            ["a.test", "b.test", "a.test"],
            of: Array((Self.get("a.test") + Self.get("b.test") + Self.get("a.test")).utf8)
        )
    }

    @Test func `bodies are passed over`() {
        let stream =
            Self.post("a.test", "Content-Length: 40", "GET / HTTP/1.1\r\nHost: no.test\r\n\r\n      ")
            + Self.post(
                "b.test",
                "Transfer-Encoding: chunked",
                "5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\nT: u\r\n\r\n"
            )
            + "\r\n" + Self.get("c.test")
        expectNames(["a.test", "b.test", "c.test"], of: Array(stream.utf8))
    }

    @Test func `a body in segments of its own is passed over`() {
        let body = String(repeating: "GET / HTTP/1.1\r\nHost: no.test\r\n\r\n", count: 1_000)
        let stream = Array((Self.post("a.test", "Content-Length: \(body.utf8.count)", body) + Self.get("b.test")).utf8)
        #expect(names(stream, cutAt: Array(stride(from: 1_000, to: stream.count, by: 1_000))) == ["a.test", "b.test"])
    }

    @Test(arguments: [
        "Content-Length: 5\r\nTransfer-Encoding: chunked", "Content-Length: 5\r\nContent-Length: 7",
        "Content-Length: x",
        "Transfer-Encoding: chunked, identity",
    ])
    func `a request behind an ambiguous body is found`(fields: String) {
        for body in ["hello", "5\r\nhello\r\n0\r\n\r\n", ""] {
            let stream = Array((Self.post("a.test", fields, body) + Self.get("b.test")).utf8)
            expectNames(["a.test", "b.test"], of: stream)
        }
    }

    @Test func `a request inside the body of a GET is found`() {
        let inner = Self.get("b.test")
        let outer = "GET / HTTP/1.1\r\nHost: a.test\r\nContent-Length: \(inner.utf8.count)\r\n\r\n"
        #expect(names(outer + inner) == ["a.test", "b.test"])
    }

    @Test func `broken chunks do not hide the next request`() {
        for body in ["zz\r\n", "5\r\nhello world\r\n", "0\r\nstray\r\n\r\n", "FFFFFFFFFFFF\r\n"] {
            #expect(
                names(Self.post("a.test", "Transfer-Encoding: chunked", body) + Self.get("b.test")) == [
                    "a.test", "b.test",
                ]
            )
        }
    }

    @Test func `a search that finds nothing ends`() {
        let sensor = TestSensor()
        sensor.inspect([Self.connection.syn, Self.connection.synAck])
        let head = Array((Self.get("a.test") + "\u{1}\u{2}").utf8)
        #expect(sensor.inspect(Self.connection.segment(head, at: 0)).decision.flowMark == nil)
        var offset = head.count
        var count = 0
        while sensor.inspect(Self.connection.segment([UInt8](repeating: 1, count: 100), at: offset)).decision.flowMark
            == nil
        {
            offset += 100
            count += 1
            if count > 100 { break }
        }
        // As many as are searched, and as many as say nothing of what the server has.
        #expect((66...86).contains(count))
        #expect(sensor.inspector.waitingByteCount == 0)
    }

    @Test func `a host behind the longest head is read`() {
        let filler = (0..<40).map { "X-Filler-\($0): " + String(repeating: "x", count: 1_000) + "\r\n" }.joined()
        let long = "GET / HTTP/1.1\r\n" + filler + "Host: a.test\r\n\r\n" + Self.get("b.test")
        let line =
            "GET /" + String(repeating: "x", count: 30_000) + " HTTP/1.1\r\nHost: a.test\r\n\r\n" + Self.get("b.test")
        for text in [long, line] {
            let stream = Array(text.utf8)
            for size in [1_000, 1_460, 16_384, 65_000] {
                #expect(
                    names(stream, cutAt: Array(stride(from: size, to: stream.count, by: size))) == ["a.test", "b.test"]
                )
            }
        }
    }

    @Test func `a cut capture has the host that is complete`() {
        let request = Array(Self.get("blocked.test").utf8)
        let packet = Self.connection.segment(request, at: 0)
        let sensor = TestSensor()
        sensor.inspect(Self.connection.syn)
        let seen = sensor.inspect(Array(packet.dropLast(8)))
        #expect(seen.names == ["blocked.test"])
        #expect(seen.verdict == .drop)
        // but not one that may go on
        let other = TestSensor()
        other.inspect(Self.connection.syn)
        #expect(other.inspect(Array(packet.dropLast(18))).names == [])
    }

    @Test func `of very many hosts the first are read, and that there were more is counted`() {
        let hosts = (1...33).map { "h\($0).test" }
        let fields = "GET / HTTP/1.1\r\n" + hosts.map { "Host: \($0)\r\n" }.joined() + "\r\n"
        let block = hosts.reduce([]) { $0 + Self.block($1) }
        for stream in [Array(fields.utf8), Self.preface + Self.frame(4, 0, []) + Self.frame(1, 0x05, block)] {
            for (listed, verdict) in [("h32.test", Verdict.drop), ("h33.test", .accept)] {
                let sensor = TestSensor(lists(drop: [listed]))
                sensor.inspect(Self.connection.syn)
                let seen = sensor.inspect(Self.connection.segment(stream, at: 0))
                #expect(seen.names == Array(hosts.prefix(32)))
                #expect(seen.verdict == verdict)
                #expect(verdict == .drop || seen.decision.undecided == .overBudget)
            }
        }
    }

    @Test func `without HTTP the same requests are let go`() {
        var configuration = InspectorConfiguration()
        configuration.inspectsHTTP = false
        let sensor = TestSensor(lists(drop: ["blocked.test"]), configuration)
        let seen = sensor.inspect([
            Self.connection.syn, Self.connection.synAck,
            Self.connection.segment(Array(Self.get("blocked.test").utf8), at: 0),
            Self.connection.answer([], at: 0, acknowledging: Self.get("blocked.test").utf8.count),
        ])
        #expect(seen?.decision.flowMark == .accepted)
        #expect(seen?.names == [])
    }

    // MARK: HTTP/2

    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    static func frame(_ type: UInt8, _ flags: UInt8, _ payload: [UInt8], stream: UInt8 = 1) -> [UInt8] {
        [0, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF), type, flags, 0, 0, 0, stream] + payload
    }

    /// A header block: GET, http, /, and this authority as a new entry of the dynamic table.
    static func block(_ authority: String) -> [UInt8] {
        [0x82, 0x86, 0x84, 0x41, UInt8(authority.utf8.count)] + Array(authority.utf8)
    }

    @Test func `the authorities of an HTTP2 connection are read`() {
        let stream =
            Self.preface + Self.frame(4, 0, []) + Self.frame(1, 0x05, Self.block("a.test"))
            + Self.frame(0, 0x01, Array(Self.get("no.test").utf8))
            + Self.frame(1, 0x05, Self.block("b.test:80"), stream: 3)
            + Self.frame(1, 0x05, [0x82, 0x86, 0x84, 0xBE], stream: 5)
        expectNames(["a.test", "b.test"], of: stream)
    }

    @Test func `a header block may lie in several frames, with padding and priority`() {
        let block = Self.block("blocked.test")
        let stream =
            Self.preface + Self.frame(4, 0, [])
            + Self.frame(1, 0x28, [2, 0, 0, 0, 0, 16] + block[..<4] + [0, 0]) + Self.frame(9, 0, Array(block[4..<9]))
            + Self.frame(9, 0x04, Array(block[9...]))
        expectNames(["blocked.test"], of: stream)
    }

    @Test func `an HTTP1 request may ask for HTTP2`() {
        let upgrade = "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n"
        expectNames(
            ["a.test", "b.test"],
            of: Array(upgrade.utf8) + Self.preface + Self.frame(4, 0, [])
                + Self.frame(1, 0x04, Self.block("b.test"), stream: 3)
        )
    }

    @Test func `a long header block has the authority at its start`() {
        let filler = [UInt8](repeating: 0, count: 12_000)
        let field: [UInt8] = [0x00, 1, 0x78, 0x7F, 0xE1, 0x5C] + filler[..<11_999]
        let block = Self.block("a.test") + field
        let stream =
            Self.preface + Self.frame(1, 0, block) + Self.frame(9, 0, field) + Self.frame(9, 0, field)
            + Self.frame(9, 0x04, field) + Self.frame(1, 0x04, Self.block("b.test"), stream: 3)
        #expect(names(stream, cutAt: Array(stride(from: 1_000, to: stream.count, by: 1_000))) == ["a.test", "b.test"])
    }
}
