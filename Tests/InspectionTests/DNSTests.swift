import Telemetry
import TestSupport
import Testing

@testable import Inspection

@Suite("DNS over UDP")
struct DNSDatagramTests {
    static let v4 = PacketBuilder(from: .v4(7, port: 40_000), to: .v4(53, port: 53))
    static let v6 = PacketBuilder(from: .v6(7, port: 40_000), to: .v6(53, port: 53))

    @Test(arguments: [v4, v6])
    func `a listed name is dropped and an unlisted one accepted`(_ client: PacketBuilder) {
        let sensor = TestSensor()
        let listed = sensor.inspect(client.udp(DNSBuilder.query("blocked.test")))
        #expect(listed.verdict == .drop)
        #expect(listed.names == ["blocked.test"])
        #expect(listed.lists == [0])
        let unlisted = sensor.inspect(client.udp(DNSBuilder.query("other.test")))
        #expect(unlisted.verdict == .accept)
        #expect(unlisted.names == ["other.test"])
        #expect(unlisted.lists == [nil])
        #expect(unlisted.decision.undecided == nil)
    }

    @Test(arguments: [
        ("www.blocked.test", true), ("a.b.c.blocked.test", true), ("WwW.bLoCkEd.TeSt", true),
        ("notblocked.test", false),
        ("test", false), ("blocked.test.example", false), ("blocked", false),
    ])
    func `subdomains match by whole labels and without regard to case`(_ name: String, _ isListed: Bool) {
        let seen = TestSensor().inspect(Self.v4.udp(DNSBuilder.query(name)))
        #expect(seen.verdict == (isListed ? .drop : .accept))
        #expect(seen.names == [name.lowercased()])
    }

    @Test func `a response's question is not read again`() {
        let seen = TestSensor().inspect(Self.v4.reversed.udp(DNSBuilder.response("blocked.test")))
        #expect(seen.verdict == .accept)
        #expect(seen.names.isEmpty)
        #expect(seen.decision.undecided == nil)
    }

    @Test func `a query that is no standard query gives no name`() {
        let notify = DNSBuilder.message(["blocked.test"], flags: 4 << 11, identifier: 1, padding: nil)
        #expect(TestSensor().inspect(Self.v4.udp(notify)).names.isEmpty)
    }

    @Test func `each of several questions is judged`() {
        let names = ["one.test", "two.test", "www.blocked.test", "three.test"]
        let seen = TestSensor().inspect(Self.v4.udp(DNSBuilder.query(names)))
        #expect(seen.verdict == .drop)
        #expect(seen.names == names)
        #expect(seen.lists == [nil, nil, 0, nil])
    }

