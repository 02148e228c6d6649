import FoundationEssentials
import ListFiles
import TestSupport
import Testing

@Suite("Sequence ledger")
struct SequenceLedgerTests {
    private let folder: TemporaryFolder
    private let ledger: SequenceLedger
    private let digest = ContentDigest(of: [1])
    private let other = ContentDigest(of: [2])

    init() throws {
        folder = try TemporaryFolder()
        ledger = SequenceLedger(folder["sequences"])
    }

    private func refusal(
        _ sequence: UInt64,
        _ digest: ContentDigest,
        of id: String = "police",
        floor: SequenceMark? = nil
    ) throws -> TrustFault? {
        try fault { try ledger.check(try release(id, sequence: sequence), digest: digest, floor: floor) }
    }

    @Test func `what is not known is new`() throws {
        #expect(try refusal(0, digest) == nil)
        #expect(try refusal(.max, digest) == nil)
        #expect(folder.names == [])
    }

    @Test func `an older release is a replay, another one of the same number equivocation`() throws {
        let police = try word("police")
        try ledger.record(try release(sequence: 42), digest: digest)
        #expect(try refusal(41, digest) == .replayed(police, sequence: 41, accepted: 42))
        #expect(try refusal(0, other) == .replayed(police, sequence: 0, accepted: 42))
        #expect(try refusal(42, other) == .equivocation(police, sequence: 42))
        #expect(try refusal(42, digest) == nil)
        #expect(try refusal(43, other) == nil)
        #expect(try refusal(1, other, of: "own") == nil)
    }

    @Test func `what is recorded is checked once more and never lowered`() throws {
        try ledger.record(try release(sequence: 42), digest: digest)
        #expect(try fault { try ledger.record(try release(sequence: 41), digest: digest) } != nil)
        #expect(try fault { try ledger.record(try release(sequence: 42), digest: other) } != nil)
        #expect(try fault { try ledger.record(try release(sequence: 41), digest: digest, isConfirmed: true) } != nil)
        #expect(try ledger.load().marks.marks[try word("police")]?.sequence == 42)
        try ledger.record(try release(sequence: 43), digest: other)
        #expect(try refusal(42, digest) == .replayed(try word("police"), sequence: 42, accepted: 43))
    }

    @Test func `a clock that was set back changes nothing`() throws {
        try ledger.record(try release(sequence: 42, issued: "2027-01-31T12:00:00Z"), digest: digest)
        // Whatever the times say, the numbers decide.
        let late = try release(sequence: 41, issued: "2030-01-01T00:00:00Z")
        #expect(try fault { try ledger.check(late, digest: digest) } != nil)
        let early = try release(sequence: 43, issued: "1970-01-01T00:00:00Z")
        #expect(try fault { try ledger.record(early, digest: other) } == nil)
        #expect(try refusal(42, digest) != nil)
    }

    @Test func `a floor holds beside the ledger`() throws {
        let floor = SequenceMark(sequence: 50, issuedAt: try time("2027-01-31T12:00:00Z"), digest: digest)
        #expect(try refusal(49, digest, floor: floor) != nil)
        #expect(try refusal(50, other, floor: floor) == .equivocation(try word("police"), sequence: 50))
        #expect(try refusal(50, digest, floor: floor) == nil)
        try ledger.record(try release(sequence: 60), digest: other)
        #expect(try refusal(55, digest, floor: floor) != nil)
    }

    @Test func `the operator can begin a list again`() throws {
        try ledger.record(try release(sequence: .max), digest: digest)
        try ledger.record(try release("own", sequence: 7), digest: digest)
        try ledger.forget(try word("police"))
        #expect(try refusal(1, other) == nil)
        #expect(try refusal(6, other, of: "own") != nil)
    }

    // MARK: - The file

    @Test func `marks are read as they were written`() throws {
        var random = SeededRandom(seed: 6)
        for index in 0..<50 {
            try ledger.record(
                try release("list-\(Int.random(in: 0..<20, using: &random))", sequence: UInt64(index)),
                digest: ContentDigest(of: [UInt8(index)])
            )
        }
        let octets = try #require(folder.content("sequences"))
        let marks = try SequenceMarks(parsing: octets)
        #expect(marks.encoded == octets)
        #expect(marks.marks.count > 10)
        #expect(folder.names == ["sequences", "sequences.lock"])
        #expect(try mode(of: ledger.path) == 0o640)
    }

