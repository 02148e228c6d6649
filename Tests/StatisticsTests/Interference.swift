import GRDB
import Synchronization
import Telemetry

@testable import Statistics

// What other processes and faults do to a store.
extension StatisticsStore {
    /// Holds the store as another process does that writes.
    func hold(_ body: () throws -> Void) throws {
        try queue.inDatabase { database in
            try database.inTransaction(.immediate) {
                try body()
                return .rollback
            }
        }
    }

    /// Makes it one of a version that does not exist yet.
    func supersede() throws {
        try queue.write { database in
            try database.execute(
                sql: "INSERT INTO grdb_migrations (identifier) VALUES ('3'); PRAGMA user_version = 3"
            )
        }
        close()
    }

    /// Makes a database that is no store.
    static func makeOther(_ path: String) throws {
        let other = try DatabaseQueue(path: path)
        try other.write { try $0.execute(sql: "CREATE TABLE something (else_ INTEGER)") }
        try other.close()
    }
}

extension StatisticsWriter {
    /// Leaves the writer as an error of the disk does that does not say whether a write took place.
    func forgetEnd(of reading: StatisticsReading, _ isInStore: Bool) {
        let before = work.withLock { $0.written }
        if isInStore { writeNow(reading) }
        work.withLock { work in
            if isInStore == false { work.number += 1 }
            work.attempted = (work.number, reading.totals.merging(work.reckoned) { $1 }, 0)
            work.written = before
        }
    }
}
