/// What replay found in one file: the names it reports, in order, and the summary.
package struct FileRecords: Equatable, Sendable {
    /// The names reported, by frame.
    package var names: [NameRecord] = []
    /// The file's summary.
    package var summary: SummaryRecord

    /// A file's records.
    package init(names: [NameRecord] = [], summary: SummaryRecord) {
        self.names = names
        self.summary = summary
    }
}

/// Why an earlier output cannot be compared with.
package struct ExpectationError: Error, Equatable, Sendable {
    /// The line of the file, counted from 1.
    package let line: Int
    /// What is wrong with it.
    package let reason: String
}

/// An earlier `jsonl` output of replay that a run is compared with.
///
/// Keys may stand in any order, unknown keys and unknown types of line are passed over, and so are empty lines.
package struct Expectation: Sendable {
    /// Whether the earlier run reported names that are on no list, too.
    package private(set) var listsEveryName = false

    private var files: [FileRecords] = []
    /// For each file: the keys of what its summary counts, of those that not every release knows.
    private var counted: [Set<SummaryRecord.LaterKey>] = []

    /// Reads an earlier output.
    package init(parsing content: [UInt8]) throws(ExpectationError) {
        var names: [NameRecord] = []
        var number = 0
        for line in content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { continue }
            guard let value = JSONValue(parsing: line), case .object = value else {
                throw ExpectationError(line: number, reason: "is not a JSON object")
            }
            switch value["type"]?.string {
            case "name":
                guard let record = NameRecord(value) else {
                    throw ExpectationError(line: number, reason: "is a name with a key missing or of the wrong type")
                }
                names.append(record)
                if record.list == nil { listsEveryName = true }
            case "summary":
                guard let summary = SummaryRecord(value) else {
                    throw ExpectationError(line: number, reason: "is a summary with a key missing or of the wrong type")
                }
                files.append(FileRecords(names: names, summary: summary))
                counted.append(Set(SummaryRecord.LaterKey.allCases.filter { value[$0.rawValue] != nil }))
                names = []
            case .some:
                continue
            case nil:
                throw ExpectationError(line: number, reason: "has no type")
            }
        }
        guard names.isEmpty else {
            throw ExpectationError(line: number, reason: "ends the file before the summary of its last capture")
        }
    }

    /// Compares a run with the earlier one and writes the differences.
    ///
    /// Files belong together when the last part of their paths is the same; those left over belong together in their order.
    /// Below a line `@@ FILE @@` there is a line for each record that differs: `-` and what was expected, or `+` and what was found.
    /// - Parameters:
    ///   - found: the records of this run, file by file.
    ///   - report: the form of the lines.
    ///   - output: where the lines go.
    /// - Returns: how many lines differ.
    package func appendDifferences(to found: [FileRecords], as report: ReplayReport, to output: inout [UInt8]) -> Int {
        var count = 0
        for (expected, found) in pairs(with: found) {
            let (missing, added) = differences(expected: expected, found: found)
            guard missing.isEmpty == false || added.isEmpty == false else { continue }
            let name = found?.summary.file ?? expected.map { files[$0].summary.file } ?? ""
            output.append(contentsOf: "@@ \(printable(name)) @@\n".utf8)
            for line in Self.merged(missing: missing, added: added) {
                output.append(UInt8(ascii: line.isExpected ? "-" : "+"))
                switch line.record {
                case .name(let record): report.append(record, to: &output)
                case .summary(let record): report.append(record, to: &output)
                }
                count += 1
            }
        }
        return count
    }

    private enum Record: Hashable {
        case name(NameRecord)
        case summary(SummaryRecord)

        /// Names stand by frame, the summary after them.
        var position: Int {
            switch self {
            case .name(let record): record.frame
            case .summary: .max
            }
        }
    }

    /// Indices of expected files beside the found ones, in the order found; files that are only expected come last.
    private func pairs(with found: [FileRecords]) -> [(expected: Int?, found: FileRecords?)] {
        var unmatched: [Substring: [Int]] = [:]
        for (index, file) in files.enumerated().reversed() {
            unmatched[Self.lastComponent(file.summary.file), default: []].append(index)
        }
        var partners = found.map { unmatched[Self.lastComponent($0.summary.file)]?.popLast() }
        var rest = unmatched.values.joined().sorted()[...]
        for index in partners.indices where partners[index] == nil { partners[index] = rest.popFirst() }
        return zip(partners, found).map { ($0, $1) } + rest.map { ($0, nil) }
    }

    private static func lastComponent(_ path: String) -> Substring {
        path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...]
    }

    private func differences(expected index: Int?, found: FileRecords?) -> (missing: [Record], added: [Record]) {
        var expectedSummary = index.map { files[$0].summary }
        var foundSummary = found?.summary
        if let index, let file = foundSummary?.file {
            // the path and what an earlier release did not count are no differences
            for key in SummaryRecord.LaterKey.allCases where !counted[index].contains(key) {
                foundSummary?.copy(key, to: &expectedSummary)
            }
            expectedSummary?.file = file
        }
        if expectedSummary == foundSummary { (expectedSummary, foundSummary) = (nil, nil) }

        let expectedNames = index.map { files[$0].names } ?? []
        let foundNames = found?.names ?? []
        return (
            missing: Self.names(expectedNames, without: foundNames) + (expectedSummary.map { [.summary($0)] } ?? []),
            added: Self.names(foundNames, without: expectedNames) + (foundSummary.map { [.summary($0)] } ?? [])
        )
    }

    /// The records of the first list that the second one lacks; a record that stands twice must be there twice.
    private static func names(_ records: [NameRecord], without others: [NameRecord]) -> [Record] {
        if records == others { return [] }
        var available: [NameRecord: Int] = [:]
        for other in others { available[other, default: 0] += 1 }
        var left: [Record] = []
        for record in records {
            if let count = available[record], count > 0 {
                available[record] = count - 1
            } else {
                left.append(.name(record))
            }
        }
        return left
    }

    /// Both lists in one, by frame, what was expected in a frame before what was found in it.
    private static func merged(missing: [Record], added: [Record]) -> [(isExpected: Bool, record: Record)] {
        var merged: [(isExpected: Bool, record: Record)] = []
        var rest = added[...]
        for record in missing {
            while let next = rest.first, next.position < record.position {
                merged.append((false, next))
                rest.removeFirst()
            }
            merged.append((true, record))
        }
        return merged + rest.map { (false, $0) }
    }
}

