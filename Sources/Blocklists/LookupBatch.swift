package import Wire

/// Names that are looked up together.
///
/// A lookup in a large list waits for memory three times, each time for what the last has told. Looked up together, the names of a
/// batch wait side by side: each stage works through all of them and asks for the memory of the next. Whoever looks names up owns a batch and
/// uses it again; it takes some 40 kilobytes, and nothing is allocated after it was made.
package struct LookupBatch: ~Copyable {
    /// The most names of one batch: as many as a worker receives packets.
    package static let capacity = 64

    private var names = BatchNames()
    private var stages = LookupStages()
    private var found = Slots(repeating: FoundLists(), count: capacity)
    private var lookups = Slots(repeating: Lookup.nothing, count: capacity)

    /// An empty batch.
    package init() {}

    /// How many names there are.
    package var count: Int { names.count }

    /// Forgets all names.
    package mutating func removeAll() { names.count = 0 }

    /// Adds a name; there are fewer than ``capacity``.
    ///
    /// - Parameters:
    ///   - name: the name, which is copied.
    ///   - protocols: where it was read, see ``Blocklist/lookUp(_:in:)``.
    package mutating func add(_ name: DomainNameView, in protocols: ListProtocols = .all) {
        names.add(name, protocols)
    }

    /// Looks up all names; what the lists say of each is told by its index from then on.
    ///
    /// - Complexity: as that of so many single lookups, but for the time that those wait for memory.
    package mutating func lookUp(in blocklist: Blocklist) {
        for index in 0..<count { found[index] = FoundLists() }
        blocklist.search(&self)
        for index in 0..<count where found[index].isEmpty == false {
            lookups[index] =
                blocklist.decide(found[index], names.protocols[index])
                ?? blocklist.decide(found[index], names.view(index), names.protocols[index])
        }
    }

    /// What ``Blocklist/lookUp(_:in:)`` says of the name at `index`, in the order in which they were added.
    package subscript(index: Int) -> Lookup {
        precondition(index >= 0 && index < count)
        return found[index].isEmpty ? .nothing : lookups[index]
    }

    /// Whether no list has the name at `index`, excused or not: what nearly all names come to.
    package func isUnlisted(_ index: Int) -> Bool {
        precondition(index >= 0 && index < count)
        return found[index].isEmpty
    }

    /// The name at `index`.
    @_lifetime(borrow self)
    package func name(_ index: Int) -> DomainNameView {
        precondition(index >= 0 && index < count)
        return names.view(index)
    }

    /// Notes what `collect` makes of the entries that a snapshot has for each name, where it has any.
    @inline(__always)
    mutating func search(_ snapshot: Snapshot, _ collect: (Coverage, inout FoundLists) -> Void) {
        stages.search(names, in: snapshot)
        for index in 0..<count where stages.coverages[index].positions != 0 {
            collect(stages.coverages[index], &found[index])
        }
    }
}

/// The names of a batch, copied from where they were.
struct BatchNames: ~Copyable {
    private static let boundariesPerName = 4

    /// One name behind another, and behind the last as much as a name has, so that a view can be made of any.
    private var words = Slots<UInt64>(repeating: 0, count: (LookupBatch.capacity + 1) * 32)
    private var starts = Slots(repeating: 0, count: LookupBatch.capacity + 1)
    private var boundaries = Slots<UInt64>(repeating: 0, count: LookupBatch.capacity * boundariesPerName)
    private var lengths = Slots(repeating: 0, count: LookupBatch.capacity)
    private(set) var protocols = Slots(repeating: ListProtocols.all, count: LookupBatch.capacity)
    var count = 0

    /// Adds what is in use of a name.
    mutating func add(_ name: DomainNameView, _ protocols: ListProtocols) {
        let octets = name.words
        let first = count == 0 ? 0 : starts[count]
        let wordCount = (name.length &+ 7) &>> 3
        for index in 0..<wordCount { words[first &+ index] = octets[index] }
        starts[count] = first
        starts[count &+ 1] = first &+ wordCount
        let marks = name.boundaries
        for index in 0...name.length &>> 6 { boundaries[count &* Self.boundariesPerName &+ index] = marks[index] }
        lengths[count] = name.length
        self.protocols[count] = protocols
        count &+= 1
    }

