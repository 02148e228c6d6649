import Blocklists
import ControlSocket
import Glibc
import Handover
import Inspection
import ListFiles
import LiveCapture
import Logging
import NetfilterQueue
import NetfilterRules
import OperationLog
import Responses
import SensorConfiguration
import Statistics
import Synchronization
import Telemetry

/// A running sensor: its workers, its lists, and what is told about it.
final class Sensor: Sendable {
    /// What changes while it runs.
    struct State {
        var configuration: SensorConfiguration
        var reloads = ReloadCounts()
        var rollbacks = ReloadCounts()
        var workers: (any SensorWorkers)?
        var failOpenSeconds = 0.0
        var withdrawal: DecisionWithdrawal?
        var hits: HitRecord?
        /// When the editions in use came to this host, by their lists.
        var received: [String: (activatedAt: Int64, time: Int64)] = [:]
        /// Packets that passed unseen by the end of the last second.
        var unseen: UInt64 = 0
        var watch = HealthWatch()
        /// When the workers took up what another process had left.
        var tookOverAt: Double?
        /// What another process left, until the workers have it.
        var inheritance: QueueInheritance?
    }

    let file: ConfigurationFile
    /// Puts what the command line says above the file.
    let adjust: @Sendable (inout SensorConfiguration) -> Void
    let logger: Logger
    private let output: LogOutput
    let slots = ListSlots()
    let updater: ListUpdater
    let statistics: StatisticsWriter?
    private let coverage: CoverageIntake?
    let processStatistics = ProcessStatisticsSource()
    let startedAt = Sensor.now()
    let notifier = ServiceNotifier()
    let succession = Mutex(Succession())
    let state: Mutex<State>
    private let changes = ChangeQueue()
    let told = Mutex(ToldState())

    /// Reads the lists; no queue is touched.
    init(
        _ file: ConfigurationFile,
        _ configuration: SensorConfiguration,
        adjust: @escaping @Sendable (inout SensorConfiguration) -> Void,
        _ logger: Logger,
        _ output: LogOutput
    ) throws {
        self.file = file
        self.adjust = adjust
        self.logger = logger
        self.output = output
        updater = ListUpdater(
            try configuration.plan(isLenient: file.isLenient),
            settings: try configuration.updaterSettings(),
            slots: slots
        )
        state = Mutex(State(configuration: configuration))
        told.withLock { $0.remarks = configuration.remarks }
        statistics = try configuration.statisticsSettings().map { settings in
            StatisticsWriter(settings) { event in logger.tell(event) }
        }
        coverage = try statistics.flatMap { try CoverageIntake(configuration, $0, logger) }
        log(try updater.start(), over: [])
    }

    /// Binds the queues and starts the workers.
    ///
    /// - Throws: ``QueueError``, ``ResponseError`` or ``Refusal``.
    func start() throws {
        let configuration = state.withLock { $0.configuration }
        let responses = try configuration.responseConfiguration(workers: configuration.queues.count)
        let queues = configuration.queues.map { number in
            var queue = QueueConfiguration(number: number)
            queue.failOpen = configuration.onOverload == .accept
            queue.copyRange = configuration.copyRange
            queue.maximumLength = UInt32(configuration.queueLength)
            queue.receiveBuffer = configuration.receiveBuffer
            queue.isRealTime = configuration.isRealTime
            queue.markMask = configuration.rules.mark.mask
            queue.acceptedMark = configuration.rules.mark.accepted
            queue.acceptedAnewMark = configuration.rules.mark.acceptedAnew
            queue.blockedMark = configuration.rules.mark.blocked
            queue.refusedMark = configuration.rules.mark.refused
            return queue
        }
        var inspector = configuration.inspectorConfiguration(workers: queues.count)
        inspector.readsTunnels = configuration.readsTunnels
        inspector.flowKey = .random()
        inspector.unjudged = configuration.unjudged
        inspector.answersHTTP = responses.page.isEmpty == false
        // A tap has none: it may run beside the sensor, with the same state directory.
        let hits = try configuration.store().flatMap { HitRecord(in: $0.folder, logger) }
        let pool = try WorkerPool(
            queues,
            inspector: inspector,
            blocklists: updater.source,
            hits: hits?.sketches,
            inheritance: state.withLock { $0.inheritance.take() }
        ) {
            try responder(responses)
        }
        let withdrawal = DecisionWithdrawal(
            lifetime: configuration.decisionLifetime,
            mark: configuration.rules.mark,
            generation: updater.source.generation
        )
        state.withLock { state in
            state.workers = pool
            state.hits = hits
            state.withdrawal = withdrawal
        }
        for state in pool.states { log(state, wanted: configuration) }
        if let takeover = pool.takeover {
            state.withLock { $0.tookOverAt = Self.now() }
            log(takeover)
        }
    }

