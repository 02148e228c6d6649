import Blocklists
import Glibc
import Inspection
import Telemetry
import TestSupport
import Testing
import Wire

@testable import Responses

/// A worker without a queue: what it judges it answers, and counts.
private struct Desk: ~Copyable {
    let counters = Counters(queue: 0)
    private let source: BlocklistSource
    private var inspector: Inspector
    private var responder: Responder
    private(set) var replacement: [UInt8] = []
    /// Whether each packet is a batch of its own.
    var isFlushing = true

    init(_ action: Action = .nxdomain, _ responder: consuming Responder, page: Bool = false) {
        var configuration = InspectorConfiguration()
        configuration.answersHTTP = page
        source = BlocklistSource(Desk.blocklist([action]))
        inspector = Inspector(configuration: configuration, blocklists: source)
        self.responder = responder
        self.responder.adopt(inspector.blocklist)
    }

    init(_ action: Action = .nxdomain, rate: Int = 1_000, page: [UInt8] = []) {
        var configuration = ResponseConfiguration()
        configuration.rate = rate
        configuration.page = page
        self.init(action, Responder(silent: configuration), page: page.isEmpty == false)
    }

    /// Lists of which each has a name of its own, `blocked0.test` and so on.
    static func blocklist(_ actions: [Action]) -> Blocklist {
        let lists = actions.enumerated().map { ListDescriptor(id: "list-\($0)", action: $1) }
        var builder = BlocklistBuilder(lists: lists, key: HashKey(1, 2))
        for number in actions.indices {
            guard let name = try? DomainName(text: Array("blocked\(number).test".utf8).span) else {
                preconditionFailure("a test's list holds no name")
            }
            builder.add(ListEntry(name: name, scope: [.itself, .subdomains]), list: number)
        }
        return builder.build()
    }

    mutating func flush() { responder.flush(counters) }

    mutating func publish(_ actions: [Action]) {
        _ = source.publish(Desk.blocklist(actions))
        inspector.refreshBlocklist()
        responder.adopt(inspector.blocklist)
    }

    /// Judges and answers a packet; returns whether another goes on in its place.
    @discardableResult
    mutating func take(_ packet: [UInt8], at seconds: Double = 1, earning: Bool = true) -> Bool {
        let now = UInt64(seconds * 1e9)
        if earning { responder.earn(packet.count) }
        let effect = Self.answer(packet, at: now, &inspector, &responder, counters)
        if isFlushing { responder.flush(counters) }
        guard case .replaced = effect else { return false }
        replacement = responder.replacement.array
        return true
    }

    private static func answer(
        _ packet: [UInt8],
        at now: UInt64,
        _ inspector: inout Inspector,
        _ responder: inout Responder,
        _ counters: Counters
    ) -> Responder.Effect {
        let decision = inspector.inspect(packet.span, at: Instant(nanoseconds: now))
        return responder.respond(
            to: decision,
            packet.span,
            message: inspector.decidingMessage,
            at: now,
            counters
        )
    }

    /// How often each kind came to each result; only what is not zero, such as `"answer failed": 1`.
    var counts: [String: UInt64] {
        let reading = counters.read()
        var counts: [String: UInt64] = [:]
        for kind in CountedResponse.allCases {
            for result in ResponseResult.allCases where reading.responses(kind, result) > 0 {
                counts["\(kind.label) \(result.label)"] = reading.responses(kind, result)
            }
        }
        return counts
    }

    var sentOctets: UInt64 { counters.read().responseBytes }
}

@Suite("Responder")
struct ResponderTests {
    private static func query(_ name: String = "blocked0.test", port: UInt16 = 40_000, v6: Bool = false) -> [UInt8] {
        let client: Endpoint = v6 ? .v6(7, port: port) : .v4(7, port: port)
        let builder = PacketBuilder(from: client, to: v6 ? .v6(53, port: 53) : .v4(53, port: 53))
        return builder.udp(DNSBuilder.query(name))
    }

    private static func answer() -> [UInt8] {
        let message = DNSBuilder.response("shop.test", answers: [DNSBuilder.alias("cdn.blocked0.test")])
        return PacketBuilder(from: .v4(53, port: 53), to: .v4(7, port: 40_000)).udp(message)
    }

    /// A connection's SYN and SYN-ACK, and then a segment with data.
    private static func connection(
        _ data: [UInt8],
        port: UInt16,
        from client: UInt16 = 40_000,
        isAnswer: Bool = false
    ) -> [[UInt8]] {
        let conversation = TCPConversation(from: .v4(7, port: client), to: .v4(80, port: port))
        let segment = isAnswer ? conversation.answer(data, at: 0) : conversation.segment(data, at: 0)
        return [conversation.syn, conversation.synAck, segment]
    }

    private static func hello(from client: UInt16 = 40_000) -> [[UInt8]] {
        connection(ClientHelloBuilder(serverName: "blocked0.test").bytes, port: 443, from: client)
    }

    private static let request = Array("GET / HTTP/1.1\r\nHost: blocked0.test\r\n\r\n".utf8)

