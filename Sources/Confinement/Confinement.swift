import CConfinement
import Glibc

/// What a process that reads packets of strangers takes from itself once it has all it needs: whoever gets hold of it has no more than that.
///
/// It holds for every thread and cannot be taken back. systemd confines the sensor from outside as well (`grindvakt.service`); this is narrower,
/// since it begins when the sockets are open, and holds where there is no systemd.
package enum Confinement {
    /// What the process is still to do.
    package enum Job: Equatable, Sendable {
        /// Give verdicts on the packets of queues.
        case queues
        /// Read interfaces, and open them anew when they come back.
        case interfaces

        /// What it takes: the kernel asks for the first at each verdict, and for the second at each opening of an interface.
        var capabilities: Capabilities {
            switch self {
            case .queues: .netAdmin
            case .interfaces: .netRaw
            }
        }
    }

    /// Limits of a process that capabilities go beyond: the resource, the limit that is wanted, and the capability that takes its place where the limit
    /// cannot be raised. Lists are held in memory at a reload, and a worker goes before other threads.
    private static let limits = [
        (__RLIMIT_MEMLOCK, rlim_t.max, Capabilities.ipcLock), (__RLIMIT_RTPRIO, rlim_t(1), .sysNice),
    ]

    /// What a confined process has at most, whatever its job, its user and its host: who has more is not confined.
    package static let mostCapabilities = limits.reduce(
        into: Job.queues.capabilities.union(Job.interfaces.capabilities).union(.dacOverride)
    ) { $0.formUnion($1.2) }

    /// A part of the confinement that could not be put in force.
    package enum Gap: String, CaseIterable, Sendable {
        /// Memory can be read by others of the same user, and be part of a core dump.
        case readable = "memory can be read by processes of the same user"
        /// Programs can be started with more rights.
        case newPrivileges = "no-new-privileges is not set"
        /// There are more capabilities than needed.
        case capabilities = "capabilities are left that are not needed"
        /// System calls are not filtered.
        case systemCalls = "system calls are not filtered"
    }

    /// Confines the process, every thread of it.
    ///
    /// Who runs it as root keeps reading and writing files as root; everybody else loses every capability but the job's.
    /// - Parameter job: what the process is still to do.
    /// - Returns: what could not be done, in the order of ``Gap``; nothing where all of it is in force.
    package static func apply(for job: Job) -> [Gap] {
        var gaps: [Gap] = []
        if gv_prctl(PR_SET_DUMPABLE, 0) != 0 { gaps.append(.readable) }
        if gv_prctl(PR_SET_NO_NEW_PRIVS, 1) != 0 { gaps.append(.newPrivileges) }
        let unlimited = keepLimits()
        let kept = geteuid() == 0 ? job.capabilities.union([.dacOverride, unlimited]) : job.capabilities
        if Capabilities.keep(kept) == false { gaps.append(.capabilities) }
        if SystemCallFilter.apply(for: job) != 0 { gaps.append(.systemCalls) }
        return gaps
    }

    /// Turns what capabilities allow into limits, which stay.
    ///
    /// - Returns: the capabilities in the place of limits that could not be raised, as in a container without CAP_SYS_RESOURCE.
    private static func keepLimits() -> Capabilities {
        var kept: Capabilities = []
        for (resource, value, capability) in limits {
            let resource = __rlimit_resource_t(resource.rawValue)
            var limit = rlimit()
            // SAFETY: the structure outlives the calls.
            guard unsafe getrlimit(resource, &limit) == 0, limit.rlim_cur < value else { continue }
            let wanted = min(value, max(limit.rlim_max, value))
            limit = rlimit(rlim_cur: wanted, rlim_max: max(limit.rlim_max, wanted))
            // SAFETY: the structure outlives the call.
            if unsafe setrlimit(resource, &limit) != 0 { kept.insert(capability) }
        }
        return kept
    }
}
