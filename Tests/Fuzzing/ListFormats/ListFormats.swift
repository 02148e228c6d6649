import Blocklists
import FuzzingDriver
import Wire

@main
enum Entry {
    /// The first octet of each input chooses the format, and the rest is a list of it; the format is told from the content, too.
    static func main() {
        fuzz { bytes in
            guard bytes.count > 0 else { return }
            let formats = ListFormat.allCases
            let text = bytes.extracting(droppingFirst: 1)
            let told = ListFormat.detected(in: text)
            precondition(told == ListFormat.detected(in: text))
            let format = formats[Int(bytes[0]) % formats.count]
            for match in MatchKind.allCases { read(text, as: format, match) }
        }
    }

    private static func read(_ text: Span<UInt8>, as format: ListFormat, _ match: MatchKind) {
        var parser = format.makeParser(match: match)
        var found: [EntryLocation] = []
        var name = DomainName()
        var start = 0
        while start <= text.count {
            let end = text.firstOffset(of: 0x0A, from: start)
            let line = text.extracting(start..<end)
            start = end + 1
            do {
                try parser.locateEntries(in: line, into: &found)
            } catch {
                precondition(found.isEmpty)
                continue
            }
            for location in found {
                precondition(location.scope.isEmpty == false)
                guard (try? HostName.parse(parser.name(at: location, in: line), into: &name)) != nil else { continue }
                precondition(name.length > 0)
            }
        }
        try? parser.finish()
    }
}
