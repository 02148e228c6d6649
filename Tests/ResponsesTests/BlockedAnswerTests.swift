import Responses
import Testing

@Suite("Blocked answer")
struct BlockedAnswerTests {
    @Test func `no client keeps an address for longer than a minute`() {
        var blocked = BlockedAnswer(result: .sinkhole, timeToLive: 86_400)
        #expect(blocked.timeToLive == 60)
        blocked.timeToLive = .max
        #expect(blocked.timeToLive == 60)
        blocked.timeToLive = 0
        #expect(blocked.timeToLive == 0)
    }

    @Test func `text is cut between characters`() {
        // 63 octets, then one character of two.
        let text = Array((String(repeating: "x", count: 63) + "ärende").utf8)
        var blocked = BlockedAnswer(result: .refused, text: text)
        #expect(blocked.text == Array(text[..<63]))
        blocked.text = Array(text.dropFirst())
        #expect(blocked.text == Array(text[1...64]))
        blocked.text = Array(text[..<63])
        #expect(blocked.text.count == 63)
    }

    @Test func `text that is no UTF-8 leaves nothing rather than a piece of a character`() {
        #expect(BlockedAnswer(result: .refused, text: [UInt8](repeating: 0x80, count: 100)).text.isEmpty)
    }
}
