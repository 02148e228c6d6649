import Blocklists
import FoundationEssentials
import Glibc
import ListFiles
import Telemetry
import TestSupport
import Testing

/// What is found again at the next start, and gone back to.
@Suite("Kept lists")
struct KeptListsTests {
    private static let now = Timestamp(seconds: 1_800_000_000) ?? .now

    /// What may be wrong with a list's source.
    enum SourceFault: String, CaseIterable, Sendable {
        case missing, empty, cutGzip, damagedGzip, folder, unknownFormat, badLine, grown, shrunk, cutSnapshot, binary
    }

    private static func spoil(_ scene: UpdaterScene, _ fault: SourceFault) throws -> ListRefusal {
        let text = Array(names("good").map { $0 + "\n" }.joined().utf8)
        switch fault {
        case .missing:
            try scene.remove("police.txt")
            return .unreadable
        case .empty:
            try scene.folder.write("", to: "police.txt")
            return .empty
        case .cutGzip:
            try scene.folder.write(Array(try packed(text).dropLast(12)), to: "police.txt")
            return .damaged
        case .damagedGzip:
            var octets = try packed(text)
            octets[octets.count / 2] ^= 0x55
            try scene.folder.write(octets, to: "police.txt")
            return .damaged
        case .folder:
            try scene.remove("police.txt")
            try FileManager.default.createDirectory(
                atPath: scene.folder["police.txt"],
                withIntermediateDirectories: false
            )
            return .unreadable
        case .unknownFormat:
            try scene.folder.write("<html><body>Not found</body></html>\n", to: "police.txt")
            return .damaged
        case .badLine:
            try scene.write(names("good") + ["two names"])
            return .rejects
        case .grown:
            try scene.write(names("good") + names("more", 60))
            return .growth
        case .shrunk:
            try scene.write(names("good").prefix(40))
            return .shrink
        case .cutSnapshot:
            try writeSnapshot(of: [("police", names("good"))], to: scene.folder["police.txt"])
            let octets = try #require(scene.folder.content("police.txt"))
            try scene.folder.write(Array(octets.dropLast(3)), to: "police.txt")
            return .damaged
        case .binary:
            try scene.folder.write(
                (0..<4_000).map { UInt8(truncatingIfNeeded: $0 &* 197 &+ $0 >> 3) },
                to: "police.txt"
            )
            return .damaged
        }
    }

