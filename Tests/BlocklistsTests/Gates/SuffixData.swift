import Blocklists
import TestSupport
import Wire

extension PublicSuffixRules {
    /// Rules as `text` spells them, none of them outside ASCII.
    init(_ text: String) throws(PublicSuffixError) {
        try self.init(text) { _ in nil }
    }

    /// Rules as `text` spells them.
    init(_ text: String, toASCII: (Span<UInt8>) -> [UInt8]?) throws(PublicSuffixError) {
        let octets = Array(text.utf8)
        try self.init(parsing: octets.span, toASCII: toASCII)
    }

    /// Whether the name that `text` spells is a public suffix.
    func isPublicSuffix(_ text: String) throws -> Bool { isPublicSuffix(try DomainName(text)) }
}

extension ProtectedNames {
    /// These names and all under them.
    init(_ names: [String]) throws {
        self.init(try names.map { try DomainName($0) })
    }
}

extension EntryCounts {
    /// What an examination counts of these entries.
    init(
        of entries: [(name: String, scope: ListEntry.Scope)],
        rules: PublicSuffixRules,
        protected: ProtectedNames
    ) throws {
        var examination = EntryExamination(rules: rules, protected: protected)
        for entry in entries { examination.examine(try ListEntry(entry.name, entry.scope)) }
        self = examination.counts
    }
}

/// The algorithm of publicsuffix.org, said as plainly as can be: every rule is compared with every name, label by label.
struct NaiveSuffixRules {
    var rules: [String]

    func isPublicSuffix(_ name: String) -> Bool {
        let labels = Self.labels(name)
        var matching = rules.filter { rule in
            let wanted = Self.labels(rule.hasPrefix("!") ? String(rule.dropFirst()) : rule)
            guard wanted.count <= labels.count else { return false }
            return zip(wanted, labels).allSatisfy { $0 == "*" || $0 == $1 }
        }
        if matching.isEmpty { matching = ["*"] }
        if let exception = matching.first(where: { $0.hasPrefix("!") }) {
            return Self.labels(exception).count - 1 == labels.count
        }
        return matching.map { Self.labels($0).count }.max() == labels.count
    }

    /// The labels of a name, the last one first.
    static func labels(_ name: String) -> [Substring] { name.split(separator: ".").reversed() }
}

/// Names over a few labels, so that most are ancestors of each other.
struct DenseNames {
    var random: SeededRandom

    static let labels = ["a", "b", "c"]

    /// A label that no generated rule or protected name has.
    static let fresh = "z"

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
    }

    mutating func name(upTo depth: Int) -> String {
        (0..<Int.random(in: 1...depth, using: &random))
            .map { _ in Self.labels.randomElement(using: &random) ?? "" }
            .joined(separator: ".")
    }

    mutating func rules() -> [String] {
        (0..<Int.random(in: 1...8, using: &random)).map { _ in
            let name = name(upTo: 3)
            return switch Int.random(in: 0..<4, using: &random) {
            case 0: "*." + name
            case 1: "!" + (name.contains(".") ? name : name + ".a")
            default: name
            }
        }
    }

    /// Every name with at most so many labels, over the labels of generated names and one more.
    static func all(upTo depth: Int) -> [String] {
        var level = labels + [fresh]
        var names = level
        for _ in 1..<depth {
            level = level.flatMap { name in (labels + [fresh]).map { "\($0).\(name)" } }
            names += level
        }
        return names
    }
}
