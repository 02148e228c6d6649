/// Room for one message that has to be put together from pieces; used again for the next.
package struct MessageBuffer: ~Copyable, Sendable {
    private var storage: FlatArray<UInt8>

    /// Octets in use.
    package private(set) var count = 0

    /// Room for messages of at most `capacity` octets.
    package init(capacity: Int) {
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

    /// Puts other octets in the place of those from `offset` on; what lies outside the message is left out.
    mutating func overwrite(_ bytes: Span<UInt8>, at offset: Int) {
        let skipped = min(max(0, -offset), bytes.count)
        let start = max(offset, 0)
        let length = min(bytes.count - skipped, count - start)
        guard length > 0 else { return }
        storage.copy(bytes.extracting(skipped..<skipped + length), to: start)
    }

    /// Takes the octet at `offset` out, where there is one.
    mutating func remove(at offset: Int) {
        guard offset >= 0, offset < count else { return }
        for index in offset..<count - 1 { storage[index] = storage[index + 1] }
        count -= 1
    }

    /// Adds a piece; false, and nothing added, where there is no room for it.
    mutating func append(_ piece: Span<UInt8>) -> Bool {
        guard piece.count <= storage.count &- count else { return false }
        storage.copy(piece, to: count)
        count &+= piece.count
        return true
    }
}
