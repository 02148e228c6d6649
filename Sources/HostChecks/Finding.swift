/// How much a finding matters.
package enum Severity: String, CaseIterable, Sendable, Comparable {
    /// Traffic is not inspected, or it is harmed.
    case fault
    /// Something will go wrong, or costs more than it need.
    case warning
    /// Worth knowing; nothing need be done.
    case note

    package static func < (left: Severity, right: Severity) -> Bool {
        left.rank < right.rank
    }

    private var rank: Int {
        switch self {
        case .fault: 0
        case .warning: 1
        case .note: 2
        }
    }
}

/// One thing that is wrong, why it matters, and what mends it.
///
/// Guarantees: no address, no name and no list entry is in any of its texts; rules of others are told by chain and position.
package struct Finding: Sendable, Equatable {
    /// How much it matters.
    package var severity: Severity
    /// What is wrong, in one line that names the object.
    package var problem: String
    /// Why it matters, in a sentence or two.
    package var reason: String
    /// A command line for a shell that mends it; nil where no single one does.
    package var command: String?
    /// What mends it where no command does, or what is to be known before the command is used.
    package var advice: String?

    /// Collects a finding.
    package init(
        _ severity: Severity,
        _ problem: String,
        reason: String,
        command: String? = nil,
        advice: String? = nil
    ) {
        self.severity = severity
        self.problem = problem
        self.reason = reason
        self.command = command
        self.advice = advice
    }
}