extension NameRecord {
    /// The record that a name line of `jsonl` output spells; nil where a key is missing or of the wrong type.
    init?(_ value: JSONValue) {
        guard
            let frame = value["frame"]?.integer, let inspectedProtocol = value["protocol"]?.string,
            let source = value["source"]?.string, let name = value["name"]?.string,
            let sourceAddress = value["src"]?.string, let sourcePort = value["sport"]?.integer,
            let destinationAddress = value["dst"]?.string, let destinationPort = value["dport"]?.integer,
            let verdict = value["verdict"]?.string, let list = value["list"],
            list == .null || list.string != nil,
            frame >= 0, (0...65_535).contains(sourcePort), (0...65_535).contains(destinationPort)
        else { return nil }
        self.init(
            frame: frame,
            inspectedProtocol: inspectedProtocol,
            source: source,
            name: name,
            sourceAddress: sourceAddress,
            sourcePort: sourcePort,
            destinationAddress: destinationAddress,
            destinationPort: destinationPort,
            verdict: verdict,
            list: list.string
        )
    }
}

extension SummaryRecord {
    /// The record that a summary line of `jsonl` output spells; nil where a key is missing or of the wrong type.
    init?(_ value: JSONValue) {
        guard
            let file = value["file"]?.string, let packets = value["packets"]?.integer,
            let names = value["names"]?.integer, let matches = value["matches"]?.integer,
            case .object(let causes)? = value["undecided"]
        else { return nil }
        self.init(file: file)
        self.packets = packets
        self.names = names
        self.matches = matches
        if let value = value["dropped"] {
            guard let dropped = value.integer else { return nil }
            self.dropped = dropped
        }
        if let value = value["events"] {
            guard let events = value.integer else { return nil }
            self.events = events
        }
        if let value = value["attempts"] {
            guard let attempts = value.integer else { return nil }
            self.attempts = attempts
        }
        guard let undecided = Self.counts(causes) else { return nil }
        self.undecided = undecided
        if case .object(let kinds)? = value["anomalies"] {
            guard let anomalies = Self.counts(kinds) else { return nil }
            self.anomalies = anomalies
        }
        if case .object(let kinds)? = value["encrypted_dns_flows"] {
            guard let encryptedDNSFlows = Self.counts(kinds) else { return nil }
            self.encryptedDNSFlows = encryptedDNSFlows
        }
    }

    /// A key that a summary of an earlier release may lack.
    enum LaterKey: String, CaseIterable {
        case events
        case attempts
        case dropped
        case anomalies
        case encryptedDNSFlows = "encrypted_dns_flows"
    }

    /// Gives `other` what this summary counts under a key.
    func copy(_ key: LaterKey, to other: inout SummaryRecord?) {
        switch key {
        case .events: other?.events = events
        case .attempts: other?.attempts = attempts
        case .dropped: other?.dropped = dropped
        case .anomalies: other?.anomalies = anomalies
        case .encryptedDNSFlows: other?.encryptedDNSFlows = encryptedDNSFlows
        }
    }

    /// The counts that are not zero; nil where one is no whole number.
    private static func counts(_ members: [String: JSONValue]) -> [String: Int]? {
        var counts: [String: Int] = [:]
        for (label, value) in members {
            guard let count = value.integer else { return nil }
            if count != 0 { counts[label] = count }
        }
        return counts
    }
}
