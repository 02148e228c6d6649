import CHandover
import Glibc

/// Where a running sensor waits for the one that is to take its queues over: a Unix socket beside the metrics socket, for root and the
/// sensor's own user alone.
package final class HandoverSocket: Sendable {
    /// Where the socket is.
    package let path: String

    private let socket: Descriptor
    private let inode: UInt64

    /// The path that belongs to a metrics socket.
    package static func path(besides metricsSocket: String) -> String { metricsSocket + ".handover" }

    /// Opens the socket, and puts it in the place of what is at the path in one step: a sensor that runs already can be asked till then, this
    /// one from then on.
    ///
    /// - Throws: ``HandoverError``; nothing is left behind then.
    package init(path: String) throws(HandoverError) {
        self.path = path
        let temporary = path + ".next"
        guard let (address, length) = UnixAddress.make(Array(temporary.utf8)) else { throw .pathTooLong(path) }
        let flags = Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue)
        let number = Glibc.socket(AF_UNIX, flags, 0)
        guard number >= 0 else { throw .failed(path: path, call: "socket", errorNumber: errno) }
        let socket = Descriptor(taking: number)
        self.socket = socket
        // SAFETY: the strings and the address outlive the calls, and the length is the address's own.
        _ = unsafe unlink(temporary)
        // The kernel gives the file the socket's own mode less the umask.
        guard fchmod(number, 0o600) == 0 else { throw .failed(path: path, call: "fchmod", errorNumber: errno) }
        let bound = unsafe withUnsafePointer(to: address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(number, $0, length) }
        }
        guard bound == 0 else { throw .failed(path: path, call: "bind", errorNumber: errno) }
        var status = stat()
        guard listen(number, 4) == 0, unsafe lstat(temporary, &status) == 0, unsafe rename(temporary, path) == 0 else {
            let errorNumber = errno
            _ = unsafe unlink(temporary)
            throw .failed(path: path, call: "rename", errorNumber: errorNumber)
        }
        inode = UInt64(status.st_ino)
    }

    /// Waits for a sensor that asks.
    ///
    /// - Returns: the connection; nil once ``stop()`` was called.
    package func accept() -> HandoverConnection? {
        while true {
            let number = gv_accept(socket.number)
            if number >= 0 {
                guard let connection = HandoverConnection(Descriptor(taking: number)) else { continue }
                return connection
            }
            switch -number {
            case EINTR, ECONNABORTED, EMFILE, ENFILE, ENOBUFS, ENOMEM: usleep(1_000)
            default: return nil
            }
        }
    }

    /// Ends the waiting, and removes the file unless another sensor's has taken its place.
    package func stop() {
        _ = shutdown(socket.number, Int32(SHUT_RDWR))
        var status = stat()
        // SAFETY: the path and the result outlive the calls.
        guard unsafe lstat(path, &status) == 0, UInt64(status.st_ino) == inode else { return }
        _ = unsafe unlink(path)
    }

    /// Connects to the sensor that runs.
    ///
    /// - Throws: ``HandoverError``.
    package static func connect(to path: String) throws(HandoverError) -> HandoverConnection {
        guard let (address, length) = UnixAddress.make(Array(path.utf8)) else { throw .pathTooLong(path) }
        let number = Glibc.socket(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw .failed(path: path, call: "socket", errorNumber: errno) }
        let socket = Descriptor(taking: number)
        // SAFETY: the address outlives the call, and the length is its own.
        let connected = unsafe withUnsafePointer(to: address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(number, $0, length)
            }
        }
        guard connected == 0 else {
            switch errno {
            case ENOENT, ECONNREFUSED, ENOTDIR: throw .nobody(path)
            case EACCES, EPERM: throw .notPermitted(path)
            default: throw .failed(path: path, call: "connect", errorNumber: errno)
            }
        }
        guard let connection = HandoverConnection(socket), connection.isTrusted else { throw .notPermitted(path) }
        return connection
    }
}

/// Why queues cannot be taken over. Each says what is wrong and what mends it, in one line.
package enum HandoverError: Error, Equatable, Sendable, CustomStringConvertible {
    /// No sensor runs that could be asked.
    case nobody(String)
    /// The sensor is another user's.
    case notPermitted(String)
    /// The path does not fit into a Unix socket address.
    case pathTooLong(String)
    /// The sensor did not hand its queues over, or not all of it came.
    case refused(String)
    /// A call failed.
    case failed(path: String, call: String, errorNumber: Int32)

    package var description: String {
        switch self {
        case .nobody(let path):
            "\(path): no sensor to take over from; start without --take-over"
        case .notPermitted(let path):
            "\(path): permission denied; run as root or as the user of the sensor that runs"
        case .pathTooLong(let path):
            "\(path): longer than a socket's path may be; choose a shorter one for the metrics socket"
        case .refused(let path):
            "\(path): the sensor that runs keeps its queues; see its log, and try again"
        case .failed(let path, let call, let errorNumber):
            "\(path): cannot hand queues over: \(call) failed (error \(errorNumber)); see that the folder can be written"
        }
    }
}
