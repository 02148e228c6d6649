import TOMLKit

/// One table of a file, read key by key.
///
/// A fault is noted in the document and the value taken for left out; whoever reads the file asks for the faults at the end.
struct Section {
    private let document: Document
    private let table: TOMLTable

    /// The table's name, empty for the file itself, and which of several it is.
    private let name: String
    private let index: Int

    init(_ document: Document, _ table: TOMLTable, name: String = "", index: Int = 0) {
        self.document = document
        self.table = table
        self.name = name
        self.index = index
    }

    func string(_ key: String) -> String? {
        guard let value = value(key) else { return nil }
        guard let string = value.string else { return wrongType(key, "a text in quotes") }
        return string
    }

    func bool(_ key: String) -> Bool? {
        guard let value = value(key) else { return nil }
        guard let bool = value.bool else { return wrongType(key, "true or false") }
        return bool
    }

    func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = value(key) else { return nil }
        guard let integer = value.int, range.contains(integer) else {
            return wrongType(key, "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return integer
    }

    func integers(_ key: String, in range: ClosedRange<Int>) -> [Int]? {
        guard let value = value(key) else { return nil }
        let values = value.array?.map { $0.int }
        guard let values, values.allSatisfy({ $0.map(range.contains) ?? false }) else {
            return wrongType(key, "a list of numbers from \(range.lowerBound) to \(range.upperBound)")
        }
        return values.compactMap(\.self)
    }

    /// The value of an enumeration that is spelt by its raw value.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String,
        as type: Choice.Type
    ) -> Choice? where Choice.RawValue == String {
        choice(key, among: Choice.allCases.map { ($0.rawValue, $0) })
    }

    /// The value that a word stands for.
    func choice<Choice>(_ key: String, among choices: [(word: String, value: Choice)]) -> Choice? {
        guard let text = string(key) else { return nil }
        guard let choice = choices.first(where: { $0.word == text }) else {
            return refuse(key, "\(key) = \"\(text)\" is none of \(Self.quoted(choices.map(\.word)))")
        }
        return choice.value
    }

    /// The values that an array of different words stands for.
    func choices<Choice>(_ key: String, among choices: [(word: String, value: Choice)]) -> [Choice]? {
        guard let words = strings(key, "a list of texts in quotes") else { return nil }
        var values: [Choice] = []
        for word in words {
            guard let choice = choices.first(where: { $0.word == word }) else {
                return refuse(key, "\"\(word)\" in \(key) is none of \(Self.quoted(choices.map(\.word)))")
            }
            values.append(choice.value)
        }
        return values
    }

    /// A text for people, of at most `limit` octets and on one line.
    func text(_ key: String, limit: Int) -> String? {
        guard let text = string(key) else { return nil }
        guard text.utf8.count <= limit else {
            return refuse(key, "\(key) is longer than \(limit) octets; shorten it")
        }
        guard text.unicodeScalars.allSatisfy(Self.isPrintable) else {
            return refuse(key, "\(key) holds a control character; write it on one line, without tabs")
        }
        return text
    }

    /// A file or folder, relative to the file's folder where it is not absolute.
    func path(_ key: String) -> String? {
        guard let path = string(key) else { return nil }
        guard path.isEmpty == false else { return refuse(key, "\(key) must be a path, like \"lists/police.txt\"") }
        return document.resolve(path)
    }

    /// Different files or folders, so many at most.
    func paths(_ key: String, most: Int = .max) -> [String]? {
        let wanted = "a list of paths in quotes"
        guard let paths = strings(key, wanted) else { return nil }
        guard paths.contains("") == false else { return wrongType(key, wanted) }
        guard paths.count <= most else { return refuse(key, "\(key) are more than \(most); leave some out") }
        return paths.map(document.resolve)
    }

