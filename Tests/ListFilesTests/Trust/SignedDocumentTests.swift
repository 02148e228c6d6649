import ListFiles
import TestSupport
import Testing

@Suite("Signed documents")
struct SignedDocumentTests {
    private static let key = SigningKey.generate()

    private static let members = [
        DocumentValue.Member("version", .number(1)), DocumentValue.Member("member", .text("å \"x\" \\ y")),
        DocumentValue.Member("none", .null),
        DocumentValue.Member("list", .array([.truth(true), .truth(false), .number(-7), .object([]), .array([])])),
    ]

    @Test func `a document has one spelling`() throws {
        let document = try SignedDocument(Self.members, as: .receipt, signedBy: [Self.key])
        let text = String(decoding: document.encoded, as: UTF8.self)
        #expect(
            text.hasPrefix(
                #"{"document":"receipt","version":1,"member":"å \"x\" \\ y","none":null,"list":[true,false,-7,{},[]],"#
                    + #""signatures":[{"key":""#
            )
        )
        #expect(text.hasSuffix("\"}]}\n"))
        #expect(try SignedDocument(parsing: document.encoded) == document)
    }

    @Test func `a signature of one kind is none of another`() throws {
        let receipt = try SignedDocument(Self.members, as: .receipt, signedBy: [Self.key])
        let text = String(decoding: receipt.encoded, as: UTF8.self)
        let other = try SignedDocument(
            parsing: Array(text.split(separator: "receipt", maxSplits: 1).joined(separator: "certificate").utf8)
        )
        #expect(other.kind == .certificate)
        #expect(throws: TrustFault.self) { _ = try other.verify([Self.key.verificationKey]) }
    }

    @Test func `several keys may sign, and one that counts is enough`() throws {
        let second = SigningKey.generate()
        let document = try SignedDocument(Self.members, as: .receipt, signedBy: [Self.key, second])
        #expect(try document.verify([second.verificationKey]) == [second.verificationKey.id])
        #expect(throws: TrustFault.self) { _ = try document.verify([SigningKey.generate().verificationKey]) }
        let unsigned = try SignedDocument(Self.members, as: .receipt, signedBy: [])
        #expect(throws: TrustFault.self) { _ = try unsigned.verify([second.verificationKey]) }
    }

    @Test(arguments: [
        "", " 1", "1 ", "01", "-0", "+1", "1.0", "1e3", "9007199254740992", "-9007199254740992", "nul", "truex",
        "\"a", "\"\\n\"", "\"\\u0041\"", "\"\n\"", "\"\u{7F}\"", "\"\u{85}\"", "[1,]", "[,1]", "[1 ,2]",
        "{\"a\":1,\"a\":2}",
        "{\"a\"}", "{a:1}", "{\"a\":1,}", "[1][2]", "[", "]",
    ])
    func `another spelling is refused`(text: String) {
        #expect(DocumentValue(parsing: Array(text.utf8)) == nil)
    }

    @Test func `values lie in one another sixteen deep`() {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        #expect(DocumentValue(parsing: nested(17)) != nil)
        #expect(DocumentValue(parsing: nested(18)) == nil)
        #expect(DocumentValue(parsing: nested(100_000)) == nil)
    }

    @Test func `every mutation of a value is the value it spells, or none`() {
        let octets = DocumentValue.object(Self.members).encoded
        for length in octets.indices { #expect(DocumentValue(parsing: Array(octets[..<length])) == nil) }
        var random = SeededRandom(seed: 3)
        let characters = Array("{}[]\",:\\0123-tfn".utf8)
        for _ in 0..<40_000 {
            var mutant = octets
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<mutant.count, using: &random)
                mutant[place] =
                    Bool.random(using: &random)
                    ? characters[Int.random(in: 0..<characters.count, using: &random)]
                    : UInt8.random(in: 0...255, using: &random)
            }
            if let value = DocumentValue(parsing: mutant) { #expect(value.encoded == mutant) }
        }
    }

    @Test func `what a document cannot hold is left out or held back`() {
        #expect(DocumentValue.word("a\nb\u{0}\u{9F}c") == .text("abc"))
        #expect(DocumentValue.count(UInt64.max) == .number(DocumentValue.largestNumber))
        #expect(DocumentValue.count(Int64.min) == .number(-DocumentValue.largestNumber))
    }
}
