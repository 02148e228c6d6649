/// Writes one JSON value (RFC 8259) into a string, member by member.
///
/// The caller opens and closes objects and arrays in pairs; the writer places commas and quotes. Text is escaped so that
/// the output is valid whatever the text holds.
package struct JSONWriter {
    /// What has been written so far.
    package private(set) var text = ""
    private var needsComma = false

    /// Makes an empty writer.
    package init() {}

    /// Begins an object: as a member when a name is given, else as an element or as the whole value.
    package mutating func beginObject(_ name: String? = nil) {
        begin(name, "{")
    }

    /// Ends the innermost object.
    package mutating func endObject() {
        end("}")
    }

    /// Begins an array: as a member when a name is given, else as an element or as the whole value.
    package mutating func beginArray(_ name: String? = nil) {
        begin(name, "[")
    }

    /// Ends the innermost array.
    package mutating func endArray() {
        end("]")
    }

    /// Writes a member, or an element when the name is nil, whose value is text; nil text is written as null.
    package mutating func write(_ name: String?, _ value: String?) {
        separate(name)
        if let value { text.appendJSON(value) } else { text += "null" }
    }

    /// Writes a member, or an element when the name is nil, whose value is a whole number; nil is written as null.
    package mutating func write(_ name: String?, _ value: (some BinaryInteger)?) {
        separate(name)
        text += value.map { String($0) } ?? "null"
    }

    /// Writes a member, or an element when the name is nil, whose value is true or false; nil is written as null.
    package mutating func write(_ name: String?, _ value: Bool?) {
        separate(name)
        text += value.map { $0 ? "true" : "false" } ?? "null"
    }

    /// Writes a member, or an element when the name is nil, whose value is a time in seconds; nil is written as null.
    package mutating func write(_ name: String?, seconds: Double?) {
        separate(name)
        text += seconds.map { decimalSeconds($0) } ?? "null"
    }

    /// Writes a member, or an element when the name is nil, whose value is a time, in seconds; nil is written as null.
    package mutating func write(_ name: String?, nanoseconds: UInt64?) {
        separate(name)
        text += nanoseconds.map { decimalSeconds(nanoseconds: $0) } ?? "null"
    }

    /// Writes a member, or an element when the name is nil, whose value is a number that the caller has spelt.
    mutating func write(_ name: String?, number: String) {
        separate(name)
        text += number
    }

    private mutating func begin(_ name: String?, _ bracket: String) {
        separate(name)
        text += bracket
        needsComma = false
    }

    private mutating func end(_ bracket: String) {
        text += bracket
        needsComma = true
    }

    private mutating func separate(_ name: String?) {
        if needsComma { text += "," }
        needsComma = true
        guard let name else { return }
        text.appendJSON(name)
        text += ":"
    }
}

extension String {
    /// Adds a text as JSON has it, in quotes.
    package mutating func appendJSON(_ value: String) {
        self += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": self += "\\\""
            case "\\": self += "\\\\"
            case "\n": self += "\\n"
            case "\r": self += "\\r"
            case "\t": self += "\\t"
            case ..<" ":
                let digits = String(scalar.value, radix: 16)
                self += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: unicodeScalars.append(scalar)
            }
        }
        self += "\""
    }
}
