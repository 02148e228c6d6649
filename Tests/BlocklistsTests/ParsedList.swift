import Blocklists
import TestSupport
import Wire

/// What a list's text says, read as a list file is.
struct ParsedList: Equatable, Sendable {
    /// An entry as text, to be compared and printed.
    struct Entry: Hashable, Sendable {
        var name: String
        var scope: String
        var isException = false

        /// Exactly `name`.
        static func exactly(_ name: String) -> Entry { Entry(name: name, scope: "itself") }
        /// `name` and what is under it.
        static func all(_ name: String) -> Entry { Entry(name: name, scope: "all") }
        /// What is under `name`.
        static func under(_ name: String) -> Entry { Entry(name: name, scope: "under") }
        /// The same names, exempt from the list.
        var exempt: Entry { Entry(name: name, scope: scope, isException: true) }
    }

    /// A line that is no entry, and why.
    struct Fault: Hashable, Sendable {
        var line: Int
        var cause: ListLineError

        init(_ line: Int, _ cause: ListLineError) {
            self.line = line
            self.cause = cause
        }
    }

    var entries: [Entry] = []
    var faults: [Fault] = []

    init(entries: [Entry] = [], faults: [Fault] = []) {
        self.entries = entries
        self.faults = faults
    }

    /// What `text` says in `format`.
    init(_ text: [UInt8], as format: ListFormat, match: MatchKind = .subdomains) {
        var parser = format.makeParser(match: match)
        var found: [EntryLocation] = []
        var name = DomainName()
        var number = 0
        for line in text.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            let line = Array(line)
            do throws(ListLineError) {
                try parser.locateEntries(in: line.span, into: &found)
                for location in found {
                    try HostName.parse(parser.name(at: location, in: line.span), into: &name)
                    entries.append(
                        Entry(
                            name: name.presentation(),
                            scope: location.scope == .itself
                                ? "itself" : location.scope == .subdomains ? "under" : "all",
                            isException: location.isException
                        )
                    )
                }
            } catch {
                faults.append(Fault(number, error))
            }
        }
        do throws(ListLineError) { try parser.finish() } catch { faults.append(Fault(number, error)) }
    }

    init(_ text: String, as format: ListFormat, match: MatchKind = .subdomains) {
        self.init(Array(text.utf8), as: format, match: match)
    }
}

/// Damaged lists: what a parser may meet instead of a valid one.
enum ListDamage {
    /// How many damaged copies each property test tries.
    static let count = 2_000

    /// Reads every prefix of `text` and many damaged copies of it; how many entries and faults there were.
    static func outcomes(of text: String, as format: ListFormat, seed: UInt64) -> (entries: Int, faults: Int) {
        let text = Array(text.utf8)
        var random = SeededRandom(seed: seed)
        var result = (entries: 0, faults: 0)
        func read(_ text: [UInt8]) {
            let list = ParsedList(text, as: format)
            result.entries += list.entries.count
            result.faults += list.faults.count
        }
        for count in 0...text.count { read(Array(text[..<count])) }
        for _ in 0..<count {
            var damaged = text
            for _ in 0..<Int.random(in: 1...6, using: &random) { damage(&damaged, using: &random) }
            read(damaged)
        }
        return result
    }

    private static func damage(_ text: inout [UInt8], using random: inout SeededRandom) {
        guard text.isEmpty == false else { return text.append(UInt8.random(in: 0...255, using: &random)) }
        let index = Int.random(in: 0..<text.count, using: &random)
        switch Int.random(in: 0...4, using: &random) {
        case 0: text[index] = UInt8.random(in: 0...255, using: &random)
        case 1: text[index] = Array("\n\r\t .*#;,\"()@|^$!/:\\".utf8).randomElement(using: &random) ?? 0
        case 2: text.removeSubrange(index..<Int.random(in: index...min(text.count, index + 40), using: &random))
        case 3:
            let part = Array(text[index..<Int.random(in: index...min(text.count, index + 60), using: &random)])
            text.insert(contentsOf: part, at: Int.random(in: 0...text.count, using: &random))
        default: text.insert(Array(" \n\t()\"@\\$".utf8).randomElement(using: &random) ?? 0, at: index)
        }
    }

    /// Host names that are all different.
    static func names(_ count: Int, seed: UInt64) -> [String] {
        var random = SeededRandom(seed: seed)
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789_-".utf8)
        return (0..<count).map { number in
            let labels = (0..<Int.random(in: 0...3, using: &random)).map { _ in
                let inner = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                    letters.randomElement(using: &random) ?? 0x61
                }
                return "x" + String(decoding: inner, as: UTF8.self) + "y"
            }
            return (["n\(number)"] + labels + ["test"]).joined(separator: ".")
        }
    }
}
