/// One domain a line.
///
/// `#` begins a comment, at the start of a line or behind white space. `*.example.org` and `.example.org` stand for the names under
/// `example.org` only. White space around the name is ignored.
enum DomainsFormat {
    static func locateEntry(in line: Span<UInt8>, match: MatchKind) throws(ListLineError) -> EntryLocation? {
        var start = 0
        while start < line.count, isSpace(line[start]) { start += 1 }
        guard start < line.count, line[start] != hash else { return nil }
        var end = start
        while end < line.count, isSpace(line[end]) == false { end += 1 }
        var rest = end
        while rest < line.count, isSpace(line[rest]) { rest += 1 }
        guard rest == line.count || line[rest] == hash else { throw .severalNames }

        if line[start] == star {
            guard end - start >= 2, line[start + 1] == dot else { throw .wildcardNotLeading }
            return EntryLocation(name: start + 2..<end, scope: .subdomains)
        }
        if line[start] == dot {
            return EntryLocation(name: start + 1..<end, scope: .subdomains)
        }
        return EntryLocation(name: start..<end, scope: match == .subdomains ? [.itself, .subdomains] : .itself)
    }

    private static func isSpace(_ octet: UInt8) -> Bool { octet == 0x20 || octet == 0x09 || octet == 0x0D }

    private static let hash = UInt8(ascii: "#")
    private static let star = UInt8(ascii: "*")
    private static let dot = UInt8(ascii: ".")
}
