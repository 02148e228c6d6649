import Wire

/// One URL or host a line.
///
/// `example.org`, `https://example.org` and `http://example.org/` are the host, with the default port of the scheme or none. A URL with a
/// path, a query, a fragment, a user's name or another port is for less than the host and is reported instead: it is never widened. `#` begins
/// a comment, at the start of a line or behind white space.
enum URLsFormat {
    static func locateEntry(
        in line: Span<UInt8>,
        match: MatchKind,
        into found: inout [EntryLocation]
    ) throws(ListLineError) {
        let start = line.wordStart(from: 0)
        guard start < line.count, line[start] != UInt8(ascii: "#") else { return }
        let end = line.wordEnd(from: start)
        let host = try host(in: line, start..<end)
        let rest = line.wordStart(from: end)
        guard rest == line.count || line[rest] == UInt8(ascii: "#") else { throw .severalNames }
        found.append(EntryLocation(name: host, scope: match.scope))
    }

    /// The host of a URL that stands for its whole host.
    static func host(in line: Span<UInt8>, _ url: Range<Int>) throws(ListLineError) -> Range<Int> {
        var start = url.lowerBound
        var defaultPort: ASCIIWord?
        if let colon = line.offset(of: UInt8(ascii: ":"), in: url), line.hasWord(authorityMark, at: colon) {
            let scheme = line.extracting(start..<colon)
            if scheme.isEqual(to: http) {
                defaultPort = httpPort
            } else if scheme.isEqual(to: https) {
                defaultPort = httpsPort
            } else {
                throw .schemeNotEnforceable
            }
            start = colon + 3
        }

        var end = start
        while end < url.upperBound, isDelimiter(line[end]) == false { end += 1 }
        if line.offset(of: UInt8(ascii: "@"), in: start..<end) != nil { throw .userNotEnforceable }
        guard end == url.upperBound || (end + 1 == url.upperBound && line[end] == UInt8(ascii: "/")) else {
            throw .pathNotEnforceable
        }

        guard start < end else { throw .notAName }
        guard line[start] != UInt8(ascii: "["), line.extracting(start..<end).looksLikeAddress == false else {
            throw .addressNotAllowed
        }
        guard let colon = line.offset(of: UInt8(ascii: ":"), in: start..<end) else { return start..<end }
        if colon + 1 < end {
            guard let defaultPort, line.extracting(colon + 1..<end).isEqual(to: defaultPort) else {
                throw .portNotEnforceable
            }
        }
        return start..<colon
    }

    /// Whether an octet ends a URL's authority (RFC 3986 §3.2); browsers take a backslash for a slash.
    private static func isDelimiter(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: "\\"): true
        default: false
        }
    }

    private static let authorityMark = ASCIIWord("://")
    private static let http = ASCIIWord("http")
    private static let https = ASCIIWord("https")
    private static let httpPort = ASCIIWord("80")
    private static let httpsPort = ASCIIWord("443")
}
