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

    /// Workers that ended before they were told to.
    package let failures: AsyncStream<WorkerFailure>

    private let controls: [WorkerControl]
    private let threads: Mutex<[(queue: UInt16, thread: pthread_t)]>

    /// Binds every queue, then starts a worker for each, pinned to a processor of its own where there are enough.
    ///
    /// - Parameters:
    ///   - configurations: the queues, one for each worker.
    ///   - inspector: the limits of each worker's inspector.
    ///   - blocklists: what names are looked up in.
    ///   - respond: what each worker answers by.
    /// - Throws: ``QueueError`` for the first queue that cannot be had, or what `respond` throws; no worker has been started then.
    package init(
        _ configurations: [QueueConfiguration],
        inspector: InspectorConfiguration,
        blocklists: BlocklistSource,
        respond: () throws -> Responder
    ) throws {
        var boxes: [WorkerBox] = []
        let (failures, continuation) = AsyncStream.makeStream(of: WorkerFailure.self)
        let processors = Self.allowedProcessors()
        for (index, configuration) in configurations.enumerated() {
            let processor = processors.isEmpty ? nil : processors[index % processors.count]
            boxes.append(
                WorkerBox(
                    queue: try Queue(configuration),
                    configuration: configuration,
                    inspector: inspector,
                    blocklists: blocklists,
                    responder: try respond(),
                    processor: processor,
                    failures: continuation
                )
            )
        }
        self.failures = failures
        states = boxes.map(\.state)
        counters = boxes.map(\.counters)
        controls = boxes.map(\.control)
        threads = Mutex([])
        for box in boxes { start(box) }
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
        for control in controls { control.stop() }
        let threads = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        // SAFETY: each thread was started by `start(_:)`, is joined once, and no result is asked for.
        for (_, thread) in threads { pthread_join(thread, nil) }
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
    private let processor: UInt32?
    private let failures: AsyncStream<WorkerFailure>.Continuation
    private let parts: Mutex<Parts?>

    /// What is opened before any thread begins.
    private struct Parts: ~Copyable {
        let queue: Queue
        let responder: Responder
    }

    init(
        queue: consuming Queue,
        configuration: QueueConfiguration,
        inspector: InspectorConfiguration,
        blocklists: BlocklistSource,
        responder: consuming Responder,
        processor: UInt32?,
        failures: AsyncStream<WorkerFailure>.Continuation
    ) {
        state = queue.state
        counters = Counters(queue: queue.state.queue)
        counters.setReceiveBuffer(bytes: queue.state.receiveBufferObtained)
        self.configuration = configuration
        self.inspector = inspector
        self.blocklists = blocklists
        self.processor = processor
        self.failures = failures
        parts = Mutex(Parts(queue: queue, responder: responder))
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
        var worker = Worker(
            queue: parts.queue,
            configuration: configuration,
            inspector: Inspector(configuration: inspector, blocklists: blocklists),
            responder: responder,
            counters: counters,
            control: control
        )
        return worker.run()
    }

    func fail(_ errorNumber: Int32) {
        failures.yield(WorkerFailure(queue: state.queue, errorNumber: errorNumber))
    }
}
