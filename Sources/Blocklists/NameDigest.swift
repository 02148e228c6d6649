package import Wire

/// What a snapshot keeps of a name: enough to find it again, and nothing to read it from.
package struct NameDigest: Hashable, Sendable {
    /// What lies above the name in the filter.
    package enum Parent: Hashable, Sendable {
        /// Nothing: the name has one label.
        case none
        /// The name itself: it has two labels.
        case itself
        /// The name's last two labels, of which this is the first half of the fingerprint.
        case above(UInt64)
    }

    /// The fingerprint of the whole name.
    package let fingerprint: Fingerprint

    /// What lies above it.
    package let parent: Parent

    /// A digest that was kept.
    package init(fingerprint: Fingerprint, parent: Parent) {
        self.fingerprint = fingerprint
        self.parent = parent
    }

    /// The digest of `name` under `key`; nil for the root, which no list has.
    package init?(_ name: borrowing DomainName, _ key: HashKey) {
        let whole = name.length
        guard whole > 0 else { return nil }
        let octets = name.words.span
        let boundaries = name.boundaries.span
        var hash = KeyedHash(key)
        var hashedWords = 0
        var label = 0
        var above: UInt64 = 0
        var fingerprint = Fingerprint(0, 0)
        for index in 0..<4 {
            var pending = boundaries[index]
            while pending != 0 {
                let length = index << 6 | pending.trailingZeroBitCount
                pending &= pending - 1
                label += 1
                guard label == 2 || length == whole else { continue }
                while hashedWords < length >> 3 {
                    hash.combine(octets[hashedWords])
                    hashedWords += 1
                }
                let count = UInt64(length & 7)
                let tail = count == 0 ? 0 : octets[length >> 3] & ((1 << (count * 8)) - 1)
                let (bits, state) = hash.first(tail: tail, length: length)
                if label == 2 { above = bits }
                if length == whole { fingerprint = Fingerprint(bits, KeyedHash.second(of: state)) }
            }
        }
        self.fingerprint = fingerprint
        parent = label == 1 ? .none : label == 2 ? .itself : .above(above)
    }
}
