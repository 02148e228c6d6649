import FoundationEssentials

/// The kinds of document that are signed.
///
/// What is signed is ``prefix`` and the message, so that a signature under one kind is never one under another. Other programs sign the
/// same octets: `(printf 'grindvakt signed list-statement\n'; cat MESSAGE) | openssl pkeyutl -sign -rawin -inkey KEY`.
package enum DocumentKind: String, CaseIterable, Sendable {
    /// The text beside a source list, see ``ListStatement``.
    case listStatement = "list-statement"
    /// A snapshot file's signed part.
    case snapshot
    /// See ``Approval``.
    case approval
    /// What a sensor's operator says of its blocking in a quarter, a ``SignedDocument``.
    case certificate
    /// What became of a list's edition, a ``SignedDocument`` for its publisher.
    case receipt

    /// The octets in front of the message: a line of its own, so that none is the beginning of another.
    package var prefix: [UInt8] {
        Array("grindvakt signed \(rawValue)\n".utf8)
    }
}

/// One key's signature.
package struct Signature: Hashable, Sendable {
    /// Octets of an Ed25519 signature (RFC 8032 §5.1.6).
    package static let length = 64

    /// The key that it is said to be from.
    package let keyID: KeyID

    /// The signature's octets.
    package let octets: [UInt8]

    /// A signature; nil unless it has 64 octets.
    package init?(keyID: KeyID, octets: [UInt8]) {
        guard octets.count == Self.length else { return nil }
        self.keyID = keyID
        self.octets = octets
    }
}

/// The signatures of a document.
///
/// In octets: `GVSG`, the version 1, the number of signatures (1 octet), two zeros, and for each signature its key id (8 octets, highest
/// first) and its 64 octets. One list of signatures has one encoding.
package struct SignatureBlock: Equatable, Sendable {
    /// Signatures that a document may have.
    package static let maximumCount = 16

    private static let magic: [UInt8] = [0x47, 0x56, 0x53, 0x47, 1]
    private static let headerLength = 8
    private static let entryLength = 8 + Signature.length

    /// Octets of the longest block.
    package static let maximumLength = headerLength + maximumCount * entryLength

    /// The signatures, in the order in which they were made.
    package private(set) var signatures: [Signature]

    /// A block without signatures.
    package init() {
        signatures = []
    }

    /// A block of these signatures.
    package init(_ signatures: [Signature]) throws(TrustFault) {
        guard signatures.count <= Self.maximumCount else { throw .tooManySignatures(limit: Self.maximumCount) }
        self.signatures = signatures
    }

    /// Adds a signature in the place of an earlier one by the same key.
    package mutating func add(_ signature: Signature) throws(TrustFault) {
        var others = signatures.filter { $0.keyID != signature.keyID }
        others.append(signature)
        self = try SignatureBlock(others)
    }

    /// Reads a block, which must fill the octets exactly.
    package init(parsing octets: [UInt8]) throws(TrustFault) {
        let magic = Self.magic
        guard octets.count >= Self.headerLength, Array(octets[..<magic.count]) == magic, octets[6] == 0, octets[7] == 0
        else { throw .malformedSignatures }
        let count = Int(octets[5])
        guard count <= Self.maximumCount else { throw .tooManySignatures(limit: Self.maximumCount) }
        guard octets.count == Self.headerLength + count * Self.entryLength else { throw .malformedSignatures }
        signatures = []
        for index in 0..<count {
            let start = Self.headerLength + index * Self.entryLength
            let id = octets[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) }
            let body = Array(octets[start + 8..<start + Self.entryLength])
            guard let signature = Signature(keyID: KeyID(number: id), octets: body) else { throw .malformedSignatures }
            signatures.append(signature)
        }
    }

    /// The block's octets.
    package var encoded: [UInt8] {
        var octets = Self.magic + [UInt8(signatures.count), 0, 0]
        for signature in signatures {
            octets += (0..<8).map { UInt8(truncatingIfNeeded: signature.keyID.number >> (56 - 8 * $0)) }
            octets += signature.octets
        }
        return octets
    }
}

extension Signature {
    /// A signature as a line of a text document has it: the key's id and the signature in base64 (RFC 4648 §4).
    init?(line: String) {
        let parts = line.split(separator: " ", omittingEmptySubsequences: false)
        // One signature has one spelling; base64 alone leaves bits of the last character open.
        guard parts.count == 2, let id = KeyID(String(parts[0])), let data = Data(base64Encoded: String(parts[1])),
            data.base64EncodedString() == parts[1]
        else { return nil }
        self.init(keyID: id, octets: Array(data))
    }

    /// What ``init(line:)`` reads.
    var line: String { "\(keyID) \(Data(octets).base64EncodedString())" }
}
