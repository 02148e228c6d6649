/// The size that starts a chunk of a chunked body (RFC 9112 §7.1).
package struct HTTPChunkSize: Equatable, Sendable {
    /// Octets of the line, of a line end before it included.
    package let length: Int

    /// Octets of data behind the line; zero for the last chunk.
    package let size: Int

    /// The longest line in octets.
    private static let lengthLimit = 4_096

    /// The largest chunk that is passed over, in octets.
    private static let sizeLimit = 1 << 30

    /// Reads the line that starts `bytes`; the end of the chunk before may stand in front.
    ///
    /// - Throws: ``WireError/truncated(_:)`` where the line is not complete, other cases where it is none.
    package init(parsing bytes: Span<UInt8>) throws(WireError) {
        var position = 0
        if position < bytes.count, bytes[position] == carriageReturn { position &+= 1 }
        if position < bytes.count, bytes[position] == lineFeed { position &+= 1 }
        let first = position
        var size = 0
        while position < bytes.count, let digit = bytes[position].hexadecimalValue {
            size = size &<< 4 | digit
            position &+= 1
            guard size <= Self.sizeLimit else { throw .limitExceeded(.httpFields) }
        }
        guard position < bytes.count else { throw .truncated(.httpFields) }
        guard position > first, bytes[position].endsChunkSize else { throw .malformed(.httpFields) }
        let end = bytes.firstOffset(of: lineFeed, from: position)
        guard end < bytes.count else {
            throw bytes.count < Self.lengthLimit ? .truncated(.httpFields) : .limitExceeded(.httpFields)
        }
        length = end &+ 1
        self.size = size
    }
}

extension UInt8 {
    /// Whether the digits of a chunk's size end at this octet: at white space, an extension or the line's end.
    fileprivate var endsChunkSize: Bool {
        self == space || self == tab || self == UInt8(ascii: ";") || self == carriageReturn || self == lineFeed
    }

    /// The value of a hexadecimal digit; nil for any other octet.
    fileprivate var hexadecimalValue: Int? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(self &- UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"):
            Int((self | 0x20) &- UInt8(ascii: "a")) &+ 10
        default: nil
        }
    }
}

private let lineFeed = UInt8(ascii: "\n")
private let carriageReturn = UInt8(ascii: "\r")
private let space = UInt8(ascii: " ")
private let tab = UInt8(ascii: "\t")
