import Blocklists
import TestSupport
import Testing

@Suite("Format told from the content")
struct FormatDetectionTests {
    private func detected(_ text: String) -> ListFormat? { ListFormat.detected(in: Array(text.utf8).span) }

    @Test(arguments: [
        (HostsFormatTests.example, ListFormat.hosts), (AdblockFormatTests.example, .adblock),
        (RPZFormatTests.example, .rpz), (CNCPOFormatTests.example, .cncpo), (URLsFormatTests.example, .urls),
        ("example.org\n", .domains),
        ("*.example.org\n.example.com\nåäö.test # why\nxn--4cab6c.test.", .domains),
        ("\u{FEFF}# a list\r\nexample.org\r\n", .domains),
        ("\u{FEFF}[Adblock Plus]\r\n||example.org^\r\n", .adblock),
        ("! a list\n||one.test^\n@@||two.test^\n##.ad\none.test##.ad\n", .adblock),
        ("0.0.0.0 one.test\n::1 two.test", .hosts),
        ("; a zone\n@ 3600 IN SOA a. b. (\n1 2 3 4 5 )\n", .rpz),
        ("$TTL 300\n", .rpz),
        ("one.test CNAME .\n*.one.test 300 IN CNAME .\ntwo.test A 192.0.2.1\n", .rpz),
        ("2024;20240521\n;one.test;;", .cncpo),
        ("url,domain\n", .cncpo),
        ("https://one.test/a\ntwo.test\nthree.test\nfour.test", .urls),
        ("https://one.test/\n", .urls),
    ])
    func `each format is told`(text: String, expected: ListFormat) {
        #expect(detected(text) == expected)
    }

    @Test(arguments: ["", "\n\r\n \t\n", "# only\n## comments\n", "! only\n; comments", "\u{FEFF}"])
    func `a file that says nothing is a list of domains`(text: String) {
        #expect(detected(text) == .domains)
    }

    @Test(arguments: [
        "https://odd.test/page", "0.0.0.0 odd.test", "||odd.test^", "192.0.2.1", "odd line of words",
        "odd.test A 192.0.2.1",
        "<odd>",
    ])
    func `a list of domains with a few odd lines stays one`(odd: String) {
        #expect(detected("\(odd)\none.test\ntwo.test\nthree.test\nfour.test\n") == .domains)
        #expect(detected("one.test\ntwo.test\nthree.test\n\(odd)\nfour.test\n") == .domains)
    }

    @Test(arguments: [
        "<!DOCTYPE html>\n<html>\n<head><title>404 Not Found</title></head>\n<body>\n</body>\n</html>\n",
        "{\n  \"domains\": [\n    \"one.test\",\n    \"two.test\"\n  ]\n}\n",
        "It was a dark and stormy night. The rain fell in torrents,\nexcept at occasional intervals.\n",
        "192.0.2.1\n192.0.2.2\n2001:db8::1\n",
        "localhost\nwords\nwithout\ndots\n",
        "one.test;two.test;three.test\nfour.test;five.test;six.test\n",
        "\u{0}\u{1}\u{2}GVSNAP\u{3}\u{4}",
        "one.test\n0.0.0.0 two.test\n||three.test^\nfour.test CNAME .\n",
        "-----BEGIN PGP MESSAGE-----\n\nhQEMA1x\n",
    ])
    func `other files are of no format`(text: String) {
        #expect(detected(text) == nil)
    }

    @Test func `a line that the sample cuts is not counted`() {
        // of the cut line only what looks like a domain is left
        var text = Array(String(repeating: "0.0.0.0 example.test\n", count: 4_000).utf8)
        text.removeSubrange(ListFormat.sampleSize...)
        #expect(ListFormat.detected(in: text.span) == .hosts)
        let line = [UInt8](repeating: 0x61, count: ListFormat.sampleSize)
        #expect(ListFormat.detected(in: line.span) == nil)
    }

    @Test func `random octets are told or not`() {
        var random = SeededRandom(seed: 71)
        var told = 0
        for _ in 0..<3_000 {
            let text = (0..<Int.random(in: 0...80, using: &random)).map { _ in
                Array("ab1.:/|^@ \n;$\"#![]".utf8).randomElement(using: &random)
                    ?? UInt8.random(in: 0...255, using: &random)
            }
            if ListFormat.detected(in: text.span) != nil { told += 1 }
        }
        #expect(told > 0 && told < 3_000)
    }
}
