import Synchronization

/// Spaces out what costs: a burst goes through at once, and then so many a second in the order in which they came.
///
/// Whoever asks without pause so takes a bounded part of a processor from the workers.
final class Pace: Sendable {
    private let interval: Duration
    private let burst: Duration
    private let clock = ContinuousClock()
    private let next: Mutex<ContinuousClock.Instant>

    /// A pace that nothing has gone at yet.
    ///
    /// - Parameters:
    ///   - rate: how many a second, at least 1.
    ///   - burst: how many may go at once after a pause.
    init(rate: Int, burst: Int) {
        interval = .seconds(1) / max(rate, 1)
        self.burst = interval * burst
        next = Mutex(ContinuousClock.now - self.burst)
    }

    /// Waits for the next turn; cancellation ends the wait.
    func wait() async {
        let now = clock.now
        let turn = next.withLock { next in
            next = max(next, now - burst) + interval
            return next
        }
        guard turn > now else { return }
        try? await Task.sleep(until: turn, clock: clock)
    }
}
