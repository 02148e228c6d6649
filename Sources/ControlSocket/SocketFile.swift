import FoundationEssentials
import Glibc

/// The file of a listening Unix stream socket.
///
/// Guarantees: the file has the mode that was asked for whatever the umask is and never a wider one, and never that mode before it has
/// the group that was asked for; what is not a socket, and what another
/// process listens at, is never removed; the file goes away at the end only if it is still the one that was made.
struct SocketFile: Sendable {
    /// Where the file is.
    let path: String
    private let identity: Identity

    /// The most bytes that a socket's path may have; one more is for the zero at its end.
    static let longestPath = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    /// Makes the file and a socket that listens at it, replacing the file of a process that has ended.
    ///
    /// The directory is created with mode 0755 if only the last component of its path is missing.
    ///
    /// - Parameters:
    ///   - place: where the file shall be.
    ///   - access: who may connect.
    ///   - isHeldBack: whether the file comes to its place with ``publish()`` only, which takes it from the process that listens there now.
    /// - Returns: the file, and the listening descriptor, which the caller owns.
    /// - Throws: ``ControlSocketError``; nothing is left behind then.
    static func listen(
        at place: String,
        _ access: SocketAccess = SocketAccess(),
        isHeldBack: Bool = false
    ) throws(ControlSocketError) -> (file: SocketFile, descriptor: CInt) {
        let path = isHeldBack ? place + heldBack : place
        guard !path.isEmpty, path.utf8.count <= longestPath else {
            throw .pathTooLong(path, limit: longestPath)
        }
        let group = try access.groupNumber()
        try makeDirectory(of: path)
        try removeStale(path)
        let descriptor = try makeSocket(path)
        do throws(ControlSocketError) {
            // The kernel gives the file the socket's own mode less the umask, so it is never wider than this.
            try check(fchmod(descriptor, group == nil ? access.mode : access.mode & 0o600), path, "fchmod")
            if bind(descriptor, path) != 0 {
                throw errno == EADDRINUSE ? .inUse(path) : failure(path, "bind", errno)
            }
        } catch {
            close(descriptor)
            throw error
        }
        do throws(ControlSocketError) {
            if let group { try give(path, to: group, access.group ?? "") }
            try check(changeMode(path, access.mode), path, "chmod")
            try check(Glibc.listen(descriptor, HTTPService.backlog), path, "listen")
            guard let identity = Identity(of: path) else { throw failure(path, "lstat", ENOENT) }
            return (SocketFile(path: place, identity: identity), descriptor)
        } catch {
            close(descriptor)
            removeFile(path)
            throw error
        }
    }

    /// Brings a file that was held back to its place, in one step: there is a socket to connect to at any moment.
    func publish() throws(ControlSocketError) {
        // SAFETY: both strings live for the time of the call and end in zero.
        try Self.check(unsafe rename(path + Self.heldBack, path), path, "rename")
    }

    /// Removes the file unless another one has taken its place.
    func remove() {
        for path in [path, path + Self.heldBack] where Identity(of: path) == identity { Self.removeFile(path) }
    }

    /// What a file's name ends with as long as it is held back.
    private static let heldBack = ".next"

    private static func makeDirectory(of path: String) throws(ControlSocketError) {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return }
        let directory = String(path[..<slash])
        // SAFETY: the string lives for the time of the call and ends in zero.
        if unsafe mkdir(directory, 0o755) == 0 {
            try check(changeMode(directory, 0o755), directory, "chmod")
            return
        }
        // What else is wrong with the directory, binding the socket tells better.
        if errno == ENOENT { throw .noDirectory(directory) }
    }

    /// Removes the socket file of a process that has ended.
    private static func removeStale(_ path: String) throws(ControlSocketError) {
        guard let present = Identity(of: path) else { return }
        guard present.isSocket else { throw .notASocket(path) }
        let descriptor = try makeSocket(path)
        defer { close(descriptor) }
        // Only a socket that nobody listens at refuses; a full backlog says EAGAIN, a datagram socket EPROTOTYPE.
        guard connect(descriptor, path) != 0 else { throw .inUse(path) }
        switch errno {
        case ECONNREFUSED: try check(removeFile(path), path, "unlink")
        case ENOENT: return
        case EAGAIN, EPROTOTYPE: throw .inUse(path)
        default: throw failure(path, "connect", errno)
        }
    }

    private static func makeSocket(_ path: String) throws(ControlSocketError) -> CInt {
        let flags = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, flags, 0)
        guard descriptor >= 0 else { throw failure(path, "socket", errno) }
        return descriptor
    }

    private static func bind(_ descriptor: CInt, _ path: String) -> CInt {
        // SAFETY: the address and its length describe one live sockaddr_un for the time of the call.
        unsafe withAddress(path) { unsafe Glibc.bind(descriptor, $0, $1) }
    }

    static func connect(_ descriptor: CInt, _ path: String) -> CInt {
        // SAFETY: the address and its length describe one live sockaddr_un for the time of the call.
        unsafe withAddress(path) { unsafe Glibc.connect(descriptor, $0, $1) }
    }

    private static func withAddress(
        _ path: String,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // SAFETY: the buffer covers exactly sun_path, whose last byte stays zero because the path was found to be short
        // enough; the prefix copy cannot pass the buffer's end.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { bytes in
            for (index, byte) in path.utf8.prefix(longestPath).enumerated() { unsafe bytes[index] = byte }
        }
        // SAFETY: a sockaddr_un begins with the fields of a sockaddr, which is how the calls expect it to be passed; the
        // pointer is not used after the closure.
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe body(generic, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private static func changeMode(_ path: String, _ mode: mode_t) -> CInt {
        // SAFETY: the string lives for the time of the call and ends in zero.
        unsafe chmod(path, mode)
    }

    private static func give(_ path: String, to group: gid_t, _ name: String) throws(ControlSocketError) {
        // SAFETY: the string lives for the time of the call and ends in zero.
        guard unsafe chown(path, uid_t.max, group) != 0 else { return }
        throw errno == EPERM ? .groupNotPermitted(path: path, group: name) : failure(path, "chown", errno)
    }

    @discardableResult
    private static func removeFile(_ path: String) -> CInt {
        // SAFETY: the string lives for the time of the call and ends in zero.
        unsafe unlink(path)
    }

    private static func check(_ result: CInt, _ path: String, _ call: String) throws(ControlSocketError) {
        guard result == 0 else { throw failure(path, call, errno) }
    }

    private static func failure(_ path: String, _ call: String, _ code: CInt) -> ControlSocketError {
        .failed(path: path, call: call, errno: code, reason: systemReason(code))
    }
}

/// What tells one file from another that takes its name later.
private struct Identity: Sendable, Equatable {
    let device: UInt64
    let inode: UInt64
    let isSocket: Bool

    /// The identity of what is at a path, a symbolic link itself for one; nil when there is nothing, or nothing to see.
    init?(of path: String) {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
            let device = Self.number(attributes[.systemNumber]),
            let inode = Self.number(attributes[.systemFileNumber])
        else { return nil }
        self.device = device
        self.inode = inode
        isSocket = attributes[.type] as? FileAttributeType == .typeSocket
    }

    /// An attribute's number, whose type depends on which of the Foundation libraries is loaded.
    private static func number(_ value: Any?) -> UInt64? {
        (value as? UInt64) ?? (value as? UInt).map { UInt64($0) }
    }
}
