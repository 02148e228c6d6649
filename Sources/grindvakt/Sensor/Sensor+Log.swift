import Blocklists
import ListFiles
import Logging
import NetfilterQueue
import OperationLog
import SensorConfiguration
import Synchronization
import Telemetry

/// What has been logged and is not over yet.
struct ToldState {
    /// Packets for which there was no room.
    var overload = Episode()
    /// Answers that could not be sent.
    var failingResponses = Episode()
    /// The lists that have expired.
    var expired: Set<String> = []
    /// What of the configuration should be written in another way.
    var remarks: [ConfigurationError] = []
    /// The keys of the configuration that were changed and are acted upon at the next start alone.
    var keysForRestart: [String] = []
    /// Why the sensor stops.
    var stopReason: String?
}

extension Logger {
    /// Logs what of the configuration should be written in another way.
    func tell(_ remarks: [ConfigurationError]) {
        for remark in remarks {
            var fields: [LogField: LogValue] = [.path: .text(remark.path), .reason: .text(remark.problem)]
            fields[.line] = remark.line.map { .number($0) }
            tell(.configurationOutdated, remark.description, fields)
        }
    }
}

// What the sensor logs of its parts. Lists are named by their identifiers, files by their paths, nothing by its content.
extension Sensor {
    /// Logs which keys of the configuration wait for the next start, where they are others than were told last.
    ///
    /// - Returns: these keys.
    func log(keysForRestart keys: [String]) -> [String] {
        let isTold = told.withLock { told in
            defer { told.keysForRestart = keys }
            return told.keysForRestart == keys
        }
        if isTold == false, keys.isEmpty == false {
            let names = keys.joined(separator: ", ")
            logger.tell(
                .restartNeeded,
                "changed, but acted upon at the next start alone: \(names)",
                [.keys: .text(names)]
            )
        }
        return keys
    }

    /// Logs how lists were read and which are new in use.
    func log(_ outcome: ListUpdater.Outcome, over before: [ActiveList]) {
        for reading in outcome.readings { log(reading) }
        if outcome.lacksSuffixData {
            let path = ListPlan.installedSuffixes
            logger.tell(
                .suffixesMissing,
                "public suffixes are not checked: \(path) is missing; install the package publicsuffix",
                [.path: .text(path)]
            )
        }
        for refused in outcome.refused {
            let isKept = outcome.lists.contains { $0.id == refused.id }
            let causes = refused.causes.map(\.label).sorted().joined(separator: ",")
            logger.tell(
                .listRefused,
                "list \(refused.id) refused, \(isKept ? "the edition before it stays" : "it is not used"): \(refused.reason)",
                [
                    .list: .text(refused.id), .causes: .text(causes), .fallback: .flag(isKept),
                    .reason: .text(refused.reason),
                ]
            )
        }
        for damage in outcome.damage { logger.tell(.stateDamaged, damage, [.reason: .text(damage)]) }
        for warning in outcome.warnings { logger.tell(.notKept, warning, [.reason: .text(warning)]) }
        for list in outcome.lists
        where before.contains(where: { $0.id == list.id && $0.digest == list.digest }) == false {
            log(list, outcome.differences[list.id])
        }
    }

    private func log(_ reading: ListReading) {
        let told = reading.toldLines.prefix(100)
        for line in told {
            logger.tell(
                .lineLeftOut,
                "\(line.path):\(line.line): left out: \(line.cause.description)",
                [.path: .text(line.path), .line: .number(line.line), .cause: .text(line.cause.description)]
            )
        }
        let count = reading.rejectedCount + reading.notEnforceableCount
        guard count > 0 else { return }
        logger.tell(
            .linesLeftOut,
            "\(reading.path): \(count) lines left out in all"
                + (told.count < count ? ", the first \(told.count) of them named" : ""),
            [.path: .text(reading.path), .count: .number(count)]
        )
    }

    private func log(_ list: ActiveList, _ difference: Snapshot.Difference?) {
        var fields: [LogField: LogValue] = [
            .list: .text(list.id), .action: .text(list.descriptor.action.rawValue),
            .entries: .number(list.edition.listedCount), .digest: .text(list.digest.description),
        ]
        if let sequence = list.edition.sequence { fields[.sequence] = .count(sequence) }
        if let difference {
            fields[.added] = .number(difference.added)
            fields[.removed] = .number(difference.removed)
        }
        let sequence = list.edition.sequence.map { ", sequence \($0)" } ?? ""
        logger.tell(
            .listActive,
            "list \(list.id) in use: \(list.edition.listedCount) entries\(sequence), SHA-256 \(list.digest)",
            fields
        )
    }