    /// The workers of the queues; nil in a tap, and where they do not work.
    var pool: WorkerPool? { state.withLock { $0.workers } as? WorkerPool }

    /// Notes what another process left, for ``start()``.
    func inherit(_ inheritance: QueueInheritance) {
        state.withLock { $0.inheritance = inheritance }
    }

    /// What a worker answers by; one that cannot send, where no list asks for it and the process may not.
    private func responder(_ configuration: ResponseConfiguration) throws(ResponseError) -> Responder {
        do throws(ResponseError) {
            return try Responder(configuration)
        } catch {
            guard updater.report.lists.contains(where: { $0.descriptor.action.needsSending }) == false else {
                throw error
            }
            logger.tell(.responsesImpossible, error.description, [.reason: .text(error.description)])
            return Responder(silent: configuration)
        }
    }

    /// Opens the interfaces and starts the workers.
    func start(_ taps: InterfaceTaps) throws(TapError) {
        let pool = try taps.start(state.withLock { $0.configuration }, updater.source, logger)
        state.withLock { $0.workers = pool }
    }

    /// Waits for a worker that ends before it is told to; nil where the task was cancelled before that.
    func firstFailure() async -> (any Error)? {
        await state.withLock { $0.workers }?.firstFailure()
    }

    /// Says that every queue or interface is there and every list in place.
    func announceReadiness() {
        let lists = updater.report.lists
        let workers = state.withLock { $0.workers?.summary ?? "" }
        logger.tell(
            .ready,
            "ready: \(workers), \(lists.count) lists, \(lists.entryCount) entries",
            [.workers: .text(workers), .lists: .number(lists.count), .entries: .number(lists.entryCount)]
        )
        noteExpiry()
        notifier.notify("READY=1")
    }

    /// Judges the packets in hand and ends the workers.
    ///
    /// - Parameter reason: why, where ``willStop(because:)`` has not said it.
    func stop(because reason: String? = nil) {
        let workers = state.withLock { state in
            defer { state.workers = nil }
            return state.workers
        }
        guard let workers else { return }
        log(stopBecause: reason)
        // While nobody waits for it: what is counted from here on is little.
        if leavesQueues { statistics?.writeNow(statisticsReading(of: workers)) }
        end(workers)
        if let statistics {
            statistics.writeNow(statisticsReading(of: workers))
            statistics.close()
        }
        writeHits()
        logEndOfEpisodes(state.withLock { $0.configuration.onOverload })
        output.tellLeftOut(isLast: true)
        logger.tell(.stopped, "stopped")
    }

    /// Reads the lists anew and puts each that is accepted in place; a fault leaves a list as it was.
    func reload(by uid: UInt32? = nil) async -> ReloadOutcome {
        await changes.run { self.reloadNow(Self.caller(uid)) }
    }

    /// What the control socket shows and does.
    var controlSource: ControlSource {
        ControlSource(
            reading: { self.reading() },
            isHealthy: { self.state.withLock { $0.workers?.isHealthy ?? false } },
            reload: { await self.reload(by: $0) },
            rollback: { uid in await self.changes.run { self.rollBackNow(Self.caller(uid)) } },
            setKillSwitch: { isOn, uid in
                await self.changes.run { self.setKillSwitchNow(isOn, Self.caller(uid)) }
            },
            pass: { request, uid in
                let wishedAt = Self.monotonicSeconds()
                let outcome = await self.changes.run { self.passNow(request, Self.caller(uid)) }
                if case (.letPass, .done) = (request.change, outcome) { self.noteUnblock(since: wishedAt) }
                return outcome
            },
            upgrade: { uid in await self.upgrade(Self.caller(uid)) }
        )
    }

    /// Notes what has gone wrong in the second that has just gone by.
    func noteHealth() {
        guard let workers = state.withLock({ $0.workers }) else { return }
        let signs = workers.counters.map(\.vitalSigns)
        var present = SensorState(version: "", takenAt: 0, startedAt: 0, snapshotGeneration: 0)
        workers.describe(in: &present)
        let unseen = signs.reduce(0) { $0 &+ $1.unseen }
        state.withLock { [present] state in
            if state.configuration.onOverload == .accept, unseen != state.unseen { state.failOpenSeconds += 1 }
            state.unseen = unseen
            var present = present
            present.failOpenSeconds = state.failOpenSeconds
            state.watch.note(present, signs, at: Self.monotonicSeconds())
        }
    }

