package import Wire

/// An immutable set of names and the lists they are on.
///
/// One flat buffer, in this order:
///
/// - *filter*: a blocked Bloom filter, four bits of one word per key. Besides each entry it holds the entry's last two labels, so
///   that a name whose last two labels are not in it is settled by one hash and one load.
/// - *directory*: where each bucket of entries begins; 32 bits each, one more than there are buckets.
/// - *entries*: two words each, bucket by bucket. A bucket is chosen by the upper bits of the fingerprint's second half (at least
///   eight); an entry holds the first half, the lower 56 bits of the second, and in the last octet the list and the kind of entry.
///
/// A match therefore needs all 128 keyed bits to agree: for 10 million entries and a billion distinct names looked up, the
/// probability of one false match is about 10^16 / 2^128, that is 3 in 10^23. No name can be read back from a fingerprint.
package final class Blocklist: Sendable {
    /// The most lists one blocklist can hold besides the allow list.
    package static let maximumLists = 63

    /// The lists, in the order in which they apply.
    package let lists: [ListDescriptor]

    /// Entries per list, in the order of ``lists``.
    package let entryCounts: [Int]

    /// Entries that are never blocked.
    package let allowedCount: Int

    /// Octets of memory that names take.
    package var byteCount: Int { words.count * 8 }

    private let key: HashKey
    private let layout: Layout
    private let words: WordBuffer

    /// The places in ``lists`` of those that are acted upon, strictest first, then in the order in which they apply.
    private let precedence: [Int]

    /// The lists of endpoints of encrypted DNS, as ``LookupResult`` has them.
    private let encryptedDNS: UInt64

    init(
        lists: [ListDescriptor],
        entryCounts: [Int],
        allowedCount: Int,
        key: HashKey,
        layout: Layout,
        words: consuming WordBuffer
    ) {
        self.lists = lists
        self.entryCounts = entryCounts
        self.allowedCount = allowedCount
        self.key = key
        self.layout = layout
        self.words = words
        let actedUpon = lists.indices.filter { lists[$0].purpose == .action }
        precedence = actedUpon.sorted {
            let (one, other) = (lists[$0].action.strictness, lists[$1].action.strictness)
            return one == other ? $0 < $1 : one > other
        }
        encryptedDNS = lists.indices.filter { lists[$0].purpose == .encryptedDNS }.reduce(0) { $0 | 2 << UInt64($1) }
    }

    /// The list that decides about `name`; see ``lookUp(_:)``.
    package func match(_ name: borrowing DomainName) -> Match? { lookUp(name).match }

    /// What the lists say of `name`.
    ///
    /// A list has the name where it has it or a name it lies under, as its entries say. Labels are compared whole, so `example.org` says
    /// nothing of `notexample.org`. The allow list wins over every list; among the others the one with the strictest action decides, the
    /// first of them where several ask for the same.
    /// - Complexity: a hash round per eight octets, three per label, and one memory access for most names that are on no list.
    package func lookUp(_ name: borrowing DomainName) -> Lookup {
        guard layout.entryCount > 0 else { return .nothing }
        // Spans, because a subscript of the name's own storage copies all of it.
        let octets = name.words.span
        let boundaries = name.boundaries.span
        var hash = KeyedHash(key)
        var hashedWords = 0
        var found = LookupResult()
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
                let (bits, state) = hash.first(tail: tail(of: octets, length: length), length: length)
                guard words[layout.filterWord(bits)] & Layout.filterBits(bits) == Layout.filterBits(bits) else {
                    // Without the last two labels in the filter, no longer name is there either.
                    if label == 2 { return decide(found) }
                    continue
                }
                search(
                    Fingerprint(bits, KeyedHash.second(of: state)),
                    isWholeName: length == name.length,
                    into: &found
                )
            }
        }
        return decide(found)
    }

    @inline(__always)
    private func decide(_ found: LookupResult) -> Lookup {
        found.isEmpty ? .nothing : decide(among: found)
    }

    private func decide(among found: LookupResult) -> Lookup {
        var match: Match?
        for place in precedence.indices where found.isAllowed == false && found.contains(list: precedence[place]) {
            match = Match(list: precedence[place])
            break
        }
        return Lookup(match: match, isEncryptedDNS: found.bits & encryptedDNS != 0)
    }

    /// The octets of the suffix of this length that do not fill a word.
    @inline(__always)
    private func tail(of octets: Span<UInt64>, length: Int) -> UInt64 {
        let count = UInt64(length & 7)
        guard count > 0 else { return 0 }
        return octets[length &>> 3] & ((1 &<< (count &* 8)) &- 1)
    }

    private func search(_ fingerprint: Fingerprint, isWholeName: Bool, into found: inout LookupResult) {
        let bucket = layout.bucket(fingerprint)
        var entry = directory(bucket)
        let end = directory(bucket &+ 1)
        while entry < end {
            let index = layout.firstEntry &+ entry &* 2
            if words[index] == fingerprint.first, (words[index &+ 1] ^ (fingerprint.second &<< 8)) &>> 8 == 0 {
                found.add(EntryTag(rawValue: UInt8(truncatingIfNeeded: words[index &+ 1])), isWholeName: isWholeName)
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

/// Where the parts of the flat buffer lie.
struct Layout: Sendable {
    let entryCount: Int
    let hasTopLevelEntry: Bool
    let filterWordCount: Int
    let bucketShift: UInt64
    let firstDirectoryWord: Int
    let firstEntry: Int
    let wordCount: Int

    /// The layout for so many entries: 16 filter bits for each, and buckets of 8 entries on average.
    init(entryCount: Int, hasTopLevelEntry: Bool) {
        self.entryCount = entryCount
        self.hasTopLevelEntry = hasTopLevelEntry
        filterWordCount = max(1, (entryCount + 3) / 4)
        var bucketBits = 8
        while entryCount >> (bucketBits + 3) > 0 { bucketBits += 1 }
        bucketShift = UInt64(64 - bucketBits)
        // The directory starts on a cache line, and so do the entries.
        firstDirectoryWord = (filterWordCount + 7) & ~7
        firstEntry = (firstDirectoryWord + (1 << bucketBits) / 2 + 1 + 7) & ~7
        wordCount = firstEntry + entryCount * 2
    }

    private init(_ other: Layout, entryCount: Int) {
        self.entryCount = entryCount
        hasTopLevelEntry = other.hasTopLevelEntry
        filterWordCount = other.filterWordCount
        bucketShift = other.bucketShift
        firstDirectoryWord = other.firstDirectoryWord
        firstEntry = other.firstEntry
        wordCount = other.wordCount
    }

    /// The same layout with fewer entries in use.
    func with(entryCount: Int) -> Layout { Layout(self, entryCount: entryCount) }

    var bucketCount: Int { 1 << (64 - Int(bucketShift)) }

    @inline(__always)
    func bucket(_ fingerprint: Fingerprint) -> Int {
        Int(truncatingIfNeeded: fingerprint.second &>> bucketShift)
    }

    @inline(__always)
    func filterWord(_ bits: UInt64) -> Int {
        Int(truncatingIfNeeded: bits.multipliedFullWidth(by: UInt64(filterWordCount)).high)
    }

    /// The four bits of a key in its filter word, from the lower bits of its hash; the word is chosen by the upper ones.
    @inline(__always)
    static func filterBits(_ bits: UInt64) -> UInt64 {
        1 &<< (bits & 63) | 1 &<< (bits &>> 6 & 63) | 1 &<< (bits &>> 12 & 63) | 1 &<< (bits &>> 18 & 63)
    }
}

/// The last octet of an entry: whose it is and which names it stands for.
struct EntryTag: Equatable {
    let rawValue: UInt8

    init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// - Parameters:
    ///   - list: the index of the list, nil for the allow list.
    ///   - scope: the names the entry stands for.
    init(list: Int?, scope: ListEntry.Scope) {
        let position = UInt8(truncatingIfNeeded: list.map { $0 + 1 } ?? 0)
        rawValue = position << 2 | scope.rawValue
    }

    /// Zero for the allow list, one more than the index of any other.
    var position: UInt8 { rawValue &>> 2 }
    var coversItself: Bool { rawValue & ListEntry.Scope.itself.rawValue != 0 }
    var coversSubdomains: Bool { rawValue & ListEntry.Scope.subdomains.rawValue != 0 }
}

/// What has been found while the labels of a name are walked.
private struct LookupResult {
    /// Bit 0 for the allow list, bit `n + 1` for the list at index `n`.
    private(set) var bits: UInt64 = 0

    var isEmpty: Bool { bits == 0 }

    var isAllowed: Bool { bits & 1 != 0 }

    func contains(list: Int) -> Bool { bits &>> UInt64(list &+ 1) & 1 != 0 }

    @inline(__always)
    mutating func add(_ tag: EntryTag, isWholeName: Bool) {
        guard isWholeName ? tag.coversItself : tag.coversSubdomains else { return }
        bits |= 1 &<< UInt64(tag.position)
    }
}
