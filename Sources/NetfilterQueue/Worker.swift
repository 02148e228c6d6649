import Blocklists
import CNetfilterQueue
import Glibc
import Inspection
import Responses
import Synchronization
import Telemetry

/// One queue, one thread, one socket, one inspector, one block of counters; nothing is shared with another worker.
struct Worker: ~Copyable, Sendable {
    /// Packets taken at a time.
    private static let batchSize = 64

    private let queue: Queue
    private let counters: Counters
    private let control: WorkerControl
    private var marks: MarkBits
    private var inspector: Inspector
    private var lastID: UInt32?
    private var buffers: ReceiveBuffers
    private var verdicts: VerdictWriter
    private var responder: Responder
    private var clientPacket = ClientPacket()
    private var adopted: UInt64
    private var readsConnections = false

    init(
        queue: consuming Queue,
        configuration: QueueConfiguration,
        inspector: consuming Inspector,
        responder: consuming Responder,
        counters: Counters,
        control: WorkerControl
    ) {
        buffers = ReceiveBuffers(count: Self.batchSize, copyRange: queue.state.copyRange)
        verdicts = VerdictWriter(queue: queue.state.queue, capacity: Self.batchSize)
        lastID = queue.passedAtStart
        self.queue = queue
        self.counters = counters
        self.control = control
        let blocklist = inspector.blocklist
        responder.adopt(blocklist)
        adopted = inspector.blocklistGeneration
        self.inspector = inspector
        self.inspector.gaugeLimits(in: counters)
        self.responder = responder
        marks = MarkBits(configuration)
        readConnections(of: blocklist)
    }

    /// Judges packets until it is told to stop, then those that still wait.
    ///
    /// - Returns: the error number that ended the loop before its time; nil after an orderly stop.
    mutating func run() -> Int32? {
        if let id = queue.passedAtStart {
            verdicts.reset()
            verdicts.add(.accept, id: id, mark: nil)
            guard settle() else { return EIO }
        }
        var isDraining = false
        while true {
            if control.isStopping, isDraining == false {
                isDraining = true
                _ = queue.stopQueueing()
            }
            let count = buffers.receive(from: queue.descriptor)
            if count > 0 {
                refreshBlocklist()
                guard judge(count) else { return EIO }
                continue
            }
            switch -count {
            case 0, Int(EINTR):
                continue
            case Int(EAGAIN):
                refreshBlocklist()
                control.note(generation: inspector.blocklistGeneration)
                if isDraining { return nil }
            case Int(ENOBUFS):
                counters.countReceiveOverrun()
            default:
                return Int32(-count)
            }
        }
    }

    private mutating func refreshBlocklist() {
        inspector.refreshBlocklist()
        marks.takesOther = control.takesOtherAcceptedMark
        inspector.forgetDecisions(asOf: control.withdrawal)
        guard inspector.blocklistGeneration != adopted else { return }
        adopted = inspector.blocklistGeneration
        let blocklist = inspector.blocklist
        responder.adopt(blocklist)
        readConnections(of: blocklist)
    }

    /// Asks for what connection tracking knows where a list answers, and only there, as it makes every packet dearer.
    private mutating func readConnections(of blocklist: Blocklist) {
        let isWanted = blocklist.lists.contains { $0.action.needsSending }
        guard isWanted != readsConnections, queue.readConnections(isWanted) else { return }
        readsConnections = isWanted
    }

    /// Judges a batch and sends its verdicts.
    private mutating func judge(_ count: Int) -> Bool {
        let start = gv_monotonic_nanoseconds()
        let now = Instant(nanoseconds: start)
        var packets = 0
        verdicts.reset()
        if inspector.beginBatch() { Self.lookAhead(buffers, count, &inspector) }
        for index in 0..<count {
            packets += Self.judge(
                buffers,
                index,
                at: now,
                &inspector,
                &responder,
                &clientPacket,
                &verdicts,
                &lastID,
                marks,
                counters
            )
        }
        guard settle() else { return false }
        counters.observeVerdict(nanoseconds: gv_monotonic_nanoseconds() &- start, packets: packets)
        // Behind the verdicts, which nobody is to wait for because others are answered.
        responder.flush(counters)
        inspector.gauge(in: counters)
        control.note(generation: inspector.blocklistGeneration)
        return true
    }

    /// Looks at the packets of a batch, the first of each message buffer.
    private static func lookAhead(_ buffers: borrowing ReceiveBuffers, _ count: Int, _ inspector: inout Inspector) {
        for index in 0..<min(count, Inspector.lookAheadLimit) {
            var messages = NetlinkMessages(buffers[index])
            guard let message = messages.next(), let packet = QueuedPacket(message) else { continue }
            inspector.lookAhead(packet.payload, as: index)
        }
        inspector.endLookAhead()
    }

