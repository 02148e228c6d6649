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
