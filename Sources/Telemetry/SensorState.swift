/// Everything that is reported about a running sensor besides the workers' own counters, as it was at one moment.
///
/// Holds numbers, modes, list identifiers and what an operator or a publisher says of a list as a whole; no field takes a
/// domain name, a list entry or an address.
package struct SensorState: Sendable, Equatable {
    /// The sensor's version.
    package var version: String
    /// When this state was taken, in seconds since 1970-01-01 UTC.
    package var takenAt: Double
    /// When the sensor started, in seconds since 1970-01-01 UTC.
    package var startedAt: Double
    /// The number of the published snapshot; it rises by one at each change.
    package var snapshotGeneration: UInt64
    /// How the reloads went so far.
    package var reloads: ReloadCounts
    /// How the returns to the snapshot before the active one went so far.
    package var rollbacks: ReloadCounts
    /// Whether blocking is switched off as a whole, while names are counted all the same.
    package var killSwitch: Bool
    /// How many names the operator lets pass at present.
    package var passes: Int
    /// What is done where the sensor cannot do its job; nil for one that only looks.
    package var failures: FailureActions?
    /// Seconds in which packets passed that nobody had looked at.
    package var failOpenSeconds: Double
    /// How long an attempt takes in the events of its entry, in seconds.
    package var attemptWindowSeconds: Double
    /// The kernel's view of each queue.
    package var queues: [QueueState]
    /// How each queue was set up.
    package var queueConfigurations: [QueueConfigurationState]
    /// What is known of each worker's thread.
    package var threads: [ThreadState]
    /// The interfaces that are tapped; their workers are no queues'.
    package var taps: [TapState]
    /// The active lists.
    package var lists: [ListState]
    /// The lists of which an update was refused, active or not, each once.
    package var refusals: [RefusalCounts]
    /// What the kernel says of this process; nil when it could not be read.
    package var process: ProcessStatistics?
    /// What went wrong lately, as a ``HealthWatch`` remembers it.
    package var recentFindings: Set<HealthFinding>
    /// What another process left to this one; nil where all was begun anew.
    package var takeover: TakeoverState?
    /// The keys of the configuration that were changed since the start and are acted upon at the next start alone, as `sensor.queues`.
    package var keysForRestart: [String] = []
    /// How the writes to the store of statistics go; nil where none is kept.
    package var statistics: StatisticsState?

    /// Collects a state.
    package init(
        version: String,
        takenAt: Double,
        startedAt: Double,
        snapshotGeneration: UInt64,
        reloads: ReloadCounts = ReloadCounts(),
        rollbacks: ReloadCounts = ReloadCounts(),
        killSwitch: Bool = false,
        passes: Int = 0,
        failures: FailureActions? = nil,
        failOpenSeconds: Double = 0,
        attemptWindowSeconds: Double = 2,
        queues: [QueueState] = [],
        queueConfigurations: [QueueConfigurationState] = [],
        threads: [ThreadState] = [],
        taps: [TapState] = [],
        lists: [ListState] = [],
        refusals: [RefusalCounts] = [],
        process: ProcessStatistics? = nil,
        recentFindings: Set<HealthFinding> = []
    ) {
        self.version = version
        self.takenAt = takenAt
        self.startedAt = startedAt
        self.snapshotGeneration = snapshotGeneration
        self.reloads = reloads
        self.rollbacks = rollbacks
        self.killSwitch = killSwitch
        self.passes = passes
        self.failures = failures
        self.failOpenSeconds = failOpenSeconds
        self.attemptWindowSeconds = attemptWindowSeconds
        self.queues = queues
        self.queueConfigurations = queueConfigurations
        self.threads = threads
        self.taps = taps
        self.lists = lists
        self.refusals = refusals
        self.process = process
        self.recentFindings = recentFindings
    }

    /// The CPU time of a worker's thread, in nanoseconds; nil where it is not known.
    func cpuNanoseconds(of queue: UInt16) -> UInt64? {
        threads.first { $0.queue == queue }?.cpuNanoseconds
    }

    /// The refused updates of a list; at zero when none was refused.
    func refusals(of list: String) -> RefusalCounts {
        refusals.first { $0.list == list } ?? RefusalCounts(list: list)
    }

    /// The refused updates of the lists that are not active.
    var inactiveRefusals: [RefusalCounts] {
        refusals.filter { counts in lists.contains { $0.id == counts.list } == false }
    }

    /// The refused updates of all lists, the active ones first and each of them there.
    var allRefusals: [RefusalCounts] {
        lists.map { refusals(of: $0.id) } + inactiveRefusals
    }
}

