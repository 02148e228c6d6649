/// What came of a list's judgement: a result for every gate, in their order.
package struct GateReport: Equatable, Sendable {
    /// The list's identifier.
    package let list: String

    /// The results.
    package let results: [GateResult]

    /// The results that keep the list from being acted upon.
    package var refusals: [GateResult] { results.filter { $0.outcome == .refused } }

    /// Whether the list must not be acted upon.
    package var isRefused: Bool { refusals.isEmpty == false }

    /// The result of one gate.
    package subscript(gate: Gate) -> GateOutcome? { results.first { $0.gate == gate }?.outcome }
}

/// What a gate said.
package enum GateOutcome: Equatable, Sendable {
    /// Why a gate has nothing to say.
    package enum Reason: String, CaseIterable, Sendable {
        /// No list of this identifier is running yet.
        case firstLoad = "first-load"
        /// What the gate asks for is not known of this list.
        case notKnown = "not-known"
        /// The policy does not say what is wanted.
        case notConfigured = "not-configured"
    }

    /// Within the limit.
    case passed
    /// The policy does not use this gate.
    case off
    /// Nothing to judge, and why.
    case notApplicable(Reason)
    /// Beyond the limit, and approved for this list.
    case approved
    /// Beyond the limit.
    case refused
}

/// What one gate said of one list, with its figures. Nothing in it names an entry.
package struct GateResult: Equatable, Sendable {
    /// The list's identifier.
    package let list: String

    /// The gate.
    package let gate: Gate

    /// What it said.
    package let outcome: GateOutcome

    /// How much was found of what the gate looks for: entries, for most gates; lines, for rejects; one where a list is empty or is for
    /// something else.
    package let found: Int

    /// How much of it is let through.
    package let limit: Int

    /// Of how much it was found: running entries, for growth and shrink; lines meant as entries, for rejects.
    package let base: Int?

    /// The result for people, in one line: the list, the gate, the figures and, where the list is refused, the mend.
    package var description: String {
        let start = "list \(list): gate \(gate.rawValue)"
        return switch outcome {
        case .passed: "\(start): passed (\(figures))"
        case .off: "\(start): off"
        case .notApplicable(.firstLoad): "\(start): not applicable (no such list is running yet)"
        case .notApplicable(.notKnown): "\(start): not applicable (this list does not tell)"
        case .notApplicable(.notConfigured): "\(start): not applicable (nothing configured)"
        case .approved: "\(start): approved (\(figures))"
        case .refused: "\(start): refused (\(figures)); \(mend)"
        }
    }

    private var figures: String {
        switch gate {
        case .empty: found == 0 ? "not empty" : "no entries"
        case .growth: "\(found) entries more than the \(base ?? 0) that run, limit \(limit)"
        case .shrink: "\(found) of the \(base ?? 0) entries that run are gone, limit \(limit)"
        case .publicSuffix: "\(found) entries are or cover a public suffix, limit \(limit)"
        case .protectedName: "\(found) entries are, cover or lie under a protected name, limit \(limit)"
        case .entryKind: "\(found) entries of a refused kind, limit \(limit)"
        case .purpose: found == 0 ? "as configured" : "does not declare the configured purpose"
        case .rejects: "\(found) of \(base ?? 0) lines rejected, limit \(limit)"
        }
    }

    private var mend: String {
        let approve = "or have two people approve this gate"
        return switch gate {
        case .empty: "mend the source, \(approve)"
        case .growth, .shrink: "ask the publisher whether the change is meant, then raise the limit \(approve)"
        case .publicSuffix, .protectedName, .entryKind: "have the publisher remove them, raise the limit \(approve)"
        case .purpose: "take a list with that purpose, correct the configured one \(approve)"
        case .rejects: "mend the lines or the declared format, raise the limit \(approve)"
        }
    }
}
