import CNetfilterQueue
import Glibc
import Telemetry

/// A netfilter queue that this process has: its netlink socket, set up and checked.
struct Queue: ~Copyable, Sendable {
    /// What the kernel gave.
    let state: QueueConfigurationState

    /// The number of the last packet that came while the queue was being set up; it and those before it are still to be let go.
    let passedAtStart: UInt32?

    private let socket: NetlinkSocket

    /// The socket's descriptor, valid as long as this value is.
    var descriptor: Int32 { socket.descriptor }

    /// Binds the queue and asks for what `configuration` says, flag by flag, so that what has no effect is known.
    ///
    /// - Throws: ``QueueError``.
    init(_ configuration: QueueConfiguration) throws(QueueError) {
        let socket = try NetlinkSocket(queue: configuration.number)
        var request = ConfigurationRequest(queue: configuration.number)
        try request.bind(socket, copyRange: configuration.copyRange, maximumLength: configuration.maximumLength)
        // A kernel that refuses a flag nobody has defined checks flags, so one that it takes has an effect.
        let checksFlags = request.set(flag: 1 << 31, socket) == false
        let failOpen = configuration.failOpen && checksFlags && request.set(flag: UInt32(NFQA_CFG_F_FAIL_OPEN), socket)
        let merged = checksFlags && request.set(flag: UInt32(NFQA_CFG_F_GSO), socket)

        let obtained = socket.setReceiveBuffer(configuration.receiveBuffer)
        socket.setReceiveTimeout(milliseconds: 100)
        let copyRange = KernelQueueTable.read()?.first { $0.number == configuration.number }?.copyRange
        state = QueueConfigurationState(
            queue: configuration.number,
            failOpenEffective: failOpen,
            gsoEffective: merged,
            receiveBufferWanted: configuration.receiveBuffer,
            receiveBufferObtained: obtained,
            copyRange: copyRange ?? configuration.copyRange,
            maxLength: Int(configuration.maximumLength)
        )
        passedAtStart = request.lastPassed
        self.socket = socket
    }

    /// Lets the kernel accept further packets without asking, so that what waits in the queue is all that is left to judge.
    ///
    /// - Returns: whether the kernel was told. Its answer is not awaited, since packets that are still to be judged come before it.
    func stopQueueing() -> Bool {
        var request = ConfigurationRequest(queue: state.queue)
        return request.post(.flag(UInt32(NFQA_CFG_F_FAIL_OPEN)), socket) && request.post(.maximumLength(0), socket)
    }

    /// Has the kernel say of each packet what connection tracking knows of its connection, or no longer.
    ///
    /// - Returns: whether the kernel was told. Its answer is not awaited: without, translated connections are answered as others are.
    func readConnections(_ isWanted: Bool) -> Bool {
        var request = ConfigurationRequest(queue: state.queue)
        let flag = UInt32(NFQA_CFG_F_CONNTRACK)
        return request.post(isWanted ? .flag(flag) : .noFlag(flag), socket)
    }

    /// Sends verdict messages, as often as it takes: each is the only one its packets get.
    ///
    /// - Returns: whether the kernel took them.
    func send(_ messages: UnsafeRawBufferPointer) -> Bool {
        // SAFETY: the caller keeps `messages` as it is during the call.
        unsafe socket.send(messages)
    }
}

/// Configuration requests for one queue, each acknowledged by the kernel.
private struct ConfigurationRequest {
    /// What is asked for.
    enum Setting {
        case bind(copyRange: Int, maximumLength: UInt32)
        case maximumLength(UInt32)
        case flag(UInt32)
        case noFlag(UInt32)
    }

    private let queue: UInt16
    private var sequence: UInt32 = 0

    /// The number of the last packet that came while answers were awaited; it and those before it have no verdict yet.
    private(set) var lastPassed: UInt32?

    init(queue: UInt16) {
        self.queue = queue
    }

