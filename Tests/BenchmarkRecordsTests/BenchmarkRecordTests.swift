import TestSupport
import Testing

@testable import BenchmarkRecords
@testable import Figures
@testable import Telemetry

@Suite("Benchmark record")
struct BenchmarkRecordTests {
    @Test func `records are what the kept files have, octet for octet, and are read as they were`() throws {
        for record in try Sample.records() {
            try Golden.expect(String(decoding: record.encoded, as: UTF8.self), record.fileName)
            #expect(try BenchmarkRecord(parsing: record.encoded) == record)
        }
    }

    @Test func `the order in which figures come changes nothing`() throws {
        var random = SeededRandom(seed: 1)
        let expected = try Sample.records()[0].encoded
        for _ in 0..<20 {
            var figures = Sample.alpha()
            figures.lists.shuffle(using: &random)
            figures.matches.shuffle(using: &random)
            figures.anyAttempts.shuffle(using: &random)
            figures.coverage.shuffle(using: &random)
            figures.unblockSeconds.shuffle(using: &random)
            for index in figures.lists.indices { figures.lists[index].rejected.shuffle(using: &random) }
            #expect(try BenchmarkRecord(figures, member: "alpha", now: Sample.now).encoded == expected)
        }
    }

    @Test func `only whole days leave`() throws {
        for length in PeriodLength.allCases where length != .day {
            var figures = Sample.beta()
            figures.period = Period(length, containing: Sample.day * 86_400)
            #expect(throws: RecordRefusal.notADay(length)) {
                try BenchmarkRecord(figures, member: "beta", now: .max)
            }
        }
        let end = (Sample.day + 1) * 86_400
        #expect(throws: RecordRefusal.notOver(day: "2026-11-20")) {
            try BenchmarkRecord(Sample.beta(), member: "beta", now: end - 1)
        }
        #expect(throws: Never.self) { try BenchmarkRecord(Sample.beta(), member: "beta", now: end) }
    }

    @Test(arguments: ["", "Alpha", "alpha.test", "al pha", "al_pha", String(repeating: "a", count: 33), "ä"])
    func `a member that is no word is refused`(member: String) {
        #expect(throws: RecordRefusal.member(member)) {
            try BenchmarkRecord(Sample.beta(), member: member, now: Sample.now)
        }
    }

    @Test(arguments: ["planted.secret.test", "192.0.2.77", "2001:db8::77", "", "Police", "a b", "<script>", "a\"b"])
    func `a name or an address does not leave in place of a word`(planted: String) throws {
        var ways: [(RecordRefusal, PeriodFigures)] = []
        var figures = Sample.alpha()
        figures.lists[0].list = planted
        ways.append((.word(day: "2026-11-20", .list), figures))
        figures = Sample.alpha()
        figures.matches[0].list = planted
        ways.append((.word(day: "2026-11-20", .list), figures))
        figures = Sample.alpha()
        figures.coverage[0].list = planted
        ways.append((.word(day: "2026-11-20", .list), figures))
        figures = Sample.alpha()
        figures.matches[0].action = planted
        ways.append((.word(day: "2026-11-20", .action), figures))
        figures = Sample.alpha()
        figures.lists[0].rejected[0].reason = planted
        ways.append((.word(day: "2026-11-20", .reason), figures))
        figures = Sample.alpha()
        figures.market.id = planted
        ways.append((.market(day: "2026-11-20"), figures))
        for (refusal, figures) in ways {
            let thrown = #expect(throws: RecordRefusal.self) {
                try BenchmarkRecord(figures, member: "alpha", now: Sample.now)
            }
            #expect(thrown == refusal)
            if planted.isEmpty == false { #expect(thrown?.description.contains(planted) == false) }
        }
    }

    @Test func `no time finer than the day leaves`() throws {
        let record = try Sample.records()[0]
        let text = String(decoding: record.encoded, as: UTF8.self)
        for list in Sample.alpha().lists {
            for activation in list.activations {
                for time in [activation.issuedAt, activation.receivedAt, activation.activatedAt].compactMap(\.self) {
                    #expect(text.contains(String(time)) == false)
                    #expect(text.contains(String(time % 86_400)) == false)
                }
            }
        }
        // Neither a time of day nor a zone.
        #expect(text.contains(/\d\d:\d\d/) == false && text.contains(/\dT|\dZ/) == false)
        #expect(text.contains("1234567") == false, "subscribers are rounded")
    }

    @Test func `figures that no sensor has never trap`() throws {
        var random = SeededRandom(seed: 2)
        let doubles = [
            0, -1, .nan, .infinity, -.infinity, 1e300, 0.4, .greatestFiniteMagnitude, .leastNonzeroMagnitude,
        ]
        let numbers: [UInt64] = [0, 1, 9, 10, 12, 1 << 53, .max, .max - 1]
        for _ in 0..<300 {
            func double() -> Double { doubles.randomElement(using: &random) ?? 0 }
            func number() -> UInt64 { numbers.randomElement(using: &random) ?? 0 }
            let times: [Int64?] = [nil, .min, .max, 0, -1, Sample.now]
            func time() -> Int64? { times.randomElement(using: &random) ?? nil }
            var figures = Sample.alpha()
            figures.operation = OperationFigures(
                uptimeSeconds: double(),
                failOpenSeconds: double(),
                killSwitchSeconds: double(),
                queueDrops: number(),
                unseen: number()
            )
            figures.market.subscribers = [nil, -1, 0, 499, 500, .max].randomElement(using: &random) ?? nil
            figures.visibility.dnsNames = number()
            figures.unblockSeconds = [double(), double()]
            figures.lists[0].activations = [
                ActivationFigures(sequence: number(), issuedAt: time(), receivedAt: time(), activatedAt: time() ?? 0)
            ]
            figures.lists[0].staleSeconds = double()
            figures.lists[0].entries = number()
            for index in figures.matches.indices {
                figures.matches[index].events = number()
                figures.matches[index].attempts = number()
            }
            for index in figures.anyAttempts.indices { figures.anyAttempts[index].attempts = number() }
            figures.coverage[0].medianMilliseconds = double()
            figures.coverage[0].probes = number()
            figures.coverage[0].blocked = number()
            let record = try BenchmarkRecord(figures, member: "alpha", now: Sample.now)
            // What is written is always a record.
            #expect(try BenchmarkRecord(parsing: record.encoded) == record)
            let file = RecordFile(name: "a", octets: record.encoded)
            let comparison = try Comparison([file])
            #expect(comparison.text.isEmpty == false && comparison.picture.isEmpty == false)
        }
    }

    @Test(
        arguments: [
            (0, .none), (1, .few), (9, .few), (10, .about(10)), (12, .about(10)), (13, .about(15)), (17, .about(15)),
            (18, .about(20)), (UInt64.max, .about(PublishedCount.largest)),
        ] as [(UInt64, PublishedCount)]
    )
    func `counts are published in one of four forms`(count: UInt64, form: PublishedCount) throws {
        #expect(PublishedCount(count) == form)
    }

    @Test func `a count lies in the range of its form, and nowhere else`() throws {
        for count in UInt64(0)...1_000 {
            let range = try #require(PublishedCount(count).range)
            #expect(range.least <= count && count <= range.most)
            #expect(PublishedCount(range.least) == PublishedCount(count))
            #expect(PublishedCount(range.most) == PublishedCount(count))
        }
    }
}
