import TestSupport
import Testing

@testable import BenchmarkRecords

@Suite("Reading of records")
struct RecordParsingTests {
    /// A member's record with one text in it put in the place of another.
    private func changed(_ old: String, _ new: String, of index: Int = 0) throws -> [UInt8] {
        let text = String(decoding: try Sample.records()[index].encoded, as: UTF8.self)
        let parts = text.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
        try #require(parts.count == 2, "\(old) is not in the record")
        return Array("\(parts[0])\(new)\(parts[1])".utf8)
    }

    private func fault(_ old: String, _ new: String, of index: Int = 0) throws -> RecordFault? {
        let octets = try changed(old, new, of: index)
        return #expect(throws: RecordFault.self, "\(new)") { try BenchmarkRecord(parsing: octets) }
    }

    @Test func `every prefix of a record is refused`() throws {
        let octets = try Sample.records()[0].encoded
        // The line feed at the end is not needed.
        for count in 0..<octets.count - 1 {
            #expect(throws: RecordFault.self) { try BenchmarkRecord(parsing: Array(octets.prefix(count))) }
        }
    }

    @Test func `every mutation of a record is refused, or is a record that is written as it reads`() throws {
        var random = SeededRandom(seed: 21)
        let octets = try Sample.records().map(\.encoded)
        let alphabet = Array("{}[]\":,<0123456789nulabc -.e\\\u{0}\u{1F}\u{7F}ä".utf8)
        var refused = 0
        for round in 0..<1_000 {
            var mutant = octets[round % 2]
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<mutant.count, using: &random)
                let octet = alphabet.randomElement(using: &random) ?? 0
                switch Int.random(in: 0..<3, using: &random) {
                case 0: mutant[place] = octet
                case 1: mutant.insert(octet, at: place)
                default: mutant.remove(at: place)
                }
            }
            do {
                let record = try BenchmarkRecord(parsing: mutant)
                #expect(try BenchmarkRecord(parsing: record.encoded) == record)
            } catch {
                refused += 1
                #expect(error.description.utf8.allSatisfy { (0x20..<0x7F).contains($0) })
            }
        }
        #expect(refused > 300)
    }

    @Test func `spaces, the order of members and escapes are free`() throws {
        let record = try Sample.records()[1]
        let text = String(decoding: record.encoded, as: UTF8.self)
        let dense = text.filter { $0.isWhitespace == false }
        #expect(try BenchmarkRecord(parsing: Array(dense.utf8)) == record)
        let escaped = dense.split(separator: "<10", omittingEmptySubsequences: false).joined(separator: "\\u003c10")
        #expect(escaped != dense)
        #expect(try BenchmarkRecord(parsing: Array(escaped.utf8)) == record)
        let moved = "{\"day\":\"2026-11-20\"," + dense.dropFirst().split(separator: "\"day\":\"2026-11-20\",").joined()
        #expect(try BenchmarkRecord(parsing: Array(moved.utf8)) == record)
    }

    @Test func `another schema and another version are told by name`() throws {
        #expect(try fault("grindvakt-benchmark-record", "other")?.problem == .otherSchema)
        let version = try fault("\"schema_version\": 1", "\"schema_version\": 2")
        #expect(version?.problem == .otherVersion(2) && version?.description.contains("schema version 2") == true)
        #expect(try fault("\"mode\": \"entry\"", "\"mode\": \"client\"")?.problem == .otherMode)
    }

    @Test(
        arguments: [
            ("\"sensors\": 1,", "\"sensors\": 1, \"extra\": 1,", "base", .unknown("extra")),
            ("\"sensors\": 1,", "\"sensors\": 1, \"planted.secret.test\": 1,", "base", .unknown(nil)),
            ("\"sensors\": 1,", "", "base", .missing("sensors")),
            ("\"sensors\": 1,", "\"sensors\": \"1\",", "base.sensors", .notAn("a whole number")),
            ("\"sensors\": 1,", "\"sensors\": 0,", "base.sensors", .outOfRange(least: 1, most: 1_000_000)),
            (
                "\"subscribers\": 1235000", "\"subscribers\": 1234567", "base.subscribers",
                .contradicts("no multiple of 1000")
            ),
            (
                "\"window_seconds\": 2", "\"window_seconds\": 0", "dedup.window_seconds",
                .outOfRange(least: 1, most: 3_600)
            ),
            ("\"day\": \"2026-11-20\"", "\"day\": \"2026-11-31\"", "day", .notADate),
            ("\"day\": \"2026-11-20\"", "\"day\": \"2026-11-20T10:00Z\"", "day", .notADate),
            ("\"member\": \"alpha\"", "\"member\": \"planted.secret.test\"", "member", .notAWord),
            ("\"access\": \"fixed\"", "\"access\": \"both\"", "base.access", .notAWord),
            ("\"mechanism\": \"quic_v1\"", "\"mechanism\": \"dns_udp\"", "coverage[1]", .twice),
            ("\"blocked\": 95", "\"blocked\": 97", "coverage[1].blocked", .contradicts("more blocked than probed")),
            ("\"list\": \"interpol\"", "\"list\": \"192.0.2.1\"", "lists[0].list", .notAWord),
            ("\"incomplete\": \"<10\"", "\"incomplete\": 7", "visibility.incomplete", .underThreshold),
            ("\"incomplete\": \"<10\"", "\"incomplete\": \"withheld\"", "visibility.incomplete", .notAWord),
            ("\"incomplete\": \"<10\"", "\"incomplete\": 12", "visibility.incomplete", .notRounded),
            (
                "\"dns_udp\": 14005", "\"dns_udp\": 50000", "attempts.cells[1].attempts.dns_udp",
                .contradicts("more attempts than events")
            ),
            (
                "\"dns_udp\": 14315", "\"dns_udp\": 99995", "attempts.any.dns_udp",
                .contradicts("not between the busiest list and the sum of all")
            ),
            ("\"tls_sni\": \"withheld\"", "\"tls_sni\": 615", "attempts.any.tls_sni", .tells),
        ] as [(String, String, String, RecordFault.Problem)]
    )
    func `what no record has is refused`(old: String, new: String, place: String, problem: RecordFault.Problem) throws {
        let fault = try fault(old, new)
        #expect(fault?.place == place && fault?.problem == problem, "\(String(describing: fault))")
        #expect(fault?.description.contains("secret") == false && fault?.description.contains("192.0.2") == false)
    }

    @Test(arguments: ["1.0", "-1", "01", "1e3", "9007199254740991", "99999999999999999999", "true", "+1", "0x1"])
    func `a number that is no whole one in range is refused`(number: String) throws {
        _ = try fault("\"sensors\": 1,", "\"sensors\": \(number),")
    }

    @Test func `a name twice, and depth without end, are refused`() throws {
        _ = try fault("\"sensors\": 1,", "\"sensors\": 1, \"sensors\": 1,")
        let deep = Array(String(repeating: "[", count: 1_000_000).utf8)
        #expect(throws: RecordFault.self) { try BenchmarkRecord(parsing: deep) }
        let long = [UInt8](repeating: 0x20, count: JSONTreeReader.mostOctets + 1)
        #expect(throws: RecordFault("", .tooLong(most: UInt64(JSONTreeReader.mostOctets)))) {
            try BenchmarkRecord(parsing: long)
        }
    }
}