    @Test func `what cannot be sent is counted as failed, and what falls back to resets too`() {
        var counts: [String: UInt64] = [:]
        do {
            var desk = Desk()
            desk.take(Self.query())
            desk.take(Self.query(v6: true))
            counts = desk.counts
            #expect(counts == ["answer failed": 2])
        }
        do {
            var desk = Desk(.reset)
            for packet in Self.hello() { desk.take(packet) }
            counts = desk.counts
            #expect(counts == ["reset failed": 2])
        }
        do {
            var desk = Desk()
            desk.take(Self.query("other.test"))
            for packet in Self.connection(DNSBuilder.prefixed(DNSBuilder.query("blocked0.test")), port: 53) {
                desk.take(packet)
            }
            counts = desk.counts
            #expect(counts == ["answer failed": 1, "reset failed": 2])
        }
        do {
            var desk = Desk(.reset, page: Array("HTTP/1.1 451 No\r\n\r\n".utf8))
            desk.take(Self.query("other.test"))
            for packet in Self.connection(Self.request, port: 80) { desk.take(packet) }
            counts = desk.counts
            #expect(counts == ["page failed": 1, "reset failed": 2])
        }
        do {
            var desk = Desk(.reset)
            desk.take(Self.query("other.test"))
            for packet in Self.connection(Self.request, port: 80) { desk.take(packet) }
            counts = desk.counts
            #expect(counts == ["reset failed": 2])
        }
    }

    @Test func `an answer that is replaced in place needs no socket, and is no longer than it was`() {
        var desk = Desk(.nxdomain, rate: 1)
        for _ in 0..<5 {
            let isReplaced = desk.take(Self.answer())
            #expect(isReplaced)
        }
        let (counts, octets, replacement) = (desk.counts, desk.sentOctets, desk.replacement)
        #expect(counts == ["rewrite sent": 5])
        #expect(octets == UInt64(5 * replacement.count) && replacement.count <= Self.answer().count)
        #expect(Reading(replacement) != nil)
    }

    @Test func `what nothing can be said to is counted as unanswerable`() {
        var desk = Desk()
        // Signed, so that its client takes no answer but a signed one; to a group; with port zero.
        let record: [UInt8] = [0, 0, 250, 0, 255, 0, 0, 0, 0, 0, 0]
        var signed = DNSQuery(DNSBuilder.name("blocked0.test"))
        signed.additional = [record]
        desk.take(signed.packet())
        var group = PacketBuilder(from: .v4(7, port: 40_000), to: .v4(53, port: 53))
        group.destination.address = [224, 0, 0, 251]
        desk.take(group.udp(DNSBuilder.query("blocked0.test")))
        desk.take(Self.query(port: 0))
        // The last fragment completes the name, and no header in it belongs to the whole.
        let whole = PacketBuilder(from: .v4(7, port: 40_000), to: .v4(53, port: 53))
        let datagram = Array(whole.udp(DNSBuilder.query("blocked0.test", padding: 100)).dropFirst(20))
        for piece in whole.fragments(of: datagram, transport: 17, cutAt: [48]) { desk.take(piece) }
        let counts = desk.counts
        #expect(counts == ["answer unanswerable": 4])
    }

    @Test func `what is beyond the octets that were received is counted as limited`() {
        var desk = Desk()
        desk.take(Self.query(), earning: false)
        var counts = desk.counts
        #expect(counts == ["answer limited": 1])
        // A query's worth of credit is enough for its answer, however long that would like to be.
        desk.take(Self.query())
        desk.take(Self.query(), earning: false)
        counts = desk.counts
        #expect(counts == ["answer limited": 2, "answer failed": 1])

        var other = Desk(.reset)
        for packet in Self.hello() { other.take(packet, earning: false) }
        counts = other.counts
        #expect(counts == ["reset limited": 2])
    }

    @Test func `all kinds draw on one rate`() {
        var desk = Desk(.reset, rate: 7)
        for client in 0..<4 {
            for packet in Self.hello(from: UInt16(50_000 + client)) { desk.take(packet) }
            desk.take(Self.query())
        }
        var counts = desk.counts
        // Two resets and an answer, twice, and one reset more.
        #expect(counts == ["reset failed": 5, "reset limited": 3, "answer failed": 2, "answer limited": 2])
        // A second later there is as much again.
        for _ in 0..<10 { desk.take(Self.query(), at: 2) }
        counts = desk.counts
        #expect(counts["answer failed"] == 9 && counts["answer limited"] == 5)
    }

    @Test func `other lists, other answers`() {
        var desk = Desk(.nxdomain)
        desk.take(Self.query())
        desk.publish([.drop])
        desk.take(Self.query())
        var counts = desk.counts
        #expect(counts == ["answer failed": 1], "a list that only drops says nothing")
        desk.publish([.drop, .observe, .sinkhole])
        desk.take(Self.query())
        desk.take(Self.query("blocked1.test"))
        counts = desk.counts
        #expect(counts == ["answer failed": 1])
        desk.take(Self.query("blocked2.test"))
        desk.publish([])
        desk.take(Self.query())
        desk.take(Self.query("blocked2.test"))
        counts = desk.counts
        #expect(counts == ["answer failed": 2])
    }

