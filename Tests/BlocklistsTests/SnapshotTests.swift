import TestSupport
import Testing
import Wire

@testable import Blocklists

@Suite("Snapshot")
struct SnapshotTests {
    /// A snapshot of so many names on one list, a tenth of them allowed.
    static func snapshot(_ count: Int, key: HashKey = HashKey(3, 4)) throws -> Snapshot {
        var builder = BlocklistBuilder(lists: BlocklistTests.descriptors(1), key: key)
        for index in 0..<count {
            builder.add(try ListEntry("n\(index).example.test"), list: index % 10 == 9 ? nil : 0)
        }
        return builder.buildSnapshot()
    }

    /// A header of `snapshot`, whose checksums say nothing.
    static func header(_ snapshot: Snapshot, isSealed: Bool = false) -> SnapshotHeader {
        SnapshotHeader(
            snapshot,
            isSealed: isSealed,
            createdAt: 1_700_000_000,
            bodyChecksum: [UInt8](repeating: 1, count: 16),
            bodyDigest: [UInt8](repeating: 2, count: 32)
        )
    }

    /// The words of `snapshot`, to be changed.
    private func words(_ snapshot: Snapshot) -> [UInt64] {
        snapshot.withBody { body in
            (0..<body.count / 8).map { index in
                (0..<8).reduce(UInt64(0)) { $0 | UInt64(body[index * 8 + $1]) << UInt64($1 * 8) }
            }
        }
    }

    private func buffer(_ words: [UInt64]) -> WordBuffer {
        var buffer = WordBuffer(count: words.count)
        for (index, word) in words.enumerated() { buffer[index] = word }
        return buffer
    }

    @Test func `words and header give the snapshot back`() throws {
        let snapshot = try Self.snapshot(500)
        let header = Self.header(snapshot)
        let copy = try Snapshot(header: header, key: snapshot.key, words: buffer(words(snapshot)))
        #expect(copy.lists == snapshot.lists)
        #expect(copy.lists.map(\.listedCount) == [450])
        #expect(copy.allowedCount == 50)
        #expect(copy.entryCount == 500)
        #expect(copy.byteCount == snapshot.byteCount)
        var different = 0
        for index in 0..<600 {
            let name = try DomainName("www.n\(index).example.test")
            if copy.positions(of: name) != (index < 500 ? (index % 10 == 9 ? 1 : 2) : 0) { different += 1 }
        }
        #expect(different == 0)
    }

