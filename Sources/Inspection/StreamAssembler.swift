/// The data of one direction of a flow, as far as they wait to be read.
struct Assembly: Aged {
    /// The flow they belong to, and which of its directions.
    var flow: UInt32
    fileprivate var rawIsSecond: UInt8
    fileprivate var rawUsesBits: UInt8

    fileprivate var firstBlock: UInt32
    fileprivate var blockCount: UInt32
    var older: UInt32
    var newer: UInt32
    fileprivate var firstOverlap: UInt32

    /// The offset of the first octet that is kept: what lies between it and `start` was read, and may yet come again and differ.
    var base: UInt32

    /// The offset of the first unread octet; behind `highest` where a message goes on that need not be read.
    var start: UInt32

    /// The offset behind the last octet up to which there is no gap from `start` on.
    fileprivate(set) var contiguous: UInt32

    /// The offset behind the last octet there is.
    fileprivate(set) var highest: UInt32

    /// The value of `contiguous` from which on it is worth trying to read again.
    var needed: UInt32

    /// The same for the readings that differ.
    var neededByOverlaps: UInt32

    /// Whether octets came twice and differed.
    var hasOverlaps: Bool { firstOverlap != 0 }

    var isSecond: Bool { rawIsSecond != 0 }
}

/// Puts TCP segments back in order, in a fixed budget of memory that all flows share.
///
/// Data are kept in blocks of 2 KiB taken from one array, with a bit for each octet that has arrived behind a gap, so that segments of any
/// size may come in any order. The first copy of an octet stays; copies that differ from it are kept beside. Index zero is no assembly and no block.
package struct StreamAssembler: ~Copyable, Sendable {
    /// Octets of data in a block.
    static let blockSize = 2_048

    /// Octets of memory that a block takes: data, arrival bits, link.
    static let blockCost = blockSize + blockSize / 8 + 4

    private static let bitWords = blockSize / 64

    private var data: FlatArray<UInt8>
    private var arrived: FlatArray<UInt64>
    private var blocks: BlockPool
    private var assemblies: FlatArray<Assembly>
    private var overlaps: OverlapTable
    private var freeAssembly: UInt32 = 0
    private var usedAssemblies = 0
    private var byAge = AgeList<Assembly>()

    /// The assembly that was opened first; zero for none.
    var oldest: UInt32 { byAge.oldest }

    /// Blocks that hold data now.
    var blocksInUse: Int { blocks.countInUse }

    /// Blocks that there are.
    var blockCapacity: Int { blocks.capacity }

    /// The longest stretch of a stream, in octets, that an assembly may span.
    let streamLimit: Int

    /// An assembler that holds nothing.
    ///
    /// - Parameters:
    ///   - budget: octets of memory for all flows' data.
    ///   - streamLimit: octets of one direction of a flow.
    package init(budget: Int, streamLimit: Int) {
        let count = max(budget / Self.blockCost, streamLimit / Self.blockSize + 1)
        data = FlatArray(count: (count + 1) * Self.blockSize, isFilledInOrder: true)
        arrived = FlatArray(count: (count + 1) * Self.bitWords, isFilledInOrder: true)
        blocks = BlockPool(capacity: count)
        assemblies = FlatArray(count: count + 1, isFilledInOrder: true)
        overlaps = OverlapTable(capacity: max(budget / 32 / OverlapTable.recordCost, 2 * OverlapTable.limit))
        self.streamLimit = streamLimit
    }

    subscript(index: UInt32) -> Assembly {
        get { assemblies[Int(index)] }
        _modify { yield &assemblies[Int(index)] }
    }

    /// Opens an assembly with one block; zero where the budget is used up.
    package mutating func open(flow: UInt32, isSecond: Bool) -> UInt32 {
        let block = blocks.take()
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
        assemblies[Int(index)] = assembly
        byAge.append(index, in: &assemblies)
        return index
    }

    /// Gives an assembly's memory back.
    package mutating func close(_ index: UInt32) {
        dropOverlaps(index)
        let assembly = assemblies[Int(index)]
        var block = assembly.firstBlock
        while block != 0 {
            let next = blocks.following(block)
            freeBlock(block, usesBits: assembly.rawUsesBits != 0)
            block = next
        }
        byAge.remove(index, in: &assemblies)
        assemblies[Int(index)] = assemblies[0]
        assemblies[Int(index)].newer = freeAssembly
        freeAssembly = index
    }

    /// Makes the assembly long enough for data that end at `end`, which is within ``streamLimit``.
    ///
    /// - Returns: false where the budget is used up; the assembly keeps the blocks it got.
    package mutating func reserve(_ index: UInt32, end: Int) -> Bool {
        let wanted = (end + Self.blockSize - 1) / Self.blockSize
        while Int(assemblies[Int(index)].blockCount) < wanted {
            let block = blocks.take()
            guard block != 0 else { return false }
            var last = assemblies[Int(index)].firstBlock
            while blocks.following(last) != 0 { last = blocks.following(last) }
            blocks.link(block, behind: last)
            assemblies[Int(index)].blockCount += 1
        }
        return true
    }

    /// What became of octets that were stored.
    package enum Storing {
        /// They are new, or as they were before.
        case agreed
        /// Some came before and were others; both are kept.
        case differed
        /// Some came before and were others, and there is no room for both.
        case lost
    }

    /// Stores octets that have not arrived before at `offset`; room was reserved.
    package mutating func store(_ bytes: Span<UInt8>, at offset: Int, in index: UInt32) -> Storing {
        let contiguous = Int(assemblies[Int(index)].contiguous)
        let end = offset + bytes.count
        if offset == contiguous, assemblies[Int(index)].highest <= assemblies[Int(index)].contiguous {
            // In order and nothing ahead, as nearly always: no bit is needed to say so.
            copy(bytes, to: offset, in: index)
            assemblies[Int(index)].contiguous = UInt32(end)
            assemblies[Int(index)].highest = UInt32(end)
            return .agreed
        }
        var result = Storing.agreed
        let base = Int(assemblies[Int(index)].base)
        let compared = max(0, min(end, contiguous) - offset)
        let skipped = min(max(0, base - offset), compared)
        if skipped < compared {
            compare(bytes.extracting(skipped..<compared), at: offset + skipped, in: index, &result)
        }
        if compared < bytes.count {
            assemblies[Int(index)].rawUsesBits = 1
            fill(bytes.extracting(droppingFirst: compared), at: offset + compared, in: index, &result)
            assemblies[Int(index)].highest = max(assemblies[Int(index)].highest, UInt32(end))
            advance(index)
        }
        return result
    }

    /// Copies octets into the blocks.
    private mutating func copy(_ bytes: Span<UInt8>, to offset: Int, in index: UInt32) {
        var block = blockNumber(offset / Self.blockSize, of: index)
        var position = offset % Self.blockSize
        var taken = 0
        while taken < bytes.count {
            let count = min(Self.blockSize - position, bytes.count - taken)
            data.copy(bytes.extracting(taken..<taken + count), to: Int(block) * Self.blockSize + position)
            taken += count
            position = 0
            block = blocks.following(block)
        }
    }

    /// Compares octets with those that are there already, all of them.
    private mutating func compare(_ bytes: Span<UInt8>, at offset: Int, in index: UInt32, _ result: inout Storing) {
        var taken = 0
        while taken < bytes.count {
            let position = (offset + taken) % Self.blockSize
            let count = min(Self.blockSize - position, bytes.count - taken)
            let piece = bytes.extracting(taken..<taken + count)
            let place = locate(offset + taken, of: index)
            var difference = 0..<0
            for octet in 0..<count where data[place + octet] != piece[octet] {
                difference = (difference.isEmpty ? octet : difference.lowerBound)..<octet + 1
            }
            if difference.isEmpty == false {
                keep(piece.extracting(difference), at: offset + taken + difference.lowerBound, in: index, &result)
            }
            taken += count
        }
    }

    /// Stores octets behind the first gap.
    private mutating func fill(_ bytes: Span<UInt8>, at offset: Int, in index: UInt32, _ result: inout Storing) {
        let isBehindAll = offset >= Int(assemblies[Int(index)].highest)
        var block = blockNumber(offset / Self.blockSize, of: index)
        var position = offset % Self.blockSize
        var taken = 0
        while taken < bytes.count {
            let count = min(Self.blockSize - position, bytes.count - taken)
            let piece = bytes.extracting(taken..<taken + count)
            let difference = fill(piece, at: position, inBlock: Int(block), isFirst: isBehindAll)
            if difference.isEmpty == false {
                keep(piece.extracting(difference), at: offset + taken + difference.lowerBound, in: index, &result)
            }
            taken += count
            position = 0
            block = blocks.following(block)
        }
    }

    /// Keeps octets that differ from those that came first.
    private mutating func keep(_ bytes: Span<UInt8>, at offset: Int, in index: UInt32, _ result: inout Storing) {
        let position = UInt32(offset)
        guard overlaps.contains(bytes, at: position, in: assemblies[Int(index)].firstOverlap) == false else { return }
        var isKept = overlaps.add(bytes, at: position, to: &assemblies[Int(index)].firstOverlap)
        if isKept == false { isKept = extendLastOverlap(bytes, at: offset, of: index) }
        if isKept == false { result = .lost } else if result == .agreed { result = .differed }
    }

    /// Puts octets behind those that differed last, and the first copies between the two, so that many small differences become one.
    private mutating func extendLastOverlap(_ bytes: Span<UInt8>, at offset: Int, of index: UInt32) -> Bool {
        let last = overlaps.last(of: assemblies[Int(index)].firstOverlap)
        let end = Int(overlaps[last].end)
        let gap = offset - end
        guard last != 0, gap >= 0, end / Self.blockSize == offset / Self.blockSize else { return false }
        let place = locate(end, of: index)
        guard overlaps.extend(last, data, place..<place + gap) else { return false }
        return overlaps.extend(last, bytes)
    }

    /// Forgets the copies that differed.
    mutating func dropOverlaps(_ index: UInt32) {
        guard assemblies[Int(index)].firstOverlap != 0 else { return }
        overlaps.removeAll(&assemblies[Int(index)].firstOverlap)
    }

    /// How many stretches came a second time and differed.
    func overlapCount(_ index: UInt32) -> Int {
        overlaps.count(of: assemblies[Int(index)].firstOverlap)
    }

    /// Copies the octets from `base` on that have no gap between them into `message`, the second copies that `chosen` has a bit for in place
    /// of the first ones, later ones over earlier ones.
    func gather(_ index: UInt32, choosing chosen: UInt32, into message: inout MessageBuffer) {
        let assembly = assemblies[Int(index)]
        gather(index, from: Int(assembly.base), into: &message)
        var overlap = assembly.firstOverlap
        var choice = chosen
        while overlap != 0 {
            if choice & 1 != 0 {
                message.overwrite(overlaps.bytes(of: overlap), at: Int(overlaps[overlap].offset) - Int(assembly.base))
            }
            choice >>= 1
            overlap = overlaps.next(after: overlap)
        }
        // What is taken out goes last, from the end on, so that no other place moves.
        var end = UInt32.max
        while let next = lastRemoval(in: assembly.firstOverlap, before: end, choosing: chosen) {
            message.remove(at: Int(next) - Int(assembly.base))
            end = next
        }
    }

    /// The highest offset below `end` of a chosen octet that may not belong to the stream.
    private func lastRemoval(in first: UInt32, before end: UInt32, choosing chosen: UInt32) -> UInt32? {
        var highest: UInt32?
        var overlap = first
        var choice = chosen
        while overlap != 0 {
            let record = overlaps[overlap]
            if choice & 1 != 0, record.count == 0, record.offset < end { highest = max(highest ?? 0, record.offset) }
            choice >>= 1
            overlap = overlaps.next(after: overlap)
        }
        return highest
    }

    /// Notes that the octet at `offset` may not belong to the stream.
    ///
    /// - Returns: false where there is no room for it.
    mutating func addRemoval(at offset: Int, in index: UInt32) -> Bool {
        overlaps.add(Span(), at: UInt32(offset), to: &assemblies[Int(index)].firstOverlap)
    }

    /// Takes the stretch from `start` on for a message's beginning.
    mutating func begin(_ index: UInt32, at start: Int) {
        assemblies[Int(index)].base = UInt32(start)
        assemblies[Int(index)].start = UInt32(start)
        assemblies[Int(index)].contiguous = max(assemblies[Int(index)].contiguous, UInt32(start))
        advance(index)
    }

    /// Copies the unread octets that have no gap between them into `message`.
    package func gather(_ index: UInt32, into message: inout MessageBuffer) {
        gather(index, from: Int(assemblies[Int(index)].start), into: &message)
    }

    private func gather(_ index: UInt32, from start: Int, into message: inout MessageBuffer) {
        message.reset()
        var position = start
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

    /// Forgets what was read and gives back the blocks that have been read to their end, so that the stream can go on for nearly
    /// ``streamLimit`` octets.
    ///
    /// - Returns: how many octets that were; all offsets of the assembly are smaller by so many.
    mutating func compact(_ index: UInt32) -> UInt32 {
        var assembly = assemblies[Int(index)]
        let count = min(assembly.start / UInt32(Self.blockSize), assembly.blockCount - 1)
        let octets = count * UInt32(Self.blockSize)
        if assembly.firstOverlap != 0 { overlaps.shift(&assembly.firstOverlap, by: octets, from: assembly.start) }
        assembly.base = assembly.start
        assemblies[Int(index)] = assembly
        guard count > 0 else { return 0 }
        for _ in 0..<count {
            let block = assembly.firstBlock
            assembly.firstBlock = blocks.following(block)
            freeBlock(block, usesBits: assembly.rawUsesBits != 0)
        }
        assembly.blockCount -= count
        assembly.base -= octets
        assembly.start -= octets
        assembly.contiguous -= octets
        assembly.highest -= octets
        assembly.needed -= min(octets, assembly.needed)
        assembly.neededByOverlaps -= min(octets, assembly.neededByOverlaps)
        assemblies[Int(index)] = assembly
        return octets
    }

    /// Gives a block back, all its arrival bits zero.
    private mutating func freeBlock(_ block: UInt32, usesBits: Bool) {
        if usesBits {
            for word in 0..<Self.bitWords { arrived[Int(block) * Self.bitWords + word] = 0 }
        }
        blocks.give(block)
    }

    private func blockNumber(_ position: Int, of index: UInt32) -> UInt32 {
        var block = assemblies[Int(index)].firstBlock
        for _ in 0..<position { block = blocks.following(block) }
        return block
    }

    /// Stores octets inside one block; those that are there already stay.
    ///
    /// - Returns: the stretch from the first to the last octet that is there already and differs.
    private mutating func fill(_ bytes: Span<UInt8>, at position: Int, inBlock block: Int, isFirst: Bool) -> Range<Int>
    {
        let first = block * Self.blockSize + position
        if isFirst || isUntouched(first..<first + bytes.count) {
            data.copy(bytes, to: first)
            markArrived(first..<first + bytes.count)
            return 0..<0
        }
        var difference = 0..<0
        for index in 0..<bytes.count {
            if hasArrived(first + index) == false {
                data[first + index] = bytes[index]
                setArrived(first + index)
            } else if data[first + index] != bytes[index] {
                difference = (difference.isEmpty ? index : difference.lowerBound)..<index + 1
            }
        }
        return difference
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
        guard range.isEmpty == false else { return }
        let first = range.lowerBound >> 6
        let last = (range.upperBound - 1) >> 6
        let head: UInt64 = ~0 &<< UInt64(range.lowerBound & 63)
        let tail: UInt64 = ~0 &>> UInt64(63 - ((range.upperBound - 1) & 63))
        guard first < last else {
            arrived[first] |= head & tail
            return
        }
        arrived[first] |= head
        for word in first + 1..<last { arrived[word] = ~0 }
        arrived[last] |= tail
    }

    /// `count` set bits from bit `first` on.
    private static func mask(_ first: Int, _ count: Int) -> UInt64 {
        (count == 64 ? ~0 : (1 << UInt64(count)) - 1) << UInt64(first)
    }
}

// What an assembler leaves to that of another process.
extension StreamAssembler {
    /// Writes the data down that wait.
    func save(to record: inout InspectorRecord.Writer) {
        let isInUse = blocksInUse > 0
        record.write(isInUse ? 1 : 0)
        guard isInUse else { return }
        for number in [usedAssemblies, Int(freeAssembly)] { record.write(UInt64(number)) }
        blocks.save(to: &record)
        byAge.save(to: &record)
        record.write(data, first: (blocks.usedCount + 1) * Self.blockSize)
        record.write(arrived, first: (blocks.usedCount + 1) * Self.bitWords)
        record.write(assemblies, first: usedAssemblies + 1)
        overlaps.save(to: &record)
    }

    /// Takes up data that ``save(to:)`` wrote; the assembler must be as new.
    mutating func restore(from record: inout InspectorRecord.Reader) throws(InspectorRecord.Fault) {
        guard try record.readNumber() == 1 else { return }
        usedAssemblies = try record.readIndex(of: assemblies)
        freeAssembly = UInt32(try record.readIndex(of: assemblies))
        try blocks.restore(from: &record)
        byAge = try AgeList(from: &record, of: assemblies)
        try record.read(into: &data, first: (blocks.usedCount + 1) * Self.blockSize)
        try record.read(into: &arrived, first: (blocks.usedCount + 1) * Self.bitWords)
        try record.read(into: &assemblies, first: usedAssemblies + 1)
        try overlaps.restore(from: &record)
    }
}
