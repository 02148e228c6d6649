/// One domain a line.
///
/// `#` begins a comment, at the start of a line or behind white space. `*.example.org` and `.example.org` stand for the names under
/// `example.org` only. White space around the name is ignored.
enum DomainsFormat {
    static func locateEntry(
        in line: Span<UInt8>,
        match: MatchKind,
        into found: inout [EntryLocation]
    ) throws(ListLineError) {
        let start = line.wordStart(from: 0)
        guard start < line.count, line[start] != UInt8(ascii: "#") else { return }
        let end = line.wordEnd(from: start)
        let rest = line.wordStart(from: end)
        guard rest == line.count || line[rest] == UInt8(ascii: "#") else { throw .severalNames }
        found.append(try location(of: start..<end, in: line, match: match))
    }

    /// What a name stands for that may have a leading wildcard or dot.
    static func location(
        of word: Range<Int>,
        in line: Span<UInt8>,
        match: MatchKind
    ) throws(ListLineError) -> EntryLocation {
        switch line[word.lowerBound] {
        case UInt8(ascii: "*"):
            guard word.count >= 2, line[word.lowerBound + 1] == UInt8(ascii: ".") else { throw .wildcardNotLeading }
            return EntryLocation(name: word.lowerBound + 2..<word.upperBound, scope: .subdomains)
        case UInt8(ascii: "."):
            return EntryLocation(name: word.lowerBound + 1..<word.upperBound, scope: .subdomains)
        default:
            return EntryLocation(name: word, scope: match.scope)
        }
    }
}
