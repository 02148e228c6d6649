package import Blocklists
import Synchronization
package import Telemetry
import Wire

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
        /// Lines that were left out, and what was told besides, for a log.
        package var readings: [ListReading]
        /// Whether the gate of public suffixes could not be applied for want of data.
        package var lacksSuffixData: Bool
        /// The number of the published snapshot.
        package var generation: UInt64
        /// What could not be kept in the state directory or noted in the audit log; the lists are in use all the same.
        package var warnings: [String] = []
    }

    private struct State {
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

    private let settings: Settings
    private let slots: ListSlots
    private let key: HashKey
    private let state: Mutex<State>
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
    /// What of the state directory is of no use is set aside and told in the outcome's warnings.
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
            outcome.warnings = damage + (kept?.damage ?? []) + outcome.warnings
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

// MARK: - Switches

extension ListUpdater {
    /// Why an operator's wish was not carried out.
    package enum Refusal: Error, Equatable, Sendable {
        /// There is no state directory, in which alone earlier lists are kept.
        case noStore
        /// No earlier lists are kept.
        case noPrevious
        /// The lists before cannot be read, or are not all there.
        case previousUnusable
        /// So many names are let pass already.
        case tooManyPasses(limit: Int)
        /// Nothing is known of such a name.
        case noSuchPass
        /// What is no host name.
        case notAName(ListLineError)
        /// The wish could not be kept in the state directory.
        case unkept(ListFileError)

        /// The cause for people.
        package var description: String {
            switch self {
            case .noStore: "no state directory is configured, so no earlier lists are kept; set directory in [state]"
            case .noPrevious: "no earlier lists are kept; they are from the second change on"
            case .previousUnusable: "the earlier lists cannot be read from the state directory any more"
            case .tooManyPasses(let limit): "\(limit) names are let pass already; take some back, or use the allow list"
            case .noSuchPass: "that name is not among those that are let pass"
            case .notAName(let cause): "no host name: \(cause.description)"
            case .unkept(let error): error.description
            }
        }
    }

    /// The most names that are let pass at a time: what is to pass for good belongs in the allow list.
    package static let maximumPasses = 1_000

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

    /// Switches blocking off, while matches go on being counted, or on again. Holds over a restart where there is a state directory.
    ///
    /// - Returns: what could not be kept or noted; blocking is switched all the same.
    package func setKillSwitch(_ isOn: Bool, by caller: AuditCaller, now: Timestamp = .now) throws(Refusal) -> [String]
    {
        try alone { @Sendable () throws(Refusal) in
            var warnings = change(now) { $0.killSwitch = isOn }
            note(.killSwitch, [], counts: [.entries: isOn ? 1 : 0], by: caller, now, &warnings)
            return warnings
        }
    }

    /// Lets a name and all under it pass until `end`, whatever the lists say. Nothing but a keyed digest of it is kept.
    ///
    /// - Returns: what could not be kept or noted; the name is let pass all the same.
    package func pass(
        _ text: [UInt8],
        until end: Timestamp,
        by caller: AuditCaller,
        now: Timestamp = .now
    ) throws(Refusal) -> [String] {
        let (name, digest) = try name(of: text)
        return try alone { @Sendable () throws(Refusal) in
            let count = state.withLock { state in
                state.switches.passes.count { $0.expiresAt > now.seconds && $0.digest != digest }
            }
            guard count < Self.maximumPasses else { throw .tooManyPasses(limit: Self.maximumPasses) }
            var warnings = change(now) { switches in
                switches.passes.removeAll { $0.digest == digest }
                switches.passes.append(ListStore.Switches.Pass(digest, expiresAt: end.seconds))
            }
            note(.pass, [], name: name, until: end, by: caller, now, &warnings)
            return warnings
        }
    }

    /// Takes back that a name is let pass.
    package func takeBack(_ text: [UInt8], by caller: AuditCaller, now: Timestamp = .now) throws(Refusal) -> [String] {
        let (name, digest) = try name(of: text)
        return try alone { @Sendable () throws(Refusal) in
            guard state.withLock({ $0.switches.passes.contains { $0.digest == digest } }) else { throw .noSuchPass }
            var warnings = change(now) { switches in switches.passes.removeAll { $0.digest == digest } }
            note(.pass, [], name: name, until: now, by: caller, now, &warnings)
            return warnings
        }
    }

    /// Does what the time asks for: ends what was let pass for a while, and has lists that have expired observe where that is configured.
    /// To be called every few seconds.
    package func tick(now: Timestamp = .now) {
        alone {
            let (isDue, hasNewlyExpired) = state.withLock { state in
                (
                    state.switches.passes.contains { $0.expiresAt <= now.seconds },
                    settings.observesExpired && Self.expired(state.active, now) != state.expired
                )
            }
            if isDue {
                // Done in memory even where it cannot be kept: the kept pass has its end in it.
                _ = change(now) { _ in }
            } else if hasNewlyExpired {
                _ = publish(now)
            }
        }
    }

    /// The one spelling of a name, and its digest.
    private func name(of text: [UInt8]) throws(Refusal) -> (octets: [UInt8], digest: NameDigest) {
        var name = DomainName()
        do throws(ListLineError) {
            try ListName.parse(text.span, into: &name)
        } catch {
            throw .notAName(error)
        }
        guard let digest = NameDigest(name, key) else { throw .notAName(.notAName) }
        return (Array(name.presentation().utf8), digest)
    }

    /// Changes what is switched, publishes it and keeps it.
    ///
    /// - Returns: why it could not be kept.
    private func change(_ now: Timestamp, _ body: (inout ListStore.Switches) -> Void) -> [String] {
        var switches = state.withLock { $0.switches }
        switches.passes.removeAll { $0.expiresAt <= now.seconds }
        body(&switches)
        // In force first: an operator who needs it now must not wait for a disk that is full.
        state.withLock { $0.switches = switches }
        _ = publish(now)
        do throws(ListFileError) {
            try settings.store?.keep(switches)
            return []
        } catch {
            return ["in force, but could not be kept for the next start: \(error)"]
        }
    }
}

// MARK: - Changes

extension ListUpdater {
    /// Runs a change while no other runs.
    private func alone<Value: Sendable, Failure: Error>(
        _ body: @Sendable () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let result: Result<Value, Failure> = change.withLock { _ in
            Result { () throws(Failure) in try body() }
        }
        return try result.get()
    }

    private func apply(
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
            keep(next, &warnings)
            note(.activate, next.lists.filter { $0.isFallback == false }, by: caller, now, &warnings)
        }
        var outcome = outcome(generation)
        outcome.refused = update.refused
        outcome.differences = update.differences
        outcome.readings = update.readings
        outcome.lacksSuffixData = update.lacksSuffixData
        outcome.warnings = warnings
        return outcome
    }

    /// Uses the lists that are kept because the operator's own files cannot be used.
    private func goOn(
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

    /// Makes a blocklist of the state and publishes it.
    private func publish(_ now: Timestamp) -> UInt64 {
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

    private static func expired(_ lists: ActiveLists, _ now: Timestamp) -> Set<String> {
        Set(lists.lists.filter { $0.isExpired(at: now) }.map(\.id))
    }

    private func outcome(_ generation: UInt64) -> Outcome {
        Outcome(
            lists: state.withLock { $0.active.lists },
            refused: [],
            differences: [:],
            readings: [],
            lacksSuffixData: false,
            generation: generation
        )
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

    private func keep(_ lists: ActiveLists, _ warnings: inout [String]) {
        do throws(ListFileError) {
            try settings.store?.keep(lists)
        } catch {
            warnings.append("the lists are in use but could not be kept for the next start: \(error)")
        }
    }
}

// MARK: - Audit log

extension ListUpdater {
    private func note(
        _ event: AuditEvent,
        _ lists: [ActiveList],
        counts: [AuditCount: UInt64] = [:],
        name: [UInt8]? = nil,
        until end: Timestamp? = nil,
        by caller: AuditCaller,
        _ now: Timestamp,
        _ warnings: inout [String]
    ) {
        var record = AuditRecord(event, by: caller, at: now)
        record.lists = lists.compactMap { list in
            Identifier(list.id).map { AuditRecord.List($0, sequence: list.edition.sequence, digest: list.digest) }
        }
        record.keys = lists.flatMap(\.keys)
        record.counts = counts
        if lists.isEmpty == false {
            record.counts[.entries] = lists.reduce(0) { $0 + UInt64($1.edition.listedCount) }
        }
        record.expiresAt = end
        if let name, let store = settings.store { record.names = [store.secret.auditDigest(of: name)] }
        append(record, &warnings)
    }

    private func note(_ refused: RefusedList, by caller: AuditCaller, _ now: Timestamp, _ warnings: inout [String]) {
        var record = AuditRecord(.refuse, by: caller, at: now)
        record.lists = Identifier(refused.id).map { [AuditRecord.List($0, digest: refused.digest)] } ?? []
        record.gates = refused.causes.compactMap { Identifier($0.label) }.sorted()
        append(record, &warnings)
    }

    private func append(_ record: AuditRecord, _ warnings: inout [String]) {
        do throws(TrustError) {
            try settings.audit?.append(record)
        } catch {
            warnings.append("the audit log could not be written: \(error)")
        }
    }
}

extension ListStore.Switches.Pass {
    init(_ digest: NameDigest, expiresAt: Int64) {
        fingerprint = [digest.fingerprint.first, digest.fingerprint.second]
        isTopLevel = digest.parent == .none
        if case .above(let bits) = digest.parent { above = bits }
        self.expiresAt = expiresAt
    }

    /// The digest of the name, under the store's key.
    var digest: NameDigest {
        NameDigest(
            fingerprint: Fingerprint(fingerprint.first ?? 0, fingerprint.last ?? 0),
            parent: above.map { .above($0) } ?? (isTopLevel ? .none : .itself)
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
