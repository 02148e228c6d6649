/// Where the parts of a snapshot's flat buffer lie.
struct SnapshotLayout: Equatable, Sendable {
    /// Entries in use.
    let entryCount: Int
    /// Whether an entry has one label only, so that names must be looked up from their last label on.
    let hasTopLevelEntry: Bool
    /// Words of the filter.
    let filterWordCount: Int
    /// The binary logarithm of the number of buckets, at least eight.
    let bucketBits: Int

    let bucketShift: UInt64
    let firstDirectoryWord: Int
    let firstEntry: Int

    /// The most entries: the directory's offsets have 32 bits.
    static let maximumEntries = 1 << 31

    /// The layout for so many entries: 16 filter bits for each, and buckets of 8 entries on average.
    init(entryCount: Int, hasTopLevelEntry: Bool) {
        self.init(
            entryCount: entryCount,
            hasTopLevelEntry: hasTopLevelEntry,
            filterWordCount: Self.filterWordCount(entryCount),
            bucketBits: Self.bucketBits(entryCount)
        )
    }

    private static func filterWordCount(_ entryCount: Int) -> Int { max(1, (entryCount + 3) / 4) }

    private static func bucketBits(_ entryCount: Int) -> Int {
        var bits = 8
        while entryCount >> (bits + 3) > 0 { bits += 1 }
        return bits
    }

    /// A layout with these measures, which the caller has checked.
    private init(entryCount: Int, hasTopLevelEntry: Bool, filterWordCount: Int, bucketBits: Int) {
        self.entryCount = entryCount
        self.hasTopLevelEntry = hasTopLevelEntry
        self.filterWordCount = filterWordCount
        self.bucketBits = bucketBits
        bucketShift = UInt64(64 - bucketBits)
        // The directory starts on a cache line, and so do the entries.
        firstDirectoryWord = (filterWordCount + 7) & ~7
        firstEntry = (firstDirectoryWord + (1 << bucketBits) / 2 + 1 + 7) & ~7
    }

    /// The layout with these measures, as a file states them; nil where no snapshot has such.
    ///
    /// Filter and directory may be larger than the entries need, because those that said the same are gone; smaller ones would make lookups
    /// as slow as whoever wrote the file likes.
    init?(checkingEntryCount entryCount: UInt64, hasTopLevelEntry: Bool, filterWordCount: UInt64, bucketBits: Int) {
        guard entryCount <= Self.maximumEntries,
            filterWordCount >= Self.filterWordCount(Int(entryCount)),
            filterWordCount <= Self.filterWordCount(Self.maximumEntries),
            bucketBits >= Self.bucketBits(Int(entryCount)),
            bucketBits <= Self.bucketBits(Self.maximumEntries)
        else { return nil }
        self.init(
            entryCount: Int(entryCount),
            hasTopLevelEntry: hasTopLevelEntry,
            filterWordCount: Int(filterWordCount),
            bucketBits: bucketBits
        )
    }

    /// The same layout with fewer entries in use.
    func with(entryCount: Int) -> SnapshotLayout {
        SnapshotLayout(
            entryCount: entryCount,
            hasTopLevelEntry: hasTopLevelEntry,
            filterWordCount: filterWordCount,
            bucketBits: bucketBits
        )
    }

    /// Words in use.
    var wordCount: Int { firstEntry + entryCount * 2 }

    var bucketCount: Int { 1 << bucketBits }

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
