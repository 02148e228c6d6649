import Glibc
import SystemPackage

/// The folder `.fetch` beside a destination: the lock, the record and the unfinished files of its fetches.
///
/// In a folder of their own they never look like lists, and who watches the lists' folder sees whole files arrive and nothing else.
struct WorkFolder: Sendable {
    private let destination: String

    /// Makes the folder where it is missing.
    init(for destination: String) throws(FetchError.Cause) {
        self.destination = destination
        guard !destination.hasSuffix("/"), !name(of: destination).isEmpty, !destination.utf8.contains(0) else {
            throw .unwritable(path: destination, .isDirectory)
        }
        // SAFETY: the string lives for the time of the call and ends in zero.
        if unsafe mkdir(path, 0o700) == 0 {
            if let status = try? FilePath(folder(of: destination)).stat() {
                // SAFETY: as above; only root may give a folder away, for everyone else it belongs to whom it should already.
                _ = unsafe lchown(path, status.userID.rawValue, status.groupID.rawValue)
            }
        } else if errno != EEXIST {
            throw .writing(path, Errno(rawValue: errno))
        }
    }

    private var path: String { folder(of: destination) + "/.fetch" }

    /// Where the list is written before it is put into place.
    var list: String { "\(path)/\(name(of: destination)).list" }

    /// Where its signature is written before it is put into place.
    var signature: String { "\(path)/\(name(of: destination)).signature" }

    /// Where the record of the last accepted fetch is.
    var record: String { "\(path)/\(name(of: destination)).record" }

    private var newRecord: String { "\(path)/\(name(of: destination)).new-record" }

    private var lock: String { "\(path)/\(name(of: destination)).lock" }

    /// Removes what a fetch has left that was killed. Only for whoever holds the lock.
    func removeLeftovers() {
        for path in [list, signature, newRecord] { removeFile(path) }
    }

    /// Takes the lock; it is held until `release` is called, by the end of the process at the latest.
    func acquireLock() throws(FetchError.Cause) -> FileDescriptor {
        let descriptor: FileDescriptor
        do {
            descriptor = try FileDescriptor.open(
                FilePath(lock),
                .readWrite,
                options: [.create, .closeOnExec, .noFollow],
                permissions: .ownerReadWrite
            )
        } catch {
            throw .writing(lock, error)
        }
        if let status = try? FilePath(folder(of: destination)).stat() {
            _ = fchown(descriptor.rawValue, status.userID.rawValue, status.groupID.rawValue)
        }
        guard flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 else {
            let error = Errno(rawValue: errno)
            try? descriptor.close()
            throw error == .wouldBlock ? .busy : .writing(lock, error)
        }
        return descriptor
    }

    /// Gives the lock back.
    func release(_ lock: FileDescriptor) {
        // Closing is not enough: a child that another thread is just starting has the descriptor too, until it becomes its program.
        _ = flock(lock.rawValue, LOCK_UN)
        try? lock.close()
    }

    /// The record of the last accepted fetch; nil where there is none or it is damaged.
    func readRecord() -> FetchRecord? {
        guard
            let descriptor = try? FileDescriptor.open(FilePath(record), .readOnly, options: [.closeOnExec, .noFollow])
        else { return nil }
        defer { try? descriptor.close() }
        var bytes = [UInt8](repeating: 0, count: FetchRecord.maximumSize + 1)
        var count = 0
        while count < bytes.count {
            // SAFETY: the buffer is the array's own and is written within its bounds alone.
            let read = try? unsafe bytes.withUnsafeMutableBytes { buffer in
                try unsafe descriptor.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
            }
            guard let read else { return nil }
            guard read > 0 else { break }
            count += read
        }
        guard count <= FetchRecord.maximumSize else { return nil }
        return String(validating: bytes[..<count], as: UTF8.self).flatMap(FetchRecord.init(parsing:))
    }

    /// Puts a record in the place of the one before.
    func write(_ new: FetchRecord) throws(FetchError.Cause) {
        let file = try PartialFile(path: newRecord)
        do throws(FetchError.Cause) {
            let text = Array(new.text.utf8)
            // SAFETY: the array's octets live for the time of the closure.
            try unsafe text.span.withUnsafeBytes { octets throws(FetchError.Cause) in try unsafe file.write(octets) }
            try file.prepare(for: record, mode: .ownerReadWrite)
            _ = try file.place(at: record)
            try synchronizeFolder(of: record)
        } catch {
            file.remove()
            throw error
        }
    }

    /// Forgets the record, to stay.
    func removeRecord() throws(FetchError.Cause) {
        removeFile(record)
        try synchronizeFolder(of: record)
    }
}

private func name(of path: String) -> Substring { path.split(separator: "/").last ?? "" }
