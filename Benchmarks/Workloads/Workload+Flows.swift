import Blocklists
import Inspection
import TestSupport

/// Floor 3: the table of flows and the reassembly of streams, without the inspector that uses them.
extension Workload {
    /// A flow that is there, and one that takes another's place.
    static let flows = [
        Workload("flow-find", "one of 16,384 flows is found", pass: flowCount) {
            let fingerprints = makeFingerprints(flowCount)
            var table = FlowTable(capacity: flowCount, idleTimeout: .max)
            for fingerprint in fingerprints { _ = table.insert(fingerprint, at: noon) }
            var next = 0
            return { count in find(count, of: fingerprints, from: &next, in: &table) }
        },
        Workload("flow-evict", "the oldest of 16,384 flows makes room for a new one", pass: 2 * flowCount) {
            // Twice as many as there is room for: whichever comes next was evicted before.
            let fingerprints = makeFingerprints(2 * flowCount)
            var table = FlowTable(capacity: flowCount, idleTimeout: .max)
            for fingerprint in fingerprints[..<flowCount] { _ = table.insert(fingerprint, at: noon) }
            var next = flowCount
            return { count in replace(count, by: fingerprints, from: &next, in: &table) }
        },
    ]

    /// A hello of 1,800 octets, as those with a post-quantum key share are, in three segments.
    static let reassembly = [
        Workload("reassembly-ordered", "a stream of three segments in order is stored and gathered", pass: 256) {
            assemble(at: [0, 600, 1_200])
        },
        Workload("reassembly-reversed", "a stream of three segments, the last first, is stored and gathered", pass: 256)
        {
            assemble(at: [1_200, 600, 0])
        },
        Workload(
            "reassembly-overlapped",
            "a stream of three segments is stored and gathered, the second a second time with other octets",
            pass: 256
        ) {
            assemble(at: [0, 600, 600, 1_200], differing: 1)
        },
    ]

    private static let flowCount = 16_384
    private static let noon = Instant(nanoseconds: 43_200_000_000_000)
    private static let segmentSize = 600

    private static func makeFingerprints(_ count: Int) -> [Fingerprint] {
        var random = SeededRandom(seed: 1)
        return (0..<count).map { _ in Fingerprint(random.next(), random.next()) }
    }

    private static func find(
        _ count: Int,
        of fingerprints: [Fingerprint],
        from start: inout Int,
        in table: inout FlowTable
    ) -> Int {
        let now = noon
        var right = 0
        var next = start
        for _ in 0..<count {
            if table.find(fingerprints[next], at: now) != 0 { right &+= 1 }
            next = next &+ 1 == fingerprints.count ? 0 : next &+ 1
        }
        start = next
        return right
    }

    /// Does as the inspector for a packet of a flow that the full table does not have.
    private static func replace(
        _ count: Int,
        by fingerprints: [Fingerprint],
        from start: inout Int,
        in table: inout FlowTable
    ) -> Int {
        let now = noon
        var right = 0
        var next = start
        for _ in 0..<count {
            if table.find(fingerprints[next], at: now) == 0 {
                table.remove(table.candidateForEviction(at: now).index)
                if table.insert(fingerprints[next], at: now) != 0 { right &+= 1 }
            }
            next = next &+ 1 == fingerprints.count ? 0 : next &+ 1
        }
        start = next
        return right
    }

    /// Stores segments in this order at these offsets, each of other octets than the one before.
    private static func assemble(at offsets: [Int], differing: Int = 0) -> Run {
        var assembler = StreamAssembler(budget: 1 << 20, streamLimit: 16_384)
        var message = MessageBuffer(capacity: 16_384)
        let octets = offsets.indices.flatMap { [UInt8](repeating: UInt8($0), count: segmentSize) }
        return { count in assemble(count, octets.span, offsets.span, differing, &assembler, &message) }
    }

    /// Opens an assembly, stores the segments, gathers what is there, and closes it; so many times.
    private static func assemble(
        _ count: Int,
        _ octets: Span<UInt8>,
        _ offsets: Span<Int>,
        _ differing: Int,
        _ assembler: inout StreamAssembler,
        _ message: inout MessageBuffer
    ) -> Int {
        var right = 0
        for _ in 0..<count {
            let index = assembler.open(flow: 1, isSecond: false)
            var differed = 0
            for number in offsets.indices {
                let segment = octets.extracting(number &* segmentSize..<(number &+ 1) &* segmentSize)
                guard assembler.reserve(index, end: offsets[number] &+ segmentSize) else { break }
                if assembler.store(segment, at: offsets[number], in: index) == .differed { differed &+= 1 }
            }
            assembler.gather(index, into: &message)
            assembler.close(index)
            if message.count == 3 &* segmentSize, differed == differing { right &+= 1 }
        }
        return right
    }
}