    /// Judges the packets of one message buffer.
    ///
    /// Static, so that the buffer stays borrowed while the inspector and the verdicts change.
    /// - Returns: how many there were.
    @inline(__always)
    private static func judge(
        _ buffers: borrowing ReceiveBuffers,
        _ index: Int,
        at now: Instant,
        _ inspector: inout Inspector,
        _ responder: inout Responder,
        _ clientPacket: inout ClientPacket,
        _ verdicts: inout VerdictWriter,
        _ lastID: inout UInt32?,
        _ marks: MarkBits,
        _ counters: Counters
    ) -> Int {
        var packets = 0
        var messages = NetlinkMessages(buffers[index])
        var isFirst = true
        while let message = messages.next() {
            let mayBeLookedAt = isFirst
            isFirst = false
            guard let packet = QueuedPacket(message) else { continue }
            // The kernel numbers every packet of the queue; a number that is missing was a packet for which there was no room.
            if let lastID, packet.id &- lastID > 1 { counters.countUnseen(UInt64(packet.id &- lastID &- 1)) }
            lastID = packet.id
            guard marks.isBlocked(packet.mark) == false else {
                // It was judged and sent through its hook once more, where no rule took it.
                verdicts.add(.drop, id: packet.id, mark: nil)
                continue
            }
            packets += 1
            responder.earn(packet.payload.count)
            if packet.hasUnfinishedChecksum { counters.countUnfinishedChecksum() }
            let decision =
                mayBeLookedAt
                ? inspector.inspect(packet.payload, as: index, at: now) : inspector.inspect(packet.payload, at: now)
            count(decision, &inspector, counters)
            guard decision.response == nil else {
                answer(packet, decision, at: now, &inspector, &responder, &clientPacket, &verdicts, marks, counters)
                continue
            }
            verdicts.add(decision.verdict, id: packet.id, mark: marks.newMark(decision, packet.mark))
        }
        return packets
    }

    /// Answers for a packet that is dropped, and writes its verdict.
    @inline(never)
    private static func answer(
        _ packet: QueuedPacket,
        _ decision: Decision,
        at now: Instant,
        _ inspector: inout Inspector,
        _ responder: inout Responder,
        _ clientPacket: inout ClientPacket,
        _ verdicts: inout VerdictWriter,
        _ marks: MarkBits,
        _ counters: Counters
    ) {
        if let view = packet.clientView, clientPacket.restore(view, in: packet.payload) {
            _ = responder.respond(
                to: decision,
                clientPacket.span,
                message: inspector.decidingMessage,
                server: clientPacket.server,
                at: now.nanoseconds,
                counters
            )
            verdicts.add(decision.verdict, id: packet.id, mark: marks.newMark(decision, packet.mark))
            return
        }
        let effect = responder.respond(
            to: decision,
            packet.payload,
            message: inspector.decidingMessage,
            at: now.nanoseconds,
            counters
        )
        if case .replaced = effect, verdicts.add(replacement: responder.replacement, id: packet.id) { return }
        verdicts.add(decision.verdict, id: packet.id, mark: marks.newMark(decision, packet.mark))
    }

    /// Sends the verdicts that have been written.
    private mutating func settle() -> Bool {
        verdicts.flush()
        guard unsafe verdicts.messages.isEmpty == false else { return true }
        // SAFETY: the messages lie in the writer's buffer, which is not written during the call.
        return unsafe queue.send(verdicts.messages)
    }

    @inline(__always)
    private static func count(_ decision: Decision, _ inspector: inout Inspector, _ counters: Counters) {
        switch decision.verdict {
        case .accept: counters.countPacket(.accept)
        case .drop: counters.countPacket(.drop)
        }
        inspector.count(decision, in: counters)
    }
}

/// The bits of packet marks that are ours.
private struct MarkBits {
    private let mask: UInt32
    private let accepted: UInt32
    private let acceptedAnew: UInt32
    private let blocked: UInt32
    private let refused: UInt32

    /// Which of the two values of accepted flows is given.
    var takesOther = false

    init(_ configuration: QueueConfiguration) {
        mask = configuration.markMask
        acceptedAnew = configuration.acceptedAnewMark
        accepted = configuration.acceptedMark
        blocked = configuration.blockedMark
        refused = configuration.refusedMark
    }

    /// The packet's new mark word, nil where it stays: only our bits are changed, to say what becomes of its flow.
    @inline(__always)
    func newMark(_ decision: Decision, _ mark: UInt32) -> UInt32? {
        guard let flowMark = decision.flowMark, mask != 0 else { return nil }
        let value =
            switch flowMark {
            case .accepted: takesOther ? acceptedAnew : accepted
            case .blocked: blocked
            case .refused: refused
            }
        let new = mark & ~mask | value
        return value == 0 || new == mark ? nil : new
    }

    /// Whether the mark says that the packet was judged, and is to be dropped.
    @inline(__always)
    func isBlocked(_ mark: UInt32) -> Bool {
        let value = mark & mask
        return value != 0 && (value == blocked || value == refused)
    }
}

/// What a worker's thread and the others tell each other.
final class WorkerControl: Sendable {
    private let stopping = Atomic(false)
    private let seenGeneration = Atomic<UInt64>(0)
    private let otherAcceptedMark = Atomic(false)
    private let withdrawnBefore = Atomic<UInt64>(0)

    /// Which of the two values accepted flows are marked with.
    var takesOtherAcceptedMark: Bool { otherAcceptedMark.load(ordering: .relaxed) }

    /// Nanoseconds of the monotonic clock: decisions made before are to be forgotten; zero for none.
    var withdrawal: UInt64 { withdrawnBefore.load(ordering: .relaxed) }

    /// Whether the worker is to judge what waits and end.
    var isStopping: Bool { stopping.load(ordering: .relaxed) }

    /// The generation of the blocklist that the worker uses.
    var generation: UInt64 { seenGeneration.load(ordering: .relaxed) }

    func stop() {
        stopping.store(true, ordering: .relaxed)
    }

    func setOtherAcceptedMark(_ isOther: Bool) {
        otherAcceptedMark.store(isOther, ordering: .relaxed)
    }

    func withdraw(before instant: UInt64) {
        withdrawnBefore.store(instant, ordering: .relaxed)
    }

    /// Tells which generation the worker uses; nothing is written where that is known, so that those who look at it share the cache line.
    func note(generation: UInt64) {
        if self.generation != generation { seenGeneration.store(generation, ordering: .relaxed) }
    }
}
