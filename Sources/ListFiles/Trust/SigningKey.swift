import Crypto

/// A private Ed25519 key (RFC 8032).
///
/// It can be neither printed nor compared, and leaves only into a file that its owner alone can read.
package struct SigningKey: Sendable {
    private let key: Curve25519.Signing.PrivateKey

    /// The public half.
    package let verificationKey: VerificationKey

    private static let fileLimit = 1 << 14

    /// A new key from the system's random source.
    package static func generate() -> SigningKey {
        SigningKey(Curve25519.Signing.PrivateKey())
    }

    private init(_ key: Curve25519.Signing.PrivateKey) {
        self.key = key
        verificationKey = VerificationKey(checked: Array(key.publicKey.rawRepresentation))
    }

    /// The one key of a PEM text: PKCS#8 without a password, as `openssl genpkey -algorithm ed25519` writes it, with or without the public
    /// key attached (RFC 5958, RFC 8410).
    package init(pem text: [UInt8]) throws(TrustFault) {
        let documents = try KeyEncoding.documents(text, of: .privateKey, limit: 1)
        let (octets, publicKey) = try KeyEncoding.privateKey(documents.first ?? [])
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: octets) else { throw .malformedKey }
        self.init(key)
        guard publicKey == nil || publicKey == verificationKey.octets else { throw .keysDisagree }
    }

    /// The one key of a file.
    ///
    /// The file is one that nobody but its owner can read, or `credential:NAME` for one that systemd passed to the process.
    package static func load(_ path: String) throws(TrustError) -> SigningKey {
        let text = try SmallFile.readSecret(path, limit: fileLimit)
        do throws(TrustFault) {
            return try SigningKey(pem: text)
        } catch {
            throw TrustError(path, error)
        }
    }

    /// Writes the key to a new file of mode 0600, in the form that openssl reads; an existing file is never overwritten.
    package func write(to path: String) throws(TrustError) {
        let octets = KeyEncoding.encode(privateKey: Array(key.rawRepresentation))
        let text = KeyEncoding.text(octets, label: "PRIVATE KEY")
        try AtomicFile.write(text, to: path, mode: 0o600, existing: .keep)
    }

    /// Signs a message as a document of this kind.
    package func sign(_ message: [UInt8], as kind: DocumentKind) throws(TrustFault) -> Signature {
        guard let octets = try? key.signature(for: kind.prefix + message),
            let signature = Signature(keyID: verificationKey.id, octets: Array(octets))
        else { throw .malformedKey }
        return signature
    }
}
