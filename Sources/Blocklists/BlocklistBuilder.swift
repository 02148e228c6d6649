import Wire

/// Gathers entries and makes a ``Blocklist`` of them.
///
/// Only fingerprints are kept, 17 octets for each entry; the names are forgotten at once.
package struct BlocklistBuilder {
    private let lists: [ListDescriptor]
    private let key: HashKey
    private var fingerprints: [Fingerprint] = []
    private var tags: [UInt8] = []
    private var parents: [UInt64] = []
    private var hasTopLevelEntry = false

    /// A builder for these lists.
    ///
    /// - Parameters:
    ///   - lists: at most ``Blocklist/maximumLists``, in the order in which they apply.
    ///   - key: the secret of the fingerprints.
    package init(lists: [ListDescriptor], key: HashKey = .random()) {
        precondition(lists.count <= Blocklist.maximumLists)
        self.lists = lists
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
    package mutating func add(_ entry: borrowing ListEntry, list: Int?) {
        let name = entry.name
        guard name.length > 0 else { return }
        var hash = KeyedHash(key)
        var hashedWords = 0
        var label = 0
        var parent: UInt64 = 0
        for index in 0..<4 {
            var pending = name.boundaries[index]
            while pending != 0 {
                let length = index << 6 | pending.trailingZeroBitCount
                pending &= pending - 1
                label += 1
                guard label == 2 || length == name.length else { continue }
                while hashedWords < length >> 3 {
                    hash.combine(name.words[hashedWords])
                    hashedWords += 1
                }
                let count = UInt64(length & 7)
                let tail = count == 0 ? 0 : name.words[length >> 3] & ((1 << (count * 8)) - 1)
                let (bits, state) = hash.first(tail: tail, length: length)
                if label == 2 { parent = bits }
                if length == name.length {
                    fingerprints.append(Fingerprint(bits, KeyedHash.second(of: state)))
                }
            }
        }
        tags.append(EntryTag(list: list, scope: entry.scope).rawValue)
        if label == 1 {
            hasTopLevelEntry = true
        } else if label > 2, parents.last != parent {
            parents.append(parent)
        }
    }

    /// The blocklist of all that was added; entries that say the same are kept once.
    package consuming func build() -> Blocklist {
        // A first pass counts each bucket, a second puts the entries where their bucket begins.
        let layout = Layout(entryCount: fingerprints.count, hasTopLevelEntry: hasTopLevelEntry)
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
            words[layout.filterWord(fingerprint.first)] |= Layout.filterBits(fingerprint.first)
        }
        for parent in parents { words[layout.filterWord(parent)] |= Layout.filterBits(parent) }

        var counts = [Int](repeating: 0, count: Blocklist.maximumLists + 1)
        let kept = deduplicate(&words, layout, &starts, &counts)
        for bucket in 0...layout.bucketCount {
            words[layout.firstDirectoryWord + bucket >> 1] |= UInt64(starts[bucket]) << (bucket & 1 == 0 ? 0 : 32)
        }
        return Blocklist(
            lists: lists,
            entryCounts: Array(counts[1..<lists.count + 1]),
            allowedCount: counts[0],
            key: key,
            layout: kept == fingerprints.count ? layout : layout.with(entryCount: kept),
            words: words
        )
    }

    /// Closes the gaps that repeated entries leave, counts what is kept per list, and returns how many entries that is.
    private func deduplicate(
        _ words: inout WordBuffer,
        _ layout: Layout,
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
