import TestSupport
import Testing
import Wire

@Suite("Domain name (RFC 1035 section 3.1)")
struct DomainNameTests {
    private func name(_ text: String) throws -> DomainName { try DomainName(text: Array(text.utf8).span) }

    private func error(_ text: [UInt8]) -> WireError? {
        failure(text) { text throws(WireError) in _ = try DomainName(text: text) }
    }

    /// The name with these labels, read from a DNS query.
    private func wire(_ labels: [[UInt8]]) throws -> DomainName {
        let query = DNSMessageTests.header + labels.flatMap { [UInt8($0.count)] + $0 } + hex("00 0001 0001")
        var name = DomainName()
        _ = try DNSMessage(parsing: query.span).readQuestion(at: 12, into: &name)
        return name
    }

    @Test(arguments: ["example.org", "EXAMPLE.ORG", "eXaMpLe.OrG", "example.org."])
    func `case and one trailing dot say nothing`(text: String) throws {
        #expect(try name(text) == name("example.org"))
        #expect(try name(text).presentation() == "example.org")
    }

    @Test(arguments: ["", "."])
    func `nothing and a single dot are the root`(text: String) throws {
        let root = try name(text)
        #expect(root == DomainName())
        #expect(root.length == 0)
        #expect(root.labelCount == 0)
        #expect(root.presentation() == ".")
    }

    @Test(arguments: ["..", ".example", ".example.org", "example..org", "example.org..", "a...b", ".."])
    func `an empty label is malformed`(text: String) {
        #expect(error(Array(text.utf8)) == .malformed(.domainName))
    }

    @Test func `a label has at most 63 octets`() throws {
        let label = String(repeating: "x", count: 63)
        #expect(try name(label + ".test").presentation() == label + ".test")
        #expect(error(Array("\(label)x.test".utf8)) == .limitExceeded(.domainName))
        #expect(error(Array("test.\(label)x".utf8)) == .limitExceeded(.domainName))
    }

    @Test func `a text has at most 253 octets`() throws {
        let labels = [63, 63, 63, 61].map { [UInt8](repeating: 0x61, count: $0) }
        let longest = Array(labels.joined(separator: [0x2E]))
        #expect(longest.count == 253)
        let name = try DomainName(text: longest.span)
        #expect(name.length == DomainName.maximumLength)
        #expect(name.presentation().utf8.count == 253)
        #expect(try DomainName(text: (longest + [0x2E]).span) == name)
        #expect(error([0x61] + longest) == .limitExceeded(.domainName))
        #expect(error([0x61, 0x2E] + longest) == .limitExceeded(.domainName))
        #expect(error(longest + [0x2E, 0x2E]) != nil)
    }

    @Test func `127 labels of one octet are the most`() throws {
        let text = Array(repeating: "a", count: 127).joined(separator: ".")
        let name = try name(text)
        #expect(name.labelCount == 127)
        #expect(name.presentation() == text)
    }

    @Test func `every boundary of a label is marked, and nothing else`() throws {
        // org: 4 octets with its length; example: 8 more; www: 4 more
        let name = try name("www.example.org")
        #expect(name.length == 16)
        #expect(name.labelCount == 3)
        #expect(name.boundaries[0] == 1 << 4 | 1 << 12 | 1 << 16)
        #expect(name.boundaries[1] == 0 && name.boundaries[2] == 0 && name.boundaries[3] == 0)
    }

    @Test func `boundaries reach into all four words`() throws {
        let labels = [61, 63, 63, 63].map { [UInt8](repeating: 0x61, count: $0) }
        let name = try wire(labels)
        #expect([0, 1, 2, 3].map { name.boundaries[$0] } == [0, 1, 1, 1 | 1 << 62])
    }

    @Test func `the octets are stored last first, lengths between them`() throws {
        let name = try name("AB.cd")
        // d c 2 b a 2, the first in the lowest bits
        #expect(name.words[0] == 0x02_6162_02_6364)
        #expect(name.length == 6)
    }

