import Crypto
import Wire

/// The keys that a client's Initial packets are protected with (RFC 9001 §5.2).
///
/// Everybody on the way can derive them: they follow from the version and the Destination Connection ID of the client's first Initial. They
/// protect against what is no QUIC, and against nothing else.
struct InitialKeys: Sendable {
    /// The key of AEAD_AES_128_GCM.
    let key: SymmetricKey

    /// The key of header protection.
    let headerKey: SymmetricKey

    /// The initialisation vector that packet numbers are mixed into.
    let vector: InlineArray<12, UInt8>

    /// The keys that follow from a connection ID; what `octets` held is gone.
    init(_ derivation: InitialKeyDerivation, connectionID: [UInt8], workingIn octets: inout [UInt8]) {
        let initial = Self.code(of: connectionID, begun: derivation.salted)
        let secret = HMAC<SHA256>.authenticationCode(for: derivation.clientLabel, using: SymmetricKey(data: initial))
        // Three labels are expanded with one secret: what the secret alone comes to is reckoned once.
        let begun = HMAC<SHA256>(key: SymmetricKey(data: secret))
        let key = Self.code(of: derivation.keyLabel, begun: begun)
        let headerKey = Self.code(of: derivation.headerKeyLabel, begun: begun)
        let vector = Self.code(of: derivation.vectorLabel, begun: begun)
        Self.copyPrefix(of: key, to: &octets)
        self.key = SymmetricKey(data: octets)
        Self.copyPrefix(of: headerKey, to: &octets)
        self.headerKey = SymmetricKey(data: octets)
        Self.copyPrefix(of: vector, to: &octets)
        self.vector = InlineArray { octets[$0] }
    }

    private static func code(of octets: [UInt8], begun: HMAC<SHA256>) -> HMAC<SHA256>.MAC {
        var code = begun
        code.update(data: octets)
        return code.finalize()
    }

    /// The first sixteen octets of what a label was expanded to, in memory that is there already.
    private static func copyPrefix(of code: HMAC<SHA256>.MAC, to octets: inout [UInt8]) {
        octets.removeAll(keepingCapacity: true)
        for octet in code.prefix(QUICInitialPacket.blockLength) { octets.append(octet) }
    }
}

/// What the derivation of keys needs for one version, made ready once.
struct InitialKeyDerivation: Sendable {
    /// HKDF-Extract (RFC 5869 §2.2) with the version's salt, up to the connection ID.
    let salted: HMAC<SHA256>

    let clientLabel: [UInt8]
    let keyLabel: [UInt8]
    let vectorLabel: [UInt8]
    let headerKeyLabel: [UInt8]

    init(_ version: QUICVersion) {
        let salt = version.initialSalt
        salted = HMAC(key: SymmetricKey(data: salt.indices.map { salt[$0] }))
        let prefix = version.labelPrefix.description
        clientLabel = Self.expandLabel("client in", length: 32)
        keyLabel = Self.expandLabel(prefix + "key", length: 16)
        vectorLabel = Self.expandLabel(prefix + "iv", length: 12)
        headerKeyLabel = Self.expandLabel(prefix + "hp", length: 16)
    }

    /// What HKDF-Expand-Label (RFC 8446 §7.1) authenticates for its first block. No label asks for more than one, so that expanding is one
    /// HMAC (RFC 5869 §2.3).
    private static func expandLabel(_ label: String, length: UInt8) -> [UInt8] {
        let name = Array("tls13 ".utf8) + Array(label.utf8)
        return [0, length, UInt8(name.count)] + name + [0, 1]
    }
}
