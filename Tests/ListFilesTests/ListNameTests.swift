import Blocklists
import ListFiles
import TestSupport
import Testing
import Wire

@Suite("Name in a list, a command and a packet")
struct ListNameTests {
    private func parse(_ text: String) -> Result<String, ListLineError> {
        do throws(ListLineError) { return .success(try ListName.parse(text).presentation()) } catch {
            return .failure(error)
        }
    }

    /// The name as a DNS question, a TLS server name and an HTTP Host have it.
    private func onTheWire(_ name: String) throws -> [DomainName] {
        var question = DomainName()
        let query = DNSBuilder.query(name)
        _ = try DNSMessage(parsing: query.span).readQuestion(at: DNSMessage.firstQuestion, into: &question)

        let message = ClientHelloBuilder(serverName: name).message
        let serverName = try TLSClientHello(parsing: message.span.extracting(4..<message.count)).serverName

        var host = DomainName()
        let head = Array("GET / HTTP/1.1\r\nHost: \(name):8080\r\n\r\n".utf8)
        var fields = try HTTPRequestHead(parsing: head.span).fields
        let line = try fields.next()
        #expect(line.kind == .host)
        try host.assign(text: HTTPAuthority.host(of: head.span.extracting(line.start..<line.end)))
        return [question, try DomainName(text: serverName), host]
    }

    @Test(arguments: [
        ("EXAMPLE.org.", "example.org"), ("_dmarc.example.org", "_dmarc.example.org"),
        ("_dmarc.åäö.test", "_dmarc.xn--4cab6c.test"), ("ÅÄÖ.TEST.", "xn--4cab6c.test"),
        ("xn--4cab6c.åäö.test", "xn--4cab6c.xn--4cab6c.test"), ("straße。test", "xn--strae-oqa.test"),
        // what decodes to nothing valid may be asked for all the same
        ("xn--a.test", "xn--a.test"), ("xn--zzzzzzzz99999.test", "xn--zzzzzzzz99999.test"), ("XN--.test", ""),
    ])
    func `a name is read`(text: String, expected: String) {
        #expect((try? parse(text).get()) ?? "" == expected)
    }

    @Test(arguments: [
        ("", ListLineError.notAName), (".", .notAName), ("a..test", .emptyLabel), ("a b.test", .characterNotAllowed),
        ("a\\046b.test", .characterNotAllowed), ("a\u{0}.test", .characterNotAllowed),
        ("å\u{0}.test", .notAnInternationalName), ("\u{378}.test", .notAnInternationalName),
        ("å\u{200D}b.test", .notAnInternationalName), ("192.0.2.1", .addressNotAllowed),
        ("１９２.0.2.1", .addressNotAllowed), (String(repeating: "å", count: 64) + ".test", .notAnInternationalName),
    ])
    func `what cannot be on the wire is refused`(text: String, cause: ListLineError) {
        #expect(parse(text) == .failure(cause))
    }

    @Test func `a dot or a zero octet inside a label of a packet is the name of no list`() throws {
        let listed = try ListName.parse("www.example.test")
        for inner in [0x2E, 0x00] as [UInt8] {
            // one label `www.example`, and one with a zero octet in the same place
            let label = Array("www".utf8) + [inner] + Array("example".utf8)
            let query = DNSBuilder.query("a")
            let message = query[..<12] + [UInt8(label.count)] + label + [4] + Array("test".utf8) + [0, 0, 1, 0, 1]
            var name = DomainName()
            _ = try DNSMessage(parsing: Array(message).span).readQuestion(at: 12, into: &name)
            #expect(name != listed)
            #expect(name.labelCount == 2)
            // what it is spelled as is no name of a list either
            #expect(throws: ListLineError.characterNotAllowed) { _ = try ListName.parse(name.presentation()) }
        }
    }

    @Test func `a name is the same however it is written, and in every protocol`() throws {
        var random = SeededRandom(seed: 81)
        let letters = Array("abcxyzåäöéüñłøðαβγδжзиყაბ中文字한국日本ไทย09-".unicodeScalars)
        var count = 0
        while count < 1_500 {
            let labels = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                String(
                    String.UnicodeScalarView(
                        (0..<Int.random(in: 1...9, using: &random)).compactMap { _ in
                            letters.randomElement(using: &random)
                        }
                    )
                )
            }
            let text = (labels + ["test"]).joined(separator: ".")
            guard let name = try? ListName.parse(text) else { continue }
            count += 1
            let ascii = name.presentation()
            #expect(ascii.utf8.allSatisfy { $0 < 0x80 })
            let mixed = String(
                decoding: ascii.utf8.map { octet -> UInt8 in
                    Bool.random(using: &random) && (0x61...0x7A).contains(octet) ? octet ^ 0x20 : octet
                },
                as: UTF8.self
            )
            for spelling in [ascii, ascii + ".", mixed, mixed + ".", text + ".", text.uppercased()] {
                #expect(try ListName.parse(spelling) == name, "\(text) \(spelling)")
            }
            for spelling in [ascii, mixed] {
                #expect(try onTheWire(spelling) == [name, name, name], "\(spelling)")
            }
        }
    }

    @Test func `random texts are read or refused, and what is read can be on the wire`() throws {
        var random = SeededRandom(seed: 82)
        var read = 0
        for _ in 0..<20_000 {
            let scalars = (0..<Int.random(in: 0...40, using: &random)).compactMap { _ -> Unicode.Scalar? in
                switch Int.random(in: 0...5, using: &random) {
                case 0: Unicode.Scalar(UInt32.random(in: 0...0x10FFFF, using: &random))
                case 1: "."
                case 2: Unicode.Scalar(UInt32.random(in: 0xA0...0x24F, using: &random))
                default: Unicode.Scalar(UInt8.random(in: 0x61...0x7A, using: &random))
                }
            }
            let text = String(String.UnicodeScalarView(scalars))
            guard let name = try? ListName.parse(text) else { continue }
            read += 1
            let ascii = name.presentation()
            #expect(name.length > 0 && ascii.utf8.count <= 253)
            #expect(ascii.split(separator: ".").allSatisfy { (1...63).contains($0.utf8.count) })
            #expect(try ListName.parse(ascii) == name)
        }
        #expect(read > 500)
    }
}
