import TOMLKit

/// One table of the file, read key by key. What was read is what is known, so that any other key can be refused.
struct Section {
    private let document: Document
    private let table: TOMLTable

    /// The table's name, empty for the file itself, and which of several it is.
    private let name: String
    private let index: Int

    private var known: Set<String> = []

    init(_ document: Document, _ table: TOMLTable, name: String = "", index: Int = 0) {
        self.document = document
        self.table = table
        self.name = name
        self.index = index
    }

    mutating func string(_ key: String) throws(ConfigurationError) -> String? {
        guard let value = value(key) else { return nil }
        guard let string = value.string else { throw wrongType(key, "a text in quotes") }
        return string
    }

    mutating func bool(_ key: String) throws(ConfigurationError) -> Bool? {
        guard let value = value(key) else { return nil }
        guard let bool = value.bool else { throw wrongType(key, "true or false") }
        return bool
    }

    mutating func integer(_ key: String, in range: ClosedRange<Int>) throws(ConfigurationError) -> Int? {
        guard let value = value(key) else { return nil }
        guard let integer = value.int, range.contains(integer) else {
            throw wrongType(key, "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return integer
    }

    mutating func integers(_ key: String, in range: ClosedRange<Int>) throws(ConfigurationError) -> [Int]? {
        guard let value = value(key) else { return nil }
        let values = value.array?.map { $0.int }
        guard let values, values.allSatisfy({ $0.map(range.contains) ?? false }) else {
            throw wrongType(key, "a list of numbers from \(range.lowerBound) to \(range.upperBound)")
        }
        return values.compactMap(\.self)
    }

    /// The value of an enumeration that is spelt by its raw value.
    mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String,
        as type: Choice.Type
    ) throws(ConfigurationError) -> Choice? where Choice.RawValue == String {
        guard let text = try string(key) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            throw error(
                key,
                "\(key) = \"\(text)\" is none of \(Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))"
            )
        }
        return choice
    }

    /// A table inside this one.
    mutating func section(_ key: String) throws(ConfigurationError) -> Section? {
        guard let value = value(key) else { return nil }
        guard let table = value.table else { throw wrongType(key, "a table: [\(key)]") }
        return Section(document, table, name: key)
    }

    /// The tables of an array of tables.
    mutating func sections(_ key: String) throws(ConfigurationError) -> [Section] {
        guard let value = value(key) else { return [] }
        guard let array = value.array else { throw wrongType(key, "an array of tables: [[\(key)]]") }
        var sections: [Section] = []
        for (index, element) in array.enumerated() {
            guard let table = element.table else { throw wrongType(key, "an array of tables: [[\(key)]]") }
            sections.append(Section(document, table, name: key, index: index))
        }
        return sections
    }

    /// The error of a fault at `key`, or of the table as a whole.
    func error(_ key: String?, _ problem: String) -> ConfigurationError {
        ConfigurationError(path: document.path, line: document.line(of: key, in: name, index: index), problem)
    }

    /// Refuses the keys that were not asked for.
    func refuseUnknownKeys() throws(ConfigurationError) {
        guard let unknown = table.keys.sorted().first(where: { known.contains($0) == false }) else { return }
        let nearest = known.min { ($0.editDistance(to: unknown), $0) < ($1.editDistance(to: unknown), $1) }
        let place = name.isEmpty ? "at the top level" : "in [\(name)]"
        throw error(unknown, "unknown key \"\(unknown)\" \(place); did you mean \"\(nearest ?? "")\"?")
    }

    private mutating func value(_ key: String) -> (any TOMLValueConvertible)? {
        known.insert(key)
        return table[key]
    }

    private func wrongType(_ key: String, _ wanted: String) -> ConfigurationError {
        error(key, "\(key) must be \(wanted)")
    }
}

/// The text of a configuration file, to find the lines that errors are about.
struct Document {
    let path: String
    private let lines: [Substring]

    init(path: String, text: String) {
        self.path = path
        // A carriage return and a line feed are one character.
        lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    }

    /// Refuses a table header that names no table.
    ///
    /// The TOML parser aborts the program, rather than reporting an error, where anything else than a key follows the bracket.
    func refuseHeadersWithoutName() throws(ConfigurationError) {
        for (number, line) in lines.enumerated() {
            var rest = line.drop { Self.isBlank($0) || $0 == "\u{FEFF}" }
            guard rest.first == "[" else { continue }
            rest = rest.dropFirst().drop(while: Self.isBlank)
            if rest.first == "[" { rest = rest.dropFirst().drop(while: Self.isBlank) }
            let isName = rest.unicodeScalars.first.map { scalar in
                scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
                    || "-_\"']".unicodeScalars.contains(scalar)
            }
            guard isName ?? false else {
                throw ConfigurationError(
                    path: path,
                    line: number + 1,
                    "a table's name must follow the bracket, like [sensor]"
                )
            }
        }
    }

    /// The line of `key` in the table `section`, or of the table's header where `key` is nil; where there is no such line, that of
    /// what it lies in; nil where that is not found either.
    func line(of key: String?, in section: String, index: Int) -> Int? {
        let wanted = [section, key ?? ""].filter { $0.isEmpty == false }
        var table: [Substring] = []
        var occurrence = -1
        var nearest: (line: Int, depth: Int)?
        for (number, line) in lines.enumerated() {
            guard let place = Self.place(line) else { continue }
            if place.isHeader {
                table = place.keys
                if table.count == 1, table[0] == section { occurrence += 1 }
            }
            // Of several tables with the same name one is meant.
            if let first = table.first, first == section, max(occurrence, 0) != index { continue }
            let keys = place.isHeader ? table : table + place.keys
            let depth = zip(keys, wanted).prefix { $0 == $1 }.count
            if depth == wanted.count { return number + 1 }
            if depth > nearest?.depth ?? 0 { nearest = (number + 1, depth) }
        }
        return nearest?.line
    }

    /// The keys that a line's header or assignment spells; nil where the line is neither.
    private static func place(_ line: Substring) -> (keys: [Substring], isHeader: Bool)? {
        let line = line.drop { isBlank($0) || $0 == "\u{FEFF}" }
        let isHeader = line.first == "["
        guard line.first != "#", isHeader || line.contains("=") else { return nil }
        let path = isHeader ? line.drop { $0 == "[" || isBlank($0) }.prefix { $0 != "]" } : line.prefix { $0 != "=" }
        let keys = path.split(separator: ".", omittingEmptySubsequences: false).map { key in
            key.drop { isBlank($0) || isQuote($0) }.prefix { isBlank($0) == false && isQuote($0) == false }
        }
        return (keys, isHeader)
    }

    private static func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }

    private static func isQuote(_ character: Character) -> Bool { character == "\"" || character == "'" }
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