/// What another process left to this one at its start.
package struct TakeoverState: Sendable, Equatable {
    /// When this one took it up, in seconds since 1970-01-01 UTC.
    package var at: Double
    /// Queues that were bound already.
    package var queues: Int
    /// Packets that waited in them.
    package var waiting: UInt64
    /// Packets that the other process had read and not judged, and that were queued once more.
    package var queuedAgain: UInt64
    /// Packets that the other process had read and not judged, and that passed.
    package var passed: UInt64

    /// Collects what was left.
    package init(at: Double, queues: Int, waiting: UInt64, queuedAgain: UInt64, passed: UInt64) {
        self.at = at
        self.queues = queues
        self.waiting = waiting
        self.queuedAgain = queuedAgain
        self.passed = passed
    }
}

/// What is done where the sensor cannot do its job: `accept` or `drop`, and for the messages also the lists for whose sake.
package struct FailureActions: Sendable, Equatable {
    /// With packets for which a queue has no room.
    package var overload: String
    /// With packets while nobody listens on a queue.
    package var absence: String
    /// With messages that break their format.
    package var malformed: String
    /// With what is larger or in more pieces than there is room for.
    package var overBudget: String

    /// Collects what is done.
    package init(overload: String, absence: String, malformed: String, overBudget: String) {
        self.overload = overload
        self.absence = absence
        self.malformed = malformed
        self.overBudget = overBudget
    }
}

/// One queue's line in the kernel's table of netfilter queues.
package struct QueueState: Sendable, Equatable {
    /// The queue's number.
    package var queue: UInt16
    /// Whether the kernel's table has the queue at all; when it has not, the other numbers mean nothing.
    package var present: Bool
    /// Packets that wait for a verdict.
    package var length: UInt64
    /// Packets that the kernel dropped because the queue was full.
    package var kernelDropped: UInt64
    /// Packets that the kernel dropped because the socket's buffer was full.
    package var userDropped: UInt64
    /// How many bytes of each packet the kernel copies; nil where it is not known.
    package var copyRange: Int?

    /// Collects a queue's line.
    package init(
        queue: UInt16,
        present: Bool,
        length: UInt64 = 0,
        kernelDropped: UInt64 = 0,
        userDropped: UInt64 = 0,
        copyRange: Int? = nil
    ) {
        self.queue = queue
        self.present = present
        self.length = length
        self.kernelDropped = kernelDropped
        self.userDropped = userDropped
        self.copyRange = copyRange
    }
}

/// How a queue was set up: what was asked for and what the kernel granted.
package struct QueueConfigurationState: Sendable, Equatable {
    /// The queue's number.
    package var queue: UInt16
    /// Whether the kernel accepts packets by itself when the queue is full.
    package var failOpenEffective: Bool
    /// Whether the kernel hands over large packets before they are cut into segments.
    package var gsoEffective: Bool
    /// The receive buffer that was asked for, in bytes.
    package var receiveBufferWanted: Int
    /// The receive buffer that the kernel granted, in bytes.
    package var receiveBufferObtained: Int
    /// How many bytes of each packet the kernel copies to the sensor.
    package var copyRange: Int
    /// How many packets may wait in the queue.
    package var maxLength: Int

    /// Collects a queue's set-up.
    package init(
        queue: UInt16,
        failOpenEffective: Bool,
        gsoEffective: Bool,
        receiveBufferWanted: Int,
        receiveBufferObtained: Int,
        copyRange: Int,
        maxLength: Int
    ) {
        self.queue = queue
        self.failOpenEffective = failOpenEffective
        self.gsoEffective = gsoEffective
        self.receiveBufferWanted = receiveBufferWanted
        self.receiveBufferObtained = receiveBufferObtained
        self.copyRange = copyRange
        self.maxLength = maxLength
    }
}

