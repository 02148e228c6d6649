import Glibc
import SystemPackage

/// Reading a list's file: a copy of it, and whether two have the same content.
enum FileCopy {
    private static let chunkSize = 1 << 20

    /// Copies a file of this host or of a mounted share.
    ///
    /// - Returns: its octets.
    static func copy(
        _ source: String,
        into part: PartialFile,
        maximumSize: Int,
        deadline: ContinuousClock.Instant,
        progress: (Int) -> Void
    ) throws(FetchError.Cause) -> Int {
        let (descriptor, before) = try open(source)
        defer { try? descriptor.close() }
        guard before.size <= maximumSize else { throw .tooLarge(limit: maximumSize) }
        var total = 0
        try unsafe read(descriptor) { bytes throws(FetchError.Cause) in
            guard !Task.isCancelled else { throw .cancelled }
            guard ContinuousClock.now < deadline else { throw .timedOut }
            total += bytes.count
            guard total <= maximumSize else { throw .tooLarge(limit: maximumSize) }
            // SAFETY: the octets live for the time of this closure.
            try unsafe part.write(bytes)
            progress(total)
            return true
        }
        // Half of one list and half of the next are no list.
        guard let after = try? descriptor.stat(), FileIdentity(after) == FileIdentity(before),
            Int64(total) == before.size
        else { throw .changedMeanwhile }
        return total
    }

    /// Whether two files have the same content; false where one of them cannot be read.
    static func haveSameContent(_ first: String, _ second: String) -> Bool {
        guard let (a, statusA) = try? open(first) else { return false }
        defer { try? a.close() }
        guard let (b, statusB) = try? open(second) else { return false }
        defer { try? b.close() }
        guard statusA.size == statusB.size else { return false }
        var other = [UInt8](repeating: 0, count: chunkSize)
        var isSame = true
        do throws(FetchError.Cause) {
            try unsafe read(a) { bytes throws(FetchError.Cause) in
                var filled = 0
                while filled < bytes.count {
                    // SAFETY: the buffer is the array's own and is written within its bounds alone.
                    let count = try? unsafe other.withUnsafeMutableBytes { buffer in
                        try unsafe b.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<bytes.count]))
                    }
                    guard let count, count > 0 else {
                        isSame = false
                        return false
                    }
                    filled += count
                }
                // SAFETY: both have this many octets, and live for the time of the closure.
                isSame = unsafe bytes.baseAddress.map { unsafe memcmp(other, $0, filled) == 0 } ?? true
                return isSame
            }
        } catch {
            return false
        }
        return isSame
    }

    private static func open(_ path: String) throws(FetchError.Cause) -> (FileDescriptor, Stat) {
        do {
            // Without waiting: opening a pipe that nobody writes to must not last for ever.
            let descriptor = try FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec, .nonBlocking])
            do {
                let status = try descriptor.stat()
                guard status.type == .regular else { throw FetchError.Cause.notAFile }
                return (descriptor, status)
            } catch {
                try? descriptor.close()
                throw error
            }
        } catch let error as FetchError.Cause {
            throw error
        } catch {
            throw .unreadable(error as? Errno ?? .ioError)
        }
    }

    /// Hands over the file in pieces until its end, or until `take` has had enough.
    private static func read(
        _ descriptor: FileDescriptor,
        _ take: (UnsafeRawBufferPointer) throws(FetchError.Cause) -> Bool
    ) throws(FetchError.Cause) {
        var chunk = [UInt8](repeating: 0, count: chunkSize)
        while true {
            let count: Int
            do {
                // SAFETY: the buffer is the array's own and is written within its bounds alone.
                count = unsafe try chunk.withUnsafeMutableBytes { try unsafe descriptor.read(into: $0) }
            } catch {
                throw .unreadable(error as? Errno ?? .ioError)
            }
            guard count > 0 else { return }
            // SAFETY: read has filled this many octets of the buffer, which lives for the time of the closure.
            let wantsMore = try unsafe chunk.span.withUnsafeBytes { buffer throws(FetchError.Cause) in
                try unsafe take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
            guard wantsMore else { return }
        }
    }
}
