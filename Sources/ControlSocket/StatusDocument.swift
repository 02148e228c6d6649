/// The object of `/status` as a program reads it; members that a newer sensor adds are ignored.
package struct StatusDocument: AnswerDocument, Sendable, Equatable {
    /// One queue with its worker's counters.
    package struct Queue: Decodable, Sendable, Equatable {
        /// The queue's number.
        package var queue: Int
        /// Whether the kernel's table has the queue.
        package var present: Bool
        /// Packets that wait for a verdict; nil when the kernel has no such queue, as with the next two.
        package var waiting: UInt64?
        /// Packets the kernel dropped because the queue was full.
        package var kernelDropped: UInt64?
        /// Packets the kernel dropped because the socket's buffer was full.
        package var userDropped: UInt64?
        /// Packets that were accepted.
        package var accepted: UInt64
        /// Packets that were dropped.
        package var dropped: UInt64
        /// How often the socket's buffer had no room for what the kernel had to say.
        package var receiveOverruns: UInt64
        /// Packets that passed because the queue had no room for them.
        package var unseen: UInt64
        /// Packets of this host whose checksums were not there yet.
        package var unfinishedChecksums: UInt64
        /// Flows that are remembered.
        package var flows: UInt64
        /// Octets that incomplete messages take.
        package var flowMemoryBytes: UInt64
        /// Mean time from receipt to verdict, in seconds; nil before the first packet.
        package var verdictMeanSeconds: Double?
        /// Verdict times, summed up over the smaller buckets; nil from a sensor that does not say.
        package var verdictBuckets: [Bucket]?
        /// CPU time of the worker's thread, in seconds; nil where it is not known.
        package var cpuSeconds: Double?
        /// Whether the kernel accepts when the queue is full; nil when not reported, as with all below.
        package var failOpen: Bool?
        /// Whether the kernel hands over packets before segmentation.
        package var gso: Bool?
        /// The receive buffer asked for.
        package var receiveBufferWantedBytes: Int?
        /// The receive buffer granted.
        package var receiveBufferBytes: Int?
        /// How many bytes of each packet are copied to the sensor.
        package var copyRangeBytes: Int?
        /// How many packets may wait.
        package var maxLength: Int?
    }

    /// How many times were no longer than a bound.
    package struct Bucket: Decodable, Sendable, Equatable {
        /// The bound, in seconds; nil for all.
        package var le: Double?
        /// How many.
        package var count: UInt64
    }

    /// What is wrong with the sensor, as it says itself.
    package struct Health: Decodable, Sendable, Equatable {
        /// One thing that is wrong.
        package struct Finding: Decodable, Sendable, Equatable {
            /// Its fixed word.
            package var id: String
            /// What it means, one sentence.
            package var text: String
        }

        /// Whether nothing is.
        package var ok: Bool
        /// What is wrong.
        package var findings: [Finding]
    }

    /// What is done where the sensor cannot do its job: `accept` or `drop`.
    package struct Failures: Decodable, Sendable, Equatable {
        /// With packets for which a queue has no room.
        package var overload: String
        /// With packets while nobody listens.
        package var absence: String
        /// With messages that break their format.
        package var malformed: String
        /// With what is larger or in more pieces than there is room for.
        package var overBudget: String
    }

    /// One tapped interface with its worker's counters.
    package struct Tap: Decodable, Sendable, Equatable {
        /// The worker's number.
        package var queue: Int
        /// The interface's name.
        package var interface: String
        /// Whether the interface is open and up.
        package var reading: Bool
        /// Frames that passed the filter, lost ones among them.
        package var received: UInt64
        /// Frames lost because the worker had not made room.
        package var kernelDropped: UInt64
        /// Frames lost by the interface or its driver.
        package var interfaceDropped: UInt64
        /// Packets inspected.
        package var packets: UInt64
        /// Flows that are remembered.
        package var flows: UInt64
        /// CPU time of the tap's thread, in seconds; nil where it is not known.
        package var cpuSeconds: Double?
    }

    /// One active list.
    package struct List: Decodable, Sendable, Equatable {
        /// The list's identifier.
        package var id: String
        /// The actions its matches lead to.
        package var actions: [String]
        /// How many entries it has.
        package var entries: Int
        /// Its publisher's sequence number, if any.
        package var sequence: UInt64?
        /// When this edition became active, in seconds since 1970-01-01 UTC, as all times here.
        package var activatedAt: Double
        /// When its publisher issued it; nil when not known, or from a sensor that does not say, as with all below.
        package var issuedAt: Double?
        /// When it stops being current; nil where it never does.
        package var expiresAt: Double?
        /// Whether it has.
        package var expired: Bool?
        /// Whether it is the last good edition, because the configured source is missing, bad or refused.
        package var fallback: Bool?
        /// Who publishes it.
        package var publisher: String?
        /// What it is for.
        package var purpose: String?
        /// What obliges to use it.
        package var legalBasis: String?
        /// The protocols that it is looked up for.
        package var protocols: [String]?
        /// Which names an entry stands for: `subdomains` or `exact`.
        package var match: String?
        /// Its place among lists that say different things of a name.
        package var precedence: Int?
        /// Lines of its source that were left out because they are wrong.
        package var rejectedLines: Int?
        /// Lines of its source that were left out because no name says what they ask for.
        package var notEnforceableLines: Int?
        /// Entries that take names off the list.
        package var exceptions: Int?
        /// Entries that are there to be tried.
        package var testNames: Int?
        /// Names that were on it.
        package var matches: UInt64
        /// Matches by action, and of each by protocol; nil from a sensor that does not say.
        package var matchesByAction: [String: [String: UInt64]]?
        /// Matches of its test names.
        package var testMatches: UInt64?
        /// Packets that it matched; nil from a sensor that does not count them, as the next.
        package var events: UInt64?
        /// Those, events of one entry within the window being one.
        package var attempts: UInt64?
        /// Names it holds that were left alone, by reason.
        package var exempted: [String: UInt64]?
        /// Updates that were refused, each once.
        package var updatesRefused: UInt64?
        /// Refused updates by cause.
        package var refusals: [String: UInt64]?
    }

    /// One list of which updates were refused and no edition is active.
    package struct RefusedList: Decodable, Sendable, Equatable {
        /// The list's identifier.
        package var id: String
        /// Updates that were refused, each once.
        package var updatesRefused: UInt64
        /// Refused updates by cause.
        package var refusals: [String: UInt64]
    }

    /// The sums over all queues.
    package struct Totals: Decodable, Sendable, Equatable {
        /// Packets by verdict.
        package var packets: [String: UInt64]
        /// Names by protocol.
        package var names: [String: UInt64]
        /// Names that were on a list.
        package var matches: UInt64
        /// Matches of test names; nil from a sensor that knows none, as the next.
        package var testMatches: UInt64?
        /// Packets that any list matched; nil from a sensor that does not count them, as the next.
        package var events: UInt64?
        /// Those, events of one entry within the window being one.
        package var attempts: UInt64?
        /// Names on a list that were left alone, by reason.
        package var exempted: [String: UInt64]?
        /// Packets and messages accepted unjudged, by cause.
        package var undecided: [String: UInt64]
        /// Packets that showed an odd form, by kind.
        package var anomalies: [String: UInt64]
        /// What was to be sent in place of dropped packets, by kind and by what became of it; nil from a sensor that sends nothing.
        package var responses: [String: [String: UInt64]]?
        /// Flows of encrypted DNS, by kind.
        package var encryptedDnsFlows: [String: UInt64]
    }

    /// The reloads, or the rollbacks, so far.
    package struct Reloads: Decodable, Sendable, Equatable {
        /// The last one.
        package struct Last: Decodable, Sendable, Equatable {
            /// When it was.
            package var at: Double
            /// Whether the lists became active.
            package var succeeded: Bool
        }

        /// Those after which the lists were active.
        package var succeeded: UInt64
        /// Those that were refused.
        package var failed: UInt64
        /// The last one; nil before the first.
        package var last: Last?
    }

    /// What another process left to this one.
    package struct Takeover: Decodable, Sendable, Equatable {
        /// When this one took it up.
        package var at: Double
        /// Queues that were bound already.
        package var queues: Int
        /// Packets that waited in them.
        package var waited: UInt64
        /// Packets that had been read and not judged, and were queued once more.
        package var queuedAgain: UInt64
        /// Packets that had been read and not judged, and passed.
        package var passed: UInt64
    }

    /// The sensor's version.
    package var version: String
    /// When it started.
    package var startedAt: Double
    /// For how long it has run.
    package var uptimeSeconds: Double
    /// How often lists have become active since the start.
    package var snapshotGeneration: UInt64
    /// Whether blocking is switched off as a whole; nil from a sensor without that switch, as with the next.
    package var killSwitch: Bool?
    /// How many names the operator lets pass.
    package var passes: Int?
    /// What is wrong with it; nil from a sensor that does not say.
    package var health: Health?
    /// What is done where it cannot do its job; nil from a sensor that only looks, or does not say, as with the next.
    package var failures: Failures?
    /// Seconds in which packets passed unseen.
    package var failOpenSeconds: Double?
    /// The keys of the configuration that were changed since the start and are acted upon at the next one alone; nil from a sensor that does
    /// not say.
    package var restartNeeded: [String]?
    /// What was taken over at the start; nil where all was begun anew.
    package var takeover: Takeover?
    /// The queues, by number.
    package var queues: [Queue]
    /// The tapped interfaces; nil from a sensor that knows no taps.
    package var taps: [Tap]?
    /// The active lists.
    package var lists: [List]
    /// The lists of which only refused updates are known; nil from a sensor that refuses none.
    package var refusedLists: [RefusedList]?
    /// The sums over all queues.
    package var totals: Totals
    /// The reloads so far.
    package var reloads: Reloads
    /// The rollbacks so far; nil from a sensor that knows none.
    package var rollbacks: Reloads?
}
