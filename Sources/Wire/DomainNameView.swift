/// A name where it lies: what lookups take, so that none of its octets are copied on the way.
///
/// A ``DomainName`` is long, and a function that borrows one and takes a span of its storage copies all of it first. A view is made
/// where the name has its place in memory.
@usableFromInline
package struct DomainNameView: ~Escapable {
    /// See ``DomainName/words``.
    @usableFromInline
    package let words: Span<UInt64>

    /// See ``DomainName/boundaries``.
    @usableFromInline
    package let boundaries: Span<UInt64>

    /// See ``DomainName/length``.
    @usableFromInline
    package let length: Int

    /// A name that was copied to another place.
    ///
    /// - Parameters:
    ///   - words: at least the words of the name that are in use, and one more where `length` is a multiple of eight.
    ///   - boundaries: as many as the name has.
    ///   - length: octets of the name.
    @_lifetime(copy words, copy boundaries)
    @inlinable
    package init(words: Span<UInt64>, boundaries: Span<UInt64>, length: Int) {
        self.words = words
        self.boundaries = boundaries
        self.length = length
    }
}

extension DomainName {
    /// The name where it lies.
    ///
    /// Nothing is copied where the name is a variable, a property of one or an element of a span; an element of an array is copied first.
    @inlinable
    package var view: DomainNameView {
        @_lifetime(borrow self)
        @inline(__always)
        get { DomainNameView(words: words.span, boundaries: boundaries.span, length: length) }
    }
}

extension DomainNameView {
    /// Eight octets of ``DomainName/presentation()`` at once, for lines of millions of names.
    ///
    /// The whole name is spelled by these words from the one with the first octet, `(length - 1) / 8`, down to that of index 0, once the dot that the
    /// first of them begins with is left out.
    /// - Parameter index: a word of ``words`` in use, counted from the root's end.
    /// - Returns: the octets in the order of the text, the first in the lowest bits, zeros behind them where the word is not full; and a number that
    ///   is not zero where one of them is not written as it is, in the text or between the quotes of JSON (RFC 8259 §7).
    @inlinable
    @inline(__always)
    package func plainWord(_ index: Int) -> (text: UInt64, special: UInt64) {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let lengths = boundaryMask(ofWord: index)
        let vacant = UInt64(truncatingIfNeeded: max(8 &- (length &- index &<< 3), 0)) &* 8
        let word = words[index]
        // What is no letter of a label is checked as if it were one.
        let foreign = lengths | ~(UInt64.max &>> vacant)
        let letters: UInt64 = word & ~foreign | (ones &* 0x61) & foreign
        // Where an octet is found, those above it may be taken for others; where none is, none is.
        let dots: UInt64 = letters ^ ones &* 0x2E
        let backslashes: UInt64 = letters ^ ones &* 0x5C
        let quotes: UInt64 = letters ^ ones &* 0x22
        let low: UInt64 = (letters &- ones &* 0x21) & ~letters
        let high: UInt64 = letters &+ ones | letters
        let found = (dots &- ones) & ~dots | (backslashes &- ones) & ~backslashes | (quotes &- ones) & ~quotes
        let text = (word & ~lengths | (ones &* 0x2E) & lengths).byteSwapped &>> vacant
        return (text, (found | low | high) & (ones &* 0x80))
    }

    /// All bits of the octets of a word that are the lengths of labels.
    @inlinable
    @inline(__always)
    func boundaryMask(ofWord index: Int) -> UInt64 {
        // The length of a label lies behind its last octet, where the name up to it ends.
        let bit = index &<< 3 &+ 1
        var bits = boundaries[bit &>> 6] &>> UInt64(truncatingIfNeeded: bit & 63)
        if bit & 63 == 57, bit < 192 { bits |= boundaries[bit &>> 6 &+ 1] &<< 7 }
        let spread = (bits & 0xFF) &* 0x0101_0101_0101_0101 & 0x8040_2010_0804_0201
        return ((spread &+ 0x7F7F_7F7F_7F7F_7F7F) & 0x8080_8080_8080_8080) &>> 7 &* 0xFF
    }
}
