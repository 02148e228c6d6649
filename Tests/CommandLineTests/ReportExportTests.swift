import ArgumentParser
import BenchmarkRecords
import Figures
import Telemetry
import Testing

@testable import grindvakt

/// Figures that a test has made up.
private struct MadeUpFigures: FiguresSource {
    var periods: [PeriodFigures]

    func figures(_ length: PeriodLength, from: Int64, to: Int64, market: String?) async throws -> [PeriodFigures] {
        periods.filter {
            $0.period.length == length && $0.period.start >= from && $0.period.start < to
                && (market == nil || $0.market.id == market)
        }
    }

    /// Days from 2026-11-20 on, in two markets.
    static func days(_ count: Int64, attempts: UInt64 = 120) -> MadeUpFigures {
        MadeUpFigures(
            periods: (0..<count).flatMap { offset in
                ["no", "se"].map { market in
                    PeriodFigures(
                        period: Period(.day, containing: (20_777 + offset) * 86_400),
                        market: Market(id: market, subscribers: 40_000),
                        matches: [
                            MatchFigures(
                                list: "police",
                                mechanism: .dnsUDP,
                                action: "drop",
                                events: 500,
                                attempts: attempts
                            )
                        ],
                        anyAttempts: [AnyAttemptFigures(mechanism: .dnsUDP, action: "drop", attempts: attempts)]
                    )
                }
            }
        )
    }
}

@Suite("report export", .timeLimit(.minutes(10)))
struct ReportExportTests {
    /// 2026-11-23, noon.
    private static let now: Int64 = 20_780 * 86_400 + 43_200

    private func export(_ source: MadeUpFigures, _ arguments: String...) async throws -> RecordExport {
        let command = try ReportExportCommand.parse(["--member", "alpha", "-o", "."] + arguments)
        return try await command.export(from: source, now: Self.now)
    }

    @Test func `a file is written for each day and market, and yesterday's without a date`() async throws {
        let several = try await export(.days(2), "--from", "2026-11-20", "--to", "2026-11-22")
        #expect(
            several.files.map(\.name) == [
                "grindvakt-alpha-no-2026-11-20.json", "grindvakt-alpha-se-2026-11-20.json",
                "grindvakt-alpha-no-2026-11-21.json", "grindvakt-alpha-se-2026-11-21.json",
            ]
        )
        #expect(several.emptyDays.map(\.label) == ["2026-11-22"])
        let one = try await export(.days(3), "--market", "se")
        #expect(one.files.map(\.name) == ["grindvakt-alpha-se-2026-11-22.json"] && one.emptyDays.isEmpty)
    }

    @Test func `today is refused, and tomorrow`() async throws {
        for day in ["2026-11-23", "2026-11-24"] {
            await #expect(throws: RecordRefusal.notOver(day: day)) {
                try await export(.days(9), "--day", day)
            }
        }
        await #expect(throws: RecordRefusal.notOver(day: "2026-11-23")) {
            try await export(.days(9), "--from", "2026-11-20", "--to", "2026-11-24")
        }
    }

    @Test func `a day of two windows is refused as a whole`() async throws {
        var source = MadeUpFigures.days(1)
        var other = source.periods[0]
        other.attemptWindow = 10
        source.periods.append(other)
        await #expect(throws: RecordRefusal.twoWindows(day: "2026-11-20", market: "no")) {
            try await export(source, "--day", "2026-11-20")
        }
    }

    @Test func `what a reader would refuse does not leave`() async throws {
        var source = MadeUpFigures.days(1)
        let list = ListFigures(
            list: "police",
            activations: [],
            entries: 1,
            rejected: [],
            refusals: 0,
            staleSeconds: 0
        )
        source.periods[1].lists = [list, list]
        let refusal = await #expect(throws: RecordRefusal.self) { try await export(source, "--day", "2026-11-20") }
        #expect(refusal?.description.contains("lists[1]") == true)
    }

    @Test func `what is the same is left alone, and what differs stops everything`() async throws {
        try await Folder.with { folder in
            let first = try await export(.days(1), "--day", "2026-11-20")
            #expect(try ReportExportCommand.write(first, to: folder.path, replaces: false) == 0)
            #expect(try ReportExportCommand.write(first, to: folder.path + "/", replaces: false) == 0)
            let written = try await folder.content(first.files[0].name)
            #expect(written == first.files[0].octets)

            let other = try await export(.days(2, attempts: 900), "--from", "2026-11-20", "--to", "2026-11-21")
            let refusal = #expect(throws: Refusal.self) {
                try ReportExportCommand.write(other, to: folder.path, replaces: false)
            }
            #expect(refusal?.description.contains("grindvakt-alpha-no-2026-11-20.json: differs") == true)
            // Not even the files that are not in the way.
            let names = try await folder.names()
            #expect(names == first.files.map(\.name))
            #expect(try await folder.content(first.files[0].name) == first.files[0].octets)

            #expect(try ReportExportCommand.write(other, to: folder.path, replaces: true) == 0)
            #expect(try await folder.content(first.files[0].name) == other.files[0].octets)
            #expect(try await folder.names() == other.files.map(\.name).sorted())
        }
    }

    @Test func `nothing to export is an answer of its own`() async throws {
        try await Folder.with { folder in
            let nothing = try await export(.days(0), "--day", "2026-11-20")
            #expect(try ReportExportCommand.write(nothing, to: folder.path, replaces: false) == 1)
            #expect(try await folder.names() == [])
        }
    }

    @Test(arguments: [
        (["-o", "."], "--member"), (["--member", "alpha"], "-o"), (["--member", "Alpha", "-o", "."], "--member"),
        (["--member", "alpha", "-o", ".", "--day", "2026-11-20", "--from", "2026-11-20"], "--day"),
        (["--member", "alpha", "-o", ".", "--from", "2026-11-20"], "--to"),
        (["--member", "alpha", "-o", ".", "--from", "2026-11-21", "--to", "2026-11-20"], "exchange"),
        (["--member", "alpha", "-o", ".", "--day", "yesterday"], "--day"),
        (["--member", "alpha", "-o", ".", "--market", "SE"], "--market"),
    ])
    func `bad usage is one line that says what to do`(arguments: [String], word: String) async throws {
        let outcome = try await Program.run(["report", "export"] + arguments)
        #expect(outcome.isRefusal(2, word), "\(outcome)")
    }

    @Test func `the schema is printed`() async throws {
        let outcome = try await Program.run(["report", "export", "--schema"])
        #expect(outcome.status == 0 && outcome.output == RecordSchema.text)
    }
}

extension Folder {
    /// The octets of a file in the folder.
    fileprivate func content(_ name: String) async throws -> [UInt8] {
        Array(try await Program.run("/bin/cat", ["\(path)/\(name)"]).output.utf8)
    }

    /// The names in the folder, in order.
    fileprivate func names() async throws -> [String] {
        try await Program.run("/bin/ls", ["-A", path]).output.split(separator: "\n").map { String($0) }.sorted()
    }
}
