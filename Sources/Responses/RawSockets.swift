import Glibc
import Wire

/// The sockets that composed packets leave by: for each IP version one whose packets connection tracking translates as those of their
/// connection, and one whose packets it does not see.
///
/// Every packet bears one of the sensor's own marks, so that it meets no queue and no rule of ours takes it for a client's.
struct RawSockets: ~Copyable, Sendable {
    private let tracked: Pair
    private let untracked: Pair

    /// Two sockets, one for each IP version; -1 where the host has no IPv6.
    private struct Pair {
        var v4: Int32
        var v6: Int32

        var all: [Int32] { [v4, v6].filter { $0 >= 0 } }
    }

    /// Takes the sockets that systemd keeps, and opens those that it does not.
    ///
    /// - Parameters:
    ///   - own: the mark of packets that connection tracking sees.
    ///   - mark: the mark of packets that it does not see.
    /// - Throws: ``ResponseError`` where the process may not have them.
    init(own: UInt32, untracked mark: UInt32) throws(ResponseError) {
        var kept = [AF_INET: PassedSockets.copies(AF_INET), AF_INET6: PassedSockets.copies(AF_INET6)]
        var opened: [Int32] = []
        do throws(ResponseError) {
            for mark in [own, mark] {
                for family in [AF_INET, AF_INET6] {
                    guard family == AF_INET || Self.hostHasIPv6 else {
                        opened.append(-1)
                        continue
                    }
                    let descriptor = if let passed = kept[family]?.popLast() { passed } else { try Self.open(family) }
                    opened.append(descriptor)
                    try Self.mark(descriptor, mark)
                }
            }
        } catch {
            for descriptor in opened + kept.values.joined() where descriptor >= 0 { close(descriptor) }
            throw error
        }
        for descriptor in kept.values.joined() { close(descriptor) }
        tracked = Pair(v4: opened[0], v6: opened[1])
        untracked = Pair(v4: opened[2], v6: opened[3])
    }

    deinit {
        for descriptor in tracked.all + untracked.all { close(descriptor) }
    }

    /// Whether this host has IPv6 at all.
    static var hostHasIPv6: Bool {
        // SAFETY: the path is a literal that lives through the call.
        unsafe access("/proc/self/net/if_inet6", F_OK) == 0
    }

    /// Opens a socket.
    static func open(_ family: Int32) throws(ResponseError) -> Int32 {
        // What is sent begins with the IP header: that is what IPPROTO_RAW means for both versions (raw(7), ipv6(7)).
        let descriptor = socket(
            family,
            Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue),
            Int32(IPPROTO_RAW)
        )
        guard descriptor >= 0 else {
            throw [EPERM, EACCES, EAFNOSUPPORT].contains(errno)
                ? .notPermitted : .refused(step: "open a raw socket", errorNumber: errno)
        }
        return descriptor
    }

    private static func mark(_ descriptor: Int32, _ mark: UInt32) throws(ResponseError) {
        var mark = mark
        let size = socklen_t(MemoryLayout<UInt32>.size)
        // SAFETY: the option's value is the variable above, of the stated size, which the call copies.
        guard unsafe setsockopt(descriptor, SOL_SOCKET, SO_MARK, &mark, size) == 0 else {
            throw errno == EPERM ? .notPermitted : .refused(step: "mark a raw socket", errorNumber: errno)
        }
    }

    /// Sends an IP packet.
    ///
    /// - Parameters:
    ///   - packet: the packet, from its header on.
    ///   - isTracked: whether connection tracking is to see it.
    ///   - route: where it is routed, of its version, for one that connection tracking translates; nil for the address in its header.
    /// - Returns: whether the kernel took it.
    func send(_ packet: Span<UInt8>, isTracked: Bool, by route: IPAddress? = nil) -> Bool {
        guard packet.count >= 20 else { return false }
        let pair = isTracked ? tracked : untracked
        return packet[0] &>> 4 == 4 ? sendV4(packet, pair.v4, route) : sendV6(packet, pair.v6, route)
    }

    private func sendV4(_ packet: Span<UInt8>, _ descriptor: Int32, _ route: IPAddress?) -> Bool {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        // SAFETY: twenty octets are there at least, checked by the caller; the address is read where it stands, in network byte order.
        unsafe packet.withUnsafeBytes {
            address.sin_addr.s_addr = unsafe $0.loadUnaligned(fromByteOffset: 16, as: UInt32.self)
        }
        if let route { address.sin_addr.s_addr = UInt32(truncatingIfNeeded: route.low).bigEndian }
        return Self.send(packet, descriptor, &address)
    }

    private func sendV6(_ packet: Span<UInt8>, _ descriptor: Int32, _ route: IPAddress?) -> Bool {
        guard packet.count >= 40, descriptor >= 0 else { return false }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        // SAFETY: forty octets are there, checked above; the address is read where it stands.
        unsafe packet.withUnsafeBytes {
            address.sin6_addr = unsafe $0.loadUnaligned(fromByteOffset: 24, as: in6_addr.self)
        }
        if let route {
            let words = (route.high.bigEndian, route.low.bigEndian)
            // SAFETY: both are 16 octets, of which none is a pointer.
            address.sin6_addr = unsafe unsafeBitCast(words, to: in6_addr.self)
        }
        return Self.send(packet, descriptor, &address)
    }

    private static func send<Address>(_ packet: Span<UInt8>, _ descriptor: Int32, _ address: inout Address) -> Bool {
        let length = socklen_t(MemoryLayout<Address>.size)
        // SAFETY: packet and address live through the call, which reads no more of them than their sizes.
        return unsafe packet.withUnsafeBytes { bytes in
            unsafe withUnsafeBytes(of: &address) { raw in
                unsafe sendto(
                    descriptor,
                    bytes.baseAddress,
                    bytes.count,
                    Int32(MSG_DONTWAIT),
                    raw.baseAddress?.assumingMemoryBound(to: sockaddr.self),
                    length
                ) == bytes.count
            }
        }
    }
}

/// Why packets cannot be sent. Each says what is wrong and what mends it, in one line.
package enum ResponseError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The process lacks CAP_NET_RAW, or CAP_NET_ADMIN for the mark.
    case notPermitted
    /// The process was not started by systemd, with which sockets could be left.
    case nobodyKeepsSockets
    /// Anything else that the kernel refused.
    case refused(step: String, errorNumber: Int32)

    package var description: String {
        switch self {
        case .notPermitted:
            "missing CAP_NET_RAW, which answers and resets need: run as root or with it, have the systemd unit open the sockets (ExecStartPre=+ with "
                + "grindvakt answer-sockets), or use the actions \"drop\" and \"observe\" alone"
        case .nobodyKeepsSockets:
            "NOTIFY_SOCKET: not set, so nobody keeps the sockets; this is for ExecStartPre= of a systemd unit with NotifyAccess=exec"
        case .refused(let step, let errorNumber):
            "the kernel refused to \(step) (error \(errorNumber)), which answers and resets need; the actions \"drop\" and \"observe\" need none"
        }
    }
}
