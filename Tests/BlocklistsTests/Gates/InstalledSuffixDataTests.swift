import Blocklists
import FoundationEssentials
import Testing
import Wire

/// The data that Debian's package publicsuffix installs.
private let installedPath = "/usr/share/publicsuffix/public_suffix_list.dat"

@Suite(
    "Installed public suffix data",
    .enabled(if: FileManager.default.isReadableFile(atPath: installedPath), "needs the package publicsuffix")
)
struct InstalledSuffixDataTests {
    @Test func `the installed data is read whole`() throws {
        let rules = try PublicSuffixRules(String(contentsOfFile: installedPath, encoding: .utf8), toASCII: punycode)
        #expect(rules.count > 5_000)
        var seen = 0
        var strangers: [String] = []
        var wildcard: String?
        rules.forEach { name, kind in
            seen += 1
            let text = name.presentation()
            switch kind {
            case .exact: if rules.isPublicSuffix(name) == false { strangers.append(text) }
            case .wildcard: wildcard = text
            }
        }
        #expect(seen == rules.count)
        #expect(strangers == [])
        #expect(try rules.isPublicSuffix("never-registered.\(try #require(wildcard))"))

        for suffix in ["com", "co.uk", "github.io", "anything.ck", "city.ck", "xn--55qx5d.cn"] {
            #expect(try rules.isPublicSuffix(suffix), "\(suffix)")
        }
        for name in ["example.co.uk", "www.ck", "city.kawasaki.jp", "kawasaki.jp", "someone.github.io", "example.com"] {
            #expect(try rules.isPublicSuffix(name) == false, "\(name)")
        }

        let counts = try EntryCounts(
            of: ["uk", "co.uk", "jp", "amazonaws.com", "example.co.uk"].map { ($0, [.itself, .subdomains]) },
            rules: rules,
            protected: try ProtectedNames([] as [String])
        )
        #expect(counts.publicSuffixes == 3)
        #expect(counts.abovePublicSuffixes == 1)
    }

    @Test func `cut data is refused`() throws {
        let text = try String(contentsOfFile: installedPath, encoding: .utf8)
        #expect(throws: PublicSuffixError.self) {
            _ = try PublicSuffixRules(String(text.prefix(text.count / 2)), toASCII: punycode)
        }
    }
}

/// The A-labels of a name whose labels are lower case and normalised already (RFC 3492 §6.3).
private func punycode(_ text: Span<UInt8>) -> [UInt8]? {
    var octets: [UInt8] = []
    for index in text.indices { octets.append(text[index]) }
    let labels = String(decoding: octets, as: UTF8.self).split(separator: ".", omittingEmptySubsequences: false)
    return Array(labels.map { label(Array($0.unicodeScalars)) }.joined(separator: ".").utf8)
}

private func label(_ scalars: [Unicode.Scalar]) -> String {
    var output = scalars.filter(\.isASCII).map { Character($0) }
    guard output.count < scalars.count else { return String(output) }
    let basic = output.count
    if basic > 0 { output.append("-") }
    var (next, delta, bias, done): (UInt32, UInt32, UInt32, Int) = (128, 0, 72, basic)
    while done < scalars.count {
        let smallest = scalars.map(\.value).filter { $0 >= next }.min() ?? next
        delta += (smallest - next) * UInt32(done + 1)
        next = smallest
        for scalar in scalars {
            if scalar.value < next { delta += 1 }
            guard scalar.value == next else { continue }
            var rest = delta
            var base: UInt32 = 36
            while true {
                let threshold = base <= bias ? 1 : min(base - bias, 26)
                guard rest >= threshold else { break }
                output.append(digit(threshold + (rest - threshold) % (36 - threshold)))
                rest = (rest - threshold) / (36 - threshold)
                base += 36
            }
            output.append(digit(rest))
            bias = adapted(delta, count: UInt32(done + 1), isFirst: done == basic)
            delta = 0
            done += 1
        }
        delta += 1
        next += 1
    }
    return "xn--" + String(output)
}

private func digit(_ value: UInt32) -> Character {
    Character(Unicode.Scalar(UInt8(truncatingIfNeeded: value < 26 ? 0x61 + value : 0x30 + value - 26)))
}

private func adapted(_ delta: UInt32, count: UInt32, isFirst: Bool) -> UInt32 {
    var delta = isFirst ? delta / 700 : delta / 2
    delta += delta / count
    var steps: UInt32 = 0
    while delta > 455 {
        delta /= 35
        steps += 36
    }
    return steps + 36 * delta / (delta + 38)
}
