/// A domain name as it is matched: lower case, owned, of fixed size.
///
/// The name is held in wire form (RFC 1035 §3.1: each label behind its length octet) without the root's zero octet, last octet
/// first, so that the names it lies under are prefixes of what is stored: `org`, then `example.org`. Label lengths keep an octet
/// like `.` inside a label apart from a separator. Upper-case ASCII letters are folded (RFC 4343); no other octet is changed.
///
/// It is deliberately not `CustomStringConvertible`: only ``presentation()`` spells a name, and the live sensor
/// never calls it for a name out of a packet.
@usableFromInline
package struct DomainName: Sendable {
    /// The longest name in octets, without the root's (RFC 1035 §2.3.4: 255 octets with it).
    package static let maximumLength = 254

    /// The name's octets from the root's end on, eight to a word, the first in the lowest bits; octets past ``length`` are zero
    /// in the last word in use and undefined beyond.
    @usableFromInline
    package private(set) var words: InlineArray<32, UInt64>

    /// Bit `n` is set where the last `n` octets of the name are whole labels.
    @usableFromInline
    package private(set) var boundaries: InlineArray<4, UInt64>

    /// Octets of the name in wire form, without the root's; zero for the root itself.
    @usableFromInline
    package private(set) var length: Int

    /// The root.
    package init() {
        words = InlineArray(repeating: 0)
        boundaries = InlineArray(repeating: 0)
        length = 0
    }

    /// The name that `text` spells in dotted form.
    ///
    /// - Throws: what ``assign(text:)`` throws.
    package init(text: Span<UInt8>) throws(WireError) {
        self.init()
        try assign(text: text)
    }

    /// How many labels the name has; zero for the root.
    package var labelCount: Int {
        boundaries[0].nonzeroBitCount &+ boundaries[1].nonzeroBitCount
            &+ boundaries[2].nonzeroBitCount &+ boundaries[3].nonzeroBitCount
    }

    /// Makes this the name that `text` spells in dotted form, one trailing dot allowed.
    ///
    /// Octets other than the dot are taken as they are: a server name is not trusted to be a host name.
    /// - Throws: ``WireError/malformed(_:)`` for an empty label, ``WireError/limitExceeded(_:)`` past the lengths of RFC 1035 §2.3.4.
    package mutating func assign(text: Span<UInt8>) throws(WireError) {
        var end = text.count
        if end > 0, text[end &- 1] == dot { end &-= 1 }
        guard end < Self.maximumLength else { throw .limitExceeded(.domainName) }
        reset()
        guard end > 0 else { return }
        prepend(text, 0, end)
        // Read from the root's end, each dot stands where the length of the label before it belongs.
        var labelStart = 0
        for index in 0...(end &- 1) &>> 3 {
            var dots = octets(equalTo: dot, in: words[index])
            while dots != 0 {
                let shift = dots.trailingZeroBitCount & ~7
                let place = index &<< 3 &+ shift &>> 3
                let length = try labelLength(from: labelStart, to: place)
                words[index] ^= (UInt64(dot) ^ length) &<< UInt64(shift)
                markBoundary(place &+ 1)
                labelStart = place &+ 1
                dots &= dots &- 1
            }
        }
        append(try labelLength(from: labelStart, to: end), 1)
        markBoundary(length)
    }

    /// The length of a label of the text, as an octet of the name; where it is not allowed, this becomes the root again.
    @inline(__always)
    private mutating func labelLength(from start: Int, to end: Int) throws(WireError) -> UInt64 {
        let count = end &- start
        guard count > 0, count < 64 else {
            reset()
            throw count == 0 ? .malformed(.domainName) : .limitExceeded(.domainName)
        }
        return UInt64(count)
    }

    /// Makes this a copy of another name.
    package mutating func assign(_ name: DomainNameView) {
        for index in 0..<(name.length &+ 7) &>> 3 { words[index] = name.words[index] }
        for index in 0..<4 { boundaries[index] = name.boundaries[index] }
        length = name.length
    }

    /// Makes this the root, to be extended label by label.
    mutating func reset() {
        length = 0
        boundaries = InlineArray(repeating: 0)
        words[0] = 0
    }

    /// Puts a label in front, `bytes[start]` being its length octet and `end` the offset behind its last octet.
    ///
    /// The caller has checked that the label lies inside `bytes` and that the name stays within ``maximumLength``.
    @inline(__always)
    mutating func prependLabel(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) {
        prepend(bytes, start, end)
        markBoundary(length)
    }

    /// Makes this the name whose labels lie one behind another in `start..<end`, which lies inside `bytes`.
    ///
    /// - Parameters:
    ///   - bytes: a message.
    ///   - start: the offset of the first label's length octet.
    ///   - end: the offset behind the last label.
    ///   - boundaries: bit `n` is set where the last `n` octets of the name are whole labels.
    /// - Returns: false where the name is longer than `boundaries` can say or stands at the very beginning of the message.
    @inline(__always)
    mutating func assign(labels bytes: Span<UInt8>, _ start: Int, _ end: Int, _ boundaries: UInt64) -> Bool {
        let length = end &- start
        guard length > 0, length < 64, start >= 8 else { return false }
        // The last octet comes first, which is what a word in network byte order has in its lowest bits. A length octet is below `A`.
        var (index, behind) = (0, end)
        while behind &- start >= 8 {
            behind &-= 8
            words[index] = lowercased(bytes.bigEndianUInt64(at: behind))
            index &+= 1
        }
        let rest = UInt64(truncatingIfNeeded: behind &- start) &* 8
        if rest > 0 {
            words[index] = lowercased(bytes.bigEndianUInt64(at: behind &- 8)) & ((1 &<< rest) &- 1)
        }
        self.boundaries[0] = boundaries
        self.boundaries[1] = 0
        self.boundaries[2] = 0
        self.boundaries[3] = 0
        self.length = length
        return true
    }

    /// Notes that the last `length` octets of the name are whole labels.
    @inline(__always)
    mutating func markBoundary(_ length: Int) {
        boundaries[length &>> 6] |= 1 &<< UInt64(length & 63)
    }

    /// Stores the octets of `start..<end`, last octet first, in lower case. A length octet is below `A` and stays as it is.
    @inline(__always)
    private mutating func prepend(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) {
        var end = end
        while end &- start >= 8 {
            end &-= 8
            append(lowercased(bytes.bigEndianUInt64(at: end)), 8)
        }
        let count = end &- start
        guard count > 0 else { return }
        var word: UInt64 = 0
        if end >= 8 {
            word = bytes.bigEndianUInt64(at: end &- 8) & ((1 &<< UInt64(count &* 8)) &- 1)
        } else {
            for offset in start..<end { word = word &<< 8 | UInt64(bytes[offset]) }
        }
        append(lowercased(word), count)
    }

    /// Stores the low `count` octets of `word`; the others are zero.
    @inline(__always)
    private mutating func append(_ word: UInt64, _ count: Int) {
        let index = length &>> 3
        let shift = UInt64(length & 7) &* 8
        if shift == 0 {
            words[index] = word
        } else {
            words[index] |= word &<< shift
            if Int(shift &>> 3) &+ count > 8 { words[index &+ 1] = word &>> (64 &- shift) }
        }
        length &+= count
    }
}

