package import Blocklists
import Crypto
import FoundationEssentials
import Glibc

/// The secret that seals snapshots: without it nobody can tell what a snapshot's fingerprints stand for.
///
/// A file of 64 hexadecimal digits that only its owner can read, as `openssl rand -hex 32` makes one, or a systemd credential.
package struct SealKey: Sendable {
    private let secret: SymmetricKey

    private static let length = 32
    private static let fileLimit = 256

    /// The key that the digits spell, in either case; white space at the end is passed over.
    package init(text: [UInt8]) throws(TrustFault) {
        let end = text.lastIndex { $0 != 0x0A && $0 != 0x0D && $0 != 0x20 }.map { $0 + 1 } ?? 0
        let digits = text[..<end].map { (0x41...0x46).contains($0) ? $0 | 0x20 : $0 }
        guard let octets = Hexadecimal.octets(digits), octets.count == Self.length else { throw .notASealKey }
        secret = SymmetricKey(data: octets)
    }

    private init(_ secret: SymmetricKey) {
        self.secret = secret
    }

    /// The key of a file.
    ///
    /// The file is one that nobody but its owner can read, or `credential:NAME` for one that systemd passed to the process.
    package static func load(_ path: String) throws(TrustError) -> SealKey {
        let text = try SmallFile.readSecret(path, limit: fileLimit)
        do throws(TrustFault) {
            return try SealKey(text: text)
        } catch {
            throw TrustError(path, error)
        }
    }

    /// Makes a key from the system's random source and a file of mode 0600 that holds it; an existing file is never overwritten.
    package static func generate(at path: String) throws(TrustError) -> SealKey {
        try generate(at: path, existing: .keep)
    }

    private static func generate(at path: String, existing: AtomicFile.Existing) throws(TrustError) -> SealKey {
        let secret = SymmetricKey(size: .bits256)
        let text = Array(Hexadecimal.text(secret.octets).utf8) + [0x0A]
        try AtomicFile.write(text, to: path, mode: 0o600, existing: existing)
        return SealKey(secret)
    }

    /// The key of a file, which is made where there is none.
    package static func loadOrGenerate(at path: String) throws(TrustError) -> SealKey {
        do throws(TrustError) {
            return try load(path)
        } catch {
            guard error.fault == .unreadable(.missing) else { throw error }
        }
        do throws(TrustError) {
            return try generate(at: path)
        } catch {
            // Another process was faster.
            guard error.fault == .exists else { throw error }
            return try load(path)
        }
    }

    /// The key of a file, which is made where there is none, and set aside and made anew where it is damaged.
    ///
    /// - Returns: the key, and where the damaged file is now; nil where it was not damaged.
    /// - Throws: where the file cannot be read or written, or others than its owner may read it: that is no damage.
    package static func loadOrReplace(at path: String) throws(TrustError) -> (key: SealKey, setAside: String?) {
        do throws(TrustError) {
            return (try loadOrGenerate(at: path), nil)
        } catch {
            guard error.fault.isDamagedKey else { throw error }
        }
        let lock = try SmallFile.lock("\(path).lock")
        do throws(TrustError) {
            // Another process was faster.
            return (try load(path), nil)
        } catch {
            guard error.fault.isDamagedKey else { throw error }
        }
        let place = try SmallFile.giveSecondName(path)
        let key = try generate(at: path, existing: .replace)
        // Closed here and no earlier.
        _ = consume lock
        return (key, place)
    }

    /// The key of a snapshot's fingerprints (HKDF-SHA-256, RFC 5869).
    ///
    /// With octets of the snapshot's own as `salt` two snapshots of one seal key cannot be compared with each other; without any they can.
    package func hashKey(salt: [UInt8] = []) -> HashKey {
        let octets = derive("grindvakt fingerprint key 1", salt, count: 16)
        func word(_ range: Range<Int>) -> UInt64 { octets[range].reversed().reduce(0) { $0 << 8 | UInt64($1) } }
        return HashKey(word(0..<8), word(8..<16))
    }

    /// Eight octets that another key has, too, once in 2⁶⁴: they tell a wrong key and tell nothing of the right one.
    package func checkValue(salt: [UInt8] = []) -> UInt64 {
        derive("grindvakt key check 1", salt, count: 8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// What stands for a name in the audit log: nobody without the key can find the name by trying names.
    package func auditDigest(of name: [UInt8]) -> AuditDigest {
        let key = SymmetricKey(data: derive("grindvakt audit log 1", [], count: 32))
        return AuditDigest(Array(HMAC<SHA256>.authenticationCode(for: name, using: key).prefix(AuditDigest.length)))
    }

    private func derive(_ label: String, _ salt: [UInt8], count: Int) -> [UInt8] {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: secret,
            salt: salt,
            info: Array(label.utf8),
            outputByteCount: count
        ).octets
    }
}

extension TrustFault {
    /// Whether a file that nobody but its owner can read holds no key.
    fileprivate var isDamagedKey: Bool {
        switch self {
        case .notASealKey, .tooLong: true
        default: false
        }
    }
}

extension SymmetricKey {
    /// A copy of the key's octets.
    fileprivate var octets: [UInt8] {
        // SAFETY: the octets are copied before the call ends.
        unsafe withUnsafeBytes { unsafe Array($0) }
    }
}
