import Blocklists
import Telemetry
import TestSupport
import Testing
import Wire

@testable import Inspection

/// What the engine asks to be said in place of what it drops.
@Suite("Responses")
struct ResponseTests {
    private static let resolver = PacketBuilder(from: .v4(7, port: 40_000), to: .v4(53, port: 53))
    private static let tls = TCPConversation()
    private static let http = TCPConversation(to: .v4(80, port: 80))
    private static let dns = TCPConversation(to: .v4(53, port: 53))
    private static let request = Array("GET / HTTP/1.1\r\nHost: blocked.test\r\n\r\n".utf8)
    private static let answering: [Action] = [.reset, .nxdomain, .nodata, .refused, .sinkhole]

    private func sensor(_ action: Action, page: Bool = false, unjudged: UnjudgedPackets = []) -> TestSensor {
        var configuration = InspectorConfiguration()
        configuration.answersHTTP = page
        return TestSensor(lists(drop: ["blocked.test"], action: action, unjudged: unjudged), configuration)
    }

    @Test func `silence is kept where a list asks for no more`() {
        for action in [Action.drop, .observe] {
            let sensor = sensor(action)
            #expect(sensor.inspect(Self.resolver.udp(DNSBuilder.query("blocked.test"))).decision.response == nil)
            sensor.inspect([Self.tls.syn, Self.tls.synAck])
            let decision = sensor.inspect(Self.tls.segment(hello(), at: 0)).decision
            #expect(decision.response == nil)
            #expect(decision.flowMark == (action == .drop ? .blocked : nil))
        }
    }

    @Test(arguments: answering)
    func `a query is answered, and the message is there as it came`(_ action: Action) {
        let sensor = sensor(action)
        let query = DNSBuilder.query("WwW.BlOcKeD.test")
        let decision = sensor.inspect(Self.resolver.udp(query)).decision
        #expect(decision == Decision(.drop, response: .answer, list: 0))
        #expect(sensor.message == query)
        #expect(sensor.inspect(Self.resolver.udp(DNSBuilder.query("other.test"))).decision == Decision(.accept))
        #expect(sensor.message.isEmpty)
    }

