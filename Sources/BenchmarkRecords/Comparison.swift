package import Figures
import Telemetry

/// A file that is said to be a record.
package struct RecordFile: Sendable {
    /// What it is called where something is said of it.
    package let name: String
    /// What is in it.
    package let octets: [UInt8]

    /// A file with this content.
    package init(name: String, octets: [UInt8]) {
        self.name = name
        self.octets = octets
    }
}

/// Why files are not compared.
package enum ComparisonRefusal: Error, Equatable, CustomStringConvertible {
    /// There are none.
    case nothing
    /// One of them is no record.
    case notARecord(file: String, RecordFault)
    /// Two are of the same member, market and day.
    case twice(file: String, other: String, what: String)
    /// Two are of different attempt windows.
    case windows(file: String, seconds: UInt64, other: String, otherSeconds: UInt64)
    /// There is no day of which every member and market has a record.
    case noCommonDay(members: [String])

    package var description: String {
        switch self {
        case .nothing:
            return "no record is named; give files of report export"
        case .notARecord(let file, let fault):
            return "\(file): \(fault)"
        case .twice(let file, let other, let what):
            return "\(file): \(other) is of \(what) as well; give one of the two"
        case .windows(let file, let seconds, let other, let otherSeconds):
            return
                "\(file): attempts within \(seconds) s, and within \(otherSeconds) s in \(other); they are not the same thing: compare the records of each window by themselves"
        case .noCommonDay(let members):
            return
                "there is no day of which all of \(members.joined(separator: ", ")) have a record; give records of the same days, or leave one out"
        }
    }
}

/// Members side by side, on the days of which each of them has a record.
///
/// What a member does for those it protects comes first: whether test names are blocked, how soon lists are in use, how soon an error is put
/// right. Attempts come last, and as what the records allow: a cell under the threshold is 1 to 9 in every sum, never a number.
package struct Comparison: Sendable {
    /// Seconds in which events of one list entry are one attempt, in every record.
    package let windowSeconds: UInt64

    /// The days that are compared, oldest first.
    package let days: [CalendarDate]

    /// The members, by their names and markets.
    package let members: [ComparedMember]

    /// Compares records.
    ///
    /// - Throws: ``ComparisonRefusal`` where a file is no record, or two cannot be set side by side.
    package init(_ files: [RecordFile]) throws(ComparisonRefusal) {
        var records: [String: [CalendarDate: BenchmarkRecord]] = [:]
        var names: [String: String] = [:]
        var first: (file: String, seconds: UInt64)?
        for file in files {
            let record = try Self.read(file)
            let window = first ?? (file.name, record.windowSeconds)
            first = window
            guard record.windowSeconds == window.seconds else {
                throw .windows(
                    file: file.name,
                    seconds: record.windowSeconds,
                    other: window.file,
                    otherSeconds: window.seconds
                )
            }
            let what = "\(record.member)/\(record.market) on \(record.day.label)"
            if let other = names.updateValue(file.name, forKey: what) {
                throw .twice(file: file.name, other: other, what: what)
            }
            records["\(record.member)/\(record.market)", default: [:]][record.day] = record
        }
        guard let first else { throw .nothing }
        windowSeconds = first.seconds

        let ofEach = records.values.map { Set($0.keys) }
        let common = ofEach.dropFirst().reduce(ofEach.first ?? []) { $0.intersection($1) }
        guard common.isEmpty == false else { throw .noCommonDay(members: records.keys.sorted()) }
        let days = common.sorted { $0.daysSinceEpoch < $1.daysSinceEpoch }
        self.days = days
        members = records.sorted { $0.key < $1.key }.map { name, records in
            ComparedMember(
                name: name,
                records: days.compactMap { records[$0] },
                daysLeftOut: records.count - days.count
            )
        }
    }

    private static func read(_ file: RecordFile) throws(ComparisonRefusal) -> BenchmarkRecord {
        do throws(RecordFault) {
            return try BenchmarkRecord(parsing: file.octets)
        } catch {
            throw .notARecord(file: file.name, error)
        }
    }
}

