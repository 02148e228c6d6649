import Blocklists
import FoundationEssentials
import ListFiles
import Telemetry
import TestSupport
import Testing

/// What has gone wrong elsewhere, brought to an updater: nothing of it may be activated, and the list in use stays.
@Suite("Incidents at an updater")
struct IncidentUpdateTests {
    private static let now = Timestamp(seconds: 1_800_000_000) ?? .now

    /// Updates with what a test has prepared, which must be refused for exactly these causes and leave everything as it is.
    private func expectRefusal(
        _ scene: UpdaterScene,
        _ updater: ListUpdater,
        for causes: Set<ListRefusal>,
        running: [String],
        planted: [String],
        at now: Timestamp = now,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let generation = updater.source.generation
        let before = updater.refusals()?.updates ?? 0
        let records = scene.auditLines.count
        let outcome = try scene.update(updater, at: now)
        #expect(outcome.refused.map(\.causes) == [causes], sourceLocation: sourceLocation)
        #expect(outcome.warnings == [], sourceLocation: sourceLocation)
        #expect(outcome.generation == generation, sourceLocation: sourceLocation)
        #expect(updater.source.generation == generation, sourceLocation: sourceLocation)
        #expect(updater.report.lists.map(\.isFallback) == [true], sourceLocation: sourceLocation)
        for name in running { #expect(try updater.blocks(name), sourceLocation: sourceLocation) }
        for name in planted {
            #expect(try updater.blocklist.says(of: name) == .nothing, sourceLocation: sourceLocation)
        }

        #expect(updater.refusals()?.updates == before + 1, sourceLocation: sourceLocation)
        for cause in causes {
            #expect(updater.refusals()?.updates(for: cause) ?? 0 > 0, "\(cause)", sourceLocation: sourceLocation)
        }
        let lines = scene.auditLines[records...]
        #expect(lines.count == 1, sourceLocation: sourceLocation)
        let line = try #require(lines.last, sourceLocation: sourceLocation)
        #expect(line.contains("\"event\":\"refuse\""), sourceLocation: sourceLocation)
        for cause in causes { #expect(line.contains("\"\(cause.label)\""), sourceLocation: sourceLocation) }
        try scene.expectSecrecy(
            of: planted + running,
            in: outcome.refused.map(\.reason) + outcome.warnings,
            sourceLocation: sourceLocation
        )

        // Nor does any of it come back with the next start.
        let (restarted, second) = try scene.started(at: now)
        #expect(second.refused.count == 1, sourceLocation: sourceLocation)
        for name in running { #expect(try restarted.blocks(name), sourceLocation: sourceLocation) }
        for name in planted {
            #expect(try restarted.blocklist.says(of: name) == .nothing, sourceLocation: sourceLocation)
        }
        try scene.expectSecrecy(of: planted + running, in: second.refused.map(\.reason), sourceLocation: sourceLocation)
    }

    @Test func `Denmark 2012: eight thousand innocent names, large platforms among them, stay out`() throws {
        var scene = try UpdaterScene()
        scene.plan.protected = try scene.folder.write("searchgiant.test\nsocialgiant.test\n", to: "protected.txt")
        let good = names("good", 1_000)
        try scene.write(good)
        let (updater, _) = try scene.started(at: Self.now)
        let innocent = (0..<8_000).map { "shop\($0).innocent-business.test" }
        try scene.write(good + innocent + ["www.searchgiant.test", "socialgiant.test"])
        try expectRefusal(
            scene,
            updater,
            for: [.growth, .protectedName],
            running: [good[0], good[999]],
            planted: [innocent[0], innocent[7_999], "www.searchgiant.test", "searchgiant.test", "socialgiant.test"]
        )
    }

    @Test(arguments: [
        "drive.usercontent.cloudgiant.test", "cloudgiant.test", "a.b.c.d.cloudgiant.test",
        "*.usercontent.cloudgiant.test",
    ])
    func `Italy 2024: a host under a protected name stays out, though nobody listed the very host`(entry: String) throws
    {
        var scene = try UpdaterScene()
        scene.plan.protected = try scene.folder.write("cloudgiant.test\n", to: "protected.txt")
        try scene.write(names("good"))
        let (updater, _) = try scene.started(at: Self.now)
        try scene.write(names("good") + [entry])
        let host = entry.replacing("*", with: "x")
        try expectRefusal(scene, updater, for: [.protectedName], running: [names("good")[0]], planted: [host])
    }

    @Test(arguments: [true, false])
    func `Italy 2024: what a sealed snapshot hides from the gate is spared all the same`(isSealed: Bool) throws {
        var scene = try UpdaterScene()
        scene.plan.protected = try scene.folder.write("cloudgiant.test\n", to: "protected.txt")
        scene.plan.lists[0].path = scene.folder["police.snapshot"]
        scene.plan.lists[0].sealKey = scene.folder["seal.key"]
        let key = try SealKey.generate(at: scene.folder["seal.key"]).hashKey()
        let path = scene.plan.lists[0].path
        try writeSnapshot(of: [("police", names("good"))], to: path, key: key, isSealed: isSealed)
        let (updater, _) = try scene.started(at: Self.now)
        let host = "drive.usercontent.cloudgiant.test"
        try writeSnapshot(of: [("police", names("good") + [host])], to: path, key: key, isSealed: isSealed)
        let outcome = try scene.update(updater, at: Self.now)
        // No gate can see an entry that lies under a protected name in fingerprints.
        #expect(outcome.refused == [])
        for restarted in [updater, try scene.started(at: Self.now).updater] {
            let lookup = try restarted.blocklist.says(of: host)
            #expect(lookup.match == nil)
            #expect(lookup.exemption == Exemption(reason: .protected, lists: 1))
            #expect(try restarted.blocklist.says(of: "x." + host).exemption?.reason == .protected)
            #expect(try restarted.blocks(names("good")[0]))
        }
        try scene.expectSecrecy(of: [host] + names("good"))
        // The shield outlives both the source and the operator's file.
        try scene.remove("police.snapshot")
        try scene.remove("protected.txt")
        let (alone, said) = try scene.started(at: Self.now)
        #expect(said.refused.count == 1)
        #expect(try alone.blocklist.says(of: host).exemption?.reason == .protected)
        #expect(try alone.blocks(names("good")[0]))
    }

    @Test func `Italy 2024: a snapshot that covers a protected name stays out`() throws {
        var scene = try UpdaterScene()
        scene.plan.protected = try scene.folder.write("drive.cloudgiant.test\n", to: "protected.txt")
        scene.plan.lists[0].path = scene.folder["police.snapshot"]
        let key = HashKey.random()
        try writeSnapshot(of: [("police", names("good"))], to: scene.plan.lists[0].path, key: key)
        let (updater, _) = try scene.started(at: Self.now)
        try writeSnapshot(of: [("police", names("good") + ["cloudgiant.test"])], to: scene.plan.lists[0].path, key: key)
        try expectRefusal(
            scene,
            updater,
            for: [.protectedName],
            running: [names("good")[0]],
            planted: ["cloudgiant.test", "drive.cloudgiant.test"]
        )
    }

    @Test func `Sweden 2007: a list for another purpose than the one agreed stays out`() throws {
        let key = SigningKey.generate()
        var scene = try UpdaterScene()
        scene.plan.lists[0].trust = try TrustPolicy(publishers: [key.verificationKey])
        scene.plan.lists[0].gates.purpose = "csam"
        try scene.write(names("good"))
        try scene.sign(sequence: 1, by: [key])
        let (updater, _) = try scene.started(at: Self.now)
        try scene.write(names("good") + ["filesharing-site.test"])
        try scene.sign(sequence: 2, purpose: "copyright", by: [key])
        try expectRefusal(
            scene,
            updater,
            for: [.purpose],
            running: [names("good")[0]],
            planted: ["filesharing-site.test"]
        )
        // Refused for its purpose, its number is not used up.
        try scene.sign(sequence: 2, by: [key])
        #expect(try scene.update(updater, at: Self.now).refused == [])
        #expect(try updater.blocks("filesharing-site.test"))
    }

    @Test func `Sweden 2007: a snapshot for another purpose stays out`() throws {
        var scene = try UpdaterScene()
        scene.plan.lists[0].gates.purpose = "csam"
        scene.plan.lists[0].path = scene.folder["police.snapshot"]
        let key = HashKey.random()
        try writeSnapshot(of: [("police", names("good"))], to: scene.plan.lists[0].path, key: key)
        let (updater, _) = try scene.started(at: Self.now)
        try writeSnapshot(
            of: [("police", names("good") + ["filesharing-site.test"])],
            to: scene.plan.lists[0].path,
            key: key,
            purpose: "copyright"
        )
        try expectRefusal(
            scene,
            updater,
            for: [.purpose],
            running: [names("good")[0]],
            planted: ["filesharing-site.test"]
        )
    }

    @Test(arguments: [
        "192.0.2.77", "198.51.100.0/24", "2001:db8::77", "2001:db8::/32", "192.0.2.77:443", "http://203.0.113.9/",
    ])
    func `Austria 2022, Australia 2013: a list with an address stays out`(line: String) throws {
        var scene = try UpdaterScene()
        scene.plan.lists[0].format = .text(.domains)
        try scene.write(names("good"))
        let (updater, _) = try scene.started(at: Self.now)
        try scene.write(names("good") + ["innocent-neighbour.test", line])
        try expectRefusal(
            scene,
            updater,
            for: [.rejects],
            running: [names("good")[0]],
            planted: ["innocent-neighbour.test"]
        )
        let reason = try scene.update(updater, at: Self.now).refused.first?.reason
        #expect(reason?.contains("police.txt:102: ") == true)
        #expect(reason?.contains(line) == false)
    }

    @Test(arguments: ["32.77.2.0.192.rpz-ip", "32.77.2.0.192.rpz-client-ip", "ns.hoster-of-many.test.rpz-nsdname"])
    func `Austria 2022: a policy zone with a trigger for addresses or servers stays out`(trigger: String) throws {
        var scene = try UpdaterScene()
        scene.plan.lists[0].format = .text(.rpz)
        let zone = "$TTL 60\n@ SOA localhost. root.localhost. 1 2 3 4 5\n  NS localhost.\n"
        let good = names("good").map { "\($0) CNAME .\n" }.joined()
        try scene.folder.write(zone + good, to: "police.txt")
        let (updater, _) = try scene.started(at: Self.now)
        try scene.folder.write(zone + good + "new-entry.test CNAME .\n\(trigger) CNAME .\n", to: "police.txt")
        try expectRefusal(
            scene,
            updater,
            for: [.rejects],
            running: [names("good")[0]],
            planted: ["new-entry.test", "hoster-of-many.test"]
        )
    }

    @Test func `IWF 2008: a page on a list is never widened to its host`() throws {
        var scene = try UpdaterScene()
        scene.plan.lists[0].format = .text(.urls)
        let good = names("good").map { "http://\($0)/" }
        try scene.write(good)
        let (updater, _) = try scene.started(at: Self.now)
        try scene.write(good + ["https://encyclopedia.test/wiki/Album", "http://photos.encyclopedia.test/?p=1"])
        let outcome = try scene.update(updater, at: Self.now)
        #expect(outcome.refused == [])
        #expect(outcome.readings.map(\.notEnforceableCount) == [2])
        #expect(outcome.lists.map(\.edition.listedCount) == [100])
        for name in ["encyclopedia.test", "photos.encyclopedia.test", "www.encyclopedia.test"] {
            #expect(try updater.blocklist.says(of: name) == .nothing)
        }
        #expect(try updater.blocks(names("good")[0]))
        #expect(try updater.blocks("www." + names("good")[0]) == false)
        try scene.expectSecrecy(of: ["encyclopedia.test", "photos.encyclopedia.test"] + names("good"))
    }

    @Test(arguments: ["MixedCase.LISTED.Test", "mixedcase.listed.test", "MIXEDCASE.LISTED.TEST."])
    func `IWF 2008: case hides no name, neither in the list nor in the packet`(entry: String) throws {
        let scene = try UpdaterScene()
        try scene.write(["other.test"])
        let (updater, _) = try scene.started(at: Self.now)
        try scene.write(["other.test", entry])
        #expect(try scene.update(updater, at: Self.now).refused == [])
        for name in [
            "mixedcase.listed.test", "MixedCase.Listed.Test", "mIxEdCaSe.lIsTeD.tEsT", "WWW.MIXEDCASE.LISTED.TEST",
        ] {
            #expect(try updater.blocks(name))
        }
        _ = try updater.pass(
            Array("MIXEDcase.Listed.TEST.".utf8),
            until: Self.now.advanced(by: 60),
            by: UpdaterScene.caller,
            now: Self.now
        )
        #expect(try updater.blocks("mixedcase.listed.test") == false)
    }

    @Test func `Stale lists 2010: a list that has expired goes on blocking, and it is told`() throws {
        let key = SigningKey.generate()
        var scene = try UpdaterScene()
        scene.plan.lists[0].trust = try TrustPolicy(publishers: [key.verificationKey])
        try scene.write(names("good"))
        try scene.sign(sequence: 1, expires: "2027-02-01T00:00:00Z", by: [key])
        let (updater, _) = try scene.started(at: Self.now)
        let end = try time("2027-02-01T00:00:00Z")
        #expect(updater.report.lists[0].isExpired(at: end.advanced(by: -1)) == false)
        updater.tick(now: end)
        #expect(updater.report.lists[0].isExpired(at: end))
        #expect(updater.blocklist.lists.map(\.action) == [.drop])
        #expect(try scene.update(updater, at: end).refused == [])
        #expect(updater.blocklist.lists.map(\.action) == [.drop])
        #expect(try scene.started(at: end).updater.blocks(names("good")[0]))
    }

    @Test func `Stale lists 2010: where that is configured a list that has expired observes, until it is renewed`()
        throws
    {
        let key = SigningKey.generate()
        var scene = try UpdaterScene(["police", "other"])
        scene.observesExpired = true
        scene.plan.lists[0].trust = try TrustPolicy(publishers: [key.verificationKey])
        try scene.write(names("good"))
        try scene.write(["other.test"], to: "other")
        try scene.sign(sequence: 1, expires: "2027-02-01T00:00:00Z", by: [key])
        let (updater, _) = try scene.started(at: Self.now)
        let end = try time("2027-02-01T00:00:00Z")
        let generation = updater.source.generation
        updater.tick(now: end.advanced(by: -1))
        #expect(updater.source.generation == generation)
        #expect(updater.blocklist.lists.map(\.action) == [.drop, .drop])
        updater.tick(now: end)
        #expect(updater.blocklist.lists.map(\.action) == [.observe, .drop])
        updater.tick(now: end.advanced(by: 1))
        #expect(updater.source.generation == generation + 1)
        // A clock that is set back makes the list current again, and nothing worse.
        updater.tick(now: end.advanced(by: -86_400))
        #expect(updater.blocklist.lists.map(\.action) == [.drop, .drop])
        #expect(try scene.started(at: end).updater.blocklist.lists.map(\.action) == [.observe, .drop])
        try scene.sign(sequence: 2, expires: "2027-03-01T00:00:00Z", by: [key])
        #expect(try scene.update(updater, at: end).refused == [])
        #expect(updater.blocklist.lists.map(\.action) == [.drop, .drop])
    }

    @Test func `Rollback attack: an older release stays out, and so does another of the same number`() throws {
        let key = SigningKey.generate()
        var scene = try UpdaterScene()
        scene.plan.lists[0].trust = try TrustPolicy(publishers: [key.verificationKey])
        try scene.write(names("good"))
        try scene.sign(sequence: 7, by: [key])
        let (updater, _) = try scene.started(at: Self.now)
        for sequence in [6, 1, 0, 7] as [UInt64] {
            try scene.write(names("good") + ["planted-entry.test"])
            try scene.sign(sequence: sequence, by: [key])
            try expectRefusal(
                scene,
                updater,
                for: [.replay],
                running: [names("good")[0]],
                planted: ["planted-entry.test"]
            )
        }
        // Not even where nothing but the marks is left of what was accepted.
        try scene.remove("state/current.json")
        let error = #expect(throws: ListFileError.self) { _ = try scene.started(at: Self.now) }
        guard case .refused(let lists) = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(lists.map(\.causes) == [[.replay]])
    }

    @Test func `Freeze attack: with the marks lost, the list in use still tells its number`() throws {
        let key = SigningKey.generate()
        var scene = try UpdaterScene()
        scene.plan.lists[0].trust = try TrustPolicy(publishers: [key.verificationKey])
        try scene.write(names("good"))
        try scene.sign(sequence: 7, by: [key])
        let (updater, _) = try scene.started(at: Self.now)
        try scene.folder.write("damaged", to: "state/sequences")
        try scene.write(names("good") + ["planted-entry.test"])
        try scene.sign(sequence: 6, by: [key])
        try expectRefusal(scene, updater, for: [.replay], running: [names("good")[0]], planted: ["planted-entry.test"])
        try scene.sign(sequence: 8, by: [key])
        #expect(try scene.update(updater, at: Self.now).refused == [])
    }

    @Test func `A list in another list's place is seen as what it is`() throws {
        let key = SigningKey.generate()
        var scene = try UpdaterScene()
        scene.plan.lists[0].trust = try TrustPolicy(publishers: [key.verificationKey])
        try scene.write(names("good"))
        try scene.sign(sequence: 7, by: [key])
        let (updater, _) = try scene.started(at: Self.now)
        try scene.write(names("good") + ["planted-entry.test"])
        try scene.sign(as: "gambling", sequence: 8, by: [key])
        try expectRefusal(
            scene,
            updater,
            for: [.signature],
            running: [names("good")[0]],
            planted: ["planted-entry.test"]
        )
    }
}
