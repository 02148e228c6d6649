/// A fixed number of 64-bit words in one flat piece of memory, all zero at first.
///
/// The one place of this target that touches raw memory: a class property of type `Array` would cost a retain and a release per
/// lookup. Every access is checked against the count.
@safe
struct WordBuffer: ~Copyable, @unchecked Sendable {
    // SAFETY: `base` points at `count` initialised words until `deinit`; no access passes the check on `count`.
    // Sendable: once built, the buffer is only read, or moved as a whole.
    private let base: UnsafeMutablePointer<UInt64>

    /// How many words there are.
    let count: Int

    /// `count` zero words.
    init(count: Int) {
        self.count = count
        let bytes = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * 8, alignment: 64)
        // SAFETY: the allocation holds at least `count` words.
        unsafe base = bytes.bindMemory(to: UInt64.self, capacity: max(count, 1))
        unsafe base.initialize(repeating: 0, count: max(count, 1))
    }

    deinit {
        // SAFETY: allocated in `init`, and this is the only owner.
        unsafe base.deallocate()
    }

    subscript(index: Int) -> UInt64 {
        @inline(__always)
        get {
            precondition(index >= 0 && index < count)
            // SAFETY: checked on the line above.
            return unsafe base[index]
        }
        @inline(__always)
        set {
            precondition(index >= 0 && index < count)
            // SAFETY: checked on the line above.
            unsafe base[index] = newValue
        }
    }
}