    /// The name at an index, to be hashed.
    @_lifetime(borrow self)
    @inline(__always)
    func hashed(_ index: Int) -> HashedName {
        HashedName(
            words: words.span,
            boundaries: boundaries.span,
            firstWord: starts[index],
            firstBoundary: index &* Self.boundariesPerName,
            length: lengths[index]
        )
    }

    /// The name at an index, to be looked up again.
    @_lifetime(borrow self)
    func view(_ index: Int) -> DomainNameView {
        let (word, mark) = (starts[index], index &* Self.boundariesPerName)
        return DomainNameView(
            words: words.span.extracting(word..<word &+ 32),
            boundaries: boundaries.span.extracting(mark..<mark &+ Self.boundariesPerName),
            length: lengths[index]
        )
    }
}

/// The stages of a batch, for one snapshot after another.
struct LookupStages: ~Copyable {
    /// The last two labels of a name, and their line of the filter; -1 where the name has fewer.
    struct Parent: Sendable {
        var hash: SuffixHash
        var line: Int
    }

    /// Labels whose own line of the filter has been asked for.
    struct Apart: Sendable {
        var hash: SuffixHash
        var line: Int
        var name: Int
        var isWholeName: Bool
    }

    /// Labels that the filter has, and what is known of their entries.
    struct Candidate: Sendable {
        var fingerprint: Fingerprint
        var start: Int
        var end: Int
        var name: Int
        var length: UInt8
        var isWholeName: Bool
    }

    /// For each name the entries that cover it, see ``Snapshot/coverage(of:)``.
    private(set) var coverages = Slots(repeating: Coverage(), count: LookupBatch.capacity)
    private var parents: Slots<Parent>
    private var apart: Slots<Apart>
    private var apartCount = 0
    private var candidates: Slots<Candidate>
    private var candidateCount = 0

    init() {
        let hash = SuffixHash(HashKey(0, 0))
        parents = Slots(repeating: Parent(hash: hash, line: 0), count: LookupBatch.capacity)
        apart = Slots(
            repeating: Apart(hash: hash, line: 0, name: 0, isWholeName: false),
            count: LookupBatch.capacity
        )
        candidates = Slots(
            repeating: Candidate(
                fingerprint: Fingerprint(0, 0),
                start: 0,
                end: 0,
                name: 0,
                length: 0,
                isWholeName: false
            ),
            count: LookupBatch.capacity
        )
    }

    mutating func search(_ names: borrowing BatchNames, in snapshot: Snapshot) {
        for index in 0..<names.count { coverages[index] = Coverage() }
        guard snapshot.layout.entryCount > 0 else { return }
        let none = SuffixHash(snapshot.key)
        for index in 0..<names.count { begin(names, index, none, snapshot) }
        for index in 0..<names.count { test(names, index, snapshot) }
        testApart(snapshot)
        settle(snapshot)
    }

    /// Hashes the last two labels of a name and asks for their line of the filter.
    @inline(__always)
    private mutating func begin(
        _ names: borrowing BatchNames,
        _ index: Int,
        _ none: SuffixHash,
        _ snapshot: Snapshot
    ) {
        var hash = none
        let name = names.hashed(index)
        if snapshot.layout.hasTopLevelEntry, hash.extend(over: name) {
            setApart(hash, index, hash.length == name.length, snapshot)
        } else {
            hash.skipLabel(of: name)
        }
        var line = -1
        if hash.extend(over: name) {
            line = snapshot.layout.filterLine(hash.bits)
            snapshot.words.prefetch(line)
        }
        parents[index] = Parent(hash: hash, line: line)
    }

