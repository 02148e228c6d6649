import Testing

@testable import NetfilterQueue

@Suite("Worker priority")
struct WorkerPriorityTests {
    private static let millisecond: UInt64 = 1_000_000

    /// Lives through batches, a millisecond each, of which the worker had so much of the processor; tells when it changed.
    private static func run(
        _ priority: inout WorkerPriority,
        from start: UInt64,
        milliseconds: Int,
        share: Double,
        isFull: Bool = false
    ) -> [(at: Int, change: WorkerPriority.Change)] {
        var changes: [(at: Int, change: WorkerPriority.Change)] = []
        for step in 1...milliseconds {
            let now = start + UInt64(step) * millisecond
            guard priority.isDue(now: now, isFull: isFull) else { continue }
            let change = priority.change(now: now, cpu: UInt64(Double(now) * share), isFull: isFull)
            if let change { changes.append((step, change)) }
        }
        return changes
    }

    private static func raised() -> WorkerPriority {
        var priority = WorkerPriority(now: 0, cpu: 0)
        priority.raise()
        return priority
    }

    @Test func `a worker that has little to do goes first all the time`() {
        var priority = Self.raised()
        let changes = Self.run(&priority, from: 0, milliseconds: 5_000, share: 0.35)
        #expect(changes.isEmpty)
        #expect(priority.isRaised)
    }

    @Test func `a full batch puts it back among others at once`() {
        var priority = Self.raised()
        let changes = Self.run(&priority, from: 0, milliseconds: 1_000, share: 0.1, isFull: true)
        #expect(changes.map(\.at) == [1])
        #expect(changes.map(\.change) == [.lower])
        #expect(priority.isRaised == false)
    }

    @Test func `a worker that has much to do goes back within ten milliseconds`() {
        var priority = Self.raised()
        let changes = Self.run(&priority, from: 0, milliseconds: 1_000, share: 0.42)
        #expect(changes.map(\.at) == [10])
        #expect(priority.isRaised == false)
    }

    @Test func `it goes first again two tenths of a second after its load has gone`() {
        var priority = Self.raised()
        _ = Self.run(&priority, from: 0, milliseconds: 500, share: 0.5, isFull: true)
        let changes = Self.run(&priority, from: 500 * Self.millisecond, milliseconds: 1_000, share: 0.2)
        #expect(changes.map(\.change) == [.raise])
        #expect(changes.map(\.at) == [200])
    }

    @Test func `a worker that shares a busy processor is not raised`() {
        var priority = WorkerPriority(now: 0, cpu: 0)
        let changes = Self.run(&priority, from: 0, milliseconds: 2_000, share: 0.65)
        #expect(changes.isEmpty)
    }

    @Test func `between batches far apart it goes first`() {
        var priority = WorkerPriority(now: 0, cpu: 0)
        let hour = 3_600_000 * Self.millisecond
        let isDue = priority.isDue(now: hour, isFull: false)
        #expect(isDue)
        let change = priority.change(now: hour, cpu: 1, isFull: false)
        #expect(change == .raise)
    }

    @Test func `no clock makes it trap`() {
        var generator = SystemRandomNumberGenerator()
        var priority = WorkerPriority(now: .max, cpu: .max)
        for _ in 0..<10_000 {
            let now: UInt64 = Bool.random() ? generator.next() : .max - generator.next() % 3
            let isFull = generator.next() % 4 == 0
            let before = priority.isRaised
            guard priority.isDue(now: now, isFull: isFull) else { continue }
            let change = priority.change(now: now, cpu: generator.next(), isFull: isFull)
            #expect((change == nil) == (before == priority.isRaised))
            #expect(change != .raise || isFull == false)
        }
    }
}
