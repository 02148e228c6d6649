import TestSupport
import Wire

@testable import Blocklists

extension DomainName {
    /// The name that `text` spells.
    init(_ text: String) throws(WireError) {
        let octets = Array(text.utf8)
        try self.init(text: octets.span)
    }
}

extension ListEntry {
    /// An entry for the name and all under it, unless `scope` says otherwise.
    init(_ text: String, _ scope: Scope = [.itself, .subdomains]) throws(WireError) {
        self.init(name: try DomainName(text), scope: scope)
    }
}

extension Blocklist {
    /// The identifier of the list that says to block `text`; nil where none does.
    func list(of text: String) throws -> String? {
        match(try DomainName(text)).map { lists[$0.list].id }
    }
}

/// The names of one snapshot as text.
struct NaiveSnapshot {
    struct Entry: Hashable {
        let name: String
        let scope: UInt8
        /// The index of the list; nil for the allow list.
        let list: Int?
        let role: EntryRole
    }

    private(set) var entries: [String: Set<Entry>] = [:]

    mutating func insert(_ entry: Entry) { entries[entry.name, default: []].insert(entry) }

    /// What stands for `name`: entries for itself, and entries for what lies under a name that it ends with.
    func covering(_ name: String) -> [Entry] {
        var found = entries[name, default: []].filter { $0.scope & 1 != 0 }
        for (index, character) in zip(name.indices, name) where character == "." {
            let above = String(name[name.index(after: index)...])
            found.formUnion(entries[above, default: []].filter { $0.scope & 2 != 0 })
        }
        return Array(found)
    }

    /// Every entry, in an order that is the same on every run.
    var all: [Entry] {
        entries.values.joined().sorted {
            ($0.name, $0.scope, $0.list ?? -1, $0.role.rawValue) < ($1.name, $1.scope, $1.list ?? -1, $1.role.rawValue)
        }
    }

    func count(_ isCounted: (Entry) -> Bool) -> Int { all.count(where: isCounted) }
}

/// What a blocklist means, said as plainly as can be: every entry is compared with every name as text.
struct NaiveBlocklist {
    /// The snapshots, and what is made of their lists.
    var parts: [(names: NaiveSnapshot, lists: [ListDescriptor?])] = []
    var allowed = NaiveSnapshot()
    var passes = NaiveSnapshot()
    var protected = NaiveSnapshot()
    var approved: Set<String> = []

    /// A list that is used and has a name.
    private struct Finding {
        let place: Int
        let descriptor: ListDescriptor
        let isTest: Bool
        /// Whether the snapshot that the list came in allows the name.
        let isExcused: Bool
    }

    private func findings(_ name: String) -> [Finding] {
        var findings: [Finding] = []
        var place = 0
        for part in parts {
            let covering = part.names.covering(name)
            for (index, descriptor) in part.lists.enumerated() {
                guard let descriptor else { continue }
                defer { place += 1 }
                let roles = covering.filter { $0.list == index }.map(\.role)
                guard roles.isEmpty == false, roles.contains(.exception) == false else { continue }
                let isExcused = covering.contains { $0.list == nil }
                findings.append(
                    Finding(
                        place: place,
                        descriptor: descriptor,
                        isTest: roles.contains(.test),
                        isExcused: isExcused
                    )
                )
            }
        }
        return findings
    }

    /// What is to be said of `name`, read in these protocols.
    func lookUp(_ name: String, in protocols: ListProtocols) -> Lookup {
        let findings = findings(name)
        let isEncryptedDNS = findings.contains { $0.descriptor.use == .encryptedDNS }
        let acting = findings.filter {
            $0.descriptor.use == .action && $0.descriptor.protocols.isDisjoint(with: protocols) == false
        }
        guard acting.isEmpty == false else { return Lookup(match: nil, isEncryptedDNS: isEncryptedDNS) }

        var blocking = acting.filter { $0.isExcused == false }
        var reason: Exemption.Reason?
        if blocking.isEmpty || allowed.covering(name).isEmpty == false {
            reason = .allowed
        } else if passes.covering(name).isEmpty == false {
            reason = .passed
        } else if protected.covering(name).isEmpty == false {
            blocking = blocking.filter { approved.contains($0.descriptor.id) }
            if blocking.isEmpty { reason = .protected }
        }
        if let reason {
            let exemption = Exemption(reason: reason, lists: Self.bits(acting))
            return Lookup(match: nil, isEncryptedDNS: isEncryptedDNS, exemption: exemption)
        }
        let deciding = blocking.min {
            let (one, other) = ($0.descriptor, $1.descriptor)
            if one.action != other.action { return one.action == .drop }
            return (one.precedence, $0.place) < (other.precedence, $1.place)
        }
        let match = deciding.map {
            Match(list: $0.place, others: Self.bits(blocking), tests: Self.bits(blocking.filter(\.isTest)))
        }
        return Lookup(match: match, isEncryptedDNS: isEncryptedDNS)
    }

    private static func bits(_ findings: [Finding]) -> UInt64 { findings.reduce(0) { $0 | 1 << UInt64($1.place) } }
}

/// A blocklist of everything there can be in one, and what it means.
struct RandomBlocklist {
    var naive = NaiveBlocklist()
    let blocklist: Blocklist
    private(set) var names: NameGenerator

