/// The syntax of a list file. One case per format, one file per format under `Formats/`.
package enum ListFormat: String, CaseIterable, Sendable {
    /// One domain a line.
    case domains

    /// Finds the entry on a line.
    ///
    /// - Parameters:
    ///   - line: the line's octets, without its line end.
    ///   - match: which names an entry stands for where the line does not say.
    /// - Returns: where on the line the name stands and what it stands for; nil for a blank line or a comment.
    /// - Throws: why the line is no entry.
    package func locateEntry(in line: Span<UInt8>, match: MatchKind) throws(ListLineError) -> EntryLocation? {
        switch self {
        case .domains: try DomainsFormat.locateEntry(in: line, match: match)
        }
    }
}

/// Where on a line a name stands, and which names the line stands for. The name itself is read by ``HostName``.
package struct EntryLocation: Equatable, Sendable {
    /// The offsets of the name's octets on the line.
    package let name: Range<Int>

    /// Which names the line stands for.
    package let scope: ListEntry.Scope
}
