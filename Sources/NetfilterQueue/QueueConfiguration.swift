/// How a queue is set up.
package struct QueueConfiguration: Equatable, Sendable {
    /// The queue's number.
    package var number: UInt16

    /// Whether the kernel is to accept packets when the queue is full.
    package var failOpen = true

    /// Octets of each packet that the kernel copies to us.
    package var copyRange = 65_531

    /// The most packets that may wait in the queue; Linux 6.18 holds 65,536 of them whatever is asked for. Older kernels pass or drop what is
    /// beyond without numbering it, so that nobody can count it: the receive buffer is meant to be full first.
    package var maximumLength: UInt32 = 131_072

    /// Octets of receive buffer that are asked for.
    package var receiveBuffer = 32 << 20

    /// Whether the queue's worker goes before all other threads of its processor while it has little to do, where the system lets it.
    package var isRealTime = true

    /// The bits of packet marks that are ours; zero to set none.
    package var markMask: UInt32 = 0

    /// The value under ``markMask`` of a flow that need not be queued any more.
    package var acceptedMark: UInt32 = 0

    /// The other value of such a flow, which ``WorkerPool/mark(acceptedAnew:)`` changes to and from.
    package var acceptedAnewMark: UInt32 = 0

    /// The value under ``markMask`` of a flow that is dropped from now on.
    package var blockedMark: UInt32 = 0

    /// The value under ``markMask`` of a TCP connection that is refused from now on.
    package var refusedMark: UInt32 = 0

    /// A queue with this number and the defaults.
    package init(number: UInt16) {
        self.number = number
    }
}

/// Why a queue cannot be used. Each says what is wrong and what mends it, in one line.
package enum QueueError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The process lacks CAP_NET_ADMIN.
    case notPermitted
    /// Another socket has the queue; its netlink port is mostly its process number.
    case taken(queue: UInt16, port: UInt32)
    /// The kernel has no NFQUEUE.
    case notSupported
    /// Anything else that the kernel refused.
    case refused(queue: UInt16, step: String, errorNumber: Int32)

    /// Whether it may go away without anybody mending anything here: the other process may end.
    package var isTemporary: Bool {
        switch self {
        case .taken: true
        case .notPermitted, .notSupported, .refused: false
        }
    }

    package var description: String {
        switch self {
        case .notPermitted:
            "missing CAP_NET_ADMIN: run as root, or with AmbientCapabilities=CAP_NET_ADMIN in the systemd unit"
        case .taken(let queue, let port):
            "queue \(queue) is taken by another process (netlink port \(port)): stop it, or choose other numbers with --queues"
        case .notSupported:
            "the kernel has no NFQUEUE (nfnetlink_queue): load the module, or use a kernel with CONFIG_NETFILTER_NETLINK_QUEUE"
        case .refused(let queue, let step, let errorNumber):
            "queue \(queue): the kernel refused to \(step) (error \(errorNumber))"
        }
    }
}