    /// Where the filter has the last two labels of a name, tests those and all that are longer.
    @inline(__always)
    private mutating func test(_ names: borrowing BatchNames, _ index: Int, _ snapshot: Snapshot) {
        let line = parents[index].line
        guard line >= 0 else { return }
        let bits = parents[index].hash.bits
        let word = snapshot.words[line &+ FilterKey.entry(bits).word]
        let (isEntry, isParent) = (FilterKey.entry(bits).isIn(word), FilterKey.parent(bits).isIn(word))
        guard isEntry || isParent else { return }
        var hash = parents[index].hash
        let name = names.hashed(index)
        if isEntry { add(hash, index, hash.length == name.length, snapshot) }
        guard isParent else { return }
        let isCrowd = snapshot.has(.crowd(bits), line)
        while hash.extend(over: name) {
            let isWholeName = hash.length == name.length
            if snapshot.has(.entry(hash.bits), line) {
                add(hash, index, isWholeName, snapshot)
            } else if isCrowd {
                setApart(hash, index, isWholeName, snapshot)
            }
        }
    }

    /// Asks for the line of the filter that labels have for themselves.
    @inline(never)
    private mutating func setApart(_ hash: SuffixHash, _ index: Int, _ isWholeName: Bool, _ snapshot: Snapshot) {
        if apartCount == apart.count { testApart(snapshot) }
        let line = snapshot.layout.filterLine(hash.bits)
        snapshot.words.prefetch(line)
        apart[apartCount] = Apart(hash: hash, line: line, name: index, isWholeName: isWholeName)
        apartCount &+= 1
    }

    private mutating func testApart(_ snapshot: Snapshot) {
        while apartCount > 0 {
            apartCount &-= 1
            let (hash, line) = (apart[apartCount].hash, apart[apartCount].line)
            guard snapshot.has(.entry(hash.bits), line) else { continue }
            add(hash, apart[apartCount].name, apart[apartCount].isWholeName, snapshot)
        }
    }

    /// Asks for the place in the directory of labels that the filter has.
    @inline(__always)
    private mutating func add(_ hash: SuffixHash, _ index: Int, _ isWholeName: Bool, _ snapshot: Snapshot) {
        if candidateCount == candidates.count { settle(snapshot) }
        let fingerprint = hash.fingerprint
        let bucket = snapshot.layout.bucket(fingerprint)
        snapshot.prefetchDirectory(bucket)
        candidates[candidateCount] =
            Candidate(
                fingerprint: fingerprint,
                start: bucket,
                end: 0,
                name: index,
                length: UInt8(truncatingIfNeeded: hash.length),
                isWholeName: isWholeName
            )
        candidateCount &+= 1
    }

    /// Reads the directory for all candidates, asks for their entries, and then goes through those.
    private mutating func settle(_ snapshot: Snapshot) {
        for place in 0..<candidateCount {
            let (start, end) = snapshot.entries(inBucket: candidates[place].start)
            snapshot.prefetchEntries(start, end)
            candidates[place].start = start
            candidates[place].end = end
        }
        for place in 0..<candidateCount {
            let candidate = candidates[place]
            snapshot.search(
                candidate.fingerprint,
                candidate.start,
                candidate.end,
                length: Int(candidate.length),
                isWholeName: candidate.isWholeName,
                into: &coverages[candidate.name]
            )
        }
        candidateCount = 0
    }
}

extension Snapshot {
    /// Has the directory's word for a bucket brought in.
    @inline(__always)
    fileprivate func prefetchDirectory(_ bucket: Int) {
        let index = layout.directoryWord(bucket)
        words.prefetch(index)
        // The word behind it is read as well, and one in eight times it is in the next line.
        if index & 7 == 7 { words.prefetch(index &+ 1) }
    }

    /// Has the first lines of a bucket's entries brought in.
    @inline(__always)
    fileprivate func prefetchEntries(_ start: Int, _ end: Int) {
        guard start < end else { return }
        words.prefetch(layout.firstEntry &+ start &* 2)
        // The last line, or the one behind the first: more than two are rare.
        words.prefetch(layout.firstEntry &+ min(start &+ 4, end &- 1) &* 2)
    }
}
