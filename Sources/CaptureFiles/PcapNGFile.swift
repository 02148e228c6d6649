/// What is known of a pcapng file while it is read, block by block (draft-ietf-opsawg-pcapng).
///
/// libpcap reads a pcapng file only where all interfaces have one link type and one snap length; here each frame has its own.
struct PcapNGFile {
    /// Octets of the longest block that is read whole; a longer one is passed over where it holds no frame.
    static let blockLimit = 16 << 20

    /// The first octet of every file.
    static let firstOctet: UInt8 = 0x0A

    /// The interfaces of the present section that have been described.
    var interfaces: [PcapNGInterface] { section.interfaces }

    private var section = PcapNGSection(isBigEndian: false)
    private var isBegun = false
    /// As many as frames, and blocks that are counted with them, have been read.
    private var number = 0

    /// Begins to read a file, and reads on until an interface is described.
    ///
    /// - Throws: `damaged` where the stream does not begin with a section header, and what ``CaptureStream/supply(_:mayRead:)`` throws.
    init(_ stream: inout CaptureStream) throws(CaptureFault) {
        while interfaces.isEmpty {
            switch try readBlock(&stream, mayRead: true) {
            case .other: continue
            case .frame, .later: throw .damaged("a frame is of interface 0, which is not described")
            case .end: throw .damaged("no interface is described")
            }
        }
    }

    /// Reads the next frame.
    ///
    /// - Throws: `damaged` where the bytes break the format, and what ``CaptureStream/supply(_:mayRead:)`` throws.
    mutating func next(_ stream: inout CaptureStream, mayRead: Bool) throws(CaptureFault) -> CaptureStep {
        while true {
            switch try readBlock(&stream, mayRead: mayRead) {
            case .other: continue
            case .frame(let frame): return .frame(frame)
            case .later: return .later
            case .end: return .end
            }
        }
    }

    /// What a block came to.
    private enum Block {
        case frame(CapturedFrame)
        case other
        case later
        case end
    }

    /// Reads a block: its type, its length, its body, its length again. A section header begins a new section.
    private mutating func readBlock(_ stream: inout CaptureStream, mayRead: Bool) throws(CaptureFault) -> Block {
        switch try stream.supply(8, mayRead: mayRead) {
        case .ready: break
        case .later: return .later
        case .ended: return .end
        }
        let type = try number(stream.waiting, at: 0)
        guard isBegun || type == PcapNGSection.BlockType.sectionHeader else { throw .damaged("no section header") }
        var known = 8
        if type == PcapNGSection.BlockType.sectionHeader {
            // The type reads the same in both byte orders; the number behind the length says which it is.
            guard case .ready = try stream.supply(12, mayRead: mayRead) else { return .later }
            guard let next = PcapNGSection(magic: stream.waiting.extracting(8..<12)) else {
                throw .damaged("a section header states no byte order")
            }
            section = next
            isBegun = true
            known = 12
        }
        let length = Int(try number(stream.waiting, at: 4))
        guard length >= known + 4, length % 4 == 0 else { throw .damaged("a block states a length of \(length)") }
        guard length <= Self.blockLimit else {
            guard PcapNGSection.BlockType.isRead(type) == false else {
                throw .damaged("a block states a length of \(length)")
            }
            guard mayRead else { return .later }
            try stream.passOver(length)
            if PcapNGSection.BlockType.isNumbered(type) { number += 1 }
            return .other
        }
        guard case .ready = try stream.supply(length, mayRead: mayRead) else { return .later }
        guard Int(try number(stream.waiting, at: length - 4)) == length else {
            throw .damaged("the two lengths of a block differ")
        }
        let body = stream.start + 8..<stream.start + length - 4
        stream.take(length)
        return try take(type, body, stream)
    }

    /// Takes in what a block says, whose body lies in the stream.
    private mutating func take(
        _ type: UInt32,
        _ body: Range<Int>,
        _ stream: borrowing CaptureStream
    ) throws(CaptureFault) -> Block {
        do throws(PcapNGFault) {
            switch type {
            case PcapNGSection.BlockType.sectionHeader:
                try section.readHeader(stream.octets(body))
            case PcapNGSection.BlockType.interface:
                try section.readInterface(stream.octets(body))
            default:
                let frame = try section.readFrame(type, stream.octets(body))
                if frame != nil || PcapNGSection.BlockType.isNumbered(type) { number += 1 }
                guard let frame else { break }
                return .frame(
                    CapturedFrame(
                        octets: body.lowerBound + frame.bytes.lowerBound..<body.lowerBound + frame.bytes.upperBound,
                        timestamp: frame.timestamp,
                        originalLength: frame.originalLength,
                        linkType: section.interfaces[frame.interface].linkType,
                        number: number
                    )
                )
            }
        } catch {
            throw .damaged(error.reason)
        }
        return .other
    }

    private func number(_ octets: Span<UInt8>, at offset: Int) throws(CaptureFault) -> UInt32 {
        do throws(PcapNGFault) {
            return try section.number32(octets, offset)
        } catch {
            throw .damaged(error.reason)
        }
    }
}
