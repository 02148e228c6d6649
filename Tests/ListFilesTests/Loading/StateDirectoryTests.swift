import Blocklists
import FoundationEssentials
import Glibc
import ListFiles
import Telemetry
import TestSupport
import Testing

/// Full disks, damaged files, kills and clocks that are wrong: the last good lists keep running.
@Suite("State directory")
struct StateDirectoryTests {
    private static let now = Timestamp(seconds: 1_800_000_000) ?? .now

    // MARK: - A full disk

    @Test(.enabled(if: getuid() == 0, "needs root"))
    func `on a full disk lists and switches are in force, and what was kept is kept`() async throws {
        let scene = try UpdaterScene(gates: [.empty])
        try FileManager.default.createDirectory(atPath: scene.state, withIntermediateDirectories: false)
        _ = try await shell("mount -t tmpfs -o size=1m tmpfs \(scene.state)")
        do {
            try fillAndCheck(scene)
        } catch {
            _ = try await shell("umount \(scene.state)")
            throw error
        }
        _ = try await shell("umount \(scene.state)")
    }

    private func fillAndCheck(_ scene: UpdaterScene) throws {
        try scene.write(names("one", 5_000))
        let (updater, _) = try scene.started(at: Self.now)
        let before = scene.keptSnapshots
        try scene.write(names("two", 60_000))
        let outcome = try scene.update(updater, at: Self.now)
        #expect(outcome.refused == [])
        #expect(outcome.warnings.count == 1)
        #expect(outcome.warnings.first?.contains("No space left on device") == true)
        #expect(try updater.blocks(names("two")[0]))
        #expect(scene.keptSnapshots == before)
        // The next start has the source, or what was kept.
        let two = try #require(scene.folder.content("police.txt"))
        try scene.remove("police.txt")
        #expect(try scene.started(at: Self.now).updater.blocks(names("one")[0]))
        try scene.folder.write(two, to: "police.txt")
        #expect(try scene.started(at: Self.now).updater.blocks(names("two")[0]))

        // Not one octet more.
        _ = try? AtomicFile.write([UInt8](repeating: 0, count: 1 << 19), to: scene.state + "/filler-0", mode: 0o600)
        for index in 1..<2_000 {
            guard (try? AtomicFile.write([0], to: scene.state + "/filler-\(index)", mode: 0o600)) != nil else { break }
        }
        let warnings = try updater.setKillSwitch(true, by: UpdaterScene.caller, now: Self.now)
        #expect(warnings.isEmpty == false)
        #expect(updater.blocklist.lists.map(\.action) == [.observe])
        #expect(updater.report.killSwitch)
        let passed = try updater.pass(
            Array(names("two")[0].utf8),
            until: Self.now.advanced(by: 60),
            by: UpdaterScene.caller,
            now: Self.now
        )
        #expect(passed.isEmpty == false)
        #expect(try updater.blocks(names("two")[0]) == false)
        // What is in use was never kept, so that the lists before it are those that are.
        let error = #expect(throws: ListUpdater.Refusal.self) { try updater.rollBack(by: UpdaterScene.caller) }
        guard case .unkept = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(try updater.blocks(names("two")[1]))
        for index in 0..<2_000 { try? FileManager.default.removeItem(atPath: scene.state + "/filler-\(index)") }
        _ = try updater.rollBack(by: UpdaterScene.caller, now: Self.now)
        #expect(try updater.blocks(names("one")[1]))
        #expect(try updater.blocks(names("two")[1]) == false)
        #expect(try scene.update(updater, at: Self.now).refused.map(\.causes) == [[.replay]])
        #expect(try scene.started(at: Self.now).updater.blocks(names("one")[1]))
    }

    @Test(.enabled(if: getuid() != 0, "root may write anywhere"))
    func `a state directory that cannot be written stops no list`() throws {
        let scene = try UpdaterScene(gates: [.empty])
        try scene.write(names("one"))
        let (updater, _) = try scene.started(at: Self.now)
        try setMode(0o500, of: scene.state)
        defer { try? setMode(0o700, of: scene.state) }
        try scene.write(names("two"))
        let outcome = try scene.update(updater, at: Self.now)
        #expect(outcome.warnings.isEmpty == false)
        #expect(try updater.blocks(names("two")[0]))
    }

    // MARK: - Kills

