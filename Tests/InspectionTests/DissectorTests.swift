import TestSupport
import Testing
import Wire

@testable import Inspection

@Suite("Dissectors of streams")
struct DissectorTests {
    /// Streams that dissectors read more than one message of.
    static let streams: [[UInt8]] =
        [
            Array((HTTPTests.get("a.test") + HTTPTests.get("b.test")).utf8),
            Array(
                (HTTPTests.post("a.test", "Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\nT: u\r\n\r\n")
                    + HTTPTests.post("b.test", "Content-Length: 5", "hello") + HTTPTests.get("c.test")).utf8
            ),
            Array(
                (HTTPTests.post("a.test", "Content-Length: 3\r\nContent-Length: 5", "\u{1}\n") + HTTPTests.get("c.test"))
                    .utf8
            ),
            HTTPTests.preface + HTTPTests.frame(4, 0, []) + HTTPTests.frame(1, 0x05, HTTPTests.block("a.test"))
                + HTTPTests.frame(1, 0x28, [1, 0, 0, 0, 0, 16] + HTTPTests.block("b.test")[..<9] + [0])
                + HTTPTests.frame(9, 0x04, Array(HTTPTests.block("b.test")[9...])),
        ] + UpgradeTests.conversations.map(\.before)

    /// Reads a stream as the engine does, with so many octets more at a time, and expects what it relies on.
    private func read(_ stream: [UInt8], _ dissector: Dissectors, step: Int, _ box: Box) {
        var mode: DissectorMode = 0
        var start = 0
        var end = min(step, stream.count)
        var idle = 0
        while start < end {
            box.findings.reset()
            let before = mode
            let result = box.dissect(Array(stream[start..<end]), dissector, isFinal: end == stream.count, &mode)
            switch result {
            case .notMine, .finished:
                #expect(box.findings.count == 0)
                return
            case .needsMore(let count):
                #expect(count > end - start)
                #expect(mode == before)
                #expect(box.findings.count == 0)
                guard end < stream.count else { return }
                end = min(stream.count, max(end + step, start + min(count, 100_000)))
                idle = 0
            case .nameless(let count), .name(let count), .upgraded(let count):
                if case .name = result { #expect(box.findings.count > 0) }
                if case .nameless = result { #expect(box.findings.count == 0) }
                #expect(count >= 0)
                // A message of no octets is one that another mode reads.
                idle = count == 0 ? idle + 1 : 0
                #expect(idle < 3)
                guard idle < 3 else { return }
                if case .upgraded = result { mode = 0 }
                if case .upgraded = result, count == 0 { return }
                start += count
                end = max(end, min(stream.count, start + step))
            }
        }
    }

    /// What a dissector works with.
    private final class Box {
        var findings = Findings()
        var scratch = MessageBuffer(capacity: 70_000)

        func dissect(_ stream: [UInt8], _ dissector: Dissectors, isFinal: Bool, _ mode: inout DissectorMode)
            -> Dissection
        {
            do throws(WireError) {
                return try dissector.dissect(
                    stream: stream.span,
                    isFinal: isFinal,
                    mode: &mode,
                    scratch: &scratch,
                    into: &findings
                )
            } catch {
                return .notMine
            }
        }
    }

    @Test(arguments: [Dissectors.http, .upgrade])
    fileprivate func `damaged streams are read to their end, whatever pieces they come in`(_ dissector: Dissectors) {
        let box = Box()
        for stream in Self.streams {
            for step in [1, 7, 100_000] { read(stream, dissector, step: step, box) }
        }
        var random = SeededRandom(seed: 8)
        for _ in 0..<4_000 {
            var stream =
                (Self.streams.randomElement(using: &random) ?? []) + (Self.streams.randomElement(using: &random) ?? [])
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<stream.count, using: &random)
                switch Int.random(in: 0...3, using: &random) {
                case 0: stream[index] = UInt8.random(in: 0...255, using: &random)
                case 1: stream.remove(at: index)
                case 2:
                    stream.insert([0x0A, 0x0D, 0x20, 0x3A, 0xFF, 0x00].randomElement(using: &random) ?? 0, at: index)
                default: stream.replaceSubrange(index..., with: stream[(index / 2)...])
                }
            }
            read(stream, dissector, step: [1, 9, 50, 100_000].randomElement(using: &random) ?? 1, box)
        }
    }
}
