import TestSupport
import Testing
import Wire

@Suite("ASCII word")
struct ASCIIWordTests {
    private func isEqual(_ text: String, _ word: String) -> Bool { Array(text.utf8).span.isEqual(to: ASCIIWord(word)) }

    private func begins(_ word: String, with text: String) -> Bool {
        ASCIIWord(word).begins(with: Array(text.utf8).span)
    }

    @Test(arguments: ["host", "HOST", "hOsT"])
    func `case says nothing`(text: String) {
        #expect(isEqual(text, "Host"))
    }

    @Test(arguments: ["hos", "hosts", "h0st", "", "(OST", "\u{8}ost"])
    func `another text is another word`(text: String) {
        #expect(isEqual(text, "host") == false)
    }

    @Test func `a word begins with each of its prefixes and with nothing longer`() {
        for count in 0...8 { #expect(begins("STARTTLS", with: String("StartTLS".prefix(count)))) }
        #expect(begins("STARTTLS", with: "STARTTLS ") == false)
        #expect(begins("STARTTLS", with: "STX") == false)
    }

    @Test func `the first octet is found wherever it stands`() {
        for count in 0...40 {
            for place in 0...count {
                var octets = [UInt8](repeating: 0x8A, count: count)
                for index in place..<count { octets[index] = index.isMultiple(of: 3) || index == place ? 0x0A : 0x0B }
                for start in 0...count {
                    let expected = (start..<count).first { octets[$0] == 0x0A } ?? count
                    let found = octets.span.firstOffset(of: 0x0A, from: start)
                    #expect(found == expected)
                }
            }
        }
    }
}
