/// The syntax of a list file. One case per format, one file per format under `Formats/`.
package enum ListFormat: String, CaseIterable, Sendable {
    /// One domain a line.
    case domains
    /// A hosts file: an address and the names that are to have it.
    case hosts
    /// Filter rules, of which those for whole domains can be honoured: `||example.org^`, `@@||example.org^`.
    case adblock
    /// A DNS response policy zone.
    case rpz
    /// The table of Italy's national centre against child abuse material.
    case cncpo
    /// One URL or host a line.
    case urls

    /// Which names an entry stands for where neither the file nor the configuration says: a URL names one host, all else a domain.
    package var usualMatch: MatchKind { self == .urls ? .exact : .subdomains }

    /// A parser at the start of a file.
    ///
    /// - Parameter match: which names an entry stands for where the format does not say.
    /// - Returns: the parser, to be given every line in order.
    package func makeParser(match: MatchKind) -> ListParser {
        ListParser(format: self, match: match)
    }
}
