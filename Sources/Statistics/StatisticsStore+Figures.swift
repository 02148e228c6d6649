package import Figures
import GRDB
import Telemetry

extension StatisticsStore {
    /// The figures of whole periods.
    ///
    /// - Parameters:
    ///   - length: how long they are; hours are there as long as they are kept, all others are sums of days.
    ///   - from: a second of the first period, since 1970-01-01 UTC.
    ///   - to: the second behind the last one that is asked for.
    ///   - market: the one that is asked for; nil for all.
    /// - Returns: an element for each period, market and attempt window of which something was noted, in the order of these three.
    /// - Throws: why they cannot be read.
    package func figures(
        _ length: PeriodLength,
        from: Int64,
        to: Int64,
        market: String?
    ) throws(StatisticsError) -> [PeriodFigures] {
        guard from < to else { return [] }
        try refuseReplaced()
        let start = Period(length, containing: from).start
        let end = Period(length, containing: to - 1).end
        do {
            return try queue.read { database in
                var reading = try PeriodReading(database, length, market)
                try reading.readCells(database, start, end)
                try reading.readRows(database, start, end)
                return reading.periods
            }
        } catch {
            throw StatisticsError(path, error)
        }
    }
}

/// Figures on their way from rows to periods.
private struct PeriodReading {
    private struct Scope {
        var market: String
        var window: Int
        /// Its series in the order in which figures name them, and their rows' numbers.
        var series: [(series: Series, index: Int)] = []
    }

    private struct Place: Hashable {
        var start: Int64
        var scope: Int64
    }

    private let length: PeriodLength
    private var scopes: [Int64: Scope] = [:]
    /// For each series of a scope that is asked for: which one of ``sums`` is its, and whether the latest value counts.
    private var columns: [Int64: (index: Int, isLatest: Bool)] = [:]
    private var found: [Place: PeriodFigures] = [:]

    init(_ database: Database, _ length: PeriodLength, _ market: String?) throws {
        self.length = length
        let rows = try Row.fetchCursor(database, sql: "SELECT id, market, attempt_window FROM scope")
        while let row = try rows.next() {
            let name = try row.decode(String.self, atIndex: 1)
            guard market == nil || name == market else { continue }
            let window = Int(clamping: try row.decode(Int64.self, atIndex: 2))
            scopes[try row.decode(Int64.self, atIndex: 0)] = Scope(market: name, window: window)
        }
        let series = try Row.fetchCursor(
            database,
            sql: "SELECT id, measure, list, mechanism, detail, scope FROM series"
        )
        while let row = try series.next() {
            let scope = try row.decode(Int64.self, atIndex: 5)
            guard scopes[scope] != nil, let known = try Series(row, at: 1) else { continue }
            let index = columns.count
            columns[try row.decode(Int64.self, atIndex: 0)] = (index, known.measure.isLatest)
            scopes[scope]?.series.append((known, index))
        }
        for id in scopes.keys { scopes[id]?.series.sort { Self.precedes($0.series, $1.series) } }
    }

    /// All that was found, by period, market and window.
    var periods: [PeriodFigures] { found.values.sorted(by: PeriodFigures.precedes) }

    /// Adds up the cells of each period.
    mutating func readCells(_ database: Database, _ start: Int64, _ end: Int64) throws {
        let (table, unit) = length == .hour ? ("hour", Int64(3_600)) : ("day", Int64(86_400))
        let rows = try Row.fetchCursor(
            database,
            sql: "SELECT time, series, value FROM \(table) WHERE time >= ? AND time < ? ORDER BY time, series",
            arguments: [start / unit, end / unit]
        )
        var values = [UInt64?](repeating: nil, count: columns.count)
        var period: Period?
        while let row = try rows.next() {
            let time = try row.decode(Int64.self, atIndex: 0) * unit
            guard let column = columns[try row.decode(Int64.self, atIndex: 1)] else { continue }
            let value = UInt64(max(try row.decode(Int64.self, atIndex: 2), 0))
            if let present = period, time >= present.end {
                take(values, present)
                for index in values.indices { values[index] = nil }
                period = nil
            }
            if period == nil { period = Period(length, containing: time) }
            let before = values[column.index] ?? 0
            values[column.index] = column.isLatest ? value : before.adding(value)
        }
        if let period { take(values, period) }
    }

