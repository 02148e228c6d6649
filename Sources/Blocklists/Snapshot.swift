package import Wire

/// An immutable set of names and the lists they are on, as it lies in memory and in a snapshot file.
///
/// One flat buffer, in this order:
///
/// - *filter*: a blocked Bloom filter, four bits of one word per key. Besides each entry it holds the entry's last two labels, so
///   that a name whose last two labels are not in it is settled by one hash and one load.
/// - *directory*: where each bucket of entries begins; 32 bits each, one more than there are buckets.
/// - *entries*: two words each, bucket by bucket. A bucket is chosen by the upper bits of the fingerprint's second half (at least
///   eight); an entry holds the first half, the lower 56 bits of the second, and in the last octet the list and the kind of entry.
///
/// A match therefore needs all 128 keyed bits to agree: for 10 million entries and a billion distinct names looked up, those they lie
/// under among them, the probability of one false match is about 10^16 / 2^128, that is 3 in 10^23. No name can be read back from a fingerprint, and without
/// the key none can be tried.
package final class Snapshot: Sendable {
    /// The most lists one snapshot can hold besides the allow list.
    package static let maximumLists = 21

    /// The lists, in their own order.
    package let lists: [SnapshotList]

    /// Entries of the allow list.
    package let allowedCount: Int

    /// The secret of the fingerprints.
    package let key: HashKey

    /// Entries of every kind.
    package var entryCount: Int { layout.entryCount }

    /// Octets that names take, in memory and in a file.
    package var byteCount: Int { layout.wordCount * 8 }

    let layout: SnapshotLayout
    private let words: WordBuffer

    /// A snapshot of what a builder made.
    init(
        lists: [SnapshotList],
        allowedCount: Int,
        key: HashKey,
        layout: SnapshotLayout,
        words: consuming WordBuffer
    ) {
        self.lists = lists
        self.allowedCount = allowedCount
        self.key = key
        self.layout = layout
        self.words = words
    }

    /// The snapshot whose header and words were read from a file.
    ///
    /// - Parameters:
    ///   - header: the file's header.
    ///   - key: the secret of the fingerprints.
    ///   - words: the file's body.
    /// - Throws: ``SnapshotError`` where the key is another or the words cannot be what a builder wrote. Whether they are unchanged is for the
    ///   caller to check; whatever they are, looking up names in the snapshot reads nothing else.
    package init(header: SnapshotHeader, key: HashKey, words: consuming WordBuffer) throws(SnapshotError) {
        guard header.keyCheck == key.check else { throw .wrongKey }
        guard words.count == header.layout.wordCount else { throw .damaged }
        lists = header.lists
        allowedCount = header.allowedCount
        self.key = key
        layout = header.layout
        guard Self.isWellFormed(words, header.layout) else { throw .damaged }
        self.words = words
    }

    /// The most entries of one bucket: what a lookup may cost, whoever wrote the file.
    ///
    /// A name can have three entries in each of 64 positions; that twenty such names, or thousands of others, meet in a bucket chosen by a
    /// keyed hash does not happen.
    static let maximumBucket: UInt64 = 4096

    /// Whether the directory rises from zero to the number of entries, and no bucket is larger than chance makes one.
    private static func isWellFormed(_ words: borrowing WordBuffer, _ layout: SnapshotLayout) -> Bool {
        var previous: UInt64 = 0
        for index in 0..<layout.bucketCount / 2 {
            let word = words[layout.firstDirectoryWord &+ index]
            let (low, high) = (word & 0xFFFF_FFFF, word &>> 32)
            guard previous <= low, low <= high, low - previous <= maximumBucket, high - low <= maximumBucket else {
                return false
            }
            previous = high
        }
        let last = words[layout.firstDirectoryWord + layout.bucketCount / 2]
        return words[layout.firstDirectoryWord] & 0xFFFF_FFFF == 0 && previous <= last && last == layout.entryCount
            && last - previous <= maximumBucket
    }

    /// Calls `body` with the octets of the snapshot's words, as a file holds them.
    package func withBody<Result>(_ body: (Span<UInt8>) throws -> Result) rethrows -> Result {
        try words.withOctets(of: layout.wordCount, body)
    }

    /// The positions of the entries that cover `name`: bit `n` for position `n`, see ``EntryTag``.
    ///
    /// Labels are compared whole, so an entry `example.org` does not cover `notexample.org`.
    /// - Complexity: a hash round per eight octets, three per label, and one memory access for most names that no entry covers.
    func positions(of name: DomainNameView) -> UInt64 {
        guard layout.entryCount > 0 else { return 0 }
        let octets = name.words
        let boundaries = name.boundaries
        var hash = KeyedHash(key)
        var hashedWords = 0
        var found: UInt64 = 0
        var label = 0
        for index in 0..<4 {
            var pending = boundaries[index]
            while pending != 0 {
                let length = index &<< 6 | pending.trailingZeroBitCount
                pending &= pending &- 1
                label &+= 1
                while hashedWords < length &>> 3 {
                    hash.combine(octets[hashedWords])
                    hashedWords &+= 1
                }
                if label == 1, layout.hasTopLevelEntry == false { continue }
                let (bits, state) = hash.first(tail: Self.tail(of: octets, length: length), length: length)
                guard
                    words[layout.filterWord(bits)] & SnapshotLayout.filterBits(bits) == SnapshotLayout.filterBits(bits)
                else {
                    // Without the last two labels in the filter, no longer name is there either.
                    if label == 2 { return found }
                    continue
                }
                search(
                    Fingerprint(bits, KeyedHash.second(of: state)),
                    isWholeName: length == name.length,
                    into: &found
                )
            }
        }
        return found
    }

    /// Whether the allow list has `name`, whatever the lists say.
    func allows(_ name: DomainNameView) -> Bool { positions(of: name) & 1 != 0 }

    /// The octets of the suffix of this length that do not fill a word.
    @inline(__always)
    private static func tail(of octets: Span<UInt64>, length: Int) -> UInt64 {
        let count = UInt64(length & 7)
        guard count > 0 else { return 0 }
        return octets[length &>> 3] & ((1 &<< (count &* 8)) &- 1)
    }

    private func search(_ fingerprint: Fingerprint, isWholeName: Bool, into found: inout UInt64) {
        let bucket = layout.bucket(fingerprint)
        var entry = directory(bucket)
        let end = directory(bucket &+ 1)
        while entry < end {
            let index = layout.firstEntry &+ entry &* 2
            if words[index] == fingerprint.first, (words[index &+ 1] ^ (fingerprint.second &<< 8)) &>> 8 == 0 {
                let tag = EntryTag(rawValue: UInt8(truncatingIfNeeded: words[index &+ 1]))
                if isWholeName ? tag.coversItself : tag.coversSubdomains { found |= 1 &<< UInt64(tag.position) }
            }
            entry &+= 1
        }
    }

    @inline(__always)
    private func directory(_ bucket: Int) -> Int {
        let word = words[layout.firstDirectoryWord &+ bucket &>> 1]
        return Int(bucket & 1 == 0 ? word & 0xFFFF_FFFF : word &>> 32)
    }
}

