import CPcap
import Glibc

/// Why an output file could not be written: one line that names the file, what is wrong and the mend.
package struct OutputError: Error, Equatable, Sendable {
    /// The line.
    package let explanation: String
}

/// A pcap file being written, with timestamps in nanoseconds.
///
/// The frames go to a file beside the target; ``commit()`` puts it in the target's place in one step. A writer that goes away
/// without that leaves nothing behind.
@safe
package struct CaptureWriter: ~Copyable {
    private let target: [UInt8]
    private let temporary: Temporary
    private var dumper: OpaquePointer?
    /// The first error number that appending met; zero while there was none.
    private var failure: Int32 = 0

    /// The file that the frames go to until it is whole.
    private struct Temporary {
        /// Where it is, or where it appears on its way to the target.
        let path: [UInt8]
        /// Whether it has that name from the beginning; the system takes back one without a name by itself.
        let isNamed: Bool
        let descriptor: Int32
    }

    /// The longest frame that libpcap reads back of any link type we know.
    private static let snapshotLength: Int32 = 262_144

    /// Starts a file of frames with this link type.
    ///
    /// A target that is a symbolic link keeps it: the file it leads to is replaced.
    /// - Parameters:
    ///   - path: where the file is to appear.
    ///   - dataLinkType: libpcap's number for the link type, see ``CaptureFile/dataLinkType``.
    /// - Throws: ``OutputError``, with nothing left behind.
    package init(path: String, dataLinkType: Int32) throws(OutputError) {
        let target = try Self.resolve(path)
        let temporary = try Self.createBeside(target, named: path)
        guard let opened = unsafe Self.openDumper(temporary.descriptor, dataLinkType: dataLinkType) else {
            // SAFETY: the path is a NUL-terminated array that lives through the call.
            if temporary.isNamed { unsafe _ = unlink(temporary.path.nulTerminated) }
            let type = CaptureFile.linkTypeName(dataLinkType)
            throw OutputError(
                explanation: "\(path) cannot be written: libpcap knows no file format for link type \(type)"
            )
        }
        self.target = target
        self.temporary = temporary
        unsafe dumper = opened
    }

    deinit {
        guard let dumper = unsafe dumper else { return }
        // SAFETY: the dumper is open and this value its only owner; the path is a NUL-terminated array.
        unsafe pcap_dump_close(dumper)
        if temporary.isNamed { unsafe _ = unlink(temporary.path.nulTerminated) }
    }

    /// Appends the capture's current frame as it is, link header included.
    package mutating func append(_ capture: borrowing CaptureFile) {
        guard let dumper = unsafe dumper else { return }
        unsafe capture.withFrame { header, bytes in
            // SAFETY: the dumper is open; libpcap's callback type hides it behind a byte pointer and casts it back.
            unsafe pcap_dump(UnsafeMutablePointer<UInt8>(dumper), header, bytes)
        }
        // SAFETY: the dumper is open, and its stream with it.
        if failure == 0, unsafe ferror(pcap_dump_file(dumper)) != 0 { failure = errno }
    }

    /// Brings everything to the disk and puts the file in its place.
    ///
    /// - Throws: ``OutputError``; the target is then as it was before.
    package consuming func commit() throws(OutputError) {
        let name = String(decoding: target, as: UTF8.self)
        guard let open = unsafe dumper else { return }
        unsafe dumper = nil
        // SAFETY: the dumper is open, and its stream with it; both are used before they are closed, once.
        let stream = unsafe pcap_dump_file(open)
        if failure == 0, unsafe pcap_dump_flush(open) != 0 || fsync(fileno(stream)) != 0 { failure = errno }
        if failure == 0 && !temporary.isNamed { failure = giveName() }
        unsafe pcap_dump_close(open)
        // SAFETY: both paths are NUL-terminated arrays that live through the call.
        if failure == 0, unsafe rename(temporary.path.nulTerminated, target.nulTerminated) == 0 {
            Self.synchronizeFolder(of: target)
            return
        }
        let reason = systemErrorText(failure == 0 ? errno : failure)
        if temporary.isNamed || failure == 0 { unsafe _ = unlink(temporary.path.nulTerminated) }
        throw OutputError(explanation: "\(name) cannot be written: \(reason); make room or name another place")
    }

    /// Lets the open file without a name appear beside the target, whence it can be renamed.
    ///
    /// - Returns: zero, or the error number.
    private func giveName() -> Int32 {
        let source = Array("/proc/self/fd/\(temporary.descriptor)".utf8)
        // SAFETY: both paths are NUL-terminated arrays that live through the call.
        let result = unsafe linkat(
            AT_FDCWD,
            source.nulTerminated,
            AT_FDCWD,
            temporary.path.nulTerminated,
            AT_SYMLINK_FOLLOW
        )
        return result == 0 ? 0 : errno
    }

    /// The path that a rename is to replace: the end of a symbolic link, and never a folder or a device.
    private static func resolve(_ path: String) throws(OutputError) -> [UInt8] {
        let bytes = Array(path.utf8)
        guard let status = FileStatus(following: bytes) else { return bytes }
        guard status.isRegular else {
            throw OutputError(explanation: "\(path) is not a regular file; name a file to write to")
        }
        // SAFETY: the path is a NUL-terminated array; `realpath` returns nil or a string to be freed, once, here.
        guard let resolved = unsafe realpath(bytes.nulTerminated, nil) else { return bytes }
        defer { unsafe free(resolved) }
        return unsafe Array(String(cString: resolved).utf8)
    }

    /// A new file in the target's folder: one without a name where the file system knows such, so that a run that is killed
    /// leaves nothing behind.
    private static func createBeside(_ target: [UInt8], named path: String) throws(OutputError) -> Temporary {
        let folderEnd = target.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        var attempt = 0
        while true {
            let name = Array(".".utf8) + target[folderEnd...] + Array(".\(getpid()).\(attempt)".utf8)
            let temporary = Array(target[..<folderEnd]) + name
            if attempt == 0, FileStatus(temporary) == nil {
                // O_TMPFILE, whose definition is no plain number and so is not imported
                let withoutName = 0o20_000_000 | O_DIRECTORY
                // SAFETY: the path is a NUL-terminated array that lives through the call.
                let descriptor = unsafe open(
                    folder(of: target).nulTerminated,
                    O_WRONLY | O_CLOEXEC | withoutName,
                    0o666
                )
                if descriptor >= 0 { return Temporary(path: temporary, isNamed: false, descriptor: descriptor) }
            }
            // SAFETY: the path is a NUL-terminated array that lives through the call.
            let descriptor = unsafe open(temporary.nulTerminated, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if descriptor >= 0 { return Temporary(path: temporary, isNamed: true, descriptor: descriptor) }
            attempt += 1
            guard errno == EEXIST, attempt < 100 else {
                let reason = systemErrorText(errno)
                throw OutputError(
                    explanation: "\(path) cannot be written: \(reason); check the folder and its permissions"
                )
            }
        }
    }

    /// A dumper on an open descriptor, which belongs to it from here on and is closed where there is none.
    private static func openDumper(_ descriptor: Int32, dataLinkType: Int32) -> OpaquePointer? {
        // SAFETY: `descriptor` is open and ours; from here on the stream owns it.
        guard let stream = unsafe fdopen(descriptor, "w") else {
            close(descriptor)
            return nil
        }
        // SAFETY: the dead handle only lends its link type and precision while the file header is written, and is closed once;
        // the stream passes to the dumper on success and is closed here, once, otherwise.
        let dead = unsafe pcap_open_dead_with_tstamp_precision(
            dataLinkType,
            snapshotLength,
            UInt32(PCAP_TSTAMP_PRECISION_NANO)
        )
        defer { if let dead = unsafe dead { unsafe pcap_close(dead) } }
        guard let dead = unsafe dead, let dumper = unsafe pcap_dump_fopen(dead, stream) else {
            unsafe _ = fclose(stream)
            return nil
        }
        return unsafe dumper
    }

    private static func folder(of target: [UInt8]) -> [UInt8] {
        guard let slash = target.lastIndex(of: UInt8(ascii: "/")) else { return Array(".".utf8) }
        return Array(target[...slash])
    }

    /// Makes the rename itself last; a file system that cannot do so for folders is let be.
    private static func synchronizeFolder(of target: [UInt8]) {
        // SAFETY: the path is a NUL-terminated array that lives through the call.
        let descriptor = unsafe open(folder(of: target).nulTerminated, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
