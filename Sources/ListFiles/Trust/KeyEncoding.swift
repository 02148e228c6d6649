import SwiftASN1

/// Ed25519 keys in DER: OneAsymmetricKey (RFC 5958 §2, RFC 8410 §7) and SubjectPublicKeyInfo (RFC 5280 §4.1.2.7, RFC 8410 §4).
enum KeyEncoding {
    /// id-Ed25519 (RFC 8410 §3).
    private static let ed25519: ASN1ObjectIdentifier = [1, 3, 101, 112]

    /// Octets of a private and of a public key (RFC 8032 §5.1.5).
    static let keyLength = 32

    /// The one document of a PEM text whose label is `kind`, or the documents of up to `limit` keys.
    static func documents(_ text: [UInt8], of kind: PEMKind, limit: Int) throws(TrustFault) -> [[UInt8]] {
        guard let string = String(validating: text, as: UTF8.self) else { throw .notPEM }
        let documents: [PEMDocument]
        do {
            documents = try PEMDocument.parseMultiple(pemString: string)
        } catch {
            throw .notPEM
        }
        guard documents.isEmpty == false else { throw .notPEM }
        for document in documents {
            let found = PEMKind(label: document.discriminator)
            guard found == kind else { throw .wrongPEM(found, wanted: kind) }
        }
        guard documents.count <= limit else { throw .tooManyKeys(limit: limit) }
        return documents.map(\.derBytes)
    }

    /// A PEM document, with a line feed at its end.
    static func text(_ octets: [UInt8], label: String) -> [UInt8] {
        Array(PEMDocument(type: label, derBytes: octets).pemString.utf8) + [0x0A]
    }

    /// The octets of a private key, and of the public key that may be attached to it (version 2).
    static func privateKey(_ octets: [UInt8]) throws(TrustFault) -> (key: [UInt8], publicKey: [UInt8]?) {
        try decode {
            try DER.sequence(try DER.parse(octets), identifier: .sequence) { fields in
                let version = try Int(derEncoded: &fields)
                guard version == 0 || version == 1 else { throw TrustFault.malformedKey }
                try readAlgorithm(&fields)
                let inner = try ASN1OctetString(derEncoded: &fields)
                let key = try ASN1OctetString(derEncoded: inner.bytes).bytes
                // Attributes say nothing that is needed.
                _ = DER.optionalImplicitlyTagged(&fields, tagNumber: 0, tagClass: .contextSpecific) { _ in true }
                let publicKey: ASN1BitString? = try DER.optionalImplicitlyTagged(
                    &fields,
                    tag: ASN1Identifier(tagWithNumber: 1, tagClass: .contextSpecific)
                )
                guard key.count == keyLength, publicKey == nil || version == 1 else { throw TrustFault.malformedKey }
                return (Array(key), try publicKey.map(octetsOfKey))
            }
        }
    }

    /// The DER of a private key without its public key (version 1), as every program reads it.
    static func encode(privateKey key: [UInt8]) -> [UInt8] {
        // SEQUENCE { INTEGER 0, SEQUENCE { id-Ed25519 }, OCTET STRING { OCTET STRING (32) } }
        [0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20] + key
    }

    /// The octets of a public key.
    static func publicKey(_ octets: [UInt8]) throws(TrustFault) -> [UInt8] {
        try decode {
            try DER.sequence(try DER.parse(octets), identifier: .sequence) { fields in
                try readAlgorithm(&fields)
                return try octetsOfKey(try ASN1BitString(derEncoded: &fields))
            }
        }
    }

    /// The DER of a public key.
    static func encode(publicKey key: [UInt8]) -> [UInt8] {
        // SEQUENCE { SEQUENCE { id-Ed25519 }, BIT STRING (256) }
        [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00] + key
    }

    private static func decode<Result>(_ body: () throws -> Result) throws(TrustFault) -> Result {
        do {
            return try body()
        } catch let fault as TrustFault {
            throw fault
        } catch {
            throw .malformedKey
        }
    }

    /// Reads an AlgorithmIdentifier, whose parameters are absent for Ed25519 (RFC 8410 §3).
    private static func readAlgorithm(_ fields: inout ASN1NodeCollection.Iterator) throws {
        guard let node = fields.next() else { throw TrustFault.malformedKey }
        guard node.identifier == .sequence, case .constructed(let parts) = node.content else {
            throw TrustFault.malformedKey
        }
        var iterator = parts.makeIterator()
        guard try ASN1ObjectIdentifier(derEncoded: &iterator) == ed25519 else { throw TrustFault.notEd25519 }
        guard iterator.next() == nil else { throw TrustFault.malformedKey }
    }

    private static func octetsOfKey(_ bits: ASN1BitString) throws -> [UInt8] {
        guard bits.paddingBits == 0, bits.bytes.count == keyLength else { throw TrustFault.malformedKey }
        return Array(bits.bytes)
    }
}

extension PEMKind {
    /// What a label announces (RFC 7468 §10, §11, §13 and older ones).
    init(label: String) {
        switch label {
        case "PRIVATE KEY": self = .privateKey
        case "ENCRYPTED PRIVATE KEY": self = .encryptedPrivateKey
        case "PUBLIC KEY": self = .publicKey
        case "OPENSSH PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY": self = .foreignPrivateKey
        default: self = .other
        }
    }
}