extension DomainName {
    /// The octet `index` octets from the root's end.
    @inline(__always)
    private func octet(_ index: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: words[index &>> 3] &>> UInt64((index & 7) &* 8))
    }

    /// The name as text: dotted, lower case, no trailing dot; the root is a single dot.
    ///
    /// As in zone files (RFC 1035 §5.1, RFC 4343 §2.1), an octet outside printable ASCII is written `\DDD` and a dot or a backslash inside a
    /// label is preceded by a backslash. For output about captures that a tester brought; the live sensor never spells a name.
    package func presentation() -> String {
        var text = [UInt8](repeating: 0, count: Self.presentationLimit)
        var room = text.mutableSpan
        let count = spell(into: &room)
        return String(decoding: text[..<count], as: UTF8.self)
    }

    /// The most octets that ``presentation()`` has.
    package static let presentationLimit = 4 * maximumLength

    /// Writes the octets of ``presentation()``.
    ///
    /// - Parameter text: room for ``presentationLimit`` octets.
    /// - Returns: how many were written.
    package func spell(into text: inout MutableSpan<UInt8>) -> Int {
        precondition(text.count >= Self.presentationLimit)
        guard length > 0 else {
            text[0] = dot
            return 1
        }
        var end = 0
        var index = length &- 1
        while index >= 0 {
            if end > 0 {
                text[end] = dot
                end &+= 1
            }
            let count = Int(octet(index))
            for position in 1...max(count, 1) {
                let octet = octet(index &- position)
                switch octet {
                case dot, backslash:
                    text[end] = backslash
                    text[end &+ 1] = octet
                    end &+= 2
                case 0x21...0x7E:
                    text[end] = octet
                    end &+= 1
                default:
                    text[end] = backslash
                    text[end &+ 1] = 0x30 + octet / 100
                    text[end &+ 2] = 0x30 + octet / 10 % 10
                    text[end &+ 3] = 0x30 + octet % 10
                    end &+= 4
                }
            }
            index &-= count &+ 1
        }
        return end
    }
}

extension DomainName: Equatable {
    @usableFromInline
    package static func == (one: DomainName, other: DomainName) -> Bool {
        guard one.length == other.length else { return false }
        for index in 0..<(one.length &+ 7) &>> 3 where one.words[index] != other.words[index] { return false }
        return true
    }
}

private let dot = UInt8(ascii: ".")
private let backslash = UInt8(ascii: "\\")

/// The upper bit of each octet of `word` that equals `octet`.
@inline(__always)
func octets(equalTo octet: UInt8, in word: UInt64) -> UInt64 {
    let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
    let difference: UInt64 = word ^ (UInt64(octet) &* 0x0101_0101_0101_0101)
    return ~((difference & low &+ low) | difference | low)
}

/// Folds the upper-case ASCII letters among eight octets at once.
@inline(__always)
private func lowercased(_ word: UInt64) -> UInt64 {
    let low: UInt64 = word & 0x7F7F_7F7F_7F7F_7F7F
    let pastZ: UInt64 = low &+ 0x2525_2525_2525_2525
    let fromA: UInt64 = low &+ 0x3F3F_3F3F_3F3F_3F3F
    let isUpper: UInt64 = ~word & (fromA ^ pastZ) & 0x8080_8080_8080_8080
    return word | isUpper &>> 2
}