    @Test func `what is read of a mutation is written as it was`() throws {
        var random = SeededRandom(seed: 7)
        for id in ["own", "police"] { try ledger.record(try release(id), digest: digest) }
        let octets = try #require(folder.content("sequences"))
        for end in octets.indices {
            #expect((try? SequenceMarks(parsing: Array(octets[..<end]))) == nil)
        }
        for place in octets.indices {
            for bit in 0..<8 {
                var mutant = octets
                mutant[place] ^= 1 << bit
                #expect((try? SequenceMarks(parsing: mutant)) == nil, "octet \(place), bit \(bit)")
            }
        }
        for _ in 0..<5000 {
            let mutant = mutation(of: octets, &random)
            if mutant != octets { #expect((try? SequenceMarks(parsing: mutant)) == nil) }
        }
    }

    @Test func `marks without a checksum are read, and get one when the next is noted`() throws {
        let police = try word("police")
        let at = "2027-01-31T12:00:00Z"
        let old = "grindvakt sequences 1\nown 7 \(at) \(digest)\npolice 42 \(at) \(digest)\n"
        try folder.write(old, to: "sequences")
        #expect(try ledger.load().marks.hasChecksum == false)
        #expect(try ledger.load().setAside == nil)
        #expect(try refusal(41, other) == .replayed(police, sequence: 41, accepted: 42))
        #expect(folder.content("sequences") == Array(old.utf8))
        // The same release again is a note, too.
        let same = SequenceMark(sequence: 42, issuedAt: try time("2027-01-31T12:00:00Z"), digest: digest)
        try ledger.record(try release(sequence: 42), digest: digest, floor: same)
        let contents = try ledger.load()
        #expect(contents.marks.hasChecksum)
        #expect(contents.marks.marks.count == 2)
        #expect(try refusal(6, other, of: "own") == .replayed(try word("own"), sequence: 6, accepted: 7))
        #expect(folder.content("sequences").map { String(decoding: $0, as: UTF8.self) }?.hasPrefix(old) == false)
    }

    @Test func `a digit that has become another is damage, not a mark`() throws {
        try ledger.record(try release(sequence: 42), digest: digest)
        let text = String(decoding: try #require(folder.content("sequences")), as: UTF8.self)
        for (old, new) in [("police 42 ", "police 41 "), ("police 42 ", "police 92 "), ("sequences 2", "sequences 1")] {
            let parts = text.components(separatedBy: old)
            try #require(parts.count == 2)
            let damaged = parts.joined(separator: new)
            try folder.write(damaged, to: "sequences")
            let contents = try ledger.load()
            let place = try #require(contents.setAside)
            #expect(contents.marks == SequenceMarks(isIncomplete: true))
            let warning = try #require(contents.warning(ledger.path))
            #expect(warning.hasPrefix(ledger.path + ": damaged, moved to " + place))
            #expect(try ledger.load().warning(ledger.path) == nil)
        }
    }

    @Test(arguments: [
        "", "\n", "garbage", "grindvakt sequences 2\n", "grindvakt sequences 3\n", "grindvakt sequences 1",
        "grindvakt sequences 2\nchecksum \(String(repeating: "0", count: 64))\n",
        "grindvakt sequences 1\npolice 42\n", "grindvakt sequences 1\n\n",
        "grindvakt sequences 1\nincomplete\nincomplete\n",
    ])
    func `a damaged ledger is set aside and lets no unknown release in`(text: String) throws {
        let police = try word("police")
        let floor = SequenceMark(sequence: 42, issuedAt: try time("2027-01-31T12:00:00Z"), digest: digest)
        try folder.write(text, to: "sequences")
        let contents = try ledger.load()
        #expect(contents.setAside == ledger.path + ".damaged-1")
        #expect(folder.content("sequences.damaged-1") == Array(text.utf8))
        #expect(contents.marks.isIncomplete)

        // Told once; what was lost stays lost.
        #expect(try ledger.load().setAside == nil)
        #expect(try refusal(42, digest) == .unknownSequence(police))
        #expect(try fault { try ledger.record(try release(), digest: digest) } == .unknownSequence(police))

        // The last good snapshot tells what was accepted.
        #expect(try refusal(41, other, floor: floor) == .replayed(police, sequence: 41, accepted: 42))
        #expect(try refusal(43, other, floor: floor) == nil)
        try ledger.record(try release(sequence: 43), digest: other, floor: floor)
        #expect(try refusal(42, digest) == .replayed(police, sequence: 42, accepted: 43))

        // Of a list without one the operator can say it, once.
        try ledger.record(try release("own", sequence: 9), digest: digest, isConfirmed: true)
        #expect(try refusal(8, digest, of: "own") != nil)
        #expect(try refusal(10, digest, of: "own") == nil)
    }

    @Test func `every set-aside ledger is kept`() throws {
        for text in ["a", "b", "c"] {
            try folder.write(text, to: "sequences")
            _ = try ledger.load()
        }
        #expect(folder.content("sequences.damaged-1") == Array("a".utf8))
        #expect(folder.content("sequences.damaged-3") == Array("c".utf8))
    }

    @Test func `a ledger that cannot be read accepts nothing`() throws {
        try FileManager.default.createDirectory(atPath: ledger.path, withIntermediateDirectories: false)
        #expect(try refusal(1, digest) == .notAFile)
        #expect(try fault { try ledger.record(try release(), digest: digest) } == .notAFile)
    }

    @Test func `records of many at once are all kept`() async throws {
        let ledger = ledger
        try await withThrowingTaskGroup { group in
            for task in 0..<8 {
                group.addTask {
                    for index in 0..<25 {
                        try ledger.record(try release("list-\(task)-\(index)"), digest: ContentDigest(of: []))
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try ledger.load().marks.marks.count == 200)
    }
}
