import Wire

/// Gathers entries and makes a ``Blocklist`` of them.
///
/// Only fingerprints are kept, 25 octets for each entry; the names are forgotten at once.
package struct BlocklistBuilder {
    /// The lists, in the order in which they apply; what is known of an edition may be filled in until it is built.
    package var lists: [SnapshotList]

    private let key: HashKey
    private var fingerprints: [Fingerprint] = []
    private var tags: [UInt8] = []
    /// For each entry the hash of its last two labels, or its own where it has no more.
    private var parents: [UInt64] = []
    private var hasTopLevelEntry = false

    /// A builder for these lists.
    ///
    /// - Parameters:
    ///   - lists: at most ``Snapshot/maximumLists``, in the order in which they apply.
    ///   - key: the secret of the fingerprints.
    package init(lists: [ListDescriptor], key: HashKey = .random()) {
        precondition(lists.count <= Snapshot.maximumLists)
        self.lists = lists.map { SnapshotList($0) }
        self.key = key
    }

    /// Makes room for so many further entries, so that none is moved while they are added.
    package mutating func reserve(_ count: Int) {
        fingerprints.reserveCapacity(fingerprints.count + count)
        tags.reserveCapacity(tags.count + count)
        parents.reserveCapacity(parents.count + count)
    }

    /// Adds an entry.
    ///
    /// - Parameters:
    ///   - entry: the name and which names it stands for.
    ///   - list: the index of the list it is on, nil for the allow list.
    ///   - role: what the entry does for the list.
    package mutating func add(_ entry: borrowing ListEntry, list: Int?, role: EntryRole = .listed) {
        if let list { precondition(lists.indices.contains(list)) }
        guard let digest = NameDigest(entry.name, key) else { return }
        add(digest, EntryTag(list: list, role: role, scope: entry.scope))
    }

    /// Adds a name of which only the digest is left, as an entry of the allow list for itself and all under it.
    ///
    /// - Parameter digest: a digest under the builder's own key.
    package mutating func allow(_ digest: NameDigest) {
        add(digest, EntryTag(list: nil, role: .listed, scope: [.itself, .subdomains]))
    }

    private mutating func add(_ digest: NameDigest, _ tag: EntryTag) {
        fingerprints.append(digest.fingerprint)
        tags.append(tag.rawValue)
        switch digest.parent {
        case .none:
            hasTopLevelEntry = true
            parents.append(digest.fingerprint.first)
        case .itself: parents.append(digest.fingerprint.first)
        case .above(let bits): parents.append(bits)
        }
    }

    /// Adds a list and its entries from another builder with the same key, behind the lists that are there.
    ///
    /// - Parameter other: a builder of one list. Its allow list is left behind.
    package mutating func append(_ other: BlocklistBuilder) {
        precondition(other.key == key && other.lists.count == 1 && lists.count < Snapshot.maximumLists)
        let index = lists.count
        lists.append(other.lists[0])
        reserve(other.fingerprints.count)
        for entry in other.fingerprints.indices {
            guard let tag = EntryTag(rawValue: other.tags[entry]).moved(from: 0, to: index) else { continue }
            fingerprints.append(other.fingerprints[entry])
            tags.append(tag.rawValue)
            parents.append(other.parents[entry])
        }
        hasTopLevelEntry = hasTopLevelEntry || other.hasTopLevelEntry
    }

    /// The blocklist of all that was added and nothing else, each list with its own policy.
    package func build() -> Blocklist { Blocklist([Blocklist.Part(buildSnapshot())]) }

    /// The snapshot of all that was added; entries that say the same are kept once.
    package func buildSnapshot() -> Snapshot {
        var lists = lists
        // A first pass counts each bucket, a second puts the entries where their bucket begins.
        let layout = SnapshotLayout(entryCount: fingerprints.count, hasTopLevelEntry: hasTopLevelEntry)
        var starts = [UInt32](repeating: 0, count: layout.bucketCount + 1)
        for fingerprint in fingerprints { starts[layout.bucket(fingerprint) + 1] += 1 }
        for bucket in 0..<layout.bucketCount { starts[bucket + 1] += starts[bucket] }

        var words = WordBuffer(count: layout.wordCount)
        var next = starts
        for (fingerprint, tag) in zip(fingerprints, tags) {
            let bucket = layout.bucket(fingerprint)
            let index = layout.firstEntry + Int(next[bucket]) * 2
            next[bucket] += 1
            words[index] = fingerprint.first
            words[index + 1] = fingerprint.second << 8 | UInt64(tag)
        }
        fillFilter(&words, layout)

        var counts = [Int](repeating: 0, count: 64)
        let kept = deduplicate(&words, layout, &starts, &counts)
        if kept < fingerprints.count / 4 * 3 {
            // So much was said more than once that what was reserved for it would be felt.
            return distinct(words, layout, starts, kept).buildSnapshot()
        }
        for bucket in stride(from: 0, to: layout.bucketCount, by: 4) {
            let word = DirectoryWord(
                starts: (starts[bucket], starts[bucket + 1], starts[bucket + 2], starts[bucket + 3])
            )
            words[layout.directoryWord(bucket)] = word.rawValue
        }
        words[layout.directoryWord(layout.bucketCount)] = UInt64(kept)
        for index in lists.indices {
            for role in EntryRole.allCases {
                lists[index].entryCounts[Int(role.rawValue)] = counts[EntryTag.position(list: index, role: role)]
            }
        }
        return Snapshot(
            lists: lists,
            allowedCount: counts[0],
            key: key,
            layout: layout.with(entryCount: kept),
            words: words
        )
    }

    /// Puts every entry into the filter's line of its last two labels, or of its own where too many share those.
    private func fillFilter(_ words: inout WordBuffer, _ layout: SnapshotLayout) {
        // Names that meet in a counter are taken for one: some more entries go to lines of their own, nothing else.
        let shift = UInt64((max(fingerprints.count, 256) - 1).leadingZeroBitCount)
        var counters = [UInt8](repeating: 0, count: 1 << (64 - Int(shift)))
        for parent in parents where counters[Int(parent >> shift)] < .max { counters[Int(parent >> shift)] += 1 }
        for (fingerprint, parent) in zip(fingerprints, parents) {
            let line = layout.filterLine(parent)
            // An entry of two labels or one has its own hash there, and is not above itself.
            if parent != fingerprint.first { put(.parent(parent), line, &words) }
            guard counters[Int(parent >> shift)] > Self.crowd else {
                put(.entry(fingerprint.first), line, &words)
                continue
            }
            put(.crowd(parent), line, &words)
            put(.entry(fingerprint.first), layout.filterLine(fingerprint.first), &words)
        }
    }

    /// The most entries with the same last two labels that a line of the filter is to hold, of 32 that it has room for.
    private static let crowd = 24

    private func put(_ key: FilterKey, _ line: Int, _ words: inout WordBuffer) {
        words[line + key.word] |= key.mask
    }

    /// The same builder with every entry once, from what was put in place.
    private func distinct(
        _ words: borrowing WordBuffer,
        _ layout: SnapshotLayout,
        _ starts: [UInt32],
        _ kept: Int
    ) -> BlocklistBuilder {
        var other = self
        other.fingerprints = []
        other.tags = []
        other.parents = []
        other.reserve(kept)
        var isTaken = [Bool](repeating: false, count: kept)
        for entry in fingerprints.indices {
            let fingerprint = fingerprints[entry]
            let bucket = layout.bucket(fingerprint)
            let two = fingerprint.second << 8 | UInt64(tags[entry])
            for place in Int(starts[bucket])..<Int(starts[bucket + 1]) where isTaken[place] == false {
                let index = layout.firstEntry + place * 2
                guard words[index] == fingerprint.first, words[index + 1] == two else { continue }
                isTaken[place] = true
                other.fingerprints.append(fingerprint)
                other.tags.append(tags[entry])
                other.parents.append(parents[entry])
                break
            }
        }
        return other
    }

    /// Closes the gaps that repeated entries leave, counts what is kept per list, and returns how many entries that is.
    private func deduplicate(
        _ words: inout WordBuffer,
        _ layout: SnapshotLayout,
        _ starts: inout [UInt32],
        _ counts: inout [Int]
    ) -> Int {
        var kept = 0
        for bucket in 0..<layout.bucketCount {
            let first = kept
            for entry in Int(starts[bucket])..<Int(starts[bucket + 1]) {
                let one = words[layout.firstEntry + entry * 2]
                let two = words[layout.firstEntry + entry * 2 + 1]
                var isNew = true
                for other in first..<kept
                where words[layout.firstEntry + other * 2] == one && words[layout.firstEntry + other * 2 + 1] == two {
                    isNew = false
                    break
                }
                guard isNew else { continue }
                words[layout.firstEntry + kept * 2] = one
                words[layout.firstEntry + kept * 2 + 1] = two
                counts[Int(UInt8(truncatingIfNeeded: two) >> 2)] += 1
                kept += 1
            }
            starts[bucket] = UInt32(first)
        }
        starts[layout.bucketCount] = UInt32(kept)
        return kept
    }
}