    @Test(arguments: answering)
    func `an answer with a listed alias is replaced`(_ action: Action) {
        let sensor = sensor(action)
        let answer = DNSBuilder.response("shop.test", answers: [DNSBuilder.alias("cdn.blocked.test")])
        #expect(
            sensor.inspect(Self.resolver.reversed.udp(answer)).decision == Decision(.drop, response: .rewrite, list: 0)
        )
        #expect(sensor.message == answer)
    }

    @Test func `the list that decides is named`() {
        var builder = BlocklistBuilder(
            lists: [
                ListDescriptor(id: "watch", action: .observe),
                ListDescriptor(id: "late", action: .sinkhole, precedence: 20),
                ListDescriptor(id: "early", action: .nodata, precedence: 10),
            ],
            key: HashKey(1, 2)
        )
        var name = DNSTargets.name("blocked.test")
        for list in 0..<3 { builder.add(ListEntry(name: name, scope: [.itself]), list: list) }
        name = DNSTargets.name("late.test")
        builder.add(ListEntry(name: name, scope: [.itself]), list: 1)
        let sensor = TestSensor(builder.build())
        #expect(sensor.inspect(Self.resolver.udp(DNSBuilder.query("blocked.test"))).decision.list == 2)
        #expect(sensor.inspect(Self.resolver.udp(DNSBuilder.query("late.test"))).decision.list == 1)
    }

    @Test(arguments: answering)
    func `a TLS connection is reset, and refused from then on`(_ action: Action) {
        let sensor = sensor(action)
        sensor.inspect([Self.tls.syn, Self.tls.synAck])
        let segments = Self.tls.segments(of: hello(), cutAt: [100])
        #expect(sensor.inspect(segments[0]).decision == Decision(.accept))
        let refused = Decision(.drop, flowMark: .refused, response: .reset, list: 0)
        #expect(sensor.inspect(segments[1]).decision == refused)
        // Whoever has not heard it hears it again.
        #expect(sensor.inspect(segments[1]).decision == refused)
        #expect(sensor.inspect(Self.tls.answer([22, 3, 3], at: 0, acknowledging: 100)).decision == refused)
    }

    @Test func `a query over TCP is answered, and its connection reset once the client closes it`() {
        let sensor = sensor(.nxdomain)
        let query = DNSBuilder.query("blocked.test", identifier: 7)
        let other = DNSBuilder.query("other.test", identifier: 8)
        let stream = DNSBuilder.prefixed(other) + DNSBuilder.prefixed(query) + DNSBuilder.prefixed(other)
        sensor.inspect([Self.dns.syn, Self.dns.synAck])
        let decision = sensor.inspect(Self.dns.segment(stream, at: 0)).decision
        #expect(decision == Decision(.drop, response: .answer, list: 0))
        #expect(sensor.message == query)
        #expect(sensor.inspect(Self.dns.acknowledgment(of: 30, at: stream.count)).decision == Decision(.drop))
        let more = sensor.inspect(Self.dns.segment(DNSBuilder.prefixed(other), at: stream.count)).decision
        #expect(more == Decision(.drop, flowMark: .refused, response: .reset))
    }

    @Test func `a query in several segments is whole when it is answered`() {
        let query = DNSBuilder.query("blocked.test")
        let stream = DNSBuilder.prefixed(query)
        for cut in 1..<stream.count {
            for order in [[0, 1], [1, 0]] {
                let sensor = sensor(.nxdomain)
                sensor.inspect([Self.dns.syn, Self.dns.synAck])
                let segments = Self.dns.segments(of: stream, cutAt: [cut], order: order)
                #expect(sensor.inspect(segments[0]).decision.response == nil)
                #expect(sensor.inspect(segments[1]).decision.response == .answer)
                #expect(sensor.message == query)
            }
        }
    }

    @Test func `a message too long to be kept is not answered`() {
        let sensor = sensor(.nxdomain)
        let stream = DNSBuilder.prefixed(DNSBuilder.query("blocked.test", padding: 9_000))
        sensor.inspect([Self.dns.syn, Self.dns.synAck])
        let decision = sensor.inspect(Self.dns.segments(of: stream, size: 1_400)).map(\.decision)
        #expect(decision?.verdict == .drop)
        #expect(sensor.message.isEmpty)
    }

    @Test func `an HTTP request gets the page where there is one`() {
        let paged = sensor(.reset, page: true)
        paged.inspect([Self.http.syn, Self.http.synAck])
        #expect(
            paged.inspect(Self.http.segment(Self.request, at: 0)).decision == Decision(.drop, response: .page, list: 0)
        )
        let plain = sensor(.reset)
        plain.inspect([Self.http.syn, Self.http.synAck])
        #expect(
            plain.inspect(Self.http.segment(Self.request, at: 0)).decision
                == Decision(.drop, flowMark: .refused, response: .reset, list: 0)
        )
    }

    @Test func `a query in fragments is dropped, and what is said of it is left to the adapter`() {
        let sensor = sensor(.nxdomain)
        let query = DNSBuilder.query("blocked.test", padding: 100)
        let datagram = Array(Self.resolver.udp(query).dropFirst(20))
        let pieces = Self.resolver.fragments(of: datagram, transport: 17, cutAt: [48])
        #expect(sensor.inspect(pieces[0]).verdict == .accept)
        #expect(sensor.inspect(pieces[1]).decision.response == .answer)
        #expect(sensor.message == query)
    }

    // MARK: - What cannot be judged

    private static let broken = resolver.udp([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 1, 0, 1])

    @Test func `a malformed packet passes unless a list or the operator wants it otherwise`() {
        #expect(sensor(.drop).inspect(Self.broken).decision == Decision(.accept, undecided: .malformed))
        let listed = sensor(.drop, unjudged: .dropMalformed)
        #expect(listed.inspect(Self.broken).decision == Decision(.drop, undecided: .malformed))
        #expect(listed.inspect(Self.resolver.udp(DNSBuilder.query("other.test"))).decision == Decision(.accept))
        var configuration = InspectorConfiguration()
        configuration.unjudged = .dropMalformed
        #expect(TestSensor(lists(), configuration).inspect(Self.broken).verdict == .drop)
        configuration.unjudged = .dropOverBudget
        #expect(TestSensor(lists(), configuration).inspect(Self.broken).verdict == .accept)
        // A list that only observes stops nothing.
        #expect(sensor(.observe, unjudged: .dropMalformed).inspect(Self.broken).verdict == .accept)
    }

    @Test func `a connection whose message has no room is blocked where that is wanted`() {
        for isDropped in [false, true] {
            var configuration = InspectorConfiguration()
            configuration.unjudged = isDropped ? .dropOverBudget : []
            let sensor = TestSensor(lists(), configuration)
            sensor.inspect([Self.tls.syn, Self.tls.segment(Array(hello().prefix(100)), at: 0)])
            let data = [UInt8](repeating: 9, count: 1_000)
            let seen = (1..<500).map { sensor.inspect(Self.tls.segment(data, at: $0 * 1_000)).decision }
            #expect(seen.filter { $0.undecided == .overBudget }.count == 1)
            #expect(seen.last == Decision(isDropped ? .drop : .accept, flowMark: isDropped ? .blocked : .accepted))
            #expect(sensor.inspector.waitingByteCount == 0)
        }
    }
}

private enum DNSTargets {
    static func name(_ text: String) -> DomainName {
        var name = DomainName()
        do throws(ListLineError) {
            try HostName.parse(Array(text.utf8).span, into: &name)
        } catch {
            preconditionFailure("a test's list holds no name")
        }
        return name
    }
}
