import Blocklists
import Telemetry
import TestSupport
import Testing
import Wire

@testable import Inspection

/// What of one list, or of all of them, was counted.
private struct Counted: Equatable {
    var events: [String: UInt64] = [:]
    var attempts: [String: UInt64] = [:]
    var tests: [String: UInt64] = [:]
}

/// Workers of one sensor, whose packets are counted.
private final class CountingSensor {
    let attempts: AttemptTable
    let blocks: [Counters]
    var workers: [TestSensor]
    var seconds = 1.0

    init(_ blocklist: Blocklist, workers count: Int = 1, _ configuration: InspectorConfiguration = .init()) {
        attempts = AttemptTable(configuration)
        blocks = (0..<count).map { Counters(queue: UInt16($0)) }
        workers = (0..<count).map { _ in TestSensor(blocklist, configuration) }
    }

    @discardableResult
    func inspect(_ packet: [UInt8], worker: Int = 0, after wait: Double = 0) -> Decision {
        seconds += wait
        workers[worker].seconds = seconds
        let decision = workers[worker].inspect(packet).decision
        let now = Instant(nanoseconds: UInt64(seconds * 1e9))
        workers[worker].inspector.count(decision, in: blocks[worker], attempts: attempts, at: now)
        return decision
    }

    var reading: CounterReading { CounterReading.total(CounterReading.perQueue(blocks)) }

    func counted(slot: Int) -> Counted {
        let reading = reading
        var counted = Counted()
        for mechanism in Mechanism.allCases {
            let label = mechanism.label
            let (events, attempts) = (reading.events(slot: slot, mechanism), reading.attempts(slot: slot, mechanism))
            let tests = reading.testEvents(slot: slot, mechanism)
            if events > 0 { counted.events[label] = events }
            if attempts > 0 { counted.attempts[label] = attempts }
            if tests > 0 { counted.tests[label] = tests }
        }
        return counted
    }

    var any: [UInt64] { [reading.anyEvents, reading.anyAttempts] }
}

/// Entries of lists, each list counted in the slot of its number.
private func blocklist(
    _ lists: [(id: String, action: Action, names: [String], tests: [String])],
    allow: [String] = [],
    key: HashKey = HashKey(1, 2)
) throws -> Blocklist {
    var builder = BlocklistBuilder(
        lists: lists.enumerated().map { ListDescriptor(id: $1.id, action: $1.action, counterSlot: $0) },
        key: key
    )
    func add(_ name: String, _ list: Int?, _ role: EntryRole) throws {
        var parsed = DomainName()
        let text = Array(name.utf8)
        try HostName.parse(text.span, into: &parsed)
        builder.add(ListEntry(name: parsed, scope: [.itself, .subdomains]), list: list, role: role)
    }
    for (place, list) in lists.enumerated() {
        for name in list.names { try add(name, place, .listed) }
        for name in list.tests { try add(name, place, .test) }
    }
    for name in allow { try add(name, nil, .listed) }
    return builder.build()
}

@Suite("Events and attempts")
struct EventTests {
    private static let resolver = PacketBuilder(from: .v4(7, port: 40_000), to: .v4(53, port: 53))
    private static let connection = TCPConversation(to: .v4(80, port: 443))

    private static func query(_ name: String, client: UInt8 = 7) -> [UInt8] {
        PacketBuilder(from: .v4(client, port: 40_000), to: .v4(53, port: 53)).udp(DNSBuilder.query(name))
    }

    private static func sensor(
        _ names: [String] = ["blocked.test"],
        action: Action = .drop,
        tests: [String] = [],
        workers: Int = 1
    ) throws -> CountingSensor {
        CountingSensor(try blocklist([("police", action, names, tests)]), workers: workers)
    }

