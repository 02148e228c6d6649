import Telemetry

/// A value of JSON (RFC 8259) whose members keep their order.
///
/// Records come from other programs, which may indent and escape as they like: all of that is read. Documents that are signed are octet for octet
/// what their signer wrote, and are read by `DocumentValue` of the target ListFiles, which refuses any other spelling.
indirect enum JSONTree: Equatable {
    /// Members in braces.
    case object([Member])
    /// Elements in brackets.
    case array([JSONTree])
    /// Text.
    case string(String)
    /// A whole number that is not negative.
    case integer(UInt64)
    /// A number as it is to be written; never read.
    case decimal(String)
    /// Nothing.
    case null

    /// A name and its value.
    struct Member: Equatable {
        let name: String
        let value: JSONTree
    }

    /// An object of these members.
    static func object(_ members: KeyValuePairs<String, JSONTree>) -> JSONTree {
        .object(members.map { Member(name: $0.key, value: $0.value) })
    }

    /// A number, or null where there is none.
    static func number(_ value: UInt64?) -> JSONTree { value.map { .integer($0) } ?? .null }

    /// The value over lines, members indented by two spaces, with a line feed at its end: what Python's `json.dumps(value, indent=2)` gives.
    ///
    /// One value has one spelling.
    var text: String {
        var text = ""
        write(to: &text, indent: "\n")
        return text + "\n"
    }

    private func write(to text: inout String, indent: String) {
        switch self {
        case .null: text += "null"
        case .integer(let value): text += String(value)
        case .decimal(let value): text += value
        case .string(let value): text.appendJSON(value)
        case .array(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                text += index == 0 ? indent + "  " : "," + indent + "  "
                element.write(to: &text, indent: indent + "  ")
            }
            text += elements.isEmpty ? "]" : indent + "]"
        case .object(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                text += index == 0 ? indent + "  " : "," + indent + "  "
                text.appendJSON(member.name)
                text += ": "
                member.value.write(to: &text, indent: indent + "  ")
            }
            text += members.isEmpty ? "}" : indent + "}"
        }
    }
}

/// A cursor over the octets of one JSON value, for what records are made of: no negative numbers, no fractions, no true and false.
struct JSONTreeReader {
    /// The most octets that are read.
    static let mostOctets = 1 << 22

    /// The most levels that are read; a record has five.
    private static let deepest = 8

    private let octets: [UInt8]
    private var position = 0

    /// Reads one value that takes up all of the octets.
    ///
    /// - Throws: ``RecordFault`` with the octet at which the text is no such value.
    static func read(_ octets: [UInt8]) throws(RecordFault) -> JSONTree {
        guard octets.count <= mostOctets else {
            throw RecordFault("", .tooLong(most: UInt64(mostOctets)))
        }
        var reader = JSONTreeReader(octets: octets)
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.position == octets.count else { throw reader.fault() }
        return value
    }

    private init(octets: [UInt8]) {
        self.octets = octets
    }

    private var next: UInt8? { position < octets.count ? octets[position] : nil }

    private func fault() -> RecordFault { RecordFault("", .notJSON(octet: position)) }

    private mutating func skipSpace() {
        while let octet = next, octet == 0x20 || octet == 0x0A || octet == 0x0D || octet == 0x09 { position += 1 }
    }

    private mutating func take(_ octet: UInt8) -> Bool {
        skipSpace()
        guard next == octet else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ octet: UInt8) throws(RecordFault) {
        guard take(octet) else { throw fault() }
    }

    private mutating func value(depth: Int) throws(RecordFault) -> JSONTree {
        guard depth < Self.deepest else { throw fault() }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return .object(try members(depth: depth))
        case UInt8(ascii: "["): return .array(try elements(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "n"):
            for octet in "null".utf8 {
                guard next == octet else { throw fault() }
                position += 1
            }
            return .null
        default: return .integer(try integer())
        }
    }

    private mutating func members(depth: Int) throws(RecordFault) -> [JSONTree.Member] {
        position += 1
        var members: [JSONTree.Member] = []
        if take(UInt8(ascii: "}")) { return members }
        var names: Set<String> = []
        repeat {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw fault() }
            let name = try string()
            guard names.insert(name).inserted else { throw fault() }
            try expect(UInt8(ascii: ":"))
            members.append(JSONTree.Member(name: name, value: try value(depth: depth + 1)))
        } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"))
        return members
    }

    private mutating func elements(depth: Int) throws(RecordFault) -> [JSONTree] {
        position += 1
        var elements: [JSONTree] = []
        if take(UInt8(ascii: "]")) { return elements }
        repeat {
            elements.append(try value(depth: depth + 1))
        } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"))
        return elements
    }

    private mutating func string() throws(RecordFault) -> String {
        position += 1
        var text: [UInt8] = []
        while let octet = next {
            position += 1
            switch octet {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else { throw fault() }
                return string
            case UInt8(ascii: "\\"): try escape(to: &text)
            case 0x00..<0x20: throw fault()
            default: text.append(octet)
            }
        }
        throw fault()
    }

    /// Some writers escape `<` (RFC 8259 §7). No word of a record lies beyond the first plane, so pairs of surrogates are no part of one.
    private mutating func escape(to text: inout [UInt8]) throws(RecordFault) {
        guard let letter = next else { throw fault() }
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var unit: UInt32 = 0
            for _ in 0..<4 {
                guard let octet = next, let digit = Self.hexadecimalDigit(octet) else { throw fault() }
                unit = unit << 4 | digit
                position += 1
            }
            guard let scalar = Unicode.Scalar(unit) else { throw fault() }
            text.append(contentsOf: Array(String(Character(scalar)).utf8))
        default: throw fault()
        }
    }

    private static func hexadecimalDigit(_ octet: UInt8) -> UInt32? {
        switch octet {
        case 0x30...0x39: UInt32(octet) - 0x30
        case 0x41...0x46: UInt32(octet) - 0x37
        case 0x61...0x66: UInt32(octet) - 0x57
        default: nil
        }
    }

    private mutating func integer() throws(RecordFault) -> UInt64 {
        let start = position
        var number: UInt64 = 0
        while let octet = next, (0x30...0x39).contains(octet) {
            // Sixteen digits are more than any number of a record has, and fewer than overflow.
            guard position - start < 16 else { throw fault() }
            number = number * 10 + UInt64(octet - 0x30)
            position += 1
        }
        guard position > start, octets[start] != 0x30 || position == start + 1 else { throw fault() }
        // What follows a number ends it, so a fraction, an exponent or a letter is told where it stands.
        if let octet = next, [0x2E, 0x45, 0x65].contains(octet) { throw fault() }
        return number
    }
}
