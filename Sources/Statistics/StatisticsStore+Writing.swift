import Figures
import GRDB
import Telemetry

/// How long it took until names were let pass.
struct Unblock: Equatable, Sendable {
    var seconds: Double
    /// Whether a publisher took them off a list; they were let pass here otherwise.
    var isRemoval = false
}

/// What one write adds to a store.
struct Addition: Sendable {
    /// The hour that it belongs to, counted from 1970-01-01 UTC.
    var hour: Int64
    /// Numbers that are added to those that are there.
    var sums: [Series: UInt64] = [:]
    /// Numbers that take the place of those that are there.
    var latest: [Series: UInt64] = [:]
    /// Updates that are in use; those that are known already are passed over.
    var activations: [(list: String, figures: ActivationFigures)] = []
    /// Seconds in which names were let pass.
    var unblocks: [Unblock] = []
    /// Which process writes, and which of its writes it is.
    var process: Int64
    var number: Int64

    /// The numbers that take the place of others, with a zero for each reason that a list has had before and has no more.
    fileprivate func latestWithBygoneReasons(_ known: some Sequence<Series>) -> [Series: UInt64] {
        let lists = Set(latest.keys.lazy.filter { $0.measure == .entries }.map(\.list))
        var all = latest
        for series in known where series.measure == .rejected && lists.contains(series.list) && all[series] == nil {
            all[series] = 0
        }
        return all
    }
}

extension StatisticsStore {
    /// Notes how test names fared. A run that is in the store is passed over.
    ///
    /// - Parameters:
    ///   - runs: what was found; the store keeps the hour of each. What lies before 1970 or behind the year 9999 is taken for these.
    ///   - market: where it was found.
    ///   - attemptWindow: the window of the sensor that was asked, in seconds, so that its figures stay together.
    /// - Returns: the runs that are new.
    /// - Throws: why they were not noted; none of them is then.
    package func record(
        coverage runs: [CoverageRun],
        market: String,
        attemptWindow: Int
    ) throws(StatisticsError) -> [CoverageRun] {
        var added: [CoverageRun] = []
        try write { database in
            let scope = try Self.scope(database, market, attemptWindow)
            let note = try database.makeStatement(sql: "INSERT OR IGNORE INTO coverage (run, day) VALUES (?, ?)")
            let statement = try database.makeStatement(
                sql: "INSERT INTO probe (hour, scope, list, mechanism, blocked, milliseconds) VALUES (?, ?, ?, ?, ?, ?)"
            )
            for run in runs {
                let hour = CalendarHour.containing(run.time)
                try note.execute(arguments: [run.identity, CalendarHour.day(hour)])
                guard database.changesCount > 0 else { continue }
                added.append(run)
                for probe in run.probes {
                    let duration = probe.isBlocked ? probe.milliseconds.flatMap { $0.isFinite ? $0 : nil } : nil
                    try statement.execute(
                        arguments: [
                            hour, scope, probe.list, probe.mechanism.label, probe.isBlocked ? 1 : 0, duration,
                        ]
                    )
                }
            }
        }
        return added
    }

    /// The number of a process's last write that is in the file; nil where it has none.
    func lastNumber(of process: Int64) throws(StatisticsError) -> Int64? {
        try refuseReplaced()
        do {
            return try queue.read { database in
                try Int64.fetchOne(database, sql: "SELECT number FROM process WHERE token = ?", arguments: [process])
            }
        } catch {
            throw StatisticsError(path, error)
        }
    }

