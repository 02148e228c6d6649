import CConfinement
import Glibc

/// What somebody would do who has got hold of a sensor, and what becomes of it.
package struct ForbiddenCall: Sendable {
    /// How a try ended.
    package enum Ending: Equatable, Sendable {
        /// The confinement stands in the way.
        case refused
        /// The kernel took it.
        case allowed
        /// The kernel got as far as looking at the arguments, or has no such thing; the number is its error.
        case failed(errorNumber: Int32)
    }

    /// What is tried, in a few words.
    package let purpose: String
    private let attempt: @Sendable () -> Int32

    private init(_ purpose: String, _ attempt: @escaping @Sendable () -> Int32) {
        self.purpose = purpose
        self.attempt = attempt
    }

    private init(_ purpose: String, call name: String) {
        self.init(purpose) {
            // SAFETY: the name lives through the call.
            let number = unsafe seccomp_syscall_resolve_name(name)
            return number < 0 ? ENOSYS : gv_try_call(number)
        }
    }

    /// Tries it; what succeeds is undone.
    package func run() -> Ending {
        switch attempt() {
        case 0: .allowed
        case EPERM: .refused
        case let errorNumber: .failed(errorNumber: errorNumber)
        }
    }

    /// Everything that a confined sensor must be refused.
    ///
    /// - Parameter job: what it is still to do: one that opens interfaces anew may open sockets that other jobs may not.
    /// - Returns: the calls, in the order in which they are tried.
    package static func all(_ job: Confinement.Job) -> [ForbiddenCall] {
        always + (job == .queues ? network : [])
    }

    private static let network: [ForbiddenCall] = [
        ForbiddenCall("connect to a host over IPv4") { gv_try_socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0) },
        ForbiddenCall("send packets of its own making") { gv_try_socket(AF_INET, CInt(SOCK_RAW.rawValue), 255) },
        ForbiddenCall("read an interface") { gv_try_socket(AF_PACKET, CInt(SOCK_RAW.rawValue), 0) },
        ForbiddenCall("change routes and interfaces") {
            gv_try_socket(AF_NETLINK, CInt(SOCK_RAW.rawValue), NETLINK_ROUTE)
        },
    ]

    private static let always: [ForbiddenCall] = [
        ForbiddenCall("start a program") { gv_try_execute() },
        ForbiddenCall("start a process") { gv_try_fork() },
        ForbiddenCall("make memory that can be written and run") { gv_try_writable_code() },
        ForbiddenCall("connect to a host over IPv6") { gv_try_socket(AF_INET6, CInt(SOCK_STREAM.rawValue), 0) },
        ForbiddenCall("look into another process", call: "ptrace"),
        ForbiddenCall("read another process's memory", call: "process_vm_readv"),
        ForbiddenCall("end another process", call: "kill"),
        ForbiddenCall("mount a file system", call: "mount"),
        ForbiddenCall("change its root", call: "chroot"),
        ForbiddenCall("make a namespace", call: "unshare"),
        ForbiddenCall("enter a namespace", call: "setns"),
        ForbiddenCall("load a module into the kernel", call: "init_module"),
        ForbiddenCall("load a program into the kernel", call: "bpf"),
        ForbiddenCall("watch the kernel", call: "perf_event_open"),
        ForbiddenCall("get round the filter with a ring of calls", call: "io_uring_setup"),
        ForbiddenCall("read the kernel's keys", call: "keyctl"),
        ForbiddenCall("become another user", call: "setuid"),
        ForbiddenCall("change a file's owner", call: "fchownat"),
        ForbiddenCall("set the clock", call: "clock_settime"),
        ForbiddenCall("restart the machine", call: "reboot"),
    ]
}
