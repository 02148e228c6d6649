/// Which blocks of a fixed memory are free, and in which order those of a chain follow each other; blocks are counted from one, zero is none.
///
/// Blocks that were never taken are taken in their order, so that memory is touched only as it is needed.
struct BlockPool: ~Copyable {
    private var next: FlatArray<UInt32>
    private var firstFree: UInt32 = 0

    /// Blocks that were ever taken: the first ones.
    private(set) var usedCount = 0

    /// Blocks that were taken and not given back.
    private(set) var countInUse = 0

    /// Blocks that there are.
    var capacity: Int { next.count - 1 }

    init(capacity: Int) {
        next = FlatArray(count: capacity + 1, isFilledInOrder: true)
    }

    /// A block that ends its chain; zero where all are in use.
    mutating func take() -> UInt32 {
        let block: UInt32
        if firstFree != 0 {
            block = firstFree
            firstFree = next[Int(block)]
        } else {
            guard usedCount < next.count - 1 else { return 0 }
            usedCount += 1
            block = UInt32(usedCount)
        }
        next[Int(block)] = 0
        countInUse += 1
        return block
    }

    /// Gives a block back. What followed it is no longer to be had from it.
    mutating func give(_ block: UInt32) {
        next[Int(block)] = firstFree
        firstFree = block
        countInUse -= 1
    }

    /// The block behind `block` in its chain; zero where it is the last.
    func following(_ block: UInt32) -> UInt32 {
        next[Int(block)]
    }

    /// Makes `block` follow `last`, the last one of a chain.
    mutating func link(_ block: UInt32, behind last: UInt32) {
        next[Int(last)] = block
    }
}

// What a pool leaves to that of another process.
extension BlockPool {
    func save(to record: inout InspectorRecord.Writer) {
        for number in [usedCount, countInUse, Int(firstFree)] { record.write(UInt64(number)) }
        record.write(next, first: usedCount + 1)
    }

    /// Takes up what ``save(to:)`` wrote; the pool must be as new.
    mutating func restore(from record: inout InspectorRecord.Reader) throws(InspectorRecord.Fault) {
        usedCount = try record.readIndex(of: next)
        countInUse = try record.readIndex(of: next)
        firstFree = UInt32(try record.readIndex(of: next))
        try record.read(into: &next, first: usedCount + 1)
    }
}
