import Blocklists
import Glibc
import ListFiles
import TestSupport
import Testing
import Wire

@Suite("Snapshot file")
struct SnapshotFileTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// A snapshot of random lists, and every name in it or near one.
    private func randomSample(_ seed: UInt64, isSealed: Bool, trailer: [UInt8]) throws -> SnapshotSample {
        var random = SeededRandom(seed: seed)
        func number(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }
        let listCount = [1, 0, 4, Snapshot.maximumLists][Int(seed % 4)]
        let lists = (0..<listCount).map {
            ListDescriptor(
                id: "list-\($0)",
                use: number(4) == 0 ? .encryptedDNS : .action,
                action: number(3) == 0 ? .observe : .drop,
                match: number(2) == 0 ? .exact : .subdomains,
                protocols: ListProtocols(rawValue: UInt8(1 + number(15))),
                precedence: number(4),
                publisher: ["", "Polisen", "Ûñï ✓"][number(3)],
                purpose: ["", "csam"][number(2)],
                legalBasis: String(repeating: "§ 12 ", count: number(400))
            )
        }
        var builder = BlocklistBuilder(lists: lists, key: SnapshotSample.key)
        for list in lists.indices where number(2) == 0 {
            builder.lists[list].sequence = random.next()
            builder.lists[list].issuedAt = random.next()
            builder.lists[list].sourceDigest = (0..<32).map { _ in UInt8(number(256)) }
            builder.lists[list].lines = ListSummary.Lines(meant: number(1_000), rejected: number(10))
        }
        let labels = ["a", "b", "www", "example", "notexample", "org", String(repeating: "long", count: 15)]
        func name() -> String {
            ((0..<number(4)).map { _ in labels[number(labels.count)] } + [["test", "example", "a.test"][number(3)]])
                .joined(separator: ".")
        }
        var names: Set<String> = []
        for _ in 0..<[0, 3, 200, 1_000][Int(seed / 4 % 4)] {
            let name = name()
            let list = lists.isEmpty || number(10) == 0 ? nil : number(lists.count)
            let scope = ListEntry.Scope(rawValue: UInt8(1 + number(3)))
            builder.add(
                try SnapshotSample.entry(name, scope),
                list: list,
                role: list == nil ? .listed : EntryRole.allCases[number(3)]
            )
            names.formUnion([name, "www." + name, "not" + name, String(name.drop { $0 != "." }.dropFirst())])
        }
        for _ in 0..<50 { names.insert(name()) }
        return try SnapshotSample(
            builder.buildSnapshot(),
            isSealed: isSealed,
            trailer: trailer,
            names: names.filter { $0.isEmpty == false }.sorted()
        )
    }

    @Test(arguments: UInt64(0)..<16)
    func `a snapshot that is written and read says the same`(seed: UInt64) throws {
        for isSealed in [false, true] {
            let trailer = [UInt8](repeating: 7, count: [0, 1, 96, 65_536][Int(seed % 4)])
            let sample = try randomSample(seed, isSealed: isSealed, trailer: trailer)
            let expected = try sample.lookups(in: sample.snapshot)
            let path = try folder.write(sample.octets)
            #expect(SnapshotFile.isSnapshot(at: path))
            #expect(try SnapshotFile.header(at: path) == sample.header)
            for loading in [SnapshotFile.Loading.mapped, .locked, .read] {
                var isKeyAsked = false
                let file = try SnapshotFile(path, loading: loading) { header throws(ListFileError) in
                    isKeyAsked = true
                    #expect(header == sample.header)
                    return SnapshotSample.key
                }
                #expect(isKeyAsked == isSealed)
                #expect(file.header == sample.header)
                #expect(file.header.isSealed == isSealed)
                #expect(file.header.createdAt == 1_700_000_000)
                #expect(file.header.lists == sample.snapshot.lists)
                #expect(file.header.entryCount == sample.snapshot.entryCount)
                #expect(file.signedOctets == Array(sample.octets[..<sample.bodyOffset]))
                #expect(file.trailer == trailer)
                #expect(file.isBodyAuthentic)
                #expect(file.snapshot.lists == sample.snapshot.lists)
                #expect(file.snapshot.allowedCount == sample.snapshot.allowedCount)
                #expect(file.snapshot.key == SnapshotSample.key)
                #expect(file.snapshot.byteCount == sample.bodyEnd - sample.bodyOffset)
                #expect(try sample.lookups(in: file.snapshot) == expected)
                for list in sample.snapshot.lists.indices {
                    let difference = file.snapshot.difference(ofList: list, from: sample.snapshot)
                    #expect(difference == Snapshot.Difference())
                }
                // Written once more it is the same file.
                let again = SnapshotFile.beginning(of: file.snapshot, isSealed: isSealed, createdAt: 1_700_000_000)
                #expect(again == file.signedOctets)
            }
        }
    }

    @Test func `a sealed snapshot is of no use without its key, or with another`() throws {
        let sample = try SnapshotSample(count: 100, isSealed: true)
        let path = try folder.write(sample.octets)
        for loading in [SnapshotFile.Loading.mapped, .locked, .read] {
            #expect(try refusal(of: path, loading: loading, key: nil) == .keyMissing)
            #expect(try refusal(of: path, loading: loading, key: HashKey(1, 2)) == .wrongKey)
            #expect(try refusal(of: path, loading: loading, key: SnapshotSample.key) == nil)
        }
        let cause = ListFileError.unreadable(path: "key", cause: "Permission denied")
        #expect(throws: cause) { _ = try SnapshotFile(path) { _ throws(ListFileError) in throw cause } }
        // The header is for everybody.
        #expect(try SnapshotFile.header(at: path).lists.map(\.listedCount) == [90])
    }

    @Test func `a sealed file holds neither the key nor, under another, the same fingerprints`() throws {
        let sample = try SnapshotSample(count: 100, isSealed: true)
        let halves = [SnapshotSample.key.first, SnapshotSample.key.second]
        for half in halves.flatMap({ [$0, $0.byteSwapped] }) {
            let octets = (0..<8).map { UInt8(truncatingIfNeeded: half >> UInt64($0 * 8)) }
            let isThere = (0..<sample.octets.count - 8).contains { sample.octets[$0..<$0 + 8].elementsEqual(octets) }
            #expect(isThere == false)
        }
        let open = try SnapshotSample(count: 100)
        #expect(Array(open.octets[48..<56]) == (0..<8).map { UInt8(truncatingIfNeeded: halves[0] >> UInt64($0 * 8)) })
        #expect(open.octets[open.bodyOffset...] == sample.octets[sample.bodyOffset...])
    }

    @Test(arguments: [3, 300])
    func `a later version is refused as such, whatever its checksum`(version: UInt16) throws {
        var sample = try SnapshotSample(count: 20)
        sample.put(version, at: 8)
        let path = try folder.write(sample.octets)
        #expect(try refusal(of: path) == .laterVersion(Int(version)))
        sample.agree()
        #expect(try refusal(of: try folder.write(sample.octets)) == .laterVersion(Int(version)))
        let error = ListFileError.badSnapshot(path: path, cause: .laterVersion(Int(version)))
        #expect(throws: error) { _ = try SnapshotFile.header(at: path) }
        let mend = "update grindvakt, or build it anew"
        #expect(error.description == "\(path): written in format \(version); this version reads format 2; \(mend)")
    }

    @Test func `an earlier version is refused as such`() throws {
        var sample = try SnapshotSample(count: 20)
        sample.put(UInt16(1), at: 8)
        sample.agree()
        #expect(try refusal(of: try folder.write(sample.octets)) == .earlierVersion(1))
    }

    @Test(arguments: [
        "", "\n", "GVSNAQ\r\n", "gvsnap\r\n", "example.org\n", "\u{1F}\u{8B}\u{08}0000000", "GVSNAP\n1234567",
    ])
    func `a foreign file is refused as such`(content: String) throws {
        let path = try folder.write(content)
        #expect(try refusal(of: path) == .foreign)
        #expect(SnapshotFile.isSnapshot(at: path) == false)
    }

    @Test func `what cannot be read is named`() throws {
        let missing = folder["missing"]
        #expect(throws: ListFileError.unreadable(path: missing, cause: "No such file or directory")) {
            _ = try SnapshotFile(missing) { _ in nil }
        }
        #expect(SnapshotFile.isSnapshot(at: missing) == false)
        #expect(throws: ListFileError.self) { _ = try SnapshotFile(folder.path) { _ in nil } }
        #expect(SnapshotFile.isSnapshot(at: folder.path) == false)
        #expect(try refusal(of: "/dev/null") == .foreign)
    }

    @Test func `a size that is not there takes no memory`() throws {
        // A terabyte, all of it a hole but the header, which says so.
        var sample = try SnapshotSample(count: 20)
        sample.put(UInt64(1) << 40, at: 16)
        sample.agree()
        let path = try folder.write(sample.octets)
        // SAFETY: the path is a string that outlives the call.
        try #require(unsafe truncate(path, 1 << 40 + sample.bodyOffset) == 0)
        #expect(try refusal(of: path, loading: .read) == .damaged)
        // The same behind a body that is right.
        let other = try folder.write(try SnapshotSample(count: 20).octets, to: "other")
        // SAFETY: as above.
        try #require(unsafe truncate(other, 1 << 40) == 0)
        #expect(try refusal(of: other, loading: .read) == .damaged)
    }

    @Test func `a file that is replaced leaves a loaded snapshot alone, and one that is overwritten a read one`() throws
    {
        let sample = try SnapshotSample(count: 500)
        let expected = try sample.lookups(in: sample.snapshot)
        let path = try folder.write(sample.octets)
        let mapped = try SnapshotFile(path, loading: .mapped) { _ in nil }
        let read = try SnapshotFile(path, loading: .read) { _ in nil }
        let next = try folder.write([UInt8](repeating: 0xFF, count: 100), to: "next")
        // SAFETY: the paths are strings that outlive the call.
        try #require(unsafe rename(next, path) == 0)
        #expect(try sample.lookups(in: mapped.snapshot) == expected)

        let file = try ChangeableFile(sample.octets, in: folder)
        let other = try SnapshotFile(file.path, loading: .read) { _ in nil }
        try file.write([UInt8](repeating: 0xFF, count: sample.octets.count)[...], at: 0)
        #expect(try sample.lookups(in: other.snapshot) == expected)
        try file.cut(to: 0)
        #expect(try sample.lookups(in: other.snapshot) == expected)
        #expect(other.isBodyAuthentic)
        #expect(try sample.lookups(in: read.snapshot) == expected)
    }

    @Test func `a snapshot stays in memory as long as a blocklist of it`() throws {
        let sample = try SnapshotSample(count: 500)
        let path = try folder.write(sample.octets)
        var blocklists: [Blocklist] = []
        for loading in [SnapshotFile.Loading.mapped, .locked, .read] {
            blocklists.append(
                Blocklist([Blocklist.Part(try SnapshotFile(path, loading: loading) { _ in nil }.snapshot)])
            )
        }
        let text = Array("www.n7.example.test".utf8)
        for blocklist in blocklists { #expect(blocklist.match(try DomainName(text: text.span)) == Match(list: 0)) }
    }

    @Test func `texts that do not fit make no file`() throws {
        let descriptor = ListDescriptor(id: "a", action: .drop, legalBasis: String(repeating: "a", count: 65_536))
        let long = BlocklistBuilder(lists: [descriptor]).buildSnapshot()
        let isWritten = SnapshotFile.beginning(of: long, isSealed: false, createdAt: 0) != nil
        #expect(isWritten == false)
        let far = BlocklistBuilder(lists: [ListDescriptor(id: "a", action: .drop, precedence: -1)]).buildSnapshot()
        #expect(SnapshotFile.beginning(of: far, isSealed: false, createdAt: 0) == nil)
    }

    /// The seeds of the fuzz target, which were written when this version of the format was made and are not written again.
    @Test(arguments: [
        ("unsealed", 4), ("sealed", 4), ("empty", 0), ("several-lists", 12), ("many-entries", 190),
    ])
    func `files that were written earlier are still read`(name: String, entryCount: Int) throws {
        let tests = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let path = "\(tests)/Fuzzing/Snapshot/Seeds/\(name)"
        let file = try SnapshotFile(path) { header throws(ListFileError) in
            #expect(header.isSealed && name == "sealed")
            return HashKey(1, 2)
        }
        #expect(file.snapshot.entryCount == entryCount)
        #expect(file.snapshot.key == HashKey(1, 2))
        #expect(file.isBodyAuthentic)
        #expect(file.trailer == (name == "sealed" ? Array(0..<96) : []))
        let blocklist = Blocklist([Blocklist.Part(file.snapshot)])
        func lookUp(_ text: String) throws -> Lookup {
            let octets = Array(text.utf8)
            return blocklist.lookUp(try DomainName(text: octets.span))
        }
        switch name {
        case "empty":
            #expect(try lookUp("www.example.test") == .nothing)
        case "several-lists":
            #expect(try lookUp("a.invalid").match == Match(list: 0))
            #expect(try lookUp("test.example.test").match == Match(list: 0, others: 3, tests: 3))
            #expect(try lookUp("exception.example.test") == .nothing)
            #expect(try lookUp("other.example.test").match == Match(list: 1))
            #expect(try lookUp("other.example") == Lookup(match: nil, isEncryptedDNS: true))
            #expect(file.header.lists[0].sequence == 12)
            #expect(file.header.lists[0].expiresAt == 1_900_000_000)
            #expect(file.header.lists[0].descriptor.legalBasis == "§ 1")
            #expect(file.header.lists[1].descriptor.protocols == [.dns, .tls])
        case "many-entries":
            #expect(try lookUp("n7.example.test").match == Match(list: 0))
        default:
            #expect(try lookUp("www.example.test").match == Match(list: 0))
            #expect(try lookUp("allowed.example.test").exemption == Exemption(reason: .allowed, lists: 1))
        }
    }
}
