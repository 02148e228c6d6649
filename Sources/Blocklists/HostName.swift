package import Wire

/// Host names as lists hold them: letters, digits, hyphens and underscores (RFC 952, RFC 1123 §2.1, RFC 8552).
///
/// Stricter than the wire, where any octet can occur: an entry that no client will ever ask for is a mistake of the list.
package enum HostName {
    /// Fills `name` with the host name that `text` spells; one trailing dot is allowed.
    ///
    /// - Throws: why `text` is none.
    package static func parse(_ text: Span<UInt8>, into name: inout DomainName) throws(ListLineError) {
        var end = text.count
        if end > 0, text[end - 1] == dot { end -= 1 }
        guard end > 0 else { throw .notAName }

        var labelStart = 0
        var lastLabelIsNumeric = true
        for index in 0...end {
            guard index < end, text[index] != dot else {
                try checkLabel(text, labelStart, index)
                if index < end {
                    lastLabelIsNumeric = true
                    labelStart = index + 1
                }
                continue
            }
            let octet = text[index] | 0x20
            switch text[index] {
            case 0x30...0x39, hyphen: lastLabelIsNumeric = lastLabelIsNumeric && text[index] != hyphen
            case underscore: lastLabelIsNumeric = false
            case slash: throw .pathNotAllowed
            case colon: throw isAddress(text) ? .addressNotAllowed : .pathNotAllowed
            case star: throw .wildcardNotLeading
            default:
                guard (0x61...0x7A).contains(octet) else { throw .characterNotAllowed }
                lastLabelIsNumeric = false
            }
        }
        // No top-level domain is numeric, so a numeric last label means an address (RFC 3696 §2).
        guard lastLabelIsNumeric == false else { throw .addressNotAllowed }
        guard end <= 253 else { throw .nameTooLong }
        do {
            try name.assign(text: text)
        } catch {
            throw .notAName
        }
    }

    private static func checkLabel(_ text: Span<UInt8>, _ start: Int, _ end: Int) throws(ListLineError) {
        guard end > start else { throw .emptyLabel }
        guard end - start < 64 else { throw .labelTooLong }
        guard text[start] != hyphen, text[end - 1] != hyphen else { throw .labelBeginsOrEndsWithHyphen }
    }

    /// Whether a text with a colon is an IPv6 address rather than a name with a port or a scheme.
    private static func isAddress(_ text: Span<UInt8>) -> Bool {
        for index in 0..<text.count {
            switch text[index] {
            case 0x30...0x3A, 0x41...0x46, 0x61...0x66, dot: continue
            default: return false
            }
        }
        return true
    }

    private static let dot = UInt8(ascii: ".")
    private static let hyphen = UInt8(ascii: "-")
    private static let underscore = UInt8(ascii: "_")
    private static let slash = UInt8(ascii: "/")
    private static let colon = UInt8(ascii: ":")
    private static let star = UInt8(ascii: "*")
}