    /// Takes what lies in rows of its own.
    mutating func readRows(_ database: Database, _ start: Int64, _ end: Int64) throws {
        try readActivations(database, start, end)
        let hours: StatementArguments = [start / 3_600, end / 3_600]
        // A copy that an earlier version has written tells of no removals.
        let hasRemovals = try database.columns(in: "unblock").contains { $0.name == "removal" }
        let removal = hasRemovals ? "removal" : "0"
        let unblocks = try Row.fetchCursor(
            database,
            sql: "SELECT hour, scope, seconds, \(removal) FROM unblock WHERE hour >= ? AND hour < ? ORDER BY hour, id",
            arguments: hours
        )
        while let row = try unblocks.next() {
            let seconds = try row.decode(Double.self, atIndex: 2)
            let isRemoval = try row.decode(Int64.self, atIndex: 3) != 0
            try change(row, 3_600) { figures in
                if isRemoval { figures.removalSeconds.append(seconds) } else { figures.unblockSeconds.append(seconds) }
            }
        }
        try readProbes(database, hours)
    }

    private mutating func readActivations(_ database: Database, _ start: Int64, _ end: Int64) throws {
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT activated, scope, list, sequence, issued, received FROM activation
                WHERE activated >= ? AND activated < ? ORDER BY activated, id
                """,
            arguments: [start, end]
        )
        while let row = try rows.next() {
            let list = try row.decode(String.self, atIndex: 2)
            let activation = ActivationFigures(
                sequence: try row.decode(Int64?.self, atIndex: 3).map { UInt64(bitPattern: $0) },
                issuedAt: try row.decode(Int64?.self, atIndex: 4),
                receivedAt: try row.decode(Int64?.self, atIndex: 5),
                activatedAt: try row.decode(Int64.self, atIndex: 0)
            )
            try change(row, 1) { read in
                let place = read.lists.place(of: list)
                read.lists[place].activations.append(activation)
            }
        }
    }

    private mutating func readProbes(_ database: Database, _ hours: StatementArguments) throws {
        struct Probed: Hashable {
            var list: String
            var mechanism: Mechanism
        }
        var durations: [Place: [Probed: (probes: UInt64, blocked: UInt64, times: [Double])]] = [:]
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT hour, scope, list, mechanism, blocked, milliseconds FROM probe WHERE hour >= ? AND hour < ?
                """,
            arguments: hours
        )
        while let row = try rows.next() {
            guard let mechanism = Mechanism(label: try row.decode(String.self, atIndex: 3)) else { continue }
            let probed = Probed(list: try row.decode(String.self, atIndex: 2), mechanism: mechanism)
            var result = durations[try place(row, 3_600), default: [:]][probed] ?? (0, 0, [])
            result.probes += 1
            if try row.decode(Int64.self, atIndex: 4) != 0 { result.blocked += 1 }
            if let time = try row.decode(Double?.self, atIndex: 5) { result.times.append(time) }
            durations[try place(row, 3_600), default: [:]][probed] = result
        }
        for (place, results) in durations {
            change(place) { read in
                read.coverage = results.map { probed, result in
                    let times = Distribution(result.times)
                    return CoverageFigures(
                        list: probed.list,
                        mechanism: probed.mechanism,
                        probes: result.probes,
                        blocked: result.blocked,
                        medianMilliseconds: times?.median,
                        longestMilliseconds: times?.longest
                    )
                }
                read.coverage.sort {
                    ($0.list, $0.mechanism.rawValue) < ($1.list, $1.mechanism.rawValue)
                }
            }
        }
    }

    private func place(_ row: Row, _ unit: Int64) throws -> Place {
        let (seconds, isBeyond) = try row.decode(Int64.self, atIndex: 0).multipliedReportingOverflow(by: unit)
        let period = Period(length, containing: isBeyond ? 0 : seconds)
        return Place(start: period.start, scope: try row.decode(Int64.self, atIndex: 1))
    }

    private mutating func change(_ row: Row, _ unit: Int64, _ body: (inout PeriodFigures) -> Void) throws {
        change(try place(row, unit), body)
    }

    private mutating func change(_ place: Place, _ body: (inout PeriodFigures) -> Void) {
        guard let scope = scopes[place.scope] else { return }
        var read =
            found[place]
            ?? PeriodFigures(
                period: Period(length, containing: place.start),
                market: Market(id: scope.market),
                attemptWindow: scope.window,
                testMatches: []
            )
        body(&read)
        found[place] = read
    }

    /// Makes figures of a period's sums.
    private mutating func take(_ values: [UInt64?], _ period: Period) {
        for (id, scope) in scopes {
            var isEmpty = true
            var read = PeriodFigures(
                period: period,
                market: Market(id: scope.market),
                attemptWindow: scope.window,
                testMatches: []
            )
            for (series, index) in scope.series {
                guard let value = values[index] else { continue }
                isEmpty = false
                read.take(value, of: series)
            }
            if isEmpty == false { found[Place(start: period.start, scope: id)] = read }
        }
    }

    /// The order in which figures are named: by list, mechanism, action, and events before attempts.
    private static func precedes(_ one: Series, _ other: Series) -> Bool {
        func key(_ series: Series) -> (String, UInt8, String, String) {
            (series.list, series.mechanism?.rawValue ?? 0, series.detail, series.measure == .events ? "" : "1")
        }
        return key(one) < key(other)
    }
}

