import Wire

/// The hash of a name's last labels, one more at each step; what was hashed before is not hashed again.
struct SuffixHash: Sendable {
    private var hash: KeyedHash
    private var finished: KeyedHash
    private var hashedWords = 0

    /// The first half of the fingerprint of the last labels so far.
    private(set) var bits: UInt64 = 0

    /// Octets of the last labels so far.
    private(set) var length = 0

    /// The hash of no label.
    @inline(__always)
    init(_ key: HashKey) {
        hash = KeyedHash(key)
        finished = hash
    }

    /// The fingerprint of the last labels so far.
    var fingerprint: Fingerprint {
        @inline(__always)
        get { Fingerprint(bits, KeyedHash.second(of: finished)) }
    }

    /// Takes in the next label of `name`; false where there is none.
    @inline(__always)
    mutating func extend(over name: HashedName) -> Bool {
        guard skipLabel(of: name) else { return false }
        let octets = name.words
        while hashedWords < length &>> 3 {
            hash.combine(octets[name.firstWord &+ hashedWords])
            hashedWords &+= 1
        }
        let count = UInt64(length & 7)
        // A name that ends with a word may have no further one.
        let tail = count == 0 ? 0 : octets[name.firstWord &+ hashedWords] & ((1 &<< (count &* 8)) &- 1)
        (bits, finished) = hash.first(tail: tail, length: length)
        return true
    }

    /// Goes past the next label, which is hashed with the one behind it; false where there is none.
    @inline(__always)
    @discardableResult
    mutating func skipLabel(of name: HashedName) -> Bool {
        guard length < name.length else { return false }
        let boundaries = name.boundaries
        var index = length &>> 6
        var pending = boundaries[name.firstBoundary &+ index] & (~1 &<< UInt64(length & 63))
        // The whole name is the last of its suffixes, so that there is one.
        while pending == 0, index < name.length &>> 6 {
            index &+= 1
            pending = boundaries[name.firstBoundary &+ index]
        }
        length = index &<< 6 | pending.trailingZeroBitCount
        return true
    }
}

/// A name as ``SuffixHash`` reads it, alone or among others in one piece of memory.
struct HashedName: ~Escapable {
    /// See ``DomainName/words``, from ``firstWord`` on.
    let words: Span<UInt64>
    /// See ``DomainName/boundaries``, from ``firstBoundary`` on.
    let boundaries: Span<UInt64>
    let firstWord: Int
    let firstBoundary: Int
    /// Octets of the name.
    let length: Int

    @inline(__always)
    @_lifetime(copy words, copy boundaries)
    init(words: Span<UInt64>, boundaries: Span<UInt64>, firstWord: Int, firstBoundary: Int, length: Int) {
        self.words = words
        self.boundaries = boundaries
        self.firstWord = firstWord
        self.firstBoundary = firstBoundary
        self.length = length
    }

    @inline(__always)
    @_lifetime(copy name)
    init(_ name: DomainNameView) {
        self.init(words: name.words, boundaries: name.boundaries, firstWord: 0, firstBoundary: 0, length: name.length)
    }
}
