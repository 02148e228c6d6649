/// The text of a configuration file, to find the lines that errors are about, and the first of its faults.
final class Document {
    /// The file, as it was named.
    let path: String

    /// The faults in the order in which they were found.
    private var found: [ConfigurationError] = []

    /// Where relative paths begin: a folder with its slash, or nothing.
    private let folder: Substring

    private let lines: [Substring]

    /// - Parameters:
    ///   - path: the file, as it was named.
    ///   - text: what it holds.
    ///   - base: the file in whose folder relative paths begin.
    init(path: String, text: String, base: String) {
        self.path = path
        folder = base.lastIndex(of: "/").map { base[...$0] } ?? ""
        // A carriage return and a line feed are one character.
        lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    }

    /// Notes a fault, so that the reading can go on.
    func note(_ fault: ConfigurationError) { found.append(fault) }

    /// The faults in the order of the file; of several on a line the one that was found first.
    var faults: [ConfigurationError] {
        found.enumerated().sorted { ($0.element.line ?? .max, $0.offset) < ($1.element.line ?? .max, $1.offset) }
            .map(\.element)
    }

    /// `path` as it is meant in this file.
    func resolve(_ path: String) -> String {
        path.hasPrefix("/") ? path : folder + path
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

    /// Refuses a closing brace where a value belongs: the TOML parser aborts the program there, rather than reporting an error.
    func refuseBracesForValues() throws(ConfigurationError) {
        var last: Character = " "
        for (number, line) in lines.enumerated() {
            var quote: Character?
            var isEscaped = false
            for character in line {
                if let open = quote {
                    if isEscaped {
                        isEscaped = false
                    } else if character == open {
                        quote = nil
                    } else {
                        isEscaped = open == "\"" && character == "\\"
                    }
                    continue
                }
                if character == "#" { break }
                if Self.isQuote(character) { quote = character }
                if character == "}", last == "[" || last == "," {
                    throw ConfigurationError(
                        path: path,
                        line: number + 1,
                        "a value must stand before the closing brace; leave the brace or the comma out"
                    )
                }
                if character.isWhitespace == false { last = character }
            }
        }
    }

    /// Refuses the character NUL, written or escaped.
    ///
    /// The TOML parser takes it for the end of the text, and what follows would be left out without a word.
    func refuseNUL() throws(ConfigurationError) {
        for (number, line) in lines.enumerated() {
            guard line.utf8.contains(0) || line.contains("\\u0000") || line.contains("\\U00000000") else { continue }
            throw ConfigurationError(path: path, line: number + 1, "the character NUL ends a text early; leave it out")
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
