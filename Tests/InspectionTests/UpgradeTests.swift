import Telemetry
import TestSupport
import Testing

@testable import Inspection

@Suite("Upgrades to TLS")
struct UpgradeTests {
    static let connection = TCPConversation(to: .v4(25, port: 2_525))

    /// What clients say before their hello, and the name of a proxy's request where it is one.
    static let conversations: [(before: [UInt8], name: String?)] = [
        (Array("EHLO client.example\r\nSTARTTLS\r\n".utf8), nil),
        (Array("helo x\nNOOP\nstarttls\n".utf8), nil),
        (Array("a1 CAPABILITY\r\na2 ID (\"name\" \"x\")\r\nA0003 StartTLS\r\n".utf8), nil),
        (Array(". STARTTLS\r\n".utf8), nil),
        (Array("CAPA\r\nSTLS\r\n".utf8), nil),
        (Array("FEAT\r\nAUTH TLS\r\n".utf8), nil),
        (Array("AUTH SSL\r\n".utf8), nil),
        (Array("CAPABILITIES\r\nMODE READER\r\nSTARTTLS\r\n".utf8), nil),
        (
            Array(
                "<?xml version='1.0'?>\n<stream:stream to='a.example' version='1.0'>\n<starttls xmlns='urn:x'/>".utf8
            ), nil
        ),
        (Array("<stream:stream to='a.example'><starttls xmlns='urn:x'></starttls>".utf8), nil),
        (Array("CONNECT proxied.test:443 HTTP/1.1\r\nHost: proxied.test:443\r\n\r\n".utf8), "proxied.test"),
        (hex("05 02 00 02  01 02 6162 01 63  05 01 00 03 09") + Array("far.test.".utf8) + hex("01BB"), nil),
        (hex("05 01 00  05 01 00 01 C0000201 01BB"), nil),
        (hex("04 01 01BB 00000001 6162 00") + Array("far.test".utf8) + [0], nil),
        (hex("04 01 01BB C0000201 00"), nil),
        (hex("00000008 04D2162F"), nil),
    ]

    @Test(arguments: conversations.indices)
    func `the hello behind the upgrade is read`(_ index: Int) {
        let (before, name) = Self.conversations[index]
        let stream = before + hello()
        let expected = [name].compactMap(\.self) + ["www.blocked.test"]
        for cut in 1..<before.count + 60 {
            for order in [[0, 1], [1, 0]] {
                let sensor = TestSensor(lists(drop: ["blocked.test"]), HTTPTests.small)
                sensor.inspect([Self.connection.syn, Self.connection.synAck])
                let seen = Self.connection.segments(of: stream, cutAt: [cut], order: order).map { sensor.inspect($0) }
                #expect(seen.flatMap(\.names) == expected, "cut at \(cut), order \(order)")
                #expect(seen.last?.verdict == .drop)
                #expect(sensor.inspector.waitingByteCount == 0)
            }
        }
        let sensor = TestSensor()
        sensor.inspect(Self.connection.syn)
        #expect(sensor.dropped(Self.connection.segments(of: stream, size: 1)) == [stream.count - 1])
    }

    @Test func `an upgrade is counted`() {
        let sensor = TestSensor()
        sensor.inspect(Self.connection.syn)
        sensor.inspect(Self.connection.segment(Array("STARTTLS\r\n".utf8), at: 0))
        #expect(sensor.inspector.anomalies.contains(.upgraded))
    }

    @Test func `the server's part of the conversation says nothing`() {
        let sensor = TestSensor()
        sensor.inspect([Self.connection.syn, Self.connection.synAck])
        let before = Array("EHLO client.example\r\n".utf8)
        let command = Array("STARTTLS\r\n".utf8)
        let packets = [
            Self.connection.answer(Array("220 mail.example ESMTP\r\n".utf8), at: 0),
            Self.connection.segment(before, at: 0),
            Self.connection.answer(Array("250-mail.example\r\n250 STARTTLS\r\n".utf8), at: 24),
            Self.connection.segment(command, at: before.count),
            Self.connection.answer(Array("220 go ahead\r\n".utf8), at: 55),
            Self.connection.segment(hello(), at: before.count + command.count),
        ]
        #expect(sensor.dropped(packets) == [5])
    }

    @Test func `a proxy's answer may ask for the request again`() {
        let request = Array("CONNECT blocked.test:443 HTTP/1.1\r\n\r\n".utf8)
        let first = Array("CONNECT a.test:443 HTTP/1.1\r\n\r\n".utf8)
        let sensor = TestSensor()
        sensor.inspect(Self.connection.syn)
        #expect(sensor.inspect(Self.connection.segment(first, at: 0)).verdict == .accept)
        #expect(sensor.inspect(Self.connection.segment(request, at: first.count)).verdict == .drop)
    }

    @Test(arguments: [true, false])
    func `the tunnel of a CONNECT is read with HTTP and without`(_ inspectsHTTP: Bool) {
        var configuration = InspectorConfiguration()
        configuration.inspectsHTTP = inspectsHTTP
        let sensor = TestSensor(lists(drop: ["blocked.test"]), configuration)
        let stream = Array("connect proxied.test:443 HTTP/1.1\r\n\r\n".utf8) + hello()
        let names = Self.connection.segments(of: stream, size: 20).flatMap { sensor.inspect($0).names }
        #expect(names == (inspectsHTTP ? ["proxied.test", "www.blocked.test"] : ["www.blocked.test"]))
    }

    @Test func `a request that turns to TLS is followed`() {
        let request = "OPTIONS * HTTP/1.1\r\nHost: a.test\r\nUpgrade: TLS/1.0\r\nConnection: Upgrade\r\n\r\n"
        let sensor = TestSensor()
        let segments = Self.connection.segments(of: Array(request.utf8) + hello(), size: 50)
        #expect(segments.flatMap { sensor.inspect($0).names } == ["a.test", "www.blocked.test"])
    }

    @Test(arguments: [
        "EHLO x\r\nMAIL FROM:<a@b.test>\r\n", "USER x\r\n", "a1 LOGIN x y\r\n", "NICK x\r\n", "AUTH PLAIN\r\n",
        "a b c\r\n",
        "<html>", "<stream:stream><auth>", "\u{5}\u{0}", "\u{5}\u{1}\u{0}\u{5}\u{2}\u{0}", "\u{4}\u{2}",
        "\u{0}\u{0}\u{0}\u{9}",
        "STARTTLS \u{1}", "a(b", "CONNECT \u{1}",
    ])
    func `another conversation is let go once the server has it`(text: String) {
        let sensor = TestSensor()
        sensor.inspect([Self.connection.syn, Self.connection.synAck])
        #expect(sensor.inspect(Self.connection.segment(Array(text.utf8), at: 0)).verdict == .accept)
        let seen = sensor.inspect(Self.connection.answer([], at: 0, acknowledging: text.utf8.count))
        #expect(seen.decision == Decision(.accept, flowMark: .accepted))
        #expect(sensor.inspector.waitingByteCount == 0)
    }

    @Test func `a conversation that goes on for long is let go`() {
        let sensor = TestSensor()
        sensor.inspect(Self.connection.syn)
        for index in 0...20 {
            sensor.inspect(Self.connection.segment(Array("NOOP\r\n".utf8), at: index * 6))
            let seen = sensor.inspect(Self.connection.answer([], at: 0, acknowledging: index * 6 + 6))
            #expect(seen.decision.flowMark == (index < 16 ? nil : .accepted))
        }
    }
}
