import Glibc
import TestSupport
import Testing
import Wire

@testable import CaptureFiles

@Suite("Text line")
struct TextLineTests {
    /// What the C library writes for an IPv6 address.
    static func reference(_ high: UInt64, _ low: UInt64) -> String {
        let network = [high, low].flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) }
        }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        // SAFETY: sixteen octets of an address, and room for the longest text.
        let written = unsafe inet_ntop(AF_INET6, network, &text, socklen_t(text.count)) != nil
        return written ? String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : "?"
    }

    static func text(_ address: IPAddress) -> String {
        var line = TextLine()
        line.append(address)
        return line.text
    }

    @Test func `IPv6 addresses are written as the C library writes them`() {
        var random = SeededRandom(seed: 6)
        for pattern in 0..<256 {
            for _ in 0..<8 {
                // Each set of groups that are zero, and others of one to four digits.
                var words: [UInt64] = [0, 0]
                for index in 0..<8 where pattern >> index & 1 != 0 {
                    let largest = UInt64(0xFFFF) >> (4 * .random(in: 0...3, using: &random))
                    let group = UInt64.random(in: 1...largest, using: &random)
                    words[index / 4] |= group << (16 * UInt64(3 - index % 4))
                }
                #expect(Self.text(IPAddress(v6: words[0], words[1])) == Self.reference(words[0], words[1]))
            }
        }
        for (high, low) in [(0, 0), (0, 1), (0, 0xFFFF_C000_0201), (0, 0xC000_0201), (0, 0xFFFE_C000_0201)]
            as [(UInt64, UInt64)]
        {
            #expect(Self.text(IPAddress(v6: high, low)) == Self.reference(high, low))
        }
    }

    @Test(
        arguments: [(0, "0.0.0.0"), (0xC000_0207, "192.0.2.7"), (0xFFFF_FFFF, "255.255.255.255")] as [(UInt32, String)]
    )
    func `IPv4 addresses are dotted`(number: UInt32, text: String) {
        #expect(Self.text(IPAddress(v4: number)) == text)
    }

    @Test(arguments: [0, 7, 9, 10, 99, 100, 65_535, 999_999, 1_000_000, .max - 1, .max])
    func `numbers are decimal`(number: Int) {
        var line = TextLine()
        line.append(decimal: number)
        #expect(line.text == "\(number)")
    }

    @Test func `names are written as they are presented, and none is called plain that JSON escapes`() throws {
        var random = SeededRandom(seed: 9)
        let plain = Array("abcdefghijklmnopqrstuvwxyz0123456789-_!~#".utf8)
        var counts = (plain: 0, other: 0)
        for round in 0..<6_000 {
            var name: [UInt8] = []
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let length = Int.random(in: 1...(round % 3 == 0 ? 40 : 12), using: &random)
                if name.isEmpty == false { name.append(UInt8(ascii: ".")) }
                for _ in 0..<length {
                    // In one name of two any octet but the dot, once in a while.
                    let isOdd = round % 2 == 0 && Int.random(in: 0..<30, using: &random) == 0
                    let odd = UInt8.random(in: .min ... .max, using: &random)
                    name.append(isOdd && odd != UInt8(ascii: ".") ? odd : plain.randomElement(using: &random) ?? 0x61)
                }
            }
            guard name.count < DomainName.maximumLength else { continue }
            let domain = try DomainName(text: name.span)
            var line = TextLine()
            line.append("x" as StaticString)
            let isPlain = line.append(plain: domain.view)
            #expect(isPlain || line.text == "x")
            if isPlain == false { line.append(domain) }
            let text = domain.presentation()
            #expect(line.text == "x" + text)
            #expect(isPlain == (text.utf8.contains { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") } == false))
            if isPlain { counts.plain += 1 } else { counts.other += 1 }
        }
        #expect(counts.plain > 1_000 && counts.other > 1_000)
    }

    @Test func `a line grows with what is put into it`() {
        var line = TextLine()
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 5_000)
        for _ in 0..<3 {
            line.append(piece.span)
            line.append("yz" as StaticString)
            line.append(decimal: 12)
        }
        #expect(line.text == String(repeating: String(repeating: "x", count: 5_000) + "yz12", count: 3))
        line.removeAll()
        #expect(line.text.isEmpty)
    }
}