    @Test func `a decision of a list that the responder does not know gets no answer`() {
        let source = BlocklistSource(Desk.blocklist([.nxdomain]))
        var inspector = Inspector(configuration: InspectorConfiguration(), blocklists: source)
        var responder = Responder(silent: ResponseConfiguration())
        let (counters, packet) = (Counters(queue: 0), Self.query())
        responder.earn(packet.count)
        let decision = inspector.inspect(packet.span, at: Instant(nanoseconds: 1))
        _ = responder.respond(to: decision, packet.span, message: inspector.decidingMessage, at: 1, counters)
        #expect(decision.response == .answer)
        #expect(counters.read().responses(.answer, .unanswerable) == 1)
    }

    @Test
    func `an answer to a datagram waits for the verdicts on its batch, and for no more packets than there is room for`()
    {
        var desk = Desk(rate: 1_000)
        desk.isFlushing = false
        for number in 1...64 { desk.take(Self.query(port: UInt16(number))) }
        var counts = desk.counts
        #expect(counts.isEmpty)
        desk.take(Self.query())
        counts = desk.counts
        #expect(counts == ["answer failed": 64])
        desk.flush()
        desk.flush()
        counts = desk.counts
        #expect(counts == ["answer failed": 65])
    }

    @Test(.enabled(if: geteuid() == 0, "needs root: raw sockets"))
    func `what waits in one batch arrives in its order, each packet whole`() throws {
        let client: [UInt8] = [127, 0, 0, 8]
        let listening = try Datagrams(boundTo: client)
        defer { listening.close() }
        var desk = Desk(.nxdomain, try Responder(ResponseConfiguration()))
        desk.isFlushing = false
        let messages = (0..<20).map { number in
            let name = String(repeating: "a", count: 1 + number * 3) + ".blocked0.test"
            return DNSBuilder.query(name, identifier: UInt16(number))
        }
        for message in messages {
            let ends = (Endpoint(client, port: listening.port), Endpoint([127, 0, 0, 53], port: 53))
            desk.take(PacketBuilder(from: ends.0, to: ends.1).udp(message))
        }
        desk.flush()
        let (counts, octets) = (desk.counts, desk.sentOctets)
        #expect(counts == ["answer sent": 20])
        #expect(octets == UInt64(messages.reduce(0) { $0 + 28 + $1.count }))
        for message in messages {
            let answer = try #require(listening.receive())
            #expect(Array(answer[..<2]) == Array(message[..<2]) && Array(answer[12...]) == Array(message[12...]))
        }
    }

    @Test(.enabled(if: geteuid() == 0, "needs root: raw sockets"))
    func `what was sent arrives, and its octets are counted`() throws {
        // Nothing leaves the host: both ends are addresses of its own.
        let client: [UInt8] = [127, 0, 0, 7]
        let listening = try Datagrams(boundTo: client)
        defer { listening.close() }
        var desk = Desk(.nxdomain, try Responder(ResponseConfiguration()))
        let message = DNSBuilder.query("blocked0.test", identifier: 0x4711)
        let packet = PacketBuilder(
            from: Endpoint(client, port: listening.port),
            to: Endpoint([127, 0, 0, 53], port: 53)
        ).udp(message)
        for _ in 0..<3 { desk.take(packet) }
        let (counts, octets) = (desk.counts, desk.sentOctets)
        #expect(counts == ["answer sent": 3])
        for _ in 0..<3 {
            let answer = try #require(listening.receive())
            #expect(answer.count == message.count && Array(answer[..<2]) == [0x47, 0x11] && answer[3] & 15 == 3)
        }
        #expect(octets == UInt64(3 * (28 + message.count)) && octets <= UInt64(3 * packet.count))
    }
}

/// A UDP socket of the host's own.
private struct Datagrams {
    private let descriptor: Int32
    private(set) var port: UInt16 = 0

    init(boundTo address: [UInt8]) throws {
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        try #require(descriptor >= 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = address.reversed().reduce(0) { $0 << 8 | UInt32($1) }
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        // SAFETY: the name and the option live through the calls, which take no more of them than their sizes.
        let isBound = unsafe withUnsafeMutablePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                unsafe bind(descriptor, raw, length) == 0 && getsockname(descriptor, raw, &length) == 0
            }
        }
        let hasPatience = unsafe setsockopt(
            descriptor,
            SOL_SOCKET,
            SO_RCVTIMEO,
            &patience,
            socklen_t(MemoryLayout<timeval>.size)
        )
        try #require(isBound && hasPatience == 0)
        port = UInt16(bigEndian: name.sin_port)
    }

    func receive() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 2_048)
        // SAFETY: the array has as many octets as the call may write.
        let count = unsafe recv(descriptor, &bytes, bytes.count, 0)
        return count >= 0 ? Array(bytes[..<count]) : nil
    }

    func close() {
        Glibc.close(descriptor)
    }
}
