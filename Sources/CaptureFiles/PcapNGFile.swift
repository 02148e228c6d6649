import Glibc

/// A pcapng file being read, block by block, from a stream.
///
/// libpcap reads a pcapng file only where all interfaces have one link type and one snap length; here each frame has its own.
@safe
struct PcapNGFile: ~Copyable {
    /// Why there is nothing more to be read.
    enum Failure: Error {
        /// The system could not read on.
        case unreadable(String)
        /// The stream ends inside a block.
        case cut
        /// The bytes break the format.
        case damaged(String)
    }

    /// Octets of the longest block that is read whole; a longer one is passed over where it holds no frame.
    static let blockLimit = 16 << 20

    /// Octets by which room for a block grows.
    private static let growth = 1 << 16

    /// The current frame's interface; the first that is described before there is a frame.
    private(set) var interface: PcapNGInterface

    /// The number of the current frame: as many as frames, and blocks that are counted with them, have been read.
    private(set) var number = 0

    /// When the current frame was captured, in nanoseconds since 1970.
    var timestamp: UInt64 { frame?.timestamp ?? 0 }

    /// The current frame's length on the wire.
    var originalLength: Int { frame?.originalLength ?? 0 }

    /// Nil where there is nothing to be read.
    private let stream: UnsafeMutablePointer<FILE>?
    private var section: PcapNGSection
    /// The block that was read last, from its type on; as long as the longest block so far.
    private var block = [UInt8](repeating: 0, count: 4_096)
    /// Where its body lies in it.
    private var body = 0..<0
    private var frame: PcapNGFrame?
    private var isBegun = false

    /// A file with nothing in it.
    init() {
        unsafe stream = nil
        section = PcapNGSection(isBigEndian: false)
        interface = PcapNGInterface(linkType: 0, snapLength: 0)
    }

    /// Begins to read an open stream, which stays its opener's, and reads on until an interface is described.
    ///
    /// - Throws: `damaged` where the stream does not begin with a section header.
    init(_ stream: UnsafeMutablePointer<FILE>) throws(Failure) {
        unsafe self.stream = stream
        section = PcapNGSection(isBigEndian: false)
        interface = PcapNGInterface(linkType: 0, snapLength: 0)
        while let type = try readBlock() {
            try take(type)
            guard frame == nil else { throw .damaged("a frame is of interface 0, which is not described") }
            if let described = section.interfaces.first {
                interface = described
                return
            }
        }
        throw .damaged("no interface is described")
    }

    /// The octets of the current frame; none before the first and after the last.
    var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            guard let frame else { return Span() }
            return block.span.extracting(body).extracting(frame.bytes)
        }
    }

    /// Goes on to the next frame; false at the regular end of the file.
    mutating func advance() throws(Failure) -> Bool {
        frame = nil
        while let type = try readBlock() {
            try take(type)
            if let frame {
                interface = section.interfaces[frame.interface]
                return true
            }
        }
        return false
    }

    /// Reads what the current block says.
    private mutating func take(_ type: UInt32) throws(Failure) {
        do throws(PcapNGFault) {
            switch type {
            case PcapNGSection.BlockType.sectionHeader: try section.readHeader(block.span.extracting(body))
            case PcapNGSection.BlockType.interface:
                var described = PcapNGSection(isBigEndian: section.isBigEndian)
                swap(&section, &described)
                try described.readInterface(block.span.extracting(body))
                section = described
            default:
                frame = try section.readFrame(type, block.span.extracting(body))
                if frame != nil || PcapNGSection.BlockType.isNumbered(type) { number += 1 }
            }
        } catch {
            throw .damaged(error.reason)
        }
    }

    /// Reads a block: its type, its length, its body, its length again. A section header begins a new section.
    ///
    /// - Returns: its type; nil at the regular end of the file.
    private mutating func readBlock() throws(Failure) -> UInt32? {
        body = 0..<0
        guard try fill(0..<8, mayEnd: true) else { return nil }
        let type = try word(at: 0)
        guard isBegun || type == PcapNGSection.BlockType.sectionHeader else { throw .damaged("no section header") }
        isBegun = true
        var known = 8
        if type == PcapNGSection.BlockType.sectionHeader {
            // The type reads the same in both byte orders; the number behind the length says which it is.
            _ = try fill(8..<12)
            guard let next = PcapNGSection(magic: block.span.extracting(8..<12)) else {
                throw .damaged("a section header states no byte order")
            }
            section = next
            known = 12
        }
        let length = Int(try word(at: 4))
        guard length >= known + 4, length % 4 == 0 else { throw .damaged("a block states a length of \(length)") }
        if length > Self.blockLimit {
            guard PcapNGSection.BlockType.isRead(type) == false else {
                throw .damaged("a block states a length of \(length)")
            }
            try passOver(length - known)
            body = 0..<0
        } else {
            // Room grows with what is there, not with what a damaged length states.
            while known < length {
                let end = min(length, max(block.count, known + Self.growth))
                if block.count < end { block += repeatElement(0, count: end - block.count) }
                _ = try fill(known..<end)
                known = end
            }
            guard Int(try word(at: length - 4)) == length else {
                throw .damaged("the two lengths of a block differ")
            }
            body = 8..<length - 4
        }
        return type
    }

    private func word(at offset: Int) throws(Failure) -> UInt32 {
        do throws(PcapNGFault) {
            return try section.number32(block.span, offset)
        } catch {
            throw .damaged(error.reason)
        }
    }

    private mutating func passOver(_ count: Int) throws(Failure) {
        var left = count
        while left > 0 {
            let piece = min(left, block.count)
            _ = try fill(0..<piece)
            left -= piece
        }
    }

    /// Reads so many octets to a place in the block; false where the file ends before the first of them and may do so.
    private mutating func fill(_ range: Range<Int>, mayEnd: Bool = false) throws(Failure) -> Bool {
        precondition(range.upperBound <= block.count)
        guard let stream = unsafe stream else { return false }
        // SAFETY: the range lies in the array, which is held exclusively during the call; the stream is open.
        let count = unsafe block.withUnsafeMutableBytes { memory in
            guard let base = memory.baseAddress else { return 0 }
            return unsafe fread(base + range.lowerBound, 1, range.count, stream)
        }
        if count == range.count { return true }
        // SAFETY: the stream is open.
        if unsafe ferror(stream) != 0 { throw .unreadable(systemErrorText(errno)) }
        guard mayEnd, count == 0 else { throw .cut }
        return false
    }
}
