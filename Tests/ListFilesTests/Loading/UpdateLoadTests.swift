import Blocklists
import FoundationEssentials
import Glibc
import ListFiles
import Synchronization
import Telemetry
import TestSupport
import Testing

/// Resident memory of this process in kibibytes.
private func residentSize() throws -> Int {
    let status = String(decoding: try Data(contentsOf: URL(filePath: "/proc/self/status")), as: UTF8.self)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
    return try #require(line.split(whereSeparator: { $0 == " " || $0 == "\t" }).compactMap { Int($0) }.first)
}

/// The processor time that this thread has used, so that what other tests do counts for nothing.
private func threadTime() throws -> Duration {
    var time = timespec()
    let status = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    try #require(status == 0)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}

/// What the tasks of a test tell each other.
private final class Signals: Sendable {
    let isOver = Atomic(false)
    let lookups = Atomic(0)
}

@Suite("Many updates")
struct UpdateLoadTests {
    private static let now = Timestamp(seconds: 1_800_000_000) ?? .now

    /// Of a list of 20,000 names, of which each takes a build without optimisation a third of a second.
    private static var updates: Int {
        #if DEBUG
            50
        #else
            300
        #endif
    }

    /// In a process of its own: others would be measured, too.
    @Test func `many updates leave no more memory than ten, and no more files than two editions have`() async throws {
        await #expect(processExitsWith: .success) {
            let scene = try UpdaterScene(["police", "other"], gates: [.empty])
            try scene.write(["other.test"], to: "other")
            // Two texts in turn, so that every update brings a list of 20,000 names that is not the one in use.
            let texts = ["even", "odd"].map { Array(names($0, 20_000).map { $0 + "\n" }.joined().utf8) }
            try scene.folder.write(texts[1], to: "police.txt")
            let (updater, _) = try scene.started()
            var afterTen = 0
            for round in 1...Self.updates {
                try scene.folder.write(texts[round % 2], to: "police.txt")
                let outcome = try scene.update(updater)
                #expect(outcome.refused == [])
                #expect(outcome.warnings == [])
                if round == 10 { afterTen = try residentSize() }
                if round.isMultiple(of: 25) { #expect(scene.keptSnapshots.count <= 2) }
            }
            let afterAll = try residentSize()
            #expect(afterAll * 10 <= afterTen * 11, "\(afterTen) KiB after ten, \(afterAll) KiB after all")
            #expect(try updater.blocks(names("even", 1)[0]))
        }
    }

    @Test func `a rollback of many names takes less than a second`() throws {
        let scene = try UpdaterScene(gates: [.empty])
        try scene.write(names("one", 50_000))
        let (updater, _) = try scene.started(at: Self.now)
        try scene.write(names("two", 50_000))
        _ = try scene.update(updater, at: Self.now)
        let start = try threadTime()
        _ = try updater.rollBack(by: UpdaterScene.caller)
        #expect(try threadTime() - start < .seconds(1))
        #expect(try updater.blocks(names("one", 50_000)[49_999]))
    }

    @Test func `changes at once from all sides leave lists, switches and files that agree`() async throws {
        let scene = try UpdaterScene(["police", "other"], gates: [.empty])
        try scene.write(names("zero", 50))
        try scene.write(names("other", 50), to: "other")
        let slots = ListSlots()
        let updater = try scene.updater(slots: slots)
        _ = try updater.start()
        let caller = UpdaterScene.caller
        let signals = Signals()
        try await withThrowingTaskGroup { group in
            for task in 0..<8 {
                group.addTask {
                    var random = SeededRandom(seed: UInt64(task))
                    for round in 0..<40 {
                        switch (task + round) % 8 {
                        case 0, 1:
                            let text = names("e\(task)-\(round)", 50).map { $0 + "\n" }.joined()
                            try AtomicFile.write(Array(text.utf8), to: scene.folder["police.txt"], mode: 0o600)
                            _ = try scene.update(updater)
                        case 2: _ = try? updater.rollBack(by: caller)
                        case 3: _ = try updater.setKillSwitch(Bool.random(using: &random), by: caller)
                        case 4:
                            _ = try updater.pass(Array("p\(task).test".utf8), until: .now.advanced(by: 600), by: caller)
                        case 5: _ = try? updater.takeBack(Array("p\(7 - task).test".utf8), by: caller)
                        case 6: updater.tick()
                        default:
                            let report = updater.report
                            #expect(report.lists.map(\.id) == ["police", "other"])
                        }
                    }
                }
            }
            for _ in 0..<2 {
                group.addTask {
                    var (blocklist, seen) = updater.source.latest
                    var last = seen
                    while signals.isOver.load(ordering: .acquiring) == false, Task.isCancelled == false {
                        if updater.source.refresh(&blocklist, seen: &seen) {
                            #expect(seen >= last)
                            last = seen
                        }
                        // Whatever else changes, this list is there.
                        let lookup = try blocklist.says(of: names("other", 1)[0])
                        #expect(lookup.match != nil)
                        signals.lookups.add(1, ordering: .relaxed)
                        await Task.yield()
                    }
                }
            }
            for _ in 0..<8 { try await group.next() }
            signals.isOver.store(true, ordering: .releasing)
            try await group.waitForAll()
        }
        #expect(signals.lookups.load(ordering: .relaxed) > 0)

        // What is published, what is told and what is kept are one.
        _ = try? scene.update(updater)
        let report = updater.report
        let actions = updater.blocklist.lists.map(\.action)
        #expect(actions == (report.killSwitch ? [.observe, .observe] : [.drop, .drop]))
        let (restarted, outcome) = try scene.started()
        #expect(outcome.warnings == [])
        #expect(restarted.report.killSwitch == report.killSwitch)
        #expect(restarted.report.passes == report.passes)
        #expect(restarted.report.lists.map(\.digest) == report.lists.map(\.digest))
        #expect(scene.keptSnapshots.count <= 2)
        #expect(scene.auditLines.allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") })
    }
}
