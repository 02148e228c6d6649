import Telemetry

/// The JSON Schema (draft 7) of configuration files, by which editors complete keys and mark mistakes as they are typed.
///
/// It accepts every file that the program accepts; what it cannot say, as that a file must exist or that two keys contradict each other, the
/// program says.
package enum ConfigurationSchema {
    /// Where the schema is once the package is installed; the example's first line names it.
    package static let installedPath = "/usr/share/grindvakt/grindvakt.schema.json"

    /// The whole document, on one line.
    package static var json: String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.write("$schema", "http://json-schema.org/draft-07/schema#")
        writer.write("title", "Configuration of Grindvakt")
        writer.write("type", "object")
        writer.write("additionalProperties", false)
        writer.beginObject("properties")
        for table in SensorConfiguration.tables { write(table, &writer) }
        writer.endObject()
        writer.endObject()
        return writer.text + "\n"
    }

    private static func write(_ table: ConfigurationTable, _ writer: inout JSONWriter) {
        writer.beginObject(table.name)
        if table.isArray {
            writer.write("type", "array")
            writer.beginObject("items")
        }
        writer.write("type", "object")
        if table.text.isEmpty == false { writer.write("description", table.text) }
        writer.write("additionalProperties", false)
        // A drop-in that changes a list names it, and says nothing else that it need not.
        if table.isArray {
            writer.beginArray("required")
            writer.write(nil, "id")
            writer.endArray()
        }
        writer.beginObject("properties")
        for key in table.keys {
            writer.beginObject(key.name)
            write(key, &writer)
            writer.endObject()
            for former in key.formerNames {
                writer.beginObject(former.name)
                write(key, &writer, former: former)
                writer.endObject()
            }
        }
        writer.endObject()
        writer.endObject()
        if table.isArray { writer.endObject() }
    }

    private static func write(
        _ key: ConfigurationKey,
        _ writer: inout JSONWriter,
        former: ConfigurationKey.FormerName? = nil
    ) {
        if former == nil {
            writer.write("description", key.sentence)
        } else {
            writer.write("description", "Now called \(key.name).")
            writer.write("deprecated", true)
            writer.write("deprecationMessage", "now called \(key.name)")
        }
        write(key.kind, &writer)
        if case .value(let value) = key.preset { value.write("default", to: &writer) }
    }

    private static func write(_ kind: ConfigurationKey.Kind, _ writer: inout JSONWriter) {
        switch kind {
        case .flag: writer.write("type", "boolean")
        case .number(let range): write(range, &writer)
        case .numbers(let range):
            writer.write("type", "array")
            writer.beginObject("items")
            write(range, &writer)
            writer.endObject()
        case .text(let limit):
            writer.write("type", "string")
            // The program counts octets, of which a character has one at least.
            writer.write("maxLength", limit)
        case .form(let pattern):
            writer.write("type", "string")
            writer.write("pattern", pattern)
        case .word(let words): write(words, &writer)
        case .words(let words):
            writer.write("type", "array")
            writer.write("uniqueItems", true)
            writer.beginObject("items")
            write(words, &writer)
            writer.endObject()
        case .path, .secretPath:
            writer.write("type", "string")
            writer.write("minLength", 1)
        case .paths:
            writer.write("type", "array")
            writer.write("uniqueItems", true)
            writer.beginObject("items")
            writer.write("type", "string")
            writer.write("minLength", 1)
            writer.endObject()
        case .address(let schemes, let orPath):
            writer.write("type", "string")
            let beginnings = schemes.map { anyCase($0) + "://" } + (orPath ? ["/"] : [])
            writer.write("pattern", "^(\(beginnings.joined(separator: "|")))")
        case .ipv4:
            writer.write("type", "string")
            writer.write("format", "ipv4")
        case .ipv6:
            writer.write("type", "string")
            writer.write("format", "ipv6")
        }
    }

    private static func write(_ range: ClosedRange<Int>, _ writer: inout JSONWriter) {
        writer.write("type", "integer")
        writer.write("minimum", range.lowerBound)
        writer.write("maximum", range.upperBound)
    }

    private static func write(_ words: [String], _ writer: inout JSONWriter) {
        writer.write("type", "string")
        writer.beginArray("enum")
        for word in words { writer.write(nil, word) }
        writer.endArray()
    }

    /// A pattern for a word in letters of either case.
    private static func anyCase(_ word: String) -> String {
        word.map { $0.isLetter ? "[\($0.lowercased())\($0.uppercased())]" : String($0) }.joined()
    }
}

extension ConfigurationKey {
    /// The key's text with what holds without it, as it stands behind the key in the example.
    package var comment: String {
        switch preset {
        case .value, .required: text
        case .words(let words, _): "\(text); \(words) by default"
        }
    }

    /// The same as sentences, with the unit and when a change is acted upon.
    package var sentence: String {
        let first = comment.prefix(1).uppercased() + comment.dropFirst() + "."
        let unit = self.unit.map { " Unit: \($0)." } ?? ""
        return first + unit + " Acted upon at the next \(effect.event)."
    }
}

extension ConfigurationKey.Effect {
    /// What it takes for a change to be acted upon: a noun.
    package var event: String {
        switch self {
        case .reload: "reload"
        case .restart: "restart"
        case .rules: "`rules apply`"
        case .fetch: "fetch"
        }
    }
}
