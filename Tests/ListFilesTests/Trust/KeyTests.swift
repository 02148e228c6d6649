import ListFiles
import TestSupport
import Testing

@Suite("Keys (RFC 8410)")
struct KeyTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    // RFC 8410 §10.1 and §10.3
    private static let publicPEM = """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
        -----END PUBLIC KEY-----

        """
    private static let plainPEM = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
        -----END PRIVATE KEY-----

        """
    private static let attachedPEM = """
        -----BEGIN PRIVATE KEY-----
        MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
        oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB
        Z9w7lshQhqowtrbLDFw4rXAxZuE=
        -----END PRIVATE KEY-----

        """

    private func secret(_ text: String, _ name: String = "key.pem", mode: Int = 0o600) throws -> String {
        let path = try folder.write(text, to: name)
        try setMode(mode, of: path)
        return path
    }

    @Test(arguments: [plainPEM, attachedPEM, "comment\n" + plainPEM])
    func `a private key of the RFC is read`(text: String) throws {
        let key = try SigningKey.load(try secret(text))
        #expect(try VerificationKey.parse(Array(Self.publicPEM.utf8)) == [key.verificationKey])
    }

    @Test func `a private key with another one's public key is refused`() throws {
        // The last octet of the public key.
        let text = Self.attachedPEM.replacing("rXAxZuE=", with: "rXAxZuI=")
        #expect(try fault { _ = try SigningKey(pem: Array(text.utf8)) } == .keysDisagree)
    }

    @Test func `keys are written as they are read`() throws {
        let key = SigningKey.generate()
        try key.write(to: folder["key.pem"])
        try key.verificationKey.write(to: folder["public.pem"])
        #expect(try SigningKey.load(folder["key.pem"]).verificationKey == key.verificationKey)
        #expect(try VerificationKey.load(folder["public.pem"]) == [key.verificationKey])
        #expect(try mode(of: folder["key.pem"]) == 0o600)
        #expect(try mode(of: folder["public.pem"]) == 0o644)
    }

    @Test func `a key never overwrites a file`() throws {
        let path = try folder.write("precious", to: "key.pem")
        let key = SigningKey.generate()
        #expect(throws: TrustError(path, .exists)) { try key.write(to: path) }
        #expect(throws: TrustError(path, .exists)) { try key.verificationKey.write(to: path) }
        #expect(folder.content("key.pem") == Array("precious".utf8))
        #expect(folder.names == ["key.pem"])
    }

    @Test(arguments: [0o640, 0o604, 0o620, 0o601, 0o644])
    func `a private key that others can touch is refused`(mode: Int) throws {
        let path = try secret(Self.plainPEM, mode: mode)
        let error = #expect(throws: TrustError.self) { _ = try SigningKey.load(path) }
        #expect(error == TrustError(path, .exposedSecret))
        #expect(error?.description.contains("chmod 600") == true)
    }

    @Test func `a folder and a missing file are no key`() throws {
        #expect(try fault { _ = try VerificationKey.load(folder.path) } == .notAFile)
        let error = #expect(throws: TrustError.self) { _ = try VerificationKey.load(folder["none"]) }
        #expect(error?.description.hasPrefix("\(folder["none"]): cannot be read: No such file") == true)
    }

    @Test func `a public key is no private one and the other way round`() throws {
        #expect(
            try fault { _ = try SigningKey(pem: Array(Self.publicPEM.utf8)) }
                == .wrongPEM(.publicKey, wanted: .privateKey)
        )
        #expect(
            try fault { _ = try VerificationKey.parse(Array(Self.plainPEM.utf8)) }
                == .wrongPEM(.privateKey, wanted: .publicKey)
        )
        #expect(
            try fault { _ = try VerificationKey.parse(Array((Self.publicPEM + Self.plainPEM).utf8)) }
                == .wrongPEM(.privateKey, wanted: .publicKey)
        )
    }

    @Test func `a file holds several public keys, each once, and one private key`() throws {
        let keys = (0..<3).map { _ in SigningKey.generate().verificationKey }
        let bundle = (keys + [keys[0]]).flatMap(\.pem)
        #expect(try VerificationKey.parse(bundle) == keys)
        let path = try folder.write(bundle)
        #expect(try fault { _ = try VerificationKey.loadOne(path) } == .tooManyKeys(limit: 1))
        let many = (0..<17).flatMap { _ in keys[0].pem }
        #expect(try fault { _ = try VerificationKey.parse(many) } == .tooManyKeys(limit: 16))
        let two = Array((Self.plainPEM + Self.plainPEM).utf8)
        #expect(try fault { _ = try SigningKey(pem: two) } == .tooManyKeys(limit: 1))
    }

    @Test(arguments: ["", "no key", "-----BEGIN PUBLIC KEY-----\nMCow\n", "\u{FF}"])
    func `what is no PEM is refused`(text: String) throws {
        #expect(try fault { _ = try VerificationKey.parse(Array(text.utf8)) } == .notPEM)
        #expect(try fault { _ = try SigningKey(pem: Array(text.utf8)) } == .notPEM)
    }

    @Test func `no prefix and no mutation of a key traps`() throws {
        var random = SeededRandom(seed: 8410)
        for text in [Self.publicPEM, Self.attachedPEM, Self.plainPEM] {
            let octets = Array(text.utf8)
            for end in octets.indices {
                _ = try fault { _ = try VerificationKey.parse(Array(octets[..<end])) }
                _ = try fault { _ = try SigningKey(pem: Array(octets[..<end])) }
            }
            for _ in 0..<2000 {
                let mutant = mutation(of: octets, &random)
                _ = try fault { _ = try VerificationKey.parse(mutant) }
                _ = try fault { _ = try SigningKey(pem: mutant) }
            }
        }
    }

    // MARK: - With openssl

    @Test(.enabled(if: OpenSSL.isInstalled, "needs openssl"))
    func `a key that openssl made signs and verifies`() async throws {
        _ = try await OpenSSL.run("genpkey", "-algorithm", "ed25519", "-out", folder["key.pem"])
        _ = try await OpenSSL.run("pkey", "-in", folder["key.pem"], "-pubout", "-out", folder["public.pem"])
        let key = try SigningKey.load(folder["key.pem"])
        #expect(try VerificationKey.loadOne(folder["public.pem"]) == key.verificationKey)

        let message = Array("a message\n".utf8)
        let signature = try key.sign(message, as: .approval)
        try folder.write(DocumentKind.approval.prefix + message, to: "signed")
        try folder.write(signature.octets, to: "signature")
        let answer = try await OpenSSL.run(
            "pkeyutl",
            "-verify",
            "-rawin",
            "-pubin",
            "-inkey",
            folder["public.pem"],
            "-in",
            folder["signed"],
            "-sigfile",
            folder["signature"]
        )
        #expect(answer.contains("Signature Verified Successfully"))
    }

    @Test(.enabled(if: OpenSSL.isInstalled, "needs openssl"))
    func `a key made here signs with openssl`() async throws {
        let key = SigningKey.generate()
        try key.write(to: folder["key.pem"])
        try key.verificationKey.write(to: folder["public.pem"])
        let message = Array("a message\n".utf8)
        try folder.write(DocumentKind.snapshot.prefix + message, to: "signed")
        _ = try await OpenSSL.run(
            "pkeyutl",
            "-sign",
            "-rawin",
            "-inkey",
            folder["key.pem"],
            "-in",
            folder["signed"],
            "-out",
            folder["signature"]
        )
        let octets = try #require(folder.content("signature"))
        let signature = try #require(Signature(keyID: key.verificationKey.id, octets: octets))
        #expect(key.verificationKey.isValid(signature, of: message, as: .snapshot))
        #expect(key.verificationKey.isValid(signature, of: message, as: .listStatement) == false)
        // The same key made public by openssl is the same file.
        let public2 = try await OpenSSL.run("pkey", "-in", folder["key.pem"], "-pubout")
        #expect(Array(public2.utf8) == folder.content("public.pem"))
    }

    @Test(.enabled(if: OpenSSL.isInstalled, "needs openssl"))
    func `the id of a key is what the documentation lets openssl reckon`() async throws {
        let key = SigningKey.generate()
        try key.write(to: folder["key.pem"])
        try key.verificationKey.write(to: folder["public.pem"])
        let id = key.verificationKey.id.description
        let ofPublic = "openssl pkey -pubin -in \(folder["public.pem"]) -outform DER | sha256sum | cut -c1-16"
        #expect(try await shell(ofPublic) == id + "\n")
        let ofPrivate = "openssl pkey -in \(folder["key.pem"]) -pubout -outform DER | sha256sum | cut -c1-16"
        #expect(try await shell(ofPrivate) == id + "\n")
        #expect(KeyID(id) == key.verificationKey.id)
    }

    @Test(
        .enabled(if: OpenSSL.isInstalled, "needs openssl"),
        arguments: [
            ["-algorithm", "ed448"], ["-algorithm", "x25519"],
            ["-algorithm", "rsa", "-pkeyopt", "rsa_keygen_bits:2048"],
            ["-algorithm", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        ]
    )
    func `a key of another algorithm is refused`(algorithm: [String]) async throws {
        let path = folder["key.pem"]
        _ = try await shell("openssl genpkey \(algorithm.joined(separator: " ")) -out \(path) 2>/dev/null")
        _ = try await OpenSSL.run("pkey", "-in", path, "-pubout", "-out", folder["public.pem"])
        #expect(try fault { _ = try SigningKey.load(path) } == .notEd25519)
        #expect(try fault { _ = try VerificationKey.load(folder["public.pem"]) } == .notEd25519)
    }

    @Test(.enabled(if: OpenSSL.isInstalled, "needs openssl"))
    func `a key with a password is refused with the mend`() async throws {
        let path = folder["key.pem"]
        _ = try await OpenSSL.run("genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:x", "-out", path)
        let error = #expect(throws: TrustError.self) { _ = try SigningKey.load(path) }
        #expect(error?.fault == .wrongPEM(.encryptedPrivateKey, wanted: .privateKey))
        #expect(error?.description.contains("openssl pkey -in KEY -out PLAIN") == true)
    }
}
