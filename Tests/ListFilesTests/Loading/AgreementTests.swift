import Blocklists
import FoundationEssentials
import ListFiles
import Telemetry
import TestSupport
import Testing

/// An entry, said as plainly as can be.
private struct PlainEntry {
    enum Cover: CaseIterable { case itself, below, both }

    var name: String
    var cover = Cover.both
    var isException = false

    func covers(_ other: String) -> Bool {
        let isBelow = other.hasSuffix("." + name)
        return switch cover {
        case .itself: other == name
        case .below: isBelow
        case .both: other == name || isBelow
        }
    }
}

/// A list as text compares it with every name.
private struct PlainList {
    var id: String
    var entries: [PlainEntry]

    func has(_ name: String) -> Bool {
        entries.contains { $0.isException == false && $0.covers(name) }
            && entries.contains { $0.isException && $0.covers(name) } == false
    }
}

/// Lists in every form, held against the plain meaning of their entries on every way that they take through the product.
@Suite("Agreement with a plain reference")
struct AgreementTests {
    private static let now = Timestamp(seconds: 1_800_000_000) ?? .now
    private static let labels = ["a", "b", "www", "ab", "x-y", "_sip", "xn--4cab6c", String(repeating: "l", count: 63)]
    private static let ends = ["test", "example", "co.test", "a.test"]

    private static func name(_ random: inout SeededRandom) -> String {
        let labels = (0..<Int.random(in: 1...4, using: &random)).map { _ in
            Self.labels.randomElement(using: &random) ?? ""
        }
        return (labels + [Self.ends.randomElement(using: &random) ?? ""]).joined(separator: ".")
    }

    private static func spelled(_ name: String, _ random: inout SeededRandom) -> String {
        String(
            decoding: name.utf8.map { Bool.random(using: &random) && (0x61...0x7A).contains($0) ? $0 ^ 0x20 : $0 },
            as: UTF8.self
        )
    }

    private enum Form: CaseIterable {
        case domains, wildcards, hosts, adblock, rpz, urls, packed, snapshot, sealed
    }

    /// Writes a list in this form, and says what it means.
    private static func write(
        _ form: Form,
        _ id: String,
        _ scene: inout UpdaterScene,
        _ random: inout SeededRandom
    ) throws -> PlainList {
        var list = PlainList(id: id, entries: [])
        for _ in 0..<Int.random(in: 1...40, using: &random) { list.entries.append(PlainEntry(name: name(&random))) }
        let place = try #require(scene.plan.lists.firstIndex { $0.descriptor.id == id })
        // Configured all the time: an edition that was sealed is needed again.
        let sealKey = scene.folder["seal-\(id).key"]
        scene.plan.lists[place].sealKey = sealKey
        var lines: [String] = []
        let format: ListFormat
        switch form {
        case .domains, .packed:
            format = .domains
            lines = list.entries.map { spelled($0.name, &random) }
        case .wildcards:
            format = .domains
            for index in list.entries.indices {
                if Bool.random(using: &random) { list.entries[index].cover = .below }
                lines.append(
                    (list.entries[index].cover == .below ? "*." : "") + spelled(list.entries[index].name, &random)
                )
            }
        case .hosts:
            format = .hosts
            lines = list.entries.map { "0.0.0.0\t\(spelled($0.name, &random))" }
        case .adblock:
            format = .adblock
            for index in list.entries.indices {
                list.entries[index].isException = index % 5 == 4
                lines.append("\(index % 5 == 4 ? "@@" : "")||\(spelled(list.entries[index].name, &random))^")
            }
        case .rpz:
            format = .rpz
            lines = ["$TTL 60", "$ORIGIN rpz.local.", "@ SOA localhost. root.localhost. 1 2 3 4 5", "  NS localhost."]
            for index in list.entries.indices {
                list.entries[index].cover = Bool.random(using: &random) ? .itself : .below
                list.entries[index].isException = index % 5 == 4
                let start = list.entries[index].cover == .below ? "*." : ""
                lines.append(
                    "\(start)\(spelled(list.entries[index].name, &random)) CNAME \(index % 5 == 4 ? "rpz-passthru." : ".")"
                )
            }
        case .urls:
            format = .urls
            for index in list.entries.indices {
                list.entries[index].cover = .itself
                lines.append(["https://", "http://"][index % 2] + spelled(list.entries[index].name, &random) + "/")
            }
        case .snapshot, .sealed:
            var key = HashKey.random()
            if form == .sealed {
                key = try SealKey.loadOrGenerate(at: sealKey).hashKey()
            }
            try writeSnapshot(
                of: [("unused", ["unused.test"]), (id, list.entries.map(\.name))],
                to: scene.plan.lists[place].path,
                key: key,
                isSealed: form == .sealed
            )
            scene.plan.lists[place].format = .snapshot
            return list
        }
        scene.plan.lists[place].format = .text(format)
        var text = Array(lines.map { $0 + (Bool.random(using: &random) ? "\r\n" : "\n") }.joined().utf8)
        if form == .packed { text = try packed(text) }
        try scene.folder.write(text, to: id + ".txt")
        return list
    }

