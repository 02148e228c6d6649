import Glibc
import SystemPackage

/// A file that is being written and has no place yet.
///
/// Guarantees: made anew, never through a link that lies in its way; it takes a place whole or not at all.
/// Used by one task at a time.
final class PartialFile: Sendable {
    /// Where it is until it is put into place.
    let path: String
    private let descriptor: FileDescriptor

    /// Makes the file, empty and readable by its owner alone, in place of what an ended fetch has left there.
    init(path: String) throws(FetchError.Cause) {
        self.path = path
        removeFile(path)
        do {
            descriptor = try FileDescriptor.open(
                FilePath(path),
                .readWrite,
                options: [.create, .exclusiveCreate, .closeOnExec, .noFollow],
                permissions: .ownerReadWrite
            )
        } catch {
            throw .writing(path, error)
        }
    }

    deinit { try? descriptor.close() }

    /// Empties the file, for another attempt.
    func empty() throws(FetchError.Cause) {
        do {
            try descriptor.resize(to: 0)
            try descriptor.seek(offset: 0, from: .start)
        } catch {
            throw .writing(path, error)
        }
    }

    /// Writes at the end.
    func write(_ bytes: UnsafeRawBufferPointer) throws(FetchError.Cause) {
        do {
            // SAFETY: the caller's buffer lives for the time of the call, and write only reads from it.
            _ = unsafe try descriptor.writeAll(bytes)
        } catch {
            throw .writing(path, error)
        }
    }

    /// Removes the file.
    func remove() { removeFile(path) }

    /// Makes the file ready to take the place of `destination`: what was written is on the disk, and it has the owner and group that the
    /// file in that place has, and its mode unless another is given; without such a file the folder's owner and group, and mode 0640.
    func prepare(for destination: String, mode: FilePermissions? = nil) throws(FetchError.Cause) {
        let present = try? FilePath(destination).stat(followTargetSymlink: false)
        let model = present?.type == .regular ? present : nil
        takeOwner(of: model, destination: destination)
        let kept = model?.permissions.intersection([.ownerReadWrite, .groupReadWrite, .otherRead])
        let permissions = mode ?? kept ?? [.ownerReadWrite, .groupRead]
        guard fchmod(descriptor.rawValue, permissions.rawValue) == 0, fsync(descriptor.rawValue) == 0 else {
            throw .writing(path, Errno(rawValue: errno))
        }
    }

    /// Puts the file, prepared before, in the place of `destination`, at once.
    ///
    /// The caller makes the folder's entry durable with `synchronizeFolder`.
    /// - Returns: what identifies the file from now on.
    func place(at destination: String) throws(FetchError.Cause) -> FileIdentity {
        // SAFETY: both strings live for the time of the call and end in zero.
        guard unsafe rename(path, destination) == 0 else { throw .writing(destination, Errno(rawValue: errno)) }
        guard let identity = FileIdentity(path: destination) else {
            throw .unwritable(path: destination, .noSuchFileOrDirectory)
        }
        return identity
    }

    /// A fetch that root starts by hand must not leave files that the unprivileged one cannot replace, nor the sensor read.
    private func takeOwner(of model: Stat?, destination: String) {
        guard let model = model ?? (try? FilePath(folder(of: destination)).stat()) else { return }
        // Only root may give files away; for everyone else they belong to whom they should already.
        _ = fchown(descriptor.rawValue, model.userID.rawValue, model.groupID.rawValue)
    }
}

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

/// Makes the entries of a file's folder durable.
func synchronizeFolder(of path: String) throws(FetchError.Cause) {
    do {
        let descriptor = try FileDescriptor.open(
            FilePath(folder(of: path)),
            .readOnly,
            options: [.directory, .closeOnExec]
        )
        defer { try? descriptor.close() }
        guard fsync(descriptor.rawValue) == 0 else { throw Errno(rawValue: errno) }
    } catch {
        throw .writing(folder(of: path), error)
    }
}

/// Removes a file if it is there.
func removeFile(_ path: String) {
    // SAFETY: the string lives for the time of the call and ends in zero.
    _ = unsafe unlink(path)
}

/// The folder of a path.
func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}

private func name(of path: String) -> Substring { path.split(separator: "/").last ?? "" }

extension FetchError.Cause {
    /// A failure of the system at a file that is written.
    static func writing(_ path: String, _ error: any Error) -> Self {
        guard let error = error as? Errno else { return .unwritable(path: path, .ioError) }
        let fullDisk: [Errno] = [.noSpace, .diskQuotaExceeded, .fileTooLarge]
        return fullDisk.contains(error) ? .fullDisk : .unwritable(path: path, error)
    }
}
