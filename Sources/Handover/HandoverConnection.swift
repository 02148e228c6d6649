import CHandover
import Glibc

/// One side of a conversation between a sensor and the one that takes its queues over.
package final class HandoverConnection: Sendable {
    private let socket: Descriptor

    /// The process at the other end, as the kernel noted it when the connection was made.
    package let peer: Int32

    private let user: UInt32

    /// A connection over a socket; nil where the kernel does not tell who is at the other end.
    init?(_ socket: Descriptor) {
        var process: Int32 = 0
        var user: UInt32 = .max
        // SAFETY: both results outlive the call.
        guard unsafe gv_peer(socket.number, &process, &user) == 0 else { return nil }
        self.socket = socket
        peer = process
        self.user = user
    }

    /// Whether the other end is root's, or of the same user as this process, and a process that can be named: one of another namespace has no number.
    package var isTrusted: Bool { peer > 1 && (user == 0 || user == geteuid()) }

    /// Sends a message, and a file with it where there is one.
    ///
    /// - Returns: whether the other end can receive it.
    package func send(_ message: HandoverMessage, _ descriptor: Int32? = nil) -> Bool {
        let bytes = message.bytes
        let descriptors = descriptor.map { [$0] } ?? []
        // SAFETY: both arrays outlive the call, and the counts are theirs; there is no address.
        return unsafe gv_send_descriptors(
            socket.number,
            nil,
            0,
            bytes,
            bytes.count,
            descriptors,
            UInt32(descriptors.count)
        ) == 0
    }

    /// What was received.
    package enum Reception: Sendable {
        /// A message, and the file that came with it.
        case message(HandoverMessage, Descriptor?)
        /// The other end has closed the connection, or died.
        case end
        /// Nothing came in time.
        case silence
        /// Something came that is no message.
        case fault
    }

    /// Waits for a message.
    ///
    /// - Parameter seconds: how long at most, more than none.
    /// - Returns: what came, or that nothing did.
    package func receive(within seconds: Double) -> Reception {
        let microseconds = Int(min(max(seconds, 0.001), 86_400) * 1_000_000)
        var limit = timeval(tv_sec: microseconds / 1_000_000, tv_usec: microseconds % 1_000_000)
        // SAFETY: `limit` outlives the call.
        _ = unsafe setsockopt(socket.number, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var bytes = [UInt8](repeating: 0, count: HandoverMessage.limit)
        var descriptors = [Int32](repeating: -1, count: Int(GV_DESCRIPTOR_LIMIT))
        var count: UInt32 = 0
        let size = bytes.count
        // SAFETY: the buffers are as long as the call is told and outlive it.
        let received = unsafe gv_receive_descriptors(socket.number, &bytes, size, &descriptors, &count)
        let files = descriptors.prefix(Int(count)).map { Descriptor(taking: $0) }
        switch received {
        case 0: return .end
        case -EAGAIN: return .silence
        case -ECONNRESET: return .end
        case ..<0: return .fault
        default:
            guard files.count <= 1, let message = HandoverMessage(Array(bytes.prefix(Int(received)))) else {
                return .fault
            }
            return .message(message, files.first)
        }
    }
}
