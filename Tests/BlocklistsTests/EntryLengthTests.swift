import TestSupport
import Testing
import Wire

@testable import Blocklists

@Suite("Entries that names are matched by")
struct EntryLengthTests {
    private static func name(_ text: String) throws -> DomainName { try DomainName(text: Array(text.utf8).span) }

    /// How many labels of a name the entry is that a list has it by, the one with the fewest; nil where the list has it not.
    private static func labels(_ name: String, in entries: [String]) -> Int? {
        entries.filter { name == $0 || name.hasSuffix("." + $0) }.map { $0.split(separator: ".").count }.min()
    }

    @Test(arguments: 0..<20)
    func `each list tells the widest entry, alone and in a batch`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        func randomName(_ depth: ClosedRange<Int>) -> String {
            (0..<Int.random(in: depth, using: &random)).map { _ in
                ["a", "bb", "ccc"].randomElement(using: &random) ?? "a"
            }
            .joined(separator: ".")
        }
        // Three lists, the last in a snapshot of its own; now and then a list has a top-level domain.
        let lists = (0..<3).map { _ in (0..<3).map { _ in randomName(1...4) } }
        var builders = [1, 2].map { count in
            BlocklistBuilder(
                lists: (0..<count).map { ListDescriptor(id: "\($0) of \(count)", action: .drop) },
                key: HashKey(seed, UInt64(count))
            )
        }
        for (list, entries) in lists.enumerated() {
            for entry in entries {
                let entry = ListEntry(name: try Self.name(entry), scope: [.itself, .subdomains])
                if list < 2 { builders[1].add(entry, list: list) } else { builders[0].add(entry, list: 0) }
            }
        }
        let blocklist = Blocklist(builders.reversed().map { Blocklist.Part($0.buildSnapshot()) })
        var batch = LookupBatch()
        for _ in 0..<LookupBatch.capacity {
            let text = randomName(1...6)
            let name = try Self.name(text)
            let expected = lists.map { Self.labels(text, in: $0) }
            let match = blocklist.match(name)
            #expect(
                (match?.lists ?? 0) == expected.enumerated().reduce(0) { $0 | ($1.element == nil ? 0 : 1 << $1.offset) }
            )
            for (list, labels) in expected.enumerated() {
                let length = blocklist.entryLength(of: name.view, list: list)
                let suffix = text.split(separator: ".").suffix(labels ?? 0).joined(separator: ".")
                #expect(length == (suffix.isEmpty ? 0 : try Self.name(suffix).length), "\(text) on \(lists[list])")
                if let match, match.entryLength > 0, labels != nil { #expect(Int(match.entryLength) == length) }
            }
            // Where all have it by the same entry it is told with the match.
            if Set(expected.compactMap { $0 }).count == 1, lists.joined().filter({ text.hasSuffix($0) }).count == 1 {
                #expect(match?.entryLength ?? 0 > 0)
            }
            #expect(blocklist.entryLength(of: name.view, list: 3) == 0)
            batch.add(name.view)
        }
        batch.lookUp(in: blocklist)
        for index in 0..<LookupBatch.capacity {
            let alone = blocklist.lookUp(batch.name(index))
            let together = batch[index]
            #expect(alone == together && alone.match?.entryLength == together.match?.entryLength)
        }
    }

    @Test func `lists are told apart by their ids and nothing else`() throws {
        func identities(_ ids: [String], _ key: HashKey) -> [UInt64] {
            BlocklistBuilder(lists: ids.map { ListDescriptor(id: $0, action: .drop) }, key: key).build().identities
        }
        let ids = ["police", "interpol", "a", "b", ""]
        let one = identities(ids, HashKey(1, 2))
        #expect(Set(one).count == ids.count && one.contains(0) == false)
        #expect(identities(ids.reversed(), HashKey(3, 4)) == one.reversed())
    }
}
