// HMAC with SHA-256 (RFC 2104, FIPS 180-4) of what the derivation of keys has: keys of one hash or less, messages that fit into one block
// with what SHA-256 puts behind them. Each code is then two blocks, and a key that is used again takes none of its own.

/// A code, or a key: 32 octets in words, of which the first octet is the highest.
typealias HMACCode = InlineArray<8, UInt32>

/// A key that has been taken in.
struct HMACKey: Sendable {
    private var inner = SHA256State()
    private var outer = SHA256State()

    /// A key of 32 octets; a shorter one ends with zeros, which is the same key.
    init(_ key: HMACCode) {
        inner.take(InlineArray { (($0 < 8 ? key[$0] : 0) ^ 0x3636_3636).bigEndian })
        outer.take(InlineArray { (($0 < 8 ? key[$0] : 0) ^ 0x5C5C_5C5C).bigEndian })
    }

    /// The code of a message.
    func code(of message: HMACMessage) -> HMACCode {
        var (inner, outer) = (inner, outer)
        inner.take(message.block)
        outer.take(HMACMessage(inner.words).block)
        return outer.words
    }
}

/// A message in the one block that follows the key's, filled up and with its length (FIPS 180-4 §5.1.1).
struct HMACMessage: Sendable {
    /// The block, whose words lie in memory as the message does.
    let block: InlineArray<16, UInt32>

    /// The most octets of a message: what fits beside one that ends it and eight of its length.
    static let limit = 55

    /// A message of no more octets than ``limit``; of a longer one the first are taken.
    init(_ octets: Span<UInt8>) {
        let count = min(octets.count, Self.limit)
        var block = InlineArray<16, UInt32>(repeating: 0)
        block.take(octets.extracting(first: count))
        block[count &>> 2] |= 0x8000_0000 &>> UInt32(count & 3 &* 8)
        block[15] = Self.bits(count)
        self.block = InlineArray { block[$0].bigEndian }
    }

    /// A hash as the message.
    init(_ words: HMACCode) {
        block = InlineArray { place in
            switch place {
            case 0..<8: words[place].bigEndian
            case 8: UInt32(0x8000_0000).bigEndian
            case 15: Self.bits(32).bigEndian
            default: 0
            }
        }
    }

    /// The bits of a message with the block of the key before it.
    private static func bits(_ count: Int) -> UInt32 { UInt32(truncatingIfNeeded: (64 &+ count) &* 8) }
}

extension InlineArray where Element == UInt32 {
    /// Puts octets into words that are zero, the first one highest.
    mutating func take(_ octets: Span<UInt8>) {
        for index in octets.indices { self[index &>> 2] |= UInt32(octets[index]) &<< UInt32(24 &- index & 3 &* 8) }
    }

    /// As many of the octets as are asked for.
    func octets<let length: Int>() -> InlineArray<length, UInt8> {
        InlineArray<length, UInt8> { UInt8(truncatingIfNeeded: self[$0 &>> 2] &>> UInt32(24 &- $0 & 3 &* 8)) }
    }
}
