import Wire

/// The header of a composed TCP segment (RFC 9293 §3.1); it has no options.
struct SegmentHeader {
    /// The octets of the header.
    static let length = 20

    /// Where the checksum stands in it.
    static let checksumOffset = 16

    /// The window of a segment with data: what a stack without window scaling states. The connection ends with it, so it is never filled; a
    /// window of zero would have the client probe it.
    static let dataWindow: UInt16 = 65_535

    var sourcePort: UInt16
    var destinationPort: UInt16
    var sequenceNumber: UInt32
    var acknowledgmentNumber: UInt32
    var flags: TCPSegment.Flags
    var window: UInt16

    /// Writes the header, its checksum left open.
    func write(into buffer: inout OctetBuffer) {
        buffer.append(sourcePort)
        buffer.append(destinationPort)
        buffer.append(sequenceNumber)
        buffer.append(acknowledgmentNumber)
        buffer.append(0x50 as UInt8)
        buffer.append(flags.rawValue)
        buffer.append(window)
        buffer.append(0 as UInt32)
    }
}

extension TCPSegment.Flags {
    // By their numbers, since a literal of several flags takes an array's memory.

    /// A reset that says what it has received.
    static var acknowledgingReset: TCPSegment.Flags { TCPSegment.Flags(rawValue: rst.rawValue | ack.rawValue) }

    /// The last data of a connection.
    static var lastData: TCPSegment.Flags {
        TCPSegment.Flags(rawValue: psh.rawValue | ack.rawValue | fin.rawValue)
    }
}

extension TCPSegment {
    /// The sequence number behind the segment, a SYN and a FIN counting one each (SEG.SEQ + SEG.LEN of RFC 9293 §3.4).
    ///
    /// The length is what the header of `packet`, which holds the segment, states, and not how much of it was copied.
    borrowing func nextSequenceNumber(in packet: IPPacket) -> UInt32 {
        let headerLength = packet.payload.count &- payload.count
        var length = UInt32(truncatingIfNeeded: packet.payloadLength &- headerLength)
        if flags.contains(.syn) { length &+= 1 }
        if flags.contains(.fin) { length &+= 1 }
        return sequenceNumber &+ length
    }

    /// Whether data of the other side can be told from the segment: the connection stands, and the sender says what it expects next.
    var isAnswerable: Bool {
        flags.contains(.ack) && flags.contains(.syn) == false && flags.contains(.rst) == false
    }
}