/// What is known of one member in one market over the days that are compared.
package struct ComparedMember: Sendable {
    /// The member and the market, like `alpha/se`.
    package let name: String

    /// Its records of the days that are compared, oldest first.
    package let records: [BenchmarkRecord]

    /// Records of other days, which are not compared.
    package let daysLeftOut: Int

    /// The names of the lists that it used.
    var lists: Set<String> {
        Set(records.flatMap { record in record.lists.map(\.list) + record.cells.map(\.list) })
    }

    /// The share of probes that were blocked, by one mechanism or by all: in tenths of a percent, rounded down; nil where nothing was probed.
    func coverage(_ mechanism: Mechanism? = nil) -> ComparedValue? {
        let probes = probes(mechanism)
        guard probes > 0 else { return nil }
        let blocked = sum { record in
            record.coverage.filter { mechanism == nil || $0.mechanism == mechanism }.map(\.blocked)
        }
        return ComparedValue(tenths: UInt64(clamping: UInt128(blocked) * 1_000 / UInt128(probes)))
    }

    /// How often test names were asked for.
    func probes(_ mechanism: Mechanism? = nil) -> UInt64 {
        sum { record in record.coverage.filter { mechanism == nil || $0.mechanism == mechanism }.map(\.probes) }
    }

    /// The sum of what is found in each record.
    func sum(_ numbers: (BenchmarkRecord) -> [UInt64]) -> UInt64 {
        records.flatMap(numbers).total
    }

    /// The longest 95th percentile of what is found in the records: there is none over several days that could be had from those of each.
    func worst(_ durations: (BenchmarkRecord) -> [RecordedDurations?]) -> ComparedValue? {
        records.flatMap(durations).compactMap { $0?.p95 }.max().map { ComparedValue($0) }
    }

    /// The share of the days in which the sensors ran, in tenths of a percent, rounded down.
    var uptime: ComparedValue {
        let permille = sum { [$0.base.uptimePermille] }
        return ComparedValue(tenths: permille / UInt64(max(1, records.count)))
    }

    /// What attempts on one list, or on any list, may have been.
    func attempts(_ list: String?) -> CountRange {
        var range = CountRange.zero
        for record in records {
            for mechanism in Mechanism.allCases {
                if let list {
                    for row in record.cells where row.list == list {
                        range = range + (row.attempts[mechanism].range ?? .zero)
                    }
                } else {
                    range = range + record.anyRange(mechanism)
                }
            }
        }
        return range
    }

    /// Attempts per 100,000 subscribers and day, in tenths, from what they may have been, rounded outwards; nil where the base of a day is
    /// not known.
    func rate(_ attempts: CountRange) -> ComparedValue? {
        var base: UInt128 = 0
        for record in records {
            guard let subscribers = record.base.subscribers else { return nil }
            base += UInt128(subscribers)
        }
        guard base > 0 else { return nil }
        let least = UInt128(attempts.least) * 1_000_000 / base
        let most = (UInt128(attempts.most) * 1_000_000 + base - 1) / base
        return ComparedValue(least: UInt64(clamping: least), most: UInt64(clamping: most), isTenths: true)
    }
}

/// A figure of a comparison: what it is at least and at most.
package struct ComparedValue: Equatable, Sendable {
    /// It is no less.
    package let least: UInt64
    /// It is no more.
    package let most: UInt64
    /// Whether the numbers are tenths.
    let isTenths: Bool

    init(least: UInt64, most: UInt64, isTenths: Bool) {
        self.least = least
        self.most = most
        self.isTenths = isTenths
    }

    init(_ value: UInt64) {
        self.init(least: value, most: value, isTenths: false)
    }

    init(tenths: UInt64) {
        self.init(least: tenths, most: tenths, isTenths: true)
    }

    init(_ range: CountRange) {
        self.init(least: range.least, most: range.most, isTenths: false)
    }

    /// A number as it is written.
    func text(_ number: UInt64) -> String { isTenths ? "\(number / 10).\(number % 10)" : String(number) }

    /// The figure as it is read: one number, or two.
    var text: String { least == most ? text(least) : "\(text(least)) to \(text(most))" }
}

extension Comparison {
    /// What a measure is about, in the order in which measures are shown.
    package enum Section: String, CaseIterable, Sendable {
        case coverage
        case lag
        case unblock
        case operation
        case attempts

        /// The section's heading.
        var title: String {
            switch self {
            case .coverage: "Coverage: test names that were blocked"
            case .lag: "List lag"
            case .unblock: "Time to unblock"
            case .operation: "Operation"
            case .attempts: "Attempts"
            }
        }
    }

    /// One measure of every member.
    struct Measure {
        let section: Section
        /// What programs call it.
        let key: String
        /// What people call it.
        let title: String
        let unit: String
        /// A figure for each member, in their order; nil where there is none.
        let values: [ComparedValue?]
    }

    /// The names of all lists, in order.
    private var lists: [String] { Set(members.flatMap(\.lists)).sorted() }

