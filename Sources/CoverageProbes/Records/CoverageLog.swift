package import Figures
import Glibc
package import ListFiles
import Telemetry

/// The file that runs of probes are noted in: a line for each ``CoverageRecord``, those of a year, mode 0640.
package struct CoverageLog: Sendable {
    /// The file.
    package let path: String

    /// Seconds that a record is kept: a year and a quarter, so that a quarter can be certified long after its end.
    package static let retention: Int64 = 457 * 86_400

    /// Octets of the longest file; the oldest records go first.
    package static let limit = 32 << 20

    /// The file at this path.
    package init(_ path: String) {
        self.path = path
    }

    /// What a file holds.
    package struct Contents: Equatable, Sendable {
        /// The records, in the file's order.
        package var records: [CoverageRecord] = []
        /// Lines that are none; each costs itself alone.
        package var damagedLines = 0

        /// Reads lines.
        package init(parsing octets: [UInt8]) {
            for line in octets.split(separator: 0x0A) {
                if let record = CoverageRecord(line: Array(line)) {
                    records.append(record)
                } else {
                    damagedLines += 1
                }
            }
        }
    }

    /// What is noted; nothing where there is no file.
    package func load() throws(TrustError) -> Contents { try loadIfPresent() ?? Contents(parsing: []) }

    /// What is noted; nil where there is no file.
    package func loadIfPresent() throws(TrustError) -> Contents? {
        try SmallFile.readIfPresent(path, limit: Self.limit * 2).map { Contents(parsing: $0) }
    }

    /// Notes records, and forgets those that are too old: the file is replaced as a whole, or stays as it is.
    ///
    /// Runs that end at the same time wait for each other.
    /// - Parameters:
    ///   - records: what to note.
    ///   - now: seconds since 1970-01-01 UTC.
    /// - Throws: ``TrustError`` where the file cannot be read or written; it is then as it was.
    package func append(_ records: [CoverageRecord], at now: Int64) throws(TrustError) {
        let lock = try FileLock(path + ".lock")
        defer { lock.end() }
        let kept = try load().records.filter { now - $0.time < Self.retention } + records
        var lines = kept.map(\.line)
        var size = lines.reduce(0) { $0 + $1.count }
        var first = 0
        while size > Self.limit, first < lines.count {
            size -= lines[first].count
            first += 1
        }
        lines.removeFirst(first)
        try AtomicFile.write(lines.flatMap(\.self), to: path, mode: 0o640)
    }
}

extension CoverageLog: FiguresSource {
    /// What was found in each period, and nothing else: how the sensors ran is not in this file.
    package func figures(
        _ length: PeriodLength,
        from: Int64,
        to: Int64,
        market: String?
    ) async throws -> [PeriodFigures] {
        Self.figures(try load().records, length, from: from, to: to)
    }

    /// The figures of these records.
    package static func figures(
        _ records: [CoverageRecord],
        _ length: PeriodLength,
        from: Int64,
        to: Int64
    ) -> [PeriodFigures] {
        var byPeriod: [Period: [CoverageRecord]] = [:]
        for record in records where record.time >= from && record.time < to {
            byPeriod[Period(length, containing: record.time), default: []].append(record)
        }
        return byPeriod.sorted { $0.key.start < $1.key.start }.map { period, records in
            PeriodFigures(period: period, market: Market(id: "-"), coverage: coverage(of: records))
        }
    }

    /// What records come to, by list and mechanism. Probes that showed nothing are none.
    package static func coverage(of records: [CoverageRecord]) -> [CoverageFigures] {
        var figures: [CoverageFigures] = []
        for list in Set(records.map(\.list)).sorted() {
            for mechanism in Mechanism.allCases {
                let mine = records.filter { $0.list == list && $0.mechanism == mechanism }
                let blocked = mine.reduce(0) { $0 + $1.blocked }
                let passed = mine.reduce(0) { $0 + $1.passed }
                guard blocked + passed > 0 else { continue }
                let times = Distribution(mine.flatMap { $0.milliseconds.map(Double.init) })
                figures.append(
                    CoverageFigures(
                        list: list,
                        mechanism: mechanism,
                        probes: UInt64(blocked + passed),
                        blocked: UInt64(blocked),
                        medianMilliseconds: times?.median,
                        longestMilliseconds: times?.longest
                    )
                )
            }
        }
        return figures
    }
}

/// The right to write a file, held through a file beside it; waits for whoever holds it.
private struct FileLock {
    private let descriptor: CInt

    init(_ path: String) throws(TrustError) {
        // SAFETY: the string lives for the time of the call and ends in zero.
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard descriptor >= 0 else { throw TrustError(path, .unwritable(SystemCause(errno))) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else {
                let cause = SystemCause(errno)
                close(descriptor)
                throw TrustError(path, .unwritable(cause))
            }
        }
    }

    func end() {
        close(descriptor)
    }
}
