package import Blocklists
import CPcap
import Glibc
package import Inspection
import Synchronization
package import Telemetry

/// The taps of a sensor, one thread for each interface.
package final class TapPool: Sendable {
    /// The counters of each tap, in the order of the interfaces.
    package let counters: [Counters]

    /// How long an attempt takes in the events of its entry, in milliseconds.
    package let attemptWindow: Int32

    private let accounts: [TapAccount]
    private let threads: Mutex<[(number: UInt16, thread: pthread_t)]>

    /// Opens every interface, then starts a thread for each. An interface that is down is no fault: it is opened when it is up.
    ///
    /// - Parameters:
    ///   - configurations: the interfaces, one worker each; the first is worker 0.
    ///   - inspector: what each worker's inspector is made with.
    ///   - blocklists: where the lists come from.
    ///   - note: is told what happens to the interfaces, on any thread.
    /// - Throws: ``TapError`` for the first interface that cannot be had; no thread has been started then.
    package init(
        _ configurations: [TapConfiguration],
        inspector: InspectorConfiguration,
        blocklists: BlocklistSource,
        note: @escaping @Sendable (TapEvent) -> Void
    ) throws(TapError) {
        var boxes: [TapBox] = []
        let attempts = AttemptTable(inspector)
        for (number, configuration) in configurations.enumerated() {
            boxes.append(
                try TapBox(
                    configuration,
                    number: UInt16(clamping: number),
                    inspector: Inspector(configuration: inspector, blocklists: blocklists),
                    attempts: attempts,
                    note: note
                )
            )
        }
        attemptWindow = attempts.window
        counters = boxes.map(\.counters)
        accounts = boxes.map(\.account)
        threads = Mutex([])
        for box in boxes {
            guard let number = start(box) else { continue }
            stop()
            throw .refused(interface: box.account.interface, reason: "no thread could be started (error \(number))")
        }
    }

    /// What the kernel says of each interface, looked at once a second.
    package var states: [TapState] { accounts.map(\.state) }

    /// What the kernel says of each tap's thread; empty once they are stopped.
    package var threadStates: [ThreadState] {
        // Within the lock: no thread is joined before it has been taken out.
        threads.withLock { $0.compactMap { ThreadState(queue: $0.number, thread: $0.thread) } }
    }

    /// Whether at least one interface is read.
    package var isReading: Bool { accounts.contains { $0.isReading } }

    /// Ends every thread once it has inspected the frames at hand, and returns when all have ended.
    package func stop() {
        for account in accounts { account.stop() }
        let threads = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        // SAFETY: each thread was started by `start(_:)`, is joined once, and no result is asked for.
        for (_, thread) in threads { pthread_join(thread, nil) }
    }

    /// Starts a thread; the error number where there is none.
    private func start(_ box: TapBox) -> Int32? {
        var thread = pthread_t()
        // SAFETY: the box is retained for the thread, which releases it when it takes it.
        let argument = unsafe Unmanaged.passRetained(box).toOpaque()
        let status = unsafe pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                // SAFETY: retained in `start(_:)` for this one use.
                unsafe Unmanaged<TapBox>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            },
            argument
        )
        guard status == 0 else {
            // SAFETY: no thread took the box, so its reference is given back here.
            unsafe Unmanaged<TapBox>.fromOpaque(argument).release()
            return status
        }
        threads.withLock { $0.append((box.account.number, thread)) }
        return nil
    }
}

/// Carries a worker to its thread.
private final class TapBox: Sendable {
    let counters: Counters
    let account: TapAccount
    private let worker: Mutex<TapWorker?>

    init(
        _ configuration: TapConfiguration,
        number: UInt16,
        inspector: consuming Inspector,
        attempts: AttemptTable,
        note: @escaping @Sendable (TapEvent) -> Void
    ) throws(TapError) {
        counters = Counters(queue: number)
        account = TapAccount(number: number, interface: configuration.interface)
        worker = Mutex(
            try TapWorker(
                configuration,
                inspector: inspector,
                counters: counters,
                attempts: attempts,
                account: account,
                note: note
            )
        )
    }

    /// The thread's whole life.
    func run() {
        // SAFETY: the string outlives the call, which copies it.
        unsafe gv_prepare_capture_thread("tap-\(account.interface)")
        worker.withLock { $0?.run() }
        worker.withLock { $0 = nil }
    }
}
