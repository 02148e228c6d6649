// +-----------------------------------------------+
// |                 Length (24)                   |
// +---------------+---------------+---------------+
// |   Type (8)    |   Flags (8)   |
// +-+-------------+---------------+-------------------------------+
// |R|                 Stream Identifier (31)                      |
// +=+=============================================================+
// |                   Frame Payload (0...)                      ...
// +---------------------------------------------------------------+
/// One frame of an HTTP/2 connection (RFC 9113 §4.1), as much of it as has arrived.
///
/// A view that exists is valid: reading it cannot trap.
package struct HTTP2Frame: ~Escapable {
    /// Octets of the header before each payload.
    package static let headerLength = 9

    /// Octets of the preface that a client begins with (RFC 9113 §3.4).
    package static let prefaceLength = 24

    /// The type of frames that begin a header block (RFC 9113 §6.2).
    package static let headersType: UInt8 = 1

    /// The type of frames that continue one (RFC 9113 §6.10).
    package static let continuationType: UInt8 = 9

    /// What the payload is.
    package let type: UInt8

    /// The bits whose meaning depends on the type.
    package let flags: UInt8

    /// The stream that the frame belongs to.
    package let streamIdentifier: UInt32

    /// The payload's length in octets, as the header states it.
    package let length: Int

    /// The payload, as far as it is there.
    package let payload: Span<UInt8>

    /// Reads the frame that starts `bytes`.
    ///
    /// - Throws: ``WireError/truncated(_:)`` where the header is not complete.
    @_lifetime(copy bytes)
    package init(parsing bytes: Span<UInt8>) throws(WireError) {
        guard bytes.count >= Self.headerLength else { throw .truncated(.http2FrameHeader) }
        let word = bytes.bigEndianUInt32(at: 0)
        length = Int(word &>> 8)
        type = UInt8(truncatingIfNeeded: word)
        flags = bytes[4]
        streamIdentifier = bytes.bigEndianUInt32(at: 5) & 0x7FFF_FFFF
        payload = bytes.extracting(Self.headerLength..<min(Self.headerLength &+ length, bytes.count))
    }

    /// Whether this HEADERS or CONTINUATION frame is the last of its header block (END_HEADERS).
    package var endsHeaders: Bool { flags & 0x04 != 0 }

    /// The header block's octets in a HEADERS or CONTINUATION frame, without padding and priority (RFC 9113 §6.2), as far as they are there.
    ///
    /// - Throws: ``WireError`` where the padding is longer than the payload, or what stands before the block is not there.
    package var headerFragment: Span<UInt8> {
        @_lifetime(copy self)
        get throws(WireError) {
            guard type == Self.headersType else { return payload }
            var start = 0
            var padding = 0
            if flags & 0x08 != 0 {
                guard payload.count > 0 else { throw .truncated(.http2Padding) }
                padding = Int(payload[0])
                start = 1
            }
            if flags & 0x20 != 0 { start &+= 5 }
            let end = length &- padding
            guard start <= end else { throw .malformed(.http2Padding) }
            guard start <= payload.count else { throw .truncated(.http2Padding) }
            return payload.extracting(start..<min(end, payload.count))
        }
    }

    /// How many octets at the start of `bytes` are those of the client's preface, at most all of it.
    package static func prefaceCount(_ bytes: Span<UInt8>) -> Int {
        var count = 0
        while count < min(bytes.count, prefaceLength), bytes[count] == preface[count] { count &+= 1 }
        return count
    }

    /// `PRI * HTTP/2.0`, an empty line, `SM`, an empty line.
    private static let preface: InlineArray<24, UInt8> = [
        0x50, 0x52, 0x49, 0x20, 0x2A, 0x20, 0x48, 0x54, 0x54, 0x50, 0x2F, 0x32, 0x2E, 0x30, 0x0D, 0x0A, 0x0D, 0x0A,
        0x53, 0x4D, 0x0D, 0x0A, 0x0D, 0x0A,
    ]
}