    /// Logs how the kernel has set a queue up, and what of the wishes it has not granted.
    func log(_ queue: QueueConfigurationState, wanted: SensorConfiguration) {
        let buffers = "receive buffer \(queue.receiveBufferObtained) of \(queue.receiveBufferWanted) octets wanted"
        let fields: [LogField: LogValue] = [
            .queue: .number(Int(queue.queue)), .receiveBuffer: .number(queue.receiveBufferObtained),
            .receiveBufferWanted: .number(queue.receiveBufferWanted),
        ]
        logger.tell(
            .queueBound,
            "queue \(queue.queue): bound, copy range \(queue.copyRange), length \(queue.maxLength), \(buffers)",
            fields.merging(
                [
                    .copyRange: .number(queue.copyRange), .queueLength: .number(queue.maxLength),
                    .failOpen: .flag(queue.failOpenEffective), .mergedPackets: .flag(queue.gsoEffective),
                ]
            ) { first, _ in first }
        )
        if queue.receiveBufferObtained < queue.receiveBufferWanted {
            logger.tell(
                .receiveBufferSmall,
                "queue \(queue.queue): raise net.core.rmem_max to \(queue.receiveBufferWanted), or run with CAP_NET_ADMIN",
                fields
            )
        }
        if wanted.failOpen, queue.failOpenEffective == false {
            logger.tell(
                .failOpenUnknown,
                "queue \(queue.queue): this kernel does not know fail-open; a full queue drops packets",
                [.queue: .number(Int(queue.queue))]
            )
        }
        if queue.gsoEffective == false {
            logger.tell(
                .mergedPacketsUnknown,
                "queue \(queue.queue): this kernel does not hand over merged packets; throughput will be lower",
                [.queue: .number(Int(queue.queue))]
            )
        }
    }

    /// Notes why the sensor is about to stop.
    func willStop(because reason: String) {
        told.withLock { $0.stopReason = $0.stopReason ?? reason }
    }

    /// Logs that the sensor stops, and why: what was noted first, or else `reason`.
    func log(stopBecause reason: String?) {
        let reason = told.withLock { $0.stopReason } ?? reason ?? "a service of the sensor ended"
        logger.tell(.stopping, "stopping: \(reason)", [.reason: .text(reason)])
    }

    /// Logs lists that have expired since the last time, and those that an edition has made current again.
    func log(expiryOf lists: [ActiveList], _ action: SensorConfiguration.ExpiredAction) {
        let expired = lists.filter { $0.isExpired(at: .now) }
        let known = told.withLock { told in
            defer { told.expired = Set(expired.map(\.id)) }
            return told.expired
        }
        let consequence = action == .observe ? "only observes" : "goes on blocking"
        for list in expired where known.contains(list.id) == false {
            logger.tell(
                .listExpired,
                "list \(list.id) has expired and \(consequence); put a newer edition in place",
                [.list: .text(list.id)]
            )
        }
        for list in lists where known.contains(list.id) && expired.contains(where: { $0.id == list.id }) == false {
            logger.tell(.listCurrent, "list \(list.id) is current again", [.list: .text(list.id)])
        }
    }

    /// Logs that packets have begun to find no room, or answers to fail, or that this is over.
    func log(episodesOf workers: any SensorWorkers, _ configuration: SensorConfiguration) {
        let signs = workers.counters.map(\.vitalSigns)
        let failed = signs.reduce(0) { $0 &+ $1.failedResponses }
        let action = configuration.onOverload
        let lost =
            action == .accept
            ? signs.reduce(0) { $0 &+ $1.unseen } : KernelQueueTable.dropped(by: configuration.queues)
        let now = WorkerPool.now / 1_000_000_000
        let (overload, responses) = told.withLock { told in
            (told.overload.note(total: lost, at: now), told.failingResponses.note(total: failed, at: now))
        }
        log(overload: overload, action)
        log(failingResponses: responses)
    }

    /// Logs what has not ended by itself.
    func logEndOfEpisodes(_ action: SensorConfiguration.FailureAction) {
        let (overload, responses) = told.withLock { ($0.overload.finish(), $0.failingResponses.finish()) }
        log(overload: overload, action)
        log(failingResponses: responses)
    }

    /// Logs that packets have no room, or that they have it again.
    private func log(overload change: Episode.Change?, _ action: SensorConfiguration.FailureAction) {
        let fate = action == .accept ? "passed unseen" : "were dropped"
        switch change {
        case nil: return
        case .began:
            logger.tell(
                .overloadBegun,
                "overload: packets for which there is no room \(action == .accept ? "pass unseen" : "are dropped")",
                [.action: .text(action.rawValue)]
            )
        case .ended(let packets, let seconds):
            logger.tell(
                .overloadEnded,
                "overload over: \(packets) packets \(fate) in \(seconds) s",
                [.action: .text(action.rawValue), .packets: .count(packets), .seconds: .count(seconds)]
            )
        }
    }

    /// Logs that answers cannot be sent, or that they can again.
    private func log(failingResponses change: Episode.Change?) {
        switch change {
        case nil: return
        case .began:
            logger.tell(
                .responsesFailing,
                "answers cannot be sent; clients of blocked names get silence instead"
            )
        case .ended(let packets, let seconds):
            logger.tell(
                .responsesRecovered,
                "no answer has failed any more: \(packets) did in \(seconds) s",
                [.packets: .count(packets), .seconds: .count(seconds)]
            )
        }
    }
}
