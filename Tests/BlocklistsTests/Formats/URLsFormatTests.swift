import Blocklists
import Testing

@Suite("Format of one URL a line")
struct URLsFormatTests {
    static let example = """
        # a list
        https://one.test/
        http://Two.Test
        HTTPS://three.test. # why
        four.test
        five.test/\r
        https://six.test:443/
        http://seven.test:80
        http://eight.test:/

        https://nine.test/path
        https://nine.test?query
        https://nine.test/#fragment
        https://nine.test\\path
        nine.test/path and more
        https://nine.test:8443/
        http://nine.test:443/
        nine.test:443
        ftp://nine.test/
        https://user@nine.test/
        https://user:word@nine.test/path
        https://192.0.2.1/
        https://[2001:db8::1]/
        2001:db8::1
        https://
        https:///path
        https://nine.test other.test
        https://ni%6Ee.test/
        *.nine.test
        """

    @Test func `every feature and fault of the example is told with its line`() {
        let names = ["one", "two", "three", "four", "five", "six", "seven", "eight"].map { "\($0).test" }
        let expected = ParsedList(
            entries: names.map { .exactly($0) },
            faults: [
                .init(11, .pathNotEnforceable), .init(12, .pathNotEnforceable), .init(13, .pathNotEnforceable),
                .init(14, .pathNotEnforceable), .init(15, .pathNotEnforceable), .init(16, .portNotEnforceable),
                .init(17, .portNotEnforceable), .init(18, .portNotEnforceable), .init(19, .schemeNotEnforceable),
                .init(20, .userNotEnforceable), .init(21, .userNotEnforceable), .init(22, .addressNotAllowed),
                .init(23, .addressNotAllowed), .init(24, .addressNotAllowed), .init(25, .notAName),
                .init(26, .pathNotEnforceable), .init(27, .severalNames), .init(28, .characterNotAllowed),
                .init(29, .wildcardNotLeading),
            ]
        )
        #expect(ParsedList(Self.example, as: .urls, match: .exact) == expected)
        #expect(ParsedList(Self.example, as: .urls).entries == names.map { .all($0) })
    }

    @Test func `a list gives exactly what it was made of, and no host of a URL with a path`() {
        let names = ListDamage.names(800, seed: 41)
        let forms = ["https://X/", "http://X", "X", "X/", "http://X/page", "https://X/?q", "X:8080", "https://X:443"]
        let text = names.enumerated().map { index, name in
            forms[index % forms.count].split(separator: "X", omittingEmptySubsequences: false).joined(separator: name)
        }
        let list = ParsedList(text.joined(separator: "\n"), as: .urls, match: .exact)
        let isWhole = { (index: Int) in [0, 1, 2, 3, 7].contains(index % forms.count) }
        #expect(list.entries == names.indices.filter(isWhole).map { .exactly(names[$0]) })
        #expect(list.faults.map(\.line) == names.indices.filter { isWhole($0) == false }.map { $0 + 1 })
    }

    @Test func `damaged lists are read or refused`() {
        let outcomes = ListDamage.outcomes(of: Self.example, as: .urls, seed: 42)
        #expect(outcomes.entries > 1_000)
        #expect(outcomes.faults > 1_000)
    }
}
