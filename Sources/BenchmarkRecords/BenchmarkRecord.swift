package import Figures
package import Telemetry

/// What a member of the coalition says of one of its markets on one UTC day, in the form in which it leaves the operator: version 1.
///
/// Nothing here takes a name, a list entry, an address or a time finer than the day. Counts that stand for people are
/// ``PublishedCount``s; what is exact is about the sensors, the lists and the test names.
package struct BenchmarkRecord: Equatable, Sendable {
    /// What the member `schema` says.
    static let schemaName = "grindvakt-benchmark-record"

    /// The version that this is.
    package static let version: UInt64 = 1

    /// The largest attempt window, in seconds.
    static let longestWindow: UInt64 = 3_600

    /// The most elements that each of a record's arrays has.
    static let mostElements = 1_000

    /// The day, UTC.
    package let day: CalendarDate

    /// Who says it.
    package let member: String

    /// The market it is about.
    package let market: String

    /// How the record's sensors ran.
    package let base: RecordedBase

    /// Seconds in which events of one list entry are one attempt.
    package let windowSeconds: UInt64

    /// How test names fared, by list and mechanism.
    package let coverage: [RecordedCoverage]

    /// The lists that were in use, by their names.
    package let lists: [RecordedList]

    /// Milliseconds from the wish to let a name pass to the moment when every worker did; nil where there was none.
    package let unblockMilliseconds: RecordedDurations?

    /// What could be seen, in the order of ``visibilityNames``.
    package let visibility: [PublishedCount]

    /// Events and attempts of each list and action that had one.
    package let cells: [RecordedCells]

    /// Attempts of each mechanism, a name on several lists being one.
    package let anyAttempts: MechanismCounts

    /// What the members of `visibility` are called.
    static let visibilityNames = [
        "dns_names", "tls_names", "quic_names", "http_names", "without_server_name", "encrypted_client_hello",
        "incomplete", "unknown_quic_version", "dot_flows", "doq_flows", "doh_flows",
    ]

    /// Whether `word` may name a member: `[a-z0-9-]`, at most 32 characters.
    package static func isValid(member word: String) -> Bool {
        isWord(word, longest: 32) && word.contains("_") == false
    }

    /// Whether `word` may name a list, an action or a reason: what has a dot, a space or a capital is no such word, so no name of a
    /// domain passes for one.
    static func isWord(_ word: String, longest: Int = 64) -> Bool {
        (1...longest).contains(word.utf8.count)
            && word.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F
            }
    }
}

/// What attempts are set against, and how the sensors ran.
package struct RecordedBase: Equatable, Sendable {
    /// How subscribers reach the network; nil where that is not said.
    package var access: Access?
    /// Subscribers that the sensors cover, to the nearest thousand; nil where that is not said, or is under 500.
    package var subscribers: UInt64?
    /// How many sensors the record adds up.
    package var sensors: UInt64
    /// Thousandths of the day in which the sensors ran, at the mean, rounded down.
    package var uptimePermille: UInt64
    /// Seconds in which packets passed that nobody had looked at.
    package var failOpenSeconds: UInt64
    /// Seconds in which blocking was switched off as a whole.
    package var killSwitchSeconds: UInt64
    /// Packets that the kernel dropped because a queue was full, or a socket's buffer.
    package var queueDrops: UInt64
    /// Packets that passed unseen because there was no room for them.
    package var unseenPackets: UInt64
}

/// How the test names of one list fared by one mechanism.
package struct RecordedCoverage: Equatable, Sendable {
    /// The list's name.
    package var list: String
    /// How the test names were asked for.
    package var mechanism: Mechanism
    /// How often they were asked for.
    package var probes: UInt64
    /// How often they were blocked.
    package var blocked: UInt64
    /// Milliseconds until a client knew, at the median; nil where nothing was blocked.
    package var medianMilliseconds: UInt64?
    /// The longest of them.
    package var longestMilliseconds: UInt64?
}

/// What became of one list.
package struct RecordedList: Equatable, Sendable {
    /// The list's name.
    package var list: String
    /// The number of the last update that came into use on the day; nil where none did, or it has none.
    package var sequence: UInt64?
    /// The day on which that update was issued; nil where that is not known.
    package var issuedOn: CalendarDate?
    /// Seconds from issue to use, of the day's updates; nil where there was none, or the publisher does not say.
    package var issuedToActive: RecordedDurations?
    /// Seconds from receipt to use, of the day's updates; nil where there was none.
    package var receivedToActive: RecordedDurations?
    /// Its entries at the end of the day.
    package var entries: UInt64
    /// Entries that could not be taken, by the reason.
    package var rejected: [RecordedRejection]
    /// Updates that a gate refused.
    package var refusals: UInt64
    /// Seconds in which it was older than its publisher allows.
    package var staleSeconds: UInt64
}

/// Entries that could not be taken, for one reason.
package struct RecordedRejection: Equatable, Sendable {
    /// The reason.
    package var reason: String
    /// How many.
    package var entries: UInt64
}

/// What is said of some durations, in whole seconds or milliseconds, rounded up.
package struct RecordedDurations: Equatable, Sendable {
    /// How many there were.
    package var count: UInt64
    /// Half of them are no longer.
    package var median: UInt64
    /// Nineteen of twenty are no longer.
    package var p95: UInt64
    /// None is longer.
    package var longest: UInt64
}

/// Events and attempts of one list with one action.
package struct RecordedCells: Equatable, Sendable {
    /// The list's name.
    package var list: String
    /// The list's action.
    package var action: String
    /// Packets that matched.
    package var events: MechanismCounts
    /// Those, events of one entry within the window being one.
    package var attempts: MechanismCounts
}

/// A count for each mechanism.
package struct MechanismCounts: Equatable, Sendable {
    private var counts: [PublishedCount]

    /// Counts of which each is none.
    package init() {
        counts = Array(repeating: .none, count: Mechanism.allCases.count)
    }

    /// The count of a mechanism.
    package subscript(mechanism: Mechanism) -> PublishedCount {
        get { counts[Int(mechanism.rawValue)] }
        set { counts[Int(mechanism.rawValue)] = newValue }
    }
}
