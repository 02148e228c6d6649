package import Blocklists
import CNetfilterQueue
import Glibc
package import Inspection
package import Responses
import Synchronization
package import Telemetry

/// Why a worker ended before it was told to.
package struct WorkerFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// The queue it had.
    package let queue: UInt16

    /// The error number that the kernel gave.
    package let errorNumber: Int32

    package var description: String {
        "queue \(queue): receiving or answering failed (error \(errorNumber)); the kernel lets packets pass until the sensor runs again"
    }
}

/// The workers of a sensor, one thread for each queue.
package final class WorkerPool: Sendable {
    /// What the kernel gave for each queue.
    package let states: [QueueConfigurationState]

    /// The counters of each worker.
    package let counters: [Counters]

    /// How long an attempt takes in the events of its entry, in milliseconds.
    package let attemptWindow: Int32

    /// Workers that ended before they were told to.
    package let failures: AsyncStream<WorkerFailure>

    /// What was taken over from another process; nil where every queue was bound anew.
    package let takeover: PoolTakeover?

    private let controls: [WorkerControl]
    private let sockets: Mutex<[(queue: UInt16, descriptor: Int32)]>
    private let key: HashKey
    private let threads: Mutex<[(queue: UInt16, thread: pthread_t)]>

    /// Binds every queue, then starts a worker for each, pinned to a processor of its own where there are enough.
    ///
    /// - Parameters:
    ///   - configurations: the queues, one for each worker.
    ///   - inspector: the limits of each worker's inspector.
    ///   - blocklists: what names are looked up in.
    ///   - hits: takes note of the entries that are hit; nil where that is not asked for.
    ///   - inheritance: what another process left; its sockets are closed with the pool, also where this fails.
    ///   - respond: what each worker answers by.
    /// - Throws: ``QueueError`` for the first queue that cannot be had, or what `respond` throws; no worker has been started then.
    package init(
        _ configurations: [QueueConfiguration],
        inspector: InspectorConfiguration,
        blocklists: BlocklistSource,
        hits: HitSketches? = nil,
        inheritance: QueueInheritance? = nil,
        respond: () throws -> Responder
    ) throws {
        var boxes: [WorkerBox] = []
        var inspector = inspector
        // What was known of flows is of use only where the kernel spreads them over the same queues, and found only by the same key.
        let record = inheritance?.record.flatMap { record in
            Set(record.workers.map(\.queue)) == Set(configurations.map(\.number)) ? record : nil
        }
        if let record { inspector.flowKey = record.key }
        key = inspector.flowKey
        var inherited = inheritance?.sockets ?? [:]
        defer { for descriptor in inherited.values { close(descriptor) } }
        try Self.expectFree(configurations.map(\.number).filter { inherited[$0] == nil })
        var takeover = PoolTakeover()
        let attempts = AttemptTable(inspector, hits: hits)
        let (failures, continuation) = AsyncStream.makeStream(of: WorkerFailure.self)
        let processors = Self.allowedProcessors()
        for (index, configuration) in configurations.enumerated() {
            let processor = processors.isEmpty ? nil : processors[index % processors.count]
            let queue = try Self.queue(configuration, &inherited, inheritance)
            if let left = queue.takeover { takeover.add(left) }
            boxes.append(
                WorkerBox(
                    queue: queue,
                    configuration: configuration,
                    inspector: inspector,
                    blocklists: blocklists,
                    attempts: attempts,
                    responder: try respond(),
                    processor: processor,
                    failures: continuation,
                    record: record?.workers.first { $0.queue == configuration.number },
                    isPassedOn: true
                )
            )
        }
        let wanted = boxes.count
        // What waits in queues that are not configured any more is judged by workers that end then.
        for number in inherited.keys.sorted() {
            var configuration = QueueConfiguration(number: number)
            configuration.isRealTime = false
            let predecessor = inheritance?.predecessor(of: number) ?? .died(.accept)
            guard let descriptor = inherited.removeValue(forKey: number),
                let queue = Queue(configuration, adopting: descriptor, from: predecessor)
            else { continue }
            takeover.releasedQueues += 1
            let box = WorkerBox(
                queue: queue,
                configuration: configuration,
                inspector: inspector,
                blocklists: blocklists,
                attempts: attempts,
                responder: try respond(),
                processor: nil,
                failures: continuation,
                record: nil,
                isPassedOn: false
            )
            box.control.give(.drain)
            boxes.append(box)
        }
        self.failures = failures
        attemptWindow = attempts.window
        takeover.workersWithFlows = boxes.count { $0.hasTakenUpFlows }
        self.takeover = inheritance == nil ? nil : takeover
        states = boxes.prefix(wanted).map(\.state)
        counters = boxes.map(\.counters)
        controls = boxes.prefix(wanted).map(\.control)
        sockets = Mutex(boxes.prefix(wanted).compactMap { $0.socket })
        threads = Mutex([])
        for box in boxes { start(box) }
    }

    /// The queue of a configuration: the one that was left, where there is one and it is what it was said to be, else one bound anew.
    private static func queue(
        _ configuration: QueueConfiguration,
        _ inherited: inout [UInt16: Int32],
        _ inheritance: QueueInheritance?
    ) throws(QueueError) -> Queue {
        if let inheritance, let descriptor = inherited.removeValue(forKey: configuration.number),
            let queue = Queue(
                configuration,
                adopting: descriptor,
                from: inheritance.predecessor(of: configuration.number)
            )
        {
            return queue
        }
        return try Queue(configuration)
    }

    // MARK: - Leaving queues to another process

    /// Lets every worker finish the packets in hand and wait; those that come wait in the kernel's queues.
    ///
    /// - Parameter seconds: how long it may take.
    /// - Returns: what the workers know of flows; nil where they were not all done in time, and work again.
    package func pause(within seconds: Double) -> PoolRecord? {
        for control in controls { control.give(.pause) }
        // Those that have no packets wait for one.
        sockets.withLock { for socket in $0 { Queue.wake(socket.queue, socket.descriptor) } }
        let deadline = Self.now &+ UInt64(seconds * 1e9)
        while true {
            let records = controls.compactMap(\.recordOfPause)
            if records.count == controls.count { return PoolRecord(key: key, workers: records) }
            guard Self.now < deadline else { break }
            usleep(200)
        }
        resume()
        return nil
    }

    /// Lets workers that wait go on. Packets that somebody else has received in the meantime are queued once more.
    package func resume() {
        for control in controls { control.give(.work) }
    }

    /// Ends the workers and leaves the packets that wait to whoever has the sockets.
    package func leave() {
        end(.leave)
    }

    /// Calls `body` with each queue and a descriptor of its socket, which is open as long as the call lasts.
    package func forEachSocket(_ body: (_ queue: UInt16, _ descriptor: Int32) -> Void) {
        sockets.withLock { for socket in $0 { body(socket.queue, socket.descriptor) } }
    }

    /// Looks for other owners before the first queue is bound: what has come to a queue that is let go again is dropped by the kernel.
    private static func expectFree(_ queues: [UInt16]) throws(QueueError) {
        for line in KernelQueueTable.read() ?? [] where queues.contains(line.number) {
            throw .taken(queue: line.number, port: line.port)
        }
    }

    /// What the kernel says of each worker's thread; empty once they are stopped.
    package var threadStates: [ThreadState] {
        // Within the lock: no thread is joined before it has been taken out.
        threads.withLock { $0.compactMap { ThreadState(queue: $0.queue, thread: $0.thread) } }
    }

    /// The oldest blocklist generation that a worker still uses.
    package var oldestGeneration: UInt64 { controls.map(\.generation).min() ?? 0 }

    /// Marks accepted flows with the one value or the other from now on.
    package func mark(acceptedAnew: Bool) {
        for control in controls { control.setOtherAcceptedMark(acceptedAnew) }
    }

    /// Lets every worker forget what it decided about flows before an instant, little by little.
    ///
    /// - Parameter instant: nanoseconds of the monotonic clock, see ``now``.
    package func forgetDecisions(before instant: UInt64) {
        for control in controls { control.withdraw(before: instant) }
    }

    /// Nanoseconds of the monotonic clock, which the workers go by.
    package static var now: UInt64 { gv_monotonic_nanoseconds() }

    /// Lets every worker judge what waits in its queue, and returns when all have ended.
    package func stop() {
        end(.drain)
    }

    private func end(_ order: WorkerControl.Order) {
        for control in controls { control.give(order) }
        let threads = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        // SAFETY: each thread was started by `start(_:)`, is joined once, and no result is asked for.
        for (_, thread) in threads { pthread_join(thread, nil) }
        // The queues are released with the last descriptor of their sockets.
        sockets.withLock { sockets in
            for socket in sockets { close(socket.descriptor) }
            sockets = []
        }
    }

    private func start(_ box: WorkerBox) {
        var thread = pthread_t()
        // SAFETY: the box is retained for the thread, which releases it when it takes it.
        let argument = unsafe Unmanaged.passRetained(box).toOpaque()
        let status = unsafe pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                // SAFETY: retained in `start(_:)` for this one use.
                unsafe Unmanaged<WorkerBox>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            },
            argument
        )
        if status == 0 {
            threads.withLock { $0.append((box.state.queue, thread)) }
        } else {
            // SAFETY: no thread took the box, so its reference is given back here.
            unsafe Unmanaged<WorkerBox>.fromOpaque(argument).release()
            box.fail(status)
        }
    }

    private static func allowedProcessors() -> [UInt32] {
        var processors = [UInt32](repeating: 0, count: 1_024)
        // SAFETY: the array holds as many elements as the call is told.
        let count = unsafe processors.withUnsafeMutableBufferPointer { buffer in
            unsafe gv_allowed_processors(buffer.baseAddress, UInt32(buffer.count))
        }
        return Array(processors.prefix(max(0, Int(count))))
    }
}

