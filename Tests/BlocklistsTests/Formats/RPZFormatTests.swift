import Blocklists
import Testing

@Suite("Format of response policy zones")
struct RPZFormatTests {
    static let example = """
        $TTL 2h ; the default
        $ORIGIN rpz.test.
        @ 3600 IN SOA ns.test. admin.test. ( 17 ; serial
            1h 15m
            30d 2h )
             IN NS  ns.test.
        @    TXT "a zone (of names)"
        one.example CNAME .
        *.one.example IN 300 CNAME *.
        two.example 300 IN CNAME rpz-drop.
                    TXT "one \\" more; text" "and (more"
        three.example A 192.0.2.1
        four.example AAAA 2001:db8::1
        five.example CNAME garden.example.
        Six.Example.RPZ.test. cname RPZ-PASSTHRU.
        *.seven.example CNAME *.seven.example.
        eight.example CNAME eight.example. ; the old passthru
        nine.example ( CNAME
           . )
        $ORIGIN com.rpz.test.
        ten CNAME .
        $ORIGIN sub
        eleven TYPE65 \\# 0
        one.example.rpz.test. RRSIG CNAME 8 2 300 20300101000000 20200101000000 1 rpz.test. AAAA
        $ORIGIN rpz.test.
        32.1.2.0.192.rpz-ip CNAME .
        32.1.2.0.192.rpz-nsip CNAME .
        ns.example.rpz-nsdname CNAME .
        24.0.2.0.192.RPZ-client-ip CNAME rpz-passthru.
        other.example. CNAME .
        x.example CNAME rpz-tcp-only.
        x.example CNAME rpz-passthru
        x.example CNAME rpz-more.
        x.example NS ns.test.
        x.example DNAME y.example.
        @ CNAME .
        * CNAME .
        a.*.example CNAME .
        x..example CNAME .
        $INCLUDE other.zone
        $GENERATE 1-9 a$ CNAME .
        $ORIGIN
        x.example
        x.example CNAME
        x.example IN IN CNAME .
        x.example WORD .
        x.example TXT "open
           CNAME .
        x.example CNAME . )
        x\\.y.example CNAME .
        last.example CNAME .
        """

    @Test func `every feature and fault of the example is told with its line`() {
        let expected = ParsedList(
            entries: [
                .exactly("one.example"), .under("one.example"), .exactly("two.example"), .exactly("two.example"),
                .exactly("three.example"), .exactly("four.example"), .exactly("five.example"),
                .exactly("six.example").exempt, .under("seven.example").exempt, .exactly("eight.example").exempt,
                .exactly("nine.example"), .exactly("ten.com"), .exactly("eleven.sub.com"), .exactly("last.example"),
            ],
            faults: [
                .init(26, .answerAddressTrigger), .init(27, .serverAddressTrigger), .init(28, .serverNameTrigger),
                .init(29, .clientAddressTrigger), .init(30, .ownerOutsideZone), .init(31, .tcpOnlyNotEnforceable),
                .init(32, .actionUnknown), .init(33, .actionUnknown), .init(34, .recordTypeNotAllowed),
                .init(35, .recordTypeNotAllowed), .init(36, .recordTypeNotAllowed), .init(37, .notAName),
                .init(38, .wildcardNotLeading), .init(39, .emptyLabel), .init(40, .directiveNotSupported),
                .init(41, .directiveNotSupported), .init(42, .notARecord), .init(43, .notARecord),
                .init(44, .notARecord), .init(45, .notARecord), .init(46, .notARecord), .init(47, .quoteNotClosed),
                .init(48, .notARecord), .init(49, .notARecord), .init(50, .characterNotAllowed),
            ]
        )
        for match in MatchKind.allCases { #expect(ParsedList(Self.example, as: .rpz, match: match) == expected) }
    }

    @Test(arguments: [
        // as written by hand, the zone's name being elsewhere
        "@ SOA a. b. 1 2 3 4 5\n NS a.\none.example CNAME .\n*.one.example CNAME .",
        // as a transfer prints it
        "rpz.test. 300 IN SOA a. b. 1 2 3 4 5\none.example.rpz.test. 300 IN CNAME .\n*.one.example.RPZ.test.\t300\tIN\tCNAME\t.",
        // as servers write it to disk
        "$ORIGIN .\nrpz.test IN SOA a. b. ( 1 2 3 4 5 )\n NS a.\n$ORIGIN example.rpz.test.\none CNAME .\n$ORIGIN one.example.rpz.test.\n* CNAME .",
        "rpz.test. SOA a. b. 1 2 3 4 5\none.example CNAME .\n*.one.example CNAME .",
        "$ORIGIN rpz.test.\none.example CNAME .\n$ORIGIN example\n*.one CNAME .",
        // no zone's name at all
        "one.example CNAME .\n$ORIGIN example\n*.one CNAME .",
    ])
    func `owners are read against the zone's name`(text: String) {
        #expect(
            ParsedList(text, as: .rpz) == ParsedList(entries: [.exactly("one.example"), .under("one.example")])
        )
    }

    @Test func `an absolute owner without a known zone is refused`() {
        #expect(ParsedList("one.example.rpz.test. CNAME .", as: .rpz).faults == [.init(1, .ownerOutsideZone)])
        // a label is compared whole
        let text = "$ORIGIN rpz.test.\none.examplerpz.test. CNAME ."
        #expect(ParsedList(text, as: .rpz).faults == [.init(2, .ownerOutsideZone)])
    }

    @Test func `a forgotten parenthesis does not swallow the zone`() {
        let zone = "one.example CNAME ( .\n" + String(repeating: "n.example CNAME .\n", count: 200)
        let list = ParsedList(zone, as: .rpz)
        #expect(list.faults.first == .init(65, .parenthesisNotClosed))
        #expect(list.entries.count == 200 - 64)
        #expect(ParsedList("one.example CNAME ( .", as: .rpz).faults == [.init(1, .parenthesisNotClosed)])
    }

    @Test func `a list gives exactly what it was made of`() {
        let names = ListDamage.names(800, seed: 61)
        let actions = [".", "*.", "rpz-drop.", "rpz-passthru.", "garden.example."]
        var text = "$ORIGIN policy.example.\n@ SOA a. b. (\n1 2 3 4 5)\n@ NS a.\n"
        var entries: [ParsedList.Entry] = []
        for (index, name) in names.enumerated() {
            let isWildcard = index % 2 == 0
            let owner = (isWildcard ? "*." : "") + name + (index % 3 == 0 ? ".policy.example." : "")
            text += "\(owner) \(index % 7 == 0 ? "300 " : "")IN CNAME \(actions[index % 5])\n"
            let entry = isWildcard ? ParsedList.Entry.under(name) : .exactly(name)
            entries.append(index % 5 == 3 ? entry.exempt : entry)
        }
        #expect(ParsedList(text, as: .rpz) == ParsedList(entries: entries))
    }

    @Test func `damaged zones are read or refused`() {
        let outcomes = ListDamage.outcomes(of: Self.example, as: .rpz, seed: 62)
        #expect(outcomes.entries > 1_000)
        #expect(outcomes.faults > 1_000)
    }
}
