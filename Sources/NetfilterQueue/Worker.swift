import Blocklists
import CNetfilterQueue
import Dispatch
import Glibc
import Inspection
import Responses
import Synchronization
import Telemetry

/// One queue, one thread, one socket, one inspector, one block of counters; nothing is shared with another worker but the attempts.
struct Worker: ~Copyable, Sendable {
    /// Packets taken at a time.
    private static let batchSize = 64

    private let queue: Queue
    private let counters: Counters
    private let attempts: AttemptTable
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
    /// Nil where the worker is an ordinary thread for good.
    private var priority: WorkerPriority?

    /// A worker that goes on where the queue's worker before it ended: `lastIDBefore` is the number of the last packet that one had, where that
    /// is known.
    init(
        queue: consuming Queue,
        configuration: QueueConfiguration,
        inspector: consuming Inspector,
        responder: consuming Responder,
        counters: Counters,
        attempts: AttemptTable,
        control: WorkerControl,
        lastIDBefore: UInt32? = nil
    ) {
        buffers = ReceiveBuffers(count: Self.batchSize, copyRange: queue.state.copyRange)
        verdicts = VerdictWriter(queue: queue.state.queue, capacity: Self.batchSize)
        lastID = queue.passedAtStart ?? lastIDBefore
        self.queue = queue
        self.counters = counters
        self.attempts = attempts
        self.control = control
        let blocklist = inspector.blocklist
        responder.adopt(blocklist)
        adopted = inspector.blocklistGeneration
        self.inspector = inspector
        self.inspector.gaugeLimits(in: counters)
        self.responder = responder
        marks = MarkBits(configuration)
        priority = configuration.isRealTime ? Self.goFirst() : nil
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
            if control.order != .work, obey(&isDraining) == false { return nil }
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
                setPriority(now: gv_monotonic_nanoseconds(), isFull: false)
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

    /// Does what it was told between two batches, when every packet in hand has its verdict.
    ///
    /// - Returns: whether to go on; if not, the packets that wait are left to whoever has the socket, too.
    @inline(never)
    private mutating func obey(_ isDraining: inout Bool) -> Bool {
        while true {
            switch control.order {
            case .work: return true
            case .leave: return false
            case .drain:
                if isDraining == false { _ = queue.stopQueueing() }
                isDraining = true
                return true
            case .pause:
                control.pause(WorkerRecord(queue: queue.state.queue, lastID: lastID, flows: inspector.makeRecord()))
                guard control.order == .work else { continue }
                // Whoever had the queue in the meantime did not keep it.
                _ = queue.settleUnanswered(by: .again)
                lastID = nil
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
                counters,
                attempts
            )
        }
        guard settle() else { return false }
        setPriority(now: start, isFull: count == Self.batchSize)
        counters.observeVerdict(nanoseconds: gv_monotonic_nanoseconds() &- start, packets: packets)
        // Behind the verdicts, which nobody is to wait for because others are answered.
        responder.flush(counters)
        inspector.gauge(in: counters)
        control.note(generation: inspector.blocklistGeneration)
        return true
    }

    /// Puts the calling thread before others.
    ///
    /// - Returns: nil where the system does not let it: without CAP_SYS_NICE it takes a limit (LimitRTPRIO=) of at least one.
    private static func goFirst() -> WorkerPriority? {
        guard gv_go_first(1) == 0 else { return nil }
        var priority = WorkerPriority(now: gv_monotonic_nanoseconds(), cpu: gv_thread_cpu_nanoseconds())
        priority.raise()
        return priority
    }

    /// Goes before others, or back among them, as the last batch was.
    @inline(__always)
    private mutating func setPriority(now: UInt64, isFull: Bool) {
        guard priority?.isDue(now: now, isFull: isFull) == true else { return }
        changePriority(now: now, isFull: isFull)
    }

    @inline(never)
    private mutating func changePriority(now: UInt64, isFull: Bool) {
        guard let change = priority?.change(now: now, cpu: gv_thread_cpu_nanoseconds(), isFull: isFull) else { return }
        // What was given at the start is given again; back among others every thread may go.
        _ = gv_go_first(change == .raise ? 1 : 0)
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
        _ counters: Counters,
        _ attempts: AttemptTable
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
            count(decision, &inspector, counters, attempts, at: now)
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
    private static func count(
        _ decision: Decision,
        _ inspector: inout Inspector,
        _ counters: Counters,
        _ attempts: AttemptTable,
        at now: Instant
    ) {
        switch decision.verdict {
        case .accept: counters.countPacket(.accept)
        case .drop: counters.countPacket(.drop)
        }
        inspector.count(decision, in: counters, attempts: attempts, at: now)
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
    /// What a worker is to do.
    enum Order: UInt8 {
        /// To judge packets.
        case work
        /// To judge what waits, let the kernel accept what comes, and end.
        case drain
        /// To write down what it knows, and wait.
        case pause
        /// To end, and leave the packets that wait alone.
        case leave
    }

    private let rawOrder = Atomic(Order.work.rawValue)
    private let record = Mutex<WorkerRecord?>(nil)
    private let changed = DispatchSemaphore(value: 0)
    private let seenGeneration = Atomic<UInt64>(0)
    private let otherAcceptedMark = Atomic(false)
    private let withdrawnBefore = Atomic<UInt64>(0)

    /// Which of the two values accepted flows are marked with.
    var takesOtherAcceptedMark: Bool { otherAcceptedMark.load(ordering: .relaxed) }

    /// Nanoseconds of the monotonic clock: decisions made before are to be forgotten; zero for none.
    var withdrawal: UInt64 { withdrawnBefore.load(ordering: .relaxed) }

    /// What the worker is to do.
    var order: Order { Order(rawValue: rawOrder.load(ordering: .relaxed)) ?? .drain }

    /// The generation of the blocklist that the worker uses.
    var generation: UInt64 { seenGeneration.load(ordering: .relaxed) }

    /// Tells the worker what to do, which it does after the batch in hand.
    func give(_ order: Order) {
        rawOrder.store(order.rawValue, ordering: .releasing)
        changed.signal()
    }

    /// What the worker wrote down when it began to wait; nil while it does not.
    var recordOfPause: WorkerRecord? { record.withLock { $0 } }

    /// Waits, on the worker's thread, for another order than to wait.
    func pause(_ knowledge: WorkerRecord) {
        record.withLock { $0 = knowledge }
        while order == .pause { changed.wait() }
        record.withLock { $0 = nil }
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
