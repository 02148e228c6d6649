import CConfinement

/// The system calls that a running sensor makes: what its filter lets through.
///
/// Calls that a processor's architecture lacks are passed over, so one table serves all. The first are made for each packet or batch and are looked
/// at first.
enum SystemCalls {
    /// Made by the workers, for each packet or batch.
    static let frequent = [
        "recvmmsg", "sendto", "sendmsg", "recvmsg", "futex", "read", "write", "epoll_wait", "epoll_pwait",
    ]

    /// Let through whatever their arguments are.
    static let plain =
        files + memory + threads + sockets + [
            "getrandom", "clock_gettime", "clock_getres", "gettimeofday", "time", "times", "getrusage", "getrlimit",
            "prlimit64", "sysinfo", "uname", "getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid",
            "getgroups", "umask", "ppoll", "poll", "pselect6", "epoll_create", "epoll_create1", "epoll_ctl", "eventfd2",
            "timerfd_create", "timerfd_settime", "timerfd_gettime", "signalfd4", "pipe2",
        ]

    /// Lists, state and figures: files are opened, replaced and removed, where the permissions of files allow it.
    private static let files = [
        "open", "openat", "close", "stat", "lstat", "fstat", "newfstatat", "statx", "statfs", "fstatfs", "access",
        "faccessat", "faccessat2", "lseek", "pread64", "pwrite64", "readv", "writev", "preadv", "pwritev",
        "getdents64", "getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr", "flistxattr", "fcntl", "flock",
        "fsync", "fdatasync", "ftruncate", "fallocate", "fadvise64", "rename",
        "renameat", "renameat2", "unlink", "unlinkat", "link", "linkat", "mkdir", "mkdirat", "rmdir", "chmod",
        "fchmod", "fchmodat", "utimensat", "readlink", "readlinkat", "getcwd", "dup", "dup3", "copy_file_range",
        "sendfile",
    ]

    private static let memory = [
        "munmap", "mremap", "madvise", "brk", "mlock", "mlock2", "munlock", "memfd_create", "msync", "mincore",
        "membarrier",
    ]

    private static let threads = [
        "exit", "exit_group", "set_robust_list", "rseq", "set_tid_address", "gettid", "getpid", "getppid", "tgkill",
        "sched_yield", "sched_getaffinity", "sched_setaffinity", "sched_setscheduler", "sched_getscheduler",
        "sched_getparam", "sched_get_priority_max", "sched_get_priority_min", "getpriority", "setpriority", "getcpu",
        "nanosleep", "clock_nanosleep", "restart_syscall", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
        "rt_sigtimedwait", "rt_sigsuspend", "rt_sigpending", "sigaltstack", "wait4",
    ]

    private static let sockets = [
        "bind", "listen", "accept", "accept4", "connect", "getsockname", "getpeername", "getsockopt", "setsockopt",
        "sendmmsg", "recvfrom", "shutdown",
    ]

    /// Newer calls that the C library tries first, and does without where the kernel does not know them.
    static let unknown = ["clone3", "openat2", "close_range", "fchmodat2", "futex_waitv"]
}
