/// A JSON value (RFC 8259) as signed documents have it: members in their order, whole numbers, and one spelling for each.
///
/// There is no space between its parts, no escape but `\"` and `\\`, no control character in a text, no fraction, and no name twice in an object:
/// what is read and written again is the same, octet for octet, and what `jq -c` prints of it is, too. Any other spelling is refused, since
/// signatures are over octets; records, which others may have indented, are read by `JSONTree` of the target BenchmarkRecords.
package indirect enum DocumentValue: Equatable, Sendable {
    /// The word `null`.
    case null
    /// The words `true` and `false`.
    case truth(Bool)
    /// A whole number, within what every reader of JSON keeps exact: ``largestNumber``.
    case number(Int64)
    /// A text without control characters.
    case text(String)
    /// Values in their order.
    case array([DocumentValue])
    /// Members in their order.
    case object([Member])

    /// A member of an object.
    package struct Member: Equatable, Sendable {
        /// What it is called.
        package var name: String
        /// What it says.
        package var value: DocumentValue

        /// A member of these parts.
        package init(_ name: String, _ value: DocumentValue) {
            self.name = name
            self.value = value
        }
    }

    /// The largest number; the smallest is its opposite (RFC 7493 §2.2).
    package static let largestNumber: Int64 = (1 << 53) - 1

    /// How deep values may lie in one another.
    package static let maximumDepth = 16

    /// The value of a number, within ``largestNumber``: what is larger is written as that.
    package static func count(_ value: some BinaryInteger) -> DocumentValue {
        .number(min(max(Int64(clamping: value), -largestNumber), largestNumber))
    }

    /// The value of a text, or null; control characters, which no document has, are left out of it.
    package static func word(_ text: String?) -> DocumentValue {
        guard let text else { return .null }
        var kept = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where isAllowed(scalar) { kept.append(scalar) }
        return .text(String(kept))
    }

    /// The value of a whole number, or null.
    package static func optional(_ value: (some BinaryInteger)?) -> DocumentValue {
        value.map { count($0) } ?? .null
    }

    /// The member of an object with this name; nil where there is none, and in all that is no object.
    package subscript(name: String) -> DocumentValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The text; nil of anything else.
    package var text: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }

    /// The number; nil of anything else.
    package var number: Int64? {
        guard case .number(let number) = self else { return nil }
        return number
    }

    /// The elements of an array; none of anything else.
    package var elements: [DocumentValue] {
        guard case .array(let elements) = self else { return [] }
        return elements
    }

    /// Whether a text may have this character: no control character, C1 and delete included.
    static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value >= 0x20 && (0x7F...0x9F).contains(scalar.value) == false
    }
}

// MARK: - Writing

extension DocumentValue {
    /// The value's octets.
    package var encoded: [UInt8] {
        var octets: [UInt8] = []
        append(to: &octets)
        return octets
    }

    private func append(to octets: inout [UInt8]) {
        switch self {
        case .null: octets += Array("null".utf8)
        case .truth(let isTrue): octets += Array((isTrue ? "true" : "false").utf8)
        case .number(let number): octets += Array(String(number).utf8)
        case .text(let text): Self.append(text, to: &octets)
        case .array(let elements):
            octets.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { octets.append(UInt8(ascii: ",")) }
                element.append(to: &octets)
            }
            octets.append(UInt8(ascii: "]"))
        case .object(let members):
            octets.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { octets.append(UInt8(ascii: ",")) }
                Self.append(member.name, to: &octets)
                octets.append(UInt8(ascii: ":"))
                member.value.append(to: &octets)
            }
            octets.append(UInt8(ascii: "}"))
        }
    }

    private static func append(_ text: String, to octets: inout [UInt8]) {
        octets.append(UInt8(ascii: "\""))
        for octet in text.utf8 {
            if octet == UInt8(ascii: "\"") || octet == UInt8(ascii: "\\") { octets.append(UInt8(ascii: "\\")) }
            octets.append(octet)
        }
        octets.append(UInt8(ascii: "\""))
    }
}

