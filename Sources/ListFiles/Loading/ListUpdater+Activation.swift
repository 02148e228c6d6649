import Blocklists
import Synchronization
import Telemetry

extension ListUpdater {
    /// Reads and judges the lists of a plan, and puts those into use that were accepted; with `mustHaveAll`, a list without any edition is an
    /// error, and nothing is changed.
    func apply(
        _ plan: ListPlan,
        over running: ActiveLists,
        mustHaveAll: Bool,
        by caller: AuditCaller,
        _ now: Timestamp
    ) throws(ListFileError) -> Outcome {
        for source in plan.lists {
            for action in [source.descriptor.action, .observe]
            where slots.slot(id: source.descriptor.id, action: action.rawValue) == nil {
                throw .tooManySlots(list: source.descriptor.id)
            }
        }
        let damage = settings.store?.setDamagedLedgerAside()
        var loader = ListLoader(plan, key: key, ledger: settings.store?.ledger, now: now)
        loader.copies = settings.store?.folder
        var update = try loader.load(running: running.lists)
        refuseHeld(&update)
        record(&update, running)
        var next = ActiveLists()
        next.allowed = update.allowed
        next.protected = update.protected
        var missing: [RefusedList] = []
        for source in plan.lists {
            let id = source.descriptor.id
            let present = running.lists.first { $0.id == id }
            if var list = update.accepted.first(where: { $0.id == id }) {
                if let present, present.digest == list.digest { list.activatedAt = present.activatedAt }
                next.lists.append(list)
            } else if var present {
                present.descriptor = source.descriptor(of: present.edition.descriptor, isText: present.file == nil)
                present.isFallback = true
                next.lists.append(present)
            } else if let refused = update.refused.first(where: { $0.id == id }) {
                missing.append(refused)
            }
        }
        count(update.refused)
        var warnings: [String] = []
        for refused in update.refused { note(refused, by: caller, now, &warnings) }
        if mustHaveAll, missing.isEmpty == false { throw .refused(missing) }

        // Where nothing was accepted, and nothing is configured otherwise, nothing is published.
        let isUnchanged = mustHaveAll == false && update.accepted.isEmpty && next.blocksLike(running)
        state.withLock { [next] state in
            state.plan = plan
            state.active = next
        }
        let generation = isUnchanged ? source.generation : publish(now)
        if isUnchanged == false {
            // First: who is killed between the two finds the days of the editions that are kept, or of those that are about to be read again.
            noteDates(next, over: running, now, &warnings)
            keep(next, &warnings)
            note(.activate, next.lists.filter { $0.isFallback == false }, by: caller, now, &warnings)
        }
        var outcome = outcome(generation)
        outcome.refused = update.refused
        outcome.differences = update.differences
        if let allowed = next.allowed {
            let difference = running.allowed.map { allowed.allowDifference(from: $0)?.added ?? 0 }
            outcome.newlyAllowed = difference ?? allowed.allowedCount
        }
        outcome.readings = update.readings
        outcome.lacksSuffixData = update.lacksSuffixData
        outcome.warnings = warnings
        outcome.damage = damage.map { [$0] } ?? []
        return outcome
    }

    /// Uses the lists that are kept because the operator's own files cannot be used.
    func goOn(
        with kept: ActiveLists,
        _ plan: ListPlan,
        because error: ListFileError,
        _ now: Timestamp
    ) throws(ListFileError) -> Outcome {
        var lists = kept
        if plan.allow == nil { lists.allowed = nil }
        if plan.protected == nil { lists.protected = nil }
        let refused = lists.lists.map { list in
            RefusedList(id: list.id, causes: [ListRefusal(error)], reason: error.description, digest: nil)
        }
        for index in lists.lists.indices { lists.lists[index].isFallback = true }
        for list in lists.lists {
            for action in [list.descriptor.action, .observe]
            where slots.slot(id: list.id, action: action.rawValue) == nil {
                throw .tooManySlots(list: list.id)
            }
        }
        state.withLock { $0.active = lists }
        count(refused)
        var outcome = outcome(publish(now))
        outcome.refused = refused
        for list in refused { note(list, by: .current(), now, &outcome.warnings) }
        return outcome
    }

    /// Refuses editions that were rolled back.
    private func refuseHeld(_ update: inout ListUpdate) {
        let held = Set(state.withLock { $0.switches.held })
        guard held.isEmpty == false else { return }
        for list in update.accepted where held.contains(list.digest.description) {
            update.refused.append(
                RefusedList(
                    id: list.id,
                    causes: [.replay],
                    reason:
                        "list \(list.id): this edition was rolled back; publish another, or undo it with grindvakt rollback",
                    digest: list.digest
                )
            )
        }
        update.accepted.removeAll { held.contains($0.digest.description) }
    }

    /// Notes the sequence of every accepted list; one that cannot be noted is refused, as it could be replayed.
    private func record(_ update: inout ListUpdate, _ running: ActiveLists) {
        guard let ledger = settings.store?.ledger else { return }
        var failed: [String: TrustError] = [:]
        for list in update.accepted {
            guard let release = list.release else { continue }
            let floor = running.lists.first { $0.id == list.id }?.mark
            do throws(TrustError) {
                try ledger.record(release, digest: list.digest, floor: floor)
            } catch {
                failed[list.id] = error
            }
        }
        for list in update.accepted {
            guard let error = failed[list.id] else { continue }
            update.refused.append(
                RefusedList(
                    id: list.id,
                    causes: [ListRefusal(error.fault)],
                    reason: error.description,
                    digest: list.digest
                )
            )
        }
        update.accepted.removeAll { failed[$0.id] != nil }
    }

    private func count(_ refused: [RefusedList]) {
        state.withLock { state in
            for list in refused {
                if let index = state.refusals.firstIndex(where: { $0.list == list.id }) {
                    state.refusals[index].countUpdate(list.causes)
                } else {
                    var counts = RefusalCounts(list: list.id)
                    counts.countUpdate(list.causes)
                    state.refusals.append(counts)
                }
            }
        }
    }

    private func noteDates(
        _ lists: ActiveLists,
        over running: ActiveLists,
        _ now: Timestamp,
        _ warnings: inout [String]
    ) {
        do throws(TrustError) {
            try settings.store?.noteDates(lists.lists, over: running.lists, at: now)
        } catch {
            warnings.append("the ages of entries are not noted: \(error)")
        }
    }

    private func keep(_ lists: ActiveLists, _ warnings: inout [String]) {
        do throws(ListFileError) {
            try settings.store?.keep(lists)
        } catch {
            warnings.append("the lists are in use but could not be kept for the next start: \(error)")
        }
    }
}
