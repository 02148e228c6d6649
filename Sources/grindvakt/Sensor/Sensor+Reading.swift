import Blocklists
import ControlSocket
import Inspection
import ListFiles
import SensorConfiguration
import Statistics
import Synchronization
import Telemetry

// What the sensor shows of itself.
extension Sensor {
    /// What the counters and the status show.
    func reading() -> SensorReading {
        reading(of: state.withLock { $0.workers })
    }

    /// The same, of workers that the sensor may have given up already.
    func reading(of workers: (any SensorWorkers)?) -> SensorReading {
        let (reloads, rollbacks, failOpenSeconds, recentFindings) = state.withLock {
            let recentFindings = $0.watch.findings(at: Self.monotonicSeconds())
            return ($0.reloads, $0.rollbacks, $0.failOpenSeconds, recentFindings)
        }
        let report = updater.report
        var state = SensorState(
            version: Grindvakt.productVersion,
            takenAt: Self.now(),
            startedAt: startedAt,
            snapshotGeneration: updater.source.generation,
            reloads: reloads,
            rollbacks: rollbacks,
            killSwitch: report.killSwitch,
            passes: report.passes,
            lists: states(of: report.lists),
            refusals: report.refusals,
            process: processStatistics.read(),
            recentFindings: recentFindings
        )
        state.failOpenSeconds = failOpenSeconds
        state.keysForRestart = told.withLock(\.keysForRestart)
        state.statistics = statistics?.state
        // Also before there are workers to say so: whoever adds attempts up must not see a window that never was.
        state.attemptWindowSeconds = Double(self.state.withLock { $0.configuration.statistics.attemptWindow })
        workers?.describe(in: &state)
        if let at = self.state.withLock(\.tookOverAt) { state.takeover?.at = at }
        if state.taps.isEmpty { state.failures = failures() }
        return SensorReading(workers: workers?.counters ?? [], slots: slots, state: state)
    }

    /// The lists, with the times when their editions came to this host: a file that comes later to the same place is another one's.
    private func states(of lists: [ActiveList]) -> [ListState] {
        let paths = state.withLock { $0.configuration.lists.map { (id: $0.id, path: $0.path) } }
        return lists.map { list in
            var listState = list.state
            guard list.isFallback == false else { return listState }
            let activatedAt = Int64(list.activatedAt)
            let known = state.withLock { $0.received[list.id] }
            if let known, known.activatedAt == activatedAt {
                listState.receivedAt = Double(known.time)
            } else if let path = paths.first(where: { $0.id == list.id })?.path, let time = Self.changedAt(path),
                time <= activatedAt
            {
                state.withLock { $0.received[list.id] = (activatedAt, time) }
                listState.receivedAt = Double(time)
            }
            return listState
        }
    }

    /// What is done where the sensor cannot do its job, by the configuration or for the sake of a list in use.
    private func failures() -> FailureActions {
        let configuration = state.withLock { $0.configuration }
        let unjudged = configuration.unjudged.union(updater.source.latest.blocklist.unjudged)
        func word(_ isDropped: Bool) -> String {
            (isDropped ? SensorConfiguration.FailureAction.drop : .accept).rawValue
        }
        return FailureActions(
            overload: configuration.onOverload.rawValue,
            absence: word(configuration.failOpen == false),
            malformed: word(unjudged.contains(.dropMalformed)),
            overBudget: word(unjudged.contains(.dropOverBudget))
        )
    }
}

extension ActiveList {
    /// The list as the status and the counters show it.
    fileprivate var state: ListState {
        ListState(
            id: id,
            actions: [descriptor.use == .action ? descriptor.action.rawValue : "count"],
            entries: edition.listedCount,
            sequence: edition.sequence,
            activatedAt: Double(activatedAt),
            publisher: descriptor.publisher,
            purpose: descriptor.purpose,
            legalBasis: descriptor.legalBasis,
            protocols: descriptor.protocols.words,
            match: descriptor.match.rawValue,
            precedence: descriptor.precedence,
            issuedAt: edition.issuedAt.map { Double($0) },
            expiresAt: edition.expiresAt.map { Double($0) },
            rejectedLines: edition.lines?.rejected ?? 0,
            notEnforceableLines: edition.lines?.notEnforceable ?? 0,
            leftOut: (edition.lines?.causes ?? [:])
                .map { LeftOutLines(cause: $0.key.label, count: $0.value) }.sorted { $0.cause < $1.cause },
            exceptions: edition.count(.exception),
            testNames: edition.count(.test),
            isFallback: isFallback
        )
    }
}
