import GRDB

/// Why a store cannot be opened, written or read: one line that names the file, the fault and the mend.
package enum StatisticsError: Error, Equatable, Sendable, CustomStringConvertible {
    /// There is no such file.
    case missing(path: String)
    /// It is no store, or not all of one.
    case damaged(path: String, reason: String)
    /// It was written by a newer version.
    case newer(path: String)
    /// It is a database of something else.
    case foreign(path: String)
    /// There is no room for more.
    case full(path: String)
    /// Somebody else has held it for too long.
    case locked(path: String)
    /// It may only be read.
    case readOnly(path: String)
    /// Another file, or none, has its name now.
    case replaced(path: String)
    /// It cannot be used, for another reason.
    case unusable(path: String, reason: String)

    /// Whether nothing but another file mends it.
    var isDamage: Bool {
        if case .damaged = self { return true }
        return false
    }

    /// One word for it, of a closed set, for a log.
    package var cause: String {
        switch self {
        case .missing: "missing"
        case .damaged: "damaged"
        case .newer: "newer"
        case .foreign: "foreign"
        case .full: "full"
        case .locked: "locked"
        case .readOnly: "read-only"
        case .replaced: "replaced"
        case .unusable: "unusable"
        }
    }

    package var description: String {
        switch self {
        case .missing(let path): "\(path): there is no store of statistics; name the file of [statistics]"
        case .damaged(let path, let reason): "\(path): the store of statistics is damaged (\(reason)); move it away"
        case .newer(let path):
            "\(path): the store of statistics was written by a newer version; install that one, or move the file away"
        case .foreign(let path): "\(path): a database, but no store of statistics; name another file in [statistics]"
        case .full(let path): "\(path): the disk is full; make room"
        case .locked(let path): "\(path): another process holds the store of statistics; end it, or wait"
        case .readOnly(let path): "\(path): may only be read; let the sensor's user write the file and its folder"
        case .replaced(let path): "\(path): the file was moved away while it was open; it is opened anew"
        case .unusable(let path, let reason): "\(path): the store of statistics cannot be used: \(reason)"
        }
    }

    /// What an error of the database means for the file; what the file says is no part of it.
    init(_ path: String, _ error: any Error) {
        switch error {
        case let error as StatisticsError: self = error
        case let error as DatabaseError: self.init(path, error)
        // A value of another type than the column's, as nobody writes.
        case is RowDecodingError: self = .damaged(path: path, reason: "a value of another kind")
        default: self = .unusable(path: path, reason: "an error of the database library")
        }
    }

    private init(_ path: String, _ error: DatabaseError) {
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .damaged(path: path, reason: Self.reason(error))
        case .SQLITE_FULL: self = .full(path: path)
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .locked(path: path)
        case .SQLITE_READONLY, .SQLITE_PERM: self = .readOnly(path: path)
        default: self = .unusable(path: path, reason: Self.reason(error))
        }
    }

    private static func reason(_ error: DatabaseError) -> String {
        "\(error.message ?? "no reason given"), SQLite error \(error.extendedResultCode.rawValue)"
    }
}
