import Blocklists
import Testing
import Wire

@Suite("Host name in a list")
struct HostNameTests {
    private func parse(_ text: [UInt8]) -> Result<String, ListLineError> {
        var name = DomainName()
        do throws(ListLineError) {
            try HostName.parse(text.span, into: &name)
            return .success(name.presentation())
        } catch {
            return .failure(error)
        }
    }

    @Test(arguments: [
        ("example.org", "example.org"),
        ("EXAMPLE.Org", "example.org"),
        ("example.org.", "example.org"),
        ("test", "test"),
        ("a", "a"),
        ("_dmarc.example.org", "_dmarc.example.org"),
        ("a_b.example.org", "a_b.example.org"),
        ("_.test", "_.test"),
        ("ex-ample.test", "ex-ample.test"),
        ("xn--4cab6c.test", "xn--4cab6c.test"),
        ("3.example", "3.example"),
        ("192.0.2.1.example", "192.0.2.1.example"),
        ("1-2", "1-2"),
        ("a.1b", "a.1b"),
        ("a.1_2", "a.1_2"),
    ])
    func `a host name is read`(text: String, expected: String) {
        #expect(parse(Array(text.utf8)) == .success(expected))
    }

    @Test(arguments: [
        ("", ListLineError.notAName),
        (".", .notAName),
        ("..", .emptyLabel),
        (".example.org", .emptyLabel),
        ("example..org", .emptyLabel),
        ("example.org..", .emptyLabel),
        ("-example.org", .labelBeginsOrEndsWithHyphen),
        ("example-.org", .labelBeginsOrEndsWithHyphen),
        ("www.-.org", .labelBeginsOrEndsWithHyphen),
        ("example.org-", .labelBeginsOrEndsWithHyphen),
        ("192.0.2.1", .addressNotAllowed),
        ("192.0.2.1.", .addressNotAllowed),
        ("3221225985", .addressNotAllowed),
        ("example.123", .addressNotAllowed),
        ("2001:db8::1", .addressNotAllowed),
        ("::1", .addressNotAllowed),
        ("2001:DB8::FFFF", .addressNotAllowed),
        ("::ffff:192.0.2.1", .addressNotAllowed),
        ("192.0.2.0/24", .pathNotAllowed),
        ("example.org/path", .pathNotAllowed),
        ("http://example.org", .pathNotAllowed),
        ("https://example.org/", .pathNotAllowed),
        ("example.org:443", .pathNotAllowed),
        ("[2001:db8::1]", .characterNotAllowed),
        ("||example.org^", .characterNotAllowed),
        ("user@example.org", .characterNotAllowed),
        ("exa mple.org", .characterNotAllowed),
        ("exa\tmple.org", .characterNotAllowed),
        ("example.org,", .characterNotAllowed),
        ("\"example.org\"", .characterNotAllowed),
        ("example.org?x", .characterNotAllowed),
        ("ex\u{0}ample.org", .characterNotAllowed),
        ("exämple.org", .characterNotAllowed),
        ("*", .wildcardNotLeading),
        ("*.example.org", .wildcardNotLeading),
        ("www.*.org", .wildcardNotLeading),
        ("ex*mple.org", .wildcardNotLeading),
    ])
    func `what no client asks for is refused with its cause`(text: String, expected: ListLineError) {
        #expect(parse(Array(text.utf8)) == .failure(expected))
    }

    @Test func `a label has at most 63 octets, a name 253`() {
        let label = [UInt8](repeating: 0x61, count: 63)
        #expect((try? parse(label).get()) == String(decoding: label, as: UTF8.self))
        #expect(parse(label + [0x61]) == .failure(.labelTooLong))
        #expect(parse(Array("www.".utf8) + label + [0x61]) == .failure(.labelTooLong))
        let longest = Array([label, label, label, Array(label.dropLast(2))].joined(separator: [0x2E]))
        #expect(longest.count == 253)
        #expect((try? parse(longest).get()) == String(decoding: longest, as: UTF8.self))
        #expect((try? parse(longest + [0x2E]).get()) == String(decoding: longest, as: UTF8.self))
        #expect(parse(longest + [0x61]) == .failure(.nameTooLong))
        #expect(parse(longest + Array(".a".utf8)) == .failure(.nameTooLong))
    }

    @Test(arguments: UInt8(0)...255)
    func `letters, digits, hyphens and underscores are all that a label has`(octet: UInt8) {
        let scalar = Unicode.Scalar(octet)
        let isAllowed =
            octet < 0x80
            && (scalar.properties.isAlphabetic || (0x30...0x39).contains(octet)
                || "-_.".unicodeScalars.contains(scalar))
        let result = parse([0x61, octet, 0x61])
        #expect((try? result.get()) != nil || isAllowed == false)
        #expect((try? result.get()) == nil || isAllowed)
    }
}
