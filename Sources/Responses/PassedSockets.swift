import Glibc
import Synchronization

/// Raw sockets that systemd keeps for the sensor (sd_listen_fds(3), sd_pid_notify_with_fds(3)).
///
/// A short program that is root opens them and leaves them with systemd; the sensor, which gets them from there, needs neither the right to open a
/// raw socket nor a single IP socket of its own.
package enum PassedSockets {
    /// What systemd calls them.
    package static let name = "answers"

    /// Opens what is to be passed: two sockets for each IP version that this host has.
    ///
    /// - Returns: descriptors that the caller closes.
    /// - Throws: ``ResponseError`` where the process may not open them.
    package static func open() throws(ResponseError) -> [Int32] {
        var opened: [Int32] = []
        do throws(ResponseError) {
            for family in [AF_INET, AF_INET6] {
                guard family == AF_INET || RawSockets.hostHasIPv6 else { continue }
                for _ in 0..<2 { opened.append(try RawSockets.open(family)) }
            }
        } catch {
            for descriptor in opened { close(descriptor) }
            throw error
        }
        return opened
    }

    /// Takes note of the sockets that this process was started with; to be called before anybody closes what systemd passed on, or takes it out of
    /// the environment. What else was passed on is left alone.
    package static func takeNote() {
        _ = held.withLock(\.count)
    }

    /// Takes a socket that another process passed on; it is copied, and left alone where it is none to answer by.
    package static func adopt(_ descriptor: Int32) {
        guard isForAnswers(descriptor), let copy = copy(descriptor) else { return }
        held.withLock { $0.append(copy) }
    }

    /// Those that were passed to this process, to be passed on; they stay open as long as it lives.
    package static var all: [Int32] { held.withLock { $0 } }

    /// Copies of the sockets of one IP version that this process was started with; none where it was started otherwise.
    static func copies(_ family: Int32) -> [Int32] {
        // One of each worker's own, which it may close; the socket behind it is the same.
        all.filter { option($0, SO_DOMAIN) == family }.compactMap { copy($0) }
    }

    /// Copies that stay open as long as the process lives.
    private static let held = Mutex(passed())

    private static func passed() -> [Int32] {
        guard number("LISTEN_PID") == getpid(), let count = number("LISTEN_FDS"), count > 0 else { return [] }
        let first: Int32 = 3
        return (first..<first + min(count, 4_096)).filter(isForAnswers).compactMap { copy($0) }
    }

    private static func isForAnswers(_ descriptor: Int32) -> Bool {
        option(descriptor, SO_PROTOCOL) == Int32(IPPROTO_RAW) && option(descriptor, SO_TYPE) == Int32(SOCK_RAW.rawValue)
    }

    private static func copy(_ descriptor: Int32) -> Int32? {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        return copy < 0 ? nil : copy
    }

    private static func option(_ descriptor: Int32, _ option: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        // SAFETY: the value and its length outlive the call.
        return unsafe getsockopt(descriptor, SOL_SOCKET, option, &value, &length) == 0 ? value : nil
    }

    private static func number(_ variable: String) -> Int32? {
        // SAFETY: the string is copied before anything can change the environment.
        unsafe getenv(variable).flatMap { unsafe Int32(String(cString: $0)) }
    }
}
