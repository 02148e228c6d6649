import Wire

/// The Internet checksum (RFC 1071): the ones' complement of the ones' complement sum of 16-bit words.
///
/// The sum is kept in 64 bits and taken over words of eight octets: as 2^16 leaves 1 when divided by 2^16 - 1, the halves of a longer word
/// may be added as they are and folded at the end.
struct InternetChecksum {
    private var sum: UInt64 = 0

    /// Adds eight octets that are one number in network byte order, or fewer as a smaller number.
    @inline(__always)
    mutating func add(_ word: UInt64) {
        // Each addition takes less than 2^33, so that it would take 2^31 of them to overflow; no packet has so many words.
        sum &+= word &>> 32 &+ word & 0xFFFF_FFFF
    }

    /// Adds octets that begin at an even offset of what is summed up; an odd last one is followed by a zero.
    mutating func add(_ bytes: Span<UInt8>) {
        var offset = 0
        while bytes.count &- offset >= 8 {
            let octets = bytes.extracting(offset..<offset &+ 8)
            let high =
                UInt64(octets[0]) &<< 56 | UInt64(octets[1]) &<< 48 | UInt64(octets[2]) &<< 40 | UInt64(octets[3])
                &<< 32
            let low =
                UInt64(octets[4]) &<< 24 | UInt64(octets[5]) &<< 16 | UInt64(octets[6]) &<< 8 | UInt64(octets[7])
            add(high | low)
            offset &+= 8
        }
        var last: UInt64 = 0
        var shift: UInt64 = 56
        while offset < bytes.count {
            last |= UInt64(bytes[offset]) &<< shift
            shift &-= 8
            offset &+= 1
        }
        add(last)
    }

    /// Adds an address, of four octets or of sixteen.
    @inline(__always)
    mutating func add(_ address: IPAddress) {
        add(address.high)
        add(address.low)
    }

    /// The checksum of all that was added.
    var value: UInt16 {
        var folded = sum
        while folded > 0xFFFF { folded = folded & 0xFFFF &+ folded &>> 16 }
        return ~UInt16(truncatingIfNeeded: folded)
    }
}
