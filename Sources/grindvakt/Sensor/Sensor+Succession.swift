import Confinement
import ControlSocket
import Dispatch
import Glibc
import Handover
import ListFiles
import NetfilterQueue
import OperationLog
import Responses
import Synchronization

/// What becomes of the queues before a process and after it.
struct SuccessionOptions: Sendable {
    /// Whether another sensor can ask for the queues.
    var isInLine = false
    /// Whether they are taken from the sensor that runs.
    var takesOver = false
    /// Whether systemd keeps them while no process has them.
    var keepsQueues = false
}

/// How far a sensor has come in leaving its queues to another process.
struct Succession {
    /// What happens to the queues at the end.
    enum End {
        /// They are let go once what waits is judged.
        case release
        /// They stay bound, and packets wait for the next process.
        case leave
        /// Another process has them already.
        case handedOver
    }

    var end = End.release
    /// Whether the end has begun: nothing is handed over any more.
    var hasEnded = false
    var keepsQueues = false
    /// The queues that another process had.
    var inherited: Set<UInt16> = []
    /// Whether a successor is being started.
    var isUpgrading = false
    /// A descriptor of the socket that listens for scrapers.
    var listener: Descriptor?
    /// Starts the program that is installed by then.
    var starter: ProgramStarter?
}

/// What came from the sensor that ran before.
struct Handover {
    /// The conversation with it.
    let connection: HandoverConnection
    /// Its socket that listens for scrapers.
    let listener: Descriptor?
}

// How queues go from one process to the next: over a Unix socket between two that run at the same time, or by way of systemd.
extension Sensor {
    /// Seconds that the other process has for what takes no time where all is well.
    private static let patience = 5.0
    /// Seconds that the successor has from the queues to its first verdict.
    private static let takingTime = 30.0
    /// Seconds after which a sensor that queued packets once more is known not to die of them.
    private static let probation = 1
    /// Seconds between two starts while somebody else has a queue.
    private static let pauseBetweenStarts = 3

    // MARK: - The successor

    /// Takes up what systemd kept.
    func inherit(_ stored: [StoredDescriptor]) {
        var sockets: [UInt16: Int32] = [:]
        var record: PoolRecord?
        var isOnProbation = false
        for file in stored {
            switch StoredName(file.name) {
            case .queue(let number):
                guard sockets[number] == nil else { continue }
                sockets[number] = file.descriptor.duplicate()
            case .state:
                record = MemoryFile.content(of: file.descriptor).flatMap { try? PoolRecord(parsing: $0) }
                // It says what was so when it was written.
                notifier.forget(StoredName.state.text)
            case .repeated: isOnProbation = true
            case nil: continue
            }
        }
        guard sockets.isEmpty == false else { return }
        succession.withLock { $0.inherited = Set(sockets.keys) }
        // Who ended in order did not die of what was queued once more.
        if record != nil { notifier.forget(StoredName.repeated.text) }
        if record == nil, isOnProbation == false, let mark = MemoryFile.make([]) {
            _ = notifier.keep(mark.number, as: StoredName.repeated.text)
        }
        inherit(QueueInheritance(sockets: sockets, record: record, remedy: isOnProbation ? .accept : .again))
    }

    /// Waits before a start that failed for the time being ends, where systemd is to try again; it would give up after five starts in ten seconds.
    ///
    /// Nothing waits meanwhile: systemd lets go of the queues that it kept, so that the kernel lets packets pass.
    ///
    /// - Parameter reason: why it failed, which systemd shows.
    func holdBack(because reason: String) async {
        guard notifier.isHeard else { return }
        for queue in succession.withLock(\.inherited) { notifier.forget(StoredName.queue(queue).text) }
        notifier.forget(StoredName.repeated.text)
        notifier.notify("STATUS=Tried again in \(Self.pauseBetweenStarts) s: \(reason)")
        try? await Task.sleep(for: .seconds(Self.pauseBetweenStarts))
    }

