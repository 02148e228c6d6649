import Blocklists
import TestSupport
import Testing
import Wire

@Suite("Public suffix rules")
struct PublicSuffixRulesTests {
    /// The cases of publicsuffix.org's own test data, on names that cannot be registered.
    private static let data = """
        // a comment
        // ===BEGIN ICANN DOMAINS===

        test
        example
        ac.example
        com.example
        *.kobe.example
        !city.kobe.example
        *.invalid
        !www.invalid
        k12.ak.us.test   // text behind white space is not read
        // ===END ICANN DOMAINS===
        // ===BEGIN PRIVATE DOMAINS===
        pages.test
        *.compute.cloud.test
        // ===END PRIVATE DOMAINS===

        """

    @Test(arguments: [
        ("test", true), ("example", true), ("com.example", true), ("TEST", true), ("pages.test", true),
        ("domain.test", false), ("b.domain.test", false), ("mypages.test", false),
        ("me.pages.test", false), ("a.me.pages.test", false),
        // A wildcard: its own name is none, each of its children is one.
        ("kobe.example", false), ("c.kobe.example", true), ("b.c.kobe.example", false), ("a.b.c.kobe.example", false),
        ("compute.cloud.test", false), ("cloud.test", false), ("one.compute.cloud.test", true),
        ("vm.one.compute.cloud.test", false),
        // An exception takes a name out of it.
        ("city.kobe.example", false), ("www.city.kobe.example", false), ("www.invalid", false),
        ("www.www.invalid", false), ("c.invalid", true), ("b.c.invalid", false),
        // Gaps between rules.
        ("us.test", false), ("ak.us.test", false), ("k12.ak.us.test", true), ("a.k12.ak.us.test", false),
        // The rule `*` where no other holds.
        ("unlisted", true), ("invalid", true), ("domain.unlisted", false), ("b.domain.unlisted", false),
    ])
    func `the rule that prevails decides`(name: String, isSuffix: Bool) throws {
        #expect(try PublicSuffixRules(Self.data).isPublicSuffix(name) == isSuffix)
    }

    @Test func `the root is a public suffix`() throws {
        #expect(try PublicSuffixRules("test").isPublicSuffix(DomainName()))
    }

    @Test func `a name with very many labels is none`() throws {
        let name = Array(repeating: "a", count: 126).joined(separator: ".")
        #expect(try PublicSuffixRules("test\n*.a").isPublicSuffix(name) == false)
    }

    @Test func `a rule with very many labels holds`() throws {
        let name = Array(repeating: "a", count: 90).joined(separator: ".")
        let rules = try PublicSuffixRules("\(name)\n*.\(name)")
        #expect(try rules.isPublicSuffix(name))
        #expect(try rules.isPublicSuffix("b.\(name)"))
        #expect(try rules.isPublicSuffix("c.b.\(name)") == false)
        #expect(try rules.isPublicSuffix(String(name.dropFirst(2))) == false)
    }

    @Test func `line ends of Windows and a last line without one are read`() throws {
        let rules = try PublicSuffixRules("co.test\r\n\r\n*.x.test\r\nlast.test")
        #expect(try rules.isPublicSuffix("co.test"))
        #expect(try rules.isPublicSuffix("a.x.test"))
        #expect(try rules.isPublicSuffix("last.test"))
    }

    @Test func `a name outside ASCII is turned into A-labels`() throws {
        let rules = try PublicSuffixRules("blåbär.test\n*.räksmörgås.test\n") { text in
            var octets: [UInt8] = []
            for index in text.indices { octets.append(text[index]) }
            return String(decoding: octets, as: UTF8.self) == "blåbär.test"
                ? Array("xn--blbr-roah.test".utf8) : Array("xn--rksmrgs-5wao1o.test".utf8)
        }
        #expect(try rules.isPublicSuffix("xn--blbr-roah.test"))
        #expect(try rules.isPublicSuffix("a.xn--rksmrgs-5wao1o.test"))
        #expect(try rules.isPublicSuffix("xn--rksmrgs-5wao1o.test") == false)
    }

    @Test func `every rule is gone through, save exceptions and what they make void`() throws {
        let rules = try PublicSuffixRules(Self.data + "below.www.invalid\n*.www.invalid\nwww.invalid\n")
        var found: [String] = []
        rules.forEach { name, kind in found.append((kind == .wildcard ? "*." : "") + name.presentation()) }
        #expect(
            found == [
                "test", "example", "ac.example", "com.example", "*.kobe.example", "*.invalid", "k12.ak.us.test",
                "pages.test",
                "*.compute.cloud.test",
            ]
        )
        #expect(rules.count == found.count)
        #expect(try rules.isPublicSuffix("below.www.invalid") == false)
        #expect(try rules.isPublicSuffix("www.invalid") == false)
    }

    @Test(arguments: [
        ("test\na..test\n", PublicSuffixError.badRule(line: 2, cause: .emptyLabel)),
        ("a/b.test", .badRule(line: 1, cause: .pathNotAllowed)),
        ("\na.*.test", .badRule(line: 2, cause: .wildcardNotLeading)),
        ("*a.test", .badRule(line: 1, cause: .wildcardNotLeading)),
        ("*.", .badRule(line: 1, cause: .wildcardNotLeading)),
        ("!", .badRule(line: 1, cause: .notAName)),
        ("ü.test", .badRule(line: 1, cause: .notAnInternationalName)),
        ("192.0.2.1", .badRule(line: 1, cause: .addressNotAllowed)),
        ("*.test\n!test", .exceptionOfTopLevel(line: 2)),
        ("", .noRules), ("\n\n", .noRules), ("// nothing", .noRules), ("*", .noRules), ("!a.test", .noRules),
        ("// ===BEGIN ICANN DOMAINS===\ntest\n", .sectionNotClosed(line: 1)),
        ("test\n// ===BEGIN A===\n// ===END A===\n// ===BEGIN B===\nco.test", .sectionNotClosed(line: 4)),
    ])
    func `data that cannot be meant is refused`(text: String, error: PublicSuffixError) {
        #expect(throws: error) { _ = try PublicSuffixRules(text) }
        #expect(error.description.contains("\n") == false)
        #expect(error.description.contains("publicsuffix"))
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func `rules agree with the algorithm as it is written`(seed: UInt64) throws {
        var names = DenseNames(seed: seed)
        let naive = NaiveSuffixRules(rules: names.rules() + ["c.c.c"])
        let rules = try PublicSuffixRules(naive.rules.joined(separator: "\n"))
        var wrong: [String] = []
        for name in DenseNames.all(upTo: 5) where try rules.isPublicSuffix(name) != naive.isPublicSuffix(name) {
            wrong.append(name)
        }
        #expect(wrong == [], "rules: \(naive.rules)")
    }
}
