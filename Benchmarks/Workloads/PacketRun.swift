import Blocklists
import Inspection
import QUICProtection
import Responses
import Telemetry
import Wire

/// One inspector and the packets that are pushed through it.
struct PacketRun: ~Copyable {
    /// What a run came to.
    struct Cost {
        var names = 0
        var drops = 0
        var opened = 0
        var answers = 0
    }

    private let pool: PacketPool
    private let counters = Counters(queue: 0)
    private let attempts: AttemptTable
    private var inspector: Inspector
    private var responder: Responder
    private var now = Instant(nanoseconds: 0)
    private let isOnlyOpened: Bool
    private let isAnswered: Bool
    private var opener = InitialOpener()
    private var frames: [UInt8] = []
    private var index = 0

    /// An inspector that has seen what comes before the measured packets.
    init(_ packetClass: PacketClass) {
        pool = packetClass.makePool()
        isOnlyOpened = packetClass.isOnlyOpened
        isAnswered = packetClass.isAnswered
        var configuration = InspectorConfiguration()
        configuration.flowCapacity = packetClass.flowCapacity
        configuration.lookAheadSize = packetClass.looksAhead ? 0 : .max
        let blocklist = BenchmarkList.build(10_000, packetClass.isAnswered ? .nxdomain : .drop)
        inspector = Inspector(configuration: configuration, blocklists: BlocklistSource(blocklist))
        attempts = AttemptTable(configuration)
        var responses = ResponseConfiguration()
        responses.rate = 10_000_000
        responder = Responder(silent: responses)
        responder.adopt(blocklist)
        _ = push(pool.start)
    }

    /// Pushes this many packets through the inspector, from where the last call stopped.
    mutating func measure(_ count: Int) -> Cost {
        let before = counters.read().responses(.answer, .failed)
        var cost = push(count)
        // Without a socket, what was composed and is within its budget is counted as one that the kernel refused.
        cost.answers = Int(counters.read().responses(.answer, .failed) - before)
        return cost
    }

    private mutating func push(_ count: Int) -> Cost {
        if isOnlyOpened { return Self.open(count, of: pool, from: &index, &opener, &frames) }
        return isAnswered
            ? Self.answer(count, of: pool, from: &index, &inspector, &responder, &now, counters, attempts)
            : Self.push(count, of: pool, from: &index, &inspector, &now, counters, attempts)
    }

    /// What the engine has libcrypto do, without the engine.
    private static func open(
        _ count: Int,
        of pool: borrowing PacketPool,
        from start: inout Int,
        _ opener: inout InitialOpener,
        _ frames: inout [UInt8]
    ) -> Cost {
        var cost = Cost()
        let octets = pool.octets.span
        let packets = pool.packets.span
        var index = start
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
        start = index
        return cost
    }

    /// The same where packets are answered: judge, count, and compose what is to be said.
    private static func answer(
        _ count: Int,
        of pool: borrowing PacketPool,
        from start: inout Int,
        _ inspector: inout Inspector,
        _ responder: inout Responder,
        _ now: inout Instant,
        _ counters: Counters,
        _ attempts: AttemptTable
    ) -> Cost {
        var cost = Cost()
        let octets = pool.octets.span
        let packets = pool.packets.span
        var index = start
        for _ in 0..<count {
            now.nanoseconds &+= 1_000
            let packet = octets.extracting(packets[index])
            responder.earn(packet.count)
            let decision = inspector.inspect(packet, at: now)
            self.count(decision, &inspector, counters, attempts, at: now, &cost)
            if decision.response != nil { answer(packet, decision, at: now, &inspector, &responder, counters) }
            index &+= 1
            if index == packets.count { index = pool.start }
        }
        start = index
        return cost
    }

    /// The loop of a worker, without its socket: judge, then count.
    private static func push(
        _ count: Int,
        of pool: borrowing PacketPool,
        from start: inout Int,
        _ inspector: inout Inspector,
        _ now: inout Instant,
        _ counters: Counters,
        _ attempts: AttemptTable
    ) -> Cost {
        var cost = Cost()
        let octets = pool.octets.span
        let packets = pool.packets.span
        var index = start
        var left = count
        while left > 0 {
            let batch = min(left, packets.count &- index, Inspector.lookAheadLimit)
            if inspector.beginBatch() {
                for place in 0..<batch { inspector.lookAhead(octets.extracting(packets[index &+ place]), as: place) }
                inspector.endLookAhead()
            }
            for place in 0..<batch {
                now.nanoseconds &+= 1_000
                let packet = octets.extracting(packets[index &+ place])
                let decision = inspector.inspect(packet, as: place, at: now)
                self.count(decision, &inspector, counters, attempts, at: now, &cost)
            }
            index &+= batch
            if index == packets.count { index = pool.start }
            left &-= batch
        }
        start = index
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
        _ attempts: AttemptTable,
        at now: Instant,
        _ cost: inout Cost
    ) {
        switch decision.verdict {
        case .accept: counters.countPacket(.accept)
        case .drop:
            counters.countPacket(.drop)
            cost.drops &+= 1
        }
        inspector.count(decision, in: counters, attempts: attempts, at: now)
        cost.names &+= inspector.findingCount
    }
}
