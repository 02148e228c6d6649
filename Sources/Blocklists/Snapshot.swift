package import Wire

/// An immutable set of names and the lists they are on, as it lies in memory and in a snapshot file.
///
/// One flat buffer, in this order:
///
/// - *filter*: a blocked Bloom filter, lines of 64 octets, three bits of one word per key. The line of an entry is chosen by the hash of its
///   last two labels, and says of those whether there are entries under them: a name whose last two labels are neither an entry nor above one
///   is settled by one hash and one load, and for any other name the same line tells which of its suffixes can be entries. Where more
///   entries share their last two labels than a line has room for, it says that, and each of them is in the line of its own hash.
/// - *directory*: where each bucket of entries begins, in a word for every four, see ``DirectoryWord``, and one word more.
/// - *entries*: two words each, bucket by bucket. A bucket is chosen by the upper bits of the fingerprint's second half (at least
///   ten); an entry holds the first half, the lower 56 bits of the second, and in the last octet the list and the kind of entry.
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
    let words: WordBuffer

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

    /// The most entries of four buckets: what a lookup may cost, whoever wrote the file.
    ///
    /// A name can have three entries in each of 64 positions; that twenty such names, or thousands of others, meet in buckets chosen by a
    /// keyed hash does not happen.
    static let maximumGroup = 4096

    /// Whether the directory rises from zero to the number of entries, and no four buckets hold more than chance puts there.
    private static func isWellFormed(_ words: borrowing WordBuffer, _ layout: SnapshotLayout) -> Bool {
        let end = layout.firstDirectoryWord &+ layout.bucketCount / 4
        guard DirectoryWord(words[layout.firstDirectoryWord]).start == 0, words[end] == layout.entryCount else {
            return false
        }
        var index = layout.firstDirectoryWord
        while index < end {
            let word = DirectoryWord(words[index])
            let size = DirectoryWord(words[index &+ 1]).start &- word.start
            guard size >= 0, size <= maximumGroup, word.isWellFormed(size: size) else { return false }
            index &+= 1
        }
        return true
    }

    /// Calls `body` with the octets of the snapshot's words, as a file holds them.
    package func withBody<Result>(_ body: (Span<UInt8>) throws -> Result) rethrows -> Result {
        try words.withOctets(of: layout.wordCount, body)
    }

    /// The positions of the entries that cover `name`: bit `n` for position `n`, see ``EntryTag``.
    func positions(of name: DomainNameView) -> UInt64 { coverage(of: name).positions }

    /// What covers `name`.
    ///
    /// Labels are compared whole, so an entry `example.org` does not cover `notexample.org`.
    /// - Complexity: a hash round per eight octets and four for the last two labels, and one memory access for most names that no entry covers.
    func coverage(of name: DomainNameView) -> Coverage {
        var found = Coverage()
        guard layout.entryCount > 0 else { return found }
        let name = HashedName(name)
        var hash = SuffixHash(key)
        if layout.hasTopLevelEntry, hash.extend(over: name) {
            if has(.entry(hash.bits), layout.filterLine(hash.bits)) {
                search(hash, of: name.length, into: &found)
            }
        } else {
            hash.skipLabel(of: name)
        }
        guard hash.extend(over: name) else { return found }
        let line = layout.filterLine(hash.bits)
        let word = words[line &+ FilterKey.entry(hash.bits).word]
        if FilterKey.entry(hash.bits).isIn(word) {
            search(hash, of: name.length, into: &found)
        }
        guard FilterKey.parent(hash.bits).isIn(word) else { return found }
        let isCrowd = has(.crowd(hash.bits), line)
        while hash.extend(over: name) {
            // Where the filter is wrong about the crowd, the entry is in this line all the same.
            if has(.entry(hash.bits), line) || isCrowd && has(.entry(hash.bits), layout.filterLine(hash.bits)) {
                search(hash, of: name.length, into: &found)
            }
        }
        return found
    }

    /// How much of `name`, in octets from the root's end on, is the widest entry by which the list at an index has it; zero where it has not.
    ///
    /// Tries every suffix, whatever the filter says; for the few names that entries of more than one length cover.
    func entryLength(of name: DomainNameView, list index: Int) -> Int {
        guard layout.entryCount > 0 else { return 0 }
        let name = HashedName(name)
        var hash = SuffixHash(key)
        while hash.extend(over: name) {
            var found = Coverage()
            search(hash, of: name.length, into: &found)
            if EntryTag.lists(found.positions, index) { return hash.length }
        }
        return 0
    }

    /// Whether the line of the filter that begins at a word may have the key.
    @inline(__always)
    func has(_ key: FilterKey, _ line: Int) -> Bool { key.isIn(words[line &+ key.word]) }

    /// Whether the allow list has `name`, whatever the lists say.
    func allows(_ name: DomainNameView) -> Bool { positions(of: name) & 1 != 0 }

    /// Looks for the last labels of a name of so many octets.
    private func search(_ hash: SuffixHash, of wholeLength: Int, into found: inout Coverage) {
        let fingerprint = hash.fingerprint
        let (start, end) = entries(inBucket: layout.bucket(fingerprint))
        search(fingerprint, start, end, length: hash.length, isWholeName: hash.length == wholeLength, into: &found)
    }

    /// Goes through entries of a bucket for those with this fingerprint: that of the last labels of a name, which are `length` octets.
    @inline(__always)
    func search(
        _ fingerprint: Fingerprint,
        _ start: Int,
        _ end: Int,
        length: Int,
        isWholeName: Bool,
        into found: inout Coverage
    ) {
        var entry = start
        // Noted and not acted upon: where in its bucket an entry stands is chance, which no processor foresees.
        var (last, count) = (0, 0)
        while entry < end {
            let isFound = isEntry(entry, fingerprint)
            last = isFound ? entry : last
            count &+= isFound ? 1 : 0
            entry &+= 1
        }
        guard count > 0 else { return }
        entry = count == 1 ? last : start
        while entry <= last {
            if isEntry(entry, fingerprint) {
                let tag = EntryTag(rawValue: UInt8(truncatingIfNeeded: words[layout.firstEntry &+ entry &* 2 &+ 1]))
                if isWholeName ? tag.coversItself : tag.coversSubdomains {
                    found.add(tag.position, length: length)
                }
            }
            entry &+= 1
        }
    }

    /// Whether the entry at an index has this fingerprint, the part of it aside that is the bucket.
    @inline(__always)
    private func isEntry(_ entry: Int, _ fingerprint: Fingerprint) -> Bool {
        let index = layout.firstEntry &+ entry &* 2
        return (words[index] ^ fingerprint.first) | (words[index &+ 1] &>> 8 ^ fingerprint.second & (1 &<< 56 &- 1))
            == 0
    }

    /// The first entry of a bucket and the one behind the last.
    @inline(__always)
    func entries(inBucket bucket: Int) -> (start: Int, end: Int) {
        let index = layout.directoryWord(bucket)
        let end = DirectoryWord(words[index &+ 1]).start
        return DirectoryWord(words[index]).bucket(bucket & 3, end: end)
    }
}

