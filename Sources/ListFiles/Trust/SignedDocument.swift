import FoundationEssentials

/// A JSON document that carries its signatures: a certificate or a receipt.
///
/// One line, in the one spelling of ``DocumentValue``. The first member is `document`, its kind; the last one is `signatures`. Signed is the
/// object without that last member, so that other programs can check it, too:
/// ```
/// (printf 'grindvakt signed certificate\n'; jq -cj 'del(.signatures)' FILE) > message
/// jq -r '.signatures[0].ed25519' FILE | base64 -d > signature
/// openssl pkeyutl -verify -rawin -pubin -inkey PUBLIC -in message -sigfile signature
/// ```
package struct SignedDocument: Equatable, Sendable {
    /// What it is.
    package let kind: DocumentKind

    /// What it says, without the signatures.
    package let body: DocumentValue

    /// Who has signed it.
    package let signatures: SignatureBlock

    /// Octets of the longest document.
    package static let limit = 1 << 20

    /// The kinds that have this form.
    package static let kinds: [DocumentKind] = [.certificate, .receipt]

    /// Signs what is said.
    ///
    /// - Parameters:
    ///   - members: what is said, in its order.
    ///   - kind: one of ``kinds``; written in front of the members.
    ///   - keys: who signs.
    /// - Throws: ``TrustFault/tooLong(limit:)``, and ``TrustFault/tooManySignatures(limit:)``.
    package init(
        _ members: [DocumentValue.Member],
        as kind: DocumentKind,
        signedBy keys: [SigningKey]
    ) throws(TrustFault) {
        self.kind = kind
        body = .object([DocumentValue.Member("document", .text(kind.rawValue))] + members)
        let message = body.encoded
        guard message.count + SignatureBlock.maximumCount * 256 <= Self.limit else {
            throw .tooLong(limit: Self.limit)
        }
        var signatures = SignatureBlock()
        for key in keys { try signatures.add(try key.sign(message, as: kind)) }
        self.signatures = signatures
    }

    /// Reads a document, which must fill the octets exactly.
    ///
    /// - Throws: ``TrustFault/damagedDocument`` where it is not spelt as it was when it was signed.
    package init(parsing octets: [UInt8]) throws(TrustFault) {
        guard octets.count <= Self.limit else { throw .tooLong(limit: Self.limit) }
        guard octets.last == 0x0A, case .object(var members)? = DocumentValue(parsing: Array(octets.dropLast())),
            let last = members.popLast(), last.name == "signatures", case .array(let lines) = last.value,
            let first = members.first, first.name == "document",
            let kind = Self.kinds.first(where: { $0.rawValue == first.value.text })
        else { throw .damagedDocument }
        var signatures: [Signature] = []
        for line in lines {
            guard case .object(let fields) = line, fields.map(\.name) == ["key", "ed25519"], let id = line["key"]?.text,
                let octets = line["ed25519"]?.text, let signature = Signature(line: "\(id) \(octets)")
            else { throw .damagedDocument }
            signatures.append(signature)
        }
        self.kind = kind
        body = .object(members)
        self.signatures = try SignatureBlock(signatures)
    }

    /// Reads a document from a file.
    package static func load(_ path: String) throws(TrustError) -> SignedDocument {
        let octets = try SmallFile.read(path, limit: limit)
        return try TrustError.at(path) { () throws(TrustFault) in try SignedDocument(parsing: octets) }
    }

    /// Writes the document to a file of mode 0644, which appears as a whole or not at all.
    package func write(to path: String) throws(TrustError) {
        try AtomicFile.write(encoded, to: path, mode: 0o644)
    }

    /// The document's octets.
    package var encoded: [UInt8] {
        guard case .object(let members) = body else { return [] }
        let lines = signatures.signatures.map { signature in
            DocumentValue.object([
                DocumentValue.Member("key", .text(signature.keyID.description)),
                DocumentValue.Member("ed25519", .text(Data(signature.octets).base64EncodedString())),
            ])
        }
        return DocumentValue.object(members + [DocumentValue.Member("signatures", .array(lines))]).encoded + [0x0A]
    }

    /// The keys of those given whose valid signatures it has.
    ///
    /// - Throws: ``TrustFault/tooFewSignatures(found:wanted:unknown:wrong:)`` where it has none of them.
    package func verify(_ keys: [VerificationKey]) throws(TrustFault) -> [KeyID] {
        try TrustPolicy(publishers: keys, threshold: 1, operatorKey: nil)
            .verify(body.encoded, as: kind, signatures: signatures)
    }
}
