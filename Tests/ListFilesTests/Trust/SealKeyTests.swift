import Blocklists
import Glibc
import ListFiles
import TestSupport
import Testing

@Suite("Seal key")
struct SealKeyTests {
    private let folder: TemporaryFolder
    private static let digits = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test(arguments: [digits, digits + "\n", digits.uppercased() + "\r\n", digits + "  \n\n"])
    func `a key is 64 digits`(text: String) throws {
        let key = try SealKey(text: Array(text.utf8))
        // HKDF-SHA-256 without salt, reckoned with another program:
        // openssl kdf -keylen 16 -kdfopt digest:SHA256 -kdfopt hexkey:… -kdfopt info:'grindvakt fingerprint key 1' HKDF
        #expect(key.hashKey() == HashKey(0x95db_8600_4692_f34e, 0xd78d_de1d_5908_0369))
        #expect(key.checkValue() == 0xd190_024d_776e_696d)
    }

    @Test(arguments: [
        "", "\n", "0", String(digits.dropLast()), String(digits.dropLast(2)), digits + "00", " " + digits,
        digits.replacing("0a", with: "0g"), "0x" + digits,
    ])
    func `anything else is refused`(text: String) throws {
        #expect(try fault { _ = try SealKey(text: Array(text.utf8)) } == .notASealKey)
    }

    @Test func `each single bit of the key changes all that follows from it`() throws {
        let key = try SealKey(text: Array(Self.digits.utf8))
        for octet in 0..<32 {
            for bit in 0..<8 {
                var octets = hex(Self.digits)
                octets[octet] ^= 1 << bit
                let digits = octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
                let other = try SealKey(text: Array(digits.utf8))
                #expect(other.checkValue() != key.checkValue())
                #expect(other.hashKey() != key.hashKey())
                #expect(other.auditDigest(of: [1]) != key.auditDigest(of: [1]))
            }
        }
        #expect(key.checkValue(salt: [1]) != key.checkValue())
        #expect(key.hashKey(salt: [1]) != key.hashKey(salt: [2]))
        #expect(key.auditDigest(of: [1]) != key.auditDigest(of: [2]))
    }

    @Test func `a key is made once, for its owner alone`() throws {
        let path = folder["seal.key"]
        let key = try SealKey.generate(at: path)
        #expect(try mode(of: path) == 0o600)
        #expect(folder.content("seal.key")?.count == 65)
        #expect(try SealKey.load(path).hashKey() == key.hashKey())
        #expect(throws: TrustError(path, .exists)) { _ = try SealKey.generate(at: path) }
        #expect(try SealKey.loadOrGenerate(at: path).hashKey() == key.hashKey())
        #expect(folder.names == ["seal.key"])
        let other = try SealKey.loadOrGenerate(at: folder["other.key"])
        #expect(other.hashKey() != key.hashKey())
        try setMode(0o640, of: path)
        #expect(throws: TrustError(path, .exposedSecret)) { _ = try SealKey.loadOrGenerate(at: path) }
    }

    @Test(.enabled(if: OpenSSL.isInstalled, "needs openssl"))
    func `openssl makes a key`() async throws {
        _ = try await shell("umask 077 && openssl rand -hex 32 > \(folder["seal.key"])")
        _ = try SealKey.load(folder["seal.key"])
    }

    @Test func `a credential is read where systemd says, whatever its permissions`() async throws {
        // In a process of its own, because the environment belongs to the whole process.
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            // SAFETY: strings that end in zero; no other thread of this process reads the environment meanwhile.
            unsafe _ = unsetenv("CREDENTIALS_DIRECTORY")
            #expect(try fault { _ = try SealKey.load("credential:seal") } == .noCredentialsFolder)
            unsafe _ = setenv("CREDENTIALS_DIRECTORY", folder.path, 1)
            let path = try folder.write(Self.digits, to: "seal")
            try setMode(0o440, of: path)
            #expect(try SealKey.load("credential:seal").hashKey() == SealKey(text: Array(Self.digits.utf8)).hashKey())
            for name in ["", "a/b", "..", "../seal", "a b"] {
                #expect(try fault { _ = try SealKey.load("credential:\(name)") } == .badCredentialName)
            }
            let missing = #expect(throws: TrustError.self) { _ = try SealKey.load("credential:none") }
            #expect(missing?.fault == .unreadable(SystemCause(ENOENT)))
        }
    }
}
