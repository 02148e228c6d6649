package import Telemetry

/// What sensors of one market did in one period, in numbers alone: nothing here takes a name, a list entry, an address, or a time that
/// tells when somebody asked.
package struct PeriodFigures: Equatable, Sendable {
    /// The time that it is about.
    package var period: Period

    /// The market.
    package var market: Market

    /// Seconds in which events of one list entry are one attempt. All of a period's attempts are of one window; a period in which it was
    /// changed has several figures.
    package var attemptWindow: Int

    /// How the sensors ran.
    package var operation: OperationFigures

    /// The lists that were in use, by their names.
    package var lists: [ListFigures]

    /// Matches of each list, mechanism and action that had one, in the order of these three.
    package var matches: [MatchFigures]

    /// Attempts of each mechanism and action, a name on several lists being one.
    package var anyAttempts: [AnyAttemptFigures]

    /// What could be seen.
    package var visibility: VisibilityFigures

    /// How test names fared, by list and mechanism.
    package var coverage: [CoverageFigures]

    /// Seconds from the wish to let a name pass to the moment when every worker did, each time that there was one.
    package var unblockSeconds: [Double]

    /// Seconds from the issue of an edition that has fewer names, or its arrival where nobody says when it was issued, to the moment when every
    /// worker let these pass, each time that there was one.
    package var removalSeconds: [Double]

    /// Packets with test names, by list and mechanism, in the order of these two; nil where that is not known.
    package var testMatches: [TestMatchFigures]?

    /// Figures of a period in which nothing happened.
    package init(
        period: Period,
        market: Market,
        attemptWindow: Int = 2,
        operation: OperationFigures = OperationFigures(),
        lists: [ListFigures] = [],
        matches: [MatchFigures] = [],
        anyAttempts: [AnyAttemptFigures] = [],
        visibility: VisibilityFigures = VisibilityFigures(),
        coverage: [CoverageFigures] = [],
        unblockSeconds: [Double] = [],
        removalSeconds: [Double] = [],
        testMatches: [TestMatchFigures]? = nil
    ) {
        self.period = period
        self.market = market
        self.attemptWindow = attemptWindow
        self.operation = operation
        self.lists = lists
        self.matches = matches
        self.anyAttempts = anyAttempts
        self.visibility = visibility
        self.coverage = coverage
        self.unblockSeconds = unblockSeconds
        self.removalSeconds = removalSeconds
        self.testMatches = testMatches
    }

    /// Whether one comes before another in the order of periods, markets and windows.
    package static func precedes(_ one: PeriodFigures, _ other: PeriodFigures) -> Bool {
        (one.period.start, one.market.id, one.attemptWindow)
            < (other.period.start, other.market.id, other.attemptWindow)
    }
}

/// How sensors ran in a period.
package struct OperationFigures: Equatable, Sendable {
    /// Seconds in which a sensor ran.
    package var uptimeSeconds: Double
    /// Seconds in which packets passed that nobody had looked at.
    package var failOpenSeconds: Double
    /// Seconds in which blocking was switched off as a whole.
    package var killSwitchSeconds: Double
    /// Packets that were inspected.
    package var packets: UInt64
    /// Packets that the kernel dropped because a queue was full, or a socket's buffer.
    package var queueDrops: UInt64
    /// Packets that passed unseen because there was no room for them.
    package var unseen: UInt64

    /// Collects them.
    package init(
        uptimeSeconds: Double = 0,
        failOpenSeconds: Double = 0,
        killSwitchSeconds: Double = 0,
        packets: UInt64 = 0,
        queueDrops: UInt64 = 0,
        unseen: UInt64 = 0
    ) {
        self.uptimeSeconds = uptimeSeconds
        self.failOpenSeconds = failOpenSeconds
        self.killSwitchSeconds = killSwitchSeconds
        self.packets = packets
        self.queueDrops = queueDrops
        self.unseen = unseen
    }
}

/// What became of one list in a period.
package struct ListFigures: Equatable, Sendable {
    /// The list's name.
    package var list: String
    /// Its updates that came into use in the period, oldest first.
    package var activations: [ActivationFigures]
    /// Its entries at the end of the period.
    package var entries: UInt64
    /// Entries of its last update that could not be taken, by the reason, in the order of the reasons.
    package var rejected: [RejectedFigures]
    /// Updates that a gate refused in the period.
    package var refusals: UInt64
    /// Seconds of the period in which the list was older than its publisher allows.
    package var staleSeconds: Double

    /// Collects them.
    package init(
        list: String,
        activations: [ActivationFigures] = [],
        entries: UInt64 = 0,
        rejected: [RejectedFigures] = [],
        refusals: UInt64 = 0,
        staleSeconds: Double = 0
    ) {
        self.list = list
        self.activations = activations
        self.entries = entries
        self.rejected = rejected
        self.refusals = refusals
        self.staleSeconds = staleSeconds
    }
}

/// An update of a list that came into use.
package struct ActivationFigures: Equatable, Sendable {
    /// The update's number, as its publisher counts; nil where it has none.
    package var sequence: UInt64?
    /// When it was issued, in seconds since 1970-01-01 UTC; nil where the publisher does not say.
    package var issuedAt: Int64?
    /// When it came to this host; nil where that is not known.
    package var receivedAt: Int64?
    /// When every worker had it.
    package var activatedAt: Int64

    /// Collects them.
    package init(sequence: UInt64? = nil, issuedAt: Int64? = nil, receivedAt: Int64? = nil, activatedAt: Int64) {
        self.sequence = sequence
        self.issuedAt = issuedAt
        self.receivedAt = receivedAt
        self.activatedAt = activatedAt
    }

    /// Seconds from a moment to the update's use, nil of none; a moment behind the use is a clock's fault, and counts as no time.
    package func lag(from moment: Int64?) -> Double? {
        moment.map { max(0, Double(activatedAt) - Double($0)) }
    }
}