/// A worker's thread.
package struct ThreadState: Sendable, Equatable {
    /// The worker's queue, or its number where it reads a tap.
    package var queue: UInt16
    /// CPU time that the thread has used, in user mode and in the kernel, in nanoseconds.
    package var cpuNanoseconds: UInt64
    /// Whether it goes before ordinary threads at present.
    package var isRealTime: Bool

    /// Collects a thread's figures.
    package init(queue: UInt16, cpuNanoseconds: UInt64, isRealTime: Bool = false) {
        self.queue = queue
        self.cpuNanoseconds = cpuNanoseconds
        self.isRealTime = isRealTime
    }
}

/// An interface that is tapped, and what the kernel says of the capture; all numbers since the start of the process.
package struct TapState: Sendable, Equatable {
    /// The number of its worker, which is the `queue` of the worker's counters.
    package var queue: UInt16
    /// The interface's name.
    package var interface: String
    /// Whether the interface is open and up.
    package var isReading: Bool
    /// Frames that passed the filter, those dropped for want of room among them.
    package var received: UInt64
    /// Frames that the kernel dropped because the worker had not made room.
    package var kernelDropped: UInt64
    /// Frames that the interface or its driver dropped.
    package var interfaceDropped: UInt64

    /// Collects an interface's figures.
    package init(
        queue: UInt16,
        interface: String,
        isReading: Bool,
        received: UInt64 = 0,
        kernelDropped: UInt64 = 0,
        interfaceDropped: UInt64 = 0
    ) {
        self.queue = queue
        self.interface = interface
        self.isReading = isReading
        self.received = received
        self.kernelDropped = kernelDropped
        self.interfaceDropped = interfaceDropped
    }
}

/// Lines of a list's source that were left out for one cause.
package struct LeftOutLines: Sendable, Equatable {
    /// The cause, in one word of a closed set like `label_too_long`.
    package var cause: String
    /// How many lines, or names on them.
    package var count: Int

    /// So many for a cause.
    package init(cause: String, count: Int) {
        self.cause = cause
        self.count = count
    }
}

/// An active list: its identifier, its figures and what is said of it as a whole, never its content.
package struct ListState: Sendable, Equatable {
    /// The list's identifier from the configuration.
    package var id: String
    /// The names of the actions that its matches lead to.
    package var actions: [String]
    /// How many entries it has.
    package var entries: Int
    /// The sequence number that its publisher gave it, if any.
    package var sequence: UInt64?
    /// When it became active, in seconds since 1970-01-01 UTC.
    package var activatedAt: Double
    /// Who publishes it; empty where nobody is named. In the status report only, as the next two.
    package var publisher: String
    /// What it is published for; empty where nothing is declared.
    package var purpose: String
    /// On what legal ground it is used; empty where none is noted.
    package var legalBasis: String
    /// The words of the protocols in which its names are looked for.
    package var protocols: [String]
    /// The word for which names an entry stands for, `subdomains` or `exact`; empty where it is not known.
    package var match: String
    /// Of the lists that a name is on, the one with the lowest number is acted upon; nil where it is not known.
    package var precedence: Int?
    /// When its publisher issued it, in seconds since 1970-01-01 UTC; nil where it is not known.
    package var issuedAt: Double?
    /// When it expires, in seconds since 1970-01-01 UTC; nil where it is not known.
    package var expiresAt: Double?
    /// Lines of its source that are no entry and were left out.
    package var rejectedLines: Int
    /// Lines of its source that say more than a name can, a path for one, and were left out.
    package var notEnforceableLines: Int
    /// Both by the cause, as far as it is known, in the order of the causes' words.
    package var leftOut: [LeftOutLines]
    /// Names that it leaves alone itself.
    package var exceptions: Int
    /// Names that it holds to try the blocking with.
    package var testNames: Int
    /// Whether it is the last good edition, in use because the configured source is missing, bad or refused.
    package var isFallback: Bool
    /// When the file of the edition in use came to its place, in seconds since 1970-01-01 UTC; nil where that is not known.
    package var receivedAt: Double?

    /// Collects a list's figures.
    package init(
        id: String,
        actions: [String],
        entries: Int,
        sequence: UInt64? = nil,
        activatedAt: Double,
        publisher: String = "",
        purpose: String = "",
        legalBasis: String = "",
        protocols: [String] = [],
        match: String = "",
        precedence: Int? = nil,
        issuedAt: Double? = nil,
        expiresAt: Double? = nil,
        rejectedLines: Int = 0,
        notEnforceableLines: Int = 0,
        leftOut: [LeftOutLines] = [],
        exceptions: Int = 0,
        testNames: Int = 0,
        isFallback: Bool = false,
        receivedAt: Double? = nil
    ) {
        self.id = id
        self.actions = actions
        self.entries = entries
        self.sequence = sequence
        self.activatedAt = activatedAt
        self.publisher = publisher
        self.purpose = purpose
        self.legalBasis = legalBasis
        self.protocols = protocols
        self.match = match
        self.precedence = precedence
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.rejectedLines = rejectedLines
        self.notEnforceableLines = notEnforceableLines
        self.leftOut = leftOut
        self.exceptions = exceptions
        self.testNames = testNames
        self.isFallback = isFallback
        self.receivedAt = receivedAt
    }

    /// Seconds from its issue, or where that is not known from its activation, to a time in seconds since 1970-01-01 UTC.
    package func age(at time: Double) -> Double {
        max(time - (issuedAt ?? activatedAt), 0)
    }

    /// Whether it has expired by a time in seconds since 1970-01-01 UTC; nil where its expiry is not known.
    package func isExpired(at time: Double) -> Bool? {
        expiresAt.map { time >= $0 }
    }

    /// Whether it is about to expire: within a day, or, if it is issued for less than four, in the last quarter of its time.
    ///
    /// A list that comes anew each day and is good for two would otherwise be said to be about to expire half of the time.
    package func expiresSoon(at time: Double) -> Bool {
        guard let expiresAt, time < expiresAt else { return false }
        let lifetime = max(expiresAt - (issuedAt ?? activatedAt), 0)
        return expiresAt - time <= min(lifetime / 4, 86_400)
    }
}

