import CHandover
import Glibc

/// A file that systemd kept open for this process, and its name.
package struct StoredDescriptor: Sendable {
    /// The name that it was given to systemd under; `unknown` where it has none.
    package let name: String
    /// The file.
    package let descriptor: Descriptor
}

/// The files that systemd passes to a process (sd_listen_fds(3)).
package enum StoredDescriptors {
    /// The first of the descriptors; those behind it follow one another.
    private static let first: Int32 = 3

    /// Files that are taken at most; what is beyond stays open and unknown.
    static let limit = 4_096

    /// Takes the files that were passed; they are closed on exec from now on, and the environment does not speak of them any more.
    package static func take() -> [StoredDescriptor] {
        let (count, process) = (variable("LISTEN_FDS"), variable("LISTEN_PID"))
        let names = names(count: count, process: process, names: variable("LISTEN_FDNAMES"), own: getpid())
        for name in ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"] {
            // SAFETY: no other thread of ours reads the environment: this is called before there are any.
            _ = unsafe unsetenv(name)
        }
        return names.enumerated().compactMap { index, name in
            let number = first + Int32(index)
            guard gv_close_on_exec(number) == 0 else { return nil }
            return StoredDescriptor(name: name, descriptor: Descriptor(taking: number))
        }
    }

    /// The names of the descriptors that the variables speak of; none where they are another process's or make no sense.
    static func names(count: String?, process: String?, names: String?, own: Int32) -> [String] {
        guard let process = process.flatMap({ Int32($0) }), process == own,
            let count = count.flatMap({ Int($0) }), (1...limit).contains(count)
        else { return [] }
        let given = names?.split(separator: ":", omittingEmptySubsequences: false).map(String.init) ?? []
        return (0..<count).map { $0 < given.count && given[$0].isEmpty == false ? given[$0] : "unknown" }
    }

    private static func variable(_ name: String) -> String? {
        // SAFETY: the string is copied before anything can change the environment.
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }
}

/// What the sensor's files are called while nobody has them.
package enum StoredName: Equatable, Sendable {
    /// The netlink socket that has this queue.
    case queue(UInt16)
    /// What the workers remembered of flows.
    case state
    /// Says that packets whose judge died were queued once more a short while ago.
    case repeated

    /// The name for systemd.
    package var text: String {
        switch self {
        case .queue(let number): "grindvakt-queue-\(number)"
        case .state: "grindvakt-state"
        case .repeated: "grindvakt-repeated"
        }
    }

    /// Reads a name; nil for those of others.
    package init?(_ text: String) {
        switch text {
        case Self.state.text: self = .state
        case Self.repeated.text: self = .repeated
        default:
            guard text.hasPrefix("grindvakt-queue-"), let number = UInt16(text.dropFirst(16)),
                Self.queue(number).text == text
            else { return nil }
            self = .queue(number)
        }
    }
}
