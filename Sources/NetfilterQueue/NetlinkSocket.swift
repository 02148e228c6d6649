import CNetfilterQueue
import Glibc

/// A bound netlink socket of the netfilter family, closed with this value.
@safe
struct NetlinkSocket: ~Copyable, @unchecked Sendable {
    // SAFETY: `socket` is open until `deinit` closes it; this value is its only owner. Sendable: the kernel orders what several threads send.
    private let socket: OpaquePointer

    /// Opens a socket for the setting up of `queue`.
    ///
    /// - Throws: ``QueueError``.
    init(queue: UInt16) throws(QueueError) {
        // SAFETY: takes no pointer; a null result is handled.
        guard let socket = unsafe mnl_socket_open2(NETLINK_NETFILTER, Int32(SOCK_CLOEXEC.rawValue)) else {
            throw errno == EPROTONOSUPPORT
                ? .notSupported : .refused(queue: queue, step: "open a netlink socket", errorNumber: errno)
        }
        // SAFETY: opened above; port zero lets the kernel choose.
        guard unsafe mnl_socket_bind(socket, 0, 0) == 0 else {
            let errorNumber = errno
            _ = unsafe mnl_socket_close(socket)
            throw .refused(queue: queue, step: "bind a netlink socket", errorNumber: errorNumber)
        }
        unsafe self.socket = socket
    }

    /// Takes a socket that another process opened, which is closed with this value; nil, and closed, where it is no socket of netfilter.
    init?(adopting descriptor: Int32) {
        var (domain, kind) = (Int32(0), Int32(0))
        var length = socklen_t(MemoryLayout<Int32>.size)
        // SAFETY: the results and their length outlive the calls.
        let isKnown =
            unsafe getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0
            && getsockopt(descriptor, SOL_SOCKET, SO_PROTOCOL, &kind, &length) == 0
        // SAFETY: the descriptor is open and the caller's to give; a null result is handled.
        guard isKnown, domain == AF_NETLINK, kind == NETLINK_NETFILTER,
            let socket = unsafe mnl_socket_fdopen(descriptor)
        else {
            close(descriptor)
            return nil
        }
        unsafe self.socket = socket
    }

    deinit {
        // SAFETY: this value is the only owner.
        _ = unsafe mnl_socket_close(socket)
    }

    /// The socket's descriptor, valid as long as this value is.
    var descriptor: Int32 { unsafe mnl_socket_get_fd(socket) }

    /// The netlink port, which the kernel knows the owner of a queue by.
    var port: UInt32 { unsafe mnl_socket_get_portid(socket) }

    /// Looks at the message that is received next, which stays where it is.
    ///
    /// - Returns: octets of it, or the error number, negative: EAGAIN where there is none.
    func peek(into buffer: inout [UInt8]) -> Int {
        // SAFETY: the buffer is held exclusively while the call lasts, which writes no more than it has room for.
        unsafe buffer.withUnsafeMutableBytes { bytes in
            let count = unsafe recv(
                descriptor,
                bytes.baseAddress,
                bytes.count,
                Int32(MSG_PEEK | MSG_DONTWAIT)
            )
            return count < 0 ? -Int(errno) : count
        }
    }

    /// Sends messages to the kernel.
    ///
    /// - Returns: whether it took them all.
    func send(_ messages: UnsafeRawBufferPointer) -> Bool {
        var address = sockaddr_nl()
        address.nl_family = UInt16(AF_NETLINK)
        for _ in 0..<1_000 {
            // SAFETY: `address` outlives the call, and so do `messages`, which the caller keeps as they are.
            let sent = unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    unsafe sendto(
                        descriptor,
                        messages.baseAddress,
                        messages.count,
                        0,
                        address,
                        socklen_t(MemoryLayout<sockaddr_nl>.size)
                    )
                }
            }
            if sent == messages.count { return true }
            guard sent < 0, errno == EINTR || errno == EAGAIN || errno == ENOBUFS else { return false }
        }
        return false
    }

    /// Waits for messages.
    ///
    /// - Returns: octets received, or the error number, negative; ENOSPC where the buffer is too small.
    func receive(into buffer: inout [UInt8]) -> Int {
        // SAFETY: the buffer is held exclusively while the call lasts.
        unsafe buffer.withUnsafeMutableBytes { bytes in
            let count = unsafe mnl_socket_recvfrom(socket, bytes.baseAddress, bytes.count)
            return count < 0 ? -Int(errno) : count
        }
    }

    /// Asks for a receive buffer, past the system's limit where that is allowed.
    ///
    /// - Returns: octets obtained; the kernel counts its own bookkeeping and so doubles what is asked for.
    func setReceiveBuffer(_ wanted: Int) -> Int {
        var size = Int32(clamping: wanted)
        let length = socklen_t(MemoryLayout<Int32>.size)
        // SAFETY: `size` outlives the calls and `length` is its size.
        if unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &size, length) != 0 {
            _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, length)
        }
        var obtained: Int32 = 0
        var obtainedLength = length
        _ = unsafe getsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &obtained, &obtainedLength)
        return Int(obtained) / 2
    }

    /// Limits how long a receive call waits, so that a worker notices when it is to stop.
    func setReceiveTimeout(milliseconds: Int) {
        var limit = timeval(tv_sec: 0, tv_usec: suseconds_t(milliseconds * 1_000))
        // SAFETY: `limit` outlives the call.
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
}
