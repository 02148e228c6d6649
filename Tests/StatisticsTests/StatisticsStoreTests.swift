import Figures
import Glibc
import Telemetry
import TestSupport
import Testing

@testable import Statistics

@Suite("Store of statistics")
struct StatisticsStoreTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder["statistics.db"]
    }

    /// What the store should have: sums by period start and series, kept the plain way.
    private struct Model {
        var cells: [Int64: [Series: UInt64]] = [:]

        func sum(_ period: Period, _ series: Series) -> UInt64 {
            cells.filter { ($0.key * 3_600) >= period.start && $0.key * 3_600 < period.end }
                .reduce(0) { $0 + ($1.value[series] ?? 0) }
        }
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `sums of hours, days, weeks and months are those of a plain model`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let store = try StatisticsStore(path)
        var models: [String: Model] = [:]
        var number: Int64 = 0
        let firstHour = Int64(evening) / 3_600
        for _ in 0..<200 {
            number += 1
            let market = ["se", "no", "fi"].randomElement(using: &random) ?? "se"
            let hour = firstHour + Int64.random(in: 0..<2_400, using: &random)
            var addition = Addition(hour: hour, process: 1, number: number)
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                let series = Series(
                    [.events, .attempts].randomElement(using: &random) ?? .events,
                    list: ["police", "interpol"].randomElement(using: &random) ?? "",
                    mechanism: Mechanism.allCases.randomElement(using: &random),
                    detail: ["drop", "observe"].randomElement(using: &random) ?? ""
                )
                addition.sums[series] = UInt64.random(in: 0...1_000_000, using: &random)
            }
            addition.sums[Series(.packets)] = UInt64.random(in: 1...9, using: &random)
            try store.add(addition, market: market, attemptWindow: 2)
            for (series, value) in addition.sums {
                models[market, default: Model()].cells[hour, default: [:]][series, default: 0] += value
            }
        }
        for length in PeriodLength.allCases {
            let figures = try store.all(length)
            #expect(figures.map(\.period.start) == figures.map(\.period.start).sorted())
            for (market, model) in models {
                let own = figures.filter { $0.market.id == market }
                let wanted = Set(model.cells.keys.map { Period(length, containing: $0 * 3_600) })
                #expect(Set(own.map(\.period)) == wanted && own.count == wanted.count)
                #expect(try store.all(length, market: market) == own)
                for figure in own {
                    #expect(figure.operation.packets == model.sum(figure.period, Series(.packets)))
                    for match in figure.matches {
                        let (list, mechanism, action) = (match.list, match.mechanism, match.action)
                        let events = Series(.events, list: list, mechanism: mechanism, detail: action)
                        let attempts = Series(.attempts, list: list, mechanism: mechanism, detail: action)
                        #expect(match.events == model.sum(figure.period, events))
                        #expect(match.attempts == model.sum(figure.period, attempts))
                    }
                    let names = figure.matches.map { "\($0.list) \($0.mechanism.rawValue) \($0.action)" }
                    #expect(names == names.sorted() && Set(names).count == names.count)
                }
                let total = own.flatMap(\.matches).reduce(0) { $0 + $1.events + $1.attempts }
                let modelled = model.cells.values.flatMap(\.self).filter { $0.key.measure != .packets }
                #expect(total == modelled.reduce(0) { $0 + $1.value })
            }
        }
    }

    @Test func `periods are whole and those without figures are left out`() throws {
        let store = try StatisticsStore(path)
        let noon = Int64(evening) - 9 * 3_600
        for (number, day) in [0, 1, 5].enumerated() {
            var addition = Addition(
                hour: (noon + Int64(day) * 86_400) / 3_600,
                process: 1,
                number: Int64(number) + 1
            )
            addition.sums[Series(.packets)] = 1
            try store.add(addition, market: "se", attemptWindow: 2)
        }
        let part = try store.figures(.day, from: noon + 100, to: noon + 86_400, market: nil)
        #expect(part.map(\.period.label) == ["2026-11-22", "2026-11-23"])
        #expect(try store.figures(.week, from: noon, to: noon + 1, market: nil).packets == 1)
        #expect(try store.figures(.month, from: noon, to: noon + 1, market: nil).packets == 3)
        #expect(try store.figures(.day, from: noon, to: noon, market: nil).isEmpty)
        #expect(try store.figures(.day, from: .min, to: .max, market: nil).count == 3)
        #expect(try store.figures(.day, from: 0, to: noon * 2, market: "no").isEmpty)
    }

    @Test func `the latest of a period counts for what is no sum`() throws {
        let store = try StatisticsStore(path)
        let hour = Int64(evening) / 3_600
        for (number, entries) in [UInt64(10), 30, 20].enumerated() {
            var addition = Addition(hour: hour + Int64(number), process: 1, number: Int64(number) + 1)
            addition.latest[Series(.entries, list: "police")] = entries
            // What the last edition has none of is not carried on from the ones before.
            if entries != 20 { addition.latest[Series(.rejected, list: "police", detail: "not_a_name")] = 3 }
            addition.latest[Series(.subscribers)] = entries * 1_000
            addition.latest[Series(.access)] = Access.mobile.number
            addition.sums[Series(.refusals, list: "police")] = 1
            try store.add(addition, market: "se", attemptWindow: 2)
        }
        let figures = try #require(try store.all(.month).first)
        #expect(figures.lists == [ListFigures(list: "police", entries: 20, refusals: 3)])
        #expect(figures.market == Market(id: "se", access: .mobile, subscribers: 20_000))
        let first = try #require(try store.all(.hour).first)
        #expect(first.lists.first?.rejected == [RejectedFigures(reason: "not_a_name", entries: 3)])
    }

    @Test func `markets and windows have figures of their own`() throws {
        let store = try StatisticsStore(path)
        for (number, (market, window)) in [("se", 2), ("se", 5), ("no", 2)].enumerated() {
            var addition = Addition(hour: Int64(evening) / 3_600, process: 1, number: Int64(number) + 1)
            addition.sums[Series(.packets)] = UInt64(number) + 1
            try store.add(addition, market: market, attemptWindow: window)
        }
        let figures = try store.all(.day)
        #expect(figures.map(\.market.id) == ["no", "se", "se"])
        #expect(figures.map(\.attemptWindow) == [2, 2, 5])
        #expect(figures.map(\.operation.packets) == [3, 1, 2])
    }

    @Test func `an update is an activation once`() throws {
        let store = try StatisticsStore(path)
        let now = Int64(evening)
        let first = ActivationFigures(sequence: 1, issuedAt: now - 900, receivedAt: now - 60, activatedAt: now)
        let second = ActivationFigures(sequence: 2, issuedAt: now - 10, activatedAt: now + 5)
        let returned = ActivationFigures(sequence: 1, issuedAt: now - 900, activatedAt: now + 9)
        let plain = ActivationFigures(activatedAt: now)
        for (number, figures) in [first, first, second, returned, plain, plain].enumerated() {
            var addition = Addition(hour: now / 3_600, process: 1, number: Int64(number) + 1)
            addition.activations = [(figures.sequence == nil ? "plain" : "police", figures)]
            try store.add(addition, market: "se", attemptWindow: number < 2 ? 2 : 5)
        }
        let lists = try store.all(.day).flatMap(\.lists)
        #expect(lists.filter { $0.list == "police" }.flatMap(\.activations) == [first, second])
        #expect(lists.filter { $0.list == "plain" }.flatMap(\.activations) == [plain])
    }

    @Test func `coverage, unblocking and test names are read as they were noted`() throws {
        let store = try StatisticsStore(path)
        let times: [Double?] = [4, 1, 9, nil, .infinity]
        let run = CoverageRun(
            identity: -1,
            time: Int64(evening) + 1_799,
            probes: times.map { time in
                CoverageProbe(list: "police", mechanism: .quicV1, isBlocked: time != nil, milliseconds: time)
            }
        )
        #expect(try store.record(coverage: [run], market: "se", attemptWindow: 2) == [run])
        // The file that it was noted in comes again, with another run.
        let other = CoverageRun(identity: .max, time: Int64(evening) + 3_600, probes: [])
        #expect(try store.record(coverage: [run, other], market: "se", attemptWindow: 2) == [other])
        var addition = Addition(hour: Int64(evening) / 3_600, process: 1, number: 1)
        addition.unblocks = [0.25, 0.5, .nan].map { Unblock(seconds: $0) } + [Unblock(seconds: 900, isRemoval: true)]
        addition.sums[Series(.testEvents, list: "police", mechanism: .dnsTCP)] = 7
        try store.add(addition, market: "se", attemptWindow: 2)
        let figures = try #require(try store.all(.hour).first)
        #expect(
            figures.coverage == [
                CoverageFigures(
                    list: "police",
                    mechanism: .quicV1,
                    probes: 5,
                    blocked: 4,
                    medianMilliseconds: 4,
                    longestMilliseconds: 9
                )
            ]
        )
        #expect(figures.unblockSeconds == [0.25, 0.5] && figures.removalSeconds == [900])
        #expect(figures.matches.isEmpty)
        #expect(figures.testMatches == [TestMatchFigures(list: "police", mechanism: .dnsTCP, events: 7)])
    }

    @Test func `values grow no larger than a database's numbers`() throws {
        let store = try StatisticsStore(path)
        for number in 1...Int64(1_100) {
            var addition = Addition(hour: 1, process: 1, number: number)
            addition.sums[Series(.packets)] = .max
            if number > 2, number < 1_099 { continue }
            try store.add(addition, market: "se", attemptWindow: 2)
        }
        #expect(try store.all(.month).packets <= UInt64(Int64.max))
    }

    @Test func `hours go after their time, their days stay, and days go after theirs`() throws {
        let store = try StatisticsStore(path)
        let today: Int64 = 20_000
        for day in 0..<Int64(100) {
            var addition = Addition(hour: (today - day) * 24 + 5, process: day, number: 1)
            addition.sums[Series(.packets)] = 1
            addition.unblocks = [Unblock(seconds: 1)]
            addition.activations = [
                ("police", ActivationFigures(sequence: UInt64(day), activatedAt: (today - day) * 86_400))
            ]
            try store.add(addition, market: "se", attemptWindow: 2)
        }
        for _ in 0..<20 { try store.prune(before: (today - 10) * 24, today - 50, most: 7) }
        #expect(try store.all(.hour).filter { $0.operation.packets > 0 }.count == 11)
        let days = try store.all(.day).filter { $0.operation.packets > 0 }
        #expect(days.count == 51 && days.packets == 51)
        #expect(days.first?.period == Period(.day, containing: (today - 50) * 86_400))
        #expect(try store.all(.month).flatMap(\.unblockSeconds).count == 51)
        // The hour of what is not added up goes with the hours.
        let old = try store.figures(.hour, from: (today - 40) * 86_400, to: (today - 39) * 86_400, market: nil)
        #expect(old.allSatisfy { $0.period.start % 86_400 == 0 })
    }

    @Test func `at most so many days go at once`() throws {
        let store = try StatisticsStore(path)
        for day in Int64(20_000)..<20_030 {
            var addition = Addition(hour: day * 24, process: 1, number: day)
            addition.sums[Series(.packets)] = 1
            try store.add(addition, market: "se", attemptWindow: 2)
        }
        try store.prune(before: 1_000_000_000, 40_000_000, most: 7)
        #expect(try store.all(.day).count == 23 && store.all(.hour).count == 23)
    }

    @Test func `only the owner writes and the group reads, the log too`() throws {
        let before = umask(0o077)
        defer { umask(before) }
        let store = try StatisticsStore(path)
        var addition = Addition(hour: 1, process: 1, number: 1)
        addition.sums[Series(.packets)] = 1
        try store.add(addition, market: "se", attemptWindow: 2)
        #expect(folder.names.contains("statistics.db-wal"))
        for name in folder.names {
            var status = stat()
            #expect(unsafe stat(folder[name], &status) == 0)
            #expect(status.st_mode & 0o7777 == 0o640, "\(name)")
        }
    }

    @Test func `two stores on one file add up, and readers see whole writes`() throws {
        let (one, other) = (try StatisticsStore(path), try StatisticsStore(path))
        let reader = try StatisticsStore(path, for: .reading)
        for number in 1...Int64(50) {
            for (process, store) in [(Int64(1), one), (2, other)] {
                var addition = Addition(hour: 1, process: process, number: number)
                addition.sums = [Series(.packets): 1, Series(.unseen): 1]
                try store.add(addition, market: "se", attemptWindow: 2)
                let figures = try #require(try reader.all(.day).first).operation
                #expect(figures.packets == figures.unseen)
            }
        }
        #expect(try reader.all(.hour).packets == 100)
        #expect(try one.lastNumber(of: 1) == 50 && one.lastNumber(of: 3) == nil)
    }

    @Test func `what is closed can be read where nothing can be written`() throws {
        let store = try StatisticsStore(path)
        var addition = Addition(hour: 1, process: 1, number: 1)
        addition.sums[Series(.packets)] = 3
        try store.add(addition, market: "se", attemptWindow: 2)
        store.close()
        #expect(folder.names == ["statistics.db"])
        #expect(try StatisticsStore(path, for: .reading).all(.day).packets == 3)
    }

    @Test func `a file that is moved away is not written to`() throws {
        let store = try StatisticsStore(path)
        #expect(unsafe rename(path, folder["elsewhere"]) == 0)
        #expect(throws: StatisticsError.replaced(path: path)) {
            try store.add(Addition(hour: 1, process: 1, number: 1), market: "se", attemptWindow: 2)
        }
    }
}
