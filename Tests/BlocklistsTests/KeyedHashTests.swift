import Blocklists
import TestSupport
import Testing

@Suite("Keyed hash (SipHash-1-3, 128 bits)")
struct KeyedHashTests {
    /// The key of the vectors that the authors publish: octets 00 to 0f, little-endian.
    static let key = HashKey(0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908)

    /// The hash of `input` through the interface under test.
    private func hash(_ input: [UInt8], _ key: HashKey) -> Fingerprint {
        var hash = KeyedHash(key)
        let whole = input.count / 8 * 8
        for start in stride(from: 0, to: whole, by: 8) { hash.combine(littleEndian(input[start..<start + 8])) }
        let (bits, state) = hash.first(tail: littleEndian(input[whole...]), length: input.count)
        return Fingerprint(bits, KeyedHash.second(of: state))
    }

    private func littleEndian(_ octets: ArraySlice<UInt8>) -> UInt64 {
        octets.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// SipHash with 128 bits of output as its paper describes it, one octet and one operation at a time.
    private func reference(_ input: [UInt8], _ key: HashKey, compressions: Int, finalizations: Int) -> Fingerprint {
        var v: [UInt64] = [
            key.first ^ 0x736f_6d65_7073_6575, key.second ^ 0x646f_7261_6e64_6f6d,
            key.first ^ 0x6c79_6765_6e65_7261, key.second ^ 0x7465_6462_7974_6573,
        ]
        func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 { value << count | value >> (64 - count) }
        func rounds(_ count: Int) {
            for _ in 0..<count {
                v[0] &+= v[1]; v[2] &+= v[3]
                v[1] = rotate(v[1], 13); v[3] = rotate(v[3], 16)
                v[1] ^= v[0]; v[3] ^= v[2]
                v[0] = rotate(v[0], 32)
                v[2] &+= v[1]; v[0] &+= v[3]
                v[1] = rotate(v[1], 17); v[3] = rotate(v[3], 21)
                v[1] ^= v[2]; v[3] ^= v[0]
                v[2] = rotate(v[2], 32)
            }
        }
        v[1] ^= 0xee
        var padded = input
        while padded.count % 8 != 7 { padded.append(0) }
        padded.append(UInt8(truncatingIfNeeded: input.count))
        for start in stride(from: 0, to: padded.count, by: 8) {
            var word: UInt64 = 0
            for index in 0..<8 { word |= UInt64(padded[start + index]) << UInt64(8 * index) }
            v[3] ^= word
            rounds(compressions)
            v[0] ^= word
        }
        v[2] ^= 0xee
        rounds(finalizations)
        let first = v[0] ^ v[1] ^ v[2] ^ v[3]
        v[1] ^= 0xdd
        rounds(finalizations)
        return Fingerprint(first, v[0] ^ v[1] ^ v[2] ^ v[3])
    }

    private func fingerprint(_ octets: [UInt8]) -> Fingerprint {
        Fingerprint(littleEndian(octets[0..<8]), littleEndian(octets[8..<16]))
    }

    @Test func `the reference agrees with the published vectors of SipHash-2-4-128`() {
        // vectors_sip128 of the authors' reference implementation: inputs of no octets, and of 00
        #expect(
            reference([], Self.key, compressions: 2, finalizations: 4)
                == fingerprint(hex("a3817f04ba25a8e66df67214c7550293"))
        )
        #expect(
            reference([0], Self.key, compressions: 2, finalizations: 4)
                == fingerprint(hex("da87c1d86b99af44347659119b22fc45"))
        )
    }

    @Test func `the hash of nothing is the published one`() {
        // SipHash-1-3-128 of no octets, from the vectors of independent implementations
        #expect(hash([], Self.key) == fingerprint(hex("e77ebcb22788a5befd62db6add303001")))
    }

    @Test func `inputs of every length agree with the reference`() {
        for count in 0...256 {
            let input = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            #expect(
                hash(input, Self.key) == reference(input, Self.key, compressions: 1, finalizations: 3),
                "\(count) octets"
            )
        }
    }

    @Test func `random keys and inputs agree with the reference`() {
        var random = SeededRandom(seed: 13)
        for _ in 0..<500 {
            let key = HashKey(random.next(), random.next())
            let input = (0..<Int.random(in: 0...255, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            #expect(hash(input, key) == reference(input, key, compressions: 1, finalizations: 3))
        }
    }

    @Test func `the state of a prefix can be finished and then taken further`() {
        var hash = KeyedHash(Self.key)
        hash.combine(0x0706_0504_0302_0100)
        let prefix = Array(UInt8(0)..<11)
        let (bits, state) = hash.first(tail: 0x0A_0908, length: 11)
        #expect(
            Fingerprint(bits, KeyedHash.second(of: state))
                == reference(prefix, Self.key, compressions: 1, finalizations: 3)
        )
        hash.combine(0x0F0E_0D0C_0B0A_0908)
        let whole = Array(UInt8(0)..<16)
        #expect(
            hash.first(tail: 0, length: 16).bits == reference(whole, Self.key, compressions: 1, finalizations: 3).first
        )
    }

    @Test func `the fingerprint of five words depends on each of them, and on the key`() {
        let words: [UInt64] = [1, 2, 3, 4, 5]
        func fingerprint(_ words: [UInt64], _ key: HashKey) -> [UInt64] {
            let fingerprint = key.fingerprint(words[0], words[1], words[2], words[3], words[4])
            return [fingerprint.first, fingerprint.second]
        }
        var seen: Set<[UInt64]> = [fingerprint(words, Self.key)]
        for index in 0..<5 {
            var changed = words
            changed[index] ^= 1 << 40
            seen.insert(fingerprint(changed, Self.key))
        }
        seen.insert(fingerprint(words, HashKey(Self.key.first ^ 1, Self.key.second)))
        seen.insert(fingerprint(words, HashKey(Self.key.first, Self.key.second ^ 1)))
        #expect(seen.count == 8)
    }

    @Test func `the fingerprint of two words is the hash of their octets, and none of five words`() {
        let (one, two): (UInt64, UInt64) = (0x0706_0504_0302_0100, 0x0E_0D0C_0B0A_0908)
        #expect(
            Self.key.fingerprint(one, two) == reference(Array(0..<15), Self.key, compressions: 1, finalizations: 3)
        )
        #expect(Self.key.fingerprint(one, two) != Self.key.fingerprint(one, 0, 0, 0, two))
        #expect(Self.key.fingerprint(one, two) != Self.key.fingerprint(0, one, 0, 0, two))
    }

    @Test func `random keys differ`() {
        #expect(HashKey.random() != HashKey.random())
    }
}
