import Telemetry
import TestSupport
import Testing

@testable import Inspection

@Suite("DNS answers")
struct DNSAnswerTests {
    static let server = DNSDatagramTests.v4.reversed

    /// What comes of a response with these answers to a question for `one.test`.
    static func inspect(_ answers: [[UInt8]], flags: UInt16 = 0x8180, _ sensor: TestSensor = TestSensor()) -> Seen {
        sensor.inspect(server.udp(DNSBuilder.response("one.test", answers: answers, flags: flags)))
    }

    static let address = DNSBuilder.record(type: 1, data: [198, 51, 100, 1])

    @Test(arguments: [UInt16(5), 39, 64, 65])
    func `the target of an alias and of a service is a name`(_ type: UInt16) {
        let isService = type >= 64
        let record = DNSBuilder.record(
            type: type,
            data: (isService ? [0, 0] : []) + DNSBuilder.name("WWW.blocked.test")
        )
        let sensor = TestSensor()
        let seen = Self.inspect([record, Self.address], sensor)
        #expect(seen.names == ["www.blocked.test"])
        #expect(seen.verdict == .drop)
        #expect(seen.lists == [0])
        #expect(sensor.inspector.finding(at: 0).source == .answer)
        #expect(sensor.inspector.finding(at: 0).inspectedProtocol == .dns)
    }

    @Test(arguments: [UInt16(1), 2, 6, 12, 15, 16, 28, 33, 35, 46, 47, 255])
    func `records of other types hold no name to go on with`(_ type: UInt16) {
        let seen = Self.inspect([DNSBuilder.record(type: type, data: DNSBuilder.name("blocked.test"))])
        #expect(seen.names.isEmpty)
        #expect(seen.decision == Decision(.accept))
    }

    @Test func `every link of a chain is a name, and owners are none`() {
        let owner = DNSBuilder.name("owner.test")
        let answers = ["a.test", "b.test", "c.test"].map {
            DNSBuilder.record(owner, type: 5, data: DNSBuilder.name($0))
        }
        #expect(Self.inspect(answers).names == ["a.test", "b.test", "c.test"])
    }

    @Test func `a target may be compressed`() {
        // Behind the header and the question's name and type: the record's name is a pointer, its target another one to `test`.
        let record = DNSBuilder.record(type: 5, data: [7] + Array("blocked".utf8) + [0xC0, 16])
        #expect(Self.inspect([record]).names == ["blocked.test"])
    }

    @Test func `the root stands for the owner and is no name`() {
        #expect(Self.inspect([DNSBuilder.service(""), DNSBuilder.service("", type: 64)]).names.isEmpty)
    }

    @Test(arguments: [UInt16(64), 65])
    func `keys for Encrypted Client Hello are counted`(_ type: UInt16) {
        let sensor = TestSensor()
        let keys: [(key: UInt16, value: [UInt8])] = [
            (1, [2, 0x68, 0x32]), (4, [192, 0, 2, 1]), (5, [0, 4, 1, 2, 3, 4]),
        ]
        let seen = Self.inspect([DNSBuilder.service("", type: type, parameters: keys)], sensor)
        #expect(seen.verdict == .accept)
        #expect(sensor.inspector.anomalies.contains(.encryptedClientHelloKeys))
        #expect(Self.inspect([DNSBuilder.service("", type: type)], sensor).decision.undecided == nil)
        #expect(sensor.inspector.anomalies.isEmpty)
    }

    @Test func `a record that breaks its format does not hide those behind it`() {
        let broken = [
            DNSBuilder.record(type: 5, data: [0x80, 1]), DNSBuilder.record(type: 5, data: [0xC0, 0xFF]),
            DNSBuilder.record(type: 5, data: []), DNSBuilder.record(type: 65, data: [0, 1]),
            DNSBuilder.record(type: 65, data: [0, 1] + DNSBuilder.name("svc.test").dropLast()),
            DNSBuilder.record(type: 65, data: [0, 1, 0, 0, 1, 0, 9, 1]),
        ]
        for record in broken {
            let seen = Self.inspect([record, DNSBuilder.alias("blocked.test")])
            #expect(seen.names.last == "blocked.test")
            #expect(seen.verdict == .drop)
            let passed = Self.inspect([record, DNSBuilder.alias("other.test")])
            #expect(passed.verdict == .accept)
            #expect(passed.decision.undecided == .malformed)
        }
    }

    @Test func `a target is judged although the parameters behind it are broken`() {
        let record = DNSBuilder.record(type: 65, data: [0, 1] + DNSBuilder.name("blocked.test") + [0, 1, 0, 200])
        #expect(Self.inspect([record]).verdict == .drop)
    }

    @Test(arguments: [(UInt16(0x8180), UndecidedCause?.some(.malformed)), (0x8380, nil)])
    func `a response is read as far as it goes, and may end anywhere where it says so`(
        _ flags: UInt16,
        _ cause: UndecidedCause?
    ) {
        let answers = [DNSBuilder.alias("a.test"), DNSBuilder.alias("b.test"), DNSBuilder.alias("c.test")]
        let message = DNSBuilder.response("one.test", answers: answers, flags: flags)
        for count in 1...answers[2].count {
            let seen = TestSensor().inspect(Self.server.udp(Array(message.dropLast(count))))
            #expect(seen.names == ["a.test", "b.test"])
            #expect(seen.decision.undecided == cause)
        }
    }

