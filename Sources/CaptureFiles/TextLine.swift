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
    ///
    /// - Returns: whether it is known to hold nothing that JSON text writes otherwise.
    @discardableResult
    mutating func append(_ name: borrowing DomainName) -> Bool {
        if capacity &- count < DomainName.presentationLimit { grow(by: DomainName.presentationLimit) }
        if appendPlain(name) { return true }
        // SAFETY: what lies between `count` and `capacity` is nobody else's.
        var room = unsafe MutableSpan(_unsafeStart: base + count, count: capacity &- count)
        count &+= name.spell(into: &room)
        return false
    }

    /// Appends a name of which each octet is written as it is, which nearly all are.
    ///
    /// - Returns: false where it is another, and nothing has been appended.
    @inline(__always)
    mutating func appendPlain(_ name: borrowing DomainName) -> Bool {
        guard name.length > 0 else { return false }
        // Each word is written whole, the first and the last with octets that are none of the text.
        if capacity &- count < DomainName.maximumLength &+ 16 { grow(by: DomainName.maximumLength &+ 16) }
        var index = (name.length &- 1) &>> 3
        var (word, special) = name.plainWord(index)
        // The dot before the first label is no part of the text.
        store(word &>> 8, at: count)
        var end = count &+ (name.length &- 1) & 7
        while index > 0 {
            index &-= 1
            let next = name.plainWord(index)
            word = next.text
            special |= next.special
            store(word, at: end)
            end &+= 8
        }
        guard special == 0 else { return false }
        count = end
        return true
    }

    /// Writes eight octets, the lowest first, in room that was made before.
    @inline(__always)
    private mutating func store(_ word: UInt64, at place: Int) {
        // SAFETY: every caller has made room for eight octets from `place` on.
        unsafe UnsafeMutableRawPointer(base + place).storeBytes(of: word.littleEndian, as: UInt64.self)
    }

    /// Forgets all octets behind the first `count`, which are at most as many as there are.
    mutating func truncate(to count: Int) {
        precondition(count >= 0 && count <= self.count)
        self.count = count
    }

    /// Appends a number that is not negative, in decimal digits.
    @inline(__always)
    mutating func append(decimal number: Int) {
        guard number >= 10_000 else { return append(decimal: UInt32(truncatingIfNeeded: number)) }
        guard number < 100_000_000 else { return append(long: number) }
        append(decimal: UInt32(truncatingIfNeeded: number / 10_000))
        append(lastDigits: number % 10_000)
    }

    private mutating func append(long number: Int) {
        append(decimal: number / 10_000)
        append(lastDigits: number % 10_000)
    }

    /// Appends the last four digits of a number.
    @inline(__always)
    private mutating func append(lastDigits number: Int) {
        if capacity &- count < 8 { grow(by: 8) }
        store(Self.digits(UInt64(truncatingIfNeeded: number)), at: count)
        count &+= 4
    }

    /// Appends a short text.
    @inline(__always)
    mutating func append(_ piece: LinePiece) {
        if capacity &- count < LinePiece.limit { grow(by: LinePiece.limit) }
        for index in 0..<8 { store(piece.words[index], at: count &+ index &* 8) }
        count &+= piece.count
    }

    /// Appends an IPv4 address, dotted.
    @inline(__always)
    mutating func append(dotted address: UInt64, _ octets: Span<UInt64>) {
        if capacity &- count < 24 { grow(by: 24) }
        var shift: UInt64 = 32
        while shift > 0 {
            shift &-= 8
            let text = octets[Int(truncatingIfNeeded: address &>> shift & 0xFF)]
            store(text, at: count)
            count &+= Int(truncatingIfNeeded: text &>> 32)
        }
        count &-= 1
    }
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

    /// Appends an address: dotted decimal, or the text of RFC 5952 as `inet_ntop` writes it, which is many times slower.
    mutating func append(_ address: IPAddress) {
        switch address.version {
        case .v4: append(dotted: address.low)
        case .v6: append(groups: address.high, address.low)
        }
    }

    private mutating func append(dotted address: UInt64) {
        if capacity &- count < 24 { grow(by: 24) }
        var shift: UInt64 = 32
        while shift > 0 {
            shift &-= 8
            let octet = address &>> shift & 0xFF
            // Three digits and a dot, of which those zeros are left out that lead.
            let leading: UInt64 = (octet < 100 ? 1 : 0) &+ (octet < 10 ? 1 : 0)
            store((Self.digits(octet) &>> 8 | 0x2E00_0000) &>> (leading &* 8), at: count)
            count &+= 4 &- Int(leading)
        }
        count &-= 1
    }

    /// The four digits of a number below 10,000, the first in the lowest octet.
    @inline(__always)
    private static func digits(_ number: UInt64) -> UInt64 {
        let pairs = (number / 100) | (number % 100) &<< 16
        // Both tens at once: 103/1024 is a tenth nearly enough below 100.
        let tens = (pairs &* 103) &>> 10 & 0x000F_000F
        return tens | (pairs &- tens &* 10) &<< 8 | 0x3030_3030
    }

    /// Appends a number below 10,000.
    @inline(__always)
    private mutating func append(decimal number: UInt32) {
        if capacity &- count < 8 { grow(by: 8) }
        let number = UInt64(number)
        let leading: UInt64 = (number < 1_000 ? 1 : 0) &+ (number < 100 ? 1 : 0) &+ (number < 10 ? 1 : 0)
        store(Self.digits(number) &>> (leading &* 8), at: count)
        count &+= 4 &- Int(leading)
    }

    /// Appends an IPv6 address: groups without leading zeros, the longest run of zero groups as two colons (§4), and an embedded IPv4 address
    /// dotted (§5).
    private mutating func append(groups high: UInt64, _ low: UInt64) {
        var zeros = 0..<0
        var start = 0
        for index in 0..<8 {
            if Self.group(high, low, index) != 0 { start = index + 1 }
            if index + 1 - start > max(zeros.count, 1) { zeros = start..<index + 1 }
        }
        let isMapped = zeros == 0..<5 && Self.group(high, low, 5) == 0xFFFF
        let dottedFrom = zeros == 0..<6 || isMapped ? 6 : 8
        var index = 0
        while index < dottedFrom {
            if index == zeros.lowerBound, zeros.isEmpty == false {
                append("::" as StaticString)
                index = zeros.upperBound
                continue
            }
            if index > 0, index != zeros.upperBound || zeros.isEmpty { append(UInt8(ascii: ":")) }
            append(hexadecimal: Self.group(high, low, index))
            index &+= 1
        }
        guard dottedFrom < 8 else { return }
        if isMapped { append(UInt8(ascii: ":")) }
        append(dotted: low & 0xFFFF_FFFF)
    }

    private static func group(_ high: UInt64, _ low: UInt64, _ index: Int) -> UInt64 {
        (index < 4 ? high : low) &>> UInt64(16 &* (3 &- index & 3)) & 0xFFFF
    }

    @inline(__always)
    private mutating func append(hexadecimal group: UInt64) {
        if capacity &- count < 8 { grow(by: 8) }
        let upper = group &>> 12 | group & 0xF00
        let digits = upper | group &<< 12 & 0xF_0000 | group &<< 24 & 0xF00_0000
        // From ten on, six more make sixteen.
        let letters = (digits &+ 0x0606_0606) &>> 4 & 0x0101_0101
        let leading = min(group.leadingZeroBitCount &- 48, 12) &>> 2
        store((digits &+ 0x3030_3030 &+ letters &* 39) &>> UInt64(leading &* 8), at: count)
        count &+= 4 &- leading
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
