package import Figures
import Telemetry

/// What a sensor's counters say at one moment: totals since the start of the process, and the state of its lists.
///
/// Numbers, list identifiers and words of closed sets; no field takes a domain name, a list entry or an address.
package struct StatisticsReading: Equatable, Sendable {
    /// One list at that moment.
    package struct List: Equatable, Sendable {
        /// The list's identifier.
        package var id: String
        /// How many entries it has.
        package var entries: UInt64
        /// The update that is in use; nil where it stands in for one that was refused.
        package var activation: ActivationFigures?
        /// Entries of it that could not be taken.
        package var rejected: [RejectedFigures]
        /// Whether it is older than its publisher allows.
        package var isStale: Bool

        /// Collects them.
        package init(
            id: String,
            entries: UInt64 = 0,
            activation: ActivationFigures? = nil,
            rejected: [RejectedFigures] = [],
            isStale: Bool = false
        ) {
            self.id = id
            self.entries = entries
            self.activation = activation
            self.rejected = rejected
            self.isStale = isStale
        }
    }

    /// Updates of one list that were refused.
    package struct Refusals: Equatable, Sendable {
        /// The list's identifier.
        package var list: String
        /// How many.
        package var updates: UInt64

        /// So many of a list.
        package init(list: String, updates: UInt64) {
            self.list = list
            self.updates = updates
        }
    }

    /// When it was taken, in seconds since 1970-01-01 UTC, by a clock that may be set.
    package var time: Double
    /// When it was taken, in seconds by a clock that only goes on.
    package var monotonic: Double
    /// Whether blocking is switched off as a whole.
    package var killSwitch: Bool
    /// Seconds in which packets passed that nobody had looked at.
    package var failOpenSeconds: Double
    /// Packets that were inspected.
    package var packets: UInt64
    /// Packets that the kernel dropped for want of room.
    package var queueDrops: UInt64
    /// Packets that passed unseen for want of room.
    package var unseen: UInt64
    /// What could be seen.
    package var visibility: VisibilityFigures
    /// Events and attempts by list, mechanism and action, each of these three once.
    package var matches: [MatchFigures]
    /// Attempts by mechanism and action, each of these two once.
    package var anyAttempts: [AnyAttemptFigures]
    /// Matches of test names by list and mechanism, each of these two once.
    package var testMatches: [TestMatchFigures]
    /// The lists in use.
    package var lists: [List]
    /// Refused updates, each list once.
    package var refusals: [Refusals]

    /// The reading of a sensor that has done nothing.
    package init(
        time: Double,
        monotonic: Double,
        killSwitch: Bool = false,
        failOpenSeconds: Double = 0,
        packets: UInt64 = 0,
        queueDrops: UInt64 = 0,
        unseen: UInt64 = 0,
        visibility: VisibilityFigures = VisibilityFigures(),
        matches: [MatchFigures] = [],
        anyAttempts: [AnyAttemptFigures] = [],
        testMatches: [TestMatchFigures] = [],
        lists: [List] = [],
        refusals: [Refusals] = []
    ) {
        self.time = time
        self.monotonic = monotonic
        self.killSwitch = killSwitch
        self.failOpenSeconds = failOpenSeconds
        self.packets = packets
        self.queueDrops = queueDrops
        self.unseen = unseen
        self.visibility = visibility
        self.matches = matches
        self.anyAttempts = anyAttempts
        self.testMatches = testMatches
        self.lists = lists
        self.refusals = refusals
    }

    /// All totals, by series.
    var totals: [Series: UInt64] {
        var totals: [Series: UInt64] = [
            Series(.failOpen): Self.milliseconds(failOpenSeconds), Series(.packets): packets,
            Series(.queueDrops): queueDrops, Series(.unseen): unseen,
            Series(.dnsNames): visibility.dnsNames, Series(.tlsNames): visibility.tlsNames,
            Series(.quicNames): visibility.quicNames, Series(.httpNames): visibility.httpNames,
            Series(.withoutServerName): visibility.withoutServerName,
            Series(.encryptedClientHello): visibility.encryptedClientHello,
            Series(.incomplete): visibility.incomplete,
            Series(.unknownQUICVersion): visibility.unknownQUICVersion,
            Series(.dotFlows): visibility.dotFlows, Series(.doqFlows): visibility.doqFlows,
            Series(.dohFlows): visibility.dohFlows,
        ]
        for match in matches {
            let (list, mechanism, action) = (match.list, match.mechanism, match.action)
            totals[Series(.events, list: list, mechanism: mechanism, detail: action)] = match.events
            totals[Series(.attempts, list: list, mechanism: mechanism, detail: action)] = match.attempts
        }
        for any in anyAttempts {
            totals[Series(.anyAttempts, mechanism: any.mechanism, detail: any.action)] = any.attempts
        }
        for test in testMatches {
            totals[Series(.testEvents, list: test.list, mechanism: test.mechanism)] = test.events
        }
        for refusal in refusals { totals[Series(.refusals, list: refusal.list)] = refusal.updates }
        return totals
    }

    /// Whole milliseconds; what is no duration is none.
    static func milliseconds(_ seconds: Double) -> UInt64 {
        guard seconds.isFinite, seconds > 0 else { return 0 }
        return UInt64(min(seconds, 1e12) * 1_000)
    }

    /// The whole second of a time since 1970; what is none of the years up to 9999 is taken for the nearest.
    static func second(_ time: Double) -> Int64 {
        guard time.isFinite else { return 0 }
        return Int64(min(max(time, 0), 253_402_300_799))
    }
}
