import Figures
import Telemetry

extension BenchmarkRecord {
    /// Reads a record, and refuses whatever is none: members that are missing or not known, numbers outside their ranges, counts under the
    /// threshold, totals that tell of one, figures that contradict each other.
    ///
    /// Spaces and the order of members are free; what was read is written in one spelling.
    ///
    /// - Throws: ``RecordFault``.
    package init(parsing octets: [UInt8]) throws(RecordFault) {
        var record = try MemberReader(JSONTreeReader.read(octets), "")
        guard try record.text("schema") == Self.schemaName else { throw RecordFault("schema", .otherSchema) }
        let version = try record.number("schema_version")
        guard version == Self.version else { throw RecordFault("schema_version", .otherVersion(version)) }
        day = try record.date("day")
        member = try record.word("member", where: Self.isValid(member:))
        market = try record.word("market", where: Market.isValid(id:))
        base = try record.object("base") { reader throws(RecordFault) in try RecordedBase(&reader) }
        windowSeconds = try record.object("dedup") { reader throws(RecordFault) in
            guard try reader.text("mode") == "entry" else { throw RecordFault("dedup.mode", .otherMode) }
            return try reader.number("window_seconds", 1...Self.longestWindow)
        }
        coverage = try record.objects("coverage") { reader throws(RecordFault) in try RecordedCoverage(&reader) }
        lists = try record.objects("lists") { reader throws(RecordFault) in try RecordedList(&reader) }
        unblockMilliseconds = try record.object("quality") { reader throws(RecordFault) in
            try reader.durations("unblock_milliseconds")
        }
        visibility = try record.object("visibility") { reader throws(RecordFault) in
            var counts: [PublishedCount] = []
            for name in Self.visibilityNames { counts.append(try reader.count(name)) }
            return counts
        }
        (cells, anyAttempts) = try record.object("attempts") { reader throws(RecordFault) in
            (
                try reader.objects("cells") { reader throws(RecordFault) in try RecordedCells(&reader) },
                try reader.counts("any", isTotal: true)
            )
        }
        try record.finish()
        try requireOneOfEach()
        try requireSense()
    }

    private func requireOneOfEach() throws(RecordFault) {
        func requireUnique(_ keys: [String], _ place: String) throws(RecordFault) {
            var seen: Set<String> = []
            for (index, key) in keys.enumerated() where seen.insert(key).inserted == false {
                throw RecordFault("\(place)[\(index)]", .twice)
            }
        }
        try requireUnique(coverage.map { "\($0.list) \($0.mechanism.label)" }, "coverage")
        try requireUnique(lists.map(\.list), "lists")
        try requireUnique(cells.map { "\($0.list) \($0.action)" }, "attempts.cells")
        for (index, list) in lists.enumerated() {
            try requireUnique(list.rejected.map(\.reason), "lists[\(index)].rejected")
        }
    }

    /// Refuses attempts that are more than their events, and totals that the rule of disclosure does not allow or the cells do not bear out.
    private func requireSense() throws(RecordFault) {
        for (index, row) in cells.enumerated() {
            for mechanism in Mechanism.allCases {
                guard let events = row.events[mechanism].range, let attempts = row.attempts[mechanism].range,
                    attempts.least <= events.most
                else {
                    throw RecordFault(
                        "attempts.cells[\(index)].attempts.\(mechanism.label)",
                        .contradicts("more attempts than events")
                    )
                }
            }
        }
        for mechanism in Mechanism.allCases {
            let place = "attempts.any.\(mechanism.label)"
            let total = anyAttempts[mechanism]
            switch Disclosure.total(over: cells.map { $0.attempts[mechanism] }) {
            case .fixed(let form):
                guard total == form else {
                    throw RecordFault(
                        place,
                        form == .withheld ? .tells : .contradicts("not what the one cell beneath it says")
                    )
                }
            case .figure:
                let bounds = Disclosure.bounds(mechanism, cells)
                guard let range = total.range, range.most >= bounds.least, range.least <= bounds.most else {
                    throw RecordFault(place, .contradicts("not between the busiest list and the sum of all"))
                }
            }
        }
    }
}

