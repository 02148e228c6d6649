import Glibc
package import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// The same resources over TCP, for scrapers that know no Unix sockets; nothing can be changed here, as nobody knows who asks.
///
/// Guarantees: the listener listens when `init` returns; it is bound to the one address it was given; what ``HTTPService`` bounds
/// is bounded.
package final class MetricsListener: Service {
    /// The address and port, as `192.0.2.1:9469` or `[2001:db8::1]:9469`; the port that the kernel chose where zero was asked for.
    package let name: String

    private let listening: Mutex<CInt?>
    private let service: HTTPService

    /// Opens the listener.
    ///
    /// - Parameters:
    ///   - address: an IPv4 or IPv6 address in digits.
    ///   - port: the port; zero for any that is free.
    ///   - source: what it offers; of the changes nothing.
    ///   - logger: told about failures of the listener as a whole, never about requests.
    /// - Throws: ``ControlSocketError``; nothing is left behind then.
    package init(
        address: String,
        port: UInt16,
        source: ControlSource,
        logger: Logger
    ) throws(ControlSocketError) {
        let wanted = Self.name(address, port)
        guard let endpoint = try? SocketAddress(ipAddress: address, port: Int(port)) else {
            throw .notAnAddress(wanted)
        }
        let flags = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(
            endpoint.protocol.rawValue == NIOBSDSocket.ProtocolFamily.inet6.rawValue ? AF_INET6 : AF_INET,
            flags,
            0
        )
        guard descriptor >= 0 else {
            throw .failed(path: wanted, call: "socket", errno: errno, reason: Self.reason(errno))
        }
        do throws(ControlSocketError) {
            try Self.listen(descriptor, at: endpoint, wanted)
        } catch {
            close(descriptor)
            throw error
        }
        let name = Self.name(address, Self.endpoint(of: descriptor)?.port.map { UInt16(clamping: $0) } ?? port)
        self.name = name
        listening = Mutex(descriptor)
        service = HTTPService(
            name: name,
            responder: ControlResponder(source: source, isReadOnly: true),
            logger: logger
        )
    }

    deinit {
        if let descriptor = listening.withLock({ $0.take() }) { close(descriptor) }
    }

    /// Takes over a listener that another process opened at the same address.
    ///
    /// - Parameters:
    ///   - descriptor: the listening socket, which is closed with this object, or at once where it listens elsewhere.
    ///   - address: the address it has to have.
    ///   - port: the port it has to have.
    ///   - source: what it offers; of the changes nothing.
    ///   - logger: told about failures of the listener as a whole, never about requests.
    package init?(
        adopting descriptor: CInt,
        address: String,
        port: UInt16,
        source: ControlSource,
        logger: Logger
    ) {
        guard Self.endpoint(of: descriptor) == (try? SocketAddress(ipAddress: address, port: Int(port))) else {
            close(descriptor)
            return nil
        }
        name = Self.name(address, port)
        listening = Mutex(descriptor)
        service = HTTPService(
            name: name,
            responder: ControlResponder(source: source, isReadOnly: true),
            logger: logger
        )
    }

    /// Another descriptor of the listening socket, which the caller closes; nil once it is served or where the process may open no more.
    package func duplicate() -> CInt? {
        listening.withLock {
            $0.flatMap { number in
                let copy = fcntl(number, F_DUPFD_CLOEXEC, 3)
                return copy < 0 ? nil : copy
            }
        }
    }

    private static func endpoint(of descriptor: CInt) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        // SAFETY: the storage is large enough for every address and outlives the call; the address is read as what its family says.
        return unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard unsafe getsockname(descriptor, address, &length) == 0 else { return nil }
                switch Int32(unsafe address.pointee.sa_family) {
                case AF_INET:
                    return unsafe address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                        unsafe SocketAddress($0.pointee)
                    }
                case AF_INET6:
                    return unsafe address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                        unsafe SocketAddress($0.pointee)
                    }
                default: return nil
                }
            }
        }
    }

    /// Serves until a graceful shutdown or a cancellation; to be called once.
    ///
    /// - Throws: what the event loop throws when it cannot serve the socket.
    package func run() async throws {
        guard let descriptor = listening.withLock({ $0.take() }) else { return }
        try await service.run(at: descriptor)
    }

    /// Why there is no socket; a unit that allows none of the network is the reason as a rule.
    private static func reason(_ errorNumber: CInt) -> String {
        errorNumber == EAFNOSUPPORT
            ? "IP sockets are not allowed; set RestrictAddressFamilies=AF_INET AF_INET6 in the unit"
            : systemReason(errorNumber)
    }

    private static func listen(
        _ descriptor: CInt,
        at endpoint: SocketAddress,
        _ wanted: String
    ) throws(ControlSocketError) {
        // A sensor that starts anew does not wait for the connections of the one before it to time out.
        set(descriptor, SOL_SOCKET, SO_REUSEADDR)
        // One address and no other: not IPv4 too where all of IPv6 was asked for.
        if case .v6 = endpoint { set(descriptor, CInt(IPPROTO_IPV6), IPV6_V6ONLY) }
        // SAFETY: the address is alive for the call and its length is its own.
        let bound = unsafe endpoint.withSockAddr { address, length in
            unsafe Glibc.bind(descriptor, address, socklen_t(length))
        }
        guard bound == 0, Glibc.listen(descriptor, HTTPService.backlog) == 0 else {
            switch errno {
            case EADDRINUSE: throw .addressInUse(wanted)
            case EADDRNOTAVAIL: throw .addressMissing(wanted)
            default: throw .failed(path: wanted, call: "bind", errno: errno, reason: systemReason(errno))
            }
        }
    }

    private static func set(_ descriptor: CInt, _ level: CInt, _ option: CInt) {
        var isOn: CInt = 1
        // SAFETY: the option takes an integer, which outlives the call. Without it the listener works all the same.
        _ = unsafe setsockopt(descriptor, level, option, &isOn, socklen_t(MemoryLayout<CInt>.size))
    }

    private static func name(_ address: String, _ port: UInt16) -> String {
        address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
    }
}
