package import Figures
import Telemetry

/// Why no record can be made of figures.
package enum RecordRefusal: Error, Equatable, CustomStringConvertible {
    /// The member's name is none.
    case member(String)
    /// No number of sensors.
    case sensors(UInt64)
    /// Figures of another period than a day.
    case notADay(PeriodLength)
    /// A day that is not over.
    case notOver(day: String)
    /// A market's name is none.
    case market(day: String)
    /// Figures of two attempt windows on one day.
    case twoWindows(day: String, market: String)
    /// An attempt window that no sensor has.
    case window(day: String, seconds: Int)
    /// A list, an action or a reason that is no word.
    case word(day: String, Word)
    /// More of something than a record takes.
    case tooMany(day: String, Part)

    /// Figures of which the record would be none, such as a list that is there twice.
    case fault(day: String, RecordFault)

    /// Words that come from elsewhere and leave.
    package enum Word: String {
        case list = "the name of a list"
        case action = "an action"
        case reason = "a reason for a rejected entry"
    }

    /// What a record has many of.
    package enum Part: String {
        case lists
        case cells
        case coverage = "probed lists"
        case reasons = "reasons for rejected entries"
    }

    package var description: String {
        switch self {
        case .member(let member):
            return
                "member \(member.utf8.count > 64 ? "of \(member.utf8.count) octets" : Self.printable(member)): a member is called with a-z, 0-9 and -, 32 characters at most; name it so"
        case .sensors(let sensors):
            return "\(sensors) sensors: a record adds up 1 to 1000000; say how many the figures are of"
        case .notADay(let length):
            return "figures by the \(length.rawValue): what is finer or coarser than the day does not leave; take days"
        case .notOver(let day):
            return "\(day): the day is not over in UTC, and its record would change; export it tomorrow"
        case .market(let day):
            return "\(day): the market's name is none; set market under [statistics] with a-z, 0-9 and -"
        case .twoWindows(let day, let market):
            return
                "\(day), market \(market): the attempt window was changed on this day, and attempts of two windows are no figure; leave the day out"
        case .window(let day, let seconds):
            return "\(day): an attempt window of \(seconds) s; a record takes 1 to \(BenchmarkRecord.longestWindow)"
        case .word(let day, let word):
            return
                "\(day): \(word.rawValue) is no word of a-z, 0-9, - and _, and does not leave; rename it in the configuration"
        case .fault(let day, let fault):
            return "\(day): no record can be made of the figures, as a reader would say \"\(fault)\"; leave the day out"
        case .tooMany(let day, let part):
            return "\(day): more than \(BenchmarkRecord.mostElements) \(part.rawValue); a record takes no more"
        }
    }

    private static func printable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { (" "..."~").contains($0) ? $0 : "?" }))
    }
}

extension BenchmarkRecord {
    /// The record of a day's figures: rounded, suppressed, and without anything finer than the day.
    ///
    /// - Parameters:
    ///   - figures: what the sensors of one market did on one day.
    ///   - member: who says it.
    ///   - sensors: how many sensors the figures are of.
    ///   - now: seconds since 1970-01-01 UTC; the day has to be over.
    /// - Throws: ``RecordRefusal``.
    package init(_ figures: PeriodFigures, member: String, sensors: UInt64 = 1, now: Int64) throws(RecordRefusal) {
        guard Self.isValid(member: member) else { throw .member(member) }
        guard (1...1_000_000).contains(sensors) else { throw .sensors(sensors) }
        guard figures.period.length == .day else { throw .notADay(figures.period.length) }
        let day = figures.period.label
        guard figures.period.end <= now, let date = CalendarDate(label: day) else { throw .notOver(day: day) }
        guard Market.isValid(id: figures.market.id) else { throw .market(day: day) }
        guard let window = UInt64(exactly: figures.attemptWindow), (1...Self.longestWindow).contains(window) else {
            throw .window(day: day, seconds: figures.attemptWindow)
        }
        try Self.requireWords(of: figures, day: day)

        self.day = date
        self.member = member
        market = figures.market.id
        windowSeconds = window
        base = RecordedBase(figures.operation, figures.market, sensors: sensors)
        coverage = Self.coverage(figures.coverage)
        lists = figures.lists.sorted { $0.list < $1.list }.map(RecordedList.init)
        unblockMilliseconds = RecordedDurations(figures.unblockSeconds.map { $0 * 1_000 })
        visibility = Self.visibility(figures.visibility)
        let cells = Self.cells(figures.matches)
        self.cells = cells.map { row in
            RecordedCells(
                list: row.list,
                action: row.action,
                events: row.events.published,
                attempts: row.attempts.published
            )
        }
        anyAttempts = Self.any(figures.anyAttempts, over: cells)
    }