extension RecordedBase {
    fileprivate init(_ reader: inout MemberReader) throws(RecordFault) {
        if let word = try reader.optionalText("access") {
            guard let known = Access(rawValue: word) else { throw RecordFault(reader.path("access"), .notAWord) }
            access = known
        } else {
            access = nil
        }
        subscribers = try reader.optionalNumber("subscribers", 1_000...PublishedCount.largest)
        guard (subscribers ?? 0).isMultiple(of: 1_000) else {
            throw RecordFault(reader.path("subscribers"), .contradicts("no multiple of 1000"))
        }
        sensors = try reader.number("sensors", 1...1_000_000)
        uptimePermille = try reader.number("uptime_permille", 0...1_000)
        failOpenSeconds = try reader.number("fail_open_seconds")
        killSwitchSeconds = try reader.number("kill_switch_seconds")
        queueDrops = try reader.number("queue_drops")
        unseenPackets = try reader.number("unseen_packets")
    }
}

extension RecordedCoverage {
    fileprivate init(_ reader: inout MemberReader) throws(RecordFault) {
        list = try reader.word("list")
        guard let known = Mechanism(label: try reader.text("mechanism")) else {
            throw RecordFault(reader.path("mechanism"), .notAWord)
        }
        mechanism = known
        probes = try reader.number("probes")
        blocked = try reader.number("blocked")
        medianMilliseconds = try reader.optionalNumber("median_milliseconds")
        longestMilliseconds = try reader.optionalNumber("longest_milliseconds")
        guard blocked <= probes else {
            throw RecordFault(reader.path("blocked"), .contradicts("more blocked than probed"))
        }
    }
}

extension RecordedList {
    fileprivate init(_ reader: inout MemberReader) throws(RecordFault) {
        list = try reader.word("list")
        sequence = try reader.optionalNumber("sequence")
        issuedOn = try reader.optionalDate("issued_on")
        issuedToActive = try reader.durations("issued_to_active_seconds")
        receivedToActive = try reader.durations("received_to_active_seconds")
        entries = try reader.number("entries")
        rejected = try reader.objects("rejected") { reader throws(RecordFault) in
            RecordedRejection(reason: try reader.word("reason"), entries: try reader.number("entries"))
        }
        refusals = try reader.number("refusals")
        staleSeconds = try reader.number("stale_seconds")
    }
}

extension RecordedCells {
    fileprivate init(_ reader: inout MemberReader) throws(RecordFault) {
        list = try reader.word("list")
        action = try reader.word("action")
        events = try reader.counts("events", isTotal: false)
        attempts = try reader.counts("attempts", isTotal: false)
    }
}

/// Takes the members of an object one by one, and fails where one is left over.
private struct MemberReader {
    private let place: String
    private var members: [String: JSONTree]

    init(_ tree: JSONTree, _ place: String) throws(RecordFault) {
        guard case .object(let members) = tree else { throw RecordFault(place, .notAn("an object")) }
        self.place = place
        self.members = Dictionary(members.map { ($0.name, $0.value) }) { first, _ in first }
    }

    func path(_ name: String) -> String { place.isEmpty ? name : "\(place).\(name)" }

    /// Refuses what has not been taken.
    func finish() throws(RecordFault) {
        guard let name = members.keys.min() else { return }
        throw RecordFault(place, .unknown(BenchmarkRecord.isWord(name) ? name : nil))
    }

    private mutating func take(_ name: String) throws(RecordFault) -> JSONTree {
        guard let value = members.removeValue(forKey: name) else { throw RecordFault(place, .missing(name)) }
        return value
    }

    mutating func object<Value>(
        _ name: String,
        _ read: (inout MemberReader) throws(RecordFault) -> Value
    ) throws(RecordFault) -> Value {
        var reader = try MemberReader(take(name), path(name))
        let value = try read(&reader)
        try reader.finish()
        return value
    }

