import Blocklists
import ControlSocket
import Handover
import ListFiles
import Logging
import NetfilterQueue
import OperationLog
import SensorConfiguration
import Synchronization
import Telemetry

// What is changed at an operator's wish, one change at a time.
extension Sensor {
    func reloadNow(_ caller: AuditCaller) -> ReloadOutcome {
        defer { ProcessLimits.returnFreePages() }
        notifier.notify("RELOADING=1\nMONOTONIC_USEC=\(Self.monotonicMicroseconds())")
        defer { notifier.notify("READY=1") }
        let (at, wishedAt) = (Self.now(), Self.monotonicSeconds())
        let before = updater.report.lists
        do {
            let configuration = try file.read()
            let isTold = told.withLock { told in
                defer { told.remarks = configuration.remarks }
                return told.remarks == configuration.remarks
            }
            if isTold == false { logger.tell(configuration.remarks) }
            var adjusted = configuration
            adjust(&adjusted)
            let keys = log(keysForRestart: adjusted.keysForRestart(since: state.withLock { $0.configuration }))
            let plan = try configuration.plan(isLenient: file.isLenient)
            let outcome = try updater.update(plan, by: caller)
            noteUnblocks(outcome, plan, since: wishedAt)
            log(outcome, over: before)
            note(\.reloads, at, succeeded: outcome.refused.isEmpty)
            guard outcome.refused.isEmpty else {
                let kept = outcome.lists.filter(\.isFallback).map(\.id).joined(separator: ", ")
                let reason = outcome.refused.map(\.reason).joined(separator: "; ")
                return .refused(reason: reason + (kept.isEmpty ? "" : "; still in use as before: \(kept)"))
            }
            logger.tell(
                .reloaded,
                "reloaded: \(outcome.lists.count) lists, \(outcome.lists.entryCount) entries, generation \(outcome.generation)",
                [
                    .lists: .number(outcome.lists.count), .entries: .number(outcome.lists.entryCount),
                    .generation: .count(outcome.generation),
                ]
            )
            return .reloaded(
                lists: outcome.lists.map { $0.reloaded(before) },
                generation: outcome.generation,
                forRestart: keys
            )
        } catch {
            let reason = (error as? any CommandFailure)?.description ?? String(describing: error)
            note(\.reloads, at, succeeded: false)
            logger.tell(
                .reloadRefused,
                "reload refused, the lists in use stay: \(reason)",
                [.reason: .text(reason)]
            )
            return .refused(reason: reason)
        }
    }

    func rollBackNow(_ caller: AuditCaller) -> ReloadOutcome {
        defer { ProcessLimits.returnFreePages() }
        let at = Self.now()
        let before = updater.report.lists
        do throws(ListUpdater.Refusal) {
            let outcome = try updater.rollBack(by: caller)
            note(\.rollbacks, at, succeeded: true)
            log(outcome, over: before)
            logger.tell(
                .rolledBack,
                "rolled back: \(outcome.lists.count) lists, generation \(outcome.generation)",
                [
                    .lists: .number(outcome.lists.count), .entries: .number(outcome.lists.entryCount),
                    .generation: .count(outcome.generation),
                ]
            )
            return .reloaded(lists: outcome.lists.map { $0.reloaded(before) }, generation: outcome.generation)
        } catch {
            note(\.rollbacks, at, succeeded: false)
            logger.tell(
                .rollbackRefused,
                "not rolled back: \(error.description)",
                [.reason: .text(error.description)]
            )
            return .refused(reason: error.description)
        }
    }

    func setKillSwitchNow(_ isOn: Bool, _ caller: AuditCaller) -> ControlOutcome {
        control { () throws(ListUpdater.Refusal) in
            let warnings = try updater.setKillSwitch(isOn, by: caller)
            if isOn {
                logger.tell(.killSwitchOn, "kill switch on: nothing is blocked")
            } else {
                logger.tell(.killSwitchOff, "kill switch off: lists block again")
            }
            return (warnings, nil)
        }
    }

    func passNow(_ request: PassRequest, _ caller: AuditCaller) -> ControlOutcome {
        control { () throws(ListUpdater.Refusal) in
            switch request.change {
            case .letPass(let seconds):
                let end = Timestamp.now.advanced(by: Int64(seconds))
                let warnings = try updater.pass(request.name, until: end, by: caller)
                logger.tell(
                    .passBegun,
                    "a name is let pass for \(seconds) s",
                    [.seconds: .number(Int(clamping: seconds))]
                )
                return (warnings, Double(end.seconds))
            case .takeBack:
                let warnings = try updater.takeBack(request.name, by: caller)
                logger.tell(.passEnded, "a name is let pass no more")
                return (warnings, nil)
            }
        }
    }

    private func control(
        _ change: () throws(ListUpdater.Refusal) -> (warnings: [String], endsAt: Double?)
    ) -> ControlOutcome {
        do throws(ListUpdater.Refusal) {
            let (warnings, endsAt) = try change()
            for warning in warnings { logger.tell(.notKept, warning, [.reason: .text(warning)]) }
            let report = updater.report
            return .done(killSwitch: report.killSwitch, passes: report.passes, endsAt: endsAt)
        } catch {
            logger.tell(.changeRefused, "not done: \(error.description)", [.reason: .text(error.description)])
            return .refused(reason: error.description)
        }
    }

    private func note(
        _ counts: any WritableKeyPath<State, ReloadCounts> & Sendable,
        _ at: Double,
        succeeded: Bool
    ) {
        state.withLock { state in
            if succeeded { state[keyPath: counts].succeeded += 1 } else { state[keyPath: counts].failed += 1 }
            state[keyPath: counts].last = LastReload(at: at, succeeded: succeeded)
        }
    }

    static func caller(_ uid: UInt32?) -> AuditCaller {
        uid.map { AuditCaller(uid: $0) } ?? .current()
    }
}

/// Lets one change of the lists run at a time, in the order in which they were asked for.
actor ChangeQueue {
    private var last: Task<Void, Never>?

    func run<Value: Sendable>(_ change: @escaping @Sendable () -> Value) async -> Value {
        let previous = last
        let task = Task.detached {
            await previous?.value
            return change()
        }
        last = Task { _ = await task.value }
        return await task.value
    }
}

extension [ActiveList] {
    /// Entries that put names on a list.
    var entryCount: Int { reduce(0) { $0 + $1.edition.listedCount } }
}

extension ActiveList {
    /// What the answer to a reload says of the list.
    fileprivate func reloaded(_ before: [ActiveList]) -> ReloadedList {
        let entries = edition.listedCount
        let earlier = before.first { $0.id == id }?.edition.listedCount
        return ReloadedList(id: id, entries: entries, added: earlier.map { entries - $0 })
    }
}
