import Blocklists
import ControlSocket
import Glibc
import Inspection
import ListFiles
import LiveCapture
import Logging
import NetfilterQueue
import NetfilterRules
import SensorConfiguration
import Synchronization
import Telemetry

/// A running sensor: its workers, its lists, and what is told about it.
final class Sensor: Sendable {
    private struct State {
        var configuration: SensorConfiguration
        var lists: [ListState]
        var reloads = ReloadCounts()
        var workers: (any SensorWorkers)?
    }

    private let file: ConfigurationFile
    private let logger: Logger
    private let slots = ListSlots()
    private let source: BlocklistSource
    private let processStatistics = ProcessStatisticsSource()
    private let startedAt = Sensor.now()
    private let notifier = ServiceNotifier()
    private let state: Mutex<State>
    private let reloadQueue = ReloadQueue()

    /// Reads the lists; no queue is touched.
    init(_ file: ConfigurationFile, _ configuration: SensorConfiguration, _ logger: Logger) throws {
        self.file = file
        self.logger = logger
        let (blocklist, rejected) = try file.load(configuration, slots: slots)
        source = BlocklistSource(blocklist)
        state = Mutex(State(configuration: configuration, lists: Self.describe(blocklist, at: startedAt)))
        log(rejected)
    }

    /// Binds the queues and starts the workers.
    func start() throws(QueueError) {
        let configuration = state.withLock { $0.configuration }
        let queues = configuration.queues.map { number in
            var queue = QueueConfiguration(number: number)
            queue.failOpen = configuration.failOpen
            queue.copyRange = configuration.copyRange
            queue.maximumLength = UInt32(configuration.queueLength)
            queue.receiveBuffer = configuration.receiveBuffer
            queue.markMask = configuration.rules.mark.mask
            queue.acceptedMark = configuration.rules.mark.accepted
            return queue
        }
        var inspector = configuration.inspectorConfiguration(workers: queues.count)
        inspector.readsTunnels = configuration.readsTunnels
        inspector.flowKey = .random()
        let pool = try WorkerPool(queues, inspector: inspector, blocklists: source)
        state.withLock { $0.workers = pool }
        for state in pool.states { log(state, wanted: configuration) }
    }

    /// Opens the interfaces and starts the workers.
    func start(_ taps: InterfaceTaps) throws(TapError) {
        let pool = try taps.start(state.withLock { $0.configuration }, source, logger)
        state.withLock { $0.workers = pool }
    }

    /// Waits for a worker that ends before it is told to; nil where the task was cancelled before that.
    func firstFailure() async -> (any Error)? {
        await state.withLock { $0.workers }?.firstFailure()
    }

    /// Says that every queue or interface is there and every list in place.
    func announceReadiness() {
        let lists = source.latest.blocklist.lists.count
        logger.info(
            "ready: \(state.withLock { $0.workers?.summary ?? "" }), \(lists) lists, \(entryCount) entries"
        )
        notifier.notify("READY=1")
    }

    /// Judges the packets in hand and ends the workers.
    func stop() {
        let workers = state.withLock { state in
            defer { state.workers = nil }
            return state.workers
        }
        guard let workers else { return }
        notifier.notify("STOPPING=1")
        workers.stop()
        logger.info("stopped")
    }

    /// Reads the lists anew and puts them in place as a whole; a fault leaves everything as it was.
    func reload() async -> ReloadOutcome {
        await reloadQueue.run { await self.reloadNow() }
    }

    /// What the control socket shows and does.
    var controlSource: ControlSource {
        ControlSource(
            reading: { self.reading() },
            isHealthy: { self.state.withLock { $0.workers?.isHealthy ?? false } },
            reload: { await self.reload() }
        )
    }

