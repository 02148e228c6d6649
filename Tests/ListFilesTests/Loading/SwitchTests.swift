import Blocklists
import FoundationEssentials
import Glibc
import ListFiles
import Telemetry
import TestSupport
import Testing

@Suite("Kill switch and passes")
struct SwitchTests {
    private static let now = Timestamp(seconds: 1_800_000_000) ?? .now
    private let caller = UpdaterScene.caller

    private func pass(
        _ updater: ListUpdater,
        _ name: String,
        for seconds: Int64,
        at now: Timestamp = now
    ) throws(ListUpdater.Refusal) -> [String] {
        try updater.pass(Array(name.utf8), until: now.advanced(by: seconds), by: caller, now: now)
    }

    private func takeBack(_ updater: ListUpdater, _ name: String) throws(ListUpdater.Refusal) -> [String] {
        try updater.takeBack(Array(name.utf8), by: caller, now: Self.now)
    }

    @Test func `the kill switch stops blocking, goes on counting and holds over updates and a restart`() throws {
        let scene = try UpdaterScene(["police", "other"])
        try scene.write(names("good"))
        try scene.write(["other.test"], to: "other")
        let (updater, _) = try scene.started(at: Self.now)
        #expect(try updater.setKillSwitch(true, by: caller, now: Self.now) == [])
        #expect(updater.report.killSwitch)
        #expect(updater.blocklist.lists.map(\.action) == [.observe, .observe])
        #expect(try updater.blocks("other.test"))
        #expect(scene.auditLines.last?.contains("\"event\":\"kill-switch\"") == true)
        _ = try scene.update(updater, at: Self.now)
        #expect(updater.blocklist.lists.map(\.action) == [.observe, .observe])
        let (restarted, _) = try scene.started(at: Self.now)
        #expect(restarted.report.killSwitch)
        #expect(restarted.blocklist.lists.map(\.action) == [.observe, .observe])
        #expect(try restarted.setKillSwitch(false, by: caller, now: Self.now) == [])
        #expect(restarted.blocklist.lists.map(\.action) == [.drop, .drop])
        #expect(try scene.started(at: Self.now).updater.blocklist.lists.map(\.action) == [.drop, .drop])
    }

    @Test func `a pass covers the name and all under it, holds over a restart and ends on time`() throws {
        let scene = try UpdaterScene()
        let listed = ["innocent-shop.example.test", "top", "two.test", "neighbour-shop.example.test"]
        var relaxed = scene
        relaxed.plan.lists[0].gates.gates = [.empty]
        try relaxed.write(listed)
        let (updater, _) = try relaxed.started(at: Self.now)
        #expect(try pass(updater, "Innocent-Shop.Example.Test.", for: 100) == [])
        #expect(try pass(updater, "two.test", for: 50) == [])
        #expect(try pass(updater, "top", for: 50) == [])
        #expect(updater.report.passes == 3)
        let (restarted, _) = try relaxed.started(at: Self.now.advanced(by: 10))
        for each in [updater, restarted] {
            for name in ["innocent-shop.example.test", "a.b.innocent-shop.example.test", "x.two.test", "a.top", "top"] {
                #expect(try each.blocklist.says(of: name).exemption?.reason == .passed, "\(name)")
            }
            #expect(try each.blocks("neighbour-shop.example.test"))
            #expect(try each.blocks("notinnocent-shop.example.test") == false)
        }
        try relaxed.expectSecrecy(of: listed.filter { $0.utf8.count > 8 })

        let generation = restarted.source.generation
        restarted.tick(now: Self.now.advanced(by: 49))
        #expect(restarted.source.generation == generation)
        restarted.tick(now: Self.now.advanced(by: 50))
        #expect(restarted.report.passes == 1)
        #expect(try restarted.blocks("two.test"))
        #expect(try restarted.blocks("innocent-shop.example.test") == false)
        restarted.tick(now: Self.now.advanced(by: 100))
        #expect(try restarted.blocks("innocent-shop.example.test"))
        #expect(restarted.report.passes == 0)
        restarted.tick(now: Self.now.advanced(by: 101))
        // Who begins after the end finds none, nor with a clock that is set back later.
        let (late, _) = try relaxed.started(at: Self.now.advanced(by: 200))
        late.tick(now: Self.now)
        #expect(try late.blocks("innocent-shop.example.test"))
    }