    /// What it has follows from `seed` alone.
    init(seed: UInt64) throws {
        var names = NameGenerator(seed: seed)
        // Every third has snapshots under one key alone, as those of one sensor; others under several.
        let keys = (0..<(seed % 3 == 0 ? 1 : 3)).map { HashKey(seed, $0) }
        var parts: [Blocklist.Part] = []
        var room = Blocklist.maximumLists
        for part in 0..<[1, 2, 0, 4, 1, 3][Int(seed % 6)] {
            let count = min(room, [1, 2, 0, 5, Snapshot.maximumLists][names.random(5)])
            let own = (0..<count).map { names.descriptor("list-\(seed & 1 == 0 ? $0 : part * 100 + $0)") }
            let (snapshot, text) = try names.snapshot(own, keys[names.random(keys.count)], entries: 120)
            // Some lists are used otherwise than their snapshot says, some not at all.
            let used: [ListDescriptor?] = own.map {
                switch names.random(8) {
                case 0: nil
                case 1: names.descriptor($0.id)
                default: $0
                }
            }
            room -= used.count { $0 != nil }
            parts.append(
                part & 1 == 0 && used == own ? Blocklist.Part(snapshot) : Blocklist.Part(snapshot, lists: used)
            )
            naive.parts.append((text, used))
        }
        var exemptions = Blocklist.Exemptions()
        if seed % 4 != 0 {
            exemptions.approved = Set(parts.flatMap(\.lists).compactMap { names.random(4) == 0 ? $0?.id : nil })
            naive.approved = exemptions.approved
            var snapshot: Snapshot
            (snapshot, naive.allowed) = try names.snapshot([], HashKey(seed, 7), entries: 8)
            exemptions.allowed = snapshot
            (snapshot, naive.passes) = try names.snapshot([], keys[0], entries: 8)
            exemptions.passes = snapshot
            (snapshot, naive.protected) = try names.snapshot([], HashKey(seed, 9), entries: 8)
            exemptions.protected = snapshot
        }
        blocklist = Blocklist(parts, exemptions: exemptions)
        self.names = names
    }

    /// A number from zero on, below `limit`.
    mutating func number(_ limit: Int) -> Int { names.random(limit) }

    /// Every name in it, and of each its parents, children, siblings and near misses; and some names more.
    mutating func askedNames() -> Set<String> {
        let sources = naive.parts.map(\.names) + [naive.allowed, naive.passes, naive.protected]
        var asked = Set(sources.flatMap { $0.entries.keys })
        for name in asked {
            var parent = name[...]
            while let dot = parent.firstIndex(of: ".") {
                parent = parent[parent.index(after: dot)...]
                asked.formUnion([String(parent), "sibling.\(parent)"])
            }
            asked.formUnion([
                "www.\(name)", "a.b.\(name)", "not\(name)", "\(name).test", "\(name)x", String(name.dropFirst(2)),
            ])
        }
        for _ in 0..<100 { asked.insert(names.name()) }
        return asked.filter {
            $0.isEmpty == false && $0.utf8.count <= 253 && $0.first != "." && $0.contains("..") == false
                && $0.split(separator: ".").allSatisfy { $0.utf8.count < 64 }
        }
    }
}

/// Names that lie close to each other: few labels, so that parents, children, siblings and near misses meet.
struct NameGenerator {
    var random: SeededRandom

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
    }

    private static let labels = [
        "a", "b", "www", "mail", "example", "notexample", "examplex", "ex-ample", "example-", "xn--4cab6c", "org",
        "test", "co",
        String(repeating: "long", count: 15),
    ]
    private static let tops = ["test", "org", "example", "co.test", "a"]

    mutating func name() -> String {
        var labels: [String] = []
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            labels.append(Self.labels.randomElement(using: &random) ?? "")
        }
        labels.append(Self.tops.randomElement(using: &random) ?? "")
        return labels.joined(separator: ".")
    }

    mutating func scope() -> ListEntry.Scope {
        [[.itself], [.subdomains], [.itself, .subdomains]].randomElement(using: &random) ?? []
    }

    /// A number from zero on, below `limit`.
    mutating func random(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }

    /// A list with a policy of its own.
    mutating func descriptor(_ id: String) -> ListDescriptor {
        ListDescriptor(
            id: id,
            use: random(5) == 0 ? .encryptedDNS : .action,
            action: random(3) == 0 ? .observe : .drop,
            protocols: random(2) == 0 ? .all : ListProtocols(rawValue: UInt8(random(16))),
            precedence: random(2) == 0 ? ListDescriptor.defaultPrecedence : random(4)
        )
    }

    /// A snapshot of random entries for these lists and the allow list, in two forms.
    mutating func snapshot(
        _ lists: [ListDescriptor],
        _ key: HashKey,
        entries: Int
    ) throws -> (snapshot: Snapshot, text: NaiveSnapshot) {
        var text = NaiveSnapshot()
        var builder = BlocklistBuilder(lists: lists, key: key)
        let names = (0..<max(1, random(entries))).map { _ in name() }
        for _ in 0..<random(names.count * 3 + 1) {
            // The allow list alone where there is no other.
            let list = lists.isEmpty || random(12) == 0 ? nil : random(lists.count)
            let role: EntryRole = list == nil ? .listed : [.listed, .listed, .listed, .test, .exception][random(5)]
            let (name, scope) = (names[random(names.count)], scope())
            text.insert(NaiveSnapshot.Entry(name: name, scope: scope.rawValue, list: list, role: role))
            builder.add(try ListEntry(name, scope), list: list, role: role)
        }
        return (builder.buildSnapshot(), text)
    }
}

extension Snapshot {
    /// The positions of the entries that cover `name`.
    func positions(of name: borrowing DomainName) -> UInt64 { positions(of: name.view) }

    /// Whether the snapshot's allow list has `name`.
    func allows(_ name: borrowing DomainName) -> Bool { allows(name.view) }
}
