import Dispatch
import Figures
import Synchronization
package import Telemetry

/// Brings a sensor's figures into a store as time goes by.
///
/// Keeps the totals of the last reading that is in the store, and adds to the store by how much a later one is above them. What cannot be
/// written is so written later, all of it: as long as a store cannot be had, the totals grow and nothing else does. A reading's differences belong
/// to the hour in which it ended, a time up to one second after the full hour being part of the one before; they are never cut in two.
///
/// Guarantees: nothing is counted twice, even where an error leaves open whether a write took place, and whatever the clock does; a store
/// that is damaged is set aside and another one begun; no call throws or traps.
package final class StatisticsWriter: Sendable {
    /// What happened that an operator has to know of.
    package enum Event: Equatable, Sendable {
        /// A store is in use.
        case opened(path: String)
        /// Figures cannot be written and are kept until they can.
        case failing(StatisticsError)
        /// They were written again.
        case recovered(path: String)
        /// A damaged store was given another name, and a new one begun.
        case setAside(path: String, name: String)
    }

    struct Work {
        var store: StatisticsStore?
        /// The totals that are in the store.
        var written: [Series: UInt64] = [:]
        /// Those that a write was about to bring there of which it is not known how it ended.
        var attempted: (number: Int64, totals: [Series: UInt64], unblocks: Int)?
        /// What is reckoned from one reading to the next, in milliseconds.
        var reckoned: [Series: UInt64] = [:]
        var last: StatisticsReading?
        var number: Int64 = 0
        var unblocks: [Unblock] = []
        var lastError: StatisticsError?
        /// Which file the store is, or would be.
        var identity: FileIdentity?
        /// When the last store was set aside, and when the last one could not be opened.
        var setAsideAt: Double?
        var refusedAt: Double?
        /// The clocks at the last look for what is too old.
        var prunedAt: (time: Double, monotonic: Double)?
        /// When the clock last went otherwise than the one that only goes on.
        var jumpedAt: Double?
    }

    /// What the figures are kept by.
    package let settings: StatisticsSettings

    private let process = Int64.random(in: 1...Int64.max)
    private let tell: @Sendable (Event) -> Void
    let work = Mutex(Work())
    private let account = Mutex(StatisticsState())
    private let line = DispatchQueue(label: "statistics")

    /// The most durations that are kept while nothing can be written.
    private static let mostUnblocks = 1_000
    /// Seconds between two looks for what is too old, and between two stores set aside.
    private static let hour = 3_600.0
    /// Seconds after which a file that is of no use is tried again.
    private static let reopening = 60.0
    /// Seconds for which nothing is deleted after the clock has jumped.
    private static let day = 86_400.0
    /// The most days that go at once, so that a clock that is set wrong takes little with it.
    private static let mostDays: Int64 = 7

    /// A writer for a store, which is opened at the first write.
    ///
    /// - Parameters:
    ///   - settings: what the figures are kept by.
    ///   - tell: is told what happens, on the thread that writes.
    package init(_ settings: StatisticsSettings, tell: @escaping @Sendable (Event) -> Void = { _ in }) {
        self.settings = settings
        self.tell = tell
    }

    /// How the writes went so far; waits for nothing.
    package var state: StatisticsState { account.withLock { $0 } }

    /// How long to wait before the next reading is to be taken.
    ///
    /// - Parameter time: seconds since 1970-01-01 UTC.
    /// - Returns: eight seconds, or fewer where the hour ends before that; a kill may cost ten, and a write takes time, too.
    package static func pause(at time: Double) -> Double {
        guard time.isFinite, time > 0 else { return 8 }
        let rest = 3_600 - time.truncatingRemainder(dividingBy: 3_600)
        return min(8, max(rest, 0.05))
    }

    /// Notes how long it took until every worker let names pass.
    ///
    /// - Parameters:
    ///   - seconds: how long.
    ///   - isRemoval: whether a publisher took them off a list, and they were not let pass here.
    package func noteUnblock(seconds: Double, isRemoval: Bool = false) {
        guard seconds.isFinite, seconds >= 0 else { return }
        work.withLock { work in
            guard work.unblocks.count < Self.mostUnblocks else { return }
            work.unblocks.append(Unblock(seconds: seconds, isRemoval: isRemoval))
        }
        account.withLock { $0.countUnblock(seconds, isRemoval ? .removal : .wish) }
    }

    /// Notes how test names fared, without keeping the caller's thread from other work; a run that is in the store is passed over.
    ///
    /// - Parameter runs: what was found.
    /// - Returns: how many runs are new; nil where the store cannot be written, and they are to be given again.
    package func record(_ runs: [CoverageRun]) async -> Int? {
        await withCheckedContinuation { continuation in
            line.async { continuation.resume(returning: self.recordNow(runs)) }
        }
    }

    private func recordNow(_ runs: [CoverageRun]) -> Int? {
        guard let added = take(runs) else { return nil }
        account.withLock { account in
            for probe in added.lazy.flatMap(\.probes) {
                account.countProbe(list: probe.list, probe.mechanism, isBlocked: probe.isBlocked)
            }
        }
        return added.count
    }

    private func take(_ runs: [CoverageRun]) -> [CoverageRun]? {
        work.withLock { work in
            // The writes of readings open the store, and tell what is the matter with it.
            guard let store = work.store else { return nil }
            do throws(StatisticsError) {
                return try store.record(
                    coverage: runs,
                    market: settings.market.id,
                    attemptWindow: settings.attemptWindow
                )
            } catch {
                return nil
            }
        }
    }

    /// Writes a reading's differences, without keeping the caller's thread from other work.
    ///
    /// - Parameter reading: what the counters say now.
    /// - Returns: whether they are in the store.
    @discardableResult
    package func write(_ reading: StatisticsReading) async -> Bool {
        await withCheckedContinuation { continuation in
            line.async { continuation.resume(returning: self.writeNow(reading)) }
        }
    }

    /// Writes a reading's differences, waiting for the disk.
    ///
    /// - Parameter reading: what the counters say now.
    /// - Returns: whether they are in the store.
    @discardableResult
    package func writeNow(_ reading: StatisticsReading) -> Bool {
        let (events, isWritten) = work.withLock { work in
            var events: [Event] = []
            let isWritten = Self.write(reading, self, &work, &events)
            return (events, isWritten)
        }
        account.withLock { account in
            if isWritten {
                account.written &+= 1
                account.lastWrite = reading.time
            } else {
                account.failed &+= 1
            }
            account.isFailing = isWritten == false
        }
        for event in events { tell(event) }
        return isWritten
    }

    /// Closes the store; a later write opens it again.
    package func close() {
        work.withLock { work in
            work.store?.close()
            work.store = nil
        }
    }
}

