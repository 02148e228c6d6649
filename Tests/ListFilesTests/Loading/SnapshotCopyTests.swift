import Blocklists
import FoundationEssentials
import Glibc
import ListFiles
import Telemetry
import TestSupport
import Testing
import Wire

/// The sensor looks names up in a copy of its own, whatever becomes of the file that came.
@Suite("Copies of snapshots")
struct SnapshotCopyTests {
    private static let now = Timestamp(seconds: 1_800_000_000) ?? .now
    private static let publisher = SigningKey.generate()

    private let scene: UpdaterScene

    init() throws {
        var scene = try UpdaterScene(gates: [.empty])
        scene.plan.lists[0].path = scene.folder["police.snapshot"]
        self.scene = scene
    }

    private func write(_ edition: String, by keys: [SigningKey] = [], sequence: UInt64? = nil) throws {
        try writeSnapshot(
            of: [("police", names(edition, 2_000))],
            to: scene.plan.lists[0].path,
            key: HashKey(1, 2),
            sequence: sequence,
            by: keys
        )
    }

    private func expect(_ updater: ListUpdater, has edition: String, of all: [String] = ["one", "two"]) throws {
        for other in all {
            for name in names(other, 2_000).prefix(200) { #expect(try updater.blocks(name) == (other == edition)) }
        }
    }

    /// What this process has mapped of files under the scene's folder.
    private func mappings() throws -> [String] { try mappedFiles(under: scene.folder.path) }

    @Test func `what becomes of the file that came takes nothing away`() throws {
        try write("one")
        let (updater, outcome) = try scene.started(at: Self.now)
        #expect(outcome.warnings == [])
        let path = scene.plan.lists[0].path
        #expect(try mappings().contains { $0.contains(path) } == false)
        // As cp does: the same file, cut and written anew.
        // SAFETY: the path is a string that outlives the call.
        let descriptor = unsafe open(path, O_WRONLY | O_TRUNC | O_CLOEXEC)
        try #require(descriptor >= 0)
        try expect(updater, has: "one")
        let prose = [UInt8](repeating: 0xFF, count: 4_000)
        // SAFETY: the buffer lives during the call.
        #expect(
            unsafe prose.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) } == prose.count
        )
        close(descriptor)
        try expect(updater, has: "one")
        #expect(try scene.update(updater, at: Self.now).refused.count == 1)
        try expect(updater, has: "one")
        // A start has the copy, which only its owner may read.
        let (restarted, second) = try scene.started(at: Self.now)
        #expect(second.lists.map(\.isFallback) == [true])
        try expect(restarted, has: "one")
        let kept = try #require(scene.keptSnapshots.first)
        #expect(try mappings().contains { $0.hasSuffix("/state/" + kept) && $0.contains(" r--p ") })
        #expect(try mode(of: scene.state + "/" + kept) == 0o600)
    }

    @Test func `an update and a rollback change what is mapped, and two editions are kept`() throws {
        try write("one")
        let (updater, _) = try scene.started(at: Self.now)
        let first = scene.keptSnapshots
        try write("two")
        #expect(try scene.update(updater, at: Self.now).refused == [])
        try expect(updater, has: "two")
        #expect(scene.keptSnapshots.count == 2)
        #expect(Set(scene.keptSnapshots).isSuperset(of: first))
        _ = try updater.rollBack(by: UpdaterScene.caller, now: Self.now)
        try expect(updater, has: "one")
        // What was mapped for the edition before is gone with the last who had it.
        #expect(try mappings().filter { $0.contains("/state/") }.count == 1)
        // The same edition once more is no other copy.
        try write("one")
        #expect(try scene.update(updater, at: Self.now).refused == [])
        #expect(scene.keptSnapshots.count == 2)
    }

    @Test func `what is refused leaves nothing, by its signature or by a gate`() throws {
        var scene = scene
        scene.plan.lists[0].trust = try TrustPolicy(publishers: [Self.publisher.verificationKey])
        try write("one", by: [Self.publisher], sequence: 1)
        let (updater, _) = try scene.started(at: Self.now)
        let files = Set(scene.stateFiles.keys)
        try write("two", by: [SigningKey.generate()], sequence: 2)
        #expect(try scene.update(updater, at: Self.now).refused.map(\.causes) == [[.signature]])
        #expect(Set(scene.stateFiles.keys) == files)
        scene.plan.lists[0].gates.gates = [.growth]
        scene.plan.lists[0].gates.growth.percent = 1
        try write("two", by: [Self.publisher], sequence: 2)
        #expect(try scene.update(updater, at: Self.now).refused.map(\.causes) == [[.growth]])
        #expect(Set(scene.stateFiles.keys) == files)
        try expect(updater, has: "one")
    }

    @Test func `what is not signed as configured is refused before anything else is asked of it`() throws {
        var scene = scene
        scene.plan.lists[0].trust = try TrustPolicy(publishers: [Self.publisher.verificationKey])
        // Without the seal key nothing could be read of it.
        scene.plan.lists[0].sealKey = scene.folder["none.seal"]
        let names = [("police", names("one"))]
        for (keys, words) in [([SigningKey.generate()], "signed by 0 of the 1"), ([Self.publisher], "none.seal")] {
            let path = scene.plan.lists[0].path
            let digest = try writeSnapshot(of: names, to: path, isSealed: true, sequence: 1, by: keys)
            let updater = try scene.updater()
            let error = #expect(throws: ListFileError.self) { try updater.start(now: Self.now) }
            guard case .refused(let lists) = error else { return #expect(Bool(false), "\(String(describing: error))") }
            #expect(lists.first?.reason.contains(words) == true, "\(lists)")
            #expect(lists.first?.digest == (words == "none.seal" ? nil : digest))
            #expect(scene.keptSnapshots == [])
        }
    }

    @Test func `a file with the header of one edition and the body of another is not taken for either`() throws {
        let path = scene.plan.lists[0].path
        try write("two")
        let two = try #require(scene.folder.content("police.snapshot"))
        try write("one")
        let one = try #require(scene.folder.content("police.snapshot"))
        let (updater, _) = try scene.started(at: Self.now)
        let start = try SnapshotFile(path) { _ in nil }.signedOctets.count
        try #require(one.count == two.count)
        // The first is kept whole; that its source is damaged is told all the same.
        for mixed in [one[..<start] + two[start...], two[..<start] + one[start...]] {
            try scene.folder.write(Array(mixed), to: "police.snapshot")
            #expect(try scene.update(updater, at: Self.now).refused.map(\.causes) == [[.damaged]])
            try expect(updater, has: "one")
            #expect(scene.keptSnapshots.count == 1)
        }
    }

    @Test func `further signatures of a known edition count`() throws {
        var scene = scene
        let second = SigningKey.generate()
        let keys = [Self.publisher, second].map(\.verificationKey)
        scene.plan.lists[0].trust = try TrustPolicy(publishers: keys)
        try write("one", by: [Self.publisher], sequence: 1)
        let (updater, outcome) = try scene.started(at: Self.now)
        #expect(outcome.lists.map(\.keys) == [[keys[0].id]])
        scene.plan.lists[0].trust = try TrustPolicy(publishers: keys, threshold: 2)
        #expect(try scene.update(updater, at: Self.now).refused.map(\.causes) == [[.signature]])
        let outline = try SnapshotOutline(scene.plan.lists[0].path)
        _ = try outline.sign(with: [second])
        let signed = try scene.update(updater, at: Self.now)
        #expect(signed.refused == [])
        #expect(signed.lists.map(\.keys) == [keys.map(\.id)])
        try expect(updater, has: "one")
    }

    @Test func `a copy that was damaged since is not used, and written anew`() throws {
        try write("one")
        _ = try scene.started(at: Self.now)
        let kept = try #require(scene.keptSnapshots.first)
        let whole = try #require(scene.stateFiles[kept])
        for damaged in [whole.dropLast(9), whole.dropLast(9) + [UInt8](repeating: 0x55, count: 9), []] {
            try scene.folder.write(Array(damaged), to: "state/" + kept)
            let (updater, outcome) = try scene.started(at: Self.now)
            #expect(outcome.refused == [])
            #expect(outcome.lists.map(\.isFallback) == [false])
            try expect(updater, has: "one")
            #expect(scene.stateFiles[kept] == whole)
        }
        #expect(scene.keptSnapshots == [kept])
    }

    // MARK: - Without a copy

    @Test(.enabled(if: getuid() == 0, "needs root"))
    func `on a full disk a snapshot is read into memory`() async throws {
        try FileManager.default.createDirectory(atPath: scene.state, withIntermediateDirectories: false)
        _ = try await shell("mount -t tmpfs -o size=256k tmpfs \(scene.state)")
        do {
            try write("one")
            let (updater, _) = try scene.started(at: Self.now)
            try writeSnapshot(of: [("police", names("two", 40_000))], to: scene.plan.lists[0].path)
            let outcome = try scene.update(updater, at: Self.now)
            #expect(outcome.refused == [])
            #expect(outcome.warnings.count == 1)
            #expect(outcome.warnings.first?.contains("No space left on device") == true)
            try expect(updater, has: "two")
            // SAFETY: the path is a string that outlives the call.
            #expect(unsafe truncate(scene.plan.lists[0].path, 0) == 0)
            try expect(updater, has: "two")
            #expect(scene.keptSnapshots.count == 1)
        } catch {
            _ = try await shell("umount -l \(scene.state)")
            throw error
        }
        _ = try await shell("umount -l \(scene.state)")
    }

    @Test func `where memory must not be locked a snapshot is read`() async throws {
        try write("one")
        let path = scene.folder.path
        _ = try await shell("chmod -R a+rwX \(path)")
        await #expect(processExitsWith: .success) { [path = path as String] in
            // Root may lock all it wants.
            if getuid() == 0 { try #require(setgid(65_534) == 0 && setuid(65_534) == 0) }
            var none = rlimit(rlim_cur: 0, rlim_max: 0)
            // SAFETY: `none` is a whole `rlimit`.
            try #require(unsafe setrlimit(CInt(__RLIMIT_MEMLOCK.rawValue), &none) == 0)
            let plan = ListPlan.police(in: path + "/police.snapshot")
            for _ in 0..<2 {
                let store = try ListStore(path + "/state")
                let updater = ListUpdater(plan, settings: ListUpdater.Settings(store: store), slots: ListSlots())
                #expect(try updater.start().warnings == [])
                #expect(try updater.blocks(names("one", 2_000)[7]))
                #expect(try mappedFiles(under: path) == [])
            }
        }
    }

    @Test func `without a state directory a snapshot is read`() throws {
        try write("one")
        let updater = ListUpdater(scene.plan, slots: ListSlots())
        _ = try updater.start(now: Self.now)
        // SAFETY: the path is a string that outlives the call.
        try #require(unsafe truncate(scene.plan.lists[0].path, 0) == 0)
        try expect(updater, has: "one")
        #expect(try mappings() == [])
    }

    // MARK: - Kills

    @Test(arguments: 0..<16)
    func `a kill at any moment of updates leaves snapshots that are whole, and no others`(round: Int) async throws {
        let editions = ["one", "two", "three"]
        for edition in editions {
            try write(edition)
            try scene.folder.write(scene.folder.content("police.snapshot") ?? [], to: edition)
        }
        _ = try scene.started(at: Self.now)
        let path = scene.folder.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, round = round as Int] in
            let plan = ListPlan.police(in: path + "/police.snapshot")
            let updater = ListUpdater(
                plan,
                settings: ListUpdater.Settings(store: try ListStore(path + "/state")),
                slots: ListSlots()
            )
            _ = try updater.start()
            var random = SeededRandom(seed: UInt64(round))
            killSoon(&random)
            while true {
                let edition = ["one", "two", "three"].randomElement(using: &random) ?? "one"
                let octets = Array(try Data(contentsOf: URL(filePath: path + "/" + edition)))
                try AtomicFile.write(octets, to: path + "/police.snapshot", mode: 0o600)
                _ = try updater.update(plan, by: AuditCaller(uid: 0))
                if Bool.random(using: &random) { _ = try? updater.rollBack(by: AuditCaller(uid: 0)) }
            }
        }
        try scene.remove("police.snapshot")
        let (updater, outcome) = try scene.started(at: Self.now)
        #expect(outcome.warnings == [])
        let running = try editions.filter { try updater.blocks(names($0, 2_000)[0]) }
        #expect(running.count == 1)
        try expect(updater, has: running.first ?? "", of: editions)
        // What a process was writing when it was killed goes with the next change that is kept.
        try write("fourth")
        #expect(try scene.update(updater, at: Self.now).refused == [])
        #expect(scene.keptSnapshots.count == 2)
    }
}

/// The lines of this process's mappings of files under a folder, those included that have no name any more or yet.
private func mappedFiles(under folder: String) throws -> [String] {
    // SAFETY: both strings live for the time of the call and end in zero; the result is checked, and closed once.
    guard let file = unsafe fopen("/proc/self/maps", "r") else { throw SystemCause(errno) }
    defer { unsafe _ = fclose(file) }
    var line: UnsafeMutablePointer<CChar>?
    defer { unsafe free(line) }
    var room = 0
    var found: [String] = []
    // SAFETY: getline keeps `line` and `room` in step, and ends each line with a zero octet.
    while unsafe getline(&line, &room, file) > 0, let text = unsafe line {
        // SAFETY: as above; the text is copied before the next line overwrites it.
        let mapping = unsafe String(cString: text)
        if mapping.contains(folder) { found.append(String(mapping.dropLast())) }
    }
    return found
}