    /// Everything that is compared, in the order in which it is to be read.
    var measures: [Measure] {
        func measure(
            _ section: Section,
            _ key: String,
            _ title: String,
            _ unit: String,
            _ value: (ComparedMember) -> ComparedValue?
        ) -> Measure {
            Measure(section: section, key: key, title: title, unit: unit, values: members.map(value))
        }
        var measures = [measure(.coverage, "blocked", "all mechanisms", "%") { $0.coverage() }]
        for mechanism in Mechanism.allCases where members.contains(where: { $0.probes(mechanism) > 0 }) {
            measures.append(
                measure(.coverage, "blocked.\(mechanism.label)", mechanism.label, "%") { $0.coverage(mechanism) }
            )
        }
        measures += [
            measure(.coverage, "probes", "probes", "") { ComparedValue($0.probes()) },
            measure(.lag, "issued_to_active_p95", "issue to use, p95 of the slowest list and day", "s") {
                $0.worst { $0.lists.map(\.issuedToActive) }
            },
            measure(.lag, "received_to_active_p95", "receipt to use, p95 of the slowest list and day", "s") {
                $0.worst { $0.lists.map(\.receivedToActive) }
            },
            measure(.lag, "updates", "updates that came into use", "") {
                ComparedValue(
                    $0.sum { $0.lists.map { max($0.issuedToActive?.count ?? 0, $0.receivedToActive?.count ?? 0) } }
                )
            },
            measure(.lag, "refusals", "updates that a gate refused", "") {
                ComparedValue($0.sum { $0.lists.map(\.refusals) })
            },
            measure(.lag, "stale", "lists older than allowed, all lists", "s") {
                ComparedValue($0.sum { $0.lists.map(\.staleSeconds) })
            },
            measure(.unblock, "unblock_p95", "wish to effect, p95 of the slowest day", "ms") {
                $0.worst { [$0.unblockMilliseconds] }
            },
            measure(.unblock, "unblocks", "times", "") {
                ComparedValue($0.sum { [$0.unblockMilliseconds?.count ?? 0] })
            },
            measure(.operation, "uptime", "uptime", "%") { $0.uptime },
            measure(.operation, "fail_open", "fail-open", "s") { ComparedValue($0.sum { [$0.base.failOpenSeconds] }) },
            measure(.operation, "kill_switch", "blocking switched off", "s") {
                ComparedValue($0.sum { [$0.base.killSwitchSeconds] })
            },
            measure(.operation, "queue_drops", "packets dropped by full queues", "") {
                ComparedValue($0.sum { [$0.base.queueDrops] })
            },
            measure(.operation, "unseen_packets", "packets passed unseen", "") {
                ComparedValue($0.sum { [$0.base.unseenPackets] })
            },
        ]
        for list in lists {
            measures.append(
                measure(.attempts, "rate.\(list)", "\(list), per 100,000 subscribers and day", "") {
                    $0.lists.contains(list) ? $0.rate($0.attempts(list)) : nil
                }
            )
        }
        measures.append(
            measure(.attempts, "rate", "any list, per 100,000 subscribers and day", "") { $0.rate($0.attempts(nil)) }
        )
        measures.append(
            measure(.attempts, "attempts", "any list, in number", "") { ComparedValue($0.attempts(nil)) }
        )
        return measures
    }

    /// What has to be known to read the figures.
    var notes: [String] {
        var notes = [
            "Attempts are events of one list entry within \(windowSeconds) s, counted as one, whoever asked. More of them are no success and fewer no failure: "
                + "they follow the lists and how many subscribers are covered. Coverage, lag and time to unblock say how well a member does.",
            "\"a to b\" is what the records allow: counts of 1 to 9 leave no operator, and others are rounded to 5.",
        ]
        if Set(members.map(\.lists)).count > 1 {
            notes.append(
                "The members do not use the same lists: compare attempts list by list, not those on any list."
            )
        }
        if members.contains(where: { $0.rate(.zero) == nil }) {
            notes.append("Where a record does not say how many subscribers are covered, there is no rate.")
        }
        return notes
    }

    /// The days in words.
    var daysText: String {
        guard let first = days.first, let last = days.last else { return "" }
        let isWhole = last.daysSinceEpoch - first.daysSinceEpoch + 1 == Int64(days.count)
        if days.count == 1 { return first.label }
        if isWhole { return "\(first.label) to \(last.label), \(days.count) days" }
        return days.map(\.label).joined(separator: ", ")
    }

    /// The days that are not compared, in words; empty where there are none.
    var leftOutText: String {
        members.filter { $0.daysLeftOut > 0 }.map { "\($0.daysLeftOut) of \($0.name)" }.joined(separator: ", ")
    }
}
