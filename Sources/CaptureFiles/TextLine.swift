import Wire

/// A line of text on its way to the output, in memory that is used again for the next one: a capture may hold millions of names, and an array
/// asks with each octet whether it has others to share with.
@safe
struct TextLine: ~Copyable, @unchecked Sendable {
    // SAFETY: `base` points at `capacity` octets until `deinit`, of which the first `count` are written; this is the only owner.
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int

    /// Octets of the line.
    private(set) var count = 0

    /// An empty line.
    init() {
        capacity = 4_096
        unsafe base = .allocate(capacity: capacity)
    }

    deinit {
        // SAFETY: allocated in `init` or `reserve`, and this is the only owner.
        unsafe base.deallocate()
    }

    /// The octets of the line.
    var octets: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            // SAFETY: `count` octets are written; the span borrows the owner.
            let span = unsafe Span(_unsafeStart: UnsafePointer(base), count: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The line as a string.
    var text: String {
        // SAFETY: `count` octets are written.
        unsafe String(decoding: UnsafeBufferPointer(start: base, count: count), as: UTF8.self)
    }

    /// Begins a new line.
    mutating func removeAll() { count = 0 }

    /// Appends one octet.
    @inline(__always)
    mutating func append(_ octet: UInt8) {
        if count == capacity { grow(by: 1) }
        // SAFETY: there is room for one more.
        unsafe base[count] = octet
        count &+= 1
    }

    /// Appends text.
    @inline(__always)
    mutating func append(_ text: StaticString) {
        let length = text.utf8CodeUnitCount
        if capacity &- count < length { grow(by: length) }
        // SAFETY: a static string has as many octets as it says, and there is room for them.
        unsafe (base + count).update(from: text.utf8Start, count: length)
        count &+= length
    }

    /// Appends text.
    mutating func append(_ text: Span<UInt8>) {
        if capacity &- count < text.count { grow(by: text.count) }
        // SAFETY: there is room for as many octets; the text lies elsewhere.
        unsafe text.withUnsafeBufferPointer { source in
            guard let start = source.baseAddress else { return }
            unsafe (base + count).update(from: start, count: source.count)
        }
        count &+= text.count
    }

    /// Appends a name as ``DomainName/presentation()`` has it.
    mutating func append(_ name: borrowing DomainName) {
        if capacity &- count < DomainName.presentationLimit { grow(by: DomainName.presentationLimit) }
        // SAFETY: what lies between `count` and `capacity` is nobody else's.
        var room = unsafe MutableSpan(_unsafeStart: base + count, count: capacity &- count)
        count &+= name.spell(into: &room)
    }

    /// Appends a name of which each octet is written as it is, see ``LineEnd/append(plain:)``.
    ///
    /// - Returns: false where it is another, and nothing has been appended.
    mutating func append(plain name: DomainNameView) -> Bool {
        var end = end(room: LineEnd.nameRoom)
        guard end.append(plain: name) else { return false }
        extend(to: end)
        return true
    }

    /// Makes room behind the line.
    ///
    /// - Parameter room: the most octets that are written.
    /// - Returns: the line's end, to be written at; void once the line is changed otherwise than by ``extend(to:)``.
    @inline(__always)
    mutating func end(room: Int) -> LineEnd {
        if capacity &- count < room { grow(by: room) }
        // SAFETY: there are so many octets behind the line's last.
        return unsafe LineEnd(UnsafeMutableRawPointer(base + count), room: room)
    }

    /// Makes this the line's end, which began as ``end(room:)`` and has been written up to.
    @inline(__always)
    mutating func extend(to end: LineEnd) { unsafe count = end.distance(from: base) }
}

extension TextLine {
    /// Appends text.
    mutating func append(_ text: String) {
        append(text.utf8.span)
    }

    /// Appends spaces until what begins at `start` has this width.
    mutating func pad(from start: Int, to width: Int) {
        while count - start < width { append(UInt8(ascii: " ")) }
    }

    /// Appends a number that is not negative, in decimal digits.
    mutating func append(decimal number: Int) {
        var end = end(room: LineEnd.numberRoom)
        end.append(decimal: number)
        extend(to: end)
    }

    /// Appends an address, see ``LineEnd/append(_:)``.
    mutating func append(_ address: IPAddress) {
        var end = end(room: LineEnd.addressRoom)
        end.append(address)
        extend(to: end)
    }

    /// Appends a part of a line.
    @inline(__always)
    mutating func append(_ part: LinePart) {
        switch part {
        case .word(let word): append(word)
        case .address(let address): append(address)
        case .text(let text): append(text)
        }
    }

    /// Appends another line.
    mutating func append(_ text: borrowing TextLine) {
        // Whole words cost less than a call that copies as many octets as there are.
        let length = (text.count &+ 15) & ~15
        guard length <= text.capacity else { return append(text.octets) }
        if capacity &- count < length { grow(by: length) }
        var place = 0
        while place < text.count {
            // SAFETY: up to `length` both lines have room; what lies behind the text's end is written over by what comes next.
            let source = unsafe UnsafeRawPointer(text.base + place)
            unsafe UnsafeMutableRawPointer(base + count + place).copyMemory(from: source, byteCount: 16)
            place &+= 16
        }
        count &+= text.count
    }

    /// Appends printable ASCII, as names are written, as JSON text in quotes (RFC 8259 §7).
    mutating func append(json text: borrowing TextLine) {
        let room = 2 &* text.count &+ 2
        if capacity &- count < room { grow(by: room) }
        let octets = text.octets
        // SAFETY: there is room for the quotes and for each octet with a backslash before it.
        unsafe base[count] = UInt8(ascii: "\"")
        var end = count &+ 1
        for index in octets.indices {
            let octet = octets[index]
            if octet == UInt8(ascii: "\"") || octet == UInt8(ascii: "\\") {
                unsafe base[end] = UInt8(ascii: "\\")
                end &+= 1
            }
            unsafe base[end] = octet
            end &+= 1
        }
        unsafe base[end] = UInt8(ascii: "\"")
        count = end &+ 1
    }

    /// Appends any text as JSON text in quotes.
    mutating func append(json text: String) {
        var quoted: [UInt8] = []
        quoted.appendJSON(text)
        append(quoted.span)
    }

    private mutating func grow(by length: Int) {
        let larger = max(2 * capacity, count + length)
        // SAFETY: the new memory has room for the octets that are written; the old is given back once.
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        unsafe memory.update(from: base, count: count)
        unsafe base.deallocate()
        unsafe base = memory
        capacity = larger
    }
}

extension [UInt8] {
    /// Appends a line.
    mutating func append(_ line: borrowing TextLine) {
        unsafe line.octets.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}
