/// Room for one message that has to be put together from pieces; used again for the next.
struct MessageBuffer: ~Copyable, Sendable {
    private var storage: FlatArray<UInt8>

    /// Octets in use.
    private(set) var count = 0

    /// Room for messages of at most `capacity` octets.
    init(capacity: Int) {
        storage = FlatArray(count: capacity)
    }

    /// The longest message there is room for.
    var capacity: Int { storage.count }

    /// The octets put together so far.
    var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get { storage.span(0..<count) }
    }

    mutating func reset() {
        count = 0
    }

    /// Adds a piece; false, and nothing added, where there is no room for it.
    mutating func append(_ piece: Span<UInt8>) -> Bool {
        guard piece.count <= storage.count &- count else { return false }
        storage.copy(piece, to: count)
        count &+= piece.count
        return true
    }
}
