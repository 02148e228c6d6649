import Inspection
import TestSupport
import Testing

@testable import NetfilterQueue

/// One packet's verdict, and the mark it gets.
private struct Judged {
    let verdict: Verdict
    let id: UInt32
    var mark: UInt32?
}

/// What a writer for queue 0x0102 makes of these verdicts.
private func written(_ judged: [Judged], capacity: Int = 64) -> [UInt8] {
    var writer = VerdictWriter(queue: 0x0102, capacity: capacity)
    writer.reset()
    for one in judged { writer.add(one.verdict, id: one.id, mark: one.mark) }
    writer.flush()
    // SAFETY: copied while the writer lives and is not written.
    return unsafe Array(writer.messages)
}

/// The messages that say what they are to say, octet by octet.
private enum Expected {
    /// A verdict message without a mark.
    static func verdict(_ type: UInt8, _ verdict: UInt8, _ id: UInt32) -> [UInt8] {
        // length 32, NFNL_SUBSYS_QUEUE << 8 | type, NLM_F_REQUEST, sequence, port
        [0x20, 0, 0, 0, type, 0x03, 0x01, 0x00, 0, 0, 0, 0, 0, 0, 0, 0]
            // family, version, queue
            + [0, 0, 1, 2]
            // NFQA_VERDICT_HDR: verdict, packet
            + [12, 0, 2, 0, 0, 0, 0, verdict] + bigEndian(id)
    }

    static func accepted(upTo id: UInt32) -> [UInt8] { verdict(3, 1, id) }

    static func dropped(_ id: UInt32) -> [UInt8] { verdict(1, 0, id) }

    static func repeated(_ id: UInt32, mark: UInt32) -> [UInt8] {
        var bytes = verdict(1, 4, id)
        bytes[0] = 0x28
        return bytes + [8, 0, 3, 0] + bigEndian(mark)
    }

    static func accepted(_ id: UInt32, mark: UInt32) -> [UInt8] {
        var bytes = verdict(1, 1, id)
        bytes[0] = 0x28
        // NFQA_MARK
        return bytes + [8, 0, 3, 0] + bigEndian(mark)
    }
}

@Suite("Verdict writer")
struct VerdictWriterTests {
    @Test func `nothing is written where nothing was judged`() {
        #expect(written([]).isEmpty)
    }

    @Test func `packets that are simply accepted share one verdict`() {
        let judged = (100...163).map { Judged(verdict: .accept, id: $0) }
        #expect(written(judged) == Expected.accepted(upTo: 163))
    }

    @Test func `an accepted packet before a dropped one is settled first`() {
        let judged = [(Verdict.accept, 1), (.accept, 2), (.drop, 3), (.accept, 4)].map {
            Judged(verdict: $0.0, id: $0.1)
        }
        #expect(written(judged) == Expected.accepted(upTo: 2) + Expected.dropped(3) + Expected.accepted(upTo: 4))
    }

    @Test func `a mark makes a verdict of its own`() {
        let judged = [
            Judged(verdict: .accept, id: 7), Judged(verdict: .accept, id: 8, mark: 0xAABB_CCDD),
            Judged(verdict: .accept, id: 9),
        ]
        let expected = Expected.accepted(upTo: 7) + Expected.accepted(8, mark: 0xAABB_CCDD) + Expected.accepted(upTo: 9)
        #expect(written(judged) == expected)
    }

    @Test func `a packet that is dropped with a mark goes through its hook once more`() {
        #expect(written([Judged(verdict: .drop, id: 1, mark: 5)]) == Expected.repeated(1, mark: 5))
    }

    @Test func `a packet goes on in place of another`() {
        var writer = VerdictWriter(queue: 0x0102, capacity: 64)
        writer.reset()
        writer.add(.accept, id: 6, mark: nil)
        let packet: [UInt8] = [0x45, 1, 2, 3, 4]
        let isAdded = writer.add(replacement: packet.span, id: 7)
        #expect(isAdded)
        writer.add(.drop, id: 8, mark: nil)
        var replaced = Expected.verdict(1, 1, 7)
        replaced[0] = 44
        // NFQA_PAYLOAD, filled up to a multiple of four octets
        replaced += [9, 0, 10, 0] + packet + [0, 0, 0]
        // SAFETY: copied while the writer lives and is not written.
        let bytes = unsafe Array(writer.messages)
        #expect(bytes == Expected.accepted(upTo: 6) + replaced + Expected.dropped(8))
    }

