package import Telemetry

/// A value of the configuration, as TOML has it.
package enum ConfigurationValue: Equatable, Sendable {
    /// True or false.
    case flag(Bool)
    /// A whole number.
    case number(Int)
    /// A whole number that is written in hexadecimal digits: a mask.
    case mask(UInt32)
    /// A text.
    case text(String)
    /// A list of whole numbers.
    case numbers([Int])
    /// A list of texts.
    case texts([String])

    /// The value as it is written in a file: on one line.
    package var toml: String {
        switch self {
        case .flag(let flag): flag ? "true" : "false"
        case .number(let number): String(number)
        case .mask(let mask):
            "0x" + String(repeating: "0", count: max(0, 8 - Self.digits(mask).count)) + Self.digits(mask)
        case .text(let text): Self.quoted(text)
        case .numbers(let numbers): "[" + numbers.map { String($0) }.joined(separator: ", ") + "]"
        case .texts(let texts): "[" + texts.map(Self.quoted).joined(separator: ", ") + "]"
        }
    }

    /// Writes the value as a member of a JSON object.
    package func write(_ name: String, to writer: inout JSONWriter) {
        switch self {
        case .flag(let flag): writer.write(name, flag)
        case .number(let number): writer.write(name, number)
        case .mask(let mask): writer.write(name, mask)
        case .text(let text): writer.write(name, text)
        case .numbers(let numbers):
            writer.beginArray(name)
            for number in numbers { writer.write(nil, number) }
            writer.endArray()
        case .texts(let texts):
            writer.beginArray(name)
            for text in texts { writer.write(nil, text) }
            writer.endArray()
        }
    }

    /// An address without what may be secret in it: its scheme and host, and dots in the place of the rest.
    ///
    /// A user, a password and a token can stand anywhere else in it. A text that is no address is a path, and stays as it is.
    var withoutSecrets: ConfigurationValue {
        guard case .text(let text) = self, let end = text.firstRange(of: "://") else { return self }
        let authority = text[end.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        let open = text[..<end.upperBound] + host
        return open == text ? self : .text("\(open)/...")
    }

    private static func digits(_ mask: UInt32) -> String { String(mask, radix: 16, uppercase: true) }

    /// A basic string of TOML.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16, uppercase: true)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

extension ConfigurationValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    /// A text, as a literal.
    package init(stringLiteral text: String) { self = .text(text) }

    /// A number, as a literal.
    package init(integerLiteral number: Int) { self = .number(number) }
}
