import Glibc
import SystemPackage

/// A snapshot's body in memory: mapped from its file, or read into memory of its own.
@safe
final class SnapshotMemory: @unchecked Sendable {
    // SAFETY: `base` is a mapping of `length` octets from `init` to `deinit`, which nobody writes once `init` has returned.
    let base: UnsafeMutableRawPointer
    private let length: Int

    /// Maps the octets of `descriptor` from `offset` on, and brings them in.
    ///
    /// Whoever cuts the file short afterwards takes the memory away from under the readers: for files that nobody else writes.
    init(mapping descriptor: FileDescriptor, offset: Int, count: Int) throws(Errno) {
        length = max(count, 1)
        unsafe base = try Self.map(descriptor, offset, length, MAP_POPULATE)
    }

    /// Maps the octets of `descriptor` from `offset` on, and holds them in memory, so that they are never fetched again.
    ///
    /// As with every mapping, the file must not be cut short by anybody.
    /// - Throws: the system's error where they cannot be fetched, or not be held: more than `RLIMIT_MEMLOCK` allows, for one.
    init(locking descriptor: FileDescriptor, offset: Int, count: Int) throws(Errno) {
        length = max(count, 1)
        unsafe base = try Self.map(descriptor, offset, length, 0)
        // SAFETY: the range is the mapping made above, which `deinit` ends where this throws, too.
        guard unsafe mlock(base, length) == 0 else { throw Errno(rawValue: errno) }
    }

    private static func map(
        _ descriptor: FileDescriptor,
        _ offset: Int,
        _ length: Int,
        _ flags: CInt
    ) throws(Errno) -> UnsafeMutableRawPointer {
        // SAFETY: the kernel chooses the place; the result is checked.
        let address = unsafe mmap(nil, length, PROT_READ, MAP_PRIVATE | flags, descriptor.rawValue, offset)
        guard let address = unsafe address, unsafe address != MAP_FAILED else { throw Errno(rawValue: errno) }
        return unsafe address
    }

    /// Reads the octets of `descriptor` from `offset` on into memory of huge pages where there are such.
    ///
    /// - Parameters:
    ///   - descriptor: of a file that is open for reading.
    ///   - offset: where in the file the octets begin.
    ///   - count: of octets.
    ///   - inspect: is shown each piece once it has been read, in order, while the cache still holds it.
    /// - Throws: the system's error, ``Errno/ioError`` where the file ends early.
    init(
        reading descriptor: FileDescriptor,
        offset: Int,
        count: Int,
        inspect: (Span<UInt8>) -> Void
    ) throws(Errno) {
        let huge = 2 << 20
        let room = (max(count, 1) + huge - 1) / huge * huge
        // SAFETY: the kernel chooses the place; the result is checked.
        let address = unsafe mmap(nil, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else { throw Errno(rawValue: errno) }
        unsafe base = address
        length = room
        // SAFETY: the range is the mapping made above. Advice only: without huge pages the lookups are slower, nothing else.
        _ = unsafe madvise(address, room, MADV_HUGEPAGE)
        var done = 0
        while done < count {
            let piece = min(1 << 18, count - done)
            // SAFETY: `done + piece` is at most `count`, and the mapping is no shorter; nobody else knows of it yet.
            let start = unsafe UnsafeMutableRawBufferPointer(start: address + done, count: piece)
            var read = 0
            do {
                // SAFETY: as above.
                read = try unsafe descriptor.read(fromAbsoluteOffset: Int64(offset + done), into: start)
            } catch {
                throw error as? Errno ?? .ioError
            }
            guard read > 0 else { throw .ioError }
            // SAFETY: the octets were just written and are not written again.
            unsafe inspect(Span(_unsafeBytes: UnsafeRawBufferPointer(start: address + done, count: read)))
            done += read
        }
        // SAFETY: the range is the mapping made above. A precaution only: nothing writes to it from here on.
        _ = unsafe mprotect(address, room, PROT_READ)
    }

    deinit {
        // SAFETY: mapped in `init`, and this is the only owner.
        _ = unsafe munmap(base, length)
    }
}
