import Blocklists
import Testing

@Suite("Format of the CNCPO's table")
struct CNCPOFormatTests {
    static let example = """
        2024052101;20240521120000
        http://one.test/;one.test;;
        https://Two.Test;two.test.;;\r
        ;three.test;;
        four.test;;;
        "http://five.test/";"five.test";"http://192.0.2.1/";"192.0.2.1"
         six.test ; six.test ;
        ;seven.test

        http://eight.test/page;eight.test;;
        http://eight.test/;nine.test;;
        ;;http://192.0.2.1/;192.0.2.1
        ;;;
        eight.test
        ;eight.test;;;more
        ;"eight.test;;
        ;"eight"test;;
        ;"ei""ght.test";;
        http://192.0.2.1/;192.0.2.1;;
        ;192.0.2.1;;
        ;eight..test;;
        """

    @Test func `every feature and fault of the example is told with its line`() {
        let names = ["one", "two", "three", "four", "five", "six", "seven"].map { "\($0).test" }
        let expected = ParsedList(
            entries: names.map { .all($0) },
            faults: [
                .init(10, .pathNotEnforceable), .init(11, .hostsDiffer), .init(12, .addressNotAllowed),
                .init(13, .rowEmpty),
                .init(14, .fieldCountWrong), .init(15, .fieldCountWrong), .init(16, .quoteNotClosed),
                .init(17, .quoteNotClosed), .init(18, .characterNotAllowed), .init(19, .addressNotAllowed),
                .init(20, .addressNotAllowed), .init(21, .emptyLabel),
            ]
        )
        #expect(ParsedList(Self.example, as: .cncpo) == expected)
        #expect(ParsedList(Self.example, as: .cncpo, match: .exact).entries == names.map { .exactly($0) })
    }

    @Test(arguments: [
        "url;domain;ipurl;ip\nhttp://one.test;one.test;;",
        "IP;Dominio\n;one.test",
        "\"domain\",\"url\"\none.test,http://one.test/",
        "id,host,note\n7,one.test,\"x, y\"",
        "17;20240521\nurl;domain;ipurl;ip\n;one.test;;",
        "\n\n17;20240521;;\n;one.test;;",
        "url\nhttp://one.test/",
    ])
    func `the columns are found by their names`(text: String) {
        #expect(ParsedList(text, as: .cncpo) == ParsedList(entries: [.all("one.test")]))
    }

    @Test func `a table without its first row is told`() {
        #expect(
            ParsedList("http://one.test;one.test;;\n;two.test;;", as: .cncpo)
                == ParsedList(entries: [.all("two.test")], faults: [.init(1, .headerMissing)])
        )
    }

    @Test func `a list gives exactly what it was made of`() {
        let names = ListDamage.names(500, seed: 51)
        let rows = names.enumerated().map { index, name in
            switch index % 4 {
            case 0: "http://\(name)/;\(name);;"
            case 1: ";\"\(name.uppercased())\";;"
            case 2: "\"https://\(name)\";;;"
            default: "http://\(name)/;\(name);http://192.0.2.1/;192.0.2.1"
            }
        }
        let list = ParsedList((["1;2"] + rows).joined(separator: "\n"), as: .cncpo)
        #expect(list == ParsedList(entries: names.map { .all($0) }))
    }

    @Test func `damaged lists are read or refused`() {
        let outcomes = ListDamage.outcomes(of: Self.example, as: .cncpo, seed: 52)
        #expect(outcomes.entries > 1_000)
        #expect(outcomes.faults > 1_000)
    }
}