// MARK: - Reading

extension DocumentValue {
    /// Reads a value, which must fill the octets exactly; nil where they are spelt in any other way than ``encoded`` does.
    package init?(parsing octets: [UInt8]) {
        var reader = DocumentValueReader(octets)
        guard let value = reader.value(depth: 0), reader.isAtEnd else { return nil }
        self = value
    }
}

private struct DocumentValueReader {
    private let octets: [UInt8]
    private var position = 0

    init(_ octets: [UInt8]) {
        self.octets = octets
    }

    var isAtEnd: Bool { position == octets.count }

    private var next: UInt8? { position < octets.count ? octets[position] : nil }

    private mutating func take(_ octet: UInt8) -> Bool {
        guard next == octet else { return false }
        position += 1
        return true
    }

    mutating func value(depth: Int) -> DocumentValue? {
        guard depth <= DocumentValue.maximumDepth, let next else { return nil }
        switch next {
        case UInt8(ascii: "{"): return object(depth: depth)
        case UInt8(ascii: "["): return array(depth: depth)
        case UInt8(ascii: "\""): return text().map { .text($0) }
        case UInt8(ascii: "t"): return word("true", .truth(true))
        case UInt8(ascii: "f"): return word("false", .truth(false))
        case UInt8(ascii: "n"): return word("null", .null)
        default: return number()
        }
    }

    private mutating func word(_ word: StaticString, _ value: DocumentValue) -> DocumentValue? {
        for octet in word.description.utf8 {
            guard take(octet) else { return nil }
        }
        return value
    }

    private mutating func number() -> DocumentValue? {
        let start = position
        while let next, next == UInt8(ascii: "-") || (0x30...0x39).contains(next), position - start < 20 {
            position += 1
        }
        let spelling = String(decoding: octets[start..<position], as: UTF8.self)
        guard let number = Int64(spelling), String(number) == spelling, number <= DocumentValue.largestNumber,
            number >= -DocumentValue.largestNumber
        else { return nil }
        return .number(number)
    }

    private mutating func text() -> String? {
        guard take(UInt8(ascii: "\"")) else { return nil }
        var content: [UInt8] = []
        while let octet = next {
            position += 1
            switch octet {
            case UInt8(ascii: "\""):
                guard let text = String(validating: content, as: UTF8.self),
                    text.unicodeScalars.allSatisfy(DocumentValue.isAllowed)
                else { return nil }
                return text
            case UInt8(ascii: "\\"):
                guard let escaped = next, escaped == UInt8(ascii: "\"") || escaped == UInt8(ascii: "\\") else {
                    return nil
                }
                position += 1
                content.append(escaped)
            default: content.append(octet)
            }
        }
        return nil
    }

    private mutating func array(depth: Int) -> DocumentValue? {
        guard take(UInt8(ascii: "[")) else { return nil }
        if take(UInt8(ascii: "]")) { return .array([]) }
        var elements: [DocumentValue] = []
        repeat {
            guard let element = value(depth: depth + 1) else { return nil }
            elements.append(element)
        } while take(UInt8(ascii: ","))
        return take(UInt8(ascii: "]")) ? .array(elements) : nil
    }

    private mutating func object(depth: Int) -> DocumentValue? {
        guard take(UInt8(ascii: "{")) else { return nil }
        if take(UInt8(ascii: "}")) { return .object([]) }
        var members: [DocumentValue.Member] = []
        var names: Set<[UInt8]> = []
        repeat {
            // By octets: Swift takes different spellings of one character for the same.
            guard let name = text(), names.insert(Array(name.utf8)).inserted, take(UInt8(ascii: ":")),
                let value = value(depth: depth + 1)
            else { return nil }
            members.append(DocumentValue.Member(name, value))
        } while take(UInt8(ascii: ","))
        return take(UInt8(ascii: "}")) ? .object(members) : nil
    }
}
