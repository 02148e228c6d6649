import CPcap
import CaptureFiles
import Glibc
import Inspection
import Synchronization
import Telemetry

/// One interface, one thread, one capture, one inspector, one block of counters; nothing is shared with another worker.
struct TapWorker: ~Copyable, Sendable {
    /// Nanoseconds between two looks at the interface and the kernel's account, and between two attempts to open it.
    private static let period: UInt64 = 1_000_000_000

    /// Milliseconds after which a worker without frames looks whether it is to stop, and renews its blocklist.
    private static let patience: Int32 = 100

    private let configuration: TapConfiguration
    private let account: TapAccount
    private let note: @Sendable (TapEvent) -> Void
    private var tap: Tap?
    private var inspection: TapInspection
    private var counted = TapStatistics()
    private var trouble: TapError?
    private var lookedAt: UInt64 = 0

    /// Opens the interface; one that is down is opened later.
    ///
    /// - Throws: ``TapError`` where the interface cannot be had and waiting would not mend it.
    init(
        _ configuration: TapConfiguration,
        inspector: consuming Inspector,
        counters: Counters,
        attempts: AttemptTable,
        account: TapAccount,
        note: @escaping @Sendable (TapEvent) -> Void
    ) throws(TapError) {
        self.configuration = configuration
        self.account = account
        self.note = note
        inspection = TapInspection(
            linkLayer: .ethernet,
            inspector: inspector,
            counters: counters,
            attempts: attempts
        )
        do throws(TapError) {
            try open()
        } catch .down(let interface) {
            lose(.down(interface: interface))
        }
    }

    /// Inspects frames until it is told to stop; an interface that is lost is opened again when it can be.
    mutating func run() {
        while account.isStopping == false {
            wait()
            inspection.refreshBlocklist()
            read()
            lookAfterInterface()
        }
        read()
        noteStatistics()
        tap = nil
        account.isReading = false
    }

    /// Waits for frames, but not for long.
    private mutating func wait() {
        var request = pollfd(fd: tap?.descriptor ?? -1, events: Int16(POLLIN), revents: 0)
        // SAFETY: `request` outlives the call; a negative descriptor is passed over.
        _ = unsafe poll(&request, 1, Self.patience)
    }

    /// Inspects what the kernel has handed over.
    private mutating func read() {
        do throws(TapError) {
            while true {
                inspection.now = Self.now()
                // Left unwrapped in place: a capture has one owner.
                guard let count = try tap?.read(into: &inspection), count > 0 else { return }
                inspection.finishBatch(at: Self.now())
                inspection.refreshBlocklist()
                lookAfterInterface()
                if account.isStopping { return }
            }
        } catch {
            noteStatistics()
            lose(error)
        }
    }

    /// Once in a while: the kernel's account, whether the interface is still there and up, and an attempt where it is not open.
    private mutating func lookAfterInterface() {
        let now = Self.now().nanoseconds
        guard now &- lookedAt >= Self.period else { return }
        lookedAt = now
        guard let isSame = tap?.isSameInterface, let isUp = tap?.isUp else {
            do throws(TapError) {
                try open()
            } catch {
                lose(error)
            }
            return
        }
        noteStatistics()
        if isSame == false {
            lose(.gone(interface: configuration.interface))
        } else if isUp == false {
            // The capture stays open: it goes on by itself when the interface is up again.
            report(.down(interface: configuration.interface))
        } else if trouble != nil {
            reportReading()
        }
    }

    private mutating func open() throws(TapError) {
        let opened = try Tap(opening: configuration)
        inspection.linkLayer = opened.linkLayer
        counted = TapStatistics()
        tap = consume opened
        reportReading()
    }

    private mutating func lose(_ error: TapError) {
        tap = nil
        report(error)
    }

    private mutating func reportReading() {
        trouble = nil
        account.isReading = true
        note(.reading(interface: configuration.interface, linkType: tap?.linkType ?? ""))
    }

    /// Tells of a trouble once, however long it lasts.
    private mutating func report(_ error: TapError) {
        account.isReading = false
        // The interfaces that there are instead may change while one is missing.
        var error = error
        if case .noInterface(let interface, _) = error, trouble != nil { error = .gone(interface: interface) }
        guard trouble != error else { return }
        trouble = error
        note(.lost(error))
    }

    private mutating func noteStatistics() {
        guard let statistics = tap?.statistics ?? nil else { return }
        account.add(statistics, since: counted)
        counted = statistics
    }

    /// The machine's monotonic time: an engine that judges timeouts must not see the wall clock jump.
    private static func now() -> Instant {
        var time = timespec()
        // SAFETY: `time` outlives the call.
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec))
    }
}

/// What a tap's thread and the others tell each other.
final class TapAccount: Sendable {
    /// The number of the worker, counted from zero.
    let number: UInt16

    /// The interface's name.
    let interface: String

    private let stopping = Atomic(false)
    private let reading = Atomic(false)
    private let received = Atomic<UInt64>(0)
    private let kernelDropped = Atomic<UInt64>(0)
    private let interfaceDropped = Atomic<UInt64>(0)

    init(number: UInt16, interface: String) {
        self.number = number
        self.interface = interface
    }

    /// Whether the worker is to end.
    var isStopping: Bool { stopping.load(ordering: .relaxed) }

    /// Whether the interface is open and up.
    var isReading: Bool {
        get { reading.load(ordering: .relaxed) }
        set { reading.store(newValue, ordering: .relaxed) }
    }

    /// The account as it is reported.
    var state: TapState {
        TapState(
            queue: number,
            interface: interface,
            isReading: isReading,
            received: received.load(ordering: .relaxed),
            kernelDropped: kernelDropped.load(ordering: .relaxed),
            interfaceDropped: interfaceDropped.load(ordering: .relaxed)
        )
    }

    func stop() {
        stopping.store(true, ordering: .relaxed)
    }

    /// Adds what the kernel has counted since an earlier look, its numbers having gone on from zero after 2^32.
    func add(_ statistics: TapStatistics, since earlier: TapStatistics) {
        received.add(UInt64(statistics.received &- earlier.received), ordering: .relaxed)
        kernelDropped.add(UInt64(statistics.kernelDropped &- earlier.kernelDropped), ordering: .relaxed)
        interfaceDropped.add(UInt64(statistics.interfaceDropped &- earlier.interfaceDropped), ordering: .relaxed)
    }
}
