import CPcap
import Glibc

/// The two formats of captures.
package enum CaptureFormat: Equatable, Sendable {
    /// One link type for all frames.
    case pcap
    /// Interfaces, each with a link type of its own.
    case pcapng
}

/// A pcap or pcapng file being read, frame by frame: pcap through libpcap, pcapng by ``PcapNGFile``.
///
/// One reader owns one open file and closes it when it goes away. Timestamps are read to the nanosecond.
@safe
package struct CaptureFile: ~Copyable {
    /// What the current frame starts with, the first one before there is any; nil where no ``LinkLayer`` stands for it.
    package private(set) var linkLayer: LinkLayer?

    /// libpcap's number for the link type of the current frame, the first one before there is any (`DLT_`).
    package private(set) var dataLinkType: Int32

    /// Which of the two formats the file is in.
    package var format: CaptureFormat { unsafe handle == nil ? .pcapng : .pcap }

    /// The file's length in bytes; nil where it is a pipe.
    package let size: Int64?

    /// The number of the current frame, the first one being 1 save where a pcapng file begins with a custom block, which Wireshark counts,
    /// too; zero before the first call of ``advance()``.
    package private(set) var frame: Int

    private let stream: UnsafeMutablePointer<FILE>
    /// libpcap's handle of a pcap file, which owns the stream; nil for a pcapng file.
    private let handle: OpaquePointer?
    /// The reader of a pcapng file; empty for a pcap file.
    private var sections: PcapNGFile
    private var header: pcap_pkthdr
    private var start: UnsafePointer<UInt8>?
    /// Frames of link types that could not be read, and the first such type.
    private var unsupported: (count: Int, dataLinkType: Int32) = (0, 0)

    /// Opens a capture and reads its file header.
    ///
    /// - Parameters:
    ///   - path: the file; the standard input is read through a descriptor of its own, which is closed at the end.
    ///   - standardInput: the descriptor that ``CapturePath/standardInput`` stands for.
    /// - Throws: ``CaptureError``; never `damaged` nor `unsupportedFrames`.
    package init(opening path: CapturePath, standardInput: Int32 = STDIN_FILENO) throws(CaptureError) {
        let descriptor = try Self.openDescriptor(path, standardInput: standardInput)
        let status = FileStatus(descriptor: descriptor)
        let stream = try unsafe Self.openStream(descriptor)
        var opened: OpaquePointer?
        var sections = PcapNGFile()
        let number: Int32
        if unsafe Self.startsSection(stream) {
            sections = try unsafe Self.openSections(stream)
            number = Self.dataLinkType(inFile: sections.interface.linkType)
        } else {
            let handle = try unsafe Self.openCapture(stream)
            unsafe opened = handle
            // SAFETY: the handle is open.
            number = unsafe pcap_datalink(handle)
        }
        let layer = LinkLayer(dataLinkType: number)
        if let opened = unsafe opened, layer == nil {
            // SAFETY: `opened` is an open handle that nothing else holds; it is closed once.
            unsafe pcap_close(opened)
            throw .unsupportedLinkType(name: Self.linkTypeName(number), number: number)
        }
        linkLayer = layer
        dataLinkType = number
        unsafe handle = opened
        self.sections = sections
        unsafe self.stream = stream
        size = status?.isRegular == true ? status?.size : nil
        frame = 0
        header = pcap_pkthdr()
        unsafe start = nil
    }

    private static func openDescriptor(_ path: CapturePath, standardInput: Int32) throws(CaptureError) -> Int32 {
        let descriptor: Int32
        switch path {
        case .standardInput:
            descriptor = fcntl(standardInput, F_DUPFD_CLOEXEC, 0)
        case .file(let bytes):
            // SAFETY: the path is a NUL-terminated array that lives through the call.
            descriptor = unsafe open(bytes.nulTerminated, O_RDONLY | O_CLOEXEC)
        }
        guard descriptor >= 0 else { throw .unreadable(systemErrorText(errno)) }
        return descriptor
    }

    /// Makes a stream of an open descriptor, which belongs to the stream from here on and is closed where there is none.
    private static func openStream(_ descriptor: Int32) throws(CaptureError) -> UnsafeMutablePointer<FILE> {
        // SAFETY: `descriptor` is open and ours; from here on the stream owns it.
        guard let stream = unsafe fdopen(descriptor, "r") else {
            let number = errno
            close(descriptor)
            throw .unreadable(systemErrorText(number))
        }
        return unsafe stream
    }

    /// Whether a stream begins as a pcapng file does; its first octet is put back.
    private static func startsSection(_ stream: UnsafeMutablePointer<FILE>) -> Bool {
        // SAFETY: the stream is open; one octet can always be put back.
        let first = unsafe getc(stream)
        guard first != EOF else { return false }
        unsafe _ = ungetc(first, stream)
        return first == 0x0A
    }

    /// Makes a pcapng file of a stream, which is closed where it is none.
    private static func openSections(_ stream: UnsafeMutablePointer<FILE>) throws(CaptureError) -> PcapNGFile {
        do throws(PcapNGFile.Failure) {
            return try unsafe PcapNGFile(stream)
        } catch {
            // SAFETY: the stream is open and nothing else holds it; it is closed once.
            unsafe _ = fclose(stream)
            switch error {
            case .unreadable(let reason): throw .unreadable(reason)
            case .cut: throw .cut(afterFrame: 0, cutReason)
            case .damaged(let reason): throw .notACapture(reason)
            }
        }
    }

    /// Makes a pcap file of a stream, which is closed where it is none.
    private static func openCapture(_ stream: UnsafeMutablePointer<FILE>) throws(CaptureError) -> OpaquePointer {
        var text = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
        // SAFETY: `stream` is open for reading and `text` has the length libpcap asks for; on success the handle owns the stream.
        let opened = unsafe pcap_fopen_offline_with_tstamp_precision(stream, UInt32(PCAP_TSTAMP_PRECISION_NANO), &text)
        if let opened = unsafe opened { return unsafe opened }

        // SAFETY: libpcap left the stream open and ours; its flags are read before it is closed, once.
        let (failed, ended) = unsafe (ferror(stream) != 0, feof(stream) != 0)
        unsafe _ = fclose(stream)
        let reason = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if failed { throw .unreadable(reason) }
        throw ended ? .cut(afterFrame: 0, reason) : .notACapture(reason)
    }

    deinit {
        // SAFETY: the handle owns the stream where there is one; this value is the only owner, and no span outlives it.
        if let handle = unsafe handle { unsafe pcap_close(handle) } else { unsafe _ = fclose(stream) }
    }

    /// Goes on to the next frame.
    ///
    /// - Returns: false at the regular end of the file.
    /// - Throws: `cut`, `damaged` or `unreadable`, and `unsupportedFrames` at the regular end; there is nothing more to be read after that.
    package mutating func advance() throws(CaptureError) -> Bool {
        guard let handle = unsafe handle else { return try advanceInSections() }
        var nextHeader: UnsafeMutablePointer<pcap_pkthdr>?
        var nextStart: UnsafePointer<UInt8>?
        // SAFETY: the handle is open; both pointers are written by libpcap when it returns 1.
        let result = unsafe pcap_next_ex(handle, &nextHeader, &nextStart)
        if result == 1, let nextHeader = unsafe nextHeader, let nextStart = unsafe nextStart {
            // SAFETY: libpcap keeps header and bytes valid until the next read, which is a mutation of this value.
            unsafe header = nextHeader.pointee
            unsafe start = nextStart
            frame += 1
            return true
        }
        unsafe start = nil
        if result == PCAP_ERROR_BREAK { return false }

        // SAFETY: the handle is open; its error text is NUL-terminated and copied at once; its stream is the one it reads.
        let (reason, failed, ended) = unsafe (
            String(cString: pcap_geterr(handle)), ferror(stream) != 0, feof(stream) != 0
        )
        if failed { throw .unreadable(reason) }
        throw ended ? .cut(afterFrame: frame, reason) : .damaged(afterFrame: frame, reason)
    }

    private mutating func advanceInSections() throws(CaptureError) -> Bool {
        let isThere: Bool
        do throws(PcapNGFile.Failure) {
            isThere = try sections.advance()
        } catch {
            switch error {
            case .unreadable(let reason): throw .unreadable(reason)
            case .cut: throw .cut(afterFrame: frame, Self.cutReason)
            case .damaged(let reason): throw .damaged(afterFrame: frame, reason)
            }
        }
        guard isThere else {
            guard unsupported.count > 0 else { return false }
            let name = Self.linkTypeName(unsupported.dataLinkType)
            throw .unsupportedFrames(unsupported.count, name: name, number: unsupported.dataLinkType)
        }
        frame = sections.number
        let number = Self.dataLinkType(inFile: sections.interface.linkType)
        if number != dataLinkType {
            dataLinkType = number
            linkLayer = LinkLayer(dataLinkType: number)
        }
        if linkLayer == nil {
            if unsupported.count == 0 { unsupported.dataLinkType = number }
            unsupported.count += 1
        }
        return true
    }

    private static let cutReason = "its last block is not whole"

    /// The captured bytes of the current frame, link header included; empty before the first frame and after the last.
    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            guard let start = unsafe start else { return sections.bytes }
            // SAFETY: libpcap holds `caplen` bytes at `start` until the next read, and a read needs exclusive access to this value.
            let span = unsafe Span(_unsafeStart: start, count: Int(header.caplen))
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// How long the current frame was on the wire, in bytes; more than was captured where a snapshot length cut it.
    package var originalLength: Int { format == .pcapng ? sections.originalLength : Int(header.len) }

    /// When the current frame was captured, in nanoseconds since 1970; zero for times before that.
    package var timestamp: UInt64 {
        if format == .pcapng { return sections.timestamp }
        var seconds = Int64(header.ts.tv_sec)
        // libpcap reads the unsigned seconds of a pcap file as signed ones, which end in January 2038
        if seconds < 0 && seconds >= Int64(Int32.min) { seconds += 1 << 32 }
        let (nanoseconds, overflow) = UInt64(max(seconds, 0)).multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : nanoseconds.addingReportingOverflow(UInt64(max(header.ts.tv_usec, 0))).partialValue
    }

    /// How far the file has been read, in bytes.
    package var position: Int64 {
        // SAFETY: the stream is open.
        Int64(unsafe ftello(stream))
    }

    /// Calls `body` with the current frame of a pcap file as libpcap's writer wants it; not at all where there is none.
    func withFrame(_ body: (UnsafePointer<pcap_pkthdr>, UnsafePointer<UInt8>) -> Void) {
        guard let start = unsafe start else { return }
        // SAFETY: `header.caplen` bytes at `start` stay valid for the call, which borrows this value.
        unsafe withUnsafePointer(to: header) { unsafe body($0, start) }
    }

    /// The tcpdump project's name for a link type, such as `EN10MB`.
    package static func linkTypeName(_ dataLinkType: Int32) -> String {
        // SAFETY: libpcap returns nil or a NUL-terminated constant.
        guard let name = unsafe pcap_datalink_val_to_name(dataLinkType) else { return "DLT" }
        return unsafe String(cString: name)
    }

    /// libpcap's number for a link type that a file states: they differ where systems do.
    private static func dataLinkType(inFile linkType: UInt16) -> Int32 {
        switch linkType {
        case 100: DLT_ATM_RFC1483
        case 101: DLT_RAW
        default: Int32(linkType)
        }
    }

    /// The number that a file states for libpcap's.
    static func fileLinkType(_ dataLinkType: Int32) -> UInt16 {
        switch dataLinkType {
        case DLT_ATM_RFC1483: 100
        // RAW has another number on OpenBSD
        case DLT_RAW, 14: 101
        default: UInt16(clamping: dataLinkType)
        }
    }
}
