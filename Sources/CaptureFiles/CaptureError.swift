/// Why a capture could not be read, or not to its end.
///
/// The text is one line and speaks of the file alone; whoever prints it puts the file's name in front. Reasons are ours or
/// the system's own words.
package enum CaptureError: Error, Equatable, Sendable {
    /// The file could not be opened or read.
    case unreadable(String)
    /// The bytes are neither pcap nor pcapng.
    case notACapture(String)
    /// The frames of a pcap file are of a link type that no ``LinkLayer`` stands for.
    case unsupportedLinkType(name: String, number: Int32)
    /// A pcapng file that was read to its end holds so many frames of a link type that no ``LinkLayer`` stands for.
    case unsupportedFrames(Int, name: String, number: Int32)
    /// The file ends inside a header, packet or block; everything before was read.
    case cut(afterFrame: Int, String)
    /// The bytes break the format after this frame; everything before was read.
    case damaged(afterFrame: Int, String)

    /// What is wrong and what mends it, in one line.
    package var explanation: String {
        switch self {
        case .unreadable(let reason):
            "cannot be read: \(reason); check the path and its permissions"
        case .notACapture(let reason):
            "is not a capture (\(reason)); give a pcap or pcapng file, unpacked if it is compressed"
        case .unsupportedLinkType(let name, let number):
            "has link type \(name) (\(number)); capture on an Ethernet, raw IP, Linux cooked or loopback interface"
        case .unsupportedFrames(let count, let name, let number):
            "holds \(count) \(count == 1 ? "frame" : "frames") of link type \(name) (\(number)) that could not be read; all others were, "
                + "capture on an Ethernet, raw IP, Linux cooked or loopback interface for the rest"
        case .cut(let frame, let reason):
            "is cut short after frame \(frame) (\(reason)); what was read is reported, copy or capture it again for the rest"
        case .damaged(let frame, let reason):
            "is damaged after frame \(frame) (\(reason)); what was read is reported, copy or capture it again for the rest"
        }
    }
}
