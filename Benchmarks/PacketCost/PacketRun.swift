import Blocklists
import Inspection
import QUICProtection
import Responses
import Telemetry
import Wire

/// The list that names are looked up in.
enum BenchmarkList {
    /// Entries; what a name that is on no list costs does not depend on how many there are.
    static let count = 10_000

    /// The list's entry with this number.
    static func name(_ number: Int) -> String { "listed-\(number).test" }

    /// A blocklist of all entries, with a fixed key: each run does the same.
    static func build(_ action: Action) -> Blocklist {
        var builder = BlocklistBuilder(
            lists: [ListDescriptor(id: "benchmark", action: action)],
            key: HashKey(0x6265_6e63_686d_6172, 0x6b20_6c69_7374_2121)
        )
        builder.reserve(count)
        for number in 0..<count {
            let text = Array(name(number).utf8)
            guard let name = try? DomainName(text: text.span) else { preconditionFailure("an entry is no name") }
            builder.add(ListEntry(name: name, scope: [.itself, .subdomains]), list: 0)
        }
        return builder.build()
    }
}

/// One inspector and the packets that are pushed through it.
struct PacketRun: ~Copyable {
    /// What a run came to.
    struct Cost {
        var nanoseconds = 0
        var names = 0
        var drops = 0
        var opened = 0
        var answers = 0
    }

    private let pool: PacketPool
    private let counters = Counters(queue: 0)
    private var inspector: Inspector
    private var responder: Responder
    private var now = Instant(nanoseconds: 0)
    private let isOnlyOpened: Bool
    private let isAnswered: Bool
    private var opener = InitialOpener()
    private var frames: [UInt8] = []

    init(_ packetClass: PacketClass) {
        pool = packetClass.makePool()
        isOnlyOpened = packetClass.isOnlyOpened
        isAnswered = packetClass.isAnswered
        var configuration = InspectorConfiguration()
        configuration.flowCapacity = packetClass.flowCapacity
        let blocklist = BenchmarkList.build(packetClass.isAnswered ? .nxdomain : .drop)
        inspector = Inspector(configuration: configuration, blocklists: BlocklistSource(blocklist))
        var responses = ResponseConfiguration()
        responses.rate = 10_000_000
        responder = Responder(silent: responses)
        responder.adopt(blocklist)
    }

    /// Goes through the pool once, what comes before its start included.
    mutating func warmUp() {
        _ = push(pool.packets.count, from: 0)
    }

    /// Pushes this many packets through the inspector.
    mutating func measure(_ count: Int) -> Cost {
        let clock = ContinuousClock()
        let start = clock.now
        let before = counters.read().responses(.answer, .failed)
        var cost = push(count, from: pool.start)
        let (seconds, attoseconds) = (clock.now - start).components
        // Without a socket, what was composed and is within its budget is counted as one that the kernel refused.
        cost.answers = Int(counters.read().responses(.answer, .failed) - before)
        cost.nanoseconds = Int(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
        return cost
    }

    private mutating func push(_ count: Int, from first: Int) -> Cost {
        if isOnlyOpened { return Self.open(count, of: pool, from: first, &opener, &frames) }
        return isAnswered
            ? Self.answer(count, of: pool, from: first, &inspector, &responder, &now, counters)
            : Self.push(count, of: pool, from: first, &inspector, &now, counters)
    }

    /// What the engine has swift-crypto do, without the engine.
    private static func open(
        _ count: Int,
        of pool: borrowing PacketPool,
        from first: Int,
        _ opener: inout InitialOpener,
        _ frames: inout [UInt8]
    ) -> Cost {
        var cost = Cost()
        let octets = pool.octets.span
        let packets = pool.packets.span
        var index = first
        for _ in 0..<count {
            let payload = octets.extracting(packets[index]).extracting(droppingFirst: PacketPool.datagramOffset)
            if let packet = try? QUICInitialPacket(parsing: payload),
                opener.open(packet, initialConnectionID: packet.destinationConnectionID, into: &frames)
            {
                cost.opened &+= 1
            }
            index &+= 1
            if index == packets.count { index = pool.start }
        }
        return cost
    }

    /// The same where packets are answered: judge, count, and compose what is to be said.
    private static func answer(
        _ count: Int,
        of pool: borrowing PacketPool,
        from first: Int,
        _ inspector: inout Inspector,
        _ responder: inout Responder,
        _ now: inout Instant,
        _ counters: Counters
    ) -> Cost {
        var cost = Cost()
        let octets = pool.octets.span
        let packets = pool.packets.span
        var index = first
        for _ in 0..<count {
            now.nanoseconds &+= 1_000
            let packet = octets.extracting(packets[index])
            responder.earn(packet.count)
            let decision = inspector.inspect(packet, at: now)
            self.count(decision, &inspector, counters, &cost)
            if decision.response != nil { answer(packet, decision, at: now, &inspector, &responder, counters) }
            index &+= 1
            if index == packets.count { index = pool.start }
        }
        return cost
    }

    /// The loop of a worker, without its socket: judge, then count.
    private static func push(
        _ count: Int,
        of pool: borrowing PacketPool,
        from first: Int,
        _ inspector: inout Inspector,
        _ now: inout Instant,
        _ counters: Counters
    ) -> Cost {
        var cost = Cost()
        let octets = pool.octets.span
        let packets = pool.packets.span
        var index = first
        for _ in 0..<count {
            now.nanoseconds &+= 1_000
            let decision = inspector.inspect(octets.extracting(packets[index]), at: now)
            self.count(decision, &inspector, counters, &cost)
            index &+= 1
            if index == packets.count { index = pool.start }
        }
        return cost
    }

    @inline(never)
    private static func answer(
        _ packet: Span<UInt8>,
        _ decision: Decision,
        at now: Instant,
        _ inspector: inout Inspector,
        _ responder: inout Responder,
        _ counters: Counters
    ) {
        _ = responder.respond(
            to: decision,
            packet,
            message: inspector.decidingMessage,
            at: now.nanoseconds,
            counters
        )
        responder.flush(counters)
    }

    @inline(__always)
    private static func count(
        _ decision: Decision,
        _ inspector: inout Inspector,
        _ counters: Counters,
        _ cost: inout Cost
    ) {
        switch decision.verdict {
        case .accept: counters.countPacket(.accept)
        case .drop:
            counters.countPacket(.drop)
            cost.drops &+= 1
        }
        inspector.count(decision, in: counters)
        cost.names &+= inspector.findingCount
    }
}
