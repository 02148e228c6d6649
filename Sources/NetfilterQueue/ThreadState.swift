import CNetfilterQueue
import Glibc
import Telemetry

extension ThreadState {
    /// What the kernel says of a thread that has not been joined; nil where it has ended.
    init?(queue: UInt16, thread: pthread_t) {
        var clock = clockid_t()
        var time = timespec()
        // SAFETY: both structures outlive the calls that fill them, and the caller holds the thread back from being joined.
        guard unsafe pthread_getcpuclockid(thread, &clock) == 0, unsafe clock_gettime(clock, &time) == 0 else {
            return nil
        }
        var policy: Int32 = 0
        var parameters = sched_param()
        // SAFETY: as above.
        let isKnown = unsafe pthread_getschedparam(thread, &policy, &parameters) == 0
        self.init(
            queue: queue,
            cpuNanoseconds: UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec),
            isRealTime: isKnown && policy == SCHED_FIFO
        )
    }
}