    @Test func `a pass that has ended while nothing ran lets nothing pass at the start`() throws {
        let scene = try UpdaterScene()
        try scene.write(["innocent.test"])
        _ = try pass(try scene.started(at: Self.now).updater, "innocent.test", for: 100)
        let (updater, _) = try scene.started(at: Self.now.advanced(by: 100))
        #expect(try updater.blocks("innocent.test"))
    }

    @Test func `a pass is renewed, and taken back in whatever spelling`() throws {
        let scene = try UpdaterScene()
        try scene.write(["innocent.test", "åäö.test"])
        let (updater, _) = try scene.started(at: Self.now)
        _ = try pass(updater, "innocent.test", for: 10)
        _ = try pass(updater, "INNOCENT.test.", for: 100)
        #expect(updater.report.passes == 1)
        updater.tick(now: Self.now.advanced(by: 50))
        #expect(try updater.blocks("innocent.test") == false)
        _ = try takeBack(updater, "innocent.TEST")
        #expect(try updater.blocks("innocent.test"))
        #expect(throws: ListUpdater.Refusal.noSuchPass) { try takeBack(updater, "innocent.test") }
        _ = try pass(updater, "ÅÄÖ.test", for: 10)
        #expect(try updater.blocks("xn--4cab6c.test") == false)
        _ = try takeBack(updater, "xn--4cab6c.test")
        #expect(updater.report.passes == 0)
        // One name is one name in the audit log, however it was typed.
        let digests = scene.auditLines.flatMap { line in
            line.split(separator: "\"").map(String.init).filter { $0.count == 32 }
        }
        #expect(digests.count == 5)
        #expect(Set(digests).count == 2)
    }

    @Test(arguments: ["", ".", "a b", "192.0.2.1", "http://innocent.test/", "*.innocent.test", "a..b"])
    func `what is no name is not let pass`(text: String) throws {
        let scene = try UpdaterScene()
        try scene.write(["innocent.test"])
        let (updater, _) = try scene.started(at: Self.now)
        let records = scene.auditLines.count
        #expect(throws: ListUpdater.Refusal.self) { try pass(updater, text, for: 10) }
        #expect(scene.auditLines.count == records)
        #expect(updater.report.passes == 0)
    }

    @Test func `so many passes and no more, but any of them can be renewed`() throws {
        let scene = try UpdaterScene()
        try scene.write(["innocent.test"])
        // Without a store, so that it takes no thousand files.
        let updater = ListUpdater(scene.plan, slots: ListSlots())
        _ = try updater.start(now: Self.now)
        for index in 0..<ListUpdater.maximumPasses {
            _ = try pass(updater, "n\(index).test", for: index == 0 ? 10 : 100)
        }
        let limit = ListUpdater.Refusal.tooManyPasses(limit: ListUpdater.maximumPasses)
        #expect(throws: limit) { try pass(updater, "innocent.test", for: 100) }
        _ = try pass(updater, "n7.test", for: 200)
        // One has ended, though nobody has looked since.
        _ = try pass(updater, "innocent.test", for: 100, at: Self.now.advanced(by: 10))
        #expect(updater.report.passes == ListUpdater.maximumPasses)
    }

    @Test func `switches, passes and rollbacks leave each other alone`() throws {
        let scene = try UpdaterScene(gates: [.empty])
        try scene.write(names("one"))
        let (updater, _) = try scene.started(at: Self.now)
        try scene.write(names("two"))
        _ = try scene.update(updater, at: Self.now)
        _ = try pass(updater, names("one")[0], for: 100)
        _ = try updater.setKillSwitch(true, by: caller, now: Self.now)
        _ = try updater.rollBack(by: caller, now: Self.now)
        for each in [updater, try scene.started(at: Self.now).updater] {
            #expect(each.report.killSwitch)
            #expect(each.report.passes == 1)
            #expect(try each.blocklist.says(of: names("one")[0]).exemption?.reason == .passed)
            #expect(try each.blocks(names("one")[1]))
            #expect(each.blocklist.lists.map(\.action) == [.observe])
        }
    }
}