    /// Every name of the lists, its parents, its children and its neighbours.
    private static func probes(_ lists: [PlainList], _ random: inout SeededRandom) -> Set<String> {
        var probes: Set<String> = []
        for entry in lists.flatMap(\.entries) {
            let labels = entry.name.split(separator: ".")
            for index in labels.indices { probes.insert(labels[index...].joined(separator: ".")) }
            probes.formUnion(["a.\(entry.name)", "x.y.\(entry.name)", "x\(entry.name)", "\(entry.name).test"])
        }
        for _ in 0..<50 { probes.insert(name(&random)) }
        return probes.filter { $0.utf8.count <= 253 && $0.split(separator: ".").allSatisfy { $0.utf8.count <= 63 } }
    }

    private static func expect(
        _ updater: ListUpdater,
        _ lists: [PlainList],
        allowed: PlainList,
        _ probes: Set<String>,
        _ what: String
    ) throws {
        let blocklist = updater.blocklist
        var disagreements = 0
        for name in probes {
            let expected = allowed.has(name) ? [] : lists.filter { $0.has(name) }.map(\.id)
            let found = try blocklist.blocking(name)
            // The first configured decides, and all that have it are told.
            if found.first != expected.first || Set(found) != Set(expected) { disagreements += 1 }
        }
        #expect(disagreements == 0, "\(what)")
    }

    @Test(arguments: 0..<24 as Range<UInt64>)
    func `a blocklist says what its lists say, built, kept, found again and gone back to`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var scene = try UpdaterScene(["first", "second", "third"], gates: [.empty, .rejects])
        var editions: [[PlainList]] = []
        var updater: ListUpdater?
        let allowed = PlainList(id: "", entries: (0..<5).map { _ in PlainEntry(name: Self.name(&random)) })
        scene.plan.allow = try scene.folder.write(allowed.entries.map { $0.name + "\n" }.joined(), to: "allow.txt")
        for edition in 0..<3 {
            var lists: [PlainList] = []
            for id in ["first", "second", "third"] {
                let form = Form.allCases.randomElement(using: &random) ?? .domains
                lists.append(try Self.write(form, id, &scene, &random))
            }
            editions.append(lists)
            if let updater {
                #expect(try scene.update(updater, at: Self.now).refused == [])
            } else {
                let (started, outcome) = try scene.started(at: Self.now)
                #expect(outcome.refused == [])
                updater = started
            }
            let running = try #require(updater)
            let probes = Self.probes(lists, &random)
            try Self.expect(running, lists, allowed: allowed, probes, "edition \(edition)")

            // From what is kept alone.
            for source in scene.plan.lists {
                try FileManager.default.moveItem(atPath: source.path, toPath: source.path + ".away")
            }
            let (alone, _) = try scene.started(at: Self.now)
            for source in scene.plan.lists {
                try FileManager.default.moveItem(atPath: source.path + ".away", toPath: source.path)
            }
            try Self.expect(alone, lists, allowed: allowed, probes, "edition \(edition) from the state directory")
        }
        let running = try #require(updater)
        let probes = Self.probes(editions.flatMap(\.self), &random)
        for (edition, what) in [(1, "gone back"), (2, "undone"), (1, "gone back again")] {
            _ = try running.rollBack(by: UpdaterScene.caller, now: Self.now)
            try Self.expect(running, editions[edition], allowed: allowed, probes, what)
        }
        let (restarted, _) = try scene.started(at: Self.now)
        try Self.expect(restarted, editions[1], allowed: allowed, probes, "gone back and begun anew")
        try scene.expectSecrecy(
            of: editions.flatMap(\.self).flatMap(\.entries).map(\.name).filter { $0.utf8.count > 70 }.prefix(5)
        )
    }

    @Test(arguments: 0..<12 as Range<UInt64>)
    func `a difference is what a comparison of the texts says`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed + 1_000)
        let scene = try UpdaterScene(gates: [.empty])
        func edition() -> Set<String> {
            Set((0..<Int.random(in: 1...60, using: &random)).map { _ in Self.name(&random) })
        }
        var before = edition()
        try scene.write(before)
        let (updater, _) = try scene.started(at: Self.now)
        for _ in 0..<4 {
            let next = edition().union(before.filter { _ in Bool.random(using: &random) })
            try scene.write(next.flatMap { [$0, $0] })
            let difference = try scene.update(updater, at: Self.now).differences["police"]
            #expect(difference?.added == next.subtracting(before).count)
            #expect(difference?.removed == before.subtracting(next).count)
            before = next
        }
    }
}