extension Snapshot {
    /// The lists of this snapshot that have `name`, by their entries alone: bit `n` for the list at index `n`.
    ///
    /// Exceptions count, allow lists do not.
    package func lists(having name: borrowing DomainName) -> UInt64 {
        let positions = positions(of: name.view)
        var found: UInt64 = 0
        for index in lists.indices where EntryTag.lists(positions, index) { found |= 1 << UInt64(index) }
        return found
    }

    /// What an entry does and stands for, without its name.
    package struct Entry: Equatable, Sendable {
        /// The index of its list; nil for the allow list.
        package let list: Int?
        /// What it does for the list.
        package let role: EntryRole
        /// The names it stands for.
        package let scope: ListEntry.Scope
    }

    /// The entries with exactly this name, whatever lies above or below it.
    ///
    /// - Parameter digest: the digest of a name under ``key``.
    /// - Returns: one entry for each list, role and scope.
    package func entries(of digest: NameDigest) -> [Entry] {
        guard layout.entryCount > 0 else { return [] }
        let fingerprint = digest.fingerprint
        let bucket = layout.bucket(fingerprint)
        var entries: [Entry] = []
        for entry in directory(bucket)..<directory(bucket + 1) {
            let index = layout.firstEntry + entry * 2
            let matches =
                words[index] == fingerprint.first && words[index + 1] >> 8 == fingerprint.second & (1 << 56 - 1)
            guard matches else { continue }
            let tag = EntryTag(rawValue: UInt8(truncatingIfNeeded: words[index + 1]))
            let place = Int(tag.position) - EntryTag.position(list: 0, role: .listed)
            let role = place < 0 ? .listed : EntryRole(rawValue: UInt8(place % EntryRole.allCases.count))
            guard let role else { continue }
            let scope = ListEntry.Scope(rawValue: tag.rawValue & 3)
            entries.append(Entry(list: place < 0 ? nil : place / EntryRole.allCases.count, role: role, scope: scope))
        }
        return entries
    }

