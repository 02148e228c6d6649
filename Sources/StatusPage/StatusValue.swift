import FoundationEssentials

/// A value of the JSON object of `/status`, of which the page knows where each figure lies and nothing more.
///
/// The page is made of the report and not of counters, so what it says by itself and what its script reads from `/status`
/// later are the same figures, reckoned in one place.
enum StatusValue: Decodable, Sendable, Equatable {
    case null
    case flag(Bool)
    case whole(UInt64)
    case number(Double)
    case text(String)
    case array([StatusValue])
    case object([String: StatusValue])

    /// Reads the report.
    ///
    /// - Throws: `DecodingError` where it is no JSON.
    init(report: String) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(report.utf8))
    }

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let flag = try? value.decode(Bool.self) {
            self = .flag(flag)
        } else if let whole = try? value.decode(UInt64.self) {
            self = .whole(whole)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let array = try? value.decode([StatusValue].self) {
            self = .array(array)
        } else {
            self = .object(try value.decode([String: StatusValue].self))
        }
    }

    /// The value below this one that a path of members leads to, as `totals.packets.drop`; this one for an empty path, and null where there
    /// is none.
    subscript(path: String) -> StatusValue {
        path.split(separator: ".").reduce(self) { value, member in
            guard case .object(let members) = value else { return .null }
            return members[String(member)] ?? .null
        }
    }

    /// The elements of an array; none of anything else.
    var elements: [StatusValue] {
        if case .array(let elements) = self { elements } else { [] }
    }

    /// A number of either kind.
    var asNumber: Double? {
        switch self {
        case .whole(let whole): Double(whole)
        case .number(let number): number
        case .null, .flag, .text, .array, .object: nil
        }
    }

    /// A whole number.
    var asCount: UInt64? {
        if case .whole(let whole) = self { whole } else { nil }
    }

    /// Text.
    var asText: String? {
        if case .text(let text) = self { text } else { nil }
    }
}