    @Test func `packets that take the place of others leave room for every verdict`() {
        var writer = VerdictWriter(queue: 0x0102, capacity: 64)
        writer.reset()
        let packet = [UInt8](repeating: 0x45, count: 1_400)
        var replaced = 0
        for id in 0..<64 {
            if writer.add(replacement: packet.span, id: UInt32(id)) {
                replaced += 1
            } else {
                writer.add(.drop, id: UInt32(id), mark: 1)
            }
        }
        #expect(replaced == 45)
        let empty: [UInt8] = []
        let isEmptyAdded = writer.add(replacement: empty.span, id: 64)
        #expect(isEmptyAdded == false)
        // SAFETY: counted while the writer lives and is not written.
        let count = unsafe writer.messages.count
        #expect(count == replaced * 1_436 + (64 - replaced) * 40)
        writer.reset()
        let isAdded = writer.add(replacement: packet.span, id: 65)
        #expect(isAdded)
    }

    @Test func `numbers reach from end to end`() {
        #expect(written([Judged(verdict: .drop, id: .max)]) == Expected.dropped(.max))
        #expect(written([Judged(verdict: .accept, id: 0, mark: 0)]) == Expected.accepted(0, mark: 0))
    }

    @Test func `the worst batch fits`() {
        let judged = (0..<64 as Range<UInt32>).map { index -> Judged in
            index.isMultiple(of: 2)
                ? Judged(verdict: .accept, id: index) : Judged(verdict: .accept, id: index, mark: index)
        }
        let expected = stride(from: 0, to: 64, by: 2 as UInt32.Stride).flatMap { (index: UInt32) -> [UInt8] in
            Expected.accepted(upTo: index) + Expected.accepted(index + 1, mark: index + 1)
        }
        #expect(written(judged) == expected)
        let marked = (0..<64 as Range<UInt32>).map { Judged(verdict: .accept, id: $0, mark: $0) }
        #expect(written(marked).count == 64 * 40)
    }

    @Test func `a batch begins anew`() {
        var writer = VerdictWriter(queue: 1, capacity: 2)
        for _ in 0..<50 {
            writer.reset()
            writer.add(.drop, id: 1, mark: nil)
            writer.add(.accept, id: 2, mark: 3)
            writer.flush()
            let count = unsafe writer.messages.count
            #expect(count == 72)
        }
        writer.add(.accept, id: 9, mark: nil)
        writer.reset()
        writer.flush()
        let isEmpty = unsafe writer.messages.isEmpty
        #expect(isEmpty)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `every packet gets exactly its verdict`(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var id: UInt32 = 0
        let judged = (0..<64).map { _ -> Judged in
            id += UInt32.random(in: 1...3, using: &random)
            let verdict = Bool.random(using: &random) ? Verdict.accept : .drop
            return Judged(verdict: verdict, id: id, mark: Int.random(in: 0..<4, using: &random) == 0 ? id : nil)
        }
        // The kernel's side: a batch verdict settles all that wait up to its number.
        var waiting = judged.map(\.id)
        var settled: [UInt32: UInt8] = [:]
        var rest = written(judged)[...]
        while let length = rest.first {
            let message = Array(rest.prefix(Int(length)))
            rest = rest.dropFirst(Int(length))
            let number = message[28..<32].reduce(0) { $0 << 8 | UInt32($1) }
            let named = waiting.filter { message[4] == 3 ? $0 <= number : $0 == number }
            #expect(named.isEmpty == false)
            for id in named { settled[id] = message[27] }
            waiting.removeAll { named.contains($0) }
        }
        #expect(waiting.isEmpty)
        for one in judged {
            #expect(settled[one.id] == (one.verdict == .accept ? 1 : one.mark == nil ? 0 : 4))
        }
    }
}