    @Test func `a query for the root holds no name`() {
        let seen = TestSensor().inspect(Self.v4.udp(DNSBuilder.query("")))
        #expect(seen.names.isEmpty)
        #expect(
            seen.decision == TestSensor().inspect(Self.v4.reversed.udp(DNSBuilder.response("blocked.test"))).decision
        )
    }

    @Test func `a name before a broken question is judged`() {
        var message = DNSBuilder.query(["blocked.test", "other.test"], padding: nil)
        message.removeLast(3)
        #expect(TestSensor().inspect(Self.v4.udp(message)).verdict == .drop)
    }

    @Test func `a broken query is accepted and counted`() {
        let message = DNSBuilder.query("blocked.test", padding: nil).dropLast(5)
        let seen = TestSensor().inspect(Self.v4.udp(Array(message)))
        #expect(seen.verdict == .accept)
        #expect(seen.decision.undecided == .malformed)
    }

    @Test func `questions past the sixteenth are counted and not read`() {
        let names = (1...17).map { "n\($0).test" }
        let sensor = TestSensor(lists(drop: ["n16.test", "n17.test"]))
        let seen = sensor.inspect(Self.v4.udp(DNSBuilder.query(Array(names.dropFirst()))))
        #expect(seen.names == Array(names.dropFirst()))
        #expect(seen.verdict == .drop)
        #expect(sensor.inspect(Self.v4.udp(DNSBuilder.query(names))).names == Array(names.dropLast()))
        let passed = TestSensor().inspect(Self.v4.udp(DNSBuilder.query(names)))
        #expect(passed.verdict == .accept)
        #expect(passed.decision.undecided == .overBudget)
    }

    @Test(arguments: [(1, true), (100, true), (126, true), (127, false), (1_400, false)])
    func `a chain of pointers longer than any name needs is not followed`(_ pointers: Int, _ isFollowed: Bool) {
        // Behind the questions stand pointers, each to the one before and the first to the first question; the second question is the last.
        var message = DNSBuilder.query("one.test", padding: nil)
        message[5] = 2
        let chain = message.count + 6
        message += bigEndian(UInt16(0xC000 + chain + 2 * (pointers - 1))) + [0, 1, 0, 1]
        for index in 0..<pointers { message += bigEndian(UInt16(0xC000 + (index == 0 ? 12 : chain + 2 * (index - 1)))) }
        let seen = TestSensor().inspect(Self.v4.udp(message))
        #expect(seen.names == (isFollowed ? ["one.test", "one.test"] : ["one.test"]))
        #expect(seen.decision.undecided == (isFollowed ? nil : .malformed))
    }

    @Test func `a query of which the end is missing is accepted and counted`() {
        let packet = Self.v4.udp(DNSBuilder.query("blocked.test", padding: nil)).dropLast(5)
        #expect(TestSensor().inspect(Array(packet)).decision.undecided == .truncated)
    }

    @Test func `only port 53 is DNS, on whichever end`() {
        let query = DNSBuilder.query("blocked.test")
        let elsewhere = PacketBuilder(from: .v4(7, port: 40_000), to: .v4(53, port: 5_353))
        #expect(TestSensor().inspect(elsewhere.udp(query)).names.isEmpty)
        #expect(TestSensor().inspect(Self.v4.reversed.udp(query)).verdict == .drop)
    }

    @Test func `an observed name is found and accepted`() {
        let seen = TestSensor(lists(observe: ["watched.test"])).inspect(Self.v4.udp(DNSBuilder.query("a.watched.test")))
        #expect(seen.verdict == .accept)
        #expect(seen.lists == [1])
    }

    @Test func `the allow list wins`() {
        let sensor = TestSensor(lists(drop: ["blocked.test"], allow: ["good.blocked.test"]))
        #expect(sensor.inspect(Self.v4.udp(DNSBuilder.query("www.good.blocked.test"))).lists == [nil])
        #expect(sensor.inspect(Self.v4.udp(DNSBuilder.query("bad.blocked.test"))).verdict == .drop)
    }

    @Test func `options and extension headers are passed over`() {
        var client = Self.v4
        client.options = [7, 7, 4, 0, 0, 0, 0]
        #expect(TestSensor().inspect(client.udp(DNSBuilder.query("blocked.test"))).verdict == .drop)
        client = Self.v6
        client.extensionHeaders = [.options(type: 0), .options(type: 60, units: 3), .fragment(offset: 0, more: false)]
        #expect(TestSensor().inspect(client.udp(DNSBuilder.query("blocked.test"))).verdict == .drop)
    }

    @Test func `a mechanism that is switched off reads nothing`() {
        var configuration = InspectorConfiguration()
        configuration.inspectsDNS = false
        let sensor = TestSensor(lists(drop: ["blocked.test"]), configuration)
        #expect(sensor.inspect(Self.v4.udp(DNSBuilder.query("blocked.test"))).names.isEmpty)
    }

    @Test func `other protocols are accepted`() {
        #expect(TestSensor().inspect(Self.v4.packet([8, 0, 0, 0], transport: 1)).decision.undecided == nil)
        #expect(TestSensor().inspect([0x00, 1, 2]).decision.undecided == .malformed)
        #expect(TestSensor().inspect([]).decision.undecided == .truncated)
    }
}

