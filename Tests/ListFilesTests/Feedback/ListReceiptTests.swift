import Blocklists
import ListFiles
import TestSupport
import Testing
import Wire

@Suite("Receipts")
struct ListReceiptTests {
    private static let now: Int64 = 1_795_000_000

    private static func receipt(
        _ text: String,
        _ folder: TemporaryFolder,
        format: ListSource.Format = .text(.domains),
        trust: TrustPolicy = .off,
        state: String? = nil
    ) throws -> ListReceipt {
        try folder.write(text, to: "police.txt")
        var gates = GatePolicy()
        gates.gates = [.rejects]
        gates.rejectsPercent = 50
        let source = ListSource(
            path: folder["police.txt"],
            format: format,
            descriptor: ListDescriptor(id: "police", action: .drop),
            trust: trust,
            gates: gates
        )
        return try ListReceipt.read(
            try #require(Identifier("police")),
            ListPlan(lists: [source], approvers: try ApprovalPolicy(approvers: [])),
            member: Identifier("example-net"),
            state: state,
            now: try #require(Timestamp(seconds: now))
        )
    }

    @Test func `a receipt counts what was taken, and by its reason what was not`() throws {
        let folder = try TemporaryFolder()
        let receipt = try Self.receipt(
            "secret1.test\nsecret2.test\nsecret3.test\nsecret4.test\nbad..name\n192.0.2.1\nhttps://secret5.test/path\n",
            folder,
            format: .text(.urls)
        )
        #expect(receipt.entries == 4)
        #expect(receipt.rejectedCount + receipt.notEnforceableCount == 3)
        #expect(receipt.notEnforceable?.map(\.reason) == ["path_not_enforceable"])
        #expect(receipt.rejected?.map(\.entries).reduce(0, +) == receipt.rejectedCount)
        #expect(receipt.refusals.isEmpty && receipt.activatedAt == nil && receipt.hits == nil)
        #expect(receipt.ages.unknown == 4)
        #expect(receipt.receivedAt != nil)
        let key = SigningKey.generate()
        let document = try receipt.document(signedBy: [key])
        #expect(try SignedDocument(parsing: document.encoded).verify([key.verificationKey]).count == 1)
        let text = String(decoding: document.encoded, as: UTF8.self)
        #expect(text.contains("secret") == false && text.contains("192.0.2.1") == false)
        #expect(text.contains("\"path_not_enforceable\":1"))
    }

    @Test func `an edition that is refused has a receipt that says by what`() throws {
        let folder = try TemporaryFolder()
        let receipt = try Self.receipt("a.test\n..\n...\n....\n", folder)
        #expect(receipt.refusals == ["rejects"] && receipt.rejectedCount == 3)
    }

    @Test func `a receipt says when the edition was put into use, and how many entries were not hit`() throws {
        let folder = try TemporaryFolder()
        let first = try Self.receipt((0..<200).map { "secret\($0).test\n" }.joined(), folder)
        try folder.write(
            """
            {"version":1,"lists":[{"id":"police","file":"x","index":0,"digest":"\(first.digest)","keys":[],
            "mayBlockProtected":false,"approvedGates":[],"activatedAt":1794000000}]}
            """,
            to: "state/current.json"
        )
        var memory = HitMemory()
        let sketches = HitSketches(key: memory.key, slots: 1)
        memory.add(HitBits(), list: "police", at: Self.now - 90 * 86_400)
        for entry in 0..<50 {
            let text = Array("secret\(entry).test".utf8)
            let name = try DomainName(text: text.span)
            sketches.mark(slot: 0, name.view, length: name.length)
        }
        sketches.drain(into: &memory, of: [("police", 0)], at: Self.now)
        let file = HitMemoryFile(folder["state/hits"])
        #expect(try file.load() == nil)
        try file.save(memory)
        #expect(try file.load() == memory)

        let receipt = try Self.receipt(
            (0..<200).map { "secret\($0).test\n" }.joined(),
            folder,
            state: folder["state"]
        )
        #expect(receipt.activatedAt == Timestamp(seconds: 1_794_000_000))
        let body = try receipt.document(signedBy: [SigningKey.generate()]).body
        #expect(body["hits"]?["entries_hit"] == .number(50))
        #expect(body["hits"]?["entries_not_hit"] == .number(150))
        #expect(body["hits"]?["error"] == .number(5))
        // Nothing was made or changed.
        #expect(folder.names == ["police.txt", "state"])
    }

    @Test func `a memory that others may read or that is damaged is refused`() throws {
        let folder = try TemporaryFolder()
        let file = HitMemoryFile(folder["hits"])
        try folder.write(HitMemory().encoded, to: "hits")
        #expect(throws: TrustError(file.path, .exposedSecret)) { _ = try file.load() }
        try file.save(HitMemory())
        #expect(try file.load()?.ids == [])
        try AtomicFile.write(HitMemory().encoded.dropLast() + [0, 0], to: file.path, mode: 0o600)
        #expect(throws: TrustError(file.path, .damagedMemory)) { _ = try file.load() }
        try AtomicFile.write([1, 2, 3], to: file.path, mode: 0o600)
        #expect(throws: TrustError(file.path, .line(1, .unknownFormat))) { _ = try file.load() }
    }

    @Test func `a list that is not configured has no receipt`() throws {
        let folder = try TemporaryFolder()
        _ = folder
        let plan = ListPlan(lists: [], approvers: try ApprovalPolicy(approvers: []))
        #expect(throws: ListFileError.self) {
            _ = try ListReceipt.read(try #require(Identifier("police")), plan, member: nil, state: nil)
        }
    }

    @Test func `ages fall into months, and the rest is unknown`() throws {
        let now = try #require(Timestamp(seconds: Self.now))
        var ages = EntryAges()
        for days in [-5, 0, 29, 30, 89, 90, 179, 180, 359, 360, 4_000] as [Int64] {
            ages.add(dated: now.advanced(by: -days * 86_400), now: now)
        }
        ages.add(7, dated: nil, now: now)
        #expect(ages.counts == [3, 2, 2, 2, 2] && ages.unknown == 7)
    }

    @Test func `every cause has a word of its own`() {
        let labels = ListLineError.allCases.map(\.label)
        #expect(Set(labels).count == labels.count)
        #expect(labels.allSatisfy { $0.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x5F || $0 == 0x38 } })
        #expect(ListLineError.notUTF8.label == "not_utf8" && ListLineError.labelTooLong.label == "label_too_long")
    }
}