    /// Asks the sensor that runs for its queues.
    ///
    /// - Parameter path: the metrics socket of both.
    /// - Returns: the conversation, which is to be finished once this sensor judges.
    /// - Throws: ``HandoverError``; the other sensor goes on then.
    func takeOver(besides path: String) throws(HandoverError) -> Handover {
        let path = HandoverSocket.path(besides: path)
        let connection = try HandoverSocket.connect(to: path)
        guard connection.send(.take) else { throw .refused(path) }
        var sockets: [UInt16: Int32] = [:]
        var record: PoolRecord?
        var listener: Descriptor?
        while true {
            guard case .message(let message, let descriptor) = connection.receive(within: 2 * Self.patience) else {
                throw .refused(path)
            }
            switch (message, descriptor) {
            case (.queue(let number), .some(let descriptor)):
                if let copy = descriptor.duplicate() { sockets[number] = copy }
            case (.state, .some(let descriptor)):
                record = MemoryFile.content(of: descriptor).flatMap { try? PoolRecord(parsing: $0) }
            case (.listener, .some(let descriptor)): listener = descriptor
            case (.answers, .some(let descriptor)): PassedSockets.adopt(descriptor.number)
            case (.all, nil):
                succession.withLock { $0.inherited = Set(sockets.keys) }
                inherit(QueueInheritance(sockets: sockets, record: record))
                return Handover(connection: connection, listener: listener)
            default: throw .refused(path)
            }
        }
    }

    /// Tells the predecessor that the queues are taken, and puts this sensor's socket in the place of the other's.
    ///
    /// - Throws: ``HandoverError``, where it has taken them back.
    func finish(_ handover: Handover, _ control: ControlSocket) throws {
        guard handover.connection.send(.taken) else { throw HandoverError.refused(control.path) }
        // systemd listens to the new process once the old one has named it.
        _ = handover.connection.receive(within: Self.patience)
        try control.publish()
    }

