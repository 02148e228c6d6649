import CPrefetch
import Glibc

/// Says that a value whose bits are all zero is valid, so that memory fresh from the kernel can be used as it is.
protocol ZeroValid: BitwiseCopyable {}

extension UInt8: ZeroValid {}
extension UInt32: ZeroValid {}
extension UInt64: ZeroValid {}

/// A fixed number of plain values in one piece of memory, all zero at first.
///
/// With ``AtomicWords`` the only place of this target that touches raw memory. The flow table and the reassembly budget are sized for the worst
/// case; pages that are never written take no memory here, where an `Array` would touch them all. Every access is checked against the count.
@safe
struct FlatArray<Element: ZeroValid>: ~Copyable, @unchecked Sendable {
    // SAFETY: `base` points at `count` values from `calloc` until `deinit`, valid because `Element` is `ZeroValid`; no access passes the
    // check on `count`. Sendable: moved as a whole, never shared.
    private let base: UnsafeMutablePointer<Element>

    /// How many values there are.
    let count: Int

    /// `count` values of zero bits.
    ///
    /// - Parameters:
    ///   - count: how many.
    ///   - isFilledInOrder: whether they are put to use from the first on and used again. For a large array the kernel is then asked for huge pages,
    ///     of which it clears one where it would clear 512 others, each at a fault of its own; where any value may come first they would all
    ///     be resident.
    init(count: Int, isFilledInOrder: Bool = false) {
        precondition(count > 0)
        self.count = count
        // SAFETY: `calloc` aligns for every plain type and its zero bytes are valid values.
        guard let memory = unsafe calloc(count, MemoryLayout<Element>.stride) else {
            preconditionFailure("out of memory for the configured budget")
        }
        unsafe base = memory.bindMemory(to: Element.self, capacity: count)
        let size = count * MemoryLayout<Element>.stride
        guard isFilledInOrder, size >= 4 << 20 else { return }
        let page = Int(getpagesize())
        let toPage = (page - Int(bitPattern: memory) % page) % page
        // SAFETY: whole pages of the memory above, which keep their content; a kernel that has no huge pages says so and nothing changes.
        unsafe _ = madvise(memory + toPage, (size - toPage) / page * page, MADV_HUGEPAGE)
    }

    deinit {
        // SAFETY: allocated in `init`, and this is the only owner.
        unsafe free(base)
    }

    subscript(index: Int) -> Element {
        @inline(__always)
        get {
            precondition(index >= 0 && index < count)
            // SAFETY: checked on the line above.
            return unsafe base[index]
        }
        @inline(__always)
        _modify {
            precondition(index >= 0 && index < count)
            // SAFETY: checked on the line above; the access is exclusive because `self` is.
            yield unsafe &base[index]
        }
    }

    /// Has the cache lines of a value brought in, for a read that follows; nothing waits for them.
    @inline(__always)
    func prefetch(_ index: Int) {
        precondition(index >= 0 && index < count)
        var offset = 0
        repeat {
            // SAFETY: checked on the line above; what is only asked for is not read.
            unsafe gv_prefetch(UnsafeRawPointer(base + index) + offset)
            offset &+= 64
        } while offset < MemoryLayout<Element>.stride
    }

    /// The values of `range`.
    @_lifetime(borrow self)
    @inline(__always)
    func span(_ range: Range<Int>) -> Span<Element> {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        // SAFETY: checked on the line above; the span borrows `self`, the owner.
        let span = unsafe Span(_unsafeStart: base + range.lowerBound, count: range.count)
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    /// Copies `values` to the places from `index` on.
    @inline(__always)
    mutating func copy(_ values: Span<Element>, to index: Int) {
        precondition(index >= 0 && index <= count && values.count <= count - index)
        // SAFETY: checked on the line above; `values` cannot lie in this array, which is held exclusively.
        unsafe values.withUnsafeBufferPointer { source in
            guard let start = source.baseAddress else { return }
            unsafe (base + index).update(from: start, count: source.count)
        }
    }

    /// Appends the octets of the first values.
    func append(first values: Int, to bytes: inout [UInt8]) {
        precondition(values >= 0 && values <= count)
        // SAFETY: checked on the line above; every octet was written, by `calloc` at least.
        unsafe bytes.append(
            contentsOf: UnsafeRawBufferPointer(start: base, count: values * MemoryLayout<Element>.stride)
        )
    }

    /// Copies octets that ``append(first:to:)`` wrote to the first places.
    ///
    /// - Returns: whether they are whole values, and no more than there is room for; if not, nothing has changed.
    mutating func copy(octets: Span<UInt8>) -> Bool {
        let stride = MemoryLayout<Element>.stride
        guard octets.count % stride == 0, octets.count / stride <= count else { return false }
        // SAFETY: checked on the line above. Every element is plain, and its types read what they do not know as if it was nothing; the octets
        // cannot lie in this array, which is held exclusively.
        unsafe octets.withUnsafeBufferPointer { source in
            guard let start = source.baseAddress else { return }
            unsafe UnsafeMutableRawPointer(base).copyMemory(from: start, byteCount: source.count)
        }
        return true
    }
}
