import Glibc
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
        if capacity &- count < 4 &* DomainName.maximumLength { grow(by: 4 &* DomainName.maximumLength) }
        var end = count
        name.spell { octet in
            // SAFETY: a name is spelled with four octets for each of its own at most, for which there is room.
            unsafe base[end] = octet
            end &+= 1
        }
        count = end
    }

    /// Appends a number that is not negative, in decimal digits.
    mutating func append(decimal number: Int) {
        var divisor = 1
        while number / divisor >= 10 { divisor &*= 10 }
        while divisor > 0 {
            append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
    }
}

extension TextLine {
    /// Appends text.
    @inline(__always)
    mutating func append(_ text: String) {
        for octet in text.utf8 { append(octet) }
    }

    /// Appends spaces until what begins at `start` has this width.
    mutating func pad(from start: Int, to width: Int) {
        while count - start < width { append(UInt8(ascii: " ")) }
    }

    /// Appends an address as `inet_ntop` writes it: dotted decimal, or RFC 5952 text.
    mutating func append(_ address: IPAddress) {
        switch address.version {
        case .v4:
            for index in 0..<4 {
                if index > 0 { append(UInt8(ascii: ".")) }
                append(decimal: Int(address.low &>> UInt64(8 &* (3 &- index)) & 0xFF))
            }
        case .v6:
            let network = (address.high.bigEndian, address.low.bigEndian)
            unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { text in
                // SAFETY: `network` has the 16 octets of an address; `text` has room for the longest text and its NUL.
                let isWritten = unsafe withUnsafeBytes(of: network) { octets in
                    unsafe inet_ntop(AF_INET6, octets.baseAddress, text.baseAddress, socklen_t(text.count)) != nil
                }
                guard isWritten else { return }
                var index = 0
                while unsafe text[index] != 0 {
                    append(UInt8(bitPattern: unsafe text[index]))
                    index += 1
                }
            }
        }
    }

    /// Appends printable ASCII, as names and addresses are written, as JSON text in quotes (RFC 8259 §7).
    mutating func append(json text: borrowing TextLine) {
        append(UInt8(ascii: "\""))
        let octets = text.octets
        for index in octets.indices {
            let octet = octets[index]
            if octet == UInt8(ascii: "\"") || octet == UInt8(ascii: "\\") { append(UInt8(ascii: "\\")) }
            append(octet)
        }
        append(UInt8(ascii: "\""))
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
