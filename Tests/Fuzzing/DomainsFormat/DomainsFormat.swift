import Blocklists
import FuzzingDriver
import Wire

@main
enum Entry {
    /// Each input is read as the name says.
    static func main() {
        fuzz { bytes in
            var parser = ListFormat.domains.makeParser(match: .subdomains)
            var found: [EntryLocation] = []
            guard (try? parser.locateEntries(in: bytes, into: &found)) != nil, let entry = found.first else { return }
            precondition(entry.name.lowerBound >= 0 && entry.name.upperBound <= bytes.count)
            var name = DomainName()
            guard let _ = try? HostName.parse(bytes.extracting(entry.name), into: &name) else { return }
            var builder = BlocklistBuilder(lists: [ListDescriptor(id: "a", action: .drop)], key: HashKey(1, 2))
            builder.add(ListEntry(name: name, scope: [.itself, .subdomains]), list: 0)
            precondition(builder.build().match(name) == Match(list: 0))
        }
    }
}
