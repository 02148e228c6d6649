import TestSupport
import Testing

@testable import ListFiles

@Suite("Checksum (XXH3, 128 bits)")
struct ChecksumTests {
    private func checksum(_ octets: [UInt8]) -> [UInt8] {
        let nothing: [UInt8] = []
        return Checksum.of(octets.span, nothing.span)
    }

    @Test func `the checksum of nothing is the published one`() {
        // xxHash's own test vectors: XXH128 of no octets with seed 0, 99aa06d3014798d86001c324468d497f
        #expect(checksum([]) == Array(hex("99aa06d3014798d8 6001c324468d497f").reversed()))
    }

    @Test func `pieces make the same checksum as the whole`() throws {
        let octets = (0..<5_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        let whole = checksum(octets)
        #expect(whole.count == Checksum.length)
        for cut in [0, 1, 240, 241, 1_024, 4_999, 5_000] {
            let one = Checksum.of(octets.span.extracting(0..<cut), octets.span.extracting(cut..<5_000))
            #expect(one == whole)
        }
        var changed = octets
        changed[4_321] ^= 1
        #expect(checksum(changed) != whole)
    }
}