@Suite("DNS over TCP")
struct DNSStreamTests {
    static let conversation = TCPConversation(to: .v4(53, port: 53))

    /// A stream of queries for these names.
    static func stream(_ names: [String], padding: Int? = nil) -> [UInt8] {
        names.flatMap { DNSBuilder.prefixed(DNSBuilder.query($0, padding: padding)) }
    }

    @Test func `several messages in a segment are read`() {
        let sensor = TestSensor()
        sensor.inspect([Self.conversation.syn, Self.conversation.synAck])
        let seen = sensor.inspect(
            Self.conversation.segment(Self.stream(["one.test", "two.test", "three.test"]), at: 0)
        )
        #expect(seen.names == ["one.test", "two.test", "three.test"])
        #expect(seen.decision.flowMark == nil)
        sensor.inspect(
            Self.conversation.answer(
                [],
                at: 0,
                acknowledging: Self.stream(["one.test", "two.test", "three.test"]).count
            )
        )
        #expect(sensor.inspector.waitingByteCount == 0)
    }

    @Test func `a message may be cut anywhere`() {
        let stream = Self.stream(["one.test", "www.blocked.test"])
        for cut in 1..<stream.count {
            for order in [[0, 1], [1, 0]] {
                let sensor = TestSensor()
                sensor.inspect(Self.conversation.syn)
                let segments = Self.conversation.segments(of: stream, cutAt: [cut], order: order)
                #expect(sensor.dropped(segments) == [1], "cut at \(cut), order \(order)")
                #expect(sensor.inspector.waitingByteCount == 0)
            }
        }
    }