    @Test(arguments: 1...60)
    func `a response of which the end was not captured is counted as truncated`(_ missing: Int) {
        let answers = [DNSBuilder.alias("a.test"), DNSBuilder.alias("b.test")]
        let packet = Self.server.udp(DNSBuilder.response("one.test", answers: answers)).dropLast(missing)
        #expect(TestSensor().inspect(Array(packet)).decision.undecided == .truncated)
    }

    @Test func `a failed lookup may have led through an alias`() {
        #expect(Self.inspect([DNSBuilder.alias("blocked.test")], flags: 0x8183).verdict == .drop)
    }

    @Test func `a response to another request than a query is not read`() {
        #expect(Self.inspect([DNSBuilder.alias("blocked.test")], flags: 0xA980).names.isEmpty)
    }

    @Test func `targets past the thirty-second are counted and not read`() {
        let names = (1...33).map { "n\($0).test" }
        let seen = Self.inspect(names.map { DNSBuilder.alias($0) })
        #expect(seen.names == Array(names.dropLast()))
        #expect(seen.decision.undecided == .overBudget)
        #expect(Self.inspect(names.dropFirst().map { DNSBuilder.alias($0) }).decision.undecided == nil)
        // Those that break their format count as well: what they cost is the same.
        let broken = (1...32).map { _ in DNSBuilder.record(type: 5, data: [0x80]) }
        #expect(Self.inspect(broken + [DNSBuilder.alias("blocked.test")]).names.isEmpty)
    }

    @Test func `any number of addresses is passed over`() {
        let addresses = (0..<3_000).map { _ in Self.address }
        #expect(Self.inspect(addresses + [DNSBuilder.alias("blocked.test")]).verdict == .drop)
    }

    @Test func `the allow list wins`() {
        let sensor = TestSensor(lists(drop: ["blocked.test"], allow: ["good.blocked.test"]))
        #expect(Self.inspect([DNSBuilder.alias("good.blocked.test")], sensor).verdict == .accept)
    }

    @Test func `where answers are not wanted, what comes from the port is not read`() {
        var configuration = InspectorConfiguration()
        configuration.inspectsDNSAnswers = false
        let sensor = TestSensor(lists(drop: ["blocked.test"]), configuration)
        #expect(Self.inspect([DNSBuilder.alias("blocked.test")], sensor).names.isEmpty)
        #expect(sensor.inspect(DNSDatagramTests.v4.udp(DNSBuilder.query("blocked.test"))).verdict == .drop)
        let conversation = DNSStreamTests.conversation
        sensor.inspect([conversation.syn, conversation.synAck])
        let answer = DNSBuilder.prefixed(DNSBuilder.response("one.test", answers: [DNSBuilder.alias("blocked.test")]))
        #expect(sensor.inspect(conversation.answer(answer, at: 0)).names.isEmpty)
        let stream = DNSStreamTests.stream(["one.test", "blocked.test"])
        #expect(sensor.inspect(conversation.segment(stream, at: 0)).verdict == .drop)
    }

    @Test(arguments: [false, true])
    func `other ports are left alone`(_ isAnswer: Bool) {
        for port in [UInt16(5_353), 5_355] {
            let client = PacketBuilder(from: .v4(7, port: port), to: .v4(53, port: port))
            let message =
                isAnswer
                ? DNSBuilder.response("one.test", answers: [DNSBuilder.alias("blocked.test")])
                : DNSBuilder.query("blocked.test")
            #expect(TestSensor().inspect(client.udp(message)).names.isEmpty)
        }
    }

    @Test func `over TCP the server's direction is read, however it is cut, and a listed target blocks the flow`() {
        let conversation = DNSStreamTests.conversation
        let stream = ["a.test", "b.test", "blocked.test"].flatMap {
            DNSBuilder.prefixed(DNSBuilder.response("one.test", answers: [DNSBuilder.alias($0), Self.address]))
        }
        for cut in stride(from: 1, to: stream.count, by: 3) {
            let sensor = TestSensor()
            sensor.inspect([conversation.syn, conversation.synAck])
            sensor.inspect(conversation.segment(DNSStreamTests.stream(["one.test", "two.test"]), at: 0))
            let first = sensor.inspect(conversation.answer(Array(stream[..<cut]), at: 0))
            let second = sensor.inspect(conversation.answer(Array(stream[cut...]), at: cut))
            #expect(first.names + second.names == ["a.test", "b.test", "blocked.test"], "cut at \(cut)")
            #expect(first.verdict == .accept)
            #expect(second.decision == Decision(.drop, flowMark: .blocked))
            let later = sensor.inspect(
                conversation.segment(
                    DNSStreamTests.stream(["three.test"]),
                    at: DNSStreamTests.stream(["one.test", "two.test"]).count
                )
            )
            #expect(later.verdict == .drop)
            #expect(sensor.inspector.waitingByteCount == 0)
        }
    }
}
