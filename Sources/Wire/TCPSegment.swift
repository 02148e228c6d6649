//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-------------------------------+-------------------------------+
// |          Source Port          |       Destination Port        |
// +-------------------------------+-------------------------------+
// |                        Sequence Number                        |
// +---------------------------------------------------------------+
// |                    Acknowledgment Number                      |
// +-------+-------+---------------+-------------------------------+
// |Offset |       |     Flags     |            Window             |
// +-------+-------+---------------+-------------------------------+
// |           Checksum            |         Urgent Pointer        |
// +-------------------------------+-------------------------------+
/// One TCP segment (RFC 9293 §3.1), options passed over.
///
/// A view that exists is valid: reading it cannot trap.
@usableFromInline
package struct TCPSegment: ~Escapable {
    /// The control bits of a segment (RFC 9293 §3.1).
    @usableFromInline
    package struct Flags: OptionSet, Sendable {
        @usableFromInline
        package let rawValue: UInt8

        @inlinable
        package init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// Whether all of these are set. Here, since the one that every option set has is called through its witness table from elsewhere.
        @inlinable
        package func contains(_ other: Flags) -> Bool { rawValue & other.rawValue == other.rawValue }

        /// No more data from the sender.
        @inlinable
        package static var fin: Flags { Flags(rawValue: 0x01) }
        /// Synchronises sequence numbers.
        @inlinable
        package static var syn: Flags { Flags(rawValue: 0x02) }
        /// Resets the connection.
        @inlinable
        package static var rst: Flags { Flags(rawValue: 0x04) }
        /// Asks to hand the data on.
        @inlinable
        package static var psh: Flags { Flags(rawValue: 0x08) }
        /// The acknowledgment number is significant.
        @inlinable
        package static var ack: Flags { Flags(rawValue: 0x10) }
        /// The urgent pointer is significant.
        @inlinable
        package static var urg: Flags { Flags(rawValue: 0x20) }
    }

    /// The sender's port.
    @usableFromInline
    package let sourcePort: UInt16

    /// The receiver's port.
    @usableFromInline
    package let destinationPort: UInt16

    /// The sequence number of the first octet of the segment; a SYN takes one of its own before the data.
    @usableFromInline
    package let sequenceNumber: UInt32

    /// The next sequence number the sender expects.
    @usableFromInline
    package let acknowledgmentNumber: UInt32

    /// The control bits.
    @usableFromInline
    package let flags: Flags

    /// The segment's data, as far as it is there.
    @usableFromInline
    package let payload: Span<UInt8>

    @usableFromInline
    let urgentPointer: UInt16

    /// Reads the segment that fills `bytes`.
    ///
    /// - Throws: ``WireError`` where the header is cut or its data offset lies inside the fixed header.
    @_lifetime(copy bytes)
    @inlinable
    @inline(__always)
    package init(parsing bytes: Span<UInt8>) throws(WireError) {
        guard bytes.count >= 20 else { throw .truncated(.tcpHeader) }
        let headerLength = Int(bytes[12] &>> 4) &* 4
        guard headerLength >= 20 else { throw .malformed(.tcpDataOffset) }
        guard bytes.count >= headerLength else { throw .truncated(.tcpHeader) }
        sourcePort = bytes.bigEndianUInt16(at: 0)
        destinationPort = bytes.bigEndianUInt16(at: 2)
        sequenceNumber = bytes.bigEndianUInt32(at: 4)
        acknowledgmentNumber = bytes.bigEndianUInt32(at: 8)
        flags = Flags(rawValue: bytes[13])
        urgentPointer = bytes.bigEndianUInt16(at: 18)
        payload = bytes.extracting(headerLength..<bytes.count)
    }

    /// The place in ``payload`` of the octet of urgent data; nil where there is none.
    ///
    /// Most systems keep that octet from a reader who did not ask for it, and take the pointer to stand behind it (RFC 6093 §2.1, §2.2).
    @inlinable
    package var urgentOffset: Int? {
        guard flags.contains(.urg), urgentPointer > 0, Int(urgentPointer) <= payload.count else { return nil }
        return Int(urgentPointer) &- 1
    }

    /// The sequence number of the first octet of ``payload``.
    @inlinable
    package var payloadSequenceNumber: UInt32 {
        flags.contains(.syn) ? sequenceNumber &+ 1 : sequenceNumber
    }
}
