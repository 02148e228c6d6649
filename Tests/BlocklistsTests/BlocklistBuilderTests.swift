import Blocklists
import Testing
import Wire

@Suite("Blocklist builder")
struct BlocklistBuilderTests {
    @Test func `entries that say the same are kept once`() throws {
        var builder = BlocklistBuilder(lists: BlocklistTests.descriptors(2))
        for _ in 0..<1_000 {
            builder.add(try ListEntry("example.org"), list: 0)
            builder.add(try ListEntry("EXAMPLE.org."), list: 0)
            builder.add(try ListEntry("example.org"), list: 1)
            builder.add(try ListEntry("allowed.test"), list: nil)
        }
        let blocklist = builder.build()
        #expect(blocklist.entryCounts == [1, 1])
        #expect(blocklist.allowedCount == 1)
        #expect(try blocklist.list(of: "www.example.org") == "list-0")
        #expect(try blocklist.list(of: "allowed.test") == nil)
    }

    @Test func `an entry for itself and one for what is under it are two`() throws {
        var builder = BlocklistBuilder(lists: BlocklistTests.descriptors(1))
        builder.add(try ListEntry("example.org", .itself), list: 0)
        builder.add(try ListEntry("example.org", .subdomains), list: 0)
        let blocklist = builder.build()
        #expect(blocklist.entryCounts == [2])
        #expect(try blocklist.list(of: "example.org") == "list-0")
        #expect(try blocklist.list(of: "www.example.org") == "list-0")
    }

    @Test func `repeats among many others leave no gap`() throws {
        var builder = BlocklistBuilder(lists: BlocklistTests.descriptors(1))
        for round in 0..<3 {
            for index in 0..<3_000 where index % (round + 1) == 0 {
                builder.add(try ListEntry("n\(index).test"), list: 0)
            }
        }
        let blocklist = builder.build()
        #expect(blocklist.entryCounts == [3_000])
        var missing: [Int] = []
        for index in 0..<3_000 where try blocklist.list(of: "n\(index).test") == nil { missing.append(index) }
        #expect(missing == [])
        #expect(try blocklist.list(of: "n3000.test") == nil)
    }

    @Test func `reserving room changes nothing`() throws {
        var builder = BlocklistBuilder(lists: BlocklistTests.descriptors(1))
        builder.reserve(0)
        builder.reserve(10_000)
        builder.add(try ListEntry("example.org"), list: 0)
        let blocklist = builder.build()
        #expect(blocklist.entryCounts == [1])
        #expect(try blocklist.list(of: "example.org") == "list-0")
    }

    @Test func `a builder is a value`() throws {
        var one = BlocklistBuilder(lists: BlocklistTests.descriptors(1))
        one.add(try ListEntry("one.test"), list: 0)
        var other = one
        other.add(try ListEntry("other.test"), list: 0)
        let blocklist = one.build()
        #expect(blocklist.entryCounts == [1])
        #expect(try blocklist.list(of: "other.test") == nil)
        #expect(other.build().entryCounts == [2])
    }

    @Test func `an entry for a list that is not there stops the program, and is not taken for an allowed one`() async {
        await #expect(processExitsWith: .failure) {
            var builder = BlocklistBuilder(
                lists: (0..<Snapshot.maximumLists).map { ListDescriptor(id: "list-\($0)", action: .drop) }
            )
            builder.add(try ListEntry("example.org"), list: Snapshot.maximumLists)
        }
    }
}