    @Test func `a name is a prefix of the names under it`() throws {
        let parent = try name("sub.example.test")
        let child = try name("www.sub.example.test")
        #expect(parent.length == 17)
        for index in 0..<2 { #expect(parent.words[index] == child.words[index]) }
        #expect(child.words[2] & 0xFF == parent.words[2])
        #expect(child.boundaries[0] & parent.boundaries[0] == parent.boundaries[0])
    }

    @Test func `octets outside ASCII are kept, and told as in zone files`() throws {
        #expect(try DomainName(text: hex("C3A5 2E 74657374").span).presentation() == #"\195\165.test"#)
        #expect(try DomainName(text: hex("C1 DA E1 FF").span).presentation() == #"\193\218\225\255"#)
        #expect(try wire([hex("00 20 7F 22 5C"), hex("612E62")]).presentation() == #"\000\032\127"\\.a\.b"#)
    }

    @Test func `a dot inside a label is no separator`() throws {
        let inside = try wire([Array("a.b".utf8)])
        let between = try wire([Array("a".utf8), Array("b".utf8)])
        #expect(inside != between)
        #expect(inside.length == between.length)
        #expect(inside.labelCount == 1)
    }

    @Test(arguments: 0...255)
    func `only upper-case ASCII letters are folded`(value: Int) throws {
        let octet = UInt8(value)
        let folded = (0x41...0x5A).contains(octet) ? octet + 32 : octet
        // at each place of a word, so that no fold spills into the octet beside it
        for place in 0..<9 {
            var label = [UInt8](repeating: 0x7A, count: 9)
            label[place] = octet
            var expected = label
            expected[place] = folded
            let name = try wire([label])
            #expect(name == (try wire([expected])))
            #expect(
                (0..<9).map { UInt8(truncatingIfNeeded: name.words[$0 / 8] >> UInt64($0 % 8 * 8)) }
                    == Array(expected.reversed())
            )
        }
    }

    @Test func `names are equal where all their octets are`() throws {
        #expect(try name("a.test") != name("b.test"))
        #expect(try name("a.test") != name("a.test.test"))
        #expect(try name("test") != DomainName())
        #expect(try name("xexample.org") != name("x.example.org"))
    }

    @Test func `a name that was longer before leaves nothing behind`() throws {
        var reused = try wire([63, 63, 63, 61].map { [UInt8](repeating: 0x61, count: $0) })
        for text in ["a.test", "", "www.example.org"] {
            try reused.assign(text: Array(text.utf8).span)
            let fresh = try name(text)
            #expect(reused == fresh)
            #expect(reused.labelCount == fresh.labelCount)
            #expect(reused.presentation() == fresh.presentation())
        }
    }

    @Test func `the text and the wire form of a name are equal`() throws {
        var random = SeededRandom(seed: 3)
        for _ in 0..<1_500 {
            var labels: [[UInt8]] = []
            var length = 0
            while true {
                let count = Int.random(in: 1...(Bool.random(using: &random) ? 63 : 12), using: &random)
                guard length + count + 1 <= DomainName.maximumLength else { break }
                length += count + 1
                labels.append(
                    (0..<count).map { _ in
                        let octet = UInt8.random(in: 0...255, using: &random)
                        return octet == 0x2E ? 0x2D : octet
                    }
                )
                if Int.random(in: 0..<5, using: &random) == 0 { break }
            }
            let text = Array(labels.joined(separator: [0x2E]))
            let fromWire = try wire(labels)
            let fromText = try DomainName(text: text.span)
            #expect(fromWire == fromText)
            #expect(fromWire.labelCount == labels.count)
            #expect((0..<4).allSatisfy { fromWire.boundaries[$0] == fromText.boundaries[$0] })
            #expect(fromWire.presentation() == fromText.presentation())
            #expect(fromWire.length == length)
        }
    }

    @Test func `damaged texts are read or refused`() {
        let texts = ["www.example.org.", String(repeating: "abcdefg.", count: 31) + "test"].map { Array($0.utf8) }
        let outcomes = Mutation.outcomes(of: texts, seed: 255) { text throws(WireError) in
            try DomainName(text: text).presentation()
        }
        #expect(outcomes.different == [])
        #expect(outcomes.valid > 100)
        #expect(outcomes.refused > 100)
    }
}
