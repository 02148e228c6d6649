/// A fixed number of values in memory of their own, all alike at first.
///
/// For what is written many times per lookup: an array would ask at each write whether somebody else holds it. Every access is checked
/// against the count.
@safe
struct Slots<Value: Sendable>: ~Copyable, @unchecked Sendable {
    // SAFETY: `base` points at `count` initialised values until `deinit`; no access passes the check on `count`. Sendable: this is the only
    // owner, and values are written by whoever may write to it.
    private let base: UnsafeMutablePointer<Value>

    /// How many values there are.
    let count: Int

    /// `count` times `value`.
    init(repeating value: Value, count: Int) {
        precondition(count > 0)
        self.count = count
        unsafe base = .allocate(capacity: count)
        unsafe base.initialize(repeating: value, count: count)
    }

    deinit {
        // SAFETY: allocated and initialised in `init`, and this is the only owner.
        unsafe base.deinitialize(count: count)
        unsafe base.deallocate()
    }

    subscript(index: Int) -> Value {
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

    /// All of them.
    var span: Span<Value> {
        @_lifetime(borrow self)
        @inline(__always)
        get {
            // SAFETY: there are `count` values, which live as long as `self`, and that is borrowed.
            let span = unsafe Span(_unsafeStart: base, count: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }
}