/// How many reloads, or rollbacks, were done and refused, and how the last one went.
package struct ReloadCounts: Sendable, Equatable {
    /// Those whose lists became active.
    package var succeeded: UInt64
    /// Those that were refused; the lists before them stayed active.
    package var failed: UInt64
    /// The last one; nil before the first.
    package var last: LastReload?

    /// Collects the counts.
    package init(succeeded: UInt64 = 0, failed: UInt64 = 0, last: LastReload? = nil) {
        self.succeeded = succeeded
        self.failed = failed
        self.last = last
    }
}

/// The time and result of the last reload or rollback; the reason of a refusal goes to the one who asked, and is not kept.
package struct LastReload: Sendable, Equatable {
    /// When it ended, in seconds since 1970-01-01 UTC.
    package var at: Double
    /// Whether the lists became active.
    package var succeeded: Bool

    /// Notes how one went.
    package init(at: Double, succeeded: Bool) {
        self.at = at
        self.succeeded = succeeded
    }
}

/// What the kernel says of this process, as the standard `process_` metrics want it.
package struct ProcessStatistics: Sendable, Equatable {
    /// CPU time used, in user mode and in the kernel, in seconds.
    package var cpuSeconds: Double
    /// Memory that is resident, in bytes.
    package var residentBytes: UInt64
    /// Address space in use, in bytes.
    package var virtualBytes: UInt64
    /// Open file descriptors.
    package var openDescriptors: UInt64
    /// The limit on open file descriptors.
    package var maximumDescriptors: UInt64
    /// When the process started, in seconds since 1970-01-01 UTC.
    package var startTime: Double

    /// Collects a process's figures.
    package init(
        cpuSeconds: Double,
        residentBytes: UInt64,
        virtualBytes: UInt64,
        openDescriptors: UInt64,
        maximumDescriptors: UInt64,
        startTime: Double
    ) {
        self.cpuSeconds = cpuSeconds
        self.residentBytes = residentBytes
        self.virtualBytes = virtualBytes
        self.openDescriptors = openDescriptors
        self.maximumDescriptors = maximumDescriptors
        self.startTime = startTime
    }
}

/// All that a report is made from: the workers' counters, the registry that names their slots, and the rest.
package struct SensorReading: Sendable {
    /// One block of counters per worker.
    package var workers: [Counters]
    /// The registry that the workers' match counts refer to.
    package var slots: ListSlots
    /// Everything else.
    package var state: SensorState

    /// Collects a reading.
    package init(workers: [Counters], slots: ListSlots, state: SensorState) {
        self.workers = workers
        self.slots = slots
        self.state = state
    }
}
