import CNetfilterQueue
import Inspection

/// Packs the verdicts of one batch into as few messages as say them, for one `send`.
///
/// Neighbours that are simply accepted share one batch verdict, which settles every packet up to its number; packets are judged in the order
/// of their numbers, so nothing else is settled by it.
@safe
struct VerdictWriter: ~Copyable, @unchecked Sendable {
    // SAFETY: `buffer` is allocated in `init` and freed in `deinit` by its only owner, which moves as a whole; `append` keeps `length` within it.
    private let buffer: UnsafeMutableRawBufferPointer
    private var length = 0
    /// Octets of ``buffer`` that packets in place of others take.
    private var replaced = 0
    private var accepted: UInt32?
    private let queue: UInt16

    /// Octets of a verdict with a mark, the longest message there is without a packet: header, family, verdict, mark.
    private static let longestMessage = 16 + 4 + 12 + 8

    /// Octets of packets that one batch may replace.
    private static let replacementLimit = 1 << 16

    /// - Parameters:
    ///   - queue: the queue's number.
    ///   - capacity: the most packets in a batch.
    init(queue: UInt16, capacity: Int) {
        self.queue = queue
        // A batch verdict may precede each single one.
        let length = (2 * capacity + 1) * Self.longestMessage + Self.replacementLimit
        unsafe buffer = .allocate(byteCount: length, alignment: 8)
    }

    deinit {
        // SAFETY: allocated in `init`; nothing else owns it.
        unsafe buffer.deallocate()
    }

    /// The messages written since the last ``reset()``.
    var messages: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(rebasing: buffer[..<length]) }

    /// Begins a new batch.
    mutating func reset() {
        length = 0
        replaced = 0
        accepted = nil
    }

    /// Adds the verdict on a packet.
    ///
    /// A packet that is dropped with a mark goes through its hook once more: the rules give its connection the mark and drop it. Where
    /// there are none that do, it comes back with the mark on it, to be dropped without one.
    /// - Parameters:
    ///   - verdict: what the kernel is to do with it.
    ///   - id: the packet's number, above those added before.
    ///   - mark: the packet's new mark word; nil leaves it as it is.
    mutating func add(_ verdict: Verdict, id: UInt32, mark: UInt32?) {
        switch verdict {
        case .accept where mark == nil:
            accepted = id
        case .accept:
            flush()
            append(NFQNL_MSG_VERDICT, UInt32(NF_ACCEPT), id, mark)
        case .drop:
            flush()
            append(NFQNL_MSG_VERDICT, UInt32(mark == nil ? NF_DROP : NF_REPEAT), id, mark)
        }
    }

    /// What becomes of packets that nobody judged.
    enum Settlement {
        /// They pass.
        case accept
        /// They go through their hook once more, where the rules queue them again.
        case queueAgain
    }

    /// Adds a verdict on all packets up to a number.
    mutating func addAll(upTo id: UInt32, _ settlement: Settlement) {
        flush()
        append(NFQNL_MSG_VERDICT_BATCH, UInt32(settlement == .accept ? NF_ACCEPT : NF_REPEAT), id, nil)
    }

    /// Adds the verdict that another packet goes on in a packet's place.
    ///
    /// - Parameters:
    ///   - packet: the other packet, from its IP header on, with right checksums.
    ///   - id: the number of the packet it takes the place of.
    /// - Returns: whether there was room; if not, nothing was added.
    mutating func add(replacement packet: Span<UInt8>, id: UInt32) -> Bool {
        flush()
        let attribute = 4 + packet.count
        let size = 16 + 4 + 12 + (attribute + 3) & ~3
        // Room is left for the verdicts of a whole batch.
        // SAFETY: reads the buffer's size only.
        guard packet.count > 0, packet.count <= Int(UInt16.max) - 4,
            size <= Self.replacementLimit - replaced, unsafe size <= buffer.count - length
        else { return false }
        replaced += size
        begin(NFQNL_MSG_VERDICT, UInt32(NF_ACCEPT), id, size: size)
        store(UInt16(attribute))
        store(UInt16(NFQA_PAYLOAD.rawValue))
        for index in packet.indices { store(packet[index]) }
        for _ in attribute..<(attribute + 3) & ~3 { store(UInt8(0)) }
        return true
    }

    /// Writes what is still held back.
    mutating func flush() {
        guard let id = accepted else { return }
        accepted = nil
        append(NFQNL_MSG_VERDICT_BATCH, UInt32(NF_ACCEPT), id, nil)
    }

    private mutating func append(_ type: nfqnl_msg_types, _ verdict: UInt32, _ id: UInt32, _ mark: UInt32?) {
        let size = Self.longestMessage - (mark == nil ? 8 : 0)
        // SAFETY: reads the buffer's size only.
        guard unsafe buffer.count - length >= size else { return }
        begin(type, verdict, id, size: size)
        guard let mark else { return }
        store(UInt16(8))
        store(UInt16(NFQA_MARK.rawValue))
        store(mark.bigEndian)
    }

    /// Writes what every verdict begins with, of a message of so many octets.
    private mutating func begin(_ type: nfqnl_msg_types, _ verdict: UInt32, _ id: UInt32, size: Int) {
        store(UInt32(size))
        store(UInt16(NFNL_SUBSYS_QUEUE) << 8 | UInt16(type.rawValue))
        store(UInt16(NLM_F_REQUEST))
        store(UInt32(0))
        store(UInt32(0))
        // struct nfgenmsg: family, version, queue number.
        store(UInt16(0))
        store(queue.bigEndian)
        store(UInt16(12))
        store(UInt16(NFQA_VERDICT_HDR.rawValue))
        store(verdict.bigEndian)
        store(id.bigEndian)
    }

    @inline(__always)
    private mutating func store<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
        // SAFETY: the caller of `begin` has checked that the whole message fits.
        unsafe buffer.storeBytes(of: value, toByteOffset: length, as: Value.self)
        length += MemoryLayout<Value>.size
    }
}
