import TestSupport
import Testing

@testable import Inspection

/// What an assembly holds, octet by octet.
private struct Model {
    var octets: [Int: UInt8] = [:]
    var start = 0

    mutating func store(_ bytes: [UInt8], at offset: Int) {
        for (index, octet) in bytes.enumerated() where octets[offset + index] == nil { octets[offset + index] = octet }
    }

    var unread: [UInt8] {
        var bytes: [UInt8] = []
        while let octet = octets[start + bytes.count] { bytes.append(octet) }
        return bytes
    }

    var hasGap: Bool { (octets.keys.max() ?? -1) >= start + unread.count }
}

/// An assembler that can be used in expectations.
private final class Box {
    var assembler: StreamAssembler
    var message: MessageBuffer

    init(budget: Int, limit: Int) {
        assembler = StreamAssembler(budget: budget, streamLimit: limit)
        message = MessageBuffer(capacity: limit)
    }

    func gather(_ index: UInt32, choosing chosen: UInt32? = nil) -> [UInt8] {
        if let chosen {
            assembler.gather(index, choosing: chosen, into: &message)
        } else {
            assembler.gather(index, into: &message)
        }
        var octets: [UInt8] = []
        for index in 0..<message.count { octets.append(message.bytes[index]) }
        return octets
    }
}

@Suite("Stream assembler")
struct StreamAssemblerTests {
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `it holds what a naive model holds`(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let limit = Int.random(in: 3_000...20_000, using: &random)
        let box = Box(budget: 200_000, limit: limit)
        var models: [UInt32: Model] = [:]
        for _ in 0..<400 {
            if models.count < 6, Int.random(in: 0..<4, using: &random) == 0 {
                let index = box.assembler.open(flow: 1, isSecond: false)
                #expect(index != 0 && models[index] == nil)
                models[index] = Model()
            }
            guard let index = models.keys.sorted().randomElement(using: &random), var model = models[index] else {
                continue
            }
            switch Int.random(in: 0..<12, using: &random) {
            case 0:
                box.assembler.close(index)
                models[index] = nil
                continue
            case 1:
                let start = Int.random(in: model.start...max(model.start, model.octets.keys.max() ?? 0), using: &random)
                box.assembler.begin(index, at: start)
                model.start = start
            case 2, 3:
                // Some of what is there is read, then the window moves on.
                let read = Int.random(in: 0...model.unread.count, using: &random)
                box.assembler[index].start += UInt32(read)
                model.start += read
                let moved = Int(box.assembler.compact(index))
                #expect(moved <= model.start && moved.isMultiple(of: StreamAssembler.blockSize))
                model.octets = Dictionary(
                    uniqueKeysWithValues: model.octets.filter { $0.key >= moved }.map { ($0.key - moved, $0.value) }
                )
                model.start -= moved
                // At the end of the last block that block is kept.
                #expect(model.start <= StreamAssembler.blockSize)
            default:
                let offset = Int.random(in: 0..<limit, using: &random)
                let count = min(
                    limit - offset,
                    Int.random(in: 1...(Bool.random(using: &random) ? 40 : 5_000), using: &random)
                )
                let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
                guard box.assembler.reserve(index, end: offset + count) else { continue }
                _ = box.assembler.store(bytes.span, at: offset, in: index)
                model.store(bytes, at: offset)
            }
            #expect(box.gather(index) == model.unread)
            let hasGap = box.assembler.hasGap(index)
            #expect(hasGap == model.hasGap)
            models[index] = model
        }
        for index in models.keys { box.assembler.close(index) }
        #expect(box.assembler.blocksInUse == 0)
        #expect(box.assembler.oldest == 0)
    }

    @Test func `the budget bounds the blocks, and what is closed can be used again`() {
        let box = Box(budget: 10 * StreamAssembler.blockCost, limit: 8_192)
        for _ in 0..<3 {
            let indices = (0..<10).map { _ in box.assembler.open(flow: 1, isSecond: true) }
            #expect(Set(indices).count == 10 && indices.contains(0) == false)
            let surplus = box.assembler.open(flow: 1, isSecond: true)
            #expect(surplus == 0)
            let isReserved = box.assembler.reserve(indices[0], end: 4_000)
            #expect(isReserved == false)
            #expect(box.assembler.blocksInUse == 10)
            #expect(box.assembler.oldest == indices[0])
            for index in indices.reversed() { box.assembler.close(index) }
            #expect(box.assembler.blocksInUse == 0)
        }
    }

