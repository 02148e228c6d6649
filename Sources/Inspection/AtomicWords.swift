import Glibc
import Synchronization

/// A fixed number of words in one piece of memory, which several threads read and change without waiting; all zero at first.
///
/// Words that are never written take no memory. An `InlineArray` of atomics would touch them all when it is made, and call for the end of each when it
/// goes. Every access is checked against the count.
@safe
struct AtomicWords: ~Copyable, @unchecked Sendable {
    // SAFETY: `base` points at `count` words from `calloc` until `deinit`: zero octets are an atomic zero, which holds nothing that would have to be
    // released; no access passes the check on `count`. Sendable: whatever changes is atomic.
    private let base: UnsafeMutablePointer<Atomic<UInt64>>

    /// How many words there are.
    let count: Int

    /// So many words of zero bits.
    init(count: Int) {
        precondition(count > 0)
        self.count = count
        // SAFETY: `calloc` aligns for every plain type; see above.
        guard let memory = unsafe calloc(count, MemoryLayout<Atomic<UInt64>>.stride) else {
            preconditionFailure("out of memory for a table of fixed size")
        }
        unsafe base = memory.bindMemory(to: Atomic<UInt64>.self, capacity: count)
    }

    deinit {
        // SAFETY: allocated in `init`, and this is the only owner.
        unsafe free(base)
    }

    /// The word at an index.
    @inline(__always)
    func load(_ index: Int) -> UInt64 {
        precondition(index >= 0 && index < count)
        // SAFETY: checked on the line above.
        return unsafe base[index].load(ordering: .sequentiallyConsistent)
    }

    /// Puts `desired` in the place of `expected`.
    ///
    /// - Returns: false, and nothing has changed, where another word stands there by now.
    @inline(__always)
    func replace(_ index: Int, _ expected: UInt64, by desired: UInt64) -> Bool {
        precondition(index >= 0 && index < count)
        // SAFETY: checked on the line above.
        return unsafe base[index]
            .compareExchange(expected: expected, desired: desired, ordering: .sequentiallyConsistent).exchanged
    }
}
