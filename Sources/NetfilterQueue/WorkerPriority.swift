/// Whether a worker goes before all other threads of its processor, in the real-time class of the scheduler.
///
/// A packet that waits for its verdict also waits for the processor, and another thread that has it, one that answers for counters, say, keeps it
/// for milliseconds. A worker that goes first does not wait. One that had no end of work would leave nothing to others, the kernel's own threads
/// for packets among them; and one that takes each packet as it comes takes few at a time, which costs more for each: 1.29 times the processor time
/// under a load of connections that kept it busy for 0.7 of the time. So it goes first only while it has little to do: it steps back at once when a
/// batch is full, since packets wait for it then and not it for the processor, or when it has had two fifths of its processor for ten
/// milliseconds. It goes first again after a tenth of a second or two with less than three tenths and without a full batch.
struct WorkerPriority: Equatable, Sendable {
    /// What the thread is to ask of the scheduler.
    enum Change: Equatable, Sendable {
        /// The real-time class: it goes first.
        case raise
        /// The class of ordinary threads.
        case lower
    }

    /// Nanoseconds over which its share of the processor is taken while it goes first.
    static let raisedWindow: UInt64 = 10_000_000

    /// Nanoseconds without a full batch after which it may go first again.
    static let loweredWindow: UInt64 = 100_000_000

    /// Whether the worker goes first now.
    private(set) var isRaised = false

    private var windowStart: UInt64
    private var cpuAtStart: UInt64

    /// A worker that does not go first yet.
    ///
    /// - Parameters:
    ///   - now: nanoseconds of the monotonic clock.
    ///   - cpu: nanoseconds of processor time that the thread has had.
    init(now: UInt64, cpu: UInt64) {
        windowStart = now
        cpuAtStart = cpu
    }

    /// Whether ``change(now:cpu:isFull:)`` has anything to say: a comparison or two, for every batch.
    @inline(__always)
    mutating func isDue(now: UInt64, isFull: Bool) -> Bool {
        if isRaised { return isFull || now &- windowStart >= Self.raisedWindow }
        if isFull { windowStart = now }
        return now &- windowStart >= Self.loweredWindow
    }

    /// What is to change after a batch; a new window begins.
    ///
    /// - Parameters:
    ///   - now: nanoseconds of the monotonic clock.
    ///   - cpu: nanoseconds of processor time that the thread has had.
    ///   - isFull: whether the batch had no room for more.
    /// - Returns: what the thread is to ask for; nil where it is as it should be.
    mutating func change(now: UInt64, cpu: UInt64, isFull: Bool) -> Change? {
        let passed = now &- windowStart
        let used = cpu &- cpuAtStart
        windowStart = now
        cpuAtStart = cpu
        if isRaised {
            // Two fifths, by division, so that no clock makes it overflow.
            guard isFull || used / 2 >= passed / 5 else { return nil }
            isRaised = false
            return .lower
        }
        guard isFull == false, used / 3 < passed / 10 else { return nil }
        isRaised = true
        return .raise
    }

    /// Goes first from the start, before any packet has come.
    mutating func raise() {
        isRaised = true
    }
}