    /// Withdraws what earlier lists decided about connections, once its time is up.
    func withdrawDecisions() async {
        let newest = updater.source.generation
        let (mask, replacements) = state.withLock { state in
            guard let pool = state.workers as? WorkerPool, var withdrawal = state.withdrawal else {
                return (UInt32(0), [ConnectionMarks.Replacement]())
            }
            let replacements = withdrawal.due(newest, pool, at: WorkerPool.now)
            state.withdrawal = withdrawal
            return (state.configuration.rules.mark.mask, replacements)
        }
        guard replacements.isEmpty == false else { return }
        let logger = logger
        await changes.run {
            do throws(ConnectionMarks.Failure) {
                var count = 0
                for replacement in replacements { count += try ConnectionMarks(mask: mask).replace(replacement) }
                logger.tell(
                    .connectionsWithdrawn,
                    "\(count) connections decided by earlier lists are reset or looked at again",
                    [.count: .number(count)]
                )
            } catch {
                logger.tell(.withdrawalFailed, error.description, [.reason: .text(error.description)])
            }
        }
    }

    /// Does what the time asks of the lists.
    func tick() async {
        await changes.run { self.updater.tick() }
        noteExpiry()
        output.tellLeftOut()
    }

    /// Brings the entries that were hit since the last time into their file, where there is a state directory for it.
    func writeHits() {
        state.withLock { $0.hits }?.write(slots.all, at: Self.now())
    }

    /// Writes the figures of the time since the last write to the store of statistics, where there is one.
    func writeStatistics() async {
        guard let statistics, let workers = state.withLock({ $0.workers }) else { return }
        await statistics.write(statisticsReading(of: workers))
        await coverage?.take(at: Timestamp.now.seconds)
    }

    private func statisticsReading(of workers: any SensorWorkers) -> StatisticsReading {
        StatisticsReading(reading(of: workers), monotonic: Self.monotonicSeconds())
    }

    /// Notes how long it takes until every worker has the lists that are published now. Taps block nothing, so that there is nothing to unblock.
    ///
    /// - Parameters:
    ///   - wishedAt: when names were asked to pass, by the clock that only goes on.
    ///   - issuedAt: when publishers issued what lets them pass, in seconds since the Unix epoch; nil where it was somebody here.
    private func noteUnblock(since wishedAt: Double, issuedAt: [Double]? = nil) {
        guard let statistics, let pool = state.withLock({ $0.workers }) as? WorkerPool else { return }
        let generation = updater.source.generation
        Task {
            // A worker that is stuck for longer is told by the sensor's health.
            while Self.monotonicSeconds() - wishedAt < 60 {
                guard pool.oldestGeneration < generation else {
                    guard let issuedAt else {
                        return statistics.noteUnblock(seconds: Self.monotonicSeconds() - wishedAt)
                    }
                    for time in issuedAt { statistics.noteUnblock(seconds: max(Self.now() - time, 0), isRemoval: true) }
                    return
                }
                try? await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    /// Notes how long it took from the issue of the editions that an update has put into use until names that they have no more pass, and from
    /// the wish for the update until names that are allowed now do.
    func noteUnblocks(_ outcome: ListUpdater.Outcome, _ plan: ListPlan, since wishedAt: Double) {
        if outcome.newlyAllowed > 0 { noteUnblock(since: wishedAt) }
        let issued = outcome.lists.compactMap { list -> Double? in
            guard list.isFallback == false, outcome.differences[list.id].map({ $0.removed > 0 }) == true else {
                return nil
            }
            let path = plan.lists.first { $0.descriptor.id == list.id }?.path
            return list.edition.issuedAt.map { Double($0) } ?? path.flatMap { Self.changedAt($0) }.map { Double($0) }
        }
        if issued.isEmpty == false { noteUnblock(since: wishedAt, issuedAt: issued) }
    }

    /// Logs what has begun or ended since it was last called, about once a second.
    func noteEpisodes() {
        let (workers, configuration) = state.withLock { ($0.workers, $0.configuration) }
        if let workers { log(episodesOf: workers, configuration) }
    }

    private func noteExpiry() {
        log(expiryOf: updater.report.lists, state.withLock { $0.configuration.trust.expired })
    }

    /// Seconds since the Unix epoch.
    static func now() -> Double {
        var time = timespec()
        // SAFETY: `time` outlives the call.
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// When a file came to its place, or was changed there, in seconds since the Unix epoch; nil where it is missing.
    static func changedAt(_ path: String) -> Int64? {
        var status = stat()
        // SAFETY: the path and the result outlive the call.
        guard unsafe stat(path, &status) == 0 else { return nil }
        return Int64(status.st_ctim.tv_sec)
    }

    static func monotonicSeconds() -> Double {
        Double(monotonicMicroseconds()) / 1e6
    }

    static func monotonicMicroseconds() -> Int {
        var time = timespec()
        // SAFETY: `time` outlives the call.
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000 + time.tv_nsec / 1_000
    }
}
