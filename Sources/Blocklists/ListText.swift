import Wire

/// What the list formats have in common: white space, words, and what looks like an address.
extension Span where Element == UInt8 {
    /// The offsets of `range` without white space at its ends.
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, self[start].isSpace { start &+= 1 }
        while end > start, self[end &- 1].isSpace { end &-= 1 }
        return start..<end
    }

    /// The offset behind the word that begins at `start`.
    @inline(__always)
    func wordEnd(from start: Int) -> Int {
        var end = start
        while end < count, self[end].isSpace == false { end &+= 1 }
        return end
    }

    /// The offset of the first octet at or behind `start` that is no white space.
    @inline(__always)
    func wordStart(from start: Int) -> Int {
        var start = start
        while start < count, self[start].isSpace { start &+= 1 }
        return start
    }

    /// Whether `word` stands at `start`, in whatever case.
    func hasWord(_ word: ASCIIWord, at start: Int) -> Bool {
        guard start >= 0, count - start >= word.count else { return false }
        return extracting(start..<start + word.count).isEqual(to: word)
    }

    /// Whether the octets are one of `words`, in whatever case.
    func isOne(of words: [ASCIIWord]) -> Bool {
        for word in words where isEqual(to: word) { return true }
        return false
    }

    /// The offset of the first `octet` in `range`; nil where there is none.
    func offset(of octet: UInt8, in range: Range<Int>) -> Int? {
        for index in range where self[index] == octet { return index }
        return nil
    }

    /// Whether the octets, which are one word, look like an IPv4 or IPv6 address rather than a name; they need not be a valid one.
    var looksLikeAddress: Bool {
        var hasColon = false
        var hasLetter = false
        for index in indices {
            switch self[index] {
            case 0x30...0x39, UInt8(ascii: "."): continue
            case UInt8(ascii: ":"): hasColon = true
            case 0x41...0x46, 0x61...0x66: hasLetter = true
            // what is behind it names an interface (RFC 4007 §11)
            case UInt8(ascii: "%"): return hasColon
            default: return false
            }
        }
        return count > 0 && (hasColon || hasLetter == false)
    }
}

extension UInt8 {
    /// Whether this is white space on a line; a carriage return may stand before the line end.
    @inline(__always)
    var isSpace: Bool { self == 0x20 || self == 0x09 || self == 0x0D }

    /// Whether this is an ASCII digit.
    @inline(__always)
    var isDigit: Bool { self >= 0x30 && self <= 0x39 }

    /// An ASCII letter in lower case, any other octet as it is.
    @inline(__always)
    var lowercased: UInt8 { self >= 0x41 && self <= 0x5A ? self | 0x20 : self }
}
