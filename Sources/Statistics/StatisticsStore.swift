import GRDB
import Glibc

/// Figures that outlast the sensor: an SQLite file with a write-ahead log.
///
/// Holds numbers by hour and day, list identifiers, and words of closed sets; nothing in it takes a domain name, a list entry or an address.
///
/// Guarantees: what a call wrote is on the disk when it returns, all of it or nothing; several processes may write and read at once, each call
/// waiting two seconds at most for another one's; whatever the file holds, a call returns or throws. Calls wait for the disk: never make one where
/// a packet waits.
package final class StatisticsStore: Sendable {
    /// What a store is opened for.
    package enum Purpose: Sendable {
        /// To be written, and made where it is not there.
        case writing
        /// To be read; the file must be there.
        case reading
    }

    /// The file.
    package let path: String

    let queue: DatabaseQueue
    let identity: FileIdentity

    /// How long a call waits while another process writes, in seconds.
    private static let patience = 2.0

    /// Opens a store, and looks at all of it where it is to be written.
    ///
    /// - Parameters:
    ///   - path: the file; those of its log lie beside it.
    ///   - purpose: what for.
    /// - Throws: ``StatisticsError/damaged(path:reason:)`` where it is damaged, and other errors as they say.
    package init(_ path: String, for purpose: Purpose = .writing) throws(StatisticsError) {
        self.path = path
        if purpose == .writing { try Self.make(path) }
        guard let identity = FileIdentity(path) else { throw .missing(path: path) }
        self.identity = identity
        do {
            var configuration = Configuration()
            configuration.busyMode = .timeout(Self.patience)
            configuration.readonly = purpose == .reading
            configuration.journalMode = .wal
            configuration.foreignKeysEnabled = false
            configuration.label = "statistics"
            queue = try DatabaseQueue(path: path, configuration: configuration)
        } catch {
            throw StatisticsError(path, error)
        }
        do {
            if purpose == .writing {
                try prepare()
            } else {
                try queue.read { database in try refuseOthers(database, mayBeEmpty: false) }
            }
        } catch {
            try? queue.close()
            throw StatisticsError(path, error)
        }
    }

    /// Closes the file; the log is brought into it where nobody else has it open.
    package func close() {
        try? queue.close()
    }

    /// Refuses to go on with a file that no longer has the name.
    func refuseReplaced() throws(StatisticsError) {
        guard FileIdentity(path) == identity else { throw .replaced(path: path) }
    }

    /// Makes an empty file that its group may read; its log takes the same permissions.
    private static func make(_ path: String) throws(StatisticsError) {
        let mode: mode_t = 0o640
        // SAFETY: the path is a string that outlives the call.
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else {
            let code = errno
            switch code {
            // There is one already. It must not be opened and closed here: that would take the locks of another connection of this process.
            case EEXIST: return
            case ENOSPC, EDQUOT: throw .full(path: path)
            case EACCES, EROFS, EPERM: throw .readOnly(path: path)
            case ENOENT: throw .unusable(path: path, reason: "its folder is missing; create it")
            default: throw .unusable(path: path, reason: "it cannot be made, error \(code)")
            }
        }
        // The mask of the process is no concern of the group that is to read it.
        fchmod(descriptor, mode)
        Glibc.close(descriptor)
    }

    private func prepare() throws {
        try queue.writeWithoutTransaction { database in
            // An octet that was turned over must not lead a read out of its page.
            try database.execute(sql: "PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF")
            try refuseDamage(database)
            try refuseOthers(database, mayBeEmpty: true)
            // Each write is brought to the disk: at one in eight seconds a loss of power may cost no more than a kill. What is deleted is overwritten.
            try database.execute(
                sql: "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA journal_size_limit = 4194304"
            )
        }
        try Self.migrator.migrate(queue)
        let wanted = try DatabaseQueue()
        try Self.migrator.migrate(wanted)
        let schemas = try (queue.read(Self.schema), wanted.read(Self.schema))
        guard schemas.0 == schemas.1 else { throw StatisticsError.damaged(path: path, reason: "other tables") }
    }

    private func refuseDamage(_ database: Database) throws {
        let answer = try String.fetchAll(database, sql: "PRAGMA quick_check(1)")
        guard answer == ["ok"] else { throw StatisticsError.damaged(path: path, reason: "its check found faults") }
        // The quick check does not compare an index with its table; those that have one are small.
        for table in ["scope", "series"] where try database.tableExists(table) {
            let answer = try String.fetchAll(database, sql: "PRAGMA integrity_check(\(table))")
            guard answer == ["ok"] else { throw StatisticsError.damaged(path: path, reason: "an index is wrong") }
        }
    }

    /// Refuses what a newer version or another program has made.
    private func refuseOthers(_ database: Database, mayBeEmpty: Bool) throws {
        let version = try Int64.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        let isOurs = try database.tableExists("scope") && database.tableExists("series")
        let isEmpty = try Self.schema(database).isEmpty
        guard isOurs || (isEmpty && mayBeEmpty) else { throw StatisticsError.foreign(path: path) }
        let isSuperseded = try Self.migrator.hasBeenSuperseded(database)
        switch (isSuperseded, version > Self.version) {
        case (true, true): throw StatisticsError.newer(path: path)
        case (false, false): break
        default: throw StatisticsError.damaged(path: path, reason: "two versions are stated")
        }
    }
}