    /// Writes an addition, all of it or nothing.
    ///
    /// - Parameters:
    ///   - addition: what is added.
    ///   - market: whose figures they are.
    ///   - attemptWindow: the window by which attempts were counted, in seconds.
    /// - Throws: why nothing was written. Only an error of the disk leaves open whether all was; ``lastNumber(of:)`` tells.
    func add(_ addition: Addition, market: String, attemptWindow: Int) throws(StatisticsError) {
        try write { database in
            let scope = try Self.scope(database, market, attemptWindow)
            let known = try Self.series(database, of: scope)
            let sums = try Self.cells(database, addition.sums.filter { $0.value > 0 }, scope, known)
            let latest = try Self.cells(database, addition.latestWithBygoneReasons(known.keys), scope, known)
            for (table, time) in [("hour", addition.hour), ("day", CalendarHour.day(addition.hour))] {
                let sum = try database.makeStatement(
                    sql: """
                        INSERT INTO \(table) (time, series, value) VALUES (?, ?, ?) ON CONFLICT (time, series)
                        DO UPDATE SET value = min(max(value, 0), \(Self.largest)) + excluded.value
                        """
                )
                for cell in sums { try sum.execute(arguments: [time, cell.series, cell.value]) }
                let replacement = try database.makeStatement(
                    sql: "INSERT OR REPLACE INTO \(table) (time, series, value) VALUES (?, ?, ?)"
                )
                for cell in latest { try replacement.execute(arguments: [time, cell.series, cell.value]) }
            }
            for activation in addition.activations {
                try Self.note(activation.figures, of: activation.list, scope, market, database)
            }
            for unblock in addition.unblocks where unblock.seconds.isFinite {
                try database.execute(
                    sql: "INSERT INTO unblock (hour, scope, seconds, removal) VALUES (?, ?, ?, ?)",
                    arguments: [addition.hour, scope, unblock.seconds, unblock.isRemoval ? 1 : 0]
                )
            }
            try database.execute(
                sql: "INSERT OR REPLACE INTO process (token, number, day) VALUES (?, ?, ?)",
                arguments: [addition.process, addition.number, CalendarHour.day(addition.hour)]
            )
        }
    }

    /// Deletes what is older than it may be, the oldest first.
    ///
    /// - Parameters:
    ///   - firstHour: hours before it go; their days stay.
    ///   - firstDay: days before it go, and all that belongs to them.
    ///   - most: how many days' cells go at most, whatever the clock says.
    /// - Throws: why nothing was deleted.
    func prune(before firstHour: Int64, _ firstDay: Int64, most: Int64) throws(StatisticsError) {
        try write { database in
            func limit(_ first: Int64, _ table: String, _ column: String, step: Int64) throws -> Int64 {
                let oldest = try Int64.fetchOne(database, sql: "SELECT min(\(column)) FROM \(table)") ?? first
                let (end, isBeyond) = oldest.addingReportingOverflow(most * step)
                return isBeyond ? first : min(first, end)
            }
            let hour = try limit(firstHour, "hour", "time", step: 24)
            try database.execute(sql: "DELETE FROM hour WHERE time < ?", arguments: [hour])
            let day = try limit(firstDay, "day", "time", step: 1)
            try database.execute(sql: "DELETE FROM day WHERE time < ?", arguments: [day])
            // Of what lies in rows of its own the hour goes when the hours do.
            for table in ["probe", "unblock"] {
                try database.execute(
                    sql: "UPDATE \(table) SET hour = hour - hour % 24 WHERE hour < ? AND hour % 24 != 0",
                    arguments: [hour]
                )
                try database.execute(sql: "DELETE FROM \(table) WHERE hour / 24 < ?", arguments: [day])
            }
            // The last of each list stays, so that it is not taken for a new one.
            try database.execute(
                sql: """
                    DELETE FROM activation WHERE activated / 86400 < ?
                    AND id NOT IN (SELECT max(id) FROM activation GROUP BY scope, list)
                    """,
                arguments: [day]
            )
            try database.execute(sql: "DELETE FROM process WHERE day < ?", arguments: [day])
            try database.execute(sql: "DELETE FROM coverage WHERE day < ?", arguments: [day])
        }
    }

    /// Values never grow beyond it, so that no sum can leave the numbers of a database.
    private static let largest: Int64 = 1 << 53

