import Blocklists
import TestSupport
import Testing
import Wire

@Suite("Format of one domain a line")
struct DomainsFormatTests {
    /// What a line says: the name's octets, and which names it stands for; nil for nothing.
    struct Reading: Equatable, Sendable {
        var name: String
        var scope: ListEntry.Scope
    }

    private func locate(_ line: [UInt8], _ match: MatchKind = .subdomains) -> Result<Reading?, ListLineError> {
        var parser = ListFormat.domains.makeParser(match: match)
        var found: [EntryLocation] = []
        do throws(ListLineError) {
            try parser.locateEntries(in: line.span, into: &found)
            return .success(
                found.first.map { Reading(name: String(decoding: line[$0.name], as: UTF8.self), scope: $0.scope) }
            )
        } catch {
            return .failure(error)
        }
    }

    private func parse(_ line: [UInt8]) -> Result<String?, ListLineError> {
        let list = ParsedList(line, as: .domains, match: .exact)
        return list.faults.first.map { .failure($0.cause) } ?? .success(list.entries.first?.name)
    }

    @Test(arguments: [
        "", " ", "\t", "  \t ", "\r", "#", "# example.org", "  # example.org", "\t#example.org", "#*.example.org",
        "## a b c",
    ])
    func `blank lines and comments are no entries`(line: String) {
        #expect(locate(Array(line.utf8)) == .success(nil))
    }

    @Test(arguments: [
        "example.org", " example.org", "\texample.org\t ", "example.org\r", "example.org # why", "example.org\t#why",
        "example.org  #",
        "example.org \r",
    ])
    func `white space and comments are not part of the name`(line: String) {
        #expect(locate(Array(line.utf8)) == .success(Reading(name: "example.org", scope: [.itself, .subdomains])))
        #expect(locate(Array(line.utf8), .exact) == .success(Reading(name: "example.org", scope: .itself)))
    }

    @Test(arguments: ["*.example.org", ".example.org", "  *.example.org", ".example.org # why", "*.example.org\r"])
    func `a leading wildcard or dot stands for what is under the name only`(line: String) {
        for match in MatchKind.allCases {
            #expect(locate(Array(line.utf8), match) == .success(Reading(name: "example.org", scope: .subdomains)))
        }
    }

    @Test(arguments: [
        ("example.org example.com", ListLineError.severalNames),
        ("127.0.0.1 example.org", .severalNames),
        ("example.org\texample.com # two", .severalNames),
        ("0.0.0.0\texample.org", .severalNames),
        ("*", .wildcardNotLeading),
        ("*example.org", .wildcardNotLeading),
        ("*.*.example.org", .wildcardNotLeading),
        (".*.example.org", .wildcardNotLeading),
        ("www.*.example.org", .wildcardNotLeading),
        ("*.", .notAName),
        (".", .notAName),
        ("..", .notAName),
        ("..example.org", .emptyLabel),
        ("*..example.org", .emptyLabel),
        ("example..org", .emptyLabel),
        ("example.org#why", .characterNotAllowed),
        ("example.org;", .characterNotAllowed),
        ("example.org,example.com", .characterNotAllowed),
        ("! example", .severalNames),
        ("||example.org^", .characterNotAllowed),
        ("http://example.org/", .pathNotAllowed),
        ("*.example.org/path", .pathNotAllowed),
        ("example.org:8080", .pathNotAllowed),
        ("192.0.2.1", .addressNotAllowed),
        ("*.192.0.2.1", .addressNotAllowed),
        ("2001:db8::1", .addressNotAllowed),
        ("-example.org", .labelBeginsOrEndsWithHyphen),
    ])
    func `a bad line is refused with its cause`(line: String, expected: ListLineError) {
        #expect(parse(Array(line.utf8)) == .failure(expected))
    }

    @Test func `labels and names past their limits are refused`() {
        let label = String(repeating: "a", count: 64)
        #expect(parse(Array("*.\(label).test".utf8)) == .failure(.labelTooLong))
        #expect(parse(Array(Array(repeating: "abc", count: 64).joined(separator: ".").utf8)) == .failure(.nameTooLong))
    }

    @Test func `random lines are entries, comments or refused`() {
        var random = SeededRandom(seed: 99)
        var entries = 0
        for _ in 0..<5_000 {
            let line = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                Array("ab1.*-_# \t\r/:\u{7F}".utf8).randomElement(using: &random)
                    ?? UInt8.random(in: 0...255, using: &random)
            }
            if case .success(let name?) = parse(line) {
                entries += 1
                #expect(name.utf8.allSatisfy { $0 != 0x20 && $0 != 0x23 && $0 != 0x2A })
            }
        }
        #expect(entries > 20)
    }

    @Test func `a list gives exactly what it was made of`() {
        let names = ListDamage.names(500, seed: 11)
        let expected = names.enumerated().map { index, name -> (text: String, entry: ParsedList.Entry) in
            switch index % 4 {
            case 0: (text: "*.\(name)", entry: .under(name))
            case 1: (text: "  .\(name) # \(name)", entry: .under(name))
            case 2: (text: "\(name).\t#", entry: .all(name))
            default: (text: name.uppercased(), entry: .all(name))
            }
        }
        let list = ParsedList(expected.map(\.text).joined(separator: "\n"), as: .domains)
        #expect(list == ParsedList(entries: expected.map(\.entry)))
    }

    @Test func `damaged lists are read or refused`() {
        let text = "# list\r\nexample.org\n*.example.com # why\n\n.example.net\nwww.example.test.\n192.0.2.1\n"
        let outcomes = ListDamage.outcomes(of: text, as: .domains, seed: 12)
        #expect(outcomes.entries > 1_000)
        #expect(outcomes.faults > 1_000)
    }
}