    @Test func `what a browser asks for one page is five events and one attempt`() throws {
        let sensor = try Self.sensor(workers: 2)
        // A, AAAA and HTTPS, of which each may come to another queue; then TLS, and QUIC of version 1.
        for worker in [0, 1, 0] {
            sensor.inspect(Self.query("www.blocked.test"), worker: worker, after: 0.01)
        }
        sensor.inspect(Self.connection.syn, worker: 1, after: 0.2)
        sensor.inspect(Self.connection.segment(hello("www.blocked.test"), at: 0), worker: 1, after: 0.1)
        sensor.inspect(QUICConversation().hello(quicHello())[0], after: 0.5)
        #expect(
            sensor.counted(slot: 0)
                == Counted(events: ["dns_udp": 3, "tls_sni": 1, "quic_v1": 1], attempts: ["dns_udp": 1])
        )
        #expect(sensor.any == [5, 1])
        #expect(sensor.reading.anyAttempts(.dnsUDP, .drop) == 1 && sensor.reading.anyEvents(.quicV1, .drop) == 1)
        // The next visit begins with the mechanism that it begins with.
        sensor.inspect(QUICConversation().hello(quicHello("blocked.test"))[0], after: 3)
        #expect(sensor.counted(slot: 0).attempts == ["dns_udp": 1])
        var other = QUICConversation()
        other.client = PacketBuilder(from: .v4(8, port: 40_001), to: .v4(80, port: 443))
        sensor.inspect(other.hello(quicHello("blocked.test"))[0])
        #expect(sensor.counted(slot: 0).attempts == ["dns_udp": 1, "quic_v1": 1])
    }

    @Test func `each mechanism is told`() throws {
        let sensor = try Self.sensor((0..<6).map { "n\($0).test" })
        sensor.inspect(Self.query("n0.test"))
        let tcp = TCPConversation(from: .v4(9, port: 40_000), to: .v4(53, port: 53))
        sensor.inspect(tcp.syn)
        sensor.inspect(tcp.segment(DNSBuilder.prefixed(DNSBuilder.query("n1.test")), at: 0))
        sensor.inspect(Self.connection.syn)
        sensor.inspect(Self.connection.segment(hello("n2.test"), at: 0))
        sensor.inspect(QUICConversation().hello(quicHello("n3.test"))[0])
        var second = QUICConversation()
        second.client = PacketBuilder(from: .v4(8, port: 40_000), to: .v4(80, port: 443))
        second.initial.version = .v2
        sensor.inspect(second.hello(quicHello("n4.test"))[0])
        let web = TCPConversation(from: .v4(10, port: 40_000), to: .v4(80, port: 80))
        sensor.inspect(web.syn)
        sensor.inspect(web.segment(Array(HTTPTests.get("n5.test").utf8), at: 0))
        let each = Dictionary(uniqueKeysWithValues: Mechanism.allCases.map { ($0.label, UInt64(1)) })
        #expect(sensor.counted(slot: 0) == Counted(events: each, attempts: each))
        #expect(sensor.any == [6, 6])
    }

    @Test func `names under one entry are one attempt, whoever asks for them`() throws {
        let sensor = try Self.sensor(["a.test", "b.test"])
        sensor.inspect(Self.query("www.a.test", client: 1))
        sensor.inspect(Self.query("b.a.test", client: 2), after: 0.5)
        sensor.inspect(Self.query("A.test", client: 3), after: 0.5)
        sensor.inspect(Self.query("www.b.test", client: 1))
        #expect(sensor.counted(slot: 0) == Counted(events: ["dns_udp": 4], attempts: ["dns_udp": 2]))
        #expect(sensor.any == [4, 2])
    }

    @Test func `a name on two lists is an attempt of each, and one of any`() throws {
        let sensor = CountingSensor(
            try blocklist([
                ("police", .drop, ["both.test", "one.test"], []), ("watch", .observe, ["both.test"], []),
            ])
        )
        sensor.inspect(Self.query("www.both.test"))
        sensor.inspect(Self.query("both.test"), after: 1)
        sensor.inspect(Self.query("one.test"))
        #expect(sensor.counted(slot: 0) == Counted(events: ["dns_udp": 3], attempts: ["dns_udp": 2]))
        #expect(sensor.counted(slot: 1) == Counted(events: ["dns_udp": 2], attempts: ["dns_udp": 1]))
        #expect(sensor.any == [3, 2])
        #expect(sensor.reading.anyEvents(.dnsUDP, .drop) == 3 && sensor.reading.anyEvents(.dnsUDP, .observe) == 0)
    }

    @Test func `entries of different levels are those of their lists, and any goes by the widest`() throws {
        let sensor = CountingSensor(
            try blocklist([
                ("wide", .drop, ["a.test"], []), ("narrow", .drop, ["www.a.test", "b.a.test"], []),
                ("both", .observe, ["a.test", "www.a.test"], []),
            ])
        )
        sensor.inspect(Self.query("www.a.test"))
        sensor.inspect(Self.query("b.a.test"))
        sensor.inspect(Self.query("x.b.a.test"))
        #expect(sensor.counted(slot: 0) == Counted(events: ["dns_udp": 3], attempts: ["dns_udp": 1]))
        #expect(sensor.counted(slot: 1) == Counted(events: ["dns_udp": 3], attempts: ["dns_udp": 2]))
        #expect(sensor.counted(slot: 2) == Counted(events: ["dns_udp": 3], attempts: ["dns_udp": 1]))
        #expect(sensor.any == [3, 1])
    }

    @Test func `lists in snapshots of their own are told apart and taken together alike`() throws {
        let parts = try [("one", "a.test"), ("other", "www.a.test"), ("third", "a.test")].enumerated().map {
            place,
            list in
            var builder = BlocklistBuilder(
                lists: [ListDescriptor(id: list.0, action: .drop, counterSlot: place)],
                key: HashKey(UInt64(place), 9)
            )
            let text = Array(list.1.utf8)
            var name = DomainName()
            try HostName.parse(text.span, into: &name)
            builder.add(ListEntry(name: name, scope: [.itself, .subdomains]), list: 0)
            return Blocklist.Part(builder.buildSnapshot())
        }
        let sensor = CountingSensor(Blocklist(parts))
        sensor.inspect(Self.query("www.a.test"))
        sensor.inspect(Self.query("b.a.test"))
        for slot in [0, 2] {
            #expect(sensor.counted(slot: slot) == Counted(events: ["dns_udp": 2], attempts: ["dns_udp": 1]))
        }
        #expect(sensor.counted(slot: 1) == Counted(events: ["dns_udp": 1], attempts: ["dns_udp": 1]))
        #expect(sensor.any == [2, 1])
    }

    @Test func `the example of the documentation comes to what it says`() throws {
        let sensor = CountingSensor(
            try blocklist([("police", .drop, ["a.test"], []), ("watch", .observe, ["a.test", "www.a.test"], [])])
        )
        let start = sensor.seconds
        func inspect(_ packets: [[UInt8]], at second: Double) {
            sensor.seconds = start + second
            for packet in packets { sensor.inspect(packet) }
        }
        inspect([Self.query("www.a.test")], at: 0)
        inspect([Self.query("www.a.test")], at: 0.01)
        inspect([Self.connection.syn, Self.connection.segment(hello("b.a.test"), at: 0)], at: 0.3)
        inspect([QUICConversation().hello(quicHello("a.test"))[0]], at: 1.9)
        let tcp = TCPConversation(from: .v4(9, port: 40_000), to: .v4(53, port: 53))
        inspect([tcp.syn, tcp.segment(DNSBuilder.prefixed(DNSBuilder.query("a.test")), at: 0)], at: 2.1)
        let expected = Counted(
            events: ["dns_udp": 2, "tls_sni": 1, "quic_v1": 1, "dns_tcp": 1],
            attempts: ["dns_udp": 1, "dns_tcp": 1]
        )
        #expect(sensor.counted(slot: 0) == expected && sensor.counted(slot: 1) == expected)
        #expect(sensor.any == [5, 2])
    }

    @Test func `two names of a list in one packet are one event`() throws {
        let sensor = try Self.sensor(["a.test", "b.test"])
        sensor.inspect(Self.resolver.udp(DNSBuilder.query(["x.a.test", "y.b.test", "z.a.test"])))
        #expect(sensor.reading.matches(slot: 0, .dns) == 3)
        #expect(sensor.counted(slot: 0) == Counted(events: ["dns_udp": 1], attempts: ["dns_udp": 1]))
        #expect(sensor.any == [1, 1])
        // It was one of the first name's entry.
        sensor.inspect(Self.query("a.test"))
        #expect(sensor.any == [2, 1])
        sensor.inspect(Self.query("b.test"))
        #expect(sensor.any == [3, 2])
    }

    @Test func `test names are counted apart, and never as attempts`() throws {
        let sensor = CountingSensor(
            try blocklist([("police", .drop, ["real.test"], ["canary.test"]), ("watch", .observe, ["canary.test"], [])])
        )
        for _ in 0..<3 { sensor.inspect(Self.query("www.canary.test"), after: 5) }
        #expect(sensor.counted(slot: 0) == Counted(tests: ["dns_udp": 3]))
        // The other list has it in earnest.
        #expect(sensor.counted(slot: 1) == Counted(events: ["dns_udp": 3], attempts: ["dns_udp": 3]))
        let alone = try Self.sensor(tests: ["canary.test"])
        alone.inspect(Self.query("canary.test"))
        #expect(alone.any == [0, 0] && alone.counted(slot: 0) == Counted(tests: ["dns_udp": 1]))
        alone.inspect(Self.resolver.udp(DNSBuilder.query(["canary.test", "blocked.test"])), after: 5)
        #expect(alone.any == [1, 1])
        #expect(
            alone.counted(slot: 0)
                == Counted(events: ["dns_udp": 1], attempts: ["dns_udp": 1], tests: ["dns_udp": 2])
        )
    }

    @Test func `a name that is let pass is no event`() throws {
        let sensor = CountingSensor(
            try blocklist([("police", .drop, ["blocked.test"], [])], allow: ["ok.blocked.test"])
        )
        sensor.inspect(Self.query("www.ok.blocked.test"))
        #expect(sensor.any == [0, 0] && sensor.counted(slot: 0) == Counted())
        #expect(sensor.reading.exemptions(slot: 0, .allowed) == 1)
        sensor.inspect(Self.query("www.blocked.test"))
        #expect(sensor.any == [1, 1])
    }

    @Test func `a reload, or the kill switch, neither ends an attempt nor begins one`() throws {
        let source = BlocklistSource(try blocklist([("police", .drop, ["a.test"], [])]))
        let sensor = CountingSensor(source.latest.blocklist)
        sensor.workers[0].inspector = Inspector(configuration: InspectorConfiguration(), blocklists: source)
        sensor.inspect(Self.query("www.a.test"))
        // Another key, another place, another action, another slot.
        source.publish(
            try blocklist(
                [("new", .drop, ["b.test"], []), ("police", .observe, ["a.test"], [])],
                key: HashKey(8, 9)
            )
        )
        sensor.workers[0].inspector.refreshBlocklist()
        sensor.inspect(Self.query("x.a.test"), after: 1)
        #expect(sensor.counted(slot: 0) == Counted(events: ["dns_udp": 1], attempts: ["dns_udp": 1]))
        #expect(sensor.counted(slot: 1) == Counted(events: ["dns_udp": 1]))
        #expect(sensor.any == [2, 1])
        #expect(sensor.reading.anyEvents(.dnsUDP, .observe) == 1)
        sensor.inspect(Self.query("x.a.test"), after: 1)
        #expect(sensor.counted(slot: 1) == Counted(events: ["dns_udp": 2], attempts: ["dns_udp": 1]))
    }

    @Test func `the retransmission of a segment that was dropped is no second event`() throws {
        let sensor = try Self.sensor()
        sensor.inspect(Self.connection.syn)
        let segment = Self.connection.segment(hello("blocked.test"), at: 0)
        for _ in 0..<4 { #expect(sensor.inspect(segment, after: 3).verdict == .drop) }
        #expect(sensor.any == [1, 1])
    }

    @Test func `names that were looked up ahead are counted as others are`() throws {
        var configuration = InspectorConfiguration()
        configuration.lookAheadSize = 0
        let blocklist = try blocklist([
            ("wide", .drop, ["a.test"], ["canary.test"]), ("narrow", .observe, ["www.a.test", "b.test"], []),
        ])
        let names = ["www.a.test", "a.test", "x.www.a.test", "b.test", "canary.test", "none.test"]
        let packets = names.map { Self.query($0) }
        let single = CountingSensor(blocklist)
        for packet in packets { single.inspect(packet) }

        let counters = Counters(queue: 0)
        let attempts = AttemptTable(configuration)
        var inspector = Inspector(configuration: configuration, blocklists: BlocklistSource(blocklist))
        let now = Instant(nanoseconds: 1_000_000_000)
        let isLookedAt = inspector.beginBatch()
        #expect(isLookedAt)
        for (place, packet) in packets.enumerated() { inspector.lookAhead(packet.span, as: place) }
        inspector.endLookAhead()
        for (place, packet) in packets.enumerated() {
            let decision = inspector.inspect(packet.span, as: place, at: now)
            inspector.count(decision, in: counters, attempts: attempts, at: now)
        }
        #expect(counters.read() == single.reading)
        #expect(single.any == [4, 2])
    }

    /// A list's entries, as text, and what they say of a name: the shortest of those that it lies under.
    private static func widest(_ name: String, in entries: [String]) -> String? {
        entries.filter { name == $0 || name.hasSuffix("." + $0) }.min { $0.count < $1.count }
    }

    @Test(arguments: 0..<8)
    func `random traffic is counted as the rule says`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let window = Int.random(in: 1...60, using: &random)
        let labels = ["a", "b", "c"]
        func randomName(_ depth: ClosedRange<Int>) -> String {
            let parts = (0..<Int.random(in: depth, using: &random)).map { _ in
                labels.randomElement(using: &random) ?? "a"
            }
            return (parts + ["test"]).joined(separator: ".")
        }
        let lists = (0..<3).map { list in
            let names = Set((0..<4).map { _ in randomName(1...3) })
            return (id: "list-\(list)", action: Action.observe, names: names.sorted(), tests: [String]())
        }
        var configuration = InspectorConfiguration()
        configuration.attemptWindow = UInt64(window) * 1_000_000_000
        let sensor = CountingSensor(try blocklist(lists), workers: 3, configuration)
        var begun: [String: Double] = [:]
        var expected = [UInt64](repeating: 0, count: 8)
        func note(_ entry: String, _ place: Int) {
            expected[place] += 1
            if let start = begun[entry], sensor.seconds - start < Double(window) { return }
            begun[entry] = sensor.seconds
            expected[place + 1] += 1
        }
        for step in 0..<1_500 {
            let name = randomName(1...4)
            let worker = Int.random(in: 0..<3, using: &random)
            // Eighths of a second, which are exact.
            sensor.seconds += Double(Int.random(in: 0...window, using: &random)) / 8
            if Bool.random(using: &random) {
                sensor.inspect(Self.query(name, client: UInt8(step % 200)), worker: worker)
            } else {
                let packets = TCPConversation(
                    from: .v4(UInt8(step % 200), port: 20_000 + UInt16(step)),
                    to: .v4(80, port: 443)
                )
                sensor.inspect(packets.syn, worker: worker)
                sensor.inspect(packets.segment(hello(name), at: 0), worker: worker)
            }
            let entries = lists.map { Self.widest(name, in: $0.names) }
            for (list, entry) in entries.enumerated() { if let entry { note("\(list) \(entry)", 2 * list) } }
            if let widest = entries.compactMap({ $0 }).min(by: { $0.count < $1.count }) { note("any \(widest)", 6) }
        }
        let reading = sensor.reading
        for list in 0..<3 {
            let events = Mechanism.allCases.reduce(0) { $0 + reading.events(slot: list, $1) }
            let attempts = Mechanism.allCases.reduce(0) { $0 + reading.attempts(slot: list, $1) }
            #expect([events, attempts] == Array(expected[2 * list...2 * list + 1]))
        }
        #expect(sensor.any == Array(expected[6...]))
        #expect(expected[7] > 5 && expected[7] < expected[6])
        #expect(reading.displacedAttempts == 0)
    }
}
