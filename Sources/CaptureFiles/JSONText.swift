extension [UInt8] {
    /// Appends a string as JSON text in quotes (RFC 8259 section 7): valid UTF-8, control characters escaped.
    package mutating func appendJSON(_ string: String) {
        append(UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                append(UInt8(ascii: "\\"))
                append(byte)
            case 0x00..<0x20, 0x7F:
                append(contentsOf: "\\u00".utf8)
                append(Self.hexadecimal[Int(byte >> 4)])
                append(Self.hexadecimal[Int(byte & 0x0F)])
            default:
                append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }

    private static let hexadecimal = Array("0123456789abcdef".utf8)
}

/// A JSON value (RFC 8259), as far as replay output uses it: whole numbers only.
package enum JSONValue: Equatable {
    /// Members in braces.
    case object([String: JSONValue])
    /// Elements in brackets.
    case array([JSONValue])
    /// Text.
    case string(String)
    /// A whole number.
    case integer(Int)
    /// A number with a fraction or exponent, or one too large for a whole number; its value is of no interest here.
    case otherNumber
    /// A truth value.
    case boolean(Bool)
    /// Nothing.
    case null

    /// The member of an object; nil where it is missing or this is no object.
    package subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }

    /// The text of a string.
    package var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The value of a whole number.
    package var integer: Int? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    /// Reads one value that takes up all the bytes.
    ///
    /// - Returns: nil where the bytes are not JSON, hold a key twice in one object, or nest deeper than 16 levels.
    package init?(parsing bytes: some Collection<UInt8>) {
        var reader = JSONReader(bytes: Array(bytes))
        guard let value = reader.value(depth: 0), reader.isAtEnd() else { return nil }
        self = value
    }
}

/// A cursor over JSON text; every method leaves it behind what it read, or returns nil.
private struct JSONReader {
    let bytes: [UInt8]
    var position = 0

    private static let deepest = 16

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func isAtEnd() -> Bool {
        skipSpace()
        return position == bytes.count
    }

    mutating func value(depth: Int) -> JSONValue? {
        guard depth < Self.deepest else { return nil }
        skipSpace()
        switch bytes[at: position] {
        case UInt8(ascii: "{"): return object(depth: depth)
        case UInt8(ascii: "["): return array(depth: depth)
        case UInt8(ascii: "\""): return string().map { .string($0) }
        case UInt8(ascii: "t"): return word("true", .boolean(true))
        case UInt8(ascii: "f"): return word("false", .boolean(false))
        case UInt8(ascii: "n"): return word("null", .null)
        default: return number()
        }
    }

    private mutating func object(depth: Int) -> JSONValue? {
        var members: [String: JSONValue] = [:]
        position += 1
        if take("}") { return .object(members) }
        repeat {
            skipSpace()
            guard
                let key = string(), members[key] == nil, take(":"), let value = value(depth: depth + 1)
            else { return nil }
            members[key] = value
        } while take(",")
        return take("}") ? .object(members) : nil
    }

    private mutating func array(depth: Int) -> JSONValue? {
        var elements: [JSONValue] = []
        position += 1
        if take("]") { return .array(elements) }
        repeat {
            guard let value = value(depth: depth + 1) else { return nil }
            elements.append(value)
        } while take(",")
        return take("]") ? .array(elements) : nil
    }

    private mutating func string() -> String? {
        guard bytes[at: position] == UInt8(ascii: "\"") else { return nil }
        position += 1
        var text: [UInt8] = []
        while let byte = bytes[at: position] {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                return String(validating: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let scalar = escape() else { return nil }
                text.append(contentsOf: Array(String(Character(scalar)).utf8))
            case 0x00..<0x20:
                return nil
            default:
                text.append(byte)
            }
        }
        return nil
    }

    private mutating func escape() -> Unicode.Scalar? {
        guard let letter = bytes[at: position] else { return nil }
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): break
        default: return nil
        }
        guard let unit = hexadecimalUnit() else { return nil }
        guard UTF16.isLeadSurrogate(unit) else { return Unicode.Scalar(unit) }
        guard
            bytes[at: position] == UInt8(ascii: "\\"), bytes[at: position + 1] == UInt8(ascii: "u")
        else { return nil }
        position += 2
        guard let trail = hexadecimalUnit(), UTF16.isTrailSurrogate(trail) else { return nil }
        return Unicode.Scalar(0x10000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(trail) - 0xDC00))
    }

    private mutating func hexadecimalUnit() -> UInt16? {
        guard position + 4 <= bytes.count else { return nil }
        var unit: UInt16 = 0
        for byte in bytes[position..<position + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        position += 4
        return unit
    }

    private mutating func number() -> JSONValue? {
        let start = position
        if bytes[at: position] == UInt8(ascii: "-") { position += 1 }
        let leading = position
        guard digits() > 0, bytes[leading] != UInt8(ascii: "0") || position == leading + 1 else { return nil }
        var isWhole = true
        if bytes[at: position] == UInt8(ascii: ".") {
            position += 1
            isWhole = false
            guard digits() > 0 else { return nil }
        }
        if let exponent = bytes[at: position], exponent | 0x20 == UInt8(ascii: "e") {
            position += 1
            isWhole = false
            if let sign = bytes[at: position], sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
            guard digits() > 0 else { return nil }
        }
        guard isWhole, let number = Int(String(decoding: bytes[start..<position], as: UTF8.self)) else {
            return .otherNumber
        }
        return .integer(number)
    }

    private mutating func digits() -> Int {
        let start = position
        while let byte = bytes[at: position], byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { position += 1 }
        return position - start
    }

    private mutating func word(_ text: StaticString, _ value: JSONValue) -> JSONValue? {
        let expected = Array(text.description.utf8)
        guard bytes[position...].starts(with: expected) else { return nil }
        position += expected.count
        return value
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard bytes[at: position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = bytes[at: position], [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
    }
}

extension [UInt8] {
    fileprivate subscript(at index: Int) -> UInt8? {
        index < count ? self[index] : nil
    }
}
