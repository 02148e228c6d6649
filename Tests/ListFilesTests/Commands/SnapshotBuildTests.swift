import Blocklists
import ListFiles
import TestSupport
import Testing
import Wire

@Suite("Building and comparing snapshots")
struct SnapshotBuildTests {
    private let folder: TemporaryFolder
    private let key = HashKey(1, 2)

    init() throws {
        folder = try TemporaryFolder()
    }

    private func plan(_ lists: [(id: String, path: String)]) throws -> ListPlan {
        ListPlan(
            lists: lists.map {
                ListSource(path: $0.path, descriptor: ListDescriptor(id: $0.id, action: .drop), trust: .off)
            },
            approvers: try ApprovalPolicy(approvers: [])
        )
    }

    @Test func `files under one id become one list, those of another stay apart`() throws {
        let one = try folder.write("one.test\nboth.test\n", to: "one.txt")
        let two = try folder.write("two.test\nboth.test\n", to: "two.txt")
        let three = try folder.write("three.test\n", to: "three.txt")
        let build = SnapshotBuild(try plan([("a", one), ("a", two), ("b", three)]), key: key)
        let outcome = try build.run()
        #expect(outcome.refused.isEmpty)
        #expect(outcome.snapshot.lists.map(\.descriptor.id) == ["a", "b"])
        #expect(outcome.snapshot.lists.map(\.listedCount) == [3, 1])
        let digests = try [one, two].map { try ContentHasher.file($0).digest.octets }
        #expect(outcome.lists[0].digest == ContentDigest(of: digests.flatMap(\.self)))
        #expect(outcome.lists[1].digest == (try ContentHasher.file(three).digest))
    }

    @Test func `every line that is left out is handed over, and the report names none of them`() throws {
        let path = try folder.write((0..<1_500).map { "secret\($0)..test\n" }.joined() + "good.test\n")
        var lines: [Int] = []
        let outcome = try SnapshotBuild(try plan([("a", path)]), key: key).run { lines.append($0.line) }
        #expect(lines == Array(1...1_500))
        #expect(outcome.refused.map(\.id) == ["a"])
        #expect(outcome.report.contains("rejected: 1500") && outcome.report.contains("and 1480 more"))
        #expect(outcome.report.contains("secret") == false)
    }

    @Test func `text and its snapshot do not differ, under one key`() throws {
        let path = try folder.write("one.test\n*.two.test\n", to: "a.txt")
        let plan = try plan([("a", path)])
        let outcome = try SnapshotBuild(plan, key: key).run()
        try SnapshotFile.write(outcome.snapshot, to: folder["s"], isSealed: true, createdAt: 1)
        let text = try ComparedLists(path, as: plan.lists[0], plan, key: key, sealKey: nil)
        let built = try ComparedLists(folder["s"], as: plan.lists[0], plan, key: key, sealKey: key)
        #expect(try ListComparison(built, text, plan).differs == false)
        #expect(try ListComparison(text, built, plan).differs == false)
        let other = try ComparedLists(path, as: plan.lists[0], plan, key: HashKey(3, 4), sealKey: nil)
        #expect(try ListComparison(built, other, plan).differs)
        #expect(throws: ListFileError.self) {
            _ = try ComparedLists(folder["s"], as: plan.lists[0], plan, key: key, sealKey: nil)
        }
    }

    @Test func `an outline tells what the whole file tells, and sees any octet of the body that changed`() throws {
        let path = try folder.write((0..<2_000).map { "n\($0).test\n" }.joined(), to: "a.txt")
        let outcome = try SnapshotBuild(try plan([("a", path)]), key: key).run()
        let digest = try SnapshotFile.write(outcome.snapshot, to: folder["s"], isSealed: true, createdAt: 1)
        let outline = try SnapshotOutline(folder["s"])
        #expect(outline.digest == digest && outline.header.isSealed && outline.header.entryCount == 2_000)
        try outline.checkBody()
        let content = try #require(folder.content("s"))
        #expect(outline.size == content.count)
        for offset in [4_096, content.count / 2, content.count - 1] {
            var changed = content
            changed[offset] ^= 1
            let other = try SnapshotOutline(try folder.write(changed, to: "t"))
            #expect(throws: ListFileError.badSnapshot(path: folder["t"], cause: .damaged)) { try other.checkBody() }
        }
        try folder.write(Array(content.dropLast()), to: "t")
        #expect(throws: ListFileError.badSnapshot(path: folder["t"], cause: .cut)) {
            _ = try SnapshotOutline(folder["t"])
        }
    }

    @Test(
        arguments: [
            ("90s", 90), ("30m", 1_800), ("24h", 86_400), ("7d", 604_800), ("2w", 1_209_600), ("", nil), ("h", nil),
            ("1", nil),
            ("-1h", nil), ("0h", nil), ("1.5h", nil), ("1 h", nil), ("1y", nil), ("999999999w", nil), ("\u{661}h", nil),
        ] as [(String, Int64?)]
    )
    func `a duration is a number and a unit`(text: String, seconds: Int64?) {
        #expect(Timestamp.seconds(ofDuration: text) == seconds)
    }
}