extension StatisticsWriter {
    private static func write(
        _ reading: StatisticsReading,
        _ writer: StatisticsWriter,
        _ work: inout Work,
        _ events: inout [Event]
    ) -> Bool {
        reckon(reading, &work)
        do throws(StatisticsError) {
            try writer.bring(reading, &work, &events)
            if work.lastError != nil { events.append(.recovered(path: writer.settings.path)) }
            work.lastError = nil
            return true
        } catch {
            if error != work.lastError { events.append(.failing(error)) }
            work.lastError = error
            // What a call left in doubt is best looked at through a new connection.
            work.store?.close()
            work.store = nil
            if error.isDamage { writer.setAside(reading, &work, &events) }
            return false
        }
    }

    /// Adds what has gone by since the last reading to what is reckoned, by the clock that is not set.
    private static func reckon(_ reading: StatisticsReading, _ work: inout Work) {
        defer { work.last = reading }
        let elapsed = StatisticsReading.milliseconds(reading.monotonic - (work.last?.monotonic ?? reading.monotonic))
        func add(_ series: Series) {
            work.reckoned[series] = (work.reckoned[series] ?? 0).adding(elapsed)
        }
        add(Series(.uptime))
        if reading.killSwitch { add(Series(.killSwitch)) }
        for list in reading.lists where list.isStale { add(Series(.stale, list: list.id)) }
    }

