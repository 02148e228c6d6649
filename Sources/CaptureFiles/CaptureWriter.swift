import CPcap
import Glibc

/// Why an output file could not be written: one line that names the file, what is wrong and the mend.
package struct OutputError: Error, Equatable, Sendable {
    /// The line.
    package let explanation: String
}

/// A pcap or pcapng file being written, with timestamps in nanoseconds.
///
/// The frames go to a file beside the target; ``commit()`` puts it in the target's place in one step. A writer that goes away
/// without that leaves nothing behind.
@safe
package struct CaptureWriter: ~Copyable {
    private let target: [UInt8]
    private let temporary: Temporary
    /// Where the frames are written; nil once it is closed.
    private var stream: UnsafeMutablePointer<FILE>?
    /// libpcap's writer of a pcap file, which owns the stream.
    private let dumper: OpaquePointer?
    /// The writer of a pcapng file.
    private var sections: PcapNGText?
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

    /// Starts a pcap file of frames with one link type, or a pcapng file of any frames.
    ///
    /// A target that is a symbolic link keeps it: the file it leads to is replaced.
    /// - Parameters:
    ///   - path: where the file is to appear.
    ///   - dataLinkType: libpcap's number for the link type of a pcap file, see ``CaptureFile/dataLinkType``; nil for a pcapng file.
    /// - Throws: ``OutputError``, with nothing left behind.
    package init(path: String, dataLinkType: Int32?) throws(OutputError) {
        let target = try Self.resolve(path)
        let temporary = try Self.createBeside(target, named: path)
        // SAFETY: the descriptor is open and ours; from here on the stream owns it.
        guard let stream = unsafe fdopen(temporary.descriptor, "w") else {
            let reason = systemErrorText(errno)
            close(temporary.descriptor)
            // SAFETY: the path is a NUL-terminated array that lives through the call.
            if temporary.isNamed { unsafe _ = unlink(temporary.path.nulTerminated) }
            throw OutputError(explanation: "\(path) cannot be written: \(reason); end other programs and try again")
        }
        if let dataLinkType {
            guard let opened = unsafe Self.openDumper(stream, dataLinkType: dataLinkType) else {
                // SAFETY: the path is a NUL-terminated array that lives through the call.
                if temporary.isNamed { unsafe _ = unlink(temporary.path.nulTerminated) }
                let type = CaptureFile.linkTypeName(dataLinkType)
                throw OutputError(
                    explanation: "\(path) cannot be written: libpcap knows no file format for link type \(type)"
                )
            }
            unsafe dumper = opened
            sections = nil
        } else {
            unsafe dumper = nil
            sections = PcapNGText()
        }
        self.target = target
        self.temporary = temporary
        unsafe self.stream = stream
    }

    deinit {
        guard let stream = unsafe stream else { return }
        // SAFETY: the stream is open and this value its only owner; the path is a NUL-terminated array.
        unsafe _ = fclose(stream)
        if temporary.isNamed { unsafe _ = unlink(temporary.path.nulTerminated) }
    }

    /// Appends the capture's current frame as it is, link header included.
    ///
    /// A writer of a pcap file takes frames of pcap files alone, of its own link type.
    package mutating func append(_ capture: borrowing CaptureFile) {
        guard let stream = unsafe stream else { return }
        if let dumper = unsafe dumper {
            unsafe Self.dump(capture.bytes, capture.originalLength, at: capture.timestamp, to: dumper)
        } else {
            sections?.append(
                capture.bytes,
                linkType: CaptureFile.fileLinkType(capture.dataLinkType),
                timestamp: capture.timestamp,
                originalLength: capture.originalLength
            )
            unsafe writeText(to: stream)
        }
        // SAFETY: the stream is open.
        if failure == 0, unsafe ferror(stream) != 0 { failure = errno }
    }

    /// Writes what the text of a pcapng file has come to.
    private mutating func writeText(to stream: UnsafeMutablePointer<FILE>) {
        guard let text = sections?.take(), text.isEmpty == false else { return }
        // SAFETY: the stream is open, and the array lives through the call with as many octets as are announced.
        unsafe _ = fwrite(text, 1, text.count, stream)
    }

    /// Appends a frame that comes from no capture.
    ///
    /// - Parameters:
    ///   - frame: the frame's bytes, link header included.
    ///   - nanoseconds: when it is said to have been captured, since 1970.
    package mutating func append(_ frame: [UInt8], at nanoseconds: UInt64) {
        guard let dumper = unsafe dumper else { return }
        unsafe Self.dump(frame.span, frame.count, at: nanoseconds, to: dumper)
        // SAFETY: the dumper is open, and its stream with it.
        if failure == 0, unsafe ferror(pcap_dump_file(dumper)) != 0 { failure = errno }
    }

    /// Writes a frame as libpcap does.
    private static func dump(
        _ frame: Span<UInt8>,
        _ originalLength: Int,
        at nanoseconds: UInt64,
        to dumper: OpaquePointer
    ) {
        var header = pcap_pkthdr()
        header.ts.tv_sec = Int(clamping: nanoseconds / 1_000_000_000)
        header.ts.tv_usec = Int(nanoseconds % 1_000_000_000)
        header.caplen = UInt32(clamping: frame.count)
        header.len = UInt32(clamping: originalLength)
        unsafe frame.withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress else { return }
            // SAFETY: the dumper is open, and libpcap's callback type hides it behind a byte pointer and casts it back; `caplen` bytes at
            // `start` and the header stay valid for the call.
            unsafe pcap_dump(UnsafeMutablePointer<UInt8>(dumper), &header, start)
        }
    }

    /// Brings everything to the disk and puts the file in its place.
    ///
    /// - Throws: ``OutputError``; the target is then as it was before.
    package consuming func commit() throws(OutputError) {
        let name = String(decoding: target, as: UTF8.self)
        guard let open = unsafe stream else { return }
        // A capture without frames is one, too.
        if sections != nil { unsafe writeText(to: open) }
        unsafe stream = nil
        // SAFETY: the stream is open; it is used before it is closed, once.
        if failure == 0, unsafe fflush(open) != 0 || fsync(fileno(open)) != 0 { failure = errno }
        if failure == 0 && !temporary.isNamed { failure = giveName() }
        unsafe _ = fclose(open)
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

    /// A dumper on an open stream, which belongs to it from here on and is closed where there is none.
    private static func openDumper(_ stream: UnsafeMutablePointer<FILE>, dataLinkType: Int32) -> OpaquePointer? {
        // SAFETY: the dead handle only lends its link type and precision while the file header is written, and is closed once;
        // the stream passes to the dumper, which is nothing else, on success and is closed here, once, otherwise.
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
