import TestSupport
import Testing
import Wire

@testable import Blocklists

@Suite("Sketches of hits")
struct HitSketchTests {
    private static let key = HashKey(1, 2)
    private static let day: Int64 = 86_400
    private static let start: Int64 = 20_000 * day

    private static func bits(_ entries: Range<UInt64>, key: HashKey = key, seed: UInt64 = 0) -> HitBits {
        let sketch = HitSketch(key: key)
        for entry in entries { sketch.set(key.fingerprint(entry, seed, 0, 0, 0).first) }
        return sketch.drain()
    }

    @Test(arguments: [0, 1, 9, 100, 1_000, 10_000, 100_000, 400_000] as [UInt64])
    func `the number of entries is estimated within three deviations`(count: UInt64) {
        for seed in 0..<(count > 10_000 ? 2 : 8) as Range<UInt64> {
            let estimate = Self.bits(0..<count, seed: seed).estimate
            let error = abs(estimate.entries - Double(count))
            // Of small numbers the deviation is below one entry, but two may share a bit.
            #expect(error <= 3 * estimate.deviation + 1.5, "\(count): \(estimate)")
            #expect(estimate.isAtLeast == false)
            // What the sketch costs in accuracy: below half a percent from a thousand to a hundred thousand.
            if (1_000...100_000).contains(count) { #expect(estimate.deviation < Double(count) * 0.005) }
        }
    }

    @Test func `how often an entry is hit says nothing, nor from how many threads`() async {
        let sketch = HitSketch(key: Self.key)
        await withTaskGroup(of: Void.self) { tasks in
            for _ in 0..<8 {
                tasks.addTask {
                    for entry in 0..<2_000 as Range<UInt64> {
                        sketch.set(Self.key.fingerprint(entry % 1_000, 0, 0, 0, 0).first)
                    }
                }
            }
        }
        #expect(sketch.drain() == Self.bits(0..<1_000))
        #expect(sketch.drain().isEmpty)
    }

    @Test func `a full sketch says at least how many`() {
        let estimate = Self.bits(0..<2_000_000).estimate
        #expect(estimate.isAtLeast && estimate.entries > 400_000 && estimate.entries < 2_000_000)
        let count = HitCount(estimate: estimate, observedDays: 90)
        #expect(count.hit == .moreThan(454_260) && count.notHit(of: 3_000_000) == nil && count.error == nil)
    }

    @Test func `an entry has one bit whatever name under it was asked for, and others have others`() throws {
        func bits(_ name: String, entry: String, _ key: HashKey = Self.key) throws -> HitBits {
            let whole = Array(name.utf8)
            let part = Array(entry.utf8)
            let (name, entry) = (try DomainName(text: whole.span), try DomainName(text: part.span))
            let sketch = HitSketch(key: key)
            sketch.mark(name.view, length: entry.length)
            let bits = sketch.drain()
            #expect(bits.setCount == 1)
            return bits
        }
        for entry in ["blocked.test", "a.blocked.test", "seventeen.blocked.test", "test"] {
            let own = try bits(entry, entry: entry)
            #expect(try bits("www.\(entry)", entry: entry) == own)
            #expect(try bits("x.y.z.\(entry)", entry: entry) == own)
            #expect(try bits(entry, entry: entry, HashKey(3, 4)) != own)
            #expect(try bits("b.\(entry)", entry: "b.\(entry)") != own)
        }
        // A length beyond the name is the whole of it, and one below nothing the root.
        let octets = Array("blocked.test".utf8)
        let name = try DomainName(text: octets.span)
        let sketch = HitSketch(key: Self.key)
        sketch.mark(name.view, length: 10_000)
        #expect(try sketch.drain() == bits("blocked.test", entry: "blocked.test"))
        sketch.mark(name.view, length: -1)
        #expect(sketch.drain().setCount == 1)
    }

    @Test func `what all lists' sketches gather goes into the memory of each, and lists out of use are forgotten`()
        throws
    {
        var memory = HitMemory(key: Self.key)
        let sketches = HitSketches(key: Self.key, slots: 2)
        let octets = Array("blocked.test".utf8)
        let name = try DomainName(text: octets.span)
        sketches.mark(slot: 1, name.view, length: name.length)
        sketches.mark(slot: 2, name.view, length: name.length)
        sketches.mark(slot: -1, name.view, length: name.length)
        sketches.drain(into: &memory, of: [("police", 0), ("interpol", 1), ("late", 7)], at: Self.start)
        #expect(memory.ids == ["interpol", "police"])
        #expect(try #require(memory.count(list: "police", at: Self.start)).estimate.entries == 0)
        #expect(try #require(memory.count(list: "interpol", at: Self.start)).estimate.entries.rounded() == 1)
        sketches.drain(into: &memory, of: [("police", 0)], at: Self.start)
        #expect(memory.ids == ["police"])
    }

    @Test func `the union of sketches counts each entry once`() {
        var union = Self.bits(0..<6_000)
        union.formUnion(Self.bits(3_000..<9_000))
        #expect(union == Self.bits(0..<9_000))
    }

    @Test func `the bits of one secret say nothing under another`() {
        let other = Self.bits(0..<1_000, key: HashKey(3, 4))
        let mine = Self.bits(0..<1_000)
        let common = zip(mine.words, other.words).reduce(0) { $0 + ($1.0 & $1.1).nonzeroBitCount }
        // By chance 1000 times 1000 of 65536: 15.
        #expect(common < 50)
    }

    @Test func `logarithms are exact`() {
        // Known to 17 digits.
        #expect(abs(HitBits.logarithm(2) - 0.693_147_180_559_945_31) < 1e-15)
        #expect(abs(HitBits.logarithm(1_024) - 6.931_471_805_599_453_1) < 1e-14)
        #expect(abs(HitBits.logarithm(1.000_015_258_905_478_4) - 0.000_015_258_789_062_5) < 1e-12)
        #expect(HitBits.logarithm(1) == 0)
    }

    // MARK: - What may be told

    @Test func `few hits are not told from none`() {
        for count in 0..<10 as Range<UInt64> {
            let told = HitCount(estimate: Self.bits(0..<count).estimate, observedDays: 90)
            #expect(told.hit == .fewerThanTen)
            #expect(told.notHit(of: 1_000) == .moreThan(990))
            #expect(told.notHit(of: 7) == .fewerThanTen)
        }
    }

    @Test func `what is told is a multiple of five, and within its error`() {
        for count in stride(from: 10, through: 3_000, by: 37) as StrideThrough<UInt64> {
            let told = HitCount(estimate: Self.bits(0..<count).estimate, observedDays: 90)
            guard case .about(let hit)? = Optional(told.hit), let error = told.error else {
                Issue.record("\(count)")
                continue
            }
            #expect(hit % 5 == 0 && hit >= 10 && error % 5 == 0)
            // Two deviations are missed 1 time of 20; with one more there is room for all of these.
            #expect(abs(hit - Int(count)) <= error + 5, "\(count) \(hit) \(error)")
            guard case .about(let notHit)? = told.notHit(of: 5_003) else { continue }
            #expect(notHit % 5 == 0 && abs(notHit - (5_003 - hit)) <= 2)
        }
    }

    @Test func `nothing is said of entries without a hit before the whole window was watched`() {
        let told = HitCount(estimate: Self.bits(0..<100).estimate, observedDays: 89)
        #expect(told.hit == .about(100) && told.notHit(of: 500) == nil)
    }

    // MARK: - Memory

    @Test func `hits are forgotten after the window`() throws {
        var memory = HitMemory(key: Self.key)
        memory.add(Self.bits(0..<100), list: "police", at: Self.start)
        memory.add(Self.bits(100..<300), list: "police", at: Self.start + 50 * Self.day)
        func hits(_ days: Int64) throws -> Double {
            try #require(memory.count(list: "police", at: Self.start + days * Self.day)).estimate.entries.rounded()
        }
        #expect(try abs(hits(50) - 300) < 8)
        #expect(try abs(hits(90) - 300) < 8)
        #expect(try abs(hits(100) - 200) < 8)
        #expect(try hits(160) == 0)
        #expect(try #require(memory.count(list: "police", at: Self.start + 90 * Self.day)).observedDays == 90)
        #expect(memory.count(list: "other", at: Self.start) == nil)

        // With the next addition they are gone from the octets, too.
        let before = memory.encoded.count
        memory.add(HitBits(), list: "police", at: Self.start + 100 * Self.day)
        #expect(memory.encoded.count < before)
        memory.keepOnly([])
        #expect(memory.ids.isEmpty)
    }

    @Test func `a clock that jumps keeps neither a future nor a trap`() throws {
        var memory = HitMemory(key: Self.key)
        memory.add(Self.bits(0..<50), list: "a", at: .max)
        memory.add(Self.bits(0..<20), list: "a", at: .min)
        memory.add(Self.bits(0..<20), list: "a", at: Self.start)
        let count = try #require(memory.count(list: "a", at: Self.start))
        #expect(count.hit == .about(20))
        _ = memory.count(list: "a", at: .max)
        _ = memory.count(list: "a", at: .min)
    }

    @Test func `a memory is read as it was written, whole or not at all`() throws {
        var memory = HitMemory(key: Self.key)
        for list in ["police", "interpol"] {
            for epoch in 0..<3 as Range<Int64> {
                memory.add(Self.bits(0..<40), list: list, at: Self.start + epoch * 10 * Self.day)
            }
        }
        let octets = memory.encoded
        #expect(try HitMemory(parsing: octets) == memory)
        #expect(try HitMemory(parsing: HitMemory(key: Self.key).encoded) == HitMemory(key: Self.key))
        #expect(octets.count <= HitMemory.maximumLength)
        for length in Array(0..<80) + Array(stride(from: 80, to: octets.count, by: 997)) {
            #expect(throws: HitMemoryError.self) { _ = try HitMemory(parsing: Array(octets[..<length])) }
        }
        #expect(throws: HitMemoryError.self) { _ = try HitMemory(parsing: octets + [0]) }
        var random = SeededRandom(seed: 6)
        for _ in 0..<200 {
            var mutant = octets
            mutant[Int.random(in: 0..<mutant.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            #expect(throws: HitMemoryError.self) { _ = try HitMemory(parsing: mutant) }
        }
    }

    @Test func `octets that nobody wrote are refused, even with the right check`() throws {
        // The parser behind the check: random contents whose check is right.
        var random = SeededRandom(seed: 7)
        let empty = HitMemory(key: Self.key).encoded
        for _ in 0..<2_000 {
            var octets = Array(empty.dropLast(10))
            octets += (0..<Int.random(in: 2...60, using: &random)).map { _ in UInt8.random(in: 0...3, using: &random) }
            let check = HitMemory.check(octets[...], Self.key)
            octets += (0..<8).map { UInt8(truncatingIfNeeded: check >> UInt64(8 * $0)) }
            if let memory = try? HitMemory(parsing: octets) { #expect(memory.encoded == octets) }
        }
    }

    @Test func `a memory prints nothing of itself`() {
        var memory = HitMemory(key: Self.key)
        memory.add(Self.bits(0..<4), list: "police", at: Self.start)
        var text = ""
        dump(memory, to: &text)
        #expect("\(memory)" == "HitMemory" && text.contains("police") == false)
    }
}
