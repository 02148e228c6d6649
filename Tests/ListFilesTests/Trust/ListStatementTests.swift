import ListFiles
import TestSupport
import Testing

@Suite("Signed statement")
struct ListStatementTests {
    private let folder: TemporaryFolder
    private let key = SigningKey.generate()
    private let other = SigningKey.generate()

    init() throws {
        folder = try TemporaryFolder()
    }

    private func statement(expires: String? = "2027-03-01T00:00:00Z") throws -> ListStatement {
        ListStatement(
            release: try release(expires: expires),
            length: 3,
            digest: ContentDigest(of: Array("abc".utf8))
        )
    }

    private func policy() throws -> TrustPolicy { try TrustPolicy(publishers: [key.verificationKey]) }

    private static let text = """
        grindvakt list statement 1
        list: police
        purpose: action
        sequence: 42
        issued: 2027-01-31T12:00:00Z
        expires: 2027-03-01T00:00:00Z
        length: 3
        sha256: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad

        """

    @Test func `the text is as documented`() throws {
        #expect(String(decoding: try statement().encoded, as: UTF8.self) == Self.text)
        let signed = try SignedStatement(try statement(), signedBy: [key, other])
        let lines = String(decoding: signed.encoded, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 10)
        #expect(lines.last?.hasPrefix("signature: \(other.verificationKey.id) ") == true)
    }

    @Test(arguments: [nil, "2027-03-01T00:00:00Z"])
    func `a statement is read as it was written`(expires: String?) throws {
        let signed = try SignedStatement(try statement(expires: expires), signedBy: [key, other])
        let read = try SignedStatement(parsing: signed.encoded)
        #expect(read == signed)
        #expect(read.statement == (try statement(expires: expires)))
        #expect(try read.verify(policy()) == [key.verificationKey.id])
    }

    @Test func `each single bit of the text breaks it or its signature`() throws {
        let octets = try SignedStatement(try statement(), signedBy: [key]).encoded
        for index in octets.indices {
            for bit in 0..<8 {
                var changed = octets
                changed[index] ^= 1 << bit
                #expect(try fault { _ = try SignedStatement(parsing: changed).verify(policy()) } != nil)
            }
        }
    }

