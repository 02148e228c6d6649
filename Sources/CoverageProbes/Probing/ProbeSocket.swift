import Glibc

/// A socket of a probe: never waits, and is closed when nobody holds it any more.
final class ProbeSocket {
    let descriptor: CInt

    /// What reading gave.
    enum Reading: Equatable {
        /// Octets, one datagram or as much of a stream as is there.
        case octets([UInt8])
        /// The other end has ended the stream.
        case end
        /// Nothing yet.
        case nothing
        /// The system says why there will be nothing; the number that `errno` had.
        case failed(Int32)
    }

    /// A socket that is connected, or is on its way to be, to a server; nil where the connection fails at once.
    ///
    /// - Throws: ``ProbeError/noSocket(_:)`` where the system gives no socket at all.
    static func connecting(
        to server: ProbeAddress,
        port: UInt16,
        isDatagram: Bool
    ) throws(ProbeError) -> ProbeSocket? {
        let family = server.version == 4 ? AF_INET : AF_INET6
        let kind = CInt((isDatagram ? SOCK_DGRAM : SOCK_STREAM).rawValue)
        let flags = CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, kind | flags, 0)
        guard descriptor >= 0 else {
            // A host without this version of IP.
            if errno == EAFNOSUPPORT { return nil }
            throw .noSocket(errno)
        }
        let connection = ProbeSocket(descriptor)
        return connection.connect(server, port) ? connection : nil
    }

    private init(_ descriptor: CInt) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    private func connect(_ server: ProbeAddress, _ port: UInt16) -> Bool {
        // sockaddr_in and sockaddr_in6 begin alike: the family in the machine's order, the port in the wire's.
        let family = UInt16(server.version == 4 ? AF_INET : AF_INET6)
        var address = [UInt8(truncatingIfNeeded: family), UInt8(truncatingIfNeeded: family >> 8)]
        if 1.bigEndian == 1 { address.reverse() }
        address += [UInt8(port >> 8), UInt8(truncatingIfNeeded: port)]
        if server.version == 4 {
            address += server.octets + [UInt8](repeating: 0, count: 8)
        } else {
            address += [0, 0, 0, 0] + server.octets + [0, 0, 0, 0]
        }
        // SAFETY: the array holds a whole sockaddr of this family, whose length is given, and lives for the time of the call.
        let result = unsafe address.withUnsafeBytes { octets in
            guard let base = octets.baseAddress else { return CInt(-1) }
            return unsafe Glibc.connect(
                descriptor,
                unsafe base.assumingMemoryBound(to: sockaddr.self),
                socklen_t(octets.count)
            )
        }
        return result == 0 || errno == EINPROGRESS
    }

    /// Why a connection on its way did not come about; zero where it did.
    func connectionError() -> Int32 {
        var error: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        // SAFETY: both variables live for the time of the call and have the sizes that are given.
        guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) == 0 else { return errno }
        return error
    }

    /// Sends a message; zero, or the number that `errno` had.
    func send(_ message: [UInt8]) -> Int32 {
        // SAFETY: the array lives for the time of the call and has as many octets as are given.
        let count = unsafe message.withUnsafeBytes { octets in
            unsafe Glibc.send(descriptor, octets.baseAddress, octets.count, CInt(MSG_NOSIGNAL))
        }
        // A message is far smaller than any buffer: less than all of it is never sent.
        return count == message.count ? 0 : count < 0 ? errno : EMSGSIZE
    }

    /// Reads what is there.
    func read(isDatagram: Bool) -> Reading {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        // SAFETY: the array is held alone for the time of the call, which writes no more than it holds.
        let count = unsafe buffer.withUnsafeMutableBytes { octets in
            unsafe recv(descriptor, octets.baseAddress, octets.count, 0)
        }
        guard count >= 0 else { return errno == EAGAIN || errno == EINTR ? .nothing : .failed(errno) }
        if count == 0, isDatagram == false { return .end }
        return .octets(Array(buffer[..<count]))
    }

    /// Waits until one of the sockets has something, or can be written to.
    ///
    /// - Parameters:
    ///   - sockets: what is waited for, and whether for room to write.
    ///   - milliseconds: the longest wait.
    /// - Returns: of each socket whether it has something.
    static func wait(_ sockets: [(socket: ProbeSocket, forWriting: Bool)], milliseconds: Int) -> [Bool] {
        var waits = sockets.map {
            pollfd(fd: $0.socket.descriptor, events: Int16($0.forWriting ? POLLOUT : POLLIN), revents: 0)
        }
        // SAFETY: the array is held alone for the time of the call and has as many elements as are given.
        let count = unsafe waits.withUnsafeMutableBufferPointer { waits in
            unsafe poll(waits.baseAddress, nfds_t(waits.count), CInt(clamping: max(milliseconds, 0)))
        }
        return waits.map { count > 0 && $0.revents != 0 }
    }

    /// Milliseconds of a clock that never goes back.
    static func clock() -> Int {
        var time = timespec()
        // SAFETY: `time` is a whole `timespec` to be filled.
        unsafe _ = clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
    }
}
