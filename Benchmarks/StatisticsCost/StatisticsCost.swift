import Figures
import GRDB
import Glibc
import Statistics
import Telemetry

/// What the store of statistics costs: its size, and the time of a write and of each report.
///
///     StatisticsCost [DAYS]
///
/// Makes stores of a year (or so many days) of eight markets with ten lists each, six mechanisms and two actions in a folder of its own below
/// `TMPDIR`: one with the hours of the last 35 days, as a sensor keeps them, and one with all hours. The first and the last day are written
/// through the writer, whose writes of the last are timed; those between are copies of the first with other numbers. Each report is made five times on
/// a connection of its own, as a command does; the median is told. Printed is one `key value` a line.
@main
enum StatisticsCost {
    private static let markets = ["se", "no", "dk", "fi", "is", "ee", "lv", "lt"]
    private static let lists = 10
    private static let start = Period(.day, containing: 1_795_381_200).start

    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard arguments.count <= 1, let days = arguments.first.map({ Int($0) }) ?? 365, (2...3_660).contains(days)
        else {
            fail("usage: StatisticsCost [DAYS]; from 2 to 3660")
        }
        let folder = try makeFolder()
        defer { remove(folder) }
        for (name, kept) in [("usual", min(35, days)), ("all_hours", days)] {
            let path = "\(folder)/\(name).db"
            try fill(path, days: days, hours: kept, name)
            report("\(name)_file_octets", size(path))
            for length in PeriodLength.allCases {
                try read(path, length, from: 0, to: days, market: nil, "\(name)_\(length.rawValue)")
                try read(path, length, from: 0, to: days, market: "se", "\(name)_\(length.rawValue)_one_market")
            }
            try read(path, .hour, from: days - 1, to: days, market: nil, "\(name)_hours_of_a_day")
        }
    }

    private static func fill(_ path: String, days: Int, hours: Int, _ name: String) throws {
        let writers = markets.map { market in
            StatisticsWriter(
                StatisticsSettings(
                    path: path,
                    market: Market(id: market, access: .fixed, subscribers: 1_000_000),
                    hourRetention: 4_000,
                    dayRetention: 4_000
                )
            )
        }
        var totals = Totals(lists: lists)
        /// Writes a day as a sensor does, but an hour at a time.
        func write(day: Int) -> [Double] {
            var times: [Double] = []
            for hour in day * 24..<(day + 1) * 24 {
                totals.grow(hour)
                let elapsed = Double(hour) * 3_600
                let reading = totals.reading(time: Double(start) + elapsed + 1_800, monotonic: elapsed)
                for writer in writers {
                    let before = now()
                    guard writer.writeNow(reading) else { fail("\(path): a write failed") }
                    times.append(now() - before)
                }
            }
            for writer in writers { writer.close() }
            return times
        }
        _ = write(day: 0)
        let file = try DatabaseQueue(path: path)
        for day in 1..<days - 1 {
            try file.write { database in
                for (table, unit, isKept) in [("day", 1, true), ("hour", 24, day >= days - hours)] where isKept {
                    try database.execute(
                        sql: """
                            INSERT INTO \(table) (time, series, value)
                            SELECT time + ?, series, value + (series + ?) % 50 FROM \(table) WHERE time < ? ORDER BY time, series
                            """,
                        arguments: [day * unit, day, (Int(start) / 86_400 + 1) * unit]
                    )
                }
                try database.execute(
                    sql: """
                        INSERT INTO activation (scope, list, sequence, issued, received, activated)
                        SELECT scope, list, sequence + ?, issued + ?, received + ?, activated + ? FROM activation
                        WHERE activated < ?
                        """,
                    arguments: [day, day * 86_400, day * 86_400, day * 86_400, start + 86_400]
                )
            }
        }
        if hours < days {
            try file.write {
                try $0.execute(sql: "DELETE FROM hour WHERE time < ?", arguments: [Int(start) / 3_600 + 24])
            }
        }
        try file.close()
        let times = write(day: days - 1).sorted()
        report("\(name)_writes", times.count)
        report("\(name)_write_median_milliseconds", times[times.count / 2] * 1_000)
        report("\(name)_write_longest_milliseconds", times[times.count - 1] * 1_000)
    }

    private static func read(
        _ path: String,
        _ length: PeriodLength,
        from first: Int,
        to end: Int,
        market: String?,
        _ name: String
    ) throws {
        var times: [Double] = []
        var count = 0
        for _ in 0..<5 {
            let before = now()
            let store = try StatisticsStore(path, for: .reading)
            let (from, to) = (start + Int64(first) * 86_400, start + Int64(end) * 86_400)
            count = try store.figures(length, from: from, to: to, market: market).count
            store.close()
            times.append(now() - before)
        }
        report("\(name)_periods", count)
        report("\(name)_milliseconds", times.sorted()[2] * 1_000)
    }

    // MARK: Files and clocks

    private static func makeFolder() throws -> String {
        // SAFETY: the value ends in zero and is copied at once.
        let parent = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/statistics-cost-XXXXXX".utf8CString)
        // SAFETY: the buffer is the template alone, which ends in zero.
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer -> String? in
            guard let base = buffer.baseAddress, unsafe mkdtemp(base) != nil else { return nil }
            return unsafe String(cString: base)
        }
        guard let made else { fail("\(parent): no folder can be made in it") }
        return made
    }

    private static func remove(_ folder: String) {
        for name in ["usual", "all_hours"] {
            // SAFETY: the path is a string that outlives the call.
            for ending in ["", "-wal", "-shm"] { unsafe unlink("\(folder)/\(name).db\(ending)") }
        }
        // SAFETY: the path is a string that outlives the call.
        unsafe rmdir(folder)
    }

    private static func size(_ path: String) -> Int {
        var status = stat()
        // SAFETY: the path and the result outlive the call.
        return unsafe stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    private static func now() -> Double {
        var time = timespec()
        // SAFETY: `time` outlives the call.
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func report(_ key: String, _ value: some CustomStringConvertible) {
        print(key, value)
    }

    private static func fail(_ text: String) -> Never {
        let line = Array("StatisticsCost: \(text)\n".utf8)
        // SAFETY: the buffer is held while the call lasts.
        _ = unsafe line.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
        exit(2)
    }
}

/// Counters of a busy sensor.
private struct Totals {
    private var matches: [MatchFigures] = []
    private var any: [AnyAttemptFigures] = []
    private var lists: [StatisticsReading.List] = []
    private var packets: UInt64 = 0
    private var visibility = VisibilityFigures()
    private static let actions = ["drop", "nxdomain"]

    init(lists count: Int) {
        for list in 0..<count {
            lists.append(StatisticsReading.List(id: "list-\(list)", entries: 10_000))
            for mechanism in Mechanism.allCases {
                matches.append(
                    MatchFigures(
                        list: "list-\(list)",
                        mechanism: mechanism,
                        action: Self.actions[list % 2],
                        events: 0,
                        attempts: 0
                    )
                )
            }
        }
        for mechanism in Mechanism.allCases {
            for action in Self.actions {
                any.append(AnyAttemptFigures(mechanism: mechanism, action: action, attempts: 0))
            }
        }
    }

    mutating func grow(_ hour: Int) {
        packets += 40_000_000
        visibility.dnsNames += 1_000_000
        visibility.tlsNames += 2_000_000
        visibility.quicNames += 900_000
        visibility.dotFlows += 5_000
        for index in matches.indices {
            matches[index].events += UInt64(3 + (hour &* 7 &+ index &* 13) % 90)
            matches[index].attempts += UInt64(1 + (hour &+ index) % 40)
        }
        for index in any.indices { any[index].attempts += UInt64(1 + (hour &+ index) % 200) }
        // An update a day for each list.
        guard hour.isMultiple(of: 24) else { return }
        for index in lists.indices {
            let issued = 1_795_305_600 + Int64(hour) * 3_600
            lists[index].activation = ActivationFigures(
                sequence: UInt64(hour),
                issuedAt: issued,
                receivedAt: issued + 60,
                activatedAt: issued + 90
            )
        }
    }

    func reading(time: Double, monotonic: Double) -> StatisticsReading {
        StatisticsReading(
            time: time,
            monotonic: monotonic,
            packets: packets,
            visibility: visibility,
            matches: matches,
            anyAttempts: any,
            lists: lists
        )
    }
}
