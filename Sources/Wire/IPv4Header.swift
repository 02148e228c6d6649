//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-------+-------+---------------+-------------------------------+
// |Version|  IHL  |Type of Service|          Total Length         |
// +-------+-------+---------------+-----+-------------------------+
// |         Identification        |Flags|      Fragment Offset    |
// +---------------+---------------+-----+-------------------------+
// |  Time to Live |    Protocol   |        Header Checksum        |
// +---------------+---------------+-------------------------------+
// |                         Source Address                        |
// +---------------------------------------------------------------+
// |                      Destination Address                      |
// +---------------------------------------------------------------+
extension IPPacket {
    /// Reads an IPv4 packet with any options (RFC 791 §3.1).
    ///
    /// A total length of zero is taken as "to the end of the bytes": that is how the kernel hands over a packet that is larger
    /// than the field can state, and how capture tools see one that the network card will cut.
    @_lifetime(copy bytes)
    @inlinable
    @inline(__always)
    init(v4 bytes: Span<UInt8>) throws(WireError) {
        guard bytes.count >= 20 else { throw .truncated(.ipv4Header) }
        let headerLength = Int(bytes[0] & 0x0F) &* 4
        guard headerLength >= 20 else { throw .malformed(.ipv4Header) }
        guard bytes.count >= headerLength else { throw .truncated(.ipv4Header) }

        let stated = Int(bytes.bigEndianUInt16(at: 2))
        guard stated == 0 || stated >= headerLength else { throw .malformed(.ipv4TotalLength) }
        let end = stated == 0 ? bytes.count : min(stated, bytes.count)

        let fragment = bytes.bigEndianUInt16(at: 6)
        self.init(
            source: IPAddress(v4: bytes.bigEndianUInt32(at: 12)),
            destination: IPAddress(v4: bytes.bigEndianUInt32(at: 16)),
            transport: bytes[9],
            payload: bytes.extracting(headerLength..<end),
            headerLength: headerLength,
            missing: max(stated &- bytes.count, 0),
            isTruncated: stated > bytes.count,
            fragmentOffset: Int(fragment & 0x1FFF) &* 8,
            isFragment: fragment & 0x3FFF != 0,
            hasMoreFragments: fragment & 0x2000 != 0,
            identification: UInt32(bytes.bigEndianUInt16(at: 4))
        )
    }
}
