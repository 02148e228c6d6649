import CConfinement
import Glibc

/// The filter of system calls (seccomp(2)) that a sensor puts around itself once its sockets are open.
///
/// What is not let through fails with `EPERM`, and the kernel's audit log names the call, so that a call that is missing here is found. Nothing is
/// killed: a sensor that goes on without one call blocks more than none.
enum SystemCallFilter {
    /// Puts the filter around every thread of the process, and those that are to come.
    ///
    /// - Parameter job: what the process is still to do.
    /// - Returns: the error number, zero where the filter is in force.
    static func apply(for job: Confinement.Job) -> Int32 {
        // Two filters, of which the stricter answer counts: the C library asks for what it can do without at every thread it makes, and that is
        // none of the refusals that anybody should read of.
        let unknown = SystemCalls.unknown.map { Rule($0, action: action(ENOSYS)) }
        let failure = load(unknown, otherwise: UInt32(SCMP_ACT_ALLOW), isLogged: false)
        guard failure == 0 else { return failure }
        return load(rules(for: job), otherwise: action(EPERM), isLogged: true)
    }

    private static func load(_ rules: [Rule], otherwise: UInt32, isLogged: Bool) -> Int32 {
        // SAFETY: takes no pointer; a null result is handled, and the filter is given back below.
        guard let filter = unsafe seccomp_init(otherwise) else { return ENOMEM }
        defer { unsafe seccomp_release(filter) }
        var attributes = [(SCMP_FLTATR_CTL_TSYNC, UInt32(1)), (SCMP_FLTATR_CTL_OPTIMIZE, 2)]
        if isLogged { attributes.append((SCMP_FLTATR_CTL_LOG, 1)) }
        // SAFETY: the filter is live. Each thread gets it, and the kernel finds a call in it by halving, not one after the other.
        for (attribute, value) in attributes {
            let failure = unsafe seccomp_attr_set(filter, attribute, value)
            // A kernel before 4.14 has no log.
            guard failure == 0 || attribute == SCMP_FLTATR_CTL_LOG else { return -failure }
        }
        for rule in rules {
            let failure = unsafe rule.add(to: filter)
            guard failure == 0 else { return -failure }
        }
        return unsafe -seccomp_load(filter)
    }

    /// Everything that is let through.
    private static func rules(for job: Confinement.Job) -> [Rule] {
        let plain = (SystemCalls.frequent + SystemCalls.plain + SystemCalls.unknown).map { Rule($0) }
        // Threads, and no process.
        var rules = plain + [Rule("clone", [.masked(0, gv_thread_flags, gv_thread_flags)])]
        // Memory that can be run is there already: the program and its libraries.
        for name in ["mmap", "mprotect"] { rules.append(Rule(name, [.masked(2, UInt64(PROT_EXEC), 0)])) }
        for option in [PR_SET_NAME, PR_GET_NAME, PR_SET_VMA] {
            rules.append(Rule("prctl", [.equal(0, UInt64(option))]))
        }
        rules += [Rule("socket", [.equal(0, UInt64(AF_UNIX))]), Rule("socketpair", [.equal(0, UInt64(AF_UNIX))])]
        switch job {
        case .queues:
            rules.append(Rule("socket", [.equal(0, UInt64(AF_NETLINK)), .equal(2, UInt64(NETLINK_NETFILTER))]))
            for request in [TCGETS, FIONREAD, FIONBIO] { rules.append(Rule("ioctl", [.equal(1, UInt64(request))])) }
        case .interfaces:
            // An interface that comes back is opened anew, for which libpcap asks in many ways.
            for family in [AF_NETLINK, AF_PACKET, AF_INET] {
                rules.append(Rule("socket", [.equal(0, UInt64(family))]))
            }
            rules.append(Rule("ioctl"))
        }
        return rules
    }

    private static func action(_ errorNumber: Int32) -> UInt32 { 0x0005_0000 | UInt32(errorNumber) }
}

/// One call and what its arguments have to be.
private struct Rule {
    private let name: String
    private let conditions: [scmp_arg_cmp]
    private let action: UInt32

    init(_ name: String, _ conditions: [scmp_arg_cmp] = [], action: UInt32 = UInt32(SCMP_ACT_ALLOW)) {
        self.name = name
        self.conditions = conditions
        self.action = action
    }

    /// Adds the rule; nothing where the architecture has no such call, or the library does not know it.
    ///
    /// - Returns: zero, or the error number, negative.
    func add(to filter: scmp_filter_ctx) -> Int32 {
        // SAFETY: the name lives through the call.
        let number = unsafe seccomp_syscall_resolve_name(name)
        guard number >= 0 else { return 0 }
        // SAFETY: the filter is live, and the conditions are copied before the call returns.
        return unsafe seccomp_rule_add_array(filter, action, number, UInt32(conditions.count), conditions)
    }
}

extension scmp_arg_cmp {
    /// The argument is this.
    fileprivate static func equal(_ argument: UInt32, _ value: UInt64) -> scmp_arg_cmp {
        scmp_arg_cmp(arg: argument, op: SCMP_CMP_EQ, datum_a: value, datum_b: 0)
    }

    /// These bits of the argument are this.
    fileprivate static func masked(_ argument: UInt32, _ mask: UInt64, _ value: UInt64) -> scmp_arg_cmp {
        scmp_arg_cmp(arg: argument, op: SCMP_CMP_MASKED_EQ, datum_a: mask, datum_b: value)
    }
}
