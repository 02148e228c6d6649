/// Why there is nothing more to be read of a capture.
enum CaptureFault: Error, Equatable {
    /// The system could not read on.
    case unreadable(String)
    /// The file ends inside a header, a frame or a block.
    case cut
    /// The bytes break the format.
    case damaged(String)
}

/// A frame of a capture: where its octets lie in the ``CaptureStream``, and what is said of it.
struct CapturedFrame: Equatable {
    /// Where its octets lie.
    var octets: Range<Int>

    /// When it was captured, in nanoseconds since 1970; zero for times before that.
    var timestamp: UInt64

    /// Its length on the wire, in octets.
    var originalLength: Int

    /// The number of its link type, as files have it (`LINKTYPE_`).
    var linkType: UInt16

    /// Its number in the file.
    var number: Int

    /// No frame at all.
    static let none = CapturedFrame(octets: 0..<0, timestamp: 0, originalLength: 0, linkType: 0, number: 0)
}

/// What reading a capture came to.
enum CaptureStep: Equatable {
    /// The next frame.
    case frame(CapturedFrame)
    /// The rest is not here yet, and reading it would take away the frames that were read before.
    case later
    /// The regular end of the file.
    case end
}
