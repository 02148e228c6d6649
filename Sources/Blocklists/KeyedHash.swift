package import Wire

/// A 128-bit secret for ``KeyedHash``.
package struct HashKey: Equatable, Sendable {
    package let first: UInt64
    package let second: UInt64

    /// A key from its two halves.
    package init(_ first: UInt64, _ second: UInt64) {
        self.first = first
        self.second = second
    }

    /// A new key from the system's random source.
    package static func random() -> HashKey {
        HashKey(UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))
    }
}

extension HashKey: CustomStringConvertible, CustomReflectable {
    /// Nothing of the secret.
    package var description: String { "HashKey" }

    /// Nothing of the secret.
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// 128 bits that stand for what was hashed.
package struct Fingerprint: Hashable, Sendable {
    package var first: UInt64
    package var second: UInt64

    /// A fingerprint from its two halves.
    package init(_ first: UInt64, _ second: UInt64) {
        self.first = first
        self.second = second
    }
}

/// SipHash-1-3 with 128 bits of output (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012).
///
/// Keyed, so that nobody who lacks the key can make two inputs collide or tell what a fingerprint stands for. The state can be
/// copied between words: the hash of every prefix costs its last rounds only.
package struct KeyedHash: Sendable {
    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64

    /// The state before any input.
    @inline(__always)
    package init(_ key: HashKey) {
        v0 = key.first ^ 0x736f_6d65_7073_6575
        v1 = key.second ^ 0x646f_7261_6e64_6f6d ^ 0xee
        v2 = key.first ^ 0x6c79_6765_6e65_7261
        v3 = key.second ^ 0x7465_6462_7974_6573
    }

    /// Takes in eight octets.
    @inline(__always)
    package mutating func combine(_ word: UInt64) {
        v3 ^= word
        round()
        v0 ^= word
    }

    /// The first 64 bits of the hash of all that was taken in and, behind it, the low `length % 8` octets of `tail`.
    ///
    /// - Parameters:
    ///   - tail: the last octets, the others zero.
    ///   - length: octets of the whole input.
    /// - Returns: the bits, and the state from which ``second(of:)`` makes the other 64.
    @inline(__always)
    package func first(tail: UInt64, length: Int) -> (bits: UInt64, state: KeyedHash) {
        var state = self
        state.combine(tail | UInt64(truncatingIfNeeded: length) &<< 56)
        state.v2 ^= 0xee
        state.round()
        state.round()
        state.round()
        return (state.v0 ^ state.v1 ^ state.v2 ^ state.v3, state)
    }

    /// The second 64 bits, from the state that ``first(tail:length:)`` returned.
    @inline(__always)
    package static func second(of state: KeyedHash) -> UInt64 {
        var state = state
        state.v1 ^= 0xdd
        state.round()
        state.round()
        state.round()
        return state.v0 ^ state.v1 ^ state.v2 ^ state.v3
    }

    @inline(__always)
    private mutating func round() {
        v0 = v0 &+ v1
        v1 = v1 &<< 13 | v1 &>> 51
        v1 ^= v0
        v0 = v0 &<< 32 | v0 &>> 32
        v2 = v2 &+ v3
        v3 = v3 &<< 16 | v3 &>> 48
        v3 ^= v2
        v0 = v0 &+ v3
        v3 = v3 &<< 21 | v3 &>> 43
        v3 ^= v0
        v2 = v2 &+ v1
        v1 = v1 &<< 17 | v1 &>> 47
        v1 ^= v2
        v2 = v2 &<< 32 | v2 &>> 32
    }
}

extension HashKey {
    /// 64 keyed bits that stand for the labels at the root's end of a name that take up `length` octets; at most as many as it has.
    package func bits(ofLast length: Int, of name: DomainNameView) -> UInt64 {
        var hash = KeyedHash(self)
        let octets = name.words
        let length = min(max(length, 0), name.length)
        for index in 0..<length &>> 3 { hash.combine(octets[index]) }
        let count = UInt64(length & 7)
        let tail = count == 0 ? 0 : octets[length &>> 3] & ((1 &<< (count &* 8)) &- 1)
        return hash.first(tail: tail, length: length).bits
    }

    /// A number that tells whether a key is this one, and nothing else about it.
    package var check: UInt64 { fingerprint(0x6b63_6568_6379_656b, 0, 0, 0, 0).first }

    /// The fingerprint of a word and up to seven octets, which is what the key of an IPv4 flow comes to.
    ///
    /// The length that goes in tells it from that of more words.
    /// - Complexity: two rounds and six to finish.
    package func fingerprint(_ one: UInt64, _ two: UInt64) -> Fingerprint {
        var hash = KeyedHash(self)
        hash.combine(one)
        let (bits, state) = hash.first(tail: two & 0x00FF_FFFF_FFFF_FFFF, length: 15)
        return Fingerprint(bits, KeyedHash.second(of: state))
    }

    /// The fingerprint of four words, which is what the key of an IPv6 flow comes to.
    ///
    /// - Complexity: four rounds and six to finish.
    package func fingerprint(_ one: UInt64, _ two: UInt64, _ three: UInt64, _ four: UInt64, _ five: UInt64)
        -> Fingerprint
    {
        var hash = KeyedHash(self)
        hash.combine(one)
        hash.combine(two)
        hash.combine(three)
        hash.combine(four)
        let (bits, state) = hash.first(tail: five & 0x00FF_FFFF_FFFF_FFFF, length: 39)
        return Fingerprint(bits, KeyedHash.second(of: state))
    }
}
