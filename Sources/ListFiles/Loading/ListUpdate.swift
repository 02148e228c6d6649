package import Blocklists
package import Telemetry

/// A list that was not accepted, and why.
package struct RefusedList: Equatable, Sendable {
    /// The list's name.
    package let id: String

    /// The causes, for the counters.
    package let causes: Set<ListRefusal>

    /// What is wrong and what mends it, in one line without any of the list's content.
    package let reason: String

    /// The SHA-256 digest of what was refused, as far as it was read.
    package let digest: ContentDigest?
}

/// What came of reading every list.
package struct ListUpdate: Sendable {
    /// The lists that were accepted, in the order of the configuration.
    package internal(set) var accepted: [ActiveList] = []

    /// The lists that were not.
    package internal(set) var refused: [RefusedList] = []

    /// The operator's allow list.
    package internal(set) var allowed: Snapshot?

    /// Names that no list may touch without an approval.
    package internal(set) var protected: Snapshot?

    /// What became of each text file.
    package internal(set) var readings: [ListReading] = []

    /// What the gates said of each list.
    package internal(set) var gates: [GateReport] = []

    /// How each list differs from the one that is used; none for a list that is new or cannot be compared.
    package internal(set) var differences: [String: Snapshot.Difference] = [:]

    /// Whether the gate of public suffixes could not be applied for want of data.
    package internal(set) var lacksSuffixData = false
}

extension ListRefusal {
    /// The cause that a gate stands for.
    init(_ gate: Gate) {
        self =
            switch gate {
            case .empty: .empty
            case .growth: .growth
            case .shrink: .shrink
            case .publicSuffix: .publicSuffix
            case .protectedName: .protectedName
            case .entryKind: .entryKind
            case .purpose: .purpose
            case .rejects: .rejects
            }
    }

    /// The cause that an error of a file stands for.
    init(_ error: ListFileError) {
        self =
            switch error {
            case .unreadable, .changedMeanwhile, .tooLarge, .tooManyLists: .unreadable
            case .cut, .damaged, .badSnapshot, .formatUnknown: .damaged
            case .badLine: .rejects
            case .untrusted: .signature
            case .refused(let lists): lists.first?.causes.min { $0.rawValue < $1.rawValue } ?? .unreadable
            case .tooManySlots: .unreadable
            }
    }

    /// The cause that a fault of signatures stands for.
    package init(_ fault: TrustFault) {
        self =
            switch fault {
            case .replayed, .equivocation, .unknownSequence: .replay
            case .otherPurpose: .purpose
            default: .signature
            }
    }
}