/// Entries that could not be taken, for one reason.
package struct RejectedFigures: Equatable, Sendable {
    /// The reason, in one word of a closed set like `not_enforceable`.
    package var reason: String
    /// How many.
    package var entries: UInt64

    /// So many for a reason.
    package init(reason: String, entries: UInt64) {
        self.reason = reason
        self.entries = entries
    }
}

/// Matches of one list, by one mechanism, with one action.
package struct MatchFigures: Equatable, Sendable {
    /// The list's name.
    package var list: String
    /// How the name was carried.
    package var mechanism: Mechanism
    /// The list's action, as in a configuration.
    package var action: String
    /// Packets that matched.
    package var events: UInt64
    /// Those, events of one entry within the window being one.
    package var attempts: UInt64

    /// Collects them.
    package init(list: String, mechanism: Mechanism, action: String, events: UInt64, attempts: UInt64) {
        self.list = list
        self.mechanism = mechanism
        self.action = action
        self.events = events
        self.attempts = attempts
    }
}

/// Attempts by one mechanism with one action, whatever lists have the name.
package struct AnyAttemptFigures: Equatable, Sendable {
    /// How the name was carried.
    package var mechanism: Mechanism
    /// The action that was carried out.
    package var action: String
    /// How many.
    package var attempts: UInt64

    /// Collects them.
    package init(mechanism: Mechanism, action: String, attempts: UInt64) {
        self.mechanism = mechanism
        self.action = action
        self.attempts = attempts
    }
}

/// Matches of test names, which are no events: they are counted apart and are part of no report's attempts.
package struct TestMatchFigures: Equatable, Sendable {
    /// The list's name.
    package var list: String
    /// How the name was carried.
    package var mechanism: Mechanism
    /// Packets that matched.
    package var events: UInt64

    /// Collects them.
    package init(list: String, mechanism: Mechanism, events: UInt64) {
        self.list = list
        self.mechanism = mechanism
        self.events = events
    }
}

/// How much of the traffic showed a name, whatever lists say.
package struct VisibilityFigures: Equatable, Sendable {
    /// Names read from DNS.
    package var dnsNames: UInt64
    /// Names read from TLS over TCP.
    package var tlsNames: UInt64
    /// Names read from QUIC.
    package var quicNames: UInt64
    /// Names read from HTTP.
    package var httpNames: UInt64
    /// Hellos without a server name.
    package var withoutServerName: UInt64
    /// Hellos with the extension `encrypted_client_hello`, most of them grease.
    package var encryptedClientHello: UInt64
    /// Messages that were given up before they were complete.
    package var incomplete: UInt64
    /// Packets of a QUIC version that cannot be read.
    package var unknownQUICVersion: UInt64
    /// Flows of DNS over TLS.
    package var dotFlows: UInt64
    /// Flows of DNS over QUIC.
    package var doqFlows: UInt64
    /// Flows to endpoints of DNS over HTTPS that the operator has listed.
    package var dohFlows: UInt64

    /// Collects them.
    package init(
        dnsNames: UInt64 = 0,
        tlsNames: UInt64 = 0,
        quicNames: UInt64 = 0,
        httpNames: UInt64 = 0,
        withoutServerName: UInt64 = 0,
        encryptedClientHello: UInt64 = 0,
        incomplete: UInt64 = 0,
        unknownQUICVersion: UInt64 = 0,
        dotFlows: UInt64 = 0,
        doqFlows: UInt64 = 0,
        dohFlows: UInt64 = 0
    ) {
        self.dnsNames = dnsNames
        self.tlsNames = tlsNames
        self.quicNames = quicNames
        self.httpNames = httpNames
        self.withoutServerName = withoutServerName
        self.encryptedClientHello = encryptedClientHello
        self.incomplete = incomplete
        self.unknownQUICVersion = unknownQUICVersion
        self.dotFlows = dotFlows
        self.doqFlows = doqFlows
        self.dohFlows = dohFlows
    }
}

/// How the test names of one list fared by one mechanism, as a client found it.
package struct CoverageFigures: Equatable, Sendable {
    /// The list's name.
    package var list: String
    /// How the test name was asked for.
    package var mechanism: Mechanism
    /// How often it was asked for.
    package var probes: UInt64
    /// How often it was blocked.
    package var blocked: UInt64
    /// Milliseconds until a client knew, at the median and at most; nil where nothing was blocked.
    package var medianMilliseconds: Double?
    /// The longest of them.
    package var longestMilliseconds: Double?

    /// Collects them.
    package init(
        list: String,
        mechanism: Mechanism,
        probes: UInt64,
        blocked: UInt64,
        medianMilliseconds: Double? = nil,
        longestMilliseconds: Double? = nil
    ) {
        self.list = list
        self.mechanism = mechanism
        self.probes = probes
        self.blocked = blocked
        self.medianMilliseconds = medianMilliseconds
        self.longestMilliseconds = longestMilliseconds
    }
}
