import Blocklists
import Inspection
import LiveCapture
import Logging
import NetfilterQueue
import OperationLog
import SensorConfiguration
import Telemetry

/// What inspects a sensor's packets: the workers of netfilter queues, or those of tapped interfaces.
protocol SensorWorkers: Sendable {
    /// The counters of each worker.
    var counters: [Counters] { get }

    /// What they are, for the log: "2 queues".
    var summary: String { get }

    /// Whether they do their work.
    var isHealthy: Bool { get }

    /// Adds what the kernel says of their queues or interfaces.
    func describe(in state: inout SensorState)

    /// Waits for a worker that ends before it is told to; nil where the task is cancelled before that.
    func firstFailure() async -> (any Error)?

    /// Ends the workers, the packets at hand inspected.
    func stop()
}

extension WorkerPool: SensorWorkers {
    var summary: String { "\(states.count) queues" }

    var isHealthy: Bool { true }

    func describe(in state: inout SensorState) {
        state.queueConfigurations = states
        state.attemptWindowSeconds = Double(attemptWindow) / 1_000
        state.threads = threadStates
        state.takeover = takeover.map {
            TakeoverState(
                at: state.startedAt,
                queues: $0.queues,
                waiting: $0.waiting,
                queuedAgain: $0.queuedAgain,
                passed: $0.passed
            )
        }
        // Readable by root and the group root alone: nothing is said of the queues where it cannot be read.
        guard let kernel = KernelQueueTable.read() else { return }
        state.queues = states.map { queue in
            guard let line = kernel.first(where: { $0.number == queue.queue }) else {
                return QueueState(queue: queue.queue, present: false)
            }
            return QueueState(
                queue: queue.queue,
                present: true,
                length: line.length,
                kernelDropped: line.kernelDropped,
                userDropped: line.userDropped,
                copyRange: line.copyRange
            )
        }
    }

    func firstFailure() async -> (any Error)? {
        for await failure in failures { return failure }
        return nil
    }
}

/// Interfaces that are tapped: packets are looked at and nothing is done to them.
struct InterfaceTaps: Sendable {
    /// The interfaces, one worker each.
    let interfaces: [String]

    /// Which frames are wanted, nil for all.
    let filter: String?

    /// Octets of each frame, nil for the default.
    let snapshotLength: Int?

    /// Octets of memory for frames that wait, nil for the configuration's receive buffer.
    let buffer: Int?

    /// Whether frames for other stations are asked for.
    let isPromiscuous: Bool

    /// Opens the interfaces and starts a worker for each; what happens to them is logged.
    func start(
        _ configuration: SensorConfiguration,
        _ blocklists: BlocklistSource,
        _ logger: Logger
    ) throws(TapError) -> TapPool {
        let taps = interfaces.map { interface in
            var tap = TapConfiguration(interface: interface)
            tap.filter = filter
            tap.snapshotLength = snapshotLength ?? tap.snapshotLength
            tap.buffer = buffer ?? configuration.receiveBuffer
            tap.isPromiscuous = isPromiscuous
            return tap
        }
        var inspector = configuration.inspectorConfiguration(workers: taps.count)
        inspector.flowKey = .random()
        return try TapPool(taps, inspector: inspector, blocklists: blocklists) { event in
            switch event {
            case .reading(let interface, _):
                logger.tell(.interfaceRead, event.description, [.interface: .text(interface)])
            case .lost: logger.tell(.interfaceLost, event.description, [.reason: .text(event.description)])
            }
        }
    }
}

extension TapPool: SensorWorkers {
    var summary: String { "\(counters.count) interfaces observed" }

    var isHealthy: Bool { isReading }

    func describe(in state: inout SensorState) {
        state.taps = states
        state.attemptWindowSeconds = Double(attemptWindow) / 1_000
        state.threads = threadStates
    }

    func firstFailure() async -> (any Error)? {
        // A tap ends only when it is told to: an interface that is lost is tried again.
        let (failures, continuation) = AsyncStream.makeStream(of: Never.self)
        for await _ in failures {}
        continuation.finish()
        return nil
    }
}
