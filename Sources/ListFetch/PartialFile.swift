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

extension FetchError.Cause {
    /// A failure of the system at a file that is written.
    static func writing(_ path: String, _ error: any Error) -> Self {
        guard let error = error as? Errno else { return .unwritable(path: path, .ioError) }
        let fullDisk: [Errno] = [.noSpace, .diskQuotaExceeded, .fileTooLarge]
        return fullDisk.contains(error) ? .fullDisk : .unwritable(path: path, error)
    }
}
