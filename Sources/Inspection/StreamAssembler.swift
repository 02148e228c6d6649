/// The data of one direction of a flow, as far as they wait to be read.
struct Assembly: ZeroValid {
    /// The flow they belong to, and which of its directions.
    var flow: UInt32
    fileprivate var rawIsSecond: UInt8

    fileprivate var firstBlock: UInt32
    fileprivate var blockCount: UInt32
    fileprivate var older: UInt32
    fileprivate var newer: UInt32

    /// The offset of the first unread octet.
    var start: UInt32

    /// The offset behind the last octet up to which there is no gap from `start` on.
    fileprivate(set) var contiguous: UInt32

    /// The offset behind the last octet there is.
    fileprivate(set) var highest: UInt32

    /// The value of `contiguous` from which on it is worth trying to read again.
    var needed: UInt32

    var isSecond: Bool { rawIsSecond != 0 }
}

/// Puts TCP segments back in order, in a fixed budget of memory that all flows share.
///
/// Data are kept in blocks of 2 KiB taken from one array, with a bit for each octet that has arrived, so that segments of any size may come
/// in any order. The first copy of an octet stays. Index zero is no assembly and no block.
struct StreamAssembler: ~Copyable, Sendable {
    /// Octets of data in a block.
    static let blockSize = 2_048

    /// Octets of memory that a block takes: data, arrival bits, link.
    static let blockCost = blockSize + blockSize / 8 + 4

    private static let bitWords = blockSize / 64

    private var data: FlatArray<UInt8>
    private var arrived: FlatArray<UInt64>
    private var nextBlock: FlatArray<UInt32>
    private var assemblies: FlatArray<Assembly>
    private var freeBlock: UInt32 = 0
    private var usedBlocks = 0
    private var freeAssembly: UInt32 = 0
    private var usedAssemblies = 0
    private var newest: UInt32 = 0

    /// The assembly that was opened first; zero for none.
    private(set) var oldest: UInt32 = 0

    /// Blocks that hold data now.
    private(set) var blocksInUse = 0

    /// The longest stretch of a stream, in octets, that an assembly may span.
    let streamLimit: Int

    /// - Parameters:
    ///   - budget: octets of memory for all flows' data.
    ///   - streamLimit: octets of one direction of a flow.
    init(budget: Int, streamLimit: Int) {
        let blocks = max(budget / Self.blockCost, streamLimit / Self.blockSize + 1)
        data = FlatArray(count: (blocks + 1) * Self.blockSize)
        arrived = FlatArray(count: (blocks + 1) * Self.bitWords)
        nextBlock = FlatArray(count: blocks + 1)
        assemblies = FlatArray(count: blocks + 1)
        self.streamLimit = streamLimit
    }

    subscript(index: UInt32) -> Assembly {
        get { assemblies[Int(index)] }
        _modify { yield &assemblies[Int(index)] }
    }

    /// Opens an assembly with one block; zero where the budget is used up.
    mutating func open(flow: UInt32, isSecond: Bool) -> UInt32 {
        let block = takeBlock()
        guard block != 0 else { return 0 }
        let index: UInt32
        if freeAssembly != 0 {
            index = freeAssembly
            freeAssembly = assemblies[Int(index)].newer
        } else {
            // There are as many assemblies as blocks, and each has at least one.
            usedAssemblies += 1
            index = UInt32(usedAssemblies)
        }
        var assembly = assemblies[0]
        assembly.flow = flow
        assembly.rawIsSecond = isSecond ? 1 : 0
        assembly.firstBlock = block
        assembly.blockCount = 1
        assembly.older = newest
        assemblies[Int(index)] = assembly
        if newest != 0 { assemblies[Int(newest)].newer = index } else { oldest = index }
        newest = index
        return index
    }

    /// Gives an assembly's memory back.
    mutating func close(_ index: UInt32) {
        let assembly = assemblies[Int(index)]
        var block = assembly.firstBlock
        while block != 0 {
            let next = nextBlock[Int(block)]
            nextBlock[Int(block)] = freeBlock
            freeBlock = block
            blocksInUse -= 1
            block = next
        }
        if assembly.older != 0 {
            assemblies[Int(assembly.older)].newer = assembly.newer
        } else {
            oldest = assembly.newer
        }
        if assembly.newer != 0 {
            assemblies[Int(assembly.newer)].older = assembly.older
        } else {
            newest = assembly.older
        }
        assemblies[Int(index)] = assemblies[0]
        assemblies[Int(index)].newer = freeAssembly
        freeAssembly = index
    }

    /// Makes the assembly long enough for data that end at `end`, which is within ``streamLimit``.
    ///
    /// - Returns: false where the budget is used up; the assembly keeps the blocks it got.
    mutating func reserve(_ index: UInt32, end: Int) -> Bool {
        let wanted = (end + Self.blockSize - 1) / Self.blockSize
        while Int(assemblies[Int(index)].blockCount) < wanted {
            let block = takeBlock()
            guard block != 0 else { return false }
            var last = assemblies[Int(index)].firstBlock
            while nextBlock[Int(last)] != 0 { last = nextBlock[Int(last)] }
            nextBlock[Int(last)] = block
            assemblies[Int(index)].blockCount += 1
        }
        return true
    }

