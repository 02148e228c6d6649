import Glibc

/// A file that appears as a whole or not at all.
///
/// The octets go to a file beside the target, which has no name where the file system knows such, so that a process that is killed leaves
/// nothing behind. ``commit()`` brings them to the disk and puts them in the target's place in one step: whoever opens the target finds the
/// old content or the new one, after a crash, too. A value that goes away without that leaves the target as it was.
package struct AtomicFile: ~Copyable {
    /// What to do about a file that is there already.
    package enum Existing: Sendable {
        /// The new one takes its place; at the end of a symbolic link where the path is one.
        case replace
        /// It stays, and committing fails with ``TrustFault/exists``.
        case keep
    }

    /// The path as the caller named it.
    private let path: String
    private let existing: Existing
    private let target: String
    private let folder: String
    private var temporary: Temporary
    private var buffer: [UInt8] = []

    /// The file that the octets go to until it is whole.
    private struct Temporary: ~Copyable {
        let file: OpenFile
        /// Where it is; nil while it has no name.
        var path: String?
    }

    /// Octets that are gathered before they are written.
    private static let bufferSize = 1 << 18

    /// Starts a file.
    ///
    /// - Parameters:
    ///   - path: where it is to appear.
    ///   - mode: the permissions it gets, whatever the umask is.
    ///   - existing: what is to happen to a file that is there already.
    /// - Throws: ``TrustError``, with nothing left behind.
    package init(_ path: String, mode: UInt32, existing: Existing = .replace) throws(TrustError) {
        let target = try Self.resolve(path, existing)
        let folder = Self.folder(of: target)
        temporary = try Self.create(path, in: folder, beside: target, mode: mode_t(mode))
        self.path = path
        self.existing = existing
        self.target = target
        self.folder = folder
    }

    deinit {
        if let path = temporary.path { Self.remove(path) }
    }

    /// Writes a whole file at once.
    package static func write(
        _ content: [UInt8],
        to path: String,
        mode: UInt32,
        existing: Existing = .replace
    ) throws(TrustError) {
        var file = try AtomicFile(path, mode: mode, existing: existing)
        try file.append(content.span)
        try file.commit()
    }

    /// Appends octets.
    package mutating func append(_ bytes: Span<UInt8>) throws(TrustError) {
        if buffer.count + bytes.count > Self.bufferSize { try flush() }
        if bytes.count >= Self.bufferSize { return try write(bytes) }
        // SAFETY: the pointer covers `bytes`, which are copied before the call ends.
        unsafe bytes.withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
    }

    /// Appends words in the machine's order of octets, as a program that maps the file finds them.
    package mutating func append(words: Span<UInt64>) throws(TrustError) {
        // SAFETY: a word of 64 bits has no padding; the octets live as long as the words they are borrowed from.
        try append(unsafe Span<UInt8>(_bytes: words.bytes))
    }

    /// Writes octets at a place that was appended before, such as a header that is known only at the end.
    package mutating func overwrite(_ bytes: Span<UInt8>, at offset: Int) throws(TrustError) {
        try flush()
        do throws(SystemCause) {
            try temporary.file.write(bytes, at: Int64(offset))
        } catch {
            throw TrustError(path, .unwritable(error))
        }
    }

    /// Appends `count` octets of another open file from `offset` on.
    mutating func append(_ count: Int, of descriptor: CInt, from offset: Int64) throws(TrustError) {
        try flush()
        do throws(SystemCause) {
            try temporary.file.write(count, of: descriptor, from: offset)
        } catch {
            throw TrustError(path, .unwritable(error))
        }
    }

    /// What everything that was appended can be read from, and mapped, before it appears; open as long as the file is not committed.
    mutating func readableDescriptor() throws(TrustError) -> CInt {
        try flush()
        return temporary.file.descriptor
    }

    private mutating func flush() throws(TrustError) {
        try write(buffer.span)
        buffer.removeAll(keepingCapacity: true)
    }

    private func write(_ bytes: Span<UInt8>) throws(TrustError) {
        do throws(SystemCause) {
            try temporary.file.write(bytes)
        } catch {
            throw TrustError(path, .unwritable(error))
        }
    }

    /// Brings everything to the disk and puts the file in its place.
    ///
    /// - Throws: ``TrustError``; the target is then as it was before.
    package consuming func commit() throws(TrustError) {
        try flush()
        do throws(SystemCause) {
            try temporary.file.synchronize()
            let directory = try OpenFile(folder, O_RDONLY | O_DIRECTORY)
            // Two processes must not put their files under one name on the way to the target.
            try directory.lock()
            switch existing {
            case .replace: try replace()
            case .keep: try appear()
            }
            // A file system that cannot do this for folders is let be: the new file is there, whole.
            try? directory.synchronize()
        } catch {
            throw TrustError(path, existing == .keep && error.number == EEXIST ? .exists : .unwritable(error))
        }
    }

    private mutating func replace() throws(SystemCause) {
        if temporary.path == nil {
            let name = Self.beside(target, "new")
            // Left behind by a process that was killed just here.
            Self.remove(name)
            try giveName(name)
            temporary.path = name
        }
        guard let from = temporary.path else { return }
        // SAFETY: both strings live for the time of the call and end in zero.
        guard unsafe rename(from, target) == 0 else { throw SystemCause(errno) }
        temporary.path = nil
    }

    /// Lets the file appear where there is none.
    private mutating func appear() throws(SystemCause) {
        guard let from = temporary.path else { return try giveName(target) }
        // SAFETY: both strings live for the time of the call and end in zero.
        guard unsafe link(from, target) == 0 else { throw SystemCause(errno) }
    }

    /// Lets the file without a name have one that no file has.
    private func giveName(_ name: String) throws(SystemCause) {
        // SAFETY: both strings live for the time of the call and end in zero.
        guard unsafe linkat(AT_FDCWD, Self.nameless(temporary.file.descriptor), AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0
        else { throw SystemCause(errno) }
    }

    /// Where the system shows an open file that has no name.
    private static func nameless(_ descriptor: CInt) -> String { "/proc/self/fd/\(descriptor)" }

    /// The path to be replaced: the end of a symbolic link, and never a folder, a device or a pipe.
    private static func resolve(_ path: String, _ existing: Existing) throws(TrustError) -> String {
        var status = stat()
        // SAFETY: the string lives for the time of the call and ends in zero; `status` is a whole `stat` to be filled.
        guard unsafe stat(path, &status) == 0 else { return path }
        guard existing == .replace else { throw TrustError(path, .exists) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw TrustError(path, .notAFile) }
        // SAFETY: as above; the result is nil or a string to be freed, once, here.
        guard let resolved = unsafe realpath(path, nil) else { throw TrustError(path, .unwritable(SystemCause(errno))) }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    /// A hidden file of the target's folder, with the target's name in its own.
    private static func beside(_ target: String, _ ending: String) -> String {
        let name = target.lastIndex(of: "/").map { target.index(after: $0) } ?? target.startIndex
        return "\(target[..<name]).\(target[name...]).\(ending)"
    }

    private static func folder(of target: String) -> String {
        guard let slash = target.lastIndex(of: "/") else { return "." }
        return slash == target.startIndex ? "/" : String(target[..<slash])
    }

    private static func create(
        _ path: String,
        in folder: String,
        beside target: String,
        mode: mode_t
    ) throws(TrustError) -> Temporary {
        do throws(SystemCause) {
            let temporary = try create(in: folder, beside: target)
            do throws(SystemCause) {
                try temporary.file.setMode(mode)
                return temporary
            } catch {
                if let path = temporary.path { remove(path) }
                throw error
            }
        } catch {
            throw TrustError(path, .unwritable(error))
        }
    }

    /// A new file that only its owner can read: one without a name where the system knows such.
    private static func create(
        in folder: String,
        beside target: String
    ) throws(SystemCause) -> Temporary {
        // O_TMPFILE, whose definition is no plain number and so is not imported
        let withoutName: CInt = 0o20_000_000 | O_DIRECTORY
        if let file = try? OpenFile(folder, O_RDWR | withoutName, mode: 0o600) {
            // Without /proc it could never be given a name.
            // SAFETY: the string lives for the time of the call and ends in zero.
            if unsafe access(nameless(file.descriptor), F_OK) == 0 { return Temporary(file: file, path: nil) }
        }
        while true {
            let name = Self.beside(target, String(UInt64.random(in: .min ... .max), radix: 36))
            do throws(SystemCause) {
                return Temporary(file: try OpenFile(name, O_RDWR | O_CREAT | O_EXCL, mode: 0o600), path: name)
            } catch {
                guard error.number == EEXIST else { throw error }
            }
        }
    }

    private static func remove(_ path: String) {
        // SAFETY: the string lives for the time of the call and ends in zero.
        unsafe _ = unlink(path)
    }
}