    /// The file of a secret: a path, or `credential:` and the name under which systemd passes it to the process.
    func secretPath(_ key: String) -> String? {
        guard let path = string(key) else { return nil }
        let prefix = "credential:"
        guard path.hasPrefix(prefix) else { return self.path(key) }
        let name = path.dropFirst(prefix.count)
        guard (1...255).contains(name.utf8.count), name != ".", name != "..",
            name.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "/") })
        else {
            return refuse(key, "\(key) names no credential; write credential:NAME with the NAME of LoadCredential=")
        }
        return path
    }

    /// An address with a host and one of `schemes`, or else `mend` is told.
    ///
    /// The address itself is never repeated: it may hold a password.
    func address(_ key: String, schemes: [String], mend: String) -> String? {
        guard let address = string(key) else { return nil }
        guard let end = address.firstRange(of: "://"), schemes.contains(address[..<end.lowerBound].lowercased()) else {
            return refuse(key, "\(key) must begin with \(mend)")
        }
        let authority = address[end.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        guard host.isEmpty == false, host.first != ":" else {
            return refuse(key, "\(key) names no host; write SCHEME://HOST")
        }
        guard address.utf8.count <= 4_096, address.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            address.contains("\\") == false
        else {
            return refuse(
                key,
                "\(key) must be visible ASCII without a backslash, at most 4096 octets; write other characters as %XX"
            )
        }
        return address
    }

    /// A table inside this one.
    func section(_ key: String) -> Section? {
        guard let value = value(key) else { return nil }
        guard let table = value.table else { return wrongType(key, "a table: [\(key)]") }
        return Section(document, table, name: key)
    }

    /// The tables of an array of tables.
    func sections(_ key: String) -> [Section] {
        guard let value = value(key) else { return [] }
        let tables = value.array?.map { $0.table }
        guard let tables, tables.contains(where: { $0 == nil }) == false else {
            return wrongType(key, "an array of tables: [[\(key)]]") ?? []
        }
        return tables.compactMap(\.self).enumerated().map { Section(document, $1, name: key, index: $0) }
    }

    /// Notes a fault at `key`, or of the table as a whole.
    ///
    /// - Returns: nil, in the place of the value.
    func refuse<Value>(_ key: String?, _ problem: String) -> Value? {
        note(key, problem)
        return nil
    }

    /// Notes a fault at `key`, or of the table as a whole.
    func note(_ key: String?, _ problem: String) {
        let line = document.line(of: key, in: name, index: index)
        document.note(ConfigurationError(path: document.path, line: line, problem))
    }

    /// Notes that a key is missing, unless it is there with a fault of its own.
    func noteMissing(_ key: String, _ problem: String) {
        if contains(key) == false { note(nil, problem) }
    }

    /// Whether the key is there, whatever its value.
    func contains(_ key: String) -> Bool { table[key] != nil }

    /// The file that the table stands in.
    var path: String { document.path }

    /// The line of a key in the file; nil where it is not found.
    func line(of key: String) -> Int? { document.line(of: key, in: name, index: index) }

    /// What is to be said of a key that can be used as it is.
    func remark(_ key: String, _ problem: String) -> ConfigurationError {
        ConfigurationError(path: document.path, line: line(of: key), problem)
    }

    /// Notes the keys that are none of `known`, nor of the former names.
    ///
    /// - Returns: whether there were none.
    @discardableResult
    func refuseUnknownKeys(_ known: [String], former: [String] = []) -> Bool {
        let unknown = table.keys.filter { known.contains($0) == false && former.contains($0) == false }.sorted()
        for unknown in unknown {
            // A text that is long is not held against every key, as the time would be its length squared.
            let start = String(unknown.prefix(64))
            let nearest = known.min { ($0.editDistance(to: start), $0) < ($1.editDistance(to: start), $1) }
            let place = name.isEmpty ? "at the top level" : "in [\(name)]"
            note(unknown, "unknown key \"\(unknown)\" \(place); did you mean \"\(nearest ?? "")\"?")
        }
        return unknown.isEmpty
    }

    private func value(_ key: String) -> (any TOMLValueConvertible)? { table[key] }

    /// Different texts, where `wanted` says what they should be.
    private func strings(_ key: String, _ wanted: String) -> [String]? {
        guard let value = value(key) else { return nil }
        let values = value.array?.map { $0.string }
        guard let values, values.contains(where: { $0 == nil }) == false else { return wrongType(key, wanted) }
        let strings = values.compactMap(\.self)
        guard Set(strings).count == strings.count else {
            return refuse(key, "\(key) names something twice; leave one of them out")
        }
        return strings
    }

    private func wrongType<Value>(_ key: String, _ wanted: String) -> Value? {
        refuse(key, "\(key) must be \(wanted)")
    }

    private static func quoted(_ words: [String]) -> String {
        words.map { "\"\($0)\"" }.joined(separator: ", ")
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}

extension String {
    /// How many characters have to be added, removed or changed to make this text `other` (Levenshtein).
    func editDistance(to other: String) -> Int {
        let other = Array(other)
        var row = Array(0...other.count)
        for (index, character) in enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in other.indices {
                let substituted = diagonal + (character == other[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = Swift.min(substituted, row[column] + 1, diagonal + 1)
            }
        }
        return row[other.count]
    }
}
