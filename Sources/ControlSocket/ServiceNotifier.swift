import Glibc

/// Tells systemd how the service does, over the socket it names in `NOTIFY_SOCKET` (sd_notify(3)); silent where there is none.
package struct ServiceNotifier: Sendable {
    private let path: [UInt8]

    /// Takes the socket's path from the environment.
    package init() {
        // SAFETY: the string is copied before anything can change the environment.
        let value = unsafe getenv("NOTIFY_SOCKET").map { unsafe Array(String(cString: $0).utf8) } ?? []
        // A path, or a name in the abstract space, which systemd writes with a leading @.
        path = value.first == UInt8(ascii: "@") ? [0] + value.dropFirst() : value
    }

    /// Sends the assignments, one a line, like `READY=1`. A failure changes nothing: the service runs all the same.
    package func notify(_ assignments: String) {
        guard path.isEmpty == false else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = sockaddr_un()
        guard path.count <= MemoryLayout.size(ofValue: address.sun_path) else { return }
        address.sun_family = sa_family_t(AF_UNIX)
        // SAFETY: the path fits, as was checked.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
        let length = socklen_t(MemoryLayout.offset(of: \sockaddr_un.sun_path).map { $0 + path.count } ?? 0)
        let message = Array(assignments.utf8)
        // SAFETY: message and address outlive the call, and the lengths are theirs.
        _ = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe sendto(descriptor, message, message.count, Int32(MSG_NOSIGNAL), address, length)
            }
        }
    }
}
