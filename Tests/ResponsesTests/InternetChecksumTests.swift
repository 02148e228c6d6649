import TestSupport
import Testing
import Wire

@testable import Responses

@Suite("Internet checksum (RFC 1071)")
struct InternetChecksumTests {
    private func checksum(_ bytes: [UInt8]) -> UInt16 {
        var sum = InternetChecksum()
        sum.add(bytes.span)
        return sum.value
    }

    @Test func `the example of RFC 1071 section 3`() {
        #expect(checksum(hex("0001 F203 F4F5 F6F7")) == ~0xDDF2)
    }

    @Test func `nothing sums up to all ones`() {
        #expect(checksum([]) == 0xFFFF)
        #expect(checksum([0, 0]) == 0xFFFF)
    }

    @Test func `every length gives what summing word by word gives`() {
        var random = SeededRandom(seed: 5)
        for count in 0...600 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(checksum(bytes) == internetChecksum(bytes))
        }
        let ones = [UInt8](repeating: 0xFF, count: 65_535)
        #expect(checksum(ones) == internetChecksum(ones))
    }

    @Test func `numbers and addresses count as their octets`() {
        var sum = InternetChecksum()
        sum.add(IPAddress(v4: 0xC000_0207))
        sum.add(IPAddress(v6: 0x2001_0DB8_0000_FFFF, 0xFFFF_FFFF_FFFF_FFFE))
        sum.add(17 as UInt64)
        #expect(sum.value == internetChecksum(hex("C0000207 20010DB80000FFFF FFFFFFFFFFFFFFFE 0011")))
    }
}
