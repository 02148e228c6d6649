import ListFiles
package import Telemetry

/// What one run of probes showed of one list by one mechanism over one version of IP: counts, and no name.
package struct CoverageRecord: Equatable, Sendable {
    /// When it was probed, in seconds since 1970-01-01 UTC.
    package let time: Int64
    /// The list.
    package let list: String
    /// How the names were carried.
    package let mechanism: Mechanism
    /// 4 or 6.
    package let version: Int
    /// Probes that showed a block.
    package let blocked: Int
    /// Probes that showed that the name passed.
    package let passed: Int
    /// Probes that showed nothing.
    package let unclear: Int
    /// Milliseconds until a client knew that it was blocked, of each probe that showed it, the shortest first.
    package let milliseconds: [Int]

    /// Milliseconds that are kept of one record, more than a list can have names for one mechanism.
    static let maximumMilliseconds = 4 * TestNames.maximumCount

    /// A record of these parts.
    package init(
        time: Int64,
        list: String,
        mechanism: Mechanism,
        version: Int,
        blocked: Int,
        passed: Int,
        unclear: Int,
        milliseconds: [Int]
    ) {
        self.time = time
        self.list = list
        self.mechanism = mechanism
        self.version = version
        self.blocked = blocked
        self.passed = passed
        self.unclear = unclear
        self.milliseconds = milliseconds
    }

    /// The records of a run, in the order of lists, mechanisms and versions.
    package static func records(of results: [CoverageResult], at time: Int64) -> [CoverageRecord] {
        var records: [CoverageRecord] = []
        for list in Set(results.map(\.list)).sorted() {
            for mechanism in Mechanism.allCases {
                for version in [4, 6] {
                    let mine = results.filter {
                        $0.list == list && $0.route.mechanism == mechanism && $0.route.server.version == version
                    }
                    guard mine.isEmpty == false else { continue }
                    let tally = Tally(mine)
                    let blocked = mine.filter { if case .blocked = $0.verdict { true } else { false } }
                    records.append(
                        CoverageRecord(
                            time: time,
                            list: list,
                            mechanism: mechanism,
                            version: version,
                            blocked: tally.blocked,
                            passed: tally.passed,
                            unclear: tally.unclear,
                            milliseconds: Array(
                                blocked.map(\.milliseconds).sorted().prefix(maximumMilliseconds)
                            )
                        )
                    )
                }
            }
        }
        return records
    }

    /// The record as one line of a file: a JSON object of one spelling.
    package var line: [UInt8] {
        DocumentValue.object([
            DocumentValue.Member("at", .text(Timestamp(seconds: time)?.description ?? "")),
            DocumentValue.Member("list", .text(list)),
            DocumentValue.Member("mechanism", .text(mechanism.label)),
            DocumentValue.Member("ip", .count(version)),
            DocumentValue.Member("blocked", .count(blocked)),
            DocumentValue.Member("passed", .count(passed)),
            DocumentValue.Member("unclear", .count(unclear)),
            DocumentValue.Member("ms", .array(milliseconds.map { .count($0) })),
        ]).encoded + [0x0A]
    }

    /// Reads a line, without its end; nil where it is not spelt as ``line`` does.
    package init?(line octets: [UInt8]) {
        guard let value = DocumentValue(parsing: octets), let time = value["at"]?.text.flatMap({ Timestamp($0) }),
            let list = value["list"]?.text, Identifier(list) != nil,
            let mechanism = value["mechanism"]?.text.flatMap({ Mechanism(label: $0) }),
            let version = value["ip"]?.number, version == 4 || version == 6,
            let blocked = Self.count(value["blocked"]), let passed = Self.count(value["passed"]),
            let unclear = Self.count(value["unclear"]), let elements = value["ms"]?.elements,
            elements.count <= Self.maximumMilliseconds
        else { return nil }
        let milliseconds = elements.compactMap { Self.count($0) }
        guard milliseconds.count == elements.count else { return nil }
        self.init(
            time: time.seconds,
            list: list,
            mechanism: mechanism,
            version: Int(version),
            blocked: blocked,
            passed: passed,
            unclear: unclear,
            milliseconds: milliseconds
        )
        guard line == octets + [0x0A] else { return nil }
    }

    /// A number that may be added up a million times.
    private static func count(_ value: DocumentValue?) -> Int? {
        guard let number = value?.number, (0...1_000_000_000).contains(number) else { return nil }
        return Int(number)
    }
}