    private func bring(
        _ reading: StatisticsReading,
        _ work: inout Work,
        _ events: inout [Event]
    ) throws(StatisticsError) {
        let store = try open(reading, &work, &events)
        if let attempted = work.attempted {
            if try store.lastNumber(of: process) == attempted.number { Self.settle(attempted, &work) }
            work.attempted = nil
        }
        let totals = reading.totals.merging(work.reckoned) { $1 }
        work.number += 1
        var addition = Addition(
            // The reading that ends an hour is taken when it has just ended.
            hour: CalendarHour.containing(StatisticsReading.second(reading.time - 1)),
            process: process,
            number: work.number
        )
        for (series, total) in totals {
            let before = work.written[series] ?? 0
            // The kernel begins a queue's numbers anew when it is bound anew.
            addition.sums[series] = total >= before ? total - before : total
        }
        addition.latest = latest(reading)
        addition.activations = reading.lists.compactMap { list in list.activation.map { (list.id, $0) } }
        addition.unblocks = work.unblocks
        let attempted = (work.number, totals, work.unblocks.count)
        work.attempted = attempted
        try store.add(addition, market: settings.market.id, attemptWindow: settings.attemptWindow)
        Self.settle(attempted, &work)
        work.attempted = nil
        try prune(store, reading, &work)
    }

    /// Takes note that totals are in the store.
    private static func settle(
        _ attempted: (number: Int64, totals: [Series: UInt64], unblocks: Int),
        _ work: inout Work
    ) {
        // What a reading no longer has, as a list that was taken out, goes on from its total when it is back.
        work.written.merge(attempted.totals) { $1 }
        work.unblocks.removeFirst(min(attempted.unblocks, work.unblocks.count))
    }

    private func latest(_ reading: StatisticsReading) -> [Series: UInt64] {
        var latest: [Series: UInt64] = [
            Series(.subscribers): UInt64(max(settings.market.subscribers ?? 0, 0)),
            Series(.access): settings.market.access?.number ?? 0,
        ]
        for list in reading.lists {
            latest[Series(.entries, list: list.id)] = list.entries
            for rejected in list.rejected {
                latest[Series(.rejected, list: list.id, detail: rejected.reason)] = rejected.entries
            }
        }
        return latest
    }

    private func open(
        _ reading: StatisticsReading,
        _ work: inout Work,
        _ events: inout [Event]
    ) throws(StatisticsError) -> StatisticsStore {
        if let store = work.store { return store }
        // A file that is refused as a whole is looked at as a whole each time.
        if let refused = work.refusedAt, let error = work.lastError, reading.monotonic - refused < Self.reopening {
            throw error
        }
        work.identity = FileIdentity(settings.path)
        do throws(StatisticsError) {
            let store = try StatisticsStore(settings.path)
            work.store = store
            work.identity = store.identity
            work.refusedAt = nil
            events.append(.opened(path: settings.path))
            return store
        } catch {
            switch error {
            case .newer, .foreign: work.refusedAt = reading.monotonic
            default: break
            }
            throw error
        }
    }

    /// Gives a damaged store another name; the next write begins a new one.
    private func setAside(_ reading: StatisticsReading, _ work: inout Work, _ events: inout [Event]) {
        // A disk that damages each file must not drive out the ones that were kept.
        if let last = work.setAsideAt, reading.monotonic - last < Self.hour { return }
        guard let identity = work.identity, let name = DamagedFile.setAside(settings.path, identity) else { return }
        work.setAsideAt = reading.monotonic
        events.append(.setAside(path: settings.path, name: name))
    }

    /// Deletes what is too old, once an hour, and only where the clock has gone as it should for a day or since the start.
    private func prune(
        _ store: StatisticsStore,
        _ reading: StatisticsReading,
        _ work: inout Work
    ) throws(StatisticsError) {
        guard let last = work.prunedAt else {
            work.prunedAt = (reading.time, reading.monotonic)
            return
        }
        let elapsed = reading.monotonic - last.monotonic
        guard elapsed >= Self.hour else { return }
        work.prunedAt = (reading.time, reading.monotonic)
        if abs(reading.time - last.time - elapsed) >= 60 { work.jumpedAt = reading.monotonic }
        if let jump = work.jumpedAt, reading.monotonic - jump < Self.day { return }
        let hour = CalendarHour.containing(StatisticsReading.second(reading.time))
        let day = CalendarHour.day(hour)
        try store.prune(
            before: (day - Int64(settings.hourRetention)) * 24,
            day - Int64(settings.dayRetention),
            most: Self.mostDays
        )
    }
}