    @Test(arguments: SourceFault.allCases)
    func `the edition kept is used at the start where the source is bad, until it is good again`(
        fault: SourceFault
    ) throws {
        let scene = try UpdaterScene()
        try scene.write(names("good"))
        _ = try scene.started(at: Self.now)
        let cause = try Self.spoil(scene, fault)
        let (updater, outcome) = try scene.started(at: Self.now.advanced(by: 60))
        // Nothing at all is less than was there, too.
        let causes = fault == .empty ? [cause, .shrink] : [cause]
        #expect(outcome.refused.map(\.causes) == [Set(causes)])
        #expect(outcome.lists.map(\.isFallback) == [true])
        #expect(updater.report.lists.map(\.activatedAt) == [Self.now.seconds])
        #expect(updater.refusals()?.updates == 1)
        #expect(updater.refusals()?.updates(for: cause) == 1)
        for name in names("good") { #expect(try updater.blocks(name)) }
        for name in names("more", 60) { #expect(try updater.blocks(name) == false) }
        try scene.expectSecrecy(of: names("good").suffix(1), in: outcome.refused.map(\.reason))
        // Nor does it harm a list that runs.
        let generation = updater.source.generation
        let second = try scene.update(updater, at: Self.now)
        #expect(second.refused.map(\.causes) == [Set(causes)])
        #expect(second.generation == generation)
        #expect(updater.refusals()?.updates == 2)

        try? scene.remove("police.txt")
        try scene.write(names("good") + ["one-more.test"])
        let third = try scene.update(updater, at: Self.now)
        #expect(third.refused == [])
        #expect(third.lists.map(\.isFallback) == [false])
        #expect(try updater.blocks("one-more.test"))
        #expect(updater.refusals()?.updates == 2)
    }

    @Test(arguments: SourceFault.allCases.filter { [.grown, .shrunk].contains($0) == false })
    func `without an edition kept a bad source is an error, and nothing is kept of it`(fault: SourceFault) throws {
        let scene = try UpdaterScene()
        try scene.write(names("good"))
        let cause = try Self.spoil(scene, fault)
        let updater = try scene.updater()
        let error = #expect(throws: ListFileError.self) { try updater.start(now: Self.now) }
        guard case .refused(let lists) = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(lists.map(\.causes) == [[cause]])
        #expect(scene.keptSnapshots == [])
        #expect(try updater.blocks(names("good")[0]) == false)
    }

    @Test func `growth is judged at the start against the edition kept`() throws {
        var scene = try UpdaterScene()
        try scene.write(names("good"))
        _ = try scene.started(at: Self.now)
        try scene.write(names("good") + names("more", 51))
        let (updater, outcome) = try scene.started(at: Self.now)
        #expect(outcome.refused.map(\.causes) == [[.growth]])
        #expect(try updater.blocks(names("more")[0]) == false)
        // As many names, but others.
        try scene.write(names("other"))
        #expect(try scene.started(at: Self.now).outcome.refused.map(\.causes) == [[.growth, .shrink]])
        scene.plan.lists[0].gates.growth.floor = 51
        try scene.write(names("good") + names("more", 51))
        #expect(try scene.started(at: Self.now).outcome.refused == [])
    }

    // MARK: - The operator's own files

    @Test(arguments: [true, false])
    func `with the allow list missing at the start, the lists and allow list kept are used`(isMissing: Bool) throws {
        var scene = try UpdaterScene()
        scene.plan.allow = try scene.folder.write("spared.test\n", to: "allow.txt")
        try scene.write(names("good") + ["spared.test"])
        _ = try scene.started(at: Self.now)
        if isMissing { try scene.remove("allow.txt") } else { try scene.folder.write("not a name\n", to: "allow.txt") }
        try scene.write(names("good") + ["spared.test", "new-name.test"])
        let (updater, outcome) = try scene.started(at: Self.now)
        #expect(outcome.refused.count == 1)
        #expect(outcome.refused.first?.reason.contains("allow.txt") == true)
        #expect(outcome.lists.map(\.isFallback) == [true])
        #expect(try updater.blocks(names("good")[0]))
        #expect(try updater.blocks("new-name.test") == false)
        #expect(try updater.blocklist.says(of: "spared.test").exemption?.reason == .allowed)
        // While it runs such a file changes nothing at all.
        let generation = updater.source.generation
        #expect(throws: ListFileError.self) { try scene.update(updater, at: Self.now) }
        #expect(updater.source.generation == generation)
        try scene.folder.write("spared.test\n", to: "allow.txt")
        #expect(try scene.update(updater, at: Self.now).lists.map(\.isFallback) == [false])
        #expect(try updater.blocks("new-name.test"))
    }

    @Test(arguments: ["allow", "protected"])
    func `lists are not used without the names that they must not block`(which: String) throws {
        var scene = try UpdaterScene()
        try scene.write(names("good"))
        _ = try scene.started(at: Self.now)
        // Configured since, it was never kept.
        if which == "allow" {
            scene.plan.allow = scene.folder["names.txt"]
        } else {
            scene.plan.protected = scene.folder["names.txt"]
        }
        #expect(throws: ListFileError.self) { try scene.started(at: Self.now) }
        // Kept and damaged, it is of no use either.
        try scene.folder.write("spared.test\n", to: "names.txt")
        _ = try scene.started(at: Self.now)
        try scene.remove("names.txt")
        #expect(try scene.started(at: Self.now).outcome.refused.count == 1)
        // The one name takes less room than the list.
        let snapshots = scene.stateFiles.filter { $0.key.hasSuffix(".snapshot") }
        let keptOf = try #require(snapshots.min { $0.value.count < $1.value.count }?.key)
        #expect(snapshots.count == 2)
        try scene.folder.write("damaged", to: "state/" + keptOf)
        #expect(throws: ListFileError.self) { try scene.started(at: Self.now) }
    }

    @Test func `a reload of which every list is refused still takes over what the operator configures`() throws {
        var scene = try UpdaterScene(["police", "other"])
        scene.plan.allow = try scene.folder.write("spared.test\n", to: "allow.txt")
        try scene.write(names("good") + ["innocent.test"])
        try scene.write(["other.test"], to: "other")
        let (updater, _) = try scene.started(at: Self.now)
        try scene.remove("police.txt")
        try scene.remove("other.txt")
        try scene.folder.write("spared.test\ninnocent.test\n", to: "allow.txt")
        let outcome = try scene.update(updater, at: Self.now)
        #expect(outcome.refused.count == 2)
        #expect(try updater.blocks("innocent.test") == false)
        #expect(try updater.blocks(names("good")[0]))
        scene.plan.lists[0].descriptor.action = .observe
        scene.plan.lists.removeLast()
        #expect(try scene.update(updater, at: Self.now).lists.map(\.id) == ["police"])
        #expect(updater.blocklist.lists.map(\.action) == [.observe])
        #expect(try updater.blocks("other.test") == false)
        let generation = updater.source.generation
        #expect(try scene.update(updater, at: Self.now).generation == generation)
    }

    // MARK: - Several lists

    @Test func `one list refused hinders no other, and recovers`() throws {
        let scene = try UpdaterScene(["police", "other", "third"], gates: [.empty, .rejects])
        for id in ["police", "other", "third"] { try scene.write(names(id + "-one"), to: id) }
        let (updater, _) = try scene.started(at: Self.now)
        try scene.folder.write("no list at all, but prose\n", to: "other.txt")
        try scene.write(names("police-two"), to: "police")
        try scene.write(names("third-two"), to: "third")
        let outcome = try scene.update(updater, at: Self.now.advanced(by: 60))
        #expect(outcome.refused.map(\.id) == ["other"])
        #expect(updater.report.lists.map(\.isFallback) == [false, true, false])
        #expect(updater.report.lists.map(\.activatedAt) == [60, 0, 60].map { Self.now.seconds + $0 })
        for (id, edition) in [("police", "two"), ("other", "one"), ("third", "two")] {
            let gone = edition == "one" ? "two" : "one"
            #expect(try updater.blocklist.blocking(names("\(id)-\(edition)")[7]) == [id])
            #expect(try updater.blocklist.says(of: names("\(id)-\(gone)")[7]) == .nothing)
        }
        let restarted = try scene.started(at: Self.now).updater
        #expect(restarted.report.lists.map(\.isFallback) == [false, true, false])
        #expect(try restarted.blocklist.blocking(names("other-one")[7]) == ["other"])
        try scene.write(names("other-two"), to: "other")
        #expect(try scene.update(updater, at: Self.now).refused == [])
        #expect(updater.report.lists.map(\.isFallback) == [false, false, false])
        #expect(try updater.blocklist.blocking(names("other-two")[7]) == ["other"])
        #expect(try updater.blocklist.says(of: names("other-one")[7]) == .nothing)
        #expect(updater.refusals(of: "other")?.updates == 1)
        #expect(updater.refusals(of: "police") == nil)
    }

    @Test func `a list that is not configured any more is gone, and one that is added and bad hinders no other`() throws
    {
        var scene = try UpdaterScene(["police", "other"])
        try scene.write(names("good"))
        try scene.write(["other.test"], to: "other")
        let (updater, _) = try scene.started(at: Self.now)
        scene.plan.lists[1].descriptor.id = "added"
        scene.plan.lists[1].path = scene.folder["added.txt"]
        let outcome = try scene.update(updater, at: Self.now)
        #expect(outcome.refused.map(\.id) == ["added"])
        #expect(updater.report.lists.map(\.id) == ["police"])
        #expect(try updater.blocks("other.test") == false)
        #expect(try updater.blocks(names("good")[0]))
        #expect(updater.refusals(of: "added")?.updates(for: .unreadable) == 1)
        try scene.write(["added.test"], to: "added")
        #expect(try scene.update(updater, at: Self.now).refused == [])
        #expect(updater.report.lists.map(\.id) == ["police", "added"])
        #expect(try updater.blocklist.blocking("added.test") == ["added"])
        // Without any list nothing is blocked.
        scene.plan.lists = []
        #expect(try scene.update(updater, at: Self.now).lists.isEmpty)
        #expect(try updater.blocks(names("good")[0]) == false)
    }

    // MARK: - Rollback

    private func expect(_ updater: ListUpdater, has edition: String, of all: [String] = ["one", "two", "three"]) throws
    {
        for other in all { #expect(try updater.blocks(names(other)[3]) == (other == edition), "\(other)") }
    }

    @Test(arguments: [true, false])
    func `a rollback holds over updates and a restart until the source changes, and can be undone`(
        isSnapshot: Bool
    ) throws {
        let scene = try UpdaterScene(gates: [.empty, .rejects])
        for edition in ["one", "two", "three", "four"] {
            try scene.write(names(edition), to: edition)
            guard isSnapshot else { continue }
            try writeSnapshot(of: [("police", names(edition))], to: scene.folder[edition + ".txt"])
        }
        func write(_ edition: String) throws {
            try scene.folder.write(scene.folder.content(edition + ".txt") ?? [], to: "police.txt")
        }
        try write("one")
        let (updater, _) = try scene.started(at: Self.now)
        #expect(throws: ListUpdater.Refusal.noPrevious) { try updater.rollBack(by: UpdaterScene.caller) }
        for edition in ["two", "three"] {
            try write(edition)
            #expect(try scene.update(updater, at: Self.now).refused == [])
        }
        let generation = updater.source.generation
        let outcome = try updater.rollBack(by: UpdaterScene.caller, now: Self.now.advanced(by: 10))
        #expect(outcome.generation == generation + 1)
        #expect(outcome.warnings == [])
        #expect(scene.auditLines.last?.contains("\"event\":\"rollback\"") == true)
        try expect(updater, has: "two")
        let refused = try scene.update(updater, at: Self.now).refused
        #expect(refused.map(\.causes) == [[.replay]])
        #expect(refused.first?.reason.contains("rolled back") == true)
        try expect(updater, has: "two")
        #expect(updater.report.lists.map(\.isFallback) == [true])

        let (restarted, _) = try scene.started(at: Self.now)
        try expect(restarted, has: "two")
        #expect(try scene.update(restarted, at: Self.now).refused.count == 1)
        try expect(restarted, has: "two")
        // Undone, it is taken from the source as any other.
        _ = try restarted.rollBack(by: UpdaterScene.caller, now: Self.now)
        try expect(restarted, has: "three")
        #expect(try scene.update(restarted, at: Self.now).refused == [])
        #expect(restarted.report.lists.map(\.isFallback) == [false])
        try expect(restarted, has: "three")
        // Once more, and then a new edition.
        _ = try restarted.rollBack(by: UpdaterScene.caller, now: Self.now)
        try write("four")
        #expect(try scene.update(restarted, at: Self.now).refused == [])
        try expect(restarted, has: "four", of: ["one", "two", "three", "four"])
        _ = try restarted.rollBack(by: UpdaterScene.caller, now: Self.now)
        try expect(restarted, has: "two")
        // The edition of the first rollback is still not wanted.
        try write("three")
        #expect(try scene.update(restarted, at: Self.now).refused.count == 1)
        try expect(restarted, has: "two")
        #expect(scene.keptSnapshots.count == 2)
    }

    @Test func `a second rollback forgets none of the first`() throws {
        let scene = try UpdaterScene(["police", "other"], gates: [.empty])
        try scene.write(names("one"))
        try scene.write(names("other-one"), to: "other")
        let (updater, _) = try scene.started(at: Self.now)
        try scene.write(names("two"))
        _ = try scene.update(updater, at: Self.now)
        _ = try updater.rollBack(by: UpdaterScene.caller, now: Self.now)
        try scene.write(names("other-two"), to: "other")
        #expect(try scene.update(updater, at: Self.now).refused.map(\.id) == ["police"])
        #expect(try updater.blocks(names("other-two")[0]))
        _ = try updater.rollBack(by: UpdaterScene.caller, now: Self.now)
        #expect(try updater.blocks(names("other-one")[0]))
        #expect(try scene.update(updater, at: Self.now).refused.map(\.id) == ["police", "other"])
        try expect(
            updater,
            has: "one",
            of: ["one", "two", "other-one", "other-two"].filter { $0.hasPrefix("o") == false || $0 == "one" }
        )
    }

    @Test func `a rollback spares what the operator spares now`() throws {
        var scene = try UpdaterScene(gates: [.empty])
        scene.plan.allow = try scene.folder.write("spared.test\n", to: "allow.txt")
        try scene.write(names("one") + ["innocent.test"])
        let (updater, _) = try scene.started(at: Self.now)
        try scene.write(names("two"))
        _ = try scene.update(updater, at: Self.now)
        try scene.folder.write("spared.test\ninnocent.test\n", to: "allow.txt")
        _ = try scene.update(updater, at: Self.now)
        _ = try updater.rollBack(by: UpdaterScene.caller, now: Self.now)
        #expect(try updater.blocks(names("one")[0]))
        #expect(try updater.blocks("innocent.test") == false)
        try scene.remove("allow.txt")
        try scene.remove("police.txt")
        let restarted = try scene.started(at: Self.now).updater
        #expect(try restarted.blocks(names("one")[0]))
        #expect(try restarted.blocks("innocent.test") == false)
    }

    @Test func `lists that are reordered or left out are no change to go back on`() throws {
        var scene = try UpdaterScene(["police", "other"], gates: [.empty])
        try scene.write(names("one"))
        try scene.write(names("other-one"), to: "other")
        let (updater, _) = try scene.started(at: Self.now)
        try scene.write(names("two"))
        _ = try scene.update(updater, at: Self.now)
        scene.plan.lists.reverse()
        _ = try scene.update(updater, at: Self.now)
        scene.plan.lists.removeFirst()
        _ = try scene.update(updater, at: Self.now)
        _ = try updater.rollBack(by: UpdaterScene.caller, now: Self.now)
        try expect(updater, has: "one")
        #expect(updater.report.lists.map(\.id) == ["police"])
    }

    @Test func `without a state directory there is nothing to roll back to`() throws {
        let scene = try UpdaterScene(gates: [.empty])
        try scene.write(names("one"))
        let updater = ListUpdater(scene.plan, slots: ListSlots())
        _ = try updater.start(now: Self.now)
        try scene.write(names("two"))
        _ = try scene.update(updater, at: Self.now)
        #expect(throws: ListUpdater.Refusal.noStore) { try updater.rollBack(by: UpdaterScene.caller) }
        try expect(updater, has: "two")
    }

    @Test(arguments: [0, 1])
    func `a rollback to lists that are not all there is refused, and changes nothing`(damaged: Int) throws {
        let scene = try UpdaterScene(["police", "other"], gates: [.empty])
        // As snapshots, which are kept in a file each.
        func write(_ edition: String) throws {
            for id in ["police", "other"] {
                try writeSnapshot(of: [(id, names("\(id)-\(edition)"))], to: scene.folder[id + ".txt"])
            }
        }
        try write("one")
        let (updater, _) = try scene.started(at: Self.now)
        let first = scene.keptSnapshots
        try write("two")
        _ = try scene.update(updater, at: Self.now)
        #expect(first.count == 2)
        #expect(scene.keptSnapshots.count == 4)
        try scene.folder.write("damaged", to: "state/" + first[damaged])
        let before = scene.stateFiles
        let generation = updater.source.generation
        #expect(throws: ListUpdater.Refusal.previousUnusable) { try updater.rollBack(by: UpdaterScene.caller) }
        #expect(updater.source.generation == generation)
        #expect(scene.stateFiles == before)
        #expect(try updater.blocks(names("police-two")[0]))
        #expect(try updater.blocks(names("other-two")[0]))
    }

    @Test func `a kept edition that was damaged on the disk is written anew, and its loss is told`() throws {
        let scene = try UpdaterScene()
        try scene.write(names("good"))
        let (updater, _) = try scene.started(at: Self.now)
        let name = try #require(scene.keptSnapshots.first)
        var octets = try #require(scene.folder.content("state/" + name))
        octets[octets.count - 100] ^= 1
        try scene.folder.write(octets, to: "state/" + name)
        #expect(try scene.update(updater, at: Self.now).refused == [])
        octets[octets.count - 100] ^= 1
        #expect(scene.folder.content("state/" + name) == octets)
        octets[octets.count - 100] ^= 1
        try scene.folder.write(octets, to: "state/" + name)
        let (_, outcome) = try scene.started(at: Self.now)
        #expect(outcome.refused == [])
        #expect(outcome.damage.count == 1)
        #expect(outcome.damage.first?.contains(name) == true)
        try scene.remove("police.txt")
        let (restarted, second) = try scene.started(at: Self.now)
        #expect(second.warnings + second.damage == [])
        #expect(try restarted.blocks(names("good")[0]))
    }

    @Test func `what a killed process left of a snapshot is removed`() throws {
        let scene = try UpdaterScene()
        try scene.write(names("good"))
        let (updater, _) = try scene.started(at: Self.now)
        let digest = String(repeating: "ab", count: 32)
        for name in [".\(digest).snapshot.k3v1", ".\(digest).snapshot.new", "\(digest).snapshot"] {
            try scene.folder.write("part", to: "state/" + name)
        }
        try scene.write(names("good") + ["one-more.test"])
        _ = try scene.update(updater, at: Self.now)
        #expect(scene.keptSnapshots.count == 2)
        #expect(scene.keptSnapshots.allSatisfy { $0.hasPrefix(".") == false && $0.contains(digest) == false })
    }
}
