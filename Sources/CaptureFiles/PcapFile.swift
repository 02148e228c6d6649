/// How the frames of a pcap file are written, which its header says (draft-ietf-opsawg-pcap §4).
///
/// Besides the format of today those that older programs wrote are read: frames with more in their header, and files whose two lengths
/// stand in the other order.
struct PcapFile: Equatable {
    /// Octets of the longest frame, whatever a header states: what libpcap takes for the link types that are read here.
    static let frameLimit = 262_144

    /// The number of the frames' link type, as files have it (`LINKTYPE_`).
    let linkType: UInt16

    private static let headerLength = 24

    private let isBigEndian: Bool
    /// Nanoseconds of a tick, of which a timestamp has some besides its seconds.
    private let tick: UInt64
    private let frameHeaderLength: Int
    private let lengthOrder: LengthOrder

    /// In which order a frame's header has the captured length and the one on the wire.
    private enum LengthOrder {
        case capturedFirst
        case capturedLast
        /// The lower one is the captured length: both orders were written.
        case lowerIsCaptured

        /// The order of a version; nil for one that is not known.
        init?(major: UInt16, minor: UInt16) {
            switch (major, minor) {
            case (2, 0...2), (543, 0): self = .capturedLast
            case (2, 3): self = .lowerIsCaptured
            case (2, 4): self = .capturedFirst
            default: return nil
            }
        }
    }

    /// Magic numbers, as the first four octets have them.
    private enum Magic {
        static let microseconds: UInt32 = 0xA1B2_C3D4
        static let nanoseconds: UInt32 = 0xA1B2_3C4D
        /// Of a patch to libpcap for Linux 2.0, whose frames have eight octets more.
        static let longHeaders: UInt32 = 0xA1B2_CD34
    }

    /// Begins to read a file.
    ///
    /// - Throws: `damaged` where it does not begin with a pcap header, and what ``CaptureStream/supply(_:mayRead:)`` throws.
    init(_ stream: inout CaptureStream) throws(CaptureFault) {
        guard case .ready = try stream.supply(4, mayRead: true),
            let magic = stream.waiting.number32(at: 0, isBigEndian: false)
        else { throw .cut }
        switch magic {
        case Magic.microseconds, Magic.nanoseconds, Magic.longHeaders: isBigEndian = false
        case Magic.microseconds.byteSwapped, Magic.nanoseconds.byteSwapped, Magic.longHeaders.byteSwapped:
            isBigEndian = true
        default: throw .damaged("unknown file format")
        }
        let kind = isBigEndian ? magic.byteSwapped : magic
        tick = kind == Magic.nanoseconds ? 1 : 1_000
        frameHeaderLength = kind == Magic.longHeaders ? 24 : 16
        guard case .ready = try stream.supply(Self.headerLength, mayRead: true),
            let versions = stream.waiting.number32(at: 4, isBigEndian: isBigEndian),
            let type = stream.waiting.number32(at: 20, isBigEndian: isBigEndian)
        else { throw .cut }
        let (one, other) = (UInt16(versions >> 16), UInt16(truncatingIfNeeded: versions))
        let (major, minor) = isBigEndian ? (one, other) : (other, one)
        guard let order = LengthOrder(major: major, minor: minor) else {
            throw .damaged("pcap version \(major).\(minor) is not known")
        }
        lengthOrder = order
        // The upper half says how long a checksum behind each frame is.
        linkType = UInt16(truncatingIfNeeded: type)
        stream.take(Self.headerLength)
    }

    /// The four numbers that each frame's header begins with: two of its time and two lengths.
    @inline(__always)
    private func numbers(_ header: Span<UInt8>) -> (UInt32, UInt32, UInt32, UInt32)? {
        guard let seconds = header.number32(at: 0, isBigEndian: isBigEndian),
            let ticks = header.number32(at: 4, isBigEndian: isBigEndian),
            let one = header.number32(at: 8, isBigEndian: isBigEndian),
            let other = header.number32(at: 12, isBigEndian: isBigEndian)
        else { return nil }
        return (seconds, ticks, one, other)
    }

    /// Reads the next frame; it has no number yet.
    ///
    /// - Throws: `damaged` for a frame longer than any can be, and what ``CaptureStream/supply(_:mayRead:)`` throws.
    @inline(__always)
    func next(_ stream: inout CaptureStream, mayRead: Bool) throws(CaptureFault) -> CaptureStep {
        switch try stream.supply(frameHeaderLength, mayRead: mayRead) {
        case .ready: break
        case .later: return .later
        case .ended: return .end
        }
        guard let (seconds, ticks, one, other) = numbers(stream.octets(stream.start..<stream.start + 16)) else {
            throw .cut
        }
        let (captured, original) =
            switch lengthOrder {
            case .capturedFirst: (one, other)
            case .capturedLast: (other, one)
            case .lowerIsCaptured: (min(one, other), max(one, other))
            }
        guard captured <= Self.frameLimit else { throw .damaged("a frame states a length of \(captured)") }
        let length = frameHeaderLength + Int(captured)
        guard case .ready = try stream.supply(length, mayRead: mayRead) else { return .later }
        let first = stream.start + frameHeaderLength
        stream.take(length)
        return .frame(
            CapturedFrame(
                octets: first..<first + Int(captured),
                timestamp: UInt64(seconds) * 1_000_000_000 + UInt64(ticks) * tick,
                originalLength: Int(original),
                linkType: linkType,
                number: 0
            )
        )
    }
}
