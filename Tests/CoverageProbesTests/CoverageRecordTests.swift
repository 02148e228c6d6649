import Figures
import ListFiles
import Telemetry
import TestSupport
import Testing

@testable import CoverageProbes

@Suite("Records of coverage")
struct CoverageRecordTests {
    static let day: Int64 = 1_790_812_800  // 2026-10-01

    static func record(
        at time: Int64 = day,
        list: String = "police",
        _ mechanism: Mechanism = .dnsUDP,
        blocked: Int = 2,
        passed: Int = 0,
        milliseconds: [Int] = [3, 9]
    ) -> CoverageRecord {
        CoverageRecord(
            time: time,
            list: list,
            mechanism: mechanism,
            version: 4,
            blocked: blocked,
            passed: passed,
            unclear: 1,
            milliseconds: milliseconds
        )
    }

    @Test func `a record is read as it was written, and names nothing`() throws {
        let record = Self.record()
        let line = String(decoding: record.line, as: UTF8.self)
        #expect(
            line
                == #"{"at":"2026-10-01T00:00:00Z","list":"police","mechanism":"dns_udp","ip":4,"blocked":2,"passed":0,"unclear":1,"ms":[3,9]}"#
                + "\n"
        )
        #expect(CoverageRecord(line: Array(record.line.dropLast())) == record)
    }

    @Test func `every prefix and every mutation of a line is the record it spells, or none`() {
        let line = Array(Self.record().line.dropLast())
        for length in 0..<line.count { #expect(CoverageRecord(line: Array(line[..<length])) == nil) }
        var random = SeededRandom(seed: 4)
        for _ in 0..<20_000 {
            var mutant = line
            mutant[Int.random(in: 0..<mutant.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            if let record = CoverageRecord(line: mutant) { #expect(record.line == mutant + [0x0A]) }
        }
    }

    @Test func `results come to counts by list, mechanism and version`() throws {
        let results = try ["192.0.2.1", "2001:db8::1"].flatMap { server in
            try ["a.test", "b.test", "c.test"].map { name in
                CoverageResult(
                    list: "police",
                    name: try TestName(undeclared: name),
                    route: Probe.Route(.tlsSNI, nil, try #require(ProbeAddress(server))),
                    verdict: name == "a.test" ? .blocked(.reset) : name == "b.test" ? .passed : .unclear(.noAnswer),
                    milliseconds: 7
                )
            }
        }
        let records = CoverageRecord.records(of: results, at: Self.day)
        #expect(records.map(\.version) == [4, 6])
        for record in records {
            #expect(record.blocked == 1 && record.passed == 1 && record.unclear == 1 && record.milliseconds == [7])
        }
        #expect(records.allSatisfy { String(decoding: $0.line, as: UTF8.self).contains("test") == false })
        #expect(CoverageReport(results).isComplete == false)
        #expect(CoverageReport(results).text.contains("police tls_sni: 2 of 4 blocked, 2 unclear  GAP"))
        #expect(CoverageReport([]).isComplete == false)
        #expect(CoverageReport(results).json.contains("192.0.2.1") == false)
    }

    @Test func `the file keeps whole lines of a year, and passes over damaged ones`() throws {
        let folder = try TemporaryFolder()
        let log = CoverageLog(folder["coverage.jsonl"])
        #expect(try log.loadIfPresent() == nil)
        try log.append([Self.record()], at: Self.day)
        try log.append([Self.record(at: Self.day + 86_400, blocked: 5)], at: Self.day + 86_400)
        #expect(try log.load().records.map(\.blocked) == [2, 5])

        var octets = try #require(folder.content("coverage.jsonl"))
        octets += Array("{\"at\":\"2026".utf8)
        try folder.write(octets, to: "coverage.jsonl")
        #expect(try log.load().damagedLines == 1)
        try log.append([Self.record(at: Self.day + 2 * 86_400)], at: Self.day + 2 * 86_400)
        #expect(try log.load() == CoverageLog.Contents(parsing: folder.content("coverage.jsonl") ?? []))
        #expect(try log.load().records.count == 3)

        try log.append([], at: Self.day + CoverageLog.retention)
        #expect(try log.load().records.map(\.time) == [Self.day + 86_400, Self.day + 2 * 86_400])
    }

    @Test func `figures are those of a period's records`() async throws {
        let records = [
            Self.record(), Self.record(at: Self.day + 60, blocked: 1, passed: 3, milliseconds: [20]),
            Self.record(at: Self.day + 90_000, .quicV2),
        ]
        let days = CoverageLog.figures(records, .day, from: Self.day, to: Self.day + 2 * 86_400)
        #expect(days.map(\.period.label) == ["2026-10-01", "2026-10-02"])
        #expect(
            days[0].coverage == [
                CoverageFigures(
                    list: "police",
                    mechanism: .dnsUDP,
                    probes: 6,
                    blocked: 3,
                    medianMilliseconds: 9,
                    longestMilliseconds: 20
                )
            ]
        )
        #expect(CoverageLog.figures(records, .month, from: Self.day, to: Self.day + 86_400)[0].coverage.count == 1)
    }
}