    private static func requireWords(of figures: PeriodFigures, day: String) throws(RecordRefusal) {
        let lists = figures.lists.map(\.list) + figures.matches.map(\.list) + figures.coverage.map(\.list)
        guard lists.allSatisfy({ isWord($0) }) else { throw .word(day: day, .list) }
        guard figures.matches.allSatisfy({ isWord($0.action) }) else { throw .word(day: day, .action) }
        let reasons = figures.lists.flatMap { $0.rejected.map(\.reason) }
        guard reasons.allSatisfy({ isWord($0) }) else { throw .word(day: day, .reason) }
        guard figures.lists.count <= mostElements else { throw .tooMany(day: day, .lists) }
        guard figures.matches.count <= mostElements else { throw .tooMany(day: day, .cells) }
        guard figures.coverage.count <= mostElements else { throw .tooMany(day: day, .coverage) }
        guard figures.lists.allSatisfy({ $0.rejected.count <= mostElements }) else {
            throw .tooMany(day: day, .reasons)
        }
    }

    private static func coverage(_ figures: [CoverageFigures]) -> [RecordedCoverage] {
        figures.sorted { ($0.list, $0.mechanism.rawValue) < ($1.list, $1.mechanism.rawValue) }.map {
            RecordedCoverage(
                list: $0.list,
                mechanism: $0.mechanism,
                probes: $0.probes.inRecord,
                blocked: min($0.blocked, $0.probes).inRecord,
                medianMilliseconds: $0.medianMilliseconds.map(\.roundedUp),
                longestMilliseconds: $0.longestMilliseconds.map(\.roundedUp)
            )
        }
    }

    private static func visibility(_ figures: VisibilityFigures) -> [PublishedCount] {
        [
            figures.dnsNames, figures.tlsNames, figures.quicNames, figures.httpNames, figures.withoutServerName,
            figures.encryptedClientHello, figures.incomplete, figures.unknownQUICVersion, figures.dotFlows,
            figures.doqFlows, figures.dohFlows,
        ].map { PublishedCount($0) }
    }

    /// The true counts of one list and action.
    private struct TrueCells {
        let list: String
        let action: String
        var events = TrueCounts()
        var attempts = TrueCounts()
    }

    private static func cells(_ matches: [MatchFigures]) -> [TrueCells] {
        var rows: [TrueCells] = []
        for match in matches.sorted(by: { ($0.list, $0.action) < ($1.list, $1.action) }) {
            if rows.last?.list != match.list || rows.last?.action != match.action {
                rows.append(TrueCells(list: match.list, action: match.action))
            }
            rows[rows.count - 1].events[match.mechanism].addCapped(match.events)
            // An event that came with the last of a day's counts may have its attempt in them and be itself in the next day's.
            rows[rows.count - 1].attempts[match.mechanism].addCapped(min(match.attempts, match.events))
        }
        return rows.filter { $0.events.isEmpty == false }
    }