    private func reloadNow() async -> ReloadOutcome {
        notifier.notify("RELOADING=1\nMONOTONIC_USEC=\(Self.monotonicMicroseconds())")
        defer { notifier.notify("READY=1") }
        let at = Self.now()
        do {
            let configuration = try file.read()
            let (blocklist, rejected) = try file.load(configuration, slots: slots)
            let generation = source.publish(blocklist)
            let lists = Self.describe(blocklist, at: at)
            state.withLock { state in
                state.lists = lists
                state.reloads.succeeded += 1
                state.reloads.last = LastReload(at: at, succeeded: true)
            }
            log(rejected)
            logger.info("reloaded: \(lists.count) lists, \(entryCount) entries, generation \(generation)")
            return .reloaded(lists: lists.map { ReloadedList(id: $0.id, entries: $0.entries) }, generation: generation)
        } catch {
            let reason = (error as? any CommandFailure)?.description ?? String(describing: error)
            state.withLock { state in
                state.reloads.failed += 1
                state.reloads.last = LastReload(at: at, succeeded: false)
            }
            logger.error("reload refused, the lists in use stay: \(reason)")
            return .refused(reason: reason)
        }
    }

    private var entryCount: Int { state.withLock { $0.lists.reduce(0) { $0 + $1.entries } } }

    private func reading() -> SensorReading {
        let (lists, reloads, workers) = state.withLock { ($0.lists, $0.reloads, $0.workers) }
        var state = SensorState(
            version: Grindvakt.productVersion,
            takenAt: Self.now(),
            startedAt: startedAt,
            snapshotGeneration: source.generation,
            reloads: reloads,
            lists: lists,
            process: processStatistics.read()
        )
        workers?.describe(in: &state)
        return SensorReading(workers: workers?.counters ?? [], slots: slots, state: state)
    }

    private func log(_ rejected: [RejectedLine]) {
        for line in rejected.prefix(100) {
            logger.warning("\(line.path):\(line.line): left out: \(line.cause.description)")
        }
        guard rejected.isEmpty == false else { return }
        logger.warning("\(rejected.count) lines left out in all, the first 100 of them named")
    }

    private func log(_ queue: QueueConfigurationState, wanted: SensorConfiguration) {
        let buffers = "receive buffer \(queue.receiveBufferObtained) of \(queue.receiveBufferWanted) octets wanted"
        logger.info(
            "queue \(queue.queue): bound, copy range \(queue.copyRange), length \(queue.maxLength), \(buffers)"
        )
        if queue.receiveBufferObtained < queue.receiveBufferWanted {
            logger.warning(
                "queue \(queue.queue): raise net.core.rmem_max to \(queue.receiveBufferWanted), or run with CAP_NET_ADMIN"
            )
        }
        if wanted.failOpen, queue.failOpenEffective == false {
            logger.warning("queue \(queue.queue): this kernel does not know fail-open; a full queue drops packets")
        }
        if queue.gsoEffective == false {
            logger.warning(
                "queue \(queue.queue): this kernel does not hand over merged packets; throughput will be lower"
            )
        }
    }

    private static func describe(_ blocklist: Blocklist, at time: Double) -> [ListState] {
        zip(blocklist.lists, blocklist.entryCounts).map { list, entries in
            let action =
                switch list.purpose {
                case .action: list.action.rawValue
                case .encryptedDNS: "count"
                }
            return ListState(id: list.id, actions: [action], entries: entries, activatedAt: time)
        }
    }

    /// Seconds since the Unix epoch.
    private static func now() -> Double {
        var time = timespec()
        // SAFETY: `time` outlives the call.
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func monotonicMicroseconds() -> Int {
        var time = timespec()
        // SAFETY: `time` outlives the call.
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000 + time.tv_nsec / 1_000
    }
}

/// Lets one reload run at a time, in the order in which they were asked for.
private actor ReloadQueue {
    private var last: Task<ReloadOutcome, Never>?

    func run(_ reload: @escaping @Sendable () async -> ReloadOutcome) async -> ReloadOutcome {
        let previous = last
        let task = Task.detached {
            _ = await previous?.value
            return await reload()
        }
        last = task
        return await task.value
    }
}
