/// One person's word that one gate may be passed by one exact list file or snapshot.
///
/// ```
/// grindvakt approval 1
/// list: police
/// sha256: 64 hexadecimal digits
/// gate: growth
/// issued: 2027-01-31T12:00:00Z
/// expires: 2027-02-07T12:00:00Z
/// signature: KEYID BASE64
/// ```
///
/// There is no room for words: what is approved is a digest, and why is told elsewhere.
package struct Approval: Equatable, Sendable {
    /// The list.
    package let list: Identifier

    /// The SHA-256 of the list file or snapshot.
    package let digest: ContentDigest

    /// The gate that may be passed, by its name.
    package let gate: Identifier

    /// From when on it holds.
    package let issuedAt: Timestamp

    /// From when on it holds no more.
    package let expiresAt: Timestamp

    /// Whose word it is said to be.
    package let signature: Signature

    private let message: [UInt8]

    /// Seconds for which an approval holds where nothing else is asked for: seven days.
    package static let usualValidity: Int64 = 7 * 86_400

    /// Seconds for which an approval can hold at most: 31 days.
    package static let longestValidity: Int64 = 31 * 86_400

    private static let title = "grindvakt approval 1"

    /// Gives one's word.
    ///
    /// - Parameters:
    ///   - digest: the SHA-256 of the list file or snapshot.
    ///   - list: the list.
    ///   - gate: the gate.
    ///   - key: the approver's key.
    ///   - now: the time from which on it holds.
    ///   - expiresAt: when it ends; after ``usualValidity`` where nil.
    /// - Returns: the signed approval.
    /// - Throws: an end that is not after the beginning, or too long after it.
    package static func sign(
        _ digest: ContentDigest,
        of list: Identifier,
        gate: Identifier,
        with key: SigningKey,
        now: Timestamp,
        expiresAt: Timestamp? = nil
    ) throws(TrustFault) -> Approval {
        let expiresAt = expiresAt ?? now.advanced(by: usualValidity)
        var writer = DocumentWriter(title: title)
        writer.append(.list, list)
        writer.append(.sha256, digest)
        writer.append(.gate, gate)
        writer.append(issued: now, expires: expiresAt)
        let signature = try key.sign(writer.octets, as: .approval)
        // Whatever is written can be read, limits included.
        return try Approval(parsing: writer.octets + Array("signature: \(signature.line)\n".utf8))
    }

    /// Reads a whole approval.
    package init(parsing octets: [UInt8]) throws(TrustFault) {
        var reader = try DocumentReader(octets, title: Self.title)
        list = try reader.value(.list) { Identifier($0) }
        digest = try reader.value(.sha256) { ContentDigest($0) }
        gate = try reader.value(.gate) { Identifier($0) }
        let (issued, expires) = try reader.times()
        guard let expires else { throw .line(reader.line + 1, .missing(.expires)) }
        guard expires.seconds - issued.seconds <= Self.longestValidity else { throw .approvedTooLong }
        issuedAt = issued
        expiresAt = expires
        message = reader.octetsSoFar
        let signatures = try reader.signatures(limit: 1)
        guard let signature = signatures.first else { throw .cutDocument }
        self.signature = signature
    }

    /// The text.
    package var encoded: [UInt8] { message + Array("signature: \(signature.line)\n".utf8) }

    /// The approval in a file.
    package static func load(_ path: String) throws(TrustError) -> Approval {
        let octets = try SmallFile.read(path, limit: DocumentReader.limit)
        do throws(TrustFault) {
            return try Approval(parsing: octets)
        } catch {
            throw TrustError(path, error)
        }
    }

    /// Writes the approval to a file that everybody can read.
    package func write(to path: String) throws(TrustError) {
        try AtomicFile.write(encoded, to: path, mode: 0o644)
    }

    /// Whether it is the word of this key.
    func isSigned(by key: VerificationKey) -> Bool {
        key.isValid(signature, of: message, as: .approval)
    }
}

/// Whose approvals count, and how many it takes.
package struct ApprovalPolicy: Equatable, Sendable {
    /// The keys of those who may approve.
    package let approvers: [VerificationKey]

    /// How many of them must have approved.
    package let required: Int

    /// Nobody may approve.
    package static let none = ApprovalPolicy()

    private init() {
        approvers = []
        required = 2
    }

    /// A policy.
    ///
    /// - Parameters:
    ///   - approvers: keys; one that is named twice counts once. Without any nothing can be approved.
    ///   - required: different keys that it takes, from 1 on.
    /// - Throws: a number that the keys cannot reach, and two keys that share an id.
    package init(approvers: [VerificationKey], required: Int = 2) throws(TrustFault) {
        self.approvers = try distinct(approvers)
        self.required = required
        guard required >= 1, approvers.isEmpty || required <= self.approvers.count else {
            throw .badThreshold(required, keys: self.approvers.count)
        }
    }

    /// Why an approval does not count.
    package enum Refusal: Equatable, Sendable {
        /// It is for another list.
        case otherList
        /// It is for another file.
        case otherDigest
        /// It is not valid yet by this clock.
        case notYetIssued
        /// It is valid no more by this clock.
        case expired
        /// Its key is none of the approvers'.
        case unknownKey(KeyID)
        /// Its signature is not that of its key.
        case wrongSignature(KeyID)
    }

    /// What a number of approvals come to.
    package struct Assessment: Equatable, Sendable {
        /// The approvers of each gate that somebody has approved, in the order of the policy.
        package fileprivate(set) var approvers: [Identifier: [KeyID]] = [:]

        /// For each approval, why it does not count; nil where it does.
        package fileprivate(set) var refusals: [Refusal?] = []

        /// The gates that enough different approvers have approved.
        package fileprivate(set) var gates: Set<Identifier> = []
    }

    /// Weighs approvals of one exact list file or snapshot.
    ///
    /// A gate is approved when ``required`` different keys have validly signed for this digest, this list and this gate; a key counts once.
    package func assess(
        _ approvals: [Approval],
        for digest: ContentDigest,
        of list: Identifier,
        at now: Timestamp
    ) -> Assessment {
        var assessment = Assessment()
        var keys: [Identifier: Set<KeyID>] = [:]
        for approval in approvals {
            let refusal = refusal(of: approval, digest, list, now)
            assessment.refusals.append(refusal)
            if refusal == nil { keys[approval.gate, default: []].insert(approval.signature.keyID) }
        }
        for (gate, keys) in keys {
            assessment.approvers[gate] = approvers.map(\.id).filter(keys.contains)
            if keys.count >= required { assessment.gates.insert(gate) }
        }
        return assessment
    }

    /// The gates that are approved, and by whom; see ``assess(_:for:of:at:)``.
    package func approvedGates(
        for digest: ContentDigest,
        list: Identifier,
        now: Timestamp,
        approvals: [Approval]
    ) -> [Identifier: [KeyID]] {
        let assessment = assess(approvals, for: digest, of: list, at: now)
        return assessment.approvers.filter { assessment.gates.contains($0.key) }
    }

    private func refusal(
        of approval: Approval,
        _ digest: ContentDigest,
        _ list: Identifier,
        _ now: Timestamp
    ) -> Refusal? {
        let id = approval.signature.keyID
        guard let key = approvers.first(where: { $0.id == id }) else { return .unknownKey(id) }
        guard approval.isSigned(by: key) else { return .wrongSignature(id) }
        guard approval.list == list else { return .otherList }
        guard approval.digest == digest else { return .otherDigest }
        guard now >= approval.issuedAt else { return .notYetIssued }
        guard now < approval.expiresAt else { return .expired }
        return nil
    }
}