/// Carries what a worker is made of to its thread.
///
/// The worker is made there, in memory that the allocator keeps for that thread and on its stack: what two workers write for their packets never
/// lies on one cache line, since no allocation of the one lies between those of the other.
private final class WorkerBox: Sendable {
    let state: QueueConfigurationState
    let counters: Counters
    let control = WorkerControl()
    private let configuration: QueueConfiguration
    private let inspector: InspectorConfiguration
    private let blocklists: BlocklistSource
    private let attempts: AttemptTable
    private let processor: UInt32?
    private let failures: AsyncStream<WorkerFailure>.Continuation
    private let parts: Mutex<Parts?>

    /// Another descriptor of the queue's socket, by which it is passed on; nil where the process may open no more.
    let socket: (queue: UInt16, descriptor: Int32)?

    /// Whether its inspector goes on with what another one knew.
    let hasTakenUpFlows: Bool

    /// What is opened before any thread begins.
    private struct Parts: ~Copyable {
        let queue: Queue
        let responder: Responder
        let lastID: UInt32?
        /// Made here where it takes up what another one knew.
        let inspector: Inspector?
    }

    init(
        queue: consuming Queue,
        configuration: QueueConfiguration,
        inspector: InspectorConfiguration,
        blocklists: BlocklistSource,
        attempts: AttemptTable,
        responder: consuming Responder,
        processor: UInt32?,
        failures: AsyncStream<WorkerFailure>.Continuation,
        record: WorkerRecord?,
        isPassedOn: Bool
    ) {
        let copy = isPassedOn ? fcntl(queue.descriptor, F_DUPFD_CLOEXEC, 3) : -1
        socket = copy < 0 ? nil : (queue.state.queue, copy)
        state = queue.state
        counters = Counters(queue: queue.state.queue)
        counters.setReceiveBuffer(bytes: queue.state.receiveBufferObtained)
        self.configuration = configuration
        self.inspector = inspector
        self.blocklists = blocklists
        self.attempts = attempts
        self.processor = processor
        self.failures = failures
        let lastID = queue.takeover == nil ? nil : record?.lastID
        let knowing = record.flatMap { Self.inspector(inspector, blocklists, knowing: $0) }
        switch consume knowing {
        case .some(let knowing):
            hasTakenUpFlows = true
            parts = Mutex(Parts(queue: queue, responder: responder, lastID: lastID, inspector: knowing))
        case .none:
            hasTakenUpFlows = false
            parts = Mutex(Parts(queue: queue, responder: responder, lastID: lastID, inspector: nil))
        }
    }