    /// Lets other sensors ask for the queues, and systemd keep them.
    ///
    /// - Returns: where they ask; nil where that is impossible, which is logged.
    func awaitSuccessors(
        besides path: String,
        _ listener: MetricsListener?,
        _ options: SuccessionOptions,
        _ starter: ProgramStarter?
    ) -> HandoverSocket? {
        let keepsQueues = options.keepsQueues && notifier.isHeard
        succession.withLock { succession in
            succession.keepsQueues = keepsQueues
            succession.starter = starter
            succession.listener = listener?.duplicate().map { Descriptor(taking: $0) }
        }
        if keepsQueues {
            var released = succession.withLock(\.inherited)
            pool?.forEachSocket { queue, descriptor in
                released.remove(queue)
                _ = notifier.keep(descriptor, as: StoredName.queue(queue).text)
            }
            // A queue that is not configured any more stays bound as long as anybody keeps its socket.
            for queue in released { notifier.forget(StoredName.queue(queue).text) }
            DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(Self.probation)) { [notifier] in
                notifier.forget(StoredName.repeated.text)
            }
        }
        do throws(HandoverError) {
            return try HandoverSocket(path: HandoverSocket.path(besides: path))
        } catch {
            logger.tell(.handoverImpossible, error.description, [.reason: .text(error.description)])
            return nil
        }
    }

    // MARK: - The predecessor

    /// Hands the queues to the sensor at the other end of a connection; where it fails, this one goes on.
    ///
    /// - Returns: whether they are handed over.
    func handOver(on connection: HandoverConnection) -> Bool {
        guard connection.isTrusted, case .message(.take, nil) = connection.receive(within: Self.patience) else {
            return false
        }
        // Before packets wait.
        writeHits()
        return succession.withLock { succession in
            guard succession.hasEnded == false, succession.end != .handedOver, let pool,
                let record = pool.pause(within: Self.patience)
            else {
                _ = connection.send(.refused)
                return false
            }
            guard send(record, of: pool, succession.listener, over: connection), hasTaken(connection) else {
                pool.resume()
                logger.tell(
                    .handoverFailed,
                    "process \(connection.peer) asked for the queues and did not take them; this one goes on",
                    [.process: .number(Int(connection.peer))]
                )
                return false
            }
            succession.end = .handedOver
            notifier.notify("MAINPID=\(connection.peer)")
            _ = connection.send(.released)
            let reason = "process \(connection.peer) has taken the queues over"
            willStop(because: reason)
            logger.tell(.queuesHandedOver, reason, [.process: .number(Int(connection.peer))])
            return true
        }
    }

    private func send(
        _ record: PoolRecord,
        of pool: WorkerPool,
        _ listener: Descriptor?,
        over connection: HandoverConnection
    ) -> Bool {
        guard let file = MemoryFile.make(record.bytes), connection.send(.state, file.number) else { return false }
        var isSent = true
        pool.forEachSocket { queue, descriptor in
            isSent = isSent && connection.send(.queue(queue), descriptor)
        }
        if let listener { isSent = isSent && connection.send(.listener, listener.number) }
        for descriptor in PassedSockets.all { isSent = isSent && connection.send(.answers, descriptor) }
        return isSent && connection.send(.all)
    }

    /// Waits until the successor says that it judges; one that dies, or gives the queues back, closes the connection.
    private func hasTaken(_ connection: HandoverConnection) -> Bool {
        switch connection.receive(within: Self.takingTime) {
        case .message(.taken, nil): return true
        case .end: return false
        case .message, .silence, .fault: break
        }
        // Two processes must not judge the same queue. One that cannot be ended, as the confinement wills it, has to be left to it.
        guard kill(connection.peer, SIGKILL) == 0 else { return true }
        while case .message = connection.receive(within: Self.patience) {}
        return false
    }

    /// Notes that the queues are to stay bound where systemd keeps them.
    func leaveQueuesAtEnd() {
        succession.withLock { succession in
            if succession.keepsQueues, succession.end == .release { succession.end = .leave }
        }
    }

    /// Whether the queues are to stay bound for the next process.
    var leavesQueues: Bool { succession.withLock { $0.end == .leave } }

    /// Ends the workers, and does with their queues what is due.
    func end(_ workers: any SensorWorkers) {
        let (end, keepsQueues) = succession.withLock { succession in
            succession.hasEnded = true
            return (succession.end, succession.keepsQueues)
        }
        guard let pool = workers as? WorkerPool else {
            notifier.notify("STOPPING=1")
            return workers.stop()
        }
        switch end {
        case .handedOver: pool.leave()
        case .leave:
            notifier.notify("STOPPING=1")
            if let record = pool.pause(within: Self.patience), let file = MemoryFile.make(record.bytes) {
                _ = notifier.keep(file.number, as: StoredName.state.text)
            }
            pool.leave()
            logger.tell(.queuesLeft, "the queues stay bound; packets wait for the next process")
        case .release:
            notifier.notify("STOPPING=1")
            if keepsQueues {
                pool.forEachSocket { queue, _ in notifier.forget(StoredName.queue(queue).text) }
            }
            pool.stop()
        }
    }

    // MARK: - Upgrade

    /// Starts the program that is installed now, which then asks for the queues.
    func upgrade(_ caller: AuditCaller) async -> UpgradeOutcome {
        let outcome = await withCheckedContinuation { continuation in
            // On a thread of its own, since it waits.
            DispatchQueue(label: "upgrade").async { continuation.resume(returning: self.startSuccessor()) }
        }
        if case .refused(let reason) = outcome {
            logger.tell(.upgradeRefused, "not upgraded: \(reason)", [.reason: .text(reason)])
        }
        return outcome
    }

    private func startSuccessor() -> UpgradeOutcome {
        let mayStart = succession.withLock { succession in
            guard succession.hasEnded == false, succession.end != .handedOver, succession.isUpgrading == false else {
                return false
            }
            succession.isUpgrading = true
            return true
        }
        guard mayStart else { return .refused(reason: "the sensor is about to end, or to be upgraded already") }
        defer { succession.withLock { $0.isUpgrading = false } }
        let program = InstalledProgram.path
        guard let starter = succession.withLock({ $0.starter }) else {
            return .refused(reason: "no process could be made that starts \(program)")
        }
        let process = starter.start()
        guard process > 0 else {
            return .refused(reason: "\(program): cannot be started (error \(-process)); see that it is installed")
        }
        // Reading long lists takes its time.
        for _ in 0..<120_000 {
            if let status = starter.outcome() {
                let ending = status & 0x7F == 0 ? "status \(status >> 8 & 0xFF)" : "signal \(status & 0x7F)"
                return .refused(reason: "\(program) ended with \(ending); its last line in the log says why")
            }
            if succession.withLock({ $0.end == .handedOver }) { return .done(process: process) }
            usleep(5_000)
        }
        starter.end()
        return .refused(reason: "\(program) did not ask for the queues in ten minutes")
    }

    // MARK: - What is told

    /// Logs what was taken over.
    func log(_ takeover: PoolTakeover) {
        let unanswered = takeover.queuedAgain + takeover.passed
        let fate =
            unanswered == 0 ? "" : takeover.passed == 0 ? " and were queued once more" : " and passed"
        let released = takeover.releasedQueues == 0 ? "" : "; \(takeover.releasedQueues) queues are released"
        logger.tell(
            .queuesTakenOver,
            "took over \(takeover.queues) queues: \(takeover.waiting) packets waited, \(unanswered) had no verdict\(fate), flows known to \(takeover.workersWithFlows) workers\(released)",
            [
                .count: .number(takeover.queues), .packets: .count(takeover.waiting),
                .unanswered: .count(unanswered), .passed: .count(takeover.passed),
                .flows: .number(takeover.workersWithFlows),
            ]
        )
    }
}
