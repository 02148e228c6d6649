import CNetfilterQueue
import Glibc
import Telemetry

/// A netfilter queue that this process has: its netlink socket, set up and checked.
struct Queue: ~Copyable, Sendable {
    /// What the kernel gave.
    let state: QueueConfigurationState

    /// The number of the last packet that came while the queue was being set up; it and those before it are still to be let go.
    let passedAtStart: UInt32?

    /// What the process that had the queue before left in it; nil for a queue that was bound anew.
    let takeover: QueueTakeover?

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
        takeover = nil
        self.socket = socket
    }

    /// Takes over the socket of another process, and with it the queue that it has and the packets that wait there.
    ///
    /// What `configuration` says is asked for once more, but no answer is awaited: it would come behind the packets. What the kernel knows of flags
    /// it knew when the queue was bound.
    /// - Parameters:
    ///   - configuration: how the queue is to be.
    ///   - descriptor: the socket, which is closed with this value, or at once where it does not have the queue.
    ///   - predecessor: how it ended.
    init?(_ configuration: QueueConfiguration, adopting descriptor: Int32, from predecessor: Predecessor) {
        guard let socket = NetlinkSocket(adopting: descriptor) else { return nil }
        let number = configuration.number
        // Who may not read the table has to believe whoever passed the socket on.
        let before = KernelQueueTable.read().map { table in table.first { $0.number == number } }
        if let before, before?.port != socket.port { return nil }
        var request = ConfigurationRequest(queue: number)
        let flags = UInt32(NFQA_CFG_F_FAIL_OPEN)
        guard request.post(.copyRange(configuration.copyRange), socket),
            request.post(.maximumLength(configuration.maximumLength), socket),
            request.post(configuration.failOpen ? .flag(flags) : .noFlag(flags), socket),
            request.post(.flag(UInt32(NFQA_CFG_F_GSO)), socket),
            request.post(.noFlag(UInt32(NFQA_CFG_F_CONNTRACK)), socket)
        else { return nil }
        let obtained = socket.setReceiveBuffer(configuration.receiveBuffer)
        socket.setReceiveTimeout(milliseconds: 100)
        state = QueueConfigurationState(
            queue: number,
            failOpenEffective: configuration.failOpen,
            gsoEffective: true,
            receiveBufferWanted: configuration.receiveBuffer,
            receiveBufferObtained: obtained,
            copyRange: configuration.copyRange,
            maxLength: Int(configuration.maximumLength)
        )
        passedAtStart = nil
        var takeover = QueueTakeover(waiting: before??.length ?? 0)
        switch predecessor {
        case .leftNothing: break
        case .died(let remedy):
            takeover.unanswered = Self.settleUnanswered(of: number, socket, by: remedy)
            takeover.remedy = remedy
        }
        self.takeover = takeover
        self.socket = socket
    }

    /// Settles packets that another process received from this queue's socket and gave no verdict on.
    ///
    /// - Parameter remedy: what becomes of them.
    /// - Returns: how many there were, as far as the kernel tells.
    func settleUnanswered(by remedy: Remedy) -> UInt64 { Self.settleUnanswered(of: state.queue, socket, by: remedy) }

    /// The kernel numbers packets in the order in which it queues them, and hands them over in that order: those before the first that can still be
    /// received have been received, and one verdict settles all of them that have none.
    private static func settleUnanswered(of number: UInt16, _ socket: borrowing NetlinkSocket, by remedy: Remedy)
        -> UInt64
    {
        // Before the look at the socket: what was queued till now and is not there any more has been received.
        let before = KernelQueueTable.read()?.first { $0.number == number }
        guard let last = firstUnread(socket).map({ $0 &- 1 }) ?? before?.lastID else { return 0 }
        var writer = VerdictWriter(queue: number, capacity: 1)
        writer.addAll(upTo: last, remedy == .again ? .queueAgain : .accept)
        // SAFETY: the messages lie in the writer's buffer, which is not written during the call.
        guard unsafe socket.send(writer.messages), let before,
            let after = KernelQueueTable.read()?.first(where: { $0.number == number })
        else { return 0 }
        // Each packet that came in between has a number of its own, those that were queued once more too.
        let expected = before.length &+ UInt64(after.lastID &- before.lastID)
        return expected > after.length ? expected &- after.length : 0
    }

    /// The number of the first packet that can still be received; nil where there is none. Answers of the kernel before it are dropped.
    private static func firstUnread(_ socket: borrowing NetlinkSocket) -> UInt32? {
        var buffer = [UInt8](repeating: 0, count: 1 << 17)
        while true {
            let count = socket.peek(into: &buffer)
            switch count {
            case -Int(EINTR), -Int(ENOBUFS): continue
            case ...0: return nil
            default: break
            }
            var messages = NetlinkMessages(buffer.span.extracting(0..<count))
            while let message = messages.next() {
                if let packet = QueuedPacket(message) { return packet.id }
            }
            guard socket.receive(into: &buffer) > 0 else { return nil }
        }
    }

    /// Has the kernel send an answer, so that whoever waits at the socket looks up.
    ///
    /// - Parameters:
    ///   - queue: the queue's number.
    ///   - descriptor: a descriptor of its socket.
    static func wake(_ queue: UInt16, _ descriptor: Int32) {
        // A request for nothing (struct nlmsghdr, struct nfgenmsg) that is to be acknowledged.
        var request: [UInt8] = []
        func store(_ value: some FixedWidthInteger & BitwiseCopyable) {
            // SAFETY: the octets of a plain number.
            unsafe withUnsafeBytes(of: value) { unsafe request.append(contentsOf: $0) }
        }
        store(UInt32(20))
        store(UInt16(NFNL_SUBSYS_QUEUE) << 8 | UInt16(NFQNL_MSG_CONFIG.rawValue))
        store(UInt16(NLM_F_REQUEST | NLM_F_ACK))
        store(UInt32(0))
        store(UInt32(0))
        store(UInt16(0))
        store(queue.bigEndian)
        // SAFETY: the message outlives the call and is as long as it says; a socket that is not connected sends to the kernel.
        _ = unsafe Glibc.send(descriptor, request, request.count, Int32(MSG_DONTWAIT))
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
        case copyRange(Int)
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
                guard code == 0 else { throw .refused(queue: queue, step: step, errorNumber: 0 &- code) }
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
        case .copyRange(let copyRange):
            unsafe nfq_nlmsg_cfg_put_params(header, UInt8(NFQNL_COPY_PACKET.rawValue), Int32(clamping: copyRange))
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
