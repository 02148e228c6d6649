import Blocklists
import Testing

@Suite("Format of hosts files")
struct HostsFormatTests {
    static let example = """
        # a list
        127.0.0.1 localhost localhost.localdomain local
        255.255.255.255 broadcasthost
        ::1 localhost ip6-localhost ip6-loopback
        fe80::1%lo0 localhost
        ff02::2 ip6-allrouters
        0.0.0.0 0.0.0.0

        0.0.0.0 one.test
        127.0.0.1\ttwo.test  Three.Test # both
        :: four.test#five.test
        \t::1 five.test.
        192.0.2.7 localhost.six.test Localhost seven.test\r
        0.0.0.0
        0.0.0.0 # nothing
        eight.test
        nine.test 0.0.0.0
        0.0.0.0 192.0.2.1
        0.0.0.0 *.ten.test
        0.0.0.0 http://ten.test/
        2001:db8::53 eleven.test
        """

    @Test func `every feature and fault of the example is told with its line`() {
        let names = ["one", "two", "three", "four", "five", "localhost.six", "seven", "eleven"]
        #expect(
            ParsedList(Self.example, as: .hosts)
                == ParsedList(
                    entries: names.map { .all("\($0).test") },
                    faults: [
                        .init(14, .nameMissing), .init(15, .nameMissing), .init(16, .addressMissing),
                        .init(17, .addressMissing), .init(18, .addressNotAllowed), .init(19, .wildcardNotLeading),
                        .init(20, .pathNotAllowed),
                    ]
                )
        )
    }

    @Test func `names stand for themselves alone where so configured`() {
        #expect(
            ParsedList("0.0.0.0 a.test b.test", as: .hosts, match: .exact).entries == [
                .exactly("a.test"), .exactly("b.test"),
            ]
        )
    }

    @Test func `a list gives exactly what it was made of`() {
        let names = ListDamage.names(600, seed: 21)
        var text = ""
        for index in stride(from: 0, to: names.count, by: 3) {
            text += "0.0.0.0 \(names[index])\t\(names[index + 1].uppercased()) \(names[index + 2]). # \(index)\n"
        }
        #expect(ParsedList(text, as: .hosts) == ParsedList(entries: names.map { .all($0) }))
    }

    @Test func `damaged lists are read or refused`() {
        let outcomes = ListDamage.outcomes(of: Self.example, as: .hosts, seed: 22)
        #expect(outcomes.entries > 1_000)
        #expect(outcomes.faults > 1_000)
    }
}
