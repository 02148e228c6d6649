/// Whose signatures a list or a snapshot must have.
package struct TrustPolicy: Equatable, Sendable {
    /// The keys of those who publish; without any, trust is off and nothing is asked for but ``operatorKey``.
    package let publishers: [VerificationKey]

    /// How many of the publishers must have signed.
    package let threshold: Int

    /// The operator's own key, which must have signed besides, where there is one.
    package let operatorKey: VerificationKey?

    /// A policy.
    ///
    /// - Parameters:
    ///   - publishers: keys; one that is named twice counts once.
    ///   - threshold: from 1 to the number of different publishers; 1 where there are none.
    ///   - operatorKey: the operator's key.
    /// - Throws: a threshold out of range, and two keys that share an id.
    package init(
        publishers: [VerificationKey],
        threshold: Int = 1,
        operatorKey: VerificationKey? = nil
    ) throws(TrustFault) {
        self.publishers = try distinct(publishers)
        self.threshold = threshold
        self.operatorKey = operatorKey
        _ = try distinct(publishers + (operatorKey.map { [$0] } ?? []))
        guard threshold >= 1, threshold <= max(self.publishers.count, 1) else {
            throw .badThreshold(threshold, keys: self.publishers.count)
        }
    }

    /// Nothing need be signed.
    package static let off = TrustPolicy()

    private init() {
        publishers = []
        threshold = 1
        operatorKey = nil
    }

    /// Whether nothing need be signed.
    package var isOff: Bool { publishers.isEmpty && operatorKey == nil }

    /// Whether the publisher has to have signed.
    private var wanted: Int { publishers.isEmpty ? 0 : threshold }

    /// The keys whose valid signatures the document has, provided that they suffice.
    ///
    /// A key counts once however often it signed. Signatures by unknown keys and wrong ones count for nothing and harm nothing: anyone can
    /// append them. They are named where the threshold is missed.
    /// - Returns: the publishers in the order of the policy, then the operator.
    /// - Throws: ``TrustFault/tooFewSignatures(found:wanted:unknown:wrong:)``, ``TrustFault/operatorDidNotSign(_:isWrong:)``.
    package func verify(
        _ message: [UInt8],
        as kind: DocumentKind,
        signatures block: SignatureBlock
    ) throws(TrustFault) -> [KeyID] {
        let known = publishers + (operatorKey.map { [$0] } ?? [])
        var valid: Set<KeyID> = []
        var unknown: Set<KeyID> = []
        var wrong: Set<KeyID> = []
        for signature in block.signatures where valid.contains(signature.keyID) == false {
            guard let key = known.first(where: { $0.id == signature.keyID }) else {
                unknown.insert(signature.keyID)
                continue
            }
            if key.isValid(signature, of: message, as: kind) {
                valid.insert(key.id)
            } else {
                wrong.insert(key.id)
            }
        }
        wrong.subtract(valid)
        let found = publishers.map(\.id).filter(valid.contains)
        guard found.count >= wanted else {
            throw .tooFewSignatures(
                found: found.count,
                wanted: wanted,
                unknown: unknown.sorted(),
                wrong: wrong.sorted()
            )
        }
        guard let operatorKey else { return found }
        guard valid.contains(operatorKey.id) else {
            throw .operatorDidNotSign(operatorKey.id, isWrong: wrong.contains(operatorKey.id))
        }
        return found.contains(operatorKey.id) ? found : found + [operatorKey.id]
    }
}

/// The keys without those that are there already.
///
/// - Throws: ``TrustFault/keyIDsCollide(_:)`` for different keys that could not be told apart in a signature.
func distinct(_ keys: [VerificationKey]) throws(TrustFault) -> [VerificationKey] {
    var kept: [VerificationKey] = []
    for key in keys {
        guard let other = kept.first(where: { $0.id == key.id }) else {
            kept.append(key)
            continue
        }
        guard other == key else { throw .keyIDsCollide(key.id) }
    }
    return kept
}