    private func write(_ body: (Database) throws -> Void) throws(StatisticsError) {
        try refuseReplaced()
        do {
            try queue.writeWithoutTransaction { database in
                try database.inTransaction(.immediate) {
                    try body(database)
                    return .commit
                }
                // What is kept in memory would hide what has become of the file.
                database.releaseMemory()
            }
        } catch {
            throw StatisticsError(path, error)
        }
    }

    private static func scope(_ database: Database, _ market: String, _ window: Int) throws -> Int64 {
        let find = "SELECT id FROM scope WHERE market = ? AND attempt_window = ?"
        if let id = try Int64.fetchOne(database, sql: find, arguments: [market, window]) { return id }
        try database.execute(
            sql: "INSERT INTO scope (market, attempt_window) VALUES (?, ?)",
            arguments: [market, window]
        )
        return database.lastInsertedRowID
    }

    private static func series(_ database: Database, of scope: Int64) throws -> [Series: Int64] {
        var known: [Series: Int64] = [:]
        let rows = try Row.fetchCursor(
            database,
            sql: "SELECT id, measure, list, mechanism, detail FROM series WHERE scope = ?",
            arguments: [scope]
        )
        while let row = try rows.next() {
            // What a newer version counts is nothing that this one adds to.
            guard let series = try Series(row, at: 1) else { continue }
            known[series] = try row.decode(Int64.self, atIndex: 0)
        }
        return known
    }

    /// Values under the numbers of their series, in the order of these, in which the file takes them best; series that are new get a number.
    private static func cells(
        _ database: Database,
        _ values: [Series: UInt64],
        _ scope: Int64,
        _ known: [Series: Int64]
    ) throws -> [(series: Int64, value: Int64)] {
        var cells: [(series: Int64, value: Int64)] = []
        for (series, value) in values {
            let id = try known[series] ?? add(series, to: scope, database)
            cells.append((id, Int64(min(value, UInt64(largest)))))
        }
        return cells.sorted { $0.series < $1.series }
    }

    private static func add(_ series: Series, to scope: Int64, _ database: Database) throws -> Int64 {
        try database.execute(
            sql: "INSERT INTO series (scope, measure, list, mechanism, detail) VALUES (?, ?, ?, ?, ?)",
            arguments: [
                scope, series.measure.rawValue, series.list, series.mechanism?.label ?? "", series.detail,
            ]
        )
        return database.lastInsertedRowID
    }

    /// Notes an update, once: a return to one that was in use before is none.
    private static func note(
        _ activation: ActivationFigures,
        of list: String,
        _ scope: Int64,
        _ market: String,
        _ database: Database
    ) throws {
        let sequence = activation.sequence.map { Int64(bitPattern: $0) }
        // An edition without a number is told by the time that it came into use.
        let isKnown = try Bool.fetchOne(
            database,
            sql: """
                SELECT EXISTS (
                    SELECT 1 FROM activation JOIN scope ON scope.id = activation.scope
                    WHERE scope.market = ? AND list = ? AND sequence IS ?
                    AND (sequence IS NOT NULL AND issued IS ? OR sequence IS NULL AND activated = ?)
                )
                """,
            arguments: [market, list, sequence, activation.issuedAt, activation.activatedAt]
        )
        guard isKnown != true else { return }
        try database.execute(
            sql: """
                INSERT INTO activation (scope, list, sequence, issued, received, activated) VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                scope, list, sequence, activation.issuedAt, activation.receivedAt, activation.activatedAt,
            ]
        )
    }
}

extension Series {
    /// The series of four columns, the first of them at an index; nil where a word is not known.
    init?(_ row: Row, at index: Int) throws {
        guard let measure = Measure(rawValue: try row.decode(String.self, atIndex: index)) else { return nil }
        self.init(measure)
        list = try row.decode(String.self, atIndex: index + 1)
        let label = try row.decode(String.self, atIndex: index + 2)
        if label.isEmpty == false {
            guard let mechanism = Mechanism(label: label) else { return nil }
            self.mechanism = mechanism
        }
        detail = try row.decode(String.self, atIndex: index + 3)
    }
}