    /// Stores octets that have not arrived before at `offset`; room was reserved.
    mutating func store(_ bytes: Span<UInt8>, at offset: Int, in index: UInt32) {
        var block = blockNumber(offset / Self.blockSize, of: index)
        var position = offset % Self.blockSize
        var taken = 0
        while taken < bytes.count {
            let count = min(Self.blockSize - position, bytes.count - taken)
            store(bytes.extracting(taken..<taken + count), at: position, inBlock: Int(block))
            taken += count
            position = 0
            block = nextBlock[Int(block)]
        }
        assemblies[Int(index)].highest = max(assemblies[Int(index)].highest, UInt32(offset + bytes.count))
        advance(index)
    }

    /// Takes the stretch from `start` on for a message's beginning.
    mutating func begin(_ index: UInt32, at start: Int) {
        assemblies[Int(index)].start = UInt32(start)
        assemblies[Int(index)].contiguous = UInt32(start)
        advance(index)
    }

    /// Copies the unread octets that have no gap between them into `message`.
    func gather(_ index: UInt32, into message: inout MessageBuffer) {
        message.reset()
        var position = Int(assemblies[Int(index)].start)
        let end = Int(assemblies[Int(index)].contiguous)
        while position < end {
            let block = Int(blockNumber(position / Self.blockSize, of: index))
            let inBlock = position % Self.blockSize
            let count = min(Self.blockSize - inBlock, end - position)
            let first = block * Self.blockSize + inBlock
            guard message.append(data.span(first..<first + count)) else { return }
            position += count
        }
    }

    /// Whether octets have arrived behind a gap.
    func hasGap(_ index: UInt32) -> Bool {
        assemblies[Int(index)].highest > assemblies[Int(index)].contiguous
    }

    /// Gives back the blocks that have been read to their end, so that the stream can go on for nearly ``streamLimit`` octets.
    ///
    /// - Returns: how many octets that were; all offsets of the assembly are smaller by so many.
    mutating func compact(_ index: UInt32) -> UInt32 {
        var assembly = assemblies[Int(index)]
        let count = min(assembly.start / UInt32(Self.blockSize), assembly.blockCount - 1)
        guard count > 0 else { return 0 }
        for _ in 0..<count {
            let block = assembly.firstBlock
            assembly.firstBlock = nextBlock[Int(block)]
            nextBlock[Int(block)] = freeBlock
            freeBlock = block
            blocksInUse -= 1
        }
        let octets = count * UInt32(Self.blockSize)
        assembly.blockCount -= count
        assembly.start -= octets
        assembly.contiguous -= octets
        assembly.highest -= octets
        assembly.needed -= min(octets, assembly.needed)
        assemblies[Int(index)] = assembly
        return octets
    }

    private mutating func takeBlock() -> UInt32 {
        let block: UInt32
        if freeBlock != 0 {
            block = freeBlock
            freeBlock = nextBlock[Int(block)]
            for word in 0..<Self.bitWords { arrived[Int(block) * Self.bitWords + word] = 0 }
        } else {
            guard usedBlocks < nextBlock.count - 1 else { return 0 }
            usedBlocks += 1
            block = UInt32(usedBlocks)
        }
        nextBlock[Int(block)] = 0
        blocksInUse += 1
        return block
    }

    private func blockNumber(_ position: Int, of index: UInt32) -> UInt32 {
        var block = assemblies[Int(index)].firstBlock
        for _ in 0..<position { block = nextBlock[Int(block)] }
        return block
    }

    /// Stores octets inside one block, eight arrival bits' worth of care for those that are there already.
    private mutating func store(_ bytes: Span<UInt8>, at position: Int, inBlock block: Int) {
        let first = block * Self.blockSize + position
        if isUntouched(first..<first + bytes.count) {
            data.copy(bytes, to: first)
            markArrived(first..<first + bytes.count)
            return
        }
        for index in 0..<bytes.count where hasArrived(first + index) == false {
            data[first + index] = bytes[index]
            setArrived(first + index)
        }
    }

    private mutating func advance(_ index: UInt32) {
        var position = Int(assemblies[Int(index)].contiguous)
        let highest = Int(assemblies[Int(index)].highest)
        while position < highest {
            let place = locate(position, of: index)
            let missing = ~arrived[place >> 6] & ~((1 << UInt64(place & 63)) - 1)
            let next = (missing == 0 ? 64 : missing.trailingZeroBitCount) - (place & 63)
            guard next > 0 else { break }
            position = min(position + next, highest)
        }
        assemblies[Int(index)].contiguous = UInt32(position)
    }

    private func locate(_ offset: Int, of index: UInt32) -> Int {
        Int(blockNumber(offset / Self.blockSize, of: index)) * Self.blockSize + offset % Self.blockSize
    }

    private func hasArrived(_ place: Int) -> Bool {
        arrived[place >> 6] >> UInt64(place & 63) & 1 != 0
    }

    private mutating func setArrived(_ place: Int) {
        arrived[place >> 6] |= 1 << UInt64(place & 63)
    }

    private func isUntouched(_ range: Range<Int>) -> Bool {
        var place = range.lowerBound
        while place < range.upperBound {
            let count = min(64 - (place & 63), range.upperBound - place)
            guard arrived[place >> 6] & Self.mask(place & 63, count) == 0 else { return false }
            place += count
        }
        return true
    }

    private mutating func markArrived(_ range: Range<Int>) {
        var place = range.lowerBound
        while place < range.upperBound {
            let count = min(64 - (place & 63), range.upperBound - place)
            arrived[place >> 6] |= Self.mask(place & 63, count)
            place += count
        }
    }

    /// `count` set bits from bit `first` on.
    private static func mask(_ first: Int, _ count: Int) -> UInt64 {
        (count == 64 ? ~0 : (1 << UInt64(count)) - 1) << UInt64(first)
    }
}
