import Crypto

/// What tells one key from another in signatures, errors and logs: the first 16 hexadecimal digits of the SHA-256 of the public key's DER
/// (SubjectPublicKeyInfo).
///
/// Other programs find it, too: `openssl pkey -pubin -in PUBLIC -outform DER | sha256sum | cut -c1-16`, and of a private key
/// `openssl pkey -in KEY -pubout -outform DER | sha256sum | cut -c1-16`.
package struct KeyID: Hashable, Comparable, Sendable, LosslessStringConvertible {
    /// Digits of an id in text.
    static let digits = 16

    /// The first eight octets of the digest, the first one highest.
    package let number: UInt64

    /// The id with this number.
    package init(number: UInt64) {
        self.number = number
    }

    /// The id that 16 lower-case hexadecimal digits spell, or nil.
    package init?(_ description: String) {
        guard description.utf8.count == Self.digits, let octets = Hexadecimal.octets(description.utf8) else {
            return nil
        }
        number = octets.reduce(0) { $0 << 8 | UInt64($1) }
    }

    package var description: String {
        Hexadecimal.text((0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) })
    }

    package static func < (left: KeyID, right: KeyID) -> Bool {
        left.number < right.number
    }
}

/// A public Ed25519 key (RFC 8032), by which signatures of a publisher, the operator or an approver are told.
package struct VerificationKey: Hashable, Sendable {
    /// The key's octets (RFC 8032 §5.1.2).
    package let octets: [UInt8]

    /// The key's short name.
    package let id: KeyID

    /// Keys that one file may hold.
    package static let maximumPerFile = 16

    private static let fileLimit = 1 << 16

    /// A key from its 32 octets; nil for any other number of them.
    package init?(octets: [UInt8]) {
        guard octets.count == KeyEncoding.keyLength else { return nil }
        self.init(checked: octets)
    }

    init(checked octets: [UInt8]) {
        self.octets = octets
        let digest = SHA256.hash(data: KeyEncoding.encode(publicKey: octets))
        id = KeyID(number: digest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// The keys of a PEM text, in its order, each once: one or several documents `PUBLIC KEY`, as `openssl pkey -pubout` writes them.
    ///
    /// Several keys in one file are several keys, as in a bundle of certificates; one of another algorithm refuses the whole file.
    package static func parse(_ text: [UInt8]) throws(TrustFault) -> [VerificationKey] {
        var keys: [VerificationKey] = []
        for document in try KeyEncoding.documents(text, of: .publicKey, limit: maximumPerFile) {
            let key = VerificationKey(checked: try KeyEncoding.publicKey(document))
            if keys.contains(key) == false { keys.append(key) }
        }
        return keys
    }

    /// The keys of a file.
    package static func load(_ path: String) throws(TrustError) -> [VerificationKey] {
        let text = try SmallFile.read(path, limit: fileLimit)
        do throws(TrustFault) {
            return try parse(text)
        } catch {
            throw TrustError(path, error)
        }
    }

    /// The one key of a file.
    package static func loadOne(_ path: String) throws(TrustError) -> VerificationKey {
        let keys = try load(path)
        guard keys.count == 1, let key = keys.first else { throw TrustError(path, .tooManyKeys(limit: 1)) }
        return key
    }

    /// The key as a PEM document that openssl reads.
    package var pem: [UInt8] {
        KeyEncoding.text(KeyEncoding.encode(publicKey: octets), label: "PUBLIC KEY")
    }

    /// Writes the key to a file that everybody can read.
    package func write(to path: String) throws(TrustError) {
        try AtomicFile.write(pem, to: path, mode: 0o644, existing: .keep)
    }

    /// Whether the signature is this key's, over exactly this message as a document of this kind.
    package func isValid(_ signature: Signature, of message: [UInt8], as kind: DocumentKind) -> Bool {
        guard signature.keyID == id, let key = try? Curve25519.Signing.PublicKey(rawRepresentation: octets)
        else { return false }
        return key.isValidSignature(signature.octets, for: kind.prefix + message)
    }
}
