import CPcap
import Glibc

/// The two formats of captures.
package enum CaptureFormat: Equatable, Sendable {
    /// One link type for all frames.
    case pcap
    /// Interfaces, each with a link type of its own.
    case pcapng
}

/// A pcap or pcapng file being read, frame by frame.
///
/// One reader owns one open file and closes it when it goes away. It reads in large blocks, and the frames that lie in one are its batch:
/// whoever wants to look ahead may look at them all before the first is inspected.
package struct CaptureFile: ~Copyable {
    /// What the current frame starts with, the first one before there is any; nil where no ``LinkLayer`` stands for it.
    package private(set) var linkLayer: LinkLayer?

    /// libpcap's number for the link type of the current frame, the first one before there is any (`DLT_`).
    package private(set) var dataLinkType: Int32

    /// Which of the two formats the file is in.
    package var format: CaptureFormat { pcap == nil ? .pcapng : .pcap }

    /// The file's length in bytes; nil where it is a pipe.
    package let size: Int64?

    /// The number of the current frame, the first one being 1 save where a pcapng file begins with a custom block, which Wireshark counts,
    /// too; zero before the first call of ``advance()``.
    package private(set) var frame = 0

    /// The most frames of one batch.
    package static let batchLimit = 64

    /// The frames that lie in memory together, the current one among them.
    private var batch = [CapturedFrame](repeating: .none, count: batchLimit)
    /// How many there are.
    private var batchLength = 0
    /// Which of them is the current one; -1 before the first and after the last.
    private var current = -1
    /// What ends the file behind the batch.
    private var fault: CaptureFault?

    private var stream: CaptureStream
    /// How a pcap file is read; nil for a pcapng file.
    private let pcap: PcapFile?
    /// How a pcapng file is read; nil for a pcap file.
    private var sections: PcapNGFile?
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
        var stream = CaptureStream(descriptor: descriptor)
        var sections: PcapNGFile?
        var pcap: PcapFile?
        do throws(CaptureFault) {
            if case .ready = try stream.supply(1, mayRead: true), stream.waiting[0] == PcapNGFile.firstOctet {
                sections = try PcapNGFile(&stream)
            } else {
                pcap = try PcapFile(&stream)
            }
        } catch {
            switch error {
            case .unreadable(let reason): throw .unreadable(reason)
            case .cut: throw .cut(afterFrame: 0, "its header is not whole")
            case .damaged(let reason): throw .notACapture(reason)
            }
        }
        let number = Self.dataLinkType(inFile: pcap?.linkType ?? sections?.interfaces.first?.linkType ?? 0)
        let layer = LinkLayer(dataLinkType: number)
        if pcap != nil, layer == nil {
            throw .unsupportedLinkType(name: Self.linkTypeName(number), number: number)
        }
        linkLayer = layer
        dataLinkType = number
        size = status?.isRegular == true ? status?.size : nil
        self.stream = stream
        self.pcap = pcap
        self.sections = sections
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

    /// Goes on to the next frame.
    ///
    /// - Returns: false at the regular end of the file.
    /// - Throws: `cut`, `damaged` or `unreadable`, and `unsupportedFrames` at the regular end; there is nothing more to be read after that.
    package mutating func advance() throws(CaptureError) -> Bool {
        if current >= 0, current + 1 < batchLength {
            current += 1
        } else {
            current = -1
            try readBatch()
            guard batchLength > 0 else {
                guard unsupported.count > 0 else { return false }
                let name = Self.linkTypeName(unsupported.dataLinkType)
                throw .unsupportedFrames(unsupported.count, name: name, number: unsupported.dataLinkType)
            }
            current = 0
        }
        frame = batch[current].number
        // A pcap file has one link type.
        if pcap == nil {
            let number = Self.dataLinkType(inFile: batch[current].linkType)
            if number != dataLinkType {
                dataLinkType = number
                linkLayer = LinkLayer(dataLinkType: number)
            }
        }
        if linkLayer == nil {
            if unsupported.count == 0 { unsupported.dataLinkType = dataLinkType }
            unsupported.count += 1
        }
        return true
    }

    /// Reads as many frames as lie in memory together; none at the end of the file.
    private mutating func readBatch() throws(CaptureError) {
        batchLength = 0
        do throws(CaptureFault) {
            if let fault { throw fault }
            if let pcap { return try Self.readBatch(pcap, &stream, behind: frame, into: &batch, &batchLength) }
            while batchLength < Self.batchLimit {
                guard case .frame(let next)? = try sections?.next(&stream, mayRead: batchLength == 0) else { return }
                batch[batchLength] = next
                batchLength += 1
            }
        } catch {
            fault = error
            // What came before the fault is inspected first.
            guard batchLength == 0 else { return }
            switch error {
            case .unreadable(let reason): throw .unreadable(reason)
            case .cut: throw .cut(afterFrame: frame, "its last frame or block is not whole")
            case .damaged(let reason): throw .damaged(afterFrame: frame, reason)
            }
        }
    }

    /// Reads as many frames of a pcap file as lie in memory together, behind so many others. Static, so that what it changes can be borrowed one by
    /// one.
    private static func readBatch(
        _ pcap: PcapFile,
        _ stream: inout CaptureStream,
        behind number: Int,
        into batch: inout [CapturedFrame],
        _ length: inout Int
    ) throws(CaptureFault) {
        // One piece of memory: an array asks with each frame whether it has others to share with.
        var frames = batch.mutableSpan
        while length < batchLimit {
            guard case .frame(var next) = try pcap.next(&stream, mayRead: length == 0) else { return }
            length &+= 1
            next.number = number &+ length
            frames[length &- 1] = next
        }
    }

    /// The captured bytes of the current frame, link header included; empty before the first frame and after the last.
    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get { current < 0 ? Span() : stream.octets(batch[current].octets) }
    }

    /// How many frames lie in memory together from the current one on where it is the first of them; zero where it is not.
    package var batchCount: Int { current == 0 ? batchLength : 0 }

    /// The captured bytes of a frame that lies in memory together with the current one, see ``batchCount``.
    @_lifetime(borrow self)
    package func bytes(inBatch index: Int) -> Span<UInt8> { stream.octets(batch[index].octets) }

    /// What a frame that lies in memory together with the current one starts with.
    func linkLayer(inBatch index: Int) -> LinkLayer? {
        if pcap != nil { return linkLayer }
        let number = Self.dataLinkType(inFile: batch[index].linkType)
        return number == dataLinkType ? linkLayer : LinkLayer(dataLinkType: number)
    }

    /// How long the current frame was on the wire, in bytes; more than was captured where a snapshot length cut it.
    package var originalLength: Int { current < 0 ? 0 : batch[current].originalLength }

    /// When the current frame was captured, in nanoseconds since 1970; zero for times before that.
    package var timestamp: UInt64 { current < 0 ? 0 : batch[current].timestamp }

    /// How far the file has been read, in bytes.
    package var position: Int64 { stream.position }

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
