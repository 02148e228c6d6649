import Blocklists
import Wire

/// Names that every run makes alike, in domains that nobody has (RFC 2606).
enum BenchmarkNames {
    /// A list's entry with this number.
    static func listed(_ number: Int) -> String { "listed-\(number).test" }

    /// A name on no list, of three labels and about 28 octets.
    static func unlisted(_ number: Int) -> String { "host-\(number).unlisted-\(number % 97).example" }

    /// The name that a text spells, which is known to spell one.
    static func name(_ text: String) -> DomainName {
        let text = Array(text.utf8)
        guard let name = try? DomainName(text: text.span) else { preconditionFailure("not a name") }
        return name
    }
}

/// The list that names are looked up in.
enum BenchmarkList {
    /// A blocklist of so many entries, each with what lies under it, under a fixed key: each run does the same.
    static func build(_ count: Int, _ action: Action = .drop) -> Blocklist {
        var builder = BlocklistBuilder(
            lists: [ListDescriptor(id: "benchmark", action: action)],
            key: HashKey(0x6265_6e63_686d_6172, 0x6b20_6c69_7374_2121)
        )
        builder.reserve(count)
        for number in 0..<count {
            let name = BenchmarkNames.name(BenchmarkNames.listed(number))
            builder.add(ListEntry(name: name, scope: [.itself, .subdomains]), list: 0)
        }
        return builder.build()
    }
}
