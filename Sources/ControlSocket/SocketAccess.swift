package import Glibc

/// Who may connect to the sensor's Unix socket. What changes something is left to root and the sensor's own user in any case.
package struct SocketAccess: Sendable, Equatable {
    /// The permission bits of the file; only those for reading and writing count.
    package var mode: UInt32
    /// The name or the number of the file's group; nil for the process's own.
    package var group: String?

    /// Access for the process's user and group.
    package init(mode: UInt32 = 0o660, group: String? = nil) {
        self.mode = mode & 0o666
        self.group = group
    }

    /// The group's number; nil where none is asked for.
    ///
    /// - Throws: ``ControlSocketError/noGroup(_:)``.
    package func groupNumber() throws(ControlSocketError) -> gid_t? {
        guard let group else { return nil }
        if let number = gid_t(group) { return number }
        // SAFETY: a structure of numbers and pointers, for the call to fill.
        var entry = unsafe Glibc.group()
        var found: UnsafeMutablePointer<Glibc.group>?
        var buffer = [CChar](repeating: 0, count: 65_536)
        let size = buffer.count
        // SAFETY: the entry, the buffer with its size and the result outlive the call; only the number is read of the entry.
        let status = unsafe getgrnam_r(group, &entry, &buffer, size, &found)
        guard status == 0, unsafe found != nil else { throw .noGroup(group) }
        return unsafe entry.gr_gid
    }
}