    @Test func `a block that is used again holds nothing of before`() {
        let box = Box(budget: 4 * StreamAssembler.blockCost, limit: 4_096)
        let first = box.assembler.open(flow: 1, isSecond: false)
        _ = box.assembler.store([UInt8](repeating: 1, count: 2_048).span, at: 0, in: first)
        box.assembler.close(first)
        let second = box.assembler.open(flow: 2, isSecond: true)
        _ = box.assembler.store([2, 2].span, at: 0, in: second)
        _ = box.assembler.store([3].span, at: 3, in: second)
        #expect(box.gather(second) == [2, 2])
        let hasGap = box.assembler.hasGap(second)
        #expect(hasGap)
        #expect(box.assembler[second].isSecond && box.assembler[second].flow == 2)
    }

    @Test func `octets that come twice and differ are read in each way`() {
        let box = Box(budget: 200_000, limit: 8_192)
        let index = box.assembler.open(flow: 1, isSecond: false)
        let isReserved = box.assembler.reserve(index, end: 4_000)
        #expect(isReserved)
        let first = (0..<4_000).map { UInt8(truncatingIfNeeded: $0) }
        #expect(box.assembler.store(first.span, at: 0, in: index) == .agreed)
        #expect(box.assembler.store(first.span, at: 0, in: index) == .agreed)
        // One across a block's edge, which makes two records, and one in the first block.
        let other = [UInt8](repeating: 0xEE, count: 10)
        #expect(box.assembler.store(other.span, at: 2_043, in: index) == .differed)
        #expect(box.assembler.store(other.span, at: 2_043, in: index) == .agreed)
        #expect(box.assembler.store(other.span, at: 100, in: index) == .differed)
        #expect(box.assembler.overlapCount(index) == 3)
        for choice in 0..<8 as Range<UInt32> {
            var expected = first
            if choice & 1 != 0 { expected.replaceSubrange(2_043..<2_048, with: repeatElement(0xEE, count: 5)) }
            if choice & 2 != 0 { expected.replaceSubrange(2_048..<2_053, with: repeatElement(0xEE, count: 5)) }
            if choice & 4 != 0 { expected.replaceSubrange(100..<110, with: other) }
            #expect(box.gather(index, choosing: choice) == expected)
        }
        #expect(box.gather(index) == first)
    }

    @Test func `small differences become one where there are many`() {
        let box = Box(budget: 200_000, limit: 8_192)
        let index = box.assembler.open(flow: 1, isSecond: false)
        var second = [UInt8](repeating: 1, count: 300)
        #expect(box.assembler.store(second.span, at: 0, in: index) == .agreed)
        for offset in stride(from: 0, to: 300, by: 3) {
            second[offset] = 2
            #expect(box.assembler.store([2].span, at: offset, in: index) == .differed)
        }
        #expect(box.assembler.overlapCount(index) == OverlapTable.limit)
        #expect(box.gather(index, choosing: ~0) == second)
        // Behind the last one only: what differs before it finds no room.
        #expect(box.assembler.store([3].span, at: 1, in: index) == .lost)
        box.assembler.close(index)
        let again = box.assembler.open(flow: 1, isSecond: false)
        #expect(box.assembler.overlapCount(again) == 0)
    }

    @Test func `what differs in octets that were read is forgotten with them`() {
        let box = Box(budget: 200_000, limit: 16_384)
        let index = box.assembler.open(flow: 1, isSecond: false)
        let isReserved = box.assembler.reserve(index, end: 9_000)
        #expect(isReserved)
        let bytes = [UInt8](repeating: 1, count: 9_000)
        _ = box.assembler.store(bytes.span, at: 0, in: index)
        #expect(box.assembler.store([2, 2].span, at: 50, in: index) == .differed)
        #expect(box.assembler.store([3, 3].span, at: 8_000, in: index) == .differed)
        box.assembler[index].start = 5_000
        #expect(box.assembler.compact(index) == 4_096)
        #expect(box.assembler.overlapCount(index) == 1)
        var expected = [UInt8](repeating: 1, count: 4_000)
        expected.replaceSubrange(3_000..<3_002, with: [3, 3])
        #expect(box.gather(index, choosing: 1) == expected)
    }
}