    /// An inspector that goes on with what another one knew; nil where it cannot.
    private static func inspector(
        _ configuration: InspectorConfiguration,
        _ blocklists: BlocklistSource,
        knowing record: WorkerRecord
    ) -> Inspector? {
        var inspector = Inspector(configuration: configuration, blocklists: blocklists)
        do throws(InspectorRecord.Fault) {
            try inspector.takeUp(record.flows.span)
            return inspector
        } catch {
            return nil
        }
    }

    /// The thread's whole life.
    func run() {
        // A pool larger than the machine shares processors; the kernel then moves threads better than we do.
        if let processor { _ = gv_pin_thread(processor) }
        // SAFETY: the string outlives the call, which copies it.
        unsafe gv_name_thread("queue-\(state.queue)")
        // Refused where the process was put ahead of others without CAP_SYS_NICE or LimitNICE=; the worker then runs as before.
        _ = gv_take_process_priority()
        guard let parts = parts.withLock({ $0.take() }) else { return }
        if let errorNumber = work(parts) { fail(errorNumber) }
    }

    /// Makes the worker and has it judge packets; the queue is given back before this returns.
    private func work(_ parts: consuming Parts) -> Int32? {
        let responder = parts.responder
        let lastID = parts.lastID
        // Made on this thread, but for one that knows something already.
        let inspector = parts.inspector ?? Inspector(configuration: self.inspector, blocklists: blocklists)
        var worker = Worker(
            queue: parts.queue,
            configuration: configuration,
            inspector: inspector,
            responder: responder,
            counters: counters,
            attempts: attempts,
            control: control,
            lastIDBefore: lastID
        )
        return worker.run()
    }

    func fail(_ errorNumber: Int32) {
        failures.yield(WorkerFailure(queue: state.queue, errorNumber: errorNumber))
    }
}
