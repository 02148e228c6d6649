/// Which release of a list something is: the part that a source list's statement and a snapshot's header have in common.
package struct ListRelease: Hashable, Sendable {
    /// The list.
    package let id: Identifier

    /// What the list was made for.
    package let purpose: Identifier

    /// Grows by one or more with each release.
    package let sequence: UInt64

    /// When the publisher made it, by the publisher's clock.
    package let issuedAt: Timestamp

    /// When the publisher no longer stands by it; nil for never.
    package let expiresAt: Timestamp?

    /// A release; nil where it would end before it begins.
    package init?(
        id: Identifier,
        purpose: Identifier,
        sequence: UInt64,
        issuedAt: Timestamp,
        expiresAt: Timestamp? = nil
    ) {
        if let expiresAt, expiresAt <= issuedAt { return nil }
        self.id = id
        self.purpose = purpose
        self.sequence = sequence
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
    }

    /// How a release stands to a clock.
    package enum Validity: Equatable, Sendable {
        case valid
        /// The publisher no longer stands by it. It keeps blocking, and the operator is told.
        case expired
        /// It was made in the future: one of the two clocks is wrong.
        case notYetIssued
    }

    /// How the release stands to this time.
    package func validity(at now: Timestamp) -> Validity {
        if now < issuedAt { return .notYetIssued }
        if let expiresAt, now >= expiresAt { return .expired }
        return .valid
    }
}

/// What a publisher says of a list file: which release it is, how long and with which digest.
package struct ListStatement: Hashable, Sendable {
    /// The release.
    package let release: ListRelease

    /// Octets of the file.
    package let length: UInt64

    /// The file's SHA-256.
    package let digest: ContentDigest

    private static let title = "grindvakt list statement 1"

    /// A statement of these parts.
    package init(release: ListRelease, length: UInt64, digest: ContentDigest) {
        self.release = release
        self.length = length
        self.digest = digest
    }

    /// A statement on the file as it is now.
    package init(release: ListRelease, describing path: String) throws(TrustError) {
        let (digest, length) = try ContentHasher.file(path)
        self.init(release: release, length: length, digest: digest)
    }

    /// Refuses a file of another length or digest.
    package func check(digest: ContentDigest, length: UInt64) throws(TrustFault) {
        guard length == self.length else { throw .otherLength(length, signed: self.length) }
        guard digest == self.digest else { throw .otherDigest(digest, signed: self.digest) }
    }

    /// The lines that are signed.
    package var encoded: [UInt8] {
        var writer = DocumentWriter(title: Self.title)
        writer.append(.list, release.id)
        writer.append(.purpose, release.purpose)
        writer.append(.sequence, release.sequence)
        writer.append(issued: release.issuedAt, expires: release.expiresAt)
        writer.append(.length, length)
        writer.append(.sha256, digest)
        return writer.octets
    }

    /// Reads the lines that are signed; the signatures are left.
    fileprivate static func read(_ octets: [UInt8]) throws(TrustFault) -> (ListStatement, rest: DocumentReader) {
        var reader = try DocumentReader(octets, title: title)
        let id = try reader.value(.list) { Identifier($0) }
        let purpose = try reader.value(.purpose) { Identifier($0) }
        let sequence = try reader.value(.sequence, as: DocumentReader.number)
        let (issued, expires) = try reader.times()
        guard
            let release = ListRelease(
                id: id,
                purpose: purpose,
                sequence: sequence,
                issuedAt: issued,
                expiresAt: expires
            )
        else { throw .line(reader.line, .endsBeforeItBegins) }
        let length = try reader.value(.length, as: DocumentReader.number)
        let digest = try reader.value(.sha256) { ContentDigest($0) }
        return (ListStatement(release: release, length: length, digest: digest), reader)
    }
}

