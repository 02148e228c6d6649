import CHandover
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

    /// Whether there is somebody to tell.
    package var isHeard: Bool { path.isEmpty == false }

    /// Sends the assignments, one a line, like `READY=1`. A failure changes nothing: the service runs all the same.
    package func notify(_ assignments: String) {
        _ = send(assignments, [])
    }

    /// Has a file kept open for the next process of the service, under a name; systemd keeps it where `FileDescriptorStoreMax=` leaves room.
    ///
    /// - Parameters:
    ///   - descriptor: the file, which stays open here, too.
    ///   - name: letters, digits and hyphens; more files may have the same.
    /// - Returns: whether it was sent. Whether it is kept is not told.
    package func keep(_ descriptor: Int32, as name: String) -> Bool {
        send("FDSTORE=1\nFDNAME=\(name)", [descriptor])
    }

    /// Has the files under a name kept no longer.
    package func forget(_ name: String) {
        _ = send("FDSTOREREMOVE=1\nFDNAME=\(name)", [])
    }

    private func send(_ assignments: String, _ descriptors: [Int32]) -> Bool {
        guard isHeard else { return false }
        let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { return false }
        defer { close(number) }
        guard let (address, length) = UnixAddress.make(path) else { return false }
        var target = address
        let message = Array(assignments.utf8)
        // SAFETY: message, address and descriptors outlive the call, and the counts are theirs.
        return unsafe gv_send_descriptors(
            number,
            &target,
            length,
            message,
            message.count,
            descriptors,
            UInt32(descriptors.count)
        ) == 0
    }
}