    /// Binds the queue, and tells apart why that can be refused: the kernel says EPERM for two reasons.
    ///
    /// The copy range goes with the same message: the kernel drops the packets that come while a queue is bound and has none.
    mutating func bind(_ socket: borrowing NetlinkSocket, copyRange: Int, maximumLength: UInt32) throws(QueueError) {
        do throws(QueueError) {
            try send(.bind(copyRange: copyRange, maximumLength: maximumLength), to: "bind", socket)
        } catch .refused(_, _, let errorNumber) {
            if let owner = KernelQueueTable.read()?.first(where: { $0.number == queue }) {
                throw .taken(queue: queue, port: owner.port)
            }
            switch errorNumber {
            case EPERM, EACCES: throw .notPermitted
            case EOPNOTSUPP, EINVAL, ENOENT, EPROTONOSUPPORT: throw .notSupported
            default: throw .refused(queue: queue, step: "bind", errorNumber: errorNumber)
            }
        }
    }

    /// Sets a flag; false where the kernel refuses it.
    mutating func set(flag: UInt32, _ socket: borrowing NetlinkSocket) -> Bool {
        do throws(QueueError) {
            try send(.flag(flag), to: "set a flag", socket)
            return true
        } catch {
            return false
        }
    }

    /// Sends one request and waits for the kernel's answer to it.
    ///
    /// Packets that arrive before the answer are noted in ``lastPassed``.
    mutating func send(_ setting: Setting, to step: String, _ socket: borrowing NetlinkSocket) throws(QueueError) {
        guard post(setting, acknowledged: true, socket) else {
            throw .refused(queue: queue, step: step, errorNumber: errno)
        }
        var buffer = [UInt8](repeating: 0, count: 1 << 17)
        while true {
            let count = socket.receive(into: &buffer)
            if count == -Int(ENOBUFS) || count == -Int(EINTR) || count == -Int(ENOSPC) { continue }
            guard count >= 0 else { throw .refused(queue: queue, step: step, errorNumber: Int32(-count)) }
            var messages = NetlinkMessages(buffer.span.extracting(0..<count))
            while let message = messages.next() {
                if let packet = QueuedPacket(message) { lastPassed = packet.id }
                guard message.type == UInt16(NLMSG_ERROR), message.payload.count >= 16,
                    message.payload.nativeUInt32(at: 12) == sequence
                else { continue }
                let code = Int32(bitPattern: message.payload.nativeUInt32(at: 0))
                guard code == 0 else { throw .refused(queue: queue, step: step, errorNumber: -code) }
                return
            }
        }
    }

    /// Sends one request; false where it could not be sent.
    mutating func post(_ setting: Setting, acknowledged: Bool = false, _ socket: borrowing NetlinkSocket) -> Bool {
        sequence += 1
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: 4_096, alignment: 16)
        // SAFETY: allocated on the line above; nothing keeps it.
        defer { unsafe buffer.deallocate() }
        // SAFETY: the buffer is larger than any request; libnetfilter_queue and libmnl write within the message they start.
        guard
            let header = unsafe nfq_nlmsg_put(
                buffer.assumingMemoryBound(to: CChar.self),
                Int32(NFQNL_MSG_CONFIG.rawValue),
                UInt32(queue)
            )
        else { return false }
        switch setting {
        case .bind(let copyRange, let maximumLength):
            unsafe nfq_nlmsg_cfg_put_cmd(header, UInt16(AF_UNSPEC), UInt8(NFQNL_CFG_CMD_BIND.rawValue))
            unsafe nfq_nlmsg_cfg_put_params(header, UInt8(NFQNL_COPY_PACKET.rawValue), Int32(clamping: copyRange))
            unsafe nfq_nlmsg_cfg_put_qmaxlen(header, maximumLength)
        case .maximumLength(let count):
            unsafe nfq_nlmsg_cfg_put_qmaxlen(header, count)
        case .flag(let flag):
            unsafe mnl_attr_put_u32(header, UInt16(NFQA_CFG_FLAGS.rawValue), flag.bigEndian)
            unsafe mnl_attr_put_u32(header, UInt16(NFQA_CFG_MASK.rawValue), flag.bigEndian)
        case .noFlag(let flag):
            unsafe mnl_attr_put_u32(header, UInt16(NFQA_CFG_FLAGS.rawValue), 0)
            unsafe mnl_attr_put_u32(header, UInt16(NFQA_CFG_MASK.rawValue), flag.bigEndian)
        }
        unsafe header.pointee.nlmsg_flags |= UInt16(acknowledged ? NLM_F_ACK : 0)
        unsafe header.pointee.nlmsg_seq = sequence
        let length = unsafe Int(header.pointee.nlmsg_len)
        return unsafe socket.send(UnsafeRawBufferPointer(start: buffer, count: length))
    }
}