    mutating func objects<Value>(
        _ name: String,
        _ read: (inout MemberReader) throws(RecordFault) -> Value
    ) throws(RecordFault) -> [Value] {
        guard case .array(let elements) = try take(name) else { throw RecordFault(path(name), .notAn("an array")) }
        guard elements.count <= BenchmarkRecord.mostElements else { throw RecordFault(path(name), .tooMany) }
        var values: [Value] = []
        for (index, element) in elements.enumerated() {
            var reader = try MemberReader(element, "\(path(name))[\(index)]")
            values.append(try read(&reader))
            try reader.finish()
        }
        return values
    }

    mutating func optionalText(_ name: String) throws(RecordFault) -> String? {
        switch try take(name) {
        case .null: return nil
        case .string(let text): return text
        default: throw RecordFault(path(name), .notAn("a string"))
        }
    }

    mutating func text(_ name: String) throws(RecordFault) -> String {
        guard let text = try optionalText(name) else { throw RecordFault(path(name), .notAn("a string")) }
        return text
    }

    mutating func word(
        _ name: String,
        where isValid: (String) -> Bool = { BenchmarkRecord.isWord($0) }
    ) throws(RecordFault) -> String {
        let word = try text(name)
        guard isValid(word) else { throw RecordFault(path(name), .notAWord) }
        return word
    }

    mutating func optionalDate(_ name: String) throws(RecordFault) -> CalendarDate? {
        guard let text = try optionalText(name) else { return nil }
        guard let date = CalendarDate(label: text) else { throw RecordFault(path(name), .notADate) }
        return date
    }

    mutating func date(_ name: String) throws(RecordFault) -> CalendarDate {
        guard let date = try optionalDate(name) else { throw RecordFault(path(name), .notADate) }
        return date
    }

    mutating func optionalNumber(
        _ name: String,
        _ range: ClosedRange<UInt64> = 0...PublishedCount.largest
    ) throws(RecordFault) -> UInt64? {
        switch try take(name) {
        case .null: return nil
        case .integer(let number):
            guard range.contains(number) else {
                throw RecordFault(path(name), .outOfRange(least: range.lowerBound, most: range.upperBound))
            }
            return number
        default: throw RecordFault(path(name), .notAn("a whole number"))
        }
    }

    mutating func number(
        _ name: String,
        _ range: ClosedRange<UInt64> = 0...PublishedCount.largest
    ) throws(RecordFault) -> UInt64 {
        guard let number = try optionalNumber(name, range) else {
            throw RecordFault(path(name), .notAn("a whole number"))
        }
        return number
    }

    mutating func durations(_ name: String) throws(RecordFault) -> RecordedDurations? {
        let value = try take(name)
        if value == .null { return nil }
        var reader = try MemberReader(value, path(name))
        let durations = RecordedDurations(
            count: try reader.number("count", 1...PublishedCount.largest),
            median: try reader.number("median"),
            p95: try reader.number("p95"),
            longest: try reader.number("longest")
        )
        try reader.finish()
        guard durations.median <= durations.p95, durations.p95 <= durations.longest else {
            throw RecordFault(path(name), .contradicts("a share of the durations is longer than a larger share"))
        }
        return durations
    }

    /// A count that stands for people; only a total may be withheld.
    mutating func count(_ name: String, isTotal: Bool = false) throws(RecordFault) -> PublishedCount {
        switch try take(name) {
        case .integer(0): return .none
        case .integer(let number):
            guard number <= PublishedCount.largest else {
                throw RecordFault(path(name), .outOfRange(least: 0, most: PublishedCount.largest))
            }
            guard number >= PublishedCount.threshold else { throw RecordFault(path(name), .underThreshold) }
            guard number.isMultiple(of: PublishedCount.base) else { throw RecordFault(path(name), .notRounded) }
            return .about(number)
        case .string(PublishedCount.fewText): return .few
        case .string(PublishedCount.withheldText) where isTotal: return .withheld
        case .string: throw RecordFault(path(name), .notAWord)
        default: throw RecordFault(path(name), .notAn("a count"))
        }
    }

    mutating func counts(_ name: String, isTotal: Bool) throws(RecordFault) -> MechanismCounts {
        try object(name) { reader throws(RecordFault) in
            var counts = MechanismCounts()
            for mechanism in Mechanism.allCases {
                counts[mechanism] = try reader.count(mechanism.label, isTotal: isTotal)
            }
            return counts
        }
    }
}
