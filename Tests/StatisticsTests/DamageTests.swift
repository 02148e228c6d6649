import Figures
import Glibc
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import Statistics

@Suite("Damage to the store of statistics")
struct DamageTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder["statistics.db"]
    }

    /// The octets of a store with some hundred cells, closed and open.
    private func store() throws -> (file: [UInt8], log: [UInt8], beside: [UInt8]) {
        let writer = StatisticsWriter(.sample(path))
        for step in 1...40 {
            var reading = StatisticsReading(time: evening + Double(step) * 7_200, monotonic: Double(step) * 7_200)
            reading.packets = UInt64(step)
            reading.matches = Mechanism.allCases.map {
                MatchFigures(list: "police", mechanism: $0, action: "drop", events: UInt64(step), attempts: 1)
            }
            reading.lists = [StatisticsReading.List(id: "police", entries: 5)]
            writer.writeNow(reading)
        }
        let log = folder.content("statistics.db-wal") ?? []
        let beside = folder.content("statistics.db") ?? []
        writer.close()
        return (folder.content("statistics.db") ?? [], log, beside)
    }

    /// Writes to what is there, as long as it takes, and reads it: whatever is there, figures can be kept within two writes, and nothing
    /// traps.
    private func use(_ what: String) throws {
        let told = Mutex<[StatisticsWriter.Event]>([])
        let writer = StatisticsWriter(.sample(path)) { event in told.withLock { $0.append(event) } }
        var isWritten = false
        for step in 0..<3 {
            isWritten = writer.writeNow(
                StatisticsReading(time: evening + Double(step), monotonic: Double(step), packets: 1_000 + UInt64(step))
            )
        }
        let events = told.withLock { $0 }
        // A store that says that it is of a newer version, or of something else, is nobody's to set aside.
        let isRefused = events.contains { event in
            guard case .failing(let error) = event else { return false }
            return ["newer", "foreign"].contains(error.cause)
        }
        #expect(isWritten || isRefused, "\(what): \(events)")
        for name in folder.names where name.hasSuffix("-wal") == false && name.hasSuffix("-shm") == false {
            for length in PeriodLength.allCases { _ = try? StatisticsStore(folder[name], for: .reading).all(length) }
        }
        if isWritten {
            #expect(try StatisticsStore(path, for: .reading).all(.day).packets >= 1_002, "\(what)")
        }
        writer.close()
        for name in folder.names { unsafe unlink(folder[name]) }
    }

    @Test func `octets that were overwritten anywhere`() throws {
        let whole = try store().file
        #expect(whole.count > 20_000)
        var random = SeededRandom(seed: 8)
        for round in 0..<120 {
            var octets = whole
            // The header and the first page hold the tables: half of all faults are there.
            let end = round.isMultiple(of: 2) ? 4_096 : octets.count
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                octets[Int.random(in: 0..<end, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            try folder.write(octets, to: "statistics.db")
            try use("round \(round)")
        }
    }

    @Test func `a file that was cut at any length`() throws {
        let whole = try store().file
        for length in Array(0...120) + Array(stride(from: 121, to: whole.count, by: 1_021)) {
            try folder.write(Array(whole.prefix(length)), to: "statistics.db")
            try use("\(length) octets")
        }
    }

    @Test func `a log that was overwritten or cut`() throws {
        let (_, log, file) = try store()
        #expect(log.count > 20_000)
        var random = SeededRandom(seed: 9)
        for round in 0..<60 {
            var octets = Array(log.prefix(Int.random(in: 0...log.count, using: &random)))
            if round.isMultiple(of: 2), octets.isEmpty == false {
                octets[Int.random(in: octets.indices, using: &random)] ^= 0x55
            }
            try folder.write(file, to: "statistics.db")
            try folder.write(octets, to: "statistics.db-wal")
            try use("round \(round)")
        }
    }

    @Test func `what is no database at all`() throws {
        var random = SeededRandom(seed: 10)
        for size in [1, 15, 16, 99, 100, 512, 4_096, 65_536] {
            try folder.write((0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }, to: "statistics.db")
            try use("\(size) octets")
        }
    }

    @Test func `a damaged store is set aside with its name told, and three are kept`() throws {
        var names: [String] = []
        for round in 1...5 {
            try folder.write("no database, round \(round)", to: "statistics.db")
            let told = Mutex<[StatisticsWriter.Event]>([])
            let writer = StatisticsWriter(.sample(path)) { event in told.withLock { $0.append(event) } }
            #expect(writer.writeNow(StatisticsReading(time: evening, monotonic: 0, packets: 1)) == false)
            #expect(writer.writeNow(StatisticsReading(time: evening, monotonic: 1, packets: 2)))
            let kept = path + ".damaged-\(round)"
            #expect(told.withLock { $0.contains(.setAside(path: path, name: kept)) })
            #expect(try StatisticsStore(path, for: .reading).all(.day).packets == 2)
            writer.close()
            names = folder.names.filter { $0.contains("damaged") }
        }
        #expect(names == ["statistics.db.damaged-3", "statistics.db.damaged-4", "statistics.db.damaged-5"])
        #expect(folder.content("statistics.db.damaged-4") == Array("no database, round 4".utf8))
    }

    @Test func `damage while the store is open costs what the file held and no more`() throws {
        let writer = StatisticsWriter(.sample(path))
        var packets: UInt64 = 0
        for step in 0..<20 {
            packets += 1
            let elapsed = Double(step) * 10
            writer.writeNow(StatisticsReading(time: evening + elapsed, monotonic: elapsed, packets: packets))
            guard step == 10 else { continue }
            // Every page is overwritten, in the log, too.
            for name in ["statistics.db", "statistics.db-wal"] {
                let size = folder.content(name)?.count ?? 0
                let descriptor = unsafe open(folder[name], O_WRONLY)
                let noise = [UInt8](repeating: 0xA5, count: size)
                #expect(unsafe noise.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, size, 0) } == size)
                close(descriptor)
            }
        }
        #expect(writer.state.isFailing == false)
        let after = try StatisticsStore(path, for: .reading).all(.day).packets
        // Written before the damage: eleven at most, which are lost with the file or still there.
        #expect(after >= packets - 11 && after <= packets, "\(after) of \(packets)")
    }

    @Test func `a disk that damages each file drives none out that was kept`() throws {
        let writer = StatisticsWriter(.sample(path))
        for step in 0..<10 {
            try folder.write("no database \(step)", to: "statistics.db")
            #expect(
                writer.writeNow(StatisticsReading(time: evening, monotonic: Double(step), packets: UInt64(step)))
                    == false
            )
        }
        #expect(folder.names.filter { $0.contains("damaged") } == ["statistics.db.damaged-1"])
    }
}
