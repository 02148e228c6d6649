/// Reads a list line by line, whatever its format: says where the names stand, and leaves the names to the normaliser.
///
/// It is given every line of the file in order, and at the end ``finish()`` is called. A line that throws holds no entry, and the
/// next one is read as if that line had not been there.
package struct ListParser: Sendable {
    /// The format that is read.
    package let format: ListFormat

    private let match: MatchKind
    private var zone = RPZFormat()
    private var table = CNCPOFormat()

    init(format: ListFormat, match: MatchKind) {
        self.format = format
        self.match = match
    }

    /// Finds the entries on the next line.
    ///
    /// - Parameters:
    ///   - line: the line's octets, without its line end.
    ///   - found: is emptied, and filled with the entries; none for a blank line or a comment.
    /// - Throws: why the line is no entry; `found` is empty then.
    package mutating func locateEntries(
        in line: Span<UInt8>,
        into found: inout [EntryLocation]
    ) throws(ListLineError) {
        if found.isEmpty == false { found.removeAll(keepingCapacity: true) }
        switch format {
        case .domains: try DomainsFormat.locateEntry(in: line, match: match, into: &found)
        case .hosts: try HostsFormat.locateEntries(in: line, match: match, into: &found)
        case .adblock: try AdblockFormat.locateEntry(in: line, into: &found)
        case .rpz: try zone.locateEntry(in: line, into: &found)
        case .cncpo: try table.locateEntry(in: line, match: match, into: &found)
        case .urls: try URLsFormat.locateEntry(in: line, match: match, into: &found)
        }
    }

    /// Says that the file has ended.
    ///
    /// - Throws: what its last line has begun and not ended.
    package mutating func finish() throws(ListLineError) {
        switch format {
        case .rpz: try zone.finish()
        case .domains, .hosts, .adblock, .cncpo, .urls: break
        }
    }

    /// The octets of a name that ``locateEntries(in:into:)`` has found.
    ///
    /// - Parameters:
    ///   - location: one of the entries found on `line`.
    ///   - line: the line that was read last.
    /// - Returns: the octets as they are on the line, or spelled in full where the format has names that are relative to others.
    @_lifetime(borrow self, copy line)
    package func name(at location: EntryLocation, in line: Span<UInt8>) -> Span<UInt8> {
        // An owner in a zone may be spelled by the lines before.
        guard format != .rpz else { return zone.owner.span.extracting(location.name) }
        return line.extracting(location.name)
    }
}

/// Where on a line a name stands, and which names the line stands for. The octets are given by ``ListParser/name(at:in:)``.
package struct EntryLocation: Equatable, Sendable {
    /// The offsets of the name's octets.
    package let name: Range<Int>

    /// Which names the line stands for.
    package let scope: ListEntry.Scope

    /// Whether the names are exempt from the list rather than on it.
    package let isException: Bool

    init(name: Range<Int>, scope: ListEntry.Scope, isException: Bool = false) {
        self.name = name
        self.scope = scope
        self.isException = isException
    }
}

extension MatchKind {
    /// What an entry stands for that does not say so itself.
    var scope: ListEntry.Scope {
        switch self {
        case .exact: .itself
        case .subdomains: [.itself, .subdomains]
        }
    }
}