    /// How a list differs from an earlier edition of it.
    package struct Difference: Equatable, Sendable {
        /// Entries that the earlier edition has not.
        package var added = 0
        /// Entries that only the earlier edition has.
        package var removed = 0

        /// A difference of so many entries.
        package init(added: Int = 0, removed: Int = 0) {
            self.added = added
            self.removed = removed
        }
    }

    /// How the list at `index` differs from the one with the same id in `earlier`.
    ///
    /// - Returns: nil where the fingerprints were made under different keys, so that they cannot be compared.
    /// - Complexity: one search per entry of both.
    package func difference(ofList index: Int, from earlier: Snapshot) -> Difference? {
        guard key == earlier.key else { return nil }
        let id = lists[index].descriptor.id
        guard let other = earlier.lists.firstIndex(where: { $0.descriptor.id == id }) else {
            return Difference(added: lists[index].entryCounts.reduce(0, +))
        }
        return difference(ofPositionsOf: index, from: earlier, list: other)
    }

    /// How the allow list differs from that of `earlier`; nil where they cannot be compared.
    package func allowDifference(from earlier: Snapshot) -> Difference? {
        key == earlier.key ? difference(ofPositionsOf: nil, from: earlier, list: nil) : nil
    }

    private func difference(ofPositionsOf index: Int?, from earlier: Snapshot, list other: Int?) -> Difference {
        var added = 0
        var count = 0
        forEachEntry { fingerprint, tag in
            guard let earlierTag = tag.moved(from: index, to: other) else { return }
            count += 1
            if earlier.contains(fingerprint, earlierTag) == false { added += 1 }
        }
        let earlierCount =
            other.map { earlier.lists[$0].entryCounts.reduce(0, +) } ?? earlier.allowedCount
        return Difference(added: added, removed: earlierCount - (count - added))
    }

    /// Goes through every entry, in the order of the fingerprints' second halves.
    private func forEachEntry(_ body: (Fingerprint, EntryTag) -> Void) {
        for bucket in 0..<layout.bucketCount {
            // The bucket's upper eight bits are those that an entry has given up for its tag.
            let upper = UInt64(bucket >> (layout.bucketBits - 8)) << 56
            var entry = directory(bucket)
            let end = directory(bucket + 1)
            while entry < end {
                let two = words[layout.firstEntry + entry * 2 + 1]
                body(
                    Fingerprint(words[layout.firstEntry + entry * 2], upper | two >> 8),
                    EntryTag(rawValue: UInt8(truncatingIfNeeded: two))
                )
                entry += 1
            }
        }
    }

    private func contains(_ fingerprint: Fingerprint, _ tag: EntryTag) -> Bool {
        let bucket = layout.bucket(fingerprint)
        let two = fingerprint.second << 8 | UInt64(tag.rawValue)
        for entry in directory(bucket)..<directory(bucket + 1)
        where words[layout.firstEntry + entry * 2] == fingerprint.first
            && words[layout.firstEntry + entry * 2 + 1] == two
        {
            return true
        }
        return false
    }
}
