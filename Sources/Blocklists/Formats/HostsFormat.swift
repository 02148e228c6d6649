import Wire

/// A hosts file (`hosts(5)`): an address, then the names that are to have it.
///
/// Which address it is says nothing: lists use `0.0.0.0`, `127.0.0.1`, `::` and others alike. `#` begins a comment anywhere. The names that
/// every such file brings along for the host itself are no entries: `localhost` and its kin, `broadcasthost`, `ip6-…`, `0.0.0.0`.
enum HostsFormat {
    static func locateEntries(
        in line: Span<UInt8>,
        match: MatchKind,
        into found: inout [EntryLocation]
    ) throws(ListLineError) {
        let addressStart = line.wordStart(from: 0)
        guard addressStart < line.count, line[addressStart] != UInt8(ascii: "#") else { return }
        let addressEnd = wordEnd(in: line, from: addressStart)
        guard line.extracting(addressStart..<addressEnd).looksLikeAddress else { throw .addressMissing }

        var start = line.wordStart(from: addressEnd)
        guard start < line.count, line[start] != UInt8(ascii: "#") else { throw .nameMissing }
        while start < line.count, line[start] != UInt8(ascii: "#") {
            let end = wordEnd(in: line, from: start)
            if isBoilerplate(line.extracting(start..<end)) == false {
                found.append(EntryLocation(name: start..<end, scope: match.scope))
            }
            start = line.wordStart(from: end)
        }
    }

    @inline(__always)
    private static func wordEnd(in line: Span<UInt8>, from start: Int) -> Int {
        var end = start
        while end < line.count, line[end].isSpace == false, line[end] != UInt8(ascii: "#") { end &+= 1 }
        return end
    }

    /// Whether a name is one of the host's own, which such files bring along.
    private static func isBoilerplate(_ name: Span<UInt8>) -> Bool {
        // the first letter spares nearly every name the comparison
        switch name[0].lowercased {
        case UInt8(ascii: "l"), UInt8(ascii: "b"), UInt8(ascii: "0"): name.isOne(of: ownNames)
        case UInt8(ascii: "i"): name.hasWord(ipv6Prefix, at: 0)
        default: false
        }
    }

    private static let ipv6Prefix = ASCIIWord("ip6-")
    private static let ownNames = [
        "localhost", "localhost.localdomain", "local", "localhost4", "localhost4.localdomain4", "localhost6",
        "localhost6.localdomain6", "broadcasthost", "0.0.0.0",
    ].map(ASCIIWord.init)
}