    @Test func `another key is refused, and so are words too many or too few`() throws {
        let snapshot = try Self.snapshot(20)
        let (header, words) = (Self.header(snapshot), words(snapshot))
        #expect(throws: SnapshotError.wrongKey) {
            _ = try Snapshot(header: header, key: HashKey(3, 5), words: buffer(words))
        }
        for wrong in [Array(words.dropLast()), words + [0], []] {
            #expect(throws: SnapshotError.damaged) {
                _ = try Snapshot(header: header, key: snapshot.key, words: buffer(wrong))
            }
        }
    }

    @Test func `a directory that does not rise from zero to the number of entries is refused`() throws {
        let snapshot = try Self.snapshot(20)
        let (header, words, layout) = (Self.header(snapshot), words(snapshot), snapshot.layout)
        func isRefused(_ change: (inout [UInt64]) -> Void) -> Bool {
            var changed = words
            change(&changed)
            let error = #expect(throws: SnapshotError.self) {
                _ = try Snapshot(header: header, key: snapshot.key, words: buffer(changed))
            }
            return error == .damaged
        }
        let first = layout.firstDirectoryWord
        let last = first + layout.bucketCount / 4
        #expect(words[last] == 20)
        #expect(isRefused { $0[first] |= 1 })
        #expect(isRefused { $0[last] = 19 })
        #expect(isRefused { $0[last] = 21 })
        #expect(isRefused { $0[last] |= 1 << 32 })
        #expect(isRefused { $0[last - 1] |= 0xFFFF_FFFF })
        #expect(isRefused { $0[first + 60] = 0xFFFF_FFFF })
        // Four buckets end before they begin; the sums are right.
        #expect(
            isRefused {
                $0[first + 10] = 20; $0[first + 11] = 19
            }
        )
        #expect(isRefused { for word in first..<last { $0[word] = .max } })
        // All in the first four buckets, of which the word says what can be and what cannot.
        func divide(_ offsets: UInt64) -> (inout [UInt64]) -> Void {
            {
                for word in first + 1...last { $0[word] = 20 }
                $0[first] = offsets << 32
            }
        }
        for offsets: UInt64 in [0, 20 | 20 << 10 | 20 << 20, 3 | 3 << 10 | 7 << 20, 1 << 30] {
            var changed = words
            divide(offsets)(&changed)
            let copy = try Snapshot(header: header, key: snapshot.key, words: buffer(changed))
            #expect(copy.entryCount == 20)
        }
        for offsets: UInt64 in [
            21 | 21 << 10 | 21 << 20, 4 | 3 << 10 | 7 << 20, 3 | 8 << 10 | 7 << 20, 1 << 30 | 1, 1 << 31,
        ] {
            #expect(isRefused(divide(offsets)))
        }
    }

    @Test func `buckets of more entries than chance puts there are refused`() throws {
        let count = 6_000
        let snapshot = try Self.snapshot(count)
        var words = words(snapshot)
        let (header, layout) = (Self.header(snapshot), snapshot.layout)
        // Every entry in the first eight buckets, as many as allowed in the first four or in the others.
        func fill(_ split: Int) {
            for group in 0...layout.bucketCount / 4 {
                let start = group == 0 ? 0 : group == 1 ? split : count
                words[layout.firstDirectoryWord + group] = UInt64(start)
            }
        }
        let limit = Snapshot.maximumGroup
        for split in [limit, count - limit] {
            fill(split)
            let copy = try Snapshot(header: header, key: snapshot.key, words: buffer(words))
            #expect(copy.entryCount == count)
        }
        for split in [limit + 1, count - limit - 1, 0, count] {
            fill(split)
            #expect(throws: SnapshotError.damaged, "\(split)") {
                _ = try Snapshot(header: header, key: snapshot.key, words: buffer(words))
            }
        }
    }

    @Test(arguments: UInt64(0)..<12)
    func `whatever the words are, looking up and comparing stays within them`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let snapshot = try Self.snapshot([0, 1, 20, 300][Int(seed % 4)])
        let (header, layout) = (Self.header(snapshot), snapshot.layout)
        for _ in 0..<20 {
            // A full filter lets every name through to the entries, a random one some.
            let isFull = Bool.random(using: &random)
            var words = (0..<layout.wordCount).map { _ in random.next() }
            if isFull { for word in 0..<layout.filterWordCount { words[word] = .max } }
            var starts = (0..<layout.bucketCount).map { _ in
                UInt32.random(in: 0...UInt32(layout.entryCount), using: &random)
            }
            starts.sort()
            starts[0] = 0
            for bucket in stride(from: 0, to: layout.bucketCount, by: 4) {
                let word = DirectoryWord(
                    starts: (starts[bucket], starts[bucket + 1], starts[bucket + 2], starts[bucket + 3])
                )
                words[layout.directoryWord(bucket)] = word.rawValue
            }
            words[layout.directoryWord(layout.bucketCount)] = UInt64(layout.entryCount)
            let copy = try Snapshot(header: header, key: snapshot.key, words: buffer(words))
            for index in 0..<20 { #expect(copy.positions(of: try DomainName("a.n\(index).example.test")) == 0) }
            for (one, other) in [(copy, snapshot), (snapshot, copy), (copy, copy)] {
                let difference = try #require(one.difference(ofList: 0, from: other))
                #expect(difference.added <= layout.entryCount)
                #expect(one.allowDifference(from: other) != nil)
            }
        }
    }

    @Test(arguments: UInt64(0)..<40)
    func `differences agree with those of plain sets`(seed: UInt64) throws {
        var names = NameGenerator(seed: seed)
        let key = HashKey(seed, 1)
        let ids = (0..<6).map { "list-\($0)" }
        // The lists of one and the other are not the same, nor in the same order.
        let lists = (0..<2).map { _ in
            ids.shuffled(using: &names.random).prefix(names.random(6)).map { ListDescriptor(id: $0, action: .drop) }
        }
        let (earlier, earlierText) = try names.snapshot(lists[0], key, entries: 60)
        // Half of the later entries are those of before.
        var builder = BlocklistBuilder(lists: lists[1], key: key)
        var laterText = NaiveSnapshot()
        func add(_ entry: NaiveSnapshot.Entry) throws {
            laterText.insert(entry)
            let scope = ListEntry.Scope(rawValue: entry.scope)
            builder.add(try ListEntry(entry.name, scope), list: entry.list, role: entry.role)
        }
        for entry in earlierText.all where names.random(2) == 0 {
            let id = entry.list.map { lists[0][$0].id }
            let list = lists[1].firstIndex { $0.id == id }
            guard id == nil || list != nil else { continue }
            for _ in 0...names.random(2) {
                try add(NaiveSnapshot.Entry(name: entry.name, scope: entry.scope, list: list, role: entry.role))
            }
        }
        for _ in 0..<names.random(40) {
            let list = lists[1].isEmpty || names.random(8) == 0 ? nil : names.random(lists[1].count)
            let role: EntryRole = list == nil ? .listed : EntryRole.allCases[names.random(3)]
            let (name, scope) = (names.name(), names.scope())
            try add(NaiveSnapshot.Entry(name: name, scope: scope.rawValue, list: list, role: role))
        }
        let later = builder.buildSnapshot()

        struct Content: Hashable { let name: String, scope: UInt8, role: EntryRole }
        func content(_ text: NaiveSnapshot, _ list: Int?) -> Set<Content> {
            Set(text.all.filter { $0.list == list }.map { Content(name: $0.name, scope: $0.scope, role: $0.role) })
        }
        func difference(_ new: Set<Content>, _ old: Set<Content>) -> Snapshot.Difference {
            Snapshot.Difference(added: new.subtracting(old).count, removed: old.subtracting(new).count)
        }
        for (index, list) in lists[1].enumerated() {
            let before = lists[0].firstIndex { $0.id == list.id }.map { content(earlierText, $0) } ?? []
            let expected = difference(content(laterText, index), before)
            #expect(later.difference(ofList: index, from: earlier) == expected)
        }
        let expected = difference(content(laterText, nil), content(earlierText, nil))
        #expect(later.allowDifference(from: earlier) == expected)
        for index in lists[0].indices {
            #expect(earlier.difference(ofList: index, from: earlier) == Snapshot.Difference())
        }
    }

    @Test func `snapshots under different keys cannot be compared`() throws {
        let one = try Self.snapshot(20, key: HashKey(1, 1))
        for key in [HashKey(1, 2), HashKey(2, 1)] {
            let other = try Self.snapshot(20, key: key)
            #expect(one.difference(ofList: 0, from: other) == nil)
            #expect(one.allowDifference(from: other) == nil)
        }
        let same = try Self.snapshot(30, key: HashKey(1, 1))
        #expect(same.difference(ofList: 0, from: one) == Snapshot.Difference(added: 9, removed: 0))
        #expect(one.difference(ofList: 0, from: same) == Snapshot.Difference(added: 0, removed: 9))
        #expect(one.allowDifference(from: same) == Snapshot.Difference(added: 0, removed: 1))
    }

    @Test func `a snapshot compares with one of another size`() throws {
        let small = try Self.snapshot(300)
        let large = try Self.snapshot(30_000)
        #expect(small.layout.bucketBits < large.layout.bucketBits)
        #expect(large.difference(ofList: 0, from: small) == Snapshot.Difference(added: 27_000 - 270, removed: 0))
        #expect(small.difference(ofList: 0, from: large) == Snapshot.Difference(added: 0, removed: 27_000 - 270))
    }

    @Test func `10 thousand to 10 million entries take at most 20 octets each, in memory and in a file`() {
        var counts = Array(stride(from: 10_000, through: 10_000_000, by: 4_999)) + [10_000_000]
        // The directory doubles where a power of two is reached.
        for bits in 13...23 { counts += (-8...8).map { 1 << bits + $0 }.filter { $0 >= 10_000 } }
        var largest = 0.0
        for count in counts {
            let octets = SnapshotLayout(entryCount: count, hasTopLevelEntry: false).wordCount * 8
            // Metadata of one list and a few signatures take less than two pages.
            largest = max(largest, Double(octets + 2 * SnapshotHeader.alignment) / Double(count))
        }
        #expect(largest <= 20)
        #expect(largest > 18)
    }

    @Test func `an entry is found by all 128 bits of its fingerprint`() throws {
        let snapshot = try Self.snapshot(1)
        let (header, words, layout) = (Self.header(snapshot), words(snapshot), snapshot.layout)
        let name = try DomainName("n0.example.test")
        #expect(snapshot.positions(of: name) == 2)
        // 120 bits lie in the entry, behind the eight of its tag.
        for bit in 0..<120 {
            var changed = words
            let index = layout.firstEntry + bit / 64
            changed[index] ^= 1 << UInt64(bit / 64 == 0 ? bit : bit - 64 + 8)
            let copy = try Snapshot(header: header, key: snapshot.key, words: buffer(changed))
            #expect(copy.positions(of: name) == 0, "bit \(bit)")
        }
        // The other eight are among those that choose the bucket.
        let bucket = try #require((0..<layout.bucketCount).first { snapshot.entries(inBucket: $0) == (0, 1) })
        for other in 0..<layout.bucketCount where other != bucket {
            var changed = words
            for group in 0..<layout.bucketCount / 4 {
                func start(_ place: Int) -> UInt32 { group * 4 + place > other ? 1 : 0 }
                let word = DirectoryWord(starts: (start(0), start(1), start(2), start(3)))
                changed[layout.firstDirectoryWord + group] = word.rawValue
            }
            let copy = try Snapshot(header: header, key: snapshot.key, words: buffer(changed))
            #expect(copy.positions(of: name) == 0, "bucket \(other)")
        }
    }

    @Test func `a directory word tells four buckets apart as far as it can`() {
        let word = DirectoryWord(starts: (7, 7, 10, 1_030))
        #expect(word.start == 7)
        #expect((0..<4).map { word.bucket($0, end: 1_100).start } == [7, 7, 10, 1_030])
        #expect((0..<4).map { word.bucket($0, end: 1_100).end } == [7, 10, 1_030, 1_100])
        #expect(word.isWellFormed(size: 1_093))
        #expect(word.isWellFormed(size: 1_022) == false)
        let undivided = DirectoryWord(starts: (7, 8, 9, 1_031))
        for bucket in 0..<4 { #expect(undivided.bucket(bucket, end: 1_100) == (7, 1_100)) }
        #expect(undivided.isWellFormed(size: 1_093))
        let last = DirectoryWord(starts: (.max, .max, .max, .max))
        for bucket in 0..<4 { #expect(last.bucket(bucket, end: Int(UInt32.max)).start == Int(UInt32.max)) }
    }

    @Test func `entries of buckets that are not told apart are found`() throws {
        let snapshot = try Self.snapshot(500)
        var words = words(snapshot)
        let layout = snapshot.layout
        for group in 0..<layout.bucketCount / 4 {
            words[layout.firstDirectoryWord + group] &= 0xFFFF_FFFF
            words[layout.firstDirectoryWord + group] |= 1 << 62
        }
        let copy = try Snapshot(header: Self.header(snapshot), key: snapshot.key, words: buffer(words))
        for index in 0..<600 {
            let name = try DomainName("www.n\(index).example.test")
            #expect(copy.positions(of: name) == snapshot.positions(of: name))
        }
    }

    private struct Measures {
        let entries: UInt64
        let filter: UInt64
        let bits: Int
    }

    @Test func `a layout that no snapshot has is refused`() {
        let wrong = [
            Measures(entries: 0, filter: 0, bits: 10),
            Measures(entries: 0, filter: 8, bits: 9),
            Measures(entries: 0, filter: 8, bits: 31),
            Measures(entries: 0, filter: 8, bits: 64),
            Measures(entries: 0, filter: 8, bits: 255),
            Measures(entries: 0, filter: .max, bits: 10),
            Measures(entries: 0, filter: 1 << 29 + 8, bits: 10),
            Measures(entries: 1_000, filter: 248, bits: 10),
            Measures(entries: 1_000, filter: 257, bits: 10),
            Measures(entries: 4_096, filter: 1_024, bits: 10),
            Measures(entries: 10_000_000, filter: 2_500_000, bits: 21),
            Measures(entries: 10_000_000, filter: 2_499_992, bits: 22),
            Measures(entries: 1 << 31 + 1, filter: 1 << 29, bits: 30),
            Measures(entries: .max, filter: 8, bits: 10),
            Measures(entries: 1 << 63, filter: 1 << 29, bits: 30),
        ]
        for measures in wrong {
            let layout = SnapshotLayout(
                checkingEntryCount: measures.entries,
                hasTopLevelEntry: false,
                filterWordCount: measures.filter,
                bucketBits: measures.bits
            )
            #expect(layout == nil, "\(measures)")
        }
    }

    @Test(arguments: [0, 1, 7, 8, 2_047, 2_048, 10_000_000, 1 << 31])
    func `the layout of every snapshot is accepted, also with fewer entries`(count: Int) throws {
        let layout = SnapshotLayout(entryCount: count, hasTopLevelEntry: true)
        for entries in [count, count / 2, 0] {
            let checked = SnapshotLayout(
                checkingEntryCount: UInt64(entries),
                hasTopLevelEntry: true,
                filterWordCount: UInt64(layout.filterWordCount),
                bucketBits: layout.bucketBits
            )
            #expect(checked == layout.with(entryCount: entries))
            #expect(try #require(checked).wordCount < 1 << 37)
        }
    }
}
