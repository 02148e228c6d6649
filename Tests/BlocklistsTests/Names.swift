import Blocklists
import TestSupport
import Wire

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

/// What a blocklist means, said as plainly as can be: every entry is compared with every name as text.
struct NaiveBlocklist {
    var entries: [(name: String, scope: ListEntry.Scope, list: Int?)] = []

    /// What the lists are for and ask for; nil where all ask for the same.
    var descriptors: [ListDescriptor]?

    /// The list that says to block `name`; nil where none does.
    func list(of name: String) -> Int? {
        let covering = covering(name)
        guard covering.contains(where: { $0.list == nil }) == false else { return nil }
        let found = covering.compactMap(\.list).filter { descriptors?[$0].purpose ?? .action == .action }.sorted()
        return found.first { descriptors?[$0].action == .drop } ?? found.first
    }

    /// Whether a list of endpoints of encrypted DNS has `name`.
    func isEncryptedDNS(_ name: String) -> Bool {
        covering(name).compactMap(\.list).contains { descriptors?[$0].purpose == .encryptedDNS }
    }

    private func covering(_ name: String) -> [(name: String, scope: ListEntry.Scope, list: Int?)] {
        entries.filter { entry in
            let isUnder = name.hasSuffix("." + entry.name)
            return entry.name == name && entry.scope.contains(.itself) || isUnder && entry.scope.contains(.subdomains)
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
}
