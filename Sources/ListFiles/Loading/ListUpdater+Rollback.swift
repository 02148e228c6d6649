import Blocklists
import Synchronization

extension ListUpdater {
    /// Editions that are remembered as rolled back.
    private static let maximumHeld = 1_000

    /// Goes back to the lists before the last change. Editions that are left by this are not used again before they are replaced, or
    /// until this is called once more, which undoes it.
    package func rollBack(by caller: AuditCaller, now: Timestamp = .now) throws(Refusal) -> Outcome {
        try alone { @Sendable () throws(Refusal) in
            guard let store = settings.store else { throw .noStore }
            let (plan, active, switches) = state.withLock { ($0.plan, $0.active, $0.switches) }
            // Lists that could not be kept have those before them where those in use would be.
            let isKept = store.holds(active.lists)
            let edition: ListStore.Edition = isKept ? .previous : .current
            guard store.has(edition) else { throw .noPrevious }
            guard let kept = store.lists(edition, for: plan), kept.hasEveryList, kept.lists.lists.isEmpty == false
            else { throw .previousUnusable }
            var previous = kept.lists
            let back = Set(previous.lists.map(\.digest))
            let left = active.lists.map(\.digest).filter { back.contains($0) == false }
            guard left.isEmpty == false || previous.lists.count != active.lists.count else { throw .noPrevious }
            for index in previous.lists.indices { previous.lists[index].activatedAt = now.seconds }
            // What the operator spares now is spared, whatever the lists are.
            previous.allowed = active.allowed
            previous.protected = active.protected
            var held = switches
            let stillHeld = switches.held.filter { text in back.contains { $0.description == text } == false }
            // Going back to what was left by going back undoes it, and holds nothing.
            let isUndone = stillHeld.count < switches.held.count
            let newlyHeld = isUndone ? [] : left.map(\.description).filter { stillHeld.contains($0) == false }
            held.held = (stillHeld + newlyHeld).suffix(Self.maximumHeld)
            do throws(ListFileError) {
                // First: lists that were gone back to must not be replaced by those left when the process ends here.
                try store.keep(held)
                if isKept { try store.exchange() }
            } catch {
                try? store.keep(switches)
                throw .unkept(error)
            }
            state.withLock { state in
                state.active = previous
                state.switches = held
            }
            let generation = publish(now)
            var outcome = outcome(generation)
            note(.rollback, previous.lists, by: caller, now, &outcome.warnings)
            return outcome
        }
    }
}