/// A statement with its signatures: the file `NAME.sig` beside the list file `NAME`.
///
/// ```
/// grindvakt list statement 1
/// list: police
/// purpose: action
/// sequence: 42
/// issued: 2027-01-31T12:00:00Z
/// expires: 2027-03-01T00:00:00Z
/// length: 123456
/// sha256: 64 hexadecimal digits
/// signature: KEYID BASE64
/// ```
///
/// UTF-8, each line ended by a line feed, `expires` optional, 1 to 16 signatures. Signed is ``DocumentKind/listStatement``'s prefix and,
/// octet for octet, every line above the signatures.
package struct SignedStatement: Equatable, Sendable {
    /// What is said.
    package let statement: ListStatement

    /// Who says so, as far as it is not checked.
    package private(set) var signatures: SignatureBlock

    /// The octets that are signed, without the prefix.
    private let message: [UInt8]

    /// The statement, signed by these keys.
    package init(_ statement: ListStatement, signedBy keys: [SigningKey]) throws(TrustFault) {
        self.statement = statement
        signatures = SignatureBlock()
        message = statement.encoded
        for key in keys { try add(signatureBy: key) }
    }

    /// Adds a signature, in the place of an earlier one by the same key.
    package mutating func add(signatureBy key: SigningKey) throws(TrustFault) {
        try signatures.add(try key.sign(message, as: .listStatement))
    }

    /// Reads a whole statement.
    package init(parsing octets: [UInt8]) throws(TrustFault) {
        var (statement, reader) = try ListStatement.read(octets)
        self.statement = statement
        message = reader.octetsSoFar
        signatures = try SignatureBlock(reader.signatures(limit: SignatureBlock.maximumCount))
    }

    /// The text.
    package var encoded: [UInt8] {
        message + signatures.signatures.flatMap { Array("signature: \($0.line)\n".utf8) }
    }

    /// Where the statement on a list file is.
    package static func path(beside list: String) -> String { list + ".sig" }

    /// The statement in a file.
    package static func load(_ path: String) throws(TrustError) -> SignedStatement {
        let octets = try SmallFile.read(path, limit: DocumentReader.limit)
        do throws(TrustFault) {
            return try SignedStatement(parsing: octets)
        } catch {
            throw TrustError(path, error)
        }
    }

    /// Writes the statement to a file that everybody can read.
    package func write(to path: String) throws(TrustError) {
        try AtomicFile.write(encoded, to: path, mode: 0o644)
    }

    /// The keys by which the statement is signed, provided that they suffice.
    package func verify(_ policy: TrustPolicy) throws(TrustFault) -> [KeyID] {
        try policy.verify(message, as: .listStatement, signatures: signatures)
    }

    /// Checks the statement beside a list file and the file against it.
    ///
    /// Who reads the list afterwards had better hash it meanwhile with ``ContentHasher`` and call ``ListStatement/check(digest:length:)``
    /// then: the file can be replaced between the two.
    /// - Parameters:
    ///   - list: the list file.
    ///   - id: the list that it is to be.
    ///   - purpose: the purpose that it is to have; nil for any.
    ///   - policy: whose signatures it must have.
    /// - Returns: the statement and the keys that signed it. Neither sequence nor expiry are judged: see ``SequenceLedger`` and
    ///   ``ListRelease/validity(at:)``.
    /// - Throws: ``TrustError`` with the file that is wrong.
    package static func verify(
        list: String,
        id: Identifier,
        purpose: Identifier?,
        policy: TrustPolicy
    ) throws(TrustError) -> (statement: ListStatement, keys: [KeyID]) {
        let path = path(beside: list)
        let signed = try load(path)
        let statement = signed.statement
        let keys: [KeyID]
        do throws(TrustFault) {
            // Nothing of what it says is believed before it is known who says so.
            keys = try signed.verify(policy)
            let release = statement.release
            guard release.id == id else { throw TrustFault.otherList(release.id, wanted: id) }
            if let purpose, release.purpose != purpose {
                throw TrustFault.otherPurpose(release.purpose, wanted: purpose)
            }
        } catch {
            throw TrustError(path, error)
        }
        let (digest, length) = try ContentHasher.file(list)
        do throws(TrustFault) {
            try statement.check(digest: digest, length: length)
        } catch {
            throw TrustError(list, error)
        }
        return (statement, keys)
    }
}
