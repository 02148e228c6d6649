/// Everything that is reported about a running sensor besides the workers' own counters, as it was at one moment.
///
/// Holds numbers, list identifiers and modes; no field takes a domain name, a list entry or an address.
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
    /// The kernel's view of each queue.
    package var queues: [QueueState]
    /// How each queue was set up.
    package var queueConfigurations: [QueueConfigurationState]
    /// The interfaces that are tapped; their workers are no queues'.
    package var taps: [TapState]
    /// The active lists.
    package var lists: [ListState]
    /// What the kernel says of this process; nil when it could not be read.
    package var process: ProcessStatistics?

    /// Collects a state.
    package init(
        version: String,
        takenAt: Double,
        startedAt: Double,
        snapshotGeneration: UInt64,
        reloads: ReloadCounts = ReloadCounts(),
        queues: [QueueState] = [],
        queueConfigurations: [QueueConfigurationState] = [],
        taps: [TapState] = [],
        lists: [ListState] = [],
        process: ProcessStatistics? = nil
    ) {
        self.version = version
        self.takenAt = takenAt
        self.startedAt = startedAt
        self.snapshotGeneration = snapshotGeneration
        self.reloads = reloads
        self.queues = queues
        self.queueConfigurations = queueConfigurations
        self.taps = taps
        self.lists = lists
        self.process = process
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

    /// Collects a queue's line.
    package init(queue: UInt16, present: Bool, length: UInt64 = 0, kernelDropped: UInt64 = 0, userDropped: UInt64 = 0) {
        self.queue = queue
        self.present = present
        self.length = length
        self.kernelDropped = kernelDropped
        self.userDropped = userDropped
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

/// An active list: its identifier and its figures, never its content.
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

    /// Collects a list's figures.
    package init(id: String, actions: [String], entries: Int, sequence: UInt64? = nil, activatedAt: Double) {
        self.id = id
        self.actions = actions
        self.entries = entries
        self.sequence = sequence
        self.activatedAt = activatedAt
    }
}

/// How many reloads were done and refused, and how the last one went.
package struct ReloadCounts: Sendable, Equatable {
    /// Reloads whose lists became active.
    package var succeeded: UInt64
    /// Reloads that were refused; the lists before them stayed active.
    package var failed: UInt64
    /// The last reload; nil before the first.
    package var last: LastReload?

    /// Collects the counts.
    package init(succeeded: UInt64 = 0, failed: UInt64 = 0, last: LastReload? = nil) {
        self.succeeded = succeeded
        self.failed = failed
        self.last = last
    }
}

/// The last reload's time and result; the reason of a refusal goes to the one who asked, and is not kept.
package struct LastReload: Sendable, Equatable {
    /// When it ended, in seconds since 1970-01-01 UTC.
    package var at: Double
    /// Whether the lists became active.
    package var succeeded: Bool

    /// Notes a reload.
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
