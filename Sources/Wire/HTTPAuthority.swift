/// The host in an authority (RFC 3986 §3.2), as HTTP targets and Host fields have it.
package enum HTTPAuthority {
    /// The longest scheme in octets that is looked for.
    static let schemeLimit = 16

    /// Where the authority of a URI with a scheme begins; zero where `text` is none.
    package static func start(in text: Span<UInt8>) -> Int {
        var position = 0
        while position < text.count, position <= schemeLimit, text[position].isSchemeOctet { position &+= 1 }
        guard position > 0, text.count &- position > 2, text[position] == UInt8(ascii: ":"),
            text[position &+ 1] == slash, text[position &+ 2] == slash
        else { return 0 }
        return position &+ 3
    }

    /// The host in a value of Host, which some clients make a whole URI.
    @_lifetime(copy value)
    package static func host(of value: Span<UInt8>) -> Span<UInt8> {
        host(in: value.extracting(start(in: value)..<value.count))
    }

    /// The host without user information and port; empty for an address, which is no name, and for a text with white space or control octets
    /// inside, which no server takes for a host.
    @_lifetime(copy text)
    package static func host(in text: Span<UInt8>) -> Span<UInt8> {
        var start = 0
        var end = 0
        while end < text.count, text[end].endsAuthority == false {
            if text[end] == UInt8(ascii: "@") { start = end &+ 1 }
            end &+= 1
        }
        guard end == text.count || text[end].isText, start < end, text[start] != UInt8(ascii: "[") else {
            return text.extracting(0..<0)
        }
        var colons = 0
        var hostEnd = end
        var isNumeric = true
        for index in start..<end {
            if text[index] == UInt8(ascii: ":") {
                if colons == 0 { hostEnd = index }
                colons &+= 1
            } else if colons == 0, text[index].isDigit == false, text[index] != UInt8(ascii: ".") {
                isNumeric = false
            }
        }
        // Several colons: an IPv6 address without its brackets.
        return isNumeric || colons > 1 ? text.extracting(0..<0) : text.extracting(start..<hostEnd)
    }
}

extension UInt8 {
    /// Whether the octet can be in a URI's scheme (RFC 3986 §3.1).
    var isSchemeOctet: Bool {
        let letter = self | 0x20
        return letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "z") || isDigit || self == UInt8(ascii: "+")
            || self == UInt8(ascii: "-")
    }

    /// Whether an authority is over at this octet.
    fileprivate var endsAuthority: Bool {
        self == slash || self == UInt8(ascii: "?") || self == UInt8(ascii: "#") || self == UInt8(ascii: "\\")
            || isText == false
    }

    /// Whether the octet is neither white space nor a control.
    fileprivate var isText: Bool { self > space && self != 0x7F }
}

private let space = UInt8(ascii: " ")
private let slash = UInt8(ascii: "/")