extension PeriodFigures {
    /// Puts a number where it belongs.
    fileprivate mutating func take(_ value: UInt64, of series: Series) {
        let seconds = Double(value) / 1_000
        switch series.measure {
        case .events, .attempts: takeMatches(value, series)
        case .anyAttempts:
            guard let mechanism = series.mechanism else { return }
            anyAttempts.append(
                AnyAttemptFigures(mechanism: mechanism, action: series.detail, attempts: value)
            )
        case .testEvents:
            guard let mechanism = series.mechanism else { return }
            testMatches?.append(TestMatchFigures(list: series.list, mechanism: mechanism, events: value))
        case .uptime: operation.uptimeSeconds = seconds
        case .failOpen: operation.failOpenSeconds = seconds
        case .killSwitch: operation.killSwitchSeconds = seconds
        case .packets: operation.packets = value
        case .queueDrops: operation.queueDrops = value
        case .unseen: operation.unseen = value
        case .dnsNames: visibility.dnsNames = value
        case .tlsNames: visibility.tlsNames = value
        case .quicNames: visibility.quicNames = value
        case .httpNames: visibility.httpNames = value
        case .withoutServerName: visibility.withoutServerName = value
        case .encryptedClientHello: visibility.encryptedClientHello = value
        case .incomplete: visibility.incomplete = value
        case .unknownQUICVersion: visibility.unknownQUICVersion = value
        case .dotFlows: visibility.dotFlows = value
        case .doqFlows: visibility.doqFlows = value
        case .dohFlows: visibility.dohFlows = value
        case .refusals: lists[lists.place(of: series.list)].refusals = value
        case .stale: lists[lists.place(of: series.list)].staleSeconds = seconds
        case .entries: lists[lists.place(of: series.list)].entries = value
        case .rejected:
            guard value > 0 else { return }
            lists[lists.place(of: series.list)].rejected.append(
                RejectedFigures(reason: series.detail, entries: value)
            )
        case .subscribers: market.subscribers = value > 0 ? Int(clamping: value) : nil
        case .access: market.access = Access(number: value)
        }
    }

    /// Events come before the attempts of the same list, mechanism and action.
    private mutating func takeMatches(_ value: UInt64, _ series: Series) {
        guard let mechanism = series.mechanism else { return }
        if let last = matches.indices.last, matches[last].list == series.list,
            matches[last].mechanism == mechanism, matches[last].action == series.detail
        {
            matches[last].attempts = value
            return
        }
        matches.append(
            MatchFigures(
                list: series.list,
                mechanism: mechanism,
                action: series.detail,
                events: series.measure == .events ? value : 0,
                attempts: series.measure == .attempts ? value : 0
            )
        )
    }
}

extension [ListFigures] {
    /// Where a list's figures are; they are put in by the order of names where there are none.
    fileprivate mutating func place(of list: String) -> Int {
        let place = firstIndex { $0.list >= list } ?? endIndex
        if place == endIndex || self[place].list != list { insert(ListFigures(list: list), at: place) }
        return place
    }
}
