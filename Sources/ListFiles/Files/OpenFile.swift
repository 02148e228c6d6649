import Glibc
import SystemPackage

/// Why the system refused: an error number, told in its words.
package struct SystemCause: Error, Equatable, Sendable, CustomStringConvertible {
    /// There is no such file.
    static let missing = SystemCause(ENOENT)

    /// The number that `errno` had.
    package let number: Int32

    /// The cause that this error number stands for.
    package init(_ number: Int32) {
        self.number = number
    }

    package var description: String { Errno(rawValue: number).description }
}

/// A file descriptor with one owner, closed at its end.
struct OpenFile: ~Copyable {
    /// What the file system says of a file.
    struct Status {
        let isRegular: Bool
        let mode: mode_t
        let size: Int64
    }

    let descriptor: CInt

    /// Opens a path; never becomes a terminal's process and never waits for the other end of a pipe.
    init(_ path: String, _ flags: CInt, mode: mode_t = 0) throws(SystemCause) {
        let all = flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
        while true {
            // SAFETY: the string lives for the time of the call and ends in zero.
            let descriptor = unsafe Glibc.open(path, all, mode)
            if descriptor >= 0 {
                self.descriptor = descriptor
                return
            }
            guard errno == EINTR else { throw SystemCause(errno) }
        }
    }

    deinit {
        Glibc.close(descriptor)
    }

    /// What the file system says now.
    func status() throws(SystemCause) -> Status {
        var status = stat()
        // SAFETY: `status` is a whole `stat` to be filled.
        guard unsafe fstat(descriptor, &status) == 0 else { throw SystemCause(errno) }
        return Status(
            isRegular: status.st_mode & S_IFMT == S_IFREG,
            mode: status.st_mode & 0o7777,
            size: Int64(status.st_size)
        )
    }

    /// Reads on, as much as there is room for; zero at the end.
    func read(into buffer: inout [UInt8]) throws(SystemCause) -> Int {
        while true {
            let room = buffer.count
            // SAFETY: the array has `room` octets and is ours alone for the time of the call.
            let count = unsafe Glibc.read(descriptor, &buffer, room)
            if count >= 0 { return count }
            guard errno == EINTR else { throw SystemCause(errno) }
        }
    }

    /// The octet at a place; nil behind the end.
    func read(at offset: Int64) throws(SystemCause) -> UInt8? {
        var octet: UInt8 = 0
        while true {
            // SAFETY: there is room for the one octet that is asked for.
            let count = unsafe pread(descriptor, &octet, 1, Int(offset))
            if count >= 0 { return count == 0 ? nil : octet }
            guard errno == EINTR else { throw SystemCause(errno) }
        }
    }

    /// All that is left to be read; nil where that is more than `limit` octets.
    func readAll(limit: Int) throws(SystemCause) -> [UInt8]? {
        var content: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = try read(into: &piece)
            guard count > 0 else { return content }
            guard content.count + count <= limit else { return nil }
            content.append(contentsOf: piece[..<count])
        }
    }

    /// Writes all octets; where that fails some of them may have been written.
    func write(_ bytes: Span<UInt8>) throws(SystemCause) {
        var done = 0
        while done < bytes.count {
            let rest = bytes.extracting(done...)
            // SAFETY: the pointer covers `rest`, which lives for the time of the call.
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                guard errno == EINTR else { throw SystemCause(errno) }
            } else {
                done += count
            }
        }
    }

    /// Writes all octets at a place in the file, whatever was there.
    func write(_ bytes: Span<UInt8>, at offset: Int64) throws(SystemCause) {
        var done = 0
        while done < bytes.count {
            let rest = bytes.extracting(done...)
            let place = Int(offset) + done
            // SAFETY: the pointer covers `rest`, which lives for the time of the call.
            let count = unsafe rest.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, place) }
            if count < 0 {
                guard errno == EINTR else { throw SystemCause(errno) }
            } else {
                done += count
            }
        }
    }

    /// Writes `count` octets of another open file, from `offset` on, where this one is.
    ///
    /// - Throws: ``SystemCause`` with `EIO` where the other file ends early.
    func write(_ count: Int, of other: CInt, from offset: Int64) throws(SystemCause) {
        var place = Int(offset)
        let end = place + count
        let huge = 2 << 20
        var piece = [UInt8](repeating: 0, count: min(end - place, huge))
        while place < end {
            // Pieces that begin and end where huge pages do, so that the file system can have such of them.
            let wanted = min(piece.count, huge - place % huge, end - place)
            // SAFETY: the array has at least `wanted` octets and is ours alone for the time of the call.
            let read = unsafe pread(other, &piece, wanted, place)
            if read < 0, errno == EINTR { continue }
            guard read > 0 else { throw SystemCause(read < 0 ? errno : EIO) }
            try write(piece.span.extracting(0..<read))
            place += read
        }
    }

    /// Waits until no other open file holds the lock, and holds it until this one is closed.
    func lock() throws(SystemCause) {
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw SystemCause(errno) }
        }
    }

    /// Brings all that was written to the disk.
    func synchronize() throws(SystemCause) {
        while fsync(descriptor) != 0 {
            guard errno == EINTR else { throw SystemCause(errno) }
        }
    }

    /// Cuts the file off, or fills it up with zeros.
    func truncate(to size: Int64) throws(SystemCause) {
        while ftruncate(descriptor, Int(size)) != 0 {
            guard errno == EINTR else { throw SystemCause(errno) }
        }
    }

    /// Gives the file these permissions, whatever the umask is.
    func setMode(_ mode: mode_t) throws(SystemCause) {
        guard fchmod(descriptor, mode) == 0 else { throw SystemCause(errno) }
    }
}
