import CNetfilterQueue
import Glibc

/// What a process that handles packets and lists asks of the system for itself.
package enum ProcessLimits {
    /// Forbids core dumps of this process, to a file and to a program alike: a core would hold the packets in hand.
    ///
    /// A limit of one octet and not of none: the kernel pipes a core to the program in `core_pattern` even at zero (core(5)).
    /// - Returns: whether the limit is set.
    package static func forbidCoreDumps() -> Bool {
        var limit = rlimit(rlim_cur: 1, rlim_max: 1)
        // SAFETY: `limit` outlives the call.
        return unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit) == 0
    }

    /// How many processors are in service.
    package static var processors: Int { max(sysconf(CInt(_SC_NPROCESSORS_ONLN)), 1) }

    /// Forbids the Swift runtime to tell of a crash what lies in memory: where a toolchain is installed, it would write the octets that each
    /// register points to on standard error, and with them the packets in hand into the journal.
    ///
    /// What ends the process is told all the same, by the runtime's own line before it traps and by the signal.
    package static func forbidBacktraces() {
        for number in [SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV] {
            _ = signal(number, SIG_DFL)
        }
    }

    /// Lets memory of a megabyte and more go back to the system as soon as it is freed.
    ///
    /// Lists come and go in such blocks. The allocator's own threshold rises with what is freed, so that they would end up in heaps that
    /// never shrink, and each reload would leave the process larger.
    package static func returnLargeBlocks() {
        gv_return_large_blocks(1 << 20)
    }

    /// Gives back what is free in the allocator's heaps.
    ///
    /// Shorter lists and what is read on the way to them come and go in smaller blocks, between which a heap only grows: without this a
    /// thousand reloads of 20,000 names leave the process a fifth larger. To be called after a reload.
    package static func returnFreePages() {
        gv_return_free_pages()
    }
}
