import CPcap
import Glibc

/// A pcap or pcapng file being read, frame by frame, through libpcap.
///
/// One reader owns one open file and closes it when it goes away. Timestamps are read to the nanosecond.
@safe
package struct CaptureFile: ~Copyable {
    /// What the frames start with.
    package let linkLayer: LinkLayer

    /// libpcap's number for the link type (`DLT_`).
    package let dataLinkType: Int32

    /// The file's length in bytes; nil where it is a pipe.
    package let size: Int64?

    /// The number of the current frame, the first one being 1; zero before the first call of ``advance()``.
    package private(set) var frame: Int

    private let handle: OpaquePointer
    private var header: pcap_pkthdr
    private var start: UnsafePointer<UInt8>?

    /// Opens a capture and reads its file header.
    ///
    /// - Parameters:
    ///   - path: the file; the standard input is read through a descriptor of its own, which is closed at the end.
    ///   - standardInput: the descriptor that ``CapturePath/standardInput`` stands for.
    /// - Throws: ``CaptureError``; never `damaged` nor `mixedInterfaces`.
    package init(opening path: CapturePath, standardInput: Int32 = STDIN_FILENO) throws(CaptureError) {
        let descriptor = try Self.openDescriptor(path, standardInput: standardInput)
        let status = FileStatus(descriptor: descriptor)
        let opened = try unsafe Self.openCapture(descriptor)
        // SAFETY: `opened` is an open handle.
        let number = unsafe pcap_datalink(opened)
        guard let layer = LinkLayer(dataLinkType: number) else {
            // SAFETY: `opened` is an open handle that nothing else holds; it is closed once.
            unsafe pcap_close(opened)
            throw .unsupportedLinkType(name: Self.linkTypeName(number), number: number)
        }
        linkLayer = layer
        dataLinkType = number
        size = status?.isRegular == true ? status?.size : nil
        frame = 0
        header = pcap_pkthdr()
        unsafe handle = opened
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

    /// Makes a capture of an open descriptor, which belongs to the capture from here on and is closed where there is none.
    private static func openCapture(_ descriptor: Int32) throws(CaptureError) -> OpaquePointer {
        // SAFETY: `descriptor` is open and ours; from here on the stream owns it.
        guard let stream = unsafe fdopen(descriptor, "r") else {
            let number = errno
            close(descriptor)
            throw .unreadable(systemErrorText(number))
        }
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
        // SAFETY: the handle is open, this value is its only owner, and no span outlives it.
        unsafe pcap_close(handle)
    }

    /// Goes on to the next frame.
    ///
    /// - Returns: false at the regular end of the file.
    /// - Throws: `cut`, `damaged`, `mixedInterfaces` or `unreadable`; there is nothing more to be read after that.
    package mutating func advance() throws(CaptureError) -> Bool {
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
            String(cString: pcap_geterr(handle)), ferror(pcap_file(handle)) != 0, feof(pcap_file(handle)) != 0
        )
        if failed { throw .unreadable(reason) }
        if ended { throw .cut(afterFrame: frame, reason) }
        if reason.contains("different from the") { throw .mixedInterfaces(afterFrame: frame, reason) }
        throw .damaged(afterFrame: frame, reason)
    }

    /// The captured bytes of the current frame, link header included; empty before the first frame and after the last.
    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            guard let start = unsafe start else { return Span() }
            // SAFETY: libpcap holds `caplen` bytes at `start` until the next read, and a read needs exclusive access to this value.
            let span = unsafe Span(_unsafeStart: start, count: Int(header.caplen))
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// How long the current frame was on the wire, in bytes; more than was captured where a snapshot length cut it.
    package var originalLength: Int { Int(header.len) }

    /// When the current frame was captured, in nanoseconds since 1970; zero for times before that.
    package var timestamp: UInt64 {
        var seconds = Int64(header.ts.tv_sec)
        // libpcap reads the unsigned seconds of a pcap file as signed ones, which end in January 2038
        if seconds < 0 && seconds >= Int64(Int32.min) { seconds += 1 << 32 }
        let (nanoseconds, overflow) = UInt64(max(seconds, 0)).multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : nanoseconds.addingReportingOverflow(UInt64(max(header.ts.tv_usec, 0))).partialValue
    }

    /// How far the file has been read, in bytes.
    package var position: Int64 {
        // SAFETY: the handle is open and so is its stream.
        Int64(unsafe ftello(pcap_file(handle)))
    }

    /// Calls `body` with the current frame as libpcap's writer wants it; not at all where there is none.
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
}
