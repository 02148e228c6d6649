import CNetfilterQueue

/// Buffers for one `recvmmsg` call, set up once and used again for every batch.
@safe
struct ReceiveBuffers: ~Copyable, @unchecked Sendable {
    // SAFETY: the three allocations live until `deinit`, whose only owner this value is and with which they move. Every header points at one vector, every vector at
    // one slot of `memory`; the kernel writes at most `slotSize` octets to a slot.
    private let memory: UnsafeMutableRawPointer
    private let headers: UnsafeMutablePointer<gv_mmsghdr>
    private let vectors: UnsafeMutablePointer<iovec>
    private let slotSize: Int

    /// The most messages in a batch.
    let count: Int

    /// - Parameters:
    ///   - count: the most messages in a batch.
    ///   - copyRange: octets of each packet that the kernel copies; its attributes come on top.
    init(count: Int, copyRange: Int) {
        self.count = count
        slotSize = (copyRange + 4_096 + 63) & ~63
        unsafe memory = .allocate(byteCount: count * slotSize, alignment: 64)
        unsafe headers = .allocate(capacity: count)
        unsafe vectors = .allocate(capacity: count)
        for index in 0..<count {
            unsafe (vectors + index).initialize(to: iovec(iov_base: memory + index * slotSize, iov_len: slotSize))
            var header = unsafe gv_mmsghdr()
            unsafe header.header.msg_iov = vectors + index
            unsafe header.header.msg_iovlen = 1
            unsafe (headers + index).initialize(to: header)
        }
    }

    deinit {
        // SAFETY: allocated in `init`; nothing else owns them.
        unsafe memory.deallocate()
        unsafe headers.deallocate()
        unsafe vectors.deallocate()
    }

    /// Waits for a message and takes those that are there.
    ///
    /// - Returns: how many there are, or the error number, negative.
    mutating func receive(from descriptor: Int32) -> Int {
        // SAFETY: `headers` holds `count` headers set up in `init`; MSG_WAITFORONE returns what is there after the first.
        Int(unsafe gv_recvmmsg(descriptor, headers, UInt32(count), Int32(GV_WAIT_FOR_ONE)))
    }

    /// The message that the last ``receive(from:)`` put at `index`.
    subscript(index: Int) -> Span<UInt8> {
        @_lifetime(borrow self)
        get {
            precondition(index >= 0 && index < count)
            // SAFETY: checked on the line above; the kernel's length is never above the slot's, and the span borrows the owner.
            let length = unsafe min(Int(headers[index].length), slotSize)
            let bytes = unsafe (memory + index * slotSize).assumingMemoryBound(to: UInt8.self)
            let span = unsafe Span(_unsafeStart: UnsafePointer(bytes), count: length)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }
}
