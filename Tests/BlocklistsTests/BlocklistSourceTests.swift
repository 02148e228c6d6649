import Blocklists
import Synchronization
import Testing
import Wire

/// What the threads of one test tell each other.
private final class Progress: Sendable {
    let isDone = Atomic(false)
    let torn = Atomic(0)
    let refreshed = Atomic(0)
}

@Suite("Blocklist source")
struct BlocklistSourceTests {
    @Test func `publishing counts generations from 1 on`() throws {
        let first = try BlocklistTests.blocklist("one.test")
        let source = BlocklistSource(first)
        #expect(source.generation == 1)
        #expect(source.latest.blocklist === first)
        let second = try BlocklistTests.blocklist("two.test")
        #expect(source.publish(second) == 2)
        #expect(source.generation == 2)
        #expect(source.latest.blocklist === second)
    }

    @Test func `a worker's blocklist is replaced only where a newer one is published`() throws {
        let source = BlocklistSource(try BlocklistTests.blocklist("one.test"))
        var blocklist = source.latest.blocklist
        var seen = source.generation
        #expect(source.refresh(&blocklist, seen: &seen) == false)
        #expect(try blocklist.list(of: "one.test") == "list-0")

        source.publish(try BlocklistTests.blocklist("two.test"))
        source.publish(try BlocklistTests.blocklist("three.test"))
        #expect(source.refresh(&blocklist, seen: &seen))
        #expect(seen == 3)
        #expect(try blocklist.list(of: "three.test") == "list-0")
        #expect(try blocklist.list(of: "one.test") == nil)
        #expect(source.refresh(&blocklist, seen: &seen) == false)
    }

    @Test func `publishing the same blocklist again is a new generation`() throws {
        let source = BlocklistSource(try BlocklistTests.blocklist("one.test"))
        var blocklist = source.latest.blocklist
        var seen = source.generation
        source.publish(blocklist)
        #expect(source.refresh(&blocklist, seen: &seen))
        #expect(seen == 2)
    }

    @Test func `an old blocklist is freed when its last holder lets go`() throws {
        let source = BlocklistSource(try BlocklistTests.blocklist("one.test"))
        weak var old: Blocklist?
        var worker: Blocklist? = source.latest.blocklist
        old = worker
        source.publish(try BlocklistTests.blocklist("two.test"))
        #expect(old != nil)
        worker = nil
        #expect(worker == nil)
        #expect(old == nil)
    }

    @Test func `a worker always sees a whole blocklist, and never goes back`() async throws {
        // Generation n lists the names n.test and n.check.test, and nothing else.
        let generations = 300
        @Sendable func blocklist(_ generation: Int) throws -> Blocklist {
            try BlocklistTests.blocklist("g\(generation).test", "g\(generation).check.test")
        }
        let source = BlocklistSource(try blocklist(1))
        let progress = Progress()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    var held = source.latest.blocklist
                    var seen: UInt64 = 0
                    // Bounded also where the publisher fails.
                    for _ in 0..<5_000_000 {
                        let before = seen
                        guard source.refresh(&held, seen: &seen) else {
                            if progress.isDone.load(ordering: .acquiring), seen == source.generation { return }
                            // The tasks may share one thread with the publisher.
                            await Task.yield()
                            continue
                        }
                        progress.refreshed.add(1, ordering: .relaxed)
                        let isWhole =
                            try held.list(of: "g\(seen).test") == "list-0"
                            && held.list(of: "www.g\(seen).check.test") == "list-0"
                            && held.list(of: "g\(seen + 1).test") == nil && held.list(of: "g\(seen - 1).test") == nil
                        if isWhole == false || seen <= before { progress.torn.add(1, ordering: .relaxed) }
                    }
                }
            }
            group.addTask {
                defer { progress.isDone.store(true, ordering: .releasing) }
                for generation in 2...generations { source.publish(try blocklist(generation)) }
            }
            try await group.waitForAll()
        }
        #expect(progress.torn.load(ordering: .relaxed) == 0)
        #expect(progress.refreshed.load(ordering: .relaxed) >= 2)
        #expect(source.generation == UInt64(generations))
    }
}
