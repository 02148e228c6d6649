/// A word of a text protocol, compared without regard to case.
package struct ASCIIWord: Sendable {
    /// The longest word in octets.
    package static let maximumLength = 24

    private var octets: InlineArray<24, UInt8>

    /// Octets of the word.
    package let count: Int

    /// The word that `text` spells in ASCII, at most ``maximumLength`` octets of it.
    package init(_ text: String) {
        octets = InlineArray(repeating: 0)
        var count = 0
        for octet in text.utf8.prefix(Self.maximumLength) {
            octets[count] = octet.lowercased
            count += 1
        }
        self.count = count
    }

    /// Whether this word begins with `text`.
    package func begins(with text: borrowing Span<UInt8>) -> Bool {
        guard text.count <= count else { return false }
        for index in text.indices where text[index].lowercased != octets[index] { return false }
        return true
    }
}

extension UInt8 {
    @inline(__always)
    fileprivate var lowercased: UInt8 {
        self >= UInt8(ascii: "A") && self <= UInt8(ascii: "Z") ? self | 0x20 : self
    }
}

extension Span where Element == UInt8 {
    /// Whether the octets are this word.
    @inline(__always)
    package func isEqual(to word: ASCIIWord) -> Bool {
        count == word.count && word.begins(with: self)
    }

    /// The offset of the first `octet` at or behind `start`, eight octets looked at together; the count where there is none.
    package func firstOffset(of octet: UInt8, from start: Int = 0) -> Int {
        var position = start
        while count &- position >= 8 {
            let found = octets(equalTo: octet, in: bigEndianUInt64(at: position))
            if found != 0 { return position &+ found.leadingZeroBitCount &>> 3 }
            position &+= 8
        }
        while position < count, self[position] != octet { position &+= 1 }
        return position
    }
}
