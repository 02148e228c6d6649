import Blocklists
import Testing

@Suite("Format of filter rules")
struct AdblockFormatTests {
    static let example = """
        [Adblock Plus 2.0]
        ! Title: a list
        # a comment
        ## another
        ####
        ||one.test^
         ||Two.Test.^\r
        @@||www.one.test^
        ||three.test^$important
        ||four.test^$all,important
        @@||five.test^$important
        ||six.test^$document
        ||six.test^$third-party
        ||six.test^$popup,all
        ||six.test^$
        ||six.test^|
        ||six.test^*
        ||six.test
        ||s*x.test^
        ||six.test/ads^
        ||six.test:8080^
        |https://six.test^
        six.test
        /banner[0-9]+/
        six.test##.ad
        ##.ad
        ###ad
        six.test#@#.ad
        six.test#?#div:has(.ad)
        six.test#$#body { color: red }
        six.test#%#//scriptlet("x")
        @@||six.test^$elemhide
        @@six.test
        ||six.test^$badfilter
        ||192.0.2.1^
        ||2001:db8::1^
        ||six..test^
        ||^
        """

    @Test func `every feature and fault of the example is told with its line`() {
        let expected = ParsedList(
            entries: [
                .all("one.test"), .all("two.test"), .all("www.one.test").exempt, .all("three.test"), .all("four.test"),
                .all("five.test").exempt,
            ],
            faults: [
                .init(12, .ruleOptionNotEnforceable), .init(13, .ruleOptionNotEnforceable),
                .init(14, .ruleOptionNotEnforceable), .init(15, .ruleOptionNotEnforceable),
                .init(16, .patternNotEnforceable), .init(17, .patternNotEnforceable), .init(18, .patternNotEnforceable),
                .init(19, .patternNotEnforceable), .init(20, .pathNotEnforceable), .init(21, .portNotEnforceable),
                .init(22, .patternNotEnforceable), .init(23, .patternNotEnforceable), .init(24, .patternNotEnforceable),
                .init(25, .cosmeticRuleNotEnforceable), .init(26, .cosmeticRuleNotEnforceable),
                .init(27, .cosmeticRuleNotEnforceable), .init(28, .cosmeticRuleNotEnforceable),
                .init(29, .cosmeticRuleNotEnforceable), .init(30, .cosmeticRuleNotEnforceable),
                .init(31, .cosmeticRuleNotEnforceable), .init(32, .exceptionNotEnforceable),
                .init(33, .exceptionNotEnforceable), .init(34, .exceptionNotEnforceable), .init(35, .addressNotAllowed),
                .init(36, .addressNotAllowed), .init(37, .emptyLabel), .init(38, .notAName),
            ]
        )
        #expect(ParsedList(Self.example, as: .adblock) == expected)
        // a rule says itself which names it is for
        #expect(ParsedList(Self.example, as: .adblock, match: .exact) == expected)
    }

    @Test func `a list gives exactly what it was made of`() {
        let names = ListDamage.names(500, seed: 31)
        let text = names.enumerated().map { index, name in
            (index % 3 == 0 ? "@@" : "") + "||\(name)^" + (index % 5 == 0 ? "$important" : "")
        }
        let entries = names.enumerated().map { index, name in
            index % 3 == 0 ? ParsedList.Entry.all(name).exempt : .all(name)
        }
        #expect(ParsedList(text.joined(separator: "\r\n"), as: .adblock) == ParsedList(entries: entries))
    }

    @Test func `damaged lists are read or refused`() {
        let outcomes = ListDamage.outcomes(of: Self.example, as: .adblock, seed: 32)
        #expect(outcomes.entries > 1_000)
        #expect(outcomes.faults > 1_000)
    }
}
