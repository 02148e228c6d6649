/// Something that is wrong with a running sensor, or that an operator has to know of, as far as the sensor can tell itself.
///
/// The one place where findings are named and worded: to add one, add a case here and say in ``SensorState/findings`` or in
/// ``HealthWatch`` when it holds. The words are fixed, so no finding can carry a name or an address.
package enum HealthFinding: String, CaseIterable, Sendable {
    case killSwitch = "kill-switch"
    case queueMissing = "queue-missing"
    case kernelUnreadable = "kernel-unreadable"
    case workerStalled = "worker-stalled"
    case queueDrops = "queue-drops"
    case failOpen = "fail-open"
    case tapDown = "tap-down"
    case tapDrops = "tap-drops"
    case injectionFailing = "injection-failing"
    case listExpired = "list-expired"
    case listExpiresSoon = "list-expires-soon"
    case listFallback = "list-fallback"
    case updateRefused = "update-refused"
    case statisticsFailing = "statistics-failing"

    /// The finding's identifier in the status report and in the label `finding`.
    package var id: String { rawValue }

    /// What it means, one sentence.
    package var text: String {
        switch self {
        case .killSwitch: "The kill switch is on: nothing is blocked, matches are counted only."
        case .queueMissing: "A queue is missing in the kernel's table: its packets are not inspected."
        case .kernelUnreadable:
            "The kernel's table of queues cannot be read: what waits and what was dropped is not known."
        case .workerStalled: "Packets wait in a queue and none has been judged for some seconds."
        case .queueDrops: "The kernel has dropped packets of a queue for want of room within the last minute."
        case .failOpen: "Packets have passed unseen for want of room within the last minute."
        case .tapDown: "A tapped interface is missing or down."
        case .tapDrops: "Frames of a tapped interface were lost within the last minute."
        case .injectionFailing: "Answers or resets could not be sent within the last minute."
        case .listExpired: "A list in use has expired."
        case .listExpiresSoon:
            "A list in use expires within a day, or most of its time is up, and no newer one has come."
        case .listFallback: "A list's source is missing, bad or refused; its last good edition stands in."
        case .updateRefused: "The last reload was refused; the lists before it stay in use."
        case .statisticsFailing: "Statistics cannot be written; they are kept in memory until they can."
        }
    }
}

extension SensorState {
    /// All that is wrong, in the order of ``HealthFinding``; empty when nothing is.
    package var findings: [HealthFinding] {
        HealthFinding.allCases.filter { recentFindings.contains($0) || isTrueNow($0) }
    }

    private func isTrueNow(_ finding: HealthFinding) -> Bool {
        switch finding {
        case .killSwitch: killSwitch
        case .queueMissing: queues.contains { $0.present == false }
        case .kernelUnreadable: queues.isEmpty && queueConfigurations.isEmpty == false
        case .tapDown: taps.contains { $0.isReading == false }
        case .listExpired: lists.contains { $0.isExpired(at: takenAt) == true }
        case .listExpiresSoon: lists.contains { $0.expiresSoon(at: takenAt) }
        case .listFallback: lists.contains(where: \.isFallback)
        case .updateRefused: reloads.last?.succeeded == false
        case .statisticsFailing: statistics?.isFailing == true
        // These are about what went before, which a watch remembers.
        case .workerStalled, .queueDrops, .failOpen, .tapDrops, .injectionFailing: false
        }
    }
}

/// Remembers what went wrong lately: numbers that have risen within a minute, and queues in which nothing moves.
///
/// A value that is told of the sensor's state about once a second; it knows no clock of its own.
package struct HealthWatch: Sendable {
    /// How long a loss is told after it has happened, in seconds.
    package static let memory = 60.0

    /// How long packets must wait in a queue of which none is judged before the worker counts as stalled, in seconds.
    package static let patience = 3.0

    private struct Progress {
        var judged: UInt64
        var since: Double
    }

    private var counted: [HealthFinding: UInt64] = [:]
    private var risen: [HealthFinding: Double] = [:]
    private var waiting: [UInt16: Progress] = [:]
    /// As of the last look: what has not been looked at since proves nothing.
    private var isStalled = false

    /// A watch that has seen nothing.
    package init() {}

    /// Takes note of the sensor as it is now.
    ///
    /// - Parameters:
    ///   - state: the kernel's account of the queues and the taps.
    ///   - workers: the vital signs of each worker.
    ///   - now: seconds of a clock that is not set.
    package mutating func note(_ state: SensorState, _ workers: [VitalSigns], at now: Double) {
        note(.failOpen, UInt64(max(state.failOpenSeconds, 0)), now)
        note(.queueDrops, state.queues.reduce(0) { $0 &+ $1.kernelDropped &+ $1.userDropped }, now)
        note(.tapDrops, state.taps.reduce(0) { $0 &+ $1.kernelDropped &+ $1.interfaceDropped }, now)
        note(.injectionFailing, workers.reduce(0) { $0 &+ $1.failedResponses }, now)
        for queue in state.queues {
            guard queue.present, queue.length > 0 else {
                waiting[queue.queue] = nil
                continue
            }
            let judged = workers.reduce(0) { $0 &+ ($1.queue == queue.queue ? $1.judged : 0) }
            if waiting[queue.queue]?.judged != judged { waiting[queue.queue] = Progress(judged: judged, since: now) }
        }
        isStalled = waiting.values.contains { now - $0.since >= Self.patience }
    }

    /// What has gone wrong lately.
    ///
    /// - Parameter now: seconds of the same clock.
    /// - Returns: the findings that a state alone does not show.
    package func findings(at now: Double) -> Set<HealthFinding> {
        var findings = Set(risen.filter { now - $0.value < Self.memory }.keys)
        if isStalled { findings.insert(.workerStalled) }
        return findings
    }

    /// Numbers begin at zero with the process, so one that is not zero at the first look has risen; a queue's own numbers begin
    /// anew when it is bound anew.
    private mutating func note(_ finding: HealthFinding, _ count: UInt64, _ now: Double) {
        if count > counted[finding, default: 0] { risen[finding] = now }
        counted[finding] = count
    }
}

/// The few of a worker's numbers that tell whether it keeps up.
package struct VitalSigns: Sendable, Equatable {
    /// The worker's queue.
    package var queue: UInt16
    /// Packets that were given a verdict.
    package var judged: UInt64
    /// Packets of the queue that never reached the worker.
    package var unseen: UInt64
    /// Packets in place of dropped ones that the kernel refused to send.
    package var failedResponses: UInt64

    /// Collects a worker's signs.
    package init(queue: UInt16, judged: UInt64 = 0, unseen: UInt64 = 0, failedResponses: UInt64 = 0) {
        self.queue = queue
        self.judged = judged
        self.unseen = unseen
        self.failedResponses = failedResponses
    }
}