    private static func any(_ figures: [AnyAttemptFigures], over cells: [TrueCells]) -> MechanismCounts {
        var published = MechanismCounts()
        for mechanism in Mechanism.allCases {
            let attempts = cells.map { $0.attempts[mechanism] }
            switch Disclosure.total(over: attempts.map { PublishedCount($0) }) {
            case .fixed(let form): published[mechanism] = form
            case .figure:
                let total = figures.filter { $0.mechanism == mechanism }.map(\.attempts).total
                // No list has more than any list, and any list no more than all of them, whatever the counters were read between.
                var lists: [String: UInt64] = [:]
                for row in cells { lists[row.list, default: 0].addCapped(row.attempts[mechanism]) }
                let least = lists.values.max() ?? 0
                let most = attempts.total
                published[mechanism] = PublishedCount(min(max(total, least), most))
            }
        }
        return published
    }
}

extension RecordedBase {
    fileprivate init(_ operation: OperationFigures, _ market: Market, sensors: UInt64) {
        access = market.access
        let people = market.subscribers.flatMap { UInt64(exactly: $0) } ?? 0
        let thousands = (min(people, PublishedCount.largest - 1_000) + 500) / 1_000 * 1_000
        subscribers = thousands == 0 ? nil : thousands
        self.sensors = sensors
        // A part of a second less never makes a whole day of it.
        let uptime = operation.uptimeSeconds
        let share = uptime.isFinite ? uptime * 1_000 / (86_400 * Double(sensors)) : 0
        uptimePermille = UInt64(min(max(share, 0), 1_000))
        failOpenSeconds = operation.failOpenSeconds.roundedUp
        killSwitchSeconds = operation.killSwitchSeconds.roundedUp
        queueDrops = operation.queueDrops.inRecord
        unseenPackets = operation.unseen.inRecord
    }
}

extension RecordedList {
    fileprivate init(_ figures: ListFigures) {
        list = figures.list
        let last = figures.activations.last
        sequence = last?.sequence.map(\.inRecord)
        issuedOn = last?.issuedAt.map { CalendarDate(day: CalendarDate.day(of: Period(.day, containing: $0).start)) }
        issuedToActive = RecordedDurations(figures.activations.compactMap { $0.lag(from: $0.issuedAt) })
        receivedToActive = RecordedDurations(figures.activations.compactMap { $0.lag(from: $0.receivedAt) })
        entries = figures.entries.inRecord
        rejected = figures.rejected.sorted { $0.reason < $1.reason }.map {
            RecordedRejection(reason: $0.reason, entries: $0.entries.inRecord)
        }
        refusals = figures.refusals.inRecord
        staleSeconds = figures.staleSeconds.roundedUp
    }
}

extension RecordedDurations {
    fileprivate init?(_ durations: [Double]) {
        let finite = durations.filter(\.isFinite)
        guard let distribution = Distribution(finite) else { return nil }
        count = UInt64(finite.count)
        median = distribution.median.roundedUp
        p95 = distribution.p95.roundedUp
        longest = distribution.longest.roundedUp
    }
}

/// A true count for each mechanism.
private struct TrueCounts {
    private var counts = [UInt64](repeating: 0, count: Mechanism.allCases.count)

    subscript(mechanism: Mechanism) -> UInt64 {
        get { counts[Int(mechanism.rawValue)] }
        set { counts[Int(mechanism.rawValue)] = newValue }
    }

    var isEmpty: Bool { counts.allSatisfy { $0 == 0 } }

    var published: MechanismCounts {
        var published = MechanismCounts()
        for mechanism in Mechanism.allCases { published[mechanism] = PublishedCount(self[mechanism]) }
        return published
    }
}

extension UInt64 {
    /// The number, or the largest that a record has.
    fileprivate var inRecord: UInt64 { Swift.min(self, PublishedCount.largest) }

    fileprivate mutating func addCapped(_ other: UInt64) { self = adding(other) }
}

extension Double {
    /// The next whole number, from zero to the largest that a record has.
    fileprivate var roundedUp: UInt64 {
        guard isFinite, self > 0 else { return 0 }
        return UInt64(Swift.min(rounded(.up), Double(PublishedCount.largest)))
    }
}