    @Test func `a listed name in the middle blocks the flow for good`() {
        let sensor = TestSensor()
        sensor.inspect([Self.conversation.syn, Self.conversation.synAck])
        let streams = ["one.test", "blocked.test", "two.test"].map { Self.stream([$0]) }
        var offset = 0
        var verdicts: [Verdict] = []
        for stream in streams {
            verdicts.append(sensor.inspect(Self.conversation.segment(stream, at: offset)).verdict)
            offset += stream.count
        }
        #expect(verdicts == [.accept, .drop, .drop])
        #expect(
            sensor.inspect(Self.conversation.answer(Self.stream(["one.test"]), at: 0)).decision.flowMark == .blocked
        )
        #expect(sensor.inspector.waitingByteCount == 0)
    }

    @Test func `the questions of responses are not read again`() {
        let sensor = TestSensor()
        sensor.inspect([Self.conversation.syn, Self.conversation.synAck])
        let answer = DNSBuilder.prefixed(DNSBuilder.response("blocked.test"))
        #expect(sensor.inspect(Self.conversation.answer(answer, at: 0)).names.isEmpty)
    }

    @Test(arguments: [1, 15])
    func `messages that break the format do not hide those behind them`(_ count: Int) {
        var broken = DNSBuilder.query("one.test", padding: nil)
        broken[12] = 0x80
        let faults = (0..<count).flatMap { _ in DNSBuilder.prefixed(broken) }
        let sensor = TestSensor()
        sensor.inspect([Self.conversation.syn, Self.conversation.synAck])
        let first = sensor.inspect(Self.conversation.segment(faults, at: 0))
        #expect(first.verdict == .accept)
        #expect(first.decision.undecided == .malformed)
        #expect(first.decision.flowMark == nil)
        // A message that is read begins the count of faults anew.
        let rest = Self.stream(["two.test"]) + faults + Self.stream(["blocked.test"])
        let second = sensor.inspect(Self.conversation.segment(rest, at: faults.count))
        #expect(second.names == ["two.test", "blocked.test"])
        #expect(second.verdict == .drop)
    }

    @Test func `a stream of nothing but broken messages is let go`() {
        var broken = DNSBuilder.query("one.test", padding: nil)
        broken[12] = 0x80
        let stream = (0..<16).flatMap { _ in DNSBuilder.prefixed(broken) }
        let sensor = TestSensor()
        sensor.inspect([Self.conversation.syn, Self.conversation.synAck])
        let seen = sensor.inspect(Self.conversation.segment(stream, at: 0))
        #expect(seen.decision.undecided == .malformed)
        let answer = sensor.inspect(Self.conversation.answer([], at: 0, acknowledging: stream.count))
        #expect(answer.decision == Decision(.accept, flowMark: .accepted))
    }

    @Test(arguments: [1, 3, 536, 1_460, 9_000, 65_000])
    func `every name of a long stream is read, whatever the segments`(_ size: Int) {
        let count = size < 10 ? 150 : 6_000
        let names = (0..<count).map { "n\($0).example" }
        let sensor = TestSensor()
        sensor.inspect([Self.conversation.syn, Self.conversation.synAck])
        let segments = Self.conversation.segments(of: Self.stream(names), size: size)
        var seen: [String] = []
        for segment in segments { seen += sensor.inspect(segment).names }
        #expect(seen == names)
        sensor.inspect(Self.conversation.answer([], at: 0, acknowledging: Self.stream(names).count))
        #expect(sensor.inspector.waitingByteCount == 0)
        #expect(
            sensor.dropped([Self.conversation.segment(Self.stream(["blocked.test"]), at: Self.stream(names).count)])
                == [0]
        )
    }

    @Test(arguments: [1_460, 9_000, 65_000])
    func `every name of a long stream is read where neighbouring segments change places`(_ size: Int) {
        let names = (0..<6_000).map { "n\($0).example" }
        let sensor = TestSensor()
        sensor.inspect([Self.conversation.syn, Self.conversation.synAck])
        var segments = Self.conversation.segments(of: Self.stream(names), size: size)
        // Two segments of the largest size do not fit behind a gap.
        if size < 20_000 {
            for index in stride(from: 1, to: segments.count, by: 2) { segments.swapAt(index - 1, index) }
        }
        var seen: [String] = []
        for segment in segments { seen += sensor.inspect(segment).names }
        #expect(seen == names)
        sensor.inspect(Self.conversation.answer([], at: 0, acknowledging: Self.stream(names).count))
        #expect(sensor.inspector.waitingByteCount == 0)
    }

    @Test(arguments: [1_460, 16_000, 65_000])
    func `messages whose end lies outside the first window are read`(_ size: Int) {
        var names: [String] = []
        var stream: [UInt8] = []
        for (index, padding) in [10, 20_000, 65_000, 30_000, 60_000, 5_000, 65_000, 65_000].enumerated() {
            names.append("n\(index).example")
            stream += Self.stream([names[index]], padding: padding)
        }
        let sensor = TestSensor()
        sensor.inspect(Self.conversation.syn)
        var seen: [String] = []
        for segment in Self.conversation.segments(of: stream, size: size) { seen += sensor.inspect(segment).names }
        #expect(seen == names)
        sensor.inspect(Self.conversation.answer([], at: 0, acknowledging: stream.count))
        #expect(sensor.inspector.waitingByteCount == 0)
    }

    @Test func `a message of the greatest length is read behind a short one`() {
        let longest = DNSBuilder.prefixed(DNSBuilder.query("long.example", padding: 65_535 - 12 - 18 - 15))
        #expect(longest.count == 65_537)
        let stream = Self.stream(["first.example"]) + longest + Self.stream(["blocked.test"])
        for size in [1_000, 1_460, 40_000, 65_000] {
            let sensor = TestSensor()
            sensor.inspect(Self.conversation.syn)
            let seen = Self.conversation.segments(of: stream, size: size).map { sensor.inspect($0) }
            #expect(seen.flatMap(\.names) == ["first.example", "long.example", "blocked.test"], "segments of \(size)")
            #expect(seen.last?.verdict == .drop)
        }
    }
}
