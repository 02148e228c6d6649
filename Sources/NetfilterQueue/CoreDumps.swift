import Glibc

/// Keeps what packets ask for out of files that outlive the process.
package enum CoreDumps {
    /// Forbids core dumps of this process, to a file and to a program alike.
    ///
    /// A limit of one octet and not of none: the kernel pipes a core to the program in `core_pattern` even at zero (core(5)).
    /// - Returns: whether the limit is set.
    package static func forbid() -> Bool {
        var limit = rlimit(rlim_cur: 1, rlim_max: 1)
        // SAFETY: `limit` outlives the call.
        return unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit) == 0
    }
}
