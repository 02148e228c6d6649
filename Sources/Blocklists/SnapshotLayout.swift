/// Where the parts of a snapshot's flat buffer lie.
struct SnapshotLayout: Equatable, Sendable {
    /// Entries in use.
    let entryCount: Int
    /// Whether an entry has one label only, so that names must be looked up from their last label on.
    let hasTopLevelEntry: Bool
    /// Words of the filter, whole lines of ``FilterKey/lineLength``.
    let filterWordCount: Int
    /// The binary logarithm of the number of buckets, at least ten.
    let bucketBits: Int

    let bucketShift: UInt64
    let filterLineCount: UInt64
    let firstDirectoryWord: Int
    let firstEntry: Int

    /// The most entries: the directory's offsets have 32 bits.
    static let maximumEntries = 1 << 31

    /// The layout for so many entries: 16 filter bits for each, and buckets of two to four entries on average.
    init(entryCount: Int, hasTopLevelEntry: Bool) {
        self.init(
            entryCount: entryCount,
            hasTopLevelEntry: hasTopLevelEntry,
            filterWordCount: Self.filterWordCount(entryCount),
            bucketBits: Self.bucketBits(entryCount)
        )
    }

    private static func filterWordCount(_ entryCount: Int) -> Int {
        max(1, (entryCount + 31) / 32) * FilterKey.lineLength
    }

    private static func bucketBits(_ entryCount: Int) -> Int {
        var bits = 10
        while entryCount >> (bits + 2) > 0 { bits += 1 }
        return bits
    }

    /// A layout with these measures, which the caller has checked.
    private init(entryCount: Int, hasTopLevelEntry: Bool, filterWordCount: Int, bucketBits: Int) {
        self.entryCount = entryCount
        self.hasTopLevelEntry = hasTopLevelEntry
        self.filterWordCount = filterWordCount
        self.bucketBits = bucketBits
        bucketShift = UInt64(64 - bucketBits)
        filterLineCount = UInt64(filterWordCount / FilterKey.lineLength)
        // The directory starts on a cache line, and so do the entries.
        firstDirectoryWord = (filterWordCount + 7) & ~7
        firstEntry = (firstDirectoryWord + (1 << bucketBits) / 4 + 1 + 7) & ~7
    }

    /// The layout with these measures, as a file states them; nil where no snapshot has such.
    ///
    /// Filter and directory may be larger than the entries need, because those that said the same are gone; smaller ones would make lookups
    /// as slow as whoever wrote the file likes.
    init?(checkingEntryCount entryCount: UInt64, hasTopLevelEntry: Bool, filterWordCount: UInt64, bucketBits: Int) {
        guard entryCount <= Self.maximumEntries,
            filterWordCount >= Self.filterWordCount(Int(entryCount)),
            filterWordCount <= Self.filterWordCount(Self.maximumEntries),
            filterWordCount % UInt64(FilterKey.lineLength) == 0,
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

    /// The word of the directory that has a bucket; the next one says where its entries end at the latest.
    @inline(__always)
    func directoryWord(_ bucket: Int) -> Int { firstDirectoryWord &+ bucket &>> 2 }

    /// The first word of the filter's line that a hash chooses.
    @inline(__always)
    func filterLine(_ bits: UInt64) -> Int {
        Int(truncatingIfNeeded: bits.multipliedFullWidth(by: filterLineCount).high) &* FilterKey.lineLength
    }
}

/// What stands for a key in a line of the filter: three bits of one of the line's words.
///
/// The line is chosen by the upper bits of a hash, the word and the bits by the lower ones.
struct FilterKey {
    /// Words of a line: as many as the processor brings in at a time.
    static let lineLength = 8

    /// The place of the word in its line.
    let word: Int
    /// The bits that are set.
    let mask: UInt64

    /// Says that there are entries under a name of two labels.
    @inline(__always)
    static func parent(_ bits: UInt64) -> FilterKey { FilterKey(bits, bits &>> 3) }

    /// Says that a name is an entry; of a name of two labels the same word says whether there are others under it.
    @inline(__always)
    static func entry(_ bits: UInt64) -> FilterKey { FilterKey(bits, bits &>> 21) }

    /// Says that a name of two labels has so many entries under it that each has gone to the line of its own hash.
    @inline(__always)
    static func crowd(_ bits: UInt64) -> FilterKey {
        // Multiplied with an odd number, the bits are as random as they were, and others.
        let other = bits &* 0x9E37_79B9_7F4A_7C15
        return FilterKey(other &>> 61, other &>> 43)
    }

    @inline(__always)
    private init(_ word: UInt64, _ bits: UInt64) {
        self.word = Int(truncatingIfNeeded: word & 7)
        mask = 1 &<< (bits & 63) | 1 &<< (bits &>> 6 & 63) | 1 &<< (bits &>> 12 & 63)
    }

    /// Whether a word of a line may have the key.
    @inline(__always)
    func isIn(_ word: UInt64) -> Bool { ~word & mask == 0 }
}

/// Where the entries of four buckets begin.
///
/// The lower 32 bits hold the first bucket's first entry; behind them ten bits for each of the other three say how many entries lie before it.
/// Four buckets with more than that can say are not told apart: the next bit is set, and each is said to have the entries of all.
struct DirectoryWord {
    let rawValue: UInt64

    @inline(__always)
    init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The word for buckets that begin with these entries.
    init(starts: (UInt32, UInt32, UInt32, UInt32)) {
        let offsets = [starts.1, starts.2, starts.3].map { UInt64($0 - starts.0) }
        guard offsets[2] < 1 << 10 else {
            rawValue = UInt64(starts.0) | Self.undivided
            return
        }
        rawValue = UInt64(starts.0) | offsets[0] << 32 | offsets[1] << 42 | offsets[2] << 52
    }

    private static let undivided: UInt64 = 1 << 62

    /// The first bucket's first entry.
    var start: Int {
        @inline(__always)
        get { Int(truncatingIfNeeded: rawValue & 0xFFFF_FFFF) }
    }

    /// The entries of one of the four buckets, `end` being the first entry of the next four.
    @inline(__always)
    func bucket(_ index: Int, end: Int) -> (start: Int, end: Int) {
        guard rawValue & Self.undivided == 0 else { return (start, end) }
        let offsets = rawValue &>> 32
        let shift = UInt64(truncatingIfNeeded: index &* 10)
        let first = start &+ Int(truncatingIfNeeded: (offsets &<< 10) &>> shift & 1023)
        return (first, index == 3 ? end : start &+ Int(truncatingIfNeeded: offsets &>> shift & 1023))
    }

    /// Whether the word is one that four buckets with so many entries have.
    @inline(__always)
    func isWellFormed(size: Int) -> Bool {
        guard rawValue & Self.undivided == 0 else { return rawValue &>> 32 == Self.undivided &>> 32 }
        let (one, two, three) = (rawValue &>> 32 & 1023, rawValue &>> 42 & 1023, rawValue &>> 52)
        return one <= two && two <= three && three <= min(size, 1023)
    }
}
