import Blocklists
import Wire

/// A list with the id `police` that drops these names and all under them.
func policeList(_ names: String...) throws -> Blocklist {
    var builder = BlocklistBuilder(lists: [ListDescriptor(id: "police", action: .drop)])
    for name in names {
        let text = Array(name.utf8)
        builder.add(ListEntry(name: try DomainName(text: text.span), scope: [.itself, .subdomains]), list: 0)
    }
    return builder.build()
}