/// The entries of a snapshot that cover a name.
struct Coverage: Sendable {
    /// Bit `n` for an entry at position `n`, see ``EntryTag``.
    private(set) var positions: UInt64 = 0

    /// How much of the name, in octets from the root's end on, each of them is; zero where they differ, and of no meaning without any.
    private(set) var length = 0

    /// Adds an entry that is so much of the name.
    @inline(__always)
    mutating func add(_ position: UInt8, length: Int) {
        if positions == 0 { self.length = length } else if self.length != length { self.length = 0 }
        positions |= 1 &<< UInt64(position)
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
        let (start, end) = self.entries(inBucket: layout.bucket(fingerprint))
        var entries: [Entry] = []
        for entry in start..<end {
            guard isEntry(entry, fingerprint) else { continue }
            let tag = EntryTag(rawValue: UInt8(truncatingIfNeeded: words[layout.firstEntry + entry * 2 + 1]))
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

    /// The entries that put names on the list at `index`, test names apart, by one half of their fingerprints: the same in each snapshot with the same
    /// key, and in rising order.
    ///
    /// Two entries of one list with the same half cannot be told apart; that any of a million have is one chance in 37 million.
    package func fingerprints(ofList index: Int) -> [UInt64] {
        guard lists.indices.contains(index) else { return [] }
        let position = EntryTag.position(list: index, role: .listed)
        var fingerprints: [UInt64] = []
        fingerprints.reserveCapacity(lists[index].count(.listed))
        forEachEntry { fingerprint, tag in
            guard Int(tag.position) == position else { return }
            // The scopes of a name are entries of their own.
            fingerprints.append(fingerprint.first ^ UInt64(tag.rawValue & 3) &* 0x9E37_79B9_7F4A_7C15)
        }
        return fingerprints.sorted()
    }

    /// Goes through every entry, in the order of the fingerprints' second halves.
    private func forEachEntry(_ body: (Fingerprint, EntryTag) -> Void) {
        for bucket in 0..<layout.bucketCount {
            // The bucket's upper eight bits are those that an entry has given up for its tag.
            let upper = UInt64(bucket >> (layout.bucketBits - 8)) << 56
            var (entry, end) = entries(inBucket: bucket)
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
        let (start, end) = entries(inBucket: layout.bucket(fingerprint))
        let two = fingerprint.second << 8 | UInt64(tag.rawValue)
        for entry in start..<end
        where words[layout.firstEntry + entry * 2] == fingerprint.first
            && words[layout.firstEntry + entry * 2 + 1] == two
        {
            return true
        }
        return false
    }
}
