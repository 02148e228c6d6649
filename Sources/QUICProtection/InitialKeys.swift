import Wire

/// The keys that a client's Initial packets are protected with (RFC 9001 §5.2).
///
/// Everybody on the way can derive them: they follow from the version and the Destination Connection ID of the client's first Initial. They
/// protect against what is no QUIC, and against nothing else.
struct InitialKeys: Sendable {
    /// The key of AEAD_AES_128_GCM.
    let key: InlineArray<16, UInt8>

    /// The key of header protection.
    let headerKey: InlineArray<16, UInt8>

    /// The initialisation vector that packet numbers are mixed into.
    let vector: InlineArray<12, UInt8>

    /// The keys that follow from a connection ID of 20 octets at most.
    init(_ derivation: borrowing InitialKeyDerivation, connectionID: Span<UInt8>) {
        let initial = derivation.salted.code(of: HMACMessage(connectionID))
        let client = HMACKey(initial).code(of: derivation.clientLabel)
        // Three labels are expanded with one secret: what the secret alone comes to is reckoned once.
        let secret = HMACKey(client)
        key = secret.code(of: derivation.keyLabel).octets()
        headerKey = secret.code(of: derivation.headerKeyLabel).octets()
        vector = secret.code(of: derivation.vectorLabel).octets()
    }
}

/// What the derivation of keys needs for one version, made ready once.
struct InitialKeyDerivation: Sendable {
    /// HKDF-Extract (RFC 5869 §2.2) with the version's salt.
    let salted: HMACKey

    let clientLabel: HMACMessage
    let keyLabel: HMACMessage
    let vectorLabel: HMACMessage
    let headerKeyLabel: HMACMessage

    init(_ version: QUICVersion) {
        var salt = HMACCode(repeating: 0)
        salt.take(version.initialSalt.span)
        salted = HMACKey(salt)
        let prefix = version.labelPrefix.description
        clientLabel = Self.expandLabel("client in", length: 32)
        keyLabel = Self.expandLabel(prefix + "key", length: 16)
        vectorLabel = Self.expandLabel(prefix + "iv", length: 12)
        headerKeyLabel = Self.expandLabel(prefix + "hp", length: 16)
    }

    /// What HKDF-Expand-Label (RFC 8446 §7.1) authenticates for its first block. No label asks for more than one, so that expanding is one
    /// HMAC (RFC 5869 §2.3).
    private static func expandLabel(_ label: String, length: UInt8) -> HMACMessage {
        let name = Array("tls13 ".utf8) + Array(label.utf8)
        let octets = [0, length, UInt8(name.count)] + name + [0, 1]
        return HMACMessage(octets.span)
    }
}