    @Test func `every prefix is refused, and no mutation is taken for another statement`() throws {
        var random = SeededRandom(seed: 5)
        let octets = try SignedStatement(try statement(), signedBy: [key]).encoded
        for end in octets.indices {
            #expect(try fault { _ = try SignedStatement(parsing: Array(octets[..<end])) } != nil)
        }
        for _ in 0..<5000 {
            let mutant = mutation(of: octets, &random)
            guard let read = try? SignedStatement(parsing: mutant) else { continue }
            #expect(read.encoded == mutant)
            if (try? read.verify(policy())) != nil { #expect(read.statement == (try statement())) }
        }
    }

    @Test(arguments: [
        ("grindvakt list statement 1", "grindvakt list statement 2", TrustFault.line(1, .unknownFormat)),
        ("list: police", "list: Police", .line(2, .malformed(.list))),
        ("list: police", "list: a.example", .line(2, .malformed(.list))),
        ("list: police", "name: police", .line(2, .missing(.list))),
        ("list: police\n", "", .line(2, .missing(.list))),
        ("purpose: action", "purpose:action", .line(3, .missing(.purpose))),
        ("sequence: 42", "sequence: 042", .line(4, .malformed(.sequence))),
        ("sequence: 42", "sequence: +42", .line(4, .malformed(.sequence))),
        ("sequence: 42", "sequence: 18446744073709551616", .line(4, .malformed(.sequence))),
        ("issued: 2027-01-31T12:00:00Z", "issued: 2027-01-31", .line(5, .malformed(.issued))),
        ("expires: 2027-03-01T00:00:00Z", "expires: never", .line(6, .malformed(.expires))),
        ("expires: 2027-03-01T00:00:00Z", "expires: 2027-01-31T12:00:00Z", .line(6, .endsBeforeItBegins)),
        ("length: 3\n", "length: 3\r\n", .line(7, .malformed(.length))),
        ("length: 3", "length: -3", .line(7, .malformed(.length))),
        ("sha256: b", "sha256: B", .line(8, .malformed(.sha256))),
        ("sha256: b", "sha256: ", .line(8, .malformed(.sha256))),
        ("15ad\n", "15ad\nnote: a\n", .line(9, .missing(.signature))),
        ("15ad\n", "15ad\n\n", .line(9, .missing(.signature))),
        ("15ad\n", "15ad\nsignature: a b\n", .line(9, .malformed(.signature))),
        ("list: police\n", "list: police\nlist: police\n", .line(3, .missing(.purpose))),
        ("list: police", "list: " + String(repeating: "a", count: 300), .line(2, .tooLong)),
    ])
    func `a fault is told with its line`(from: String, to: String, expected: TrustFault) throws {
        let text = String(decoding: try SignedStatement(try statement(), signedBy: [key]).encoded, as: UTF8.self)
        let changed = Array(text.replacing(from, with: to, maxReplacements: 1).utf8)
        #expect(try fault { _ = try SignedStatement(parsing: changed) } == expected)
    }

    @Test func `what comes behind the signatures, or none of them, is refused`() throws {
        let octets = try SignedStatement(try statement(), signedBy: [key]).encoded
        for tail in ["\n", "x\n", "list: police\n"] {
            #expect(
                try fault { _ = try SignedStatement(parsing: octets + Array(tail.utf8)) } == .line(10, .unexpected)
            )
        }
        #expect(try fault { _ = try SignedStatement(parsing: octets + [0x78]) } == .line(10, .unterminated))
        #expect(try fault { _ = try SignedStatement(parsing: Array(Self.text.utf8)) } == .cutDocument)
        #expect(
            try fault { _ = try SignedStatement(parsing: Array(repeating: 0x0A, count: 8193)) } == .tooLong(limit: 8192)
        )
        let signature = String(decoding: octets, as: UTF8.self).split(separator: "\n").last ?? ""
        let many = Array((Self.text + String(repeating: signature + "\n", count: 17)).utf8)
        #expect(try fault { _ = try SignedStatement(parsing: many) } == .tooManySignatures(limit: 16))
        let most = Array((Self.text + String(repeating: signature + "\n", count: 16)).utf8)
        #expect(try SignedStatement(parsing: most).signatures.signatures.count == 16)
    }

    @Test func `an error's line is with the file's name, and nothing of the line in it`() throws {
        let path = try folder.write(
            Self.text.replacing("list: police", with: "list: planted.example"),
            to: "police.txt.sig"
        )
        let error = #expect(throws: TrustError.self) { _ = try SignedStatement.load(path) }
        #expect(error?.description.hasPrefix("\(path):2: ") == true)
        #expect(error?.description.contains("planted") == false)
    }

    // MARK: - With the list file

    private func publish(_ content: String = "abc") throws -> String {
        let list = try folder.write(content, to: "police.txt")
        let statement = try ListStatement(release: try release(), describing: list)
        try SignedStatement(statement, signedBy: [key]).write(to: SignedStatement.path(beside: list))
        return list
    }

    private func refusal(_ list: String, id: String = "police", purpose: String? = "action") throws -> TrustError? {
        let id = try word(id)
        let purpose = try purpose.map { try word($0) }
        let policy = try policy()
        do throws(TrustError) {
            _ = try SignedStatement.verify(list: list, id: id, purpose: purpose, policy: policy)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a list is the one that was signed`() throws {
        let list = try publish()
        #expect(folder.names == ["police.txt", "police.txt.sig"])
        let (statement, keys) = try SignedStatement.verify(
            list: list,
            id: try word("police"),
            purpose: try word("action"),
            policy: try policy()
        )
        #expect(keys == [key.verificationKey.id])
        #expect(statement.length == 3)
        #expect(try refusal(list, purpose: nil) == nil)
    }

    @Test func `another list, purpose, length or content is refused`() throws {
        let list = try publish()
        #expect(try refusal(list, id: "own")?.fault == .otherList(try word("police"), wanted: try word("own")))
        #expect(
            try refusal(list, purpose: "encrypted-dns")?.fault
                == .otherPurpose(try word("action"), wanted: try word("encrypted-dns"))
        )
        try folder.write("abcd", to: "police.txt")
        #expect(try refusal(list) == TrustError(list, .otherLength(4, signed: 3)))
        try folder.write("abd", to: "police.txt")
        guard case .otherDigest = try refusal(list)?.fault else {
            Issue.record("another content passes")
            return
        }
    }

    @Test func `who has signed is judged before what is said`() throws {
        let list = try publish()
        let statement = try ListStatement(release: try release("own"), describing: list)
        try SignedStatement(statement, signedBy: [other]).write(to: list + ".sig")
        #expect(
            try refusal(list)
                == TrustError(
                    list + ".sig",
                    .tooFewSignatures(found: 0, wanted: 1, unknown: [other.verificationKey.id], wrong: [])
                )
        )
    }

    @Test func `a release ends, and one from the future is told`() throws {
        let release = try release(expires: "2027-03-01T00:00:00Z")
        #expect(release.validity(at: try time("2027-01-31T11:59:59Z")) == .notYetIssued)
        #expect(release.validity(at: try time("2027-01-31T12:00:00Z")) == .valid)
        #expect(release.validity(at: try time("2027-02-28T23:59:59Z")) == .valid)
        #expect(release.validity(at: try time("2027-03-01T00:00:00Z")) == .expired)
    }

    @Test(.enabled(if: OpenSSL.isInstalled, "needs openssl"))
    func `a statement can be signed with openssl alone`() async throws {
        try key.write(to: folder["key.pem"])
        try folder.write(try statement().encoded, to: "statement")
        let signature = try await shell(
            """
            (printf 'grindvakt signed list-statement\\n'; cat \(folder["statement"])) > \(folder["signed"]) &&
            openssl pkeyutl -sign -rawin -inkey \(folder["key.pem"]) -in \(folder["signed"]) | base64 -w 0
            """
        )
        let text = Self.text + "signature: \(key.verificationKey.id) \(signature)\n"
        #expect(try SignedStatement(parsing: Array(text.utf8)).verify(policy()) == [key.verificationKey.id])
    }
}
