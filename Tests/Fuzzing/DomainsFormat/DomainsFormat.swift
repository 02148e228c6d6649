import Blocklists
import FuzzingDriver
import Wire

@main
enum Entry {
    /// Each input is read as the name says.
    static func main() {
        fuzz { bytes in
            guard let entry = try? ListFormat.domains.locateEntry(in: bytes, match: .subdomains) else { return }
            precondition(entry.name.lowerBound >= 0 && entry.name.upperBound <= bytes.count)
            var name = DomainName()
            guard let _ = try? HostName.parse(bytes.extracting(entry.name), into: &name) else { return }
            var builder = BlocklistBuilder(lists: [ListDescriptor(id: "a", action: .drop)], key: HashKey(1, 2))
            builder.add(ListEntry(name: name, scope: [.itself, .subdomains]), list: 0)
            precondition(builder.build().match(name) == Match(list: 0))
        }
    }
}
