import CPrefetch
import Glibc

/// A fixed number of 64-bit words in one flat piece of memory: its own, all zero at first, or somebody else's that is only read.
///
/// Together with ``Slots`` the one place of this target that touches raw memory: a class property of type `Array` would cost a retain and a release per
/// lookup. Every access is checked against the count.
@safe
package struct WordBuffer: ~Copyable, @unchecked Sendable {
    // SAFETY: `base` points at `count` initialised words, until `deinit` where they are the buffer's own and while `owner` lives where they
    // are not; no access passes the check on `count`. Sendable: once built, the buffer is only read, or moved as a whole.
    private let base: UnsafeMutablePointer<UInt64>

    /// How many words there are.
    package let count: Int

    /// What keeps the words alive; nil where they are the buffer's own.
    private let owner: (any AnyObject & Sendable)?

    /// `count` zero words.
    init(count: Int) {
        self.count = count
        let octets = max(count, 1) * 8
        let hugePage = 2 << 20
        let bytes = UnsafeMutableRawPointer.allocate(byteCount: octets, alignment: octets < hugePage ? 64 : hugePage)
        // SAFETY: the range lies in the allocation. Advice only: without huge pages lookups wait longer, nothing else.
        if octets >= hugePage { _ = unsafe madvise(bytes, octets / hugePage * hugePage, MADV_HUGEPAGE) }
        // SAFETY: the allocation holds at least `count` words.
        unsafe base = bytes.bindMemory(to: UInt64.self, capacity: max(count, 1))
        unsafe base.initialize(repeating: 0, count: max(count, 1))
        owner = nil
    }

    /// The words at `base`, to be read only.
    ///
    /// - Parameters:
    ///   - base: the first of at least `count` words that nobody writes any more, aligned to eight octets.
    ///   - count: how many words there are.
    ///   - owner: what keeps them where they are as long as it lives.
    @unsafe
    package init(reading base: UnsafeRawPointer, count: Int, owner: any AnyObject & Sendable) {
        precondition(count >= 0)
        // SAFETY: the caller promises the words; they are written by nothing, the setter below included, as only `init(count:)` is used
        // where a buffer is filled.
        unsafe self.base = UnsafeMutablePointer(mutating: base.assumingMemoryBound(to: UInt64.self))
        self.count = count
        self.owner = owner
    }

    deinit {
        // SAFETY: allocated in `init(count:)`, and this is the only owner.
        if owner == nil { unsafe base.deallocate() }
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
            precondition(index >= 0 && index < count && owner == nil)
            // SAFETY: checked on the line above.
            unsafe base[index] = newValue
        }
    }

    /// Has the cache line of a word brought in, for a read that follows; nothing waits for it.
    @inline(__always)
    func prefetch(_ index: Int) {
        precondition(index >= 0 && index < count)
        // SAFETY: checked on the line above.
        unsafe gv_prefetch(base + index)
    }

    /// Calls `body` with the octets of the first `count` words, as they lie in memory.
    package func withOctets<Result>(of count: Int, _ body: (Span<UInt8>) throws -> Result) rethrows -> Result {
        precondition(count >= 0 && count <= self.count)
        // SAFETY: the octets are those of words that live as long as `self`, which is borrowed for the call.
        return try unsafe body(
            Span(_unsafeStart: UnsafeRawPointer(base).assumingMemoryBound(to: UInt8.self), count: count * 8)
        )
    }
}
