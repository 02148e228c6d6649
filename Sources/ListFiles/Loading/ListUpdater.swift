package import Blocklists
import Synchronization
package import Telemetry

/// Puts lists into use and takes them out again: the one place where what the workers look names up in is changed.
///
/// A new edition is read, judged and built beside the one in use and published as a whole; a list that is refused keeps the edition it has.
/// Every change is noted in the audit log, and kept in the state directory where there is one. For the control path: calls wait for each
/// other and for the disk.
package final class ListUpdater: Sendable {
    /// What an updater is made of.
    package struct Settings: Sendable {
        /// The state directory; nil where nothing is kept over a restart.
        package var store: ListStore?
        /// The audit log; nil where none is written.
        package var audit: AuditLog?
        /// Whether a list that has expired only observes; it goes on blocking otherwise.
        package var observesExpired: Bool

        /// Settings of these.
        package init(store: ListStore? = nil, audit: AuditLog? = nil, observesExpired: Bool = false) {
            self.store = store
            self.audit = audit
            self.observesExpired = observesExpired
        }
    }

    /// What is told of the lists.
    package struct Report: Sendable {
        /// The lists in use.
        package var lists: [ActiveList] = []
        /// Refused updates since the start.
        package var refusals: [RefusalCounts] = []
        /// Whether every list only observes.
        package var killSwitch = false
        /// How many names are let pass.
        package var passes = 0
    }

    /// How an update went.
    package struct Outcome: Sendable {
        /// The lists in use now.
        package var lists: [ActiveList]
        /// The lists that were refused.
        package var refused: [RefusedList]
        /// How lists differ from what was used before.
        package var differences: [String: Snapshot.Difference]
        /// Names of the operator's own allow list that were not on it before; 0 where that cannot be told.
        package var newlyAllowed = 0
        /// Lines that were left out, and what was told besides, for a log.
        package var readings: [ListReading]
        /// Whether the gate of public suffixes could not be applied for want of data.
        package var lacksSuffixData: Bool
        /// The number of the published snapshot.
        package var generation: UInt64
        /// What could not be kept in the state directory or noted in the audit log; the lists are in use all the same.
        package var warnings: [String] = []
        /// What of the state directory was damaged: set aside, or of no use.
        package var damage: [String] = []
    }

    struct State {
        var plan: ListPlan
        var active = ActiveLists()
        var switches = ListStore.Switches()
        var refusals: [RefusalCounts] = []
        /// The lists that observe because they have expired.
        var expired: Set<String> = []
        /// What of the state directory could not be used.
        var damage: [String] = []
    }

    /// Where the blocklist is published.
    package let source: BlocklistSource

    let settings: Settings
    let slots: ListSlots
    let key: HashKey
    let state: Mutex<State>
    /// Held through a whole change, so that none begins from a state that another is about to replace.
    private let change = Mutex<Void>(())

    /// An updater without lists; ``start(now:)`` reads them.
    ///
    /// - Parameters:
    ///   - plan: what is configured.
    ///   - settings: where state is kept.
    ///   - slots: where matches are counted.
    package init(_ plan: ListPlan, settings: Settings = Settings(), slots: ListSlots) {
        self.settings = settings
        self.slots = slots
        key = settings.store?.key ?? .random()
        source = BlocklistSource(Blocklist([]), generation: 0)
        var first = State(plan: plan)
        first.damage = settings.store?.setDamagedAside() ?? []
        first.switches = settings.store?.switches() ?? first.switches
        state = Mutex(first)
    }

    /// Reads the lists for the first time.
    ///
    /// What of the state directory is of no use is set aside and told in the outcome.
    /// - Parameter now: the time.
    /// - Returns: how it went; lists whose source is bad are those that are kept.
    /// - Throws: ``ListFileError/refused(_:)`` for lists of which no earlier edition is kept either, and what is wrong with the operator's own
    ///   files where nothing is kept to go on with.
    package func start(now: Timestamp = .now) throws(ListFileError) -> Outcome {
        try alone { @Sendable () throws(ListFileError) in
            let (plan, damage) = state.withLock { ($0.plan, $0.damage) }
            let kept = settings.store?.lists(.current, for: plan)
            var outcome: Outcome
            do throws(ListFileError) {
                let running = kept?.lists ?? ActiveLists()
                outcome = try apply(plan, over: running, mustHaveAll: true, by: .current(), now)
            } catch {
                guard let kept = kept?.lists, kept.isComplete(for: plan), error.isRefusal == false else { throw error }
                outcome = try goOn(with: kept, plan, because: error, now)
            }
            outcome.damage = damage + (kept?.damage ?? []) + outcome.damage
            return outcome
        }
    }

    /// Reads the lists anew, as a plan has them.
    ///
    /// - Parameters:
    ///   - plan: what is configured now.
    ///   - caller: who asks.
    ///   - now: the time.
    /// - Returns: how it went; lists that were refused are as they were, and what is configured holds for them, too.
    /// - Throws: what is wrong with the operator's own files, such as the allow list; everything is as it was then.
    package func update(
        _ plan: ListPlan,
        by caller: AuditCaller = .current(),
        now: Timestamp = .now
    ) throws(ListFileError) -> Outcome {
        try alone { @Sendable () throws(ListFileError) in
            let running = state.withLock { $0.active }
            return try apply(plan, over: running, mustHaveAll: false, by: caller, now)
        }
    }

    /// What is told of the lists at present.
    package var report: Report {
        state.withLock { state in
            Report(
                lists: state.active.lists,
                refusals: state.refusals,
                killSwitch: state.switches.killSwitch,
                passes: state.switches.passes.count
            )
        }
    }
}

// MARK: - What every change is made of

extension ListUpdater {
    /// Runs a change while no other runs.
    func alone<Value: Sendable, Failure: Error>(
        _ body: @Sendable () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let result: Result<Value, Failure> = change.withLock { _ in
            Result { () throws(Failure) in try body() }
        }
        return try result.get()
    }

    /// Makes a blocklist of the state and publishes it.
    func publish(_ now: Timestamp) -> UInt64 {
        let (active, switches, expired) = state.withLock { state in
            state.expired = settings.observesExpired ? Self.expired(state.active, now) : []
            return (state.active, state.switches, state.expired)
        }
        var put = ActiveLists.Switches()
        put.observesOnly = switches.killSwitch
        put.observing = expired
        let passes = switches.passes.filter { $0.expiresAt > now.seconds }
        if passes.isEmpty == false {
            var builder = BlocklistBuilder(lists: [], key: key)
            for pass in passes { builder.allow(pass.digest) }
            put.passes = builder.buildSnapshot()
        }
        let blocklist = active.blocklist(put) { id, action in slots.slot(id: id, action: action.rawValue) ?? -1 }
        return source.publish(blocklist)
    }

    func outcome(_ generation: UInt64) -> Outcome {
        Outcome(
            lists: state.withLock { $0.active.lists },
            refused: [],
            differences: [:],
            readings: [],
            lacksSuffixData: false,
            generation: generation
        )
    }
}

extension ListFileError {
    /// Whether lists were judged and refused, rather than a file of the operator's own unusable.
    fileprivate var isRefusal: Bool {
        if case .refused = self { return true }
        return false
    }
}
