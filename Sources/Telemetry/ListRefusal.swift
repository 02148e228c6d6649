/// Why an update of a list was refused, so that the edition before it stays in use; the value of the label `cause`.
package enum ListRefusal: UInt8, CaseIterable, Sendable {
    /// It has no entry.
    case empty
    /// It has grown by more than is allowed.
    case growth
    /// It has shrunk by more than is allowed.
    case shrink
    /// An entry is a public suffix or covers one.
    case publicSuffix
    /// An entry covers a protected name.
    case protectedName
    /// An entry is of a kind that the list may not hold.
    case entryKind
    /// It was made for another purpose than the one declared.
    case purpose
    /// Too large a share of its lines was rejected.
    case rejects
    /// A signature is missing, wrong or by a key that is not known.
    case signature
    /// Its sequence number is lower than one seen before.
    case replay
    /// Its file cannot be opened or read.
    case unreadable
    /// Its bytes are no list or snapshot, or not all of one.
    case damaged

    /// The label's text in counters and in the status report.
    package var label: String {
        switch self {
        case .empty: "empty"
        case .growth: "growth"
        case .shrink: "shrink"
        case .publicSuffix: "public-suffix"
        case .protectedName: "protected-name"
        case .entryKind: "entry-kind"
        case .purpose: "purpose"
        case .rejects: "rejects"
        case .signature: "signature"
        case .replay: "replay"
        case .unreadable: "unreadable"
        case .damaged: "damaged"
        }
    }
}

/// How many updates of one list were refused since the start of the process, and why.
///
/// Kept apart from ``ListState``, because a list may be refused before it is ever active, and because its counts go on
/// after it has left the configuration.
package struct RefusalCounts: Sendable, Equatable {
    /// The list's identifier from the configuration.
    package let list: String
    /// Refused updates, each once, however many causes it had.
    package private(set) var updates: UInt64 = 0
    private var causes = [UInt64](repeating: 0, count: ListRefusal.allCases.count)

    /// Begins at zero.
    package init(list: String) {
        self.list = list
    }

    /// Counts one refused update and each of its causes.
    package mutating func countUpdate(_ found: Set<ListRefusal>) {
        updates &+= 1
        for cause in found { causes[Int(cause.rawValue)] &+= 1 }
    }

    /// The causes that have occurred, in the order of the enum, and how many updates were refused for each.
    package var seen: [(cause: ListRefusal, updates: UInt64)] {
        ListRefusal.allCases.compactMap { cause in
            let count = causes[Int(cause.rawValue)]
            return count > 0 ? (cause, count) : nil
        }
    }
}
