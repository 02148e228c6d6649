import CNetfilterQueue
import Glibc

/// The marks of the connections that the kernel tracks, as far as they are ours (linux/netfilter/nfnetlink_conntrack.h).
///
/// What the kernel says of a connection goes back to it and nowhere else: no address is kept or told.
package struct ConnectionMarks: Sendable {
    /// The bits of connection marks that are ours; all others stay as they are.
    package let mask: UInt32

    /// What a mark is replaced by, for connections of TCP and for others.
    package struct Replacement: Equatable, Sendable {
        /// The value under the mask that is looked for.
        package var old: UInt32
        /// The value that a TCP connection gets.
        package var tcp: UInt32
        /// The value that any other gets.
        package var other: UInt32

        /// A replacement of one value.
        package init(_ old: UInt32, tcp: UInt32, other: UInt32) {
            self.old = old
            self.tcp = tcp
            self.other = other
        }
    }

    /// Why the marks could not be changed.
    package struct Failure: Error, Equatable, Sendable, CustomStringConvertible {
        /// The error number that the kernel gave.
        package let errorNumber: Int32

        package var description: String {
            "the connections' marks could not be changed (error \(errorNumber)): load the module nf_conntrack_netlink, or leave "
                + "decision-lifetime out"
        }
    }

    /// The marks under these bits.
    package init(mask: UInt32) {
        self.mask = mask
    }

    /// Replaces marks of connections.
    ///
    /// - Parameter replacement: which, and by what.
    /// - Returns: how many were replaced.
    /// - Throws: ``Failure`` where the kernel does not tell of its connections or takes no change.
    /// - Complexity: one to two microseconds for each connection with such a mark; those without are passed over in the kernel.
    package func replace(_ replacement: Replacement) throws(Failure) -> Int {
        try replace(replacement, Self.socket(), Self.socket())
    }

    private static func socket() throws(Failure) -> NetlinkSocket {
        do throws(QueueError) {
            return try NetlinkSocket(queue: 0)
        } catch {
            throw Failure(errorNumber: errno)
        }
    }

    private func replace(
        _ replacement: Replacement,
        _ listing: borrowing NetlinkSocket,
        _ changing: borrowing NetlinkSocket
    ) throws(Failure) -> Int {
        let request = ConnectionMessage(
            .get,
            flags: UInt16(NLM_F_REQUEST | NLM_F_DUMP),
            family: 0,
            attributes: [.mark(replacement.old), .markMask(mask)]
        )
        guard Self.send(request.bytes, listing) else { throw Failure(errorNumber: errno) }
        var buffer = [UInt8](repeating: 0, count: 1 << 17)
        var changes: [UInt8] = []
        var replaced = 0
        while true {
            let count = listing.receive(into: &buffer)
            if count == -Int(EINTR) { continue }
            guard count >= 0 else { throw Failure(errorNumber: Int32(-count)) }
            var messages = NetlinkMessages(buffer.span.extracting(0..<count))
            while let message = messages.next() {
                if message.type == UInt16(NLMSG_DONE) {
                    guard Self.send(changes, changing) else { throw Failure(errorNumber: errno) }
                    return replaced
                }
                if message.type == UInt16(NLMSG_ERROR), message.payload.count >= 4 {
                    throw Failure(errorNumber: 0 &- Int32(bitPattern: message.payload.nativeUInt32(at: 0)))
                }
                guard let connection = TrackedConnection(message), connection.mark & mask == replacement.old else {
                    continue
                }
                let isTCP = connection.transport == UInt8(IPPROTO_TCP)
                changes += connection.change(to: isTCP ? replacement.tcp : replacement.other, mask: mask)
                replaced += 1
                guard changes.count > 1 << 15 else { continue }
                guard Self.send(changes, changing) else { throw Failure(errorNumber: errno) }
                changes = []
            }
        }
    }

    private static func send(_ bytes: [UInt8], _ socket: borrowing NetlinkSocket) -> Bool {
        guard bytes.isEmpty == false else { return true }
        // SAFETY: the octets live through the call, which only reads them.
        return unsafe bytes.withUnsafeBytes { unsafe socket.send($0) }
    }
}

/// A connection as the kernel tells of it: enough to name it to the kernel again.
struct TrackedConnection {
    /// Its mark word.
    private(set) var mark: UInt32 = 0

    /// The IANA number of its transport protocol; zero where it is not told.
    private(set) var transport: UInt8 = 0

    private let family: UInt8
    private var tuple: [UInt8] = []
    private var zone: [UInt8] = []

    /// Reads a message about a connection; nil where it is none, or does not name the connection.
    init?(_ message: NetlinkMessage) {
        guard message.type >> 8 == UInt16(NFNL_SUBSYS_CTNETLINK), message.payload.count >= 4 else { return nil }
        let bytes = message.payload
        family = bytes[0]
        var attributes = NetlinkAttributes(bytes, from: 4)
        while let (type, value) = attributes.next() {
            switch type {
            case ConnectionAttribute.original:
                tuple = Self.copy(bytes, value)
                transport = Self.transport(bytes.extracting(value))
            case ConnectionAttribute.zone: zone = Self.copy(bytes, value)
            case ConnectionAttribute.mark where value.count >= 4: mark = bytes.networkUInt32(at: value.lowerBound)
            default: break
            }
        }
        guard tuple.isEmpty == false else { return nil }
    }

    /// The message that changes the bits of `mask` in its mark.
    func change(to mark: UInt32, mask: UInt32) -> [UInt8] {
        var attributes: [ConnectionAttribute] = [.tuple(tuple), .mark(mark), .markMask(mask)]
        if zone.isEmpty == false { attributes.append(.zone(zone)) }
        return ConnectionMessage(.new, flags: UInt16(NLM_F_REQUEST), family: family, attributes: attributes).bytes
    }

    private static func copy(_ bytes: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
        var copy: [UInt8] = []
        copy.reserveCapacity(range.count)
        for index in range { copy.append(bytes[index]) }
        return copy
    }

    /// The transport protocol's number inside a tuple.
    private static func transport(_ tuple: Span<UInt8>) -> UInt8 {
        var parts = NetlinkAttributes(tuple, from: 0)
        while let (type, value) = parts.next() {
            guard type == ConnectionAttribute.transport else { continue }
            var fields = NetlinkAttributes(tuple.extracting(value), from: 0)
            while let (type, field) = fields.next() {
                guard type == ConnectionAttribute.protocolNumber, field.count >= 1 else { continue }
                return tuple[value.lowerBound + field.lowerBound]
            }
        }
        return 0
    }
}

/// A message about connections, as it is written.
private struct ConnectionMessage {
    /// What it asks for (`enum cntl_msg_types`).
    enum Request: UInt16 {
        case new = 0
        case get = 1
    }

    /// The message, aligned to four octets.
    let bytes: [UInt8]

    init(_ request: Request, flags: UInt16, family: UInt8, attributes: [ConnectionAttribute]) {
        let body = [family, 0, 0, 0] + attributes.flatMap(\.bytes)
        let type = UInt16(NFNL_SUBSYS_CTNETLINK) << 8 | request.rawValue
        bytes =
            nativeOctets(UInt32(NetlinkMessage.headerLength + body.count)) + nativeOctets(type) + nativeOctets(flags)
            + [UInt8](repeating: 0, count: 8) + body
    }
}