    @Test(arguments: 0..<24)
    func `a kill at any moment of updates, rollbacks and passes leaves lists that are whole`(round: Int) async throws {
        let scene = try UpdaterScene(gates: [.empty])
        try scene.write(names("e0", 200))
        _ = try scene.started(at: Self.now)
        let path = scene.folder.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, round = round as Int] in
            let plan = ListPlan.police(in: path + "/police.txt")
            let store = try ListStore(path + "/state")
            let settings = ListUpdater.Settings(store: store, audit: AuditLog(store.auditLogPath))
            let updater = ListUpdater(plan, settings: settings, slots: ListSlots())
            let caller = AuditCaller(uid: 0)
            _ = try updater.start()
            var random = SeededRandom(seed: UInt64(round))
            killSoon(&random)
            var edition = 1
            while true {
                switch Int.random(in: 0..<6, using: &random) {
                case 0: _ = try? updater.rollBack(by: caller)
                case 1: _ = try updater.setKillSwitch(Bool.random(using: &random), by: caller)
                case 2: _ = try updater.pass(Array("passed.test".utf8), until: .now.advanced(by: 60), by: caller)
                default:
                    let text = (0..<200).map { "n\($0).e\(edition % 5)-edition.test\n" }.joined()
                    try AtomicFile.write(Array(text.utf8), to: path + "/police.txt", mode: 0o600)
                    _ = try updater.update(plan, by: caller)
                    edition += 1
                }
            }
        }
        func edition(of updater: ListUpdater) throws -> [String] {
            try (0..<5).map { "e\($0)" }.filter { edition in
                let blocked = try names(edition, 200).map { try updater.blocks($0) }
                // Whole or not at all.
                #expect(Set(blocked).count == 1)
                return blocked[0]
            }
        }
        let (updater, outcome) = try scene.started()
        #expect(outcome.warnings + outcome.damage == [])
        #expect(try edition(of: updater).count == 1)
        #expect(scene.keptSnapshots.count <= 2)
        let first = try edition(of: updater)
        _ = try? updater.setKillSwitch(false, by: UpdaterScene.caller)
        // With nothing but what is kept.
        try scene.remove("police.txt")
        let (alone, second) = try scene.started()
        #expect(second.refused.count == 1)
        #expect(second.warnings + second.damage == [])
        #expect(try edition(of: alone) == first)
        // And whatever there is to go back to is whole, too.
        do throws(ListUpdater.Refusal) {
            _ = try alone.rollBack(by: UpdaterScene.caller)
        } catch {
            #expect(error == .noPrevious)
        }
        #expect(try edition(of: alone).count == 1)
    }

    // MARK: - Damage

    private static let documents = [
        "", "\n", "{", "{}", "[]", "null", "\u{0}\u{0}", "{\"version\":2,\"lists\":[]}",
        "{\"version\":1,\"lists\":[{\"id\":7}]}", "{\"version\":1e400,\"lists\":[]}",
        "{\"version\":1,\"killSwitch\":\"yes\",\"passes\":[],\"held\":[]}",
        "{\"version\":1,\"killSwitch\":true,\"passes\":[{\"fingerprint\":[]}],\"held\":[]}",
        String(repeating: "[", count: 100_000), String(repeating: "x", count: 2 << 20),
    ]

    @Test(arguments: ["current.json", "previous.json", "switches.json"], documents)
    func `a damaged file is set aside and told of, and the lists are used`(file: String, document: String) throws {
        let scene = try UpdaterScene(gates: [.empty])
        try scene.write(names("one"))
        let (updater, _) = try scene.started(at: Self.now)
        try scene.write(names("two"))
        _ = try scene.update(updater, at: Self.now)
        _ = try updater.setKillSwitch(true, by: UpdaterScene.caller, now: Self.now)
        try scene.folder.write(document, to: "state/" + file)
        let (restarted, outcome) = try scene.started(at: Self.now)
        #expect(outcome.refused == [])
        #expect(outcome.damage.count == 1)
        #expect(outcome.damage.first?.contains(file) == true)
        #expect(outcome.damage.first?.contains("\n") == false)
        #expect(scene.folder.content("state/\(file).damaged") == Array(document.utf8))
        #expect(try restarted.blocks(names("two")[0]))
        #expect(restarted.report.killSwitch == (file != "switches.json"))
        _ = try restarted.setKillSwitch(true, by: UpdaterScene.caller, now: Self.now)
        // Told once.
        #expect(try scene.started(at: Self.now).outcome.damage == [])
    }

    @Test func `whatever stands in the files of the state directory, a start ends in lists or in an error`() throws {
        var random = SeededRandom(seed: 4)
        let scene = try UpdaterScene(gates: [.empty])
        try scene.write(names("one"))
        let (updater, _) = try scene.started(at: Self.now)
        try scene.write(names("two"))
        _ = try scene.update(updater, at: Self.now)
        _ = try updater.pass(
            Array("a.passed.test".utf8),
            until: Self.now.advanced(by: 60),
            by: UpdaterScene.caller,
            now: Self.now
        )
        let state = scene.stateFiles
        let two = try #require(scene.folder.content("police.txt"))
        var outcomes: Set<String> = []
        for round in 0..<400 {
            for name in scene.stateFiles.keys { try scene.remove("state/" + name) }
            for (name, octets) in state { try scene.folder.write(octets, to: "state/" + name) }
            try setMode(0o600, of: scene.folder["state/state.key"])
            let name = try #require(state.keys.sorted().randomElement(using: &random))
            try scene.folder.write(mutation(of: state[name] ?? [], &random), to: "state/" + name)
            if name == "state.key" { try setMode(0o600, of: scene.folder["state/state.key"]) }
            let hasSource = round.isMultiple(of: 2)
            if hasSource { try scene.folder.write(two, to: "police.txt") } else { try? scene.remove("police.txt") }
            do throws(ListFileError) {
                let store = try ListStore(scene.state, replacesDamagedKey: round.isMultiple(of: 4) == false)
                let updater = ListUpdater(
                    scene.plan,
                    settings: ListUpdater.Settings(store: store, audit: AuditLog(store.auditLogPath)),
                    slots: ListSlots()
                )
                _ = try updater.start(now: Self.now)
                let isTwo = (try? updater.blocks(names("two")[0])) == true
                #expect(isTwo || (try? updater.blocks(names("one")[0])) == true, "\(name)")
                _ = try? updater.rollBack(by: UpdaterScene.caller, now: Self.now)
                updater.tick(now: Self.now.advanced(by: 60))
                outcomes.insert(isTwo ? "two" : "one")
            } catch {
                // Only the key, without which nothing can be kept, stops a start that has a source.
                #expect(hasSource == false || name == "state.key", "\(name): \(error)")
                #expect(error.description.contains("\n") == false)
                outcomes.insert("error")
            }
        }
        #expect(outcomes.contains("two") && outcomes.contains("error"))
    }

    @Test(arguments: ["", "secret", String(repeating: "0", count: 63), String(repeating: "g", count: 64)])
    func `a damaged state key is an error to a command, and set aside by the sensor`(text: String) throws {
        let scene = try UpdaterScene()
        try scene.write(names("one"))
        _ = try scene.started(at: Self.now)
        try scene.folder.write(text, to: "state/state.key")
        try setMode(0o600, of: scene.folder["state/state.key"])
        let error = #expect(throws: ListFileError.self) { _ = try scene.store() }
        #expect(error?.description.hasPrefix(scene.folder["state/state.key"]) == true)
        #expect(text.isEmpty || error?.description.contains(text) == false)
        // What the sensor does at its start, and no command beside it.
        let store = try ListStore(scene.state, replacesDamagedKey: true)
        #expect(scene.folder.content("state/state.key.damaged-1") == Array(text.utf8))
        #expect(try mode(of: scene.folder["state/state.key"]) == 0o600)
        #expect(try scene.store().key == store.key)
        // What was kept under the old one is of no use, and the source is all there is.
        let updater = ListUpdater(scene.plan, settings: ListUpdater.Settings(store: store), slots: ListSlots())
        let outcome = try updater.start(now: Self.now)
        #expect(outcome.refused == [])
        #expect(outcome.damage.count == 2)
        #expect(outcome.damage.first?.hasPrefix(scene.folder["state/state.key"] + ": damaged, moved to ") == true)
        #expect(outcome.damage.allSatisfy { $0.contains("\n") == false })
        #expect(text.isEmpty || outcome.damage.allSatisfy { $0.contains(text) == false })
        #expect(try updater.blocks(names("one")[0]))
        // Told once, and what is kept is kept under the new one.
        try scene.remove("police.txt")
        let (second, alone) = try scene.started(at: Self.now)
        #expect(alone.damage == [])
        #expect(try second.blocks(names("one")[0]))
    }

    @Test func `with a new state key names let pass are blocked, and kill switch, rollbacks and marks hold`() throws {
        let key = SigningKey.generate()
        var scene = try UpdaterScene(gates: [.empty])
        scene.plan.lists[0].trust = try TrustPolicy(publishers: [key.verificationKey])
        try scene.write(names("one"))
        try scene.sign(sequence: 7, by: [key])
        let (updater, _) = try scene.started(at: Self.now)
        let passed = Array(names("one")[0].utf8)
        _ = try updater.pass(passed, until: Self.now.advanced(by: 3_600), by: UpdaterScene.caller, now: Self.now)
        _ = try updater.setKillSwitch(true, by: UpdaterScene.caller, now: Self.now)
        try scene.folder.write("", to: "state/state.key")
        try setMode(0o600, of: scene.folder["state/state.key"])

        func started() throws -> ListUpdater {
            let store = try ListStore(scene.state, replacesDamagedKey: true)
            let updater = ListUpdater(scene.plan, settings: ListUpdater.Settings(store: store), slots: ListSlots())
            _ = try updater.start(now: Self.now)
            return updater
        }
        let second = try started()
        #expect(second.report.killSwitch)
        #expect(second.report.passes == 0)
        _ = try second.setKillSwitch(false, by: UpdaterScene.caller, now: Self.now)
        #expect(try second.blocks(names("one")[0]))
        // Nor can an old release come back.
        try scene.write(names("two"))
        try scene.sign(sequence: 6, by: [key])
        #expect(try scene.update(second, at: Self.now).refused.map(\.causes) == [[.replay]])
        #expect(try started().report.passes == 0)
    }

    @Test func `a state key that others may read is no damage`() throws {
        let scene = try UpdaterScene()
        _ = try scene.store()
        let before = scene.folder.content("state/state.key")
        try setMode(0o644, of: scene.folder["state/state.key"])
        #expect(throws: ListFileError.self) { _ = try ListStore(scene.state, replacesDamagedKey: true) }
        #expect(scene.folder.content("state/state.key") == before)
    }

    @Test(arguments: [true, false])
    func `damaged marks are set aside and told of, at a start and while the sensor runs`(atStart: Bool) throws {
        let key = SigningKey.generate()
        var scene = try UpdaterScene(gates: [.empty])
        scene.plan.lists[0].trust = try TrustPolicy(publishers: [key.verificationKey])
        try scene.write(names("good"))
        try scene.sign(sequence: 7, by: [key])
        var (updater, outcome) = try scene.started(at: Self.now)
        #expect(outcome.damage == [])
        var octets = try #require(scene.folder.content("state/sequences"))
        let place = try #require(octets.firstIndex(of: UInt8(ascii: "7")))
        octets[place] = UInt8(ascii: "3")
        try scene.folder.write(octets, to: "state/sequences")
        if atStart {
            (updater, outcome) = try scene.started(at: Self.now)
        } else {
            outcome = try scene.update(updater, at: Self.now)
        }
        #expect(outcome.refused == [])
        #expect(outcome.damage.count == 1)
        #expect(outcome.damage.first?.hasPrefix(scene.folder["state/sequences"] + ": damaged, moved to ") == true)
        #expect(scene.folder.content("state/sequences.damaged-1") == octets)
        #expect(try updater.blocks(names("good")[0]))
        // The edition in use tells its number: what is older stays out, and what is newer comes in.
        try scene.write(names("old"))
        try scene.sign(sequence: 5, by: [key])
        let older = try scene.update(updater, at: Self.now)
        #expect(older.refused.map(\.causes) == [[.replay]])
        #expect(older.damage == [])
        try scene.write(names("new"))
        try scene.sign(sequence: 8, by: [key])
        #expect(try scene.update(updater, at: Self.now).refused == [])
        #expect(try updater.blocks(names("new")[0]))
    }

    @Test func `a state directory that is a file is an error that says so`() throws {
        let scene = try UpdaterScene()
        try scene.folder.write("", to: "state")
        let error = #expect(throws: ListFileError.self) { _ = try scene.store() }
        #expect(error?.description.hasPrefix(scene.state) == true)
    }

    // MARK: - Clocks

    @Test func `a clock set back takes nothing away and brings nothing back`() throws {
        let key = SigningKey.generate()
        var scene = try UpdaterScene(gates: [.empty])
        scene.plan.lists[0].trust = try TrustPolicy(publishers: [key.verificationKey])
        try scene.write(names("one"))
        try scene.sign(sequence: 1, expires: "2027-06-01T00:00:00Z", by: [key])
        let (updater, _) = try scene.started(at: Self.now)
        let before = try time("1970-01-01T00:00:00Z")
        _ = try updater.pass(
            Array(names("one")[0].utf8),
            until: Self.now.advanced(by: 10),
            by: UpdaterScene.caller,
            now: Self.now
        )
        updater.tick(now: Self.now.advanced(by: 10))
        updater.tick(now: before)
        // An ended pass stays ended.
        #expect(try updater.blocks(names("one")[0]))
        try scene.write(names("two"))
        try scene.sign(sequence: 2, expires: "2027-06-01T00:00:00Z", by: [key])
        #expect(try scene.update(updater, at: before).refused == [])
        #expect(try updater.blocks(names("two")[0]))
        try scene.write(names("one"))
        try scene.sign(sequence: 1, expires: "2027-06-01T00:00:00Z", by: [key])
        #expect(try scene.update(updater, at: before).refused.map(\.causes) == [[.replay]])
        let (restarted, _) = try scene.started(at: before)
        #expect(try restarted.blocks(names("two")[0]))
        _ = try restarted.rollBack(by: UpdaterScene.caller, now: before)
        #expect(try restarted.blocks(names("one")[0]))
    }
}
