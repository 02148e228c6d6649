import Blocklists

/// What is known of one datagram whose fragments arrive.
struct FragmentedDatagram: Aged {
    enum State: UInt8 {
        /// Fragments are kept until the datagram is whole.
        case waiting
        /// It was whole and let go; its fragments are kept a while, since one that differs may follow.
        case judged
        /// It was dropped, and so are fragments of it that come again.
        case blocked
        /// It cannot be put together in the bounds there are; its fragments pass.
        case givenUp
    }

    private var rawState: UInt8
    private var rawHasConflict: UInt8

    /// What the first fragment says that the datagram starts with, and what the last copy of that fragment says.
    fileprivate(set) var firstTransport: UInt8
    fileprivate(set) var lastTransport: UInt8

    fileprivate var pieceCount: UInt32
    /// Octets of all pieces, overlaps counted as often as they came.
    fileprivate var octetCount: UInt32

    fileprivate var firstBlock: UInt32
    fileprivate var lastBlock: UInt32
    /// Octets in use of the last block.
    fileprivate var lastBlockCount: UInt32

    fileprivate var fingerprint1: UInt64
    fileprivate var fingerprint2: UInt64
    /// When the time of the state began to run.
    fileprivate var began: UInt64
    fileprivate var nextInBucket: UInt32
    var older: UInt32
    var newer: UInt32

    fileprivate(set) var state: State {
        get { State(rawValue: rawState) ?? .waiting }
        set { rawState = newValue.rawValue }
    }

    fileprivate(set) var hasConflict: Bool {
        get { rawHasConflict != 0 }
        set { rawHasConflict = newValue ? 1 : 0 }
    }
}

/// A fragment as it arrived.
private struct Piece: BitwiseCopyable {
    var start: UInt16
    var count: UInt16
    var isLast: Bool
    var block: UInt32
    var place: UInt32

    var end: Int { Int(start) + Int(count) }
}

/// Which copy of an octet counts where fragments overlap: what hosts do differs (Novak, "Target-Based Fragmentation Reassembly").
enum OverlapReading: UInt8, CaseIterable, Sendable {
    /// How many there are.
    static let count = 6

    /// The one that arrived first.
    case first
    /// The one that arrived last.
    case last
    /// The one of the fragment that starts lowest, the first among equals.
    case lowestFirst
    /// The one of the fragment that starts lowest, the last among equals.
    case lowestLast
    /// The one of the fragment that starts highest, the first among equals.
    case highestFirst
    /// The one of the fragment that starts highest, the last among equals.
    case highestLast
}

/// What a fragment did to its datagram.
enum FragmentOutcome: Equatable {
    /// Other fragments are waited for.
    case waiting
    /// The datagram is there up to an end. Where fragments state several ends, these are the lowest and the highest that all octets up to
    /// them have arrived of; it is settled where there is none past them.
    case complete(shortest: Int, longest: Int, isSettled: Bool)
    /// The datagram was dropped before.
    case blocked
    /// There is no room for the fragment, or no end to the datagram: it will not be put together.
    case givenUp
}

/// One reassembled datagram, in a buffer that is used again for the next.
struct DatagramBuffer: ~Copyable, Sendable {
    /// The most octets that can stand behind an IP header.
    static let capacity = 65_535

    fileprivate var storage = FlatArray<UInt8>(count: capacity)
    fileprivate(set) var count = 0

    /// The octets of the datagram.
    var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get { storage.span(0..<count) }
    }
}

/// Puts IP fragments together, in a fixed budget of memory that all datagrams share.
///
/// Fragments are kept as they came, one behind the other in blocks, so that every reading of overlaps can be had in the end. A datagram is
/// found by a keyed fingerprint; no address is kept. Index zero is no datagram and no block.
struct FragmentAssembler: ~Copyable, Sendable {
    /// Octets in a block.
    static let blockSize = 512

    /// Fragments of one datagram, at most: 64 KiB in pieces of 296 octets, the smallest link that RFC 1191 names.
    static let pieceLimit = 256

    /// Octets kept for one datagram, at most: each octet twice.
    static let octetLimit = 131_072

    /// Nanoseconds after which a datagram is given up (RFC 791 §3.2 and RFC 8200 §4.5 leave 15 to 60 seconds).
    static let timeout: UInt64 = 30_000_000_000

    /// Nanoseconds for which a datagram is kept that was let go: one of its fragments may have been a decoy that the receiver never gets. Not
    /// long, since busy hosts soon use an identification again.
    static let decoyTimeout: UInt64 = 2_000_000_000

    /// Octets of memory that a block takes, with its share of the tables.
    static let blockCost = blockSize + 4 + MemoryLayout<FragmentedDatagram>.stride + 8

    private var data: FlatArray<UInt8>
    private var blocks: BlockPool
    private var datagrams: FlatArray<FragmentedDatagram>
    private var buckets: FlatArray<UInt32>
    private let bucketMask: UInt64
    private var freeDatagram: UInt32 = 0
    private var usedDatagrams = 0
    /// Datagrams in the order in which their time runs out: those that wait, those that were let go, and those that hold no
    /// data any more.
    private var waiting = AgeList<FragmentedDatagram>()
    private var judged = AgeList<FragmentedDatagram>()
    private var settled = AgeList<FragmentedDatagram>()

    /// Datagrams that wait for fragments.
    private(set) var waitingCount = 0

    /// Blocks that hold data now.
    var blocksInUse: Int { blocks.countInUse }

    /// Blocks that there are.
    var blockCapacity: Int { blocks.capacity }

    /// Datagrams whose time ran out before they were whole, since this was last set to zero.
    var expired = 0

    /// Datagrams that made room for others before they were whole, since this was last set to zero.
    var evicted = 0

    /// - Parameter budget: octets of memory for all datagrams.
    init(budget: Int) {
        let count = max(budget / Self.blockCost, 2 * (Self.octetLimit / Self.blockSize))
        data = FlatArray(count: (count + 1) * Self.blockSize, isFilledInOrder: true)
        blocks = BlockPool(capacity: count)
        datagrams = FlatArray(count: count + 1, isFilledInOrder: true)
        var bucketCount = 16
        while bucketCount < count { bucketCount *= 2 }
        buckets = FlatArray(count: bucketCount)
        bucketMask = UInt64(bucketCount - 1)
    }

    /// Takes in a fragment.
    ///
    /// - Parameters:
    ///   - fingerprint: of source, destination, identification and, with IPv4, protocol.
    ///   - offset: where the fragment's octets stand in the datagram, a multiple of eight.
    ///   - payload: the fragment's octets, all of them.
    ///   - isLast: whether no fragment follows this one.
    ///   - transport: what the datagram starts with, as far as this fragment says.
    ///   - now: when it was seen.
    ///   - hasConflict: set where octets that came before are repeated with other values.
    /// - Returns: whether the datagram can be read now.
    mutating func add(
        _ fingerprint: Fingerprint,
        offset: Int,
        _ payload: Span<UInt8>,
        isLast: Bool,
        transport: UInt8,
        at now: Instant,
        hasConflict: inout Bool
    ) -> FragmentOutcome {
        expire(at: now)
        // All but the last are whole units of eight octets; what hosts do with one that is not is to cut it (RFC 791 §3.2).
        let count = isLast ? payload.count : payload.count & ~7
        guard count > 0, offset + count <= DatagramBuffer.capacity else { return .givenUp }
        var index = find(fingerprint)
        if index == 0 { index = open(fingerprint, at: now) }
        switch datagrams[Int(index)].state {
        case .blocked: return .blocked
        case .givenUp: return .waiting
        case .waiting, .judged: break
        }

        let bytes = payload.extracting(0..<count)
        let new = Piece(start: UInt16(offset), count: UInt16(count), isLast: isLast, block: 0, place: 0)
        switch compare(new, bytes, with: index) {
        case .repeats: return .waiting
        case .conflicts:
            hasConflict = true
            datagrams[Int(index)].hasConflict = true
        case .agrees: break
        }
        let octets = Int(datagrams[Int(index)].octetCount) + count
        guard datagrams[Int(index)].pieceCount < Self.pieceLimit, octets <= Self.octetLimit,
            append(new, bytes, to: index)
        else {
            settle(index, .givenUp, at: now)
            return .givenUp
        }
        if offset == 0 {
            if datagrams[Int(index)].firstTransport == 0 { datagrams[Int(index)].firstTransport = transport }
            datagrams[Int(index)].lastTransport = transport
        }
        return completeness(of: index)
    }

    /// The datagram with this fingerprint; zero where there is none.
    func find(_ fingerprint: Fingerprint) -> UInt32 {
        var index = buckets[Int(truncatingIfNeeded: fingerprint.first & bucketMask)]
        while index != 0 {
            let position = Int(index)
            if datagrams[position].fingerprint1 == fingerprint.first,
                datagrams[position].fingerprint2 == fingerprint.second
            {
                return index
            }
            index = datagrams[position].nextInBucket
        }
        return 0
    }

    /// Whether fragments of a datagram contradict each other.
    func hasConflict(_ index: UInt32) -> Bool { datagrams[Int(index)].hasConflict }

    /// What a datagram starts with, in one reading.
    func transport(_ index: UInt32, _ reading: OverlapReading) -> UInt8 {
        switch reading {
        case .first, .lowestFirst, .highestFirst: datagrams[Int(index)].firstTransport
        case .last, .lowestLast, .highestLast: datagrams[Int(index)].lastTransport
        }
    }

    /// Puts the first `count` octets of a datagram together; each of them has arrived.
    func gather(_ index: UInt32, _ reading: OverlapReading, count: Int, into buffer: inout DatagramBuffer) {
        let none = Piece(start: 0, count: 0, isLast: false, block: 0, place: 0)
        var pieces = InlineArray<256, Piece>(repeating: none)
        var found = 0
        var cursor = Cursor(block: datagrams[Int(index)].firstBlock)
        for _ in 0..<datagrams[Int(index)].pieceCount {
            let piece = readHeader(&cursor)
            skip(Int(piece.count), &cursor)
            pieces[found] = piece
            found += 1
        }
        // The piece that is to win is written last.
        switch reading {
        case .first: for position in 0..<found { write(pieces[found - 1 - position], count, into: &buffer) }
        case .last: for position in 0..<found { write(pieces[position], count, into: &buffer) }
        case .highestLast, .lowestFirst:
            Self.sort(&pieces, found, latestFirst: false)
            for position in 0..<found {
                write(pieces[reading == .highestLast ? position : found - 1 - position], count, into: &buffer)
            }
        case .highestFirst, .lowestLast:
            Self.sort(&pieces, found, latestFirst: true)
            for position in 0..<found {
                write(pieces[reading == .highestFirst ? position : found - 1 - position], count, into: &buffer)
            }
        }
        buffer.count = count
    }

    /// Drops what comes again of a datagram until its time has run out.
    mutating func block(_ fingerprint: Fingerprint, at now: Instant) {
        var index = find(fingerprint)
        if index == 0 { index = open(fingerprint, at: now) }
        settle(index, .blocked, at: now)
    }

    /// Notes that a datagram was whole and let go.
    mutating func noteJudged(_ fingerprint: Fingerprint, at now: Instant) {
        let index = find(fingerprint)
        guard index != 0 else { return }
        unlinkAge(index)
        datagrams[Int(index)].state = .judged
        datagrams[Int(index)].began = now.nanoseconds
        judged.append(index, in: &datagrams)
    }

    /// Forgets a datagram.
    private mutating func remove(_ index: UInt32) {
        releaseBlocks(index)
        unlinkAge(index)
        let position = Int(index)
        let bucket = Int(truncatingIfNeeded: datagrams[position].fingerprint1 & bucketMask)
        let next = datagrams[position].nextInBucket
        if buckets[bucket] == index {
            buckets[bucket] = next
        } else {
            var previous = Int(buckets[bucket])
            while datagrams[previous].nextInBucket != index { previous = Int(datagrams[previous].nextInBucket) }
            datagrams[previous].nextInBucket = next
        }
        datagrams[position] = datagrams[0]
        datagrams[position].nextInBucket = freeDatagram
        freeDatagram = index
    }

    // MARK: life and death

    private mutating func open(_ fingerprint: Fingerprint, at now: Instant) -> UInt32 {
        if freeDatagram == 0, usedDatagrams == datagrams.count - 1 {
            if settled.oldest != 0 { remove(settled.oldest) } else { evictOldest(sparing: 0) }
        }
        let index: UInt32
        if freeDatagram != 0 {
            index = freeDatagram
            freeDatagram = datagrams[Int(index)].nextInBucket
        } else {
            usedDatagrams += 1
            index = UInt32(usedDatagrams)
        }
        let bucket = Int(truncatingIfNeeded: fingerprint.first & bucketMask)
        var datagram = datagrams[0]
        datagram.fingerprint1 = fingerprint.first
        datagram.fingerprint2 = fingerprint.second
        datagram.began = now.nanoseconds
        datagram.nextInBucket = buckets[bucket]
        datagrams[Int(index)] = datagram
        buckets[bucket] = index
        waiting.append(index, in: &datagrams)
        waitingCount += 1
        return index
    }

    /// Ends waiting for a datagram, whose fragments need no room from here on.
    private mutating func settle(_ index: UInt32, _ state: FragmentedDatagram.State, at now: Instant) {
        releaseBlocks(index)
        unlinkAge(index)
        datagrams[Int(index)].state = state
        datagrams[Int(index)].began = now.nanoseconds
        settled.append(index, in: &datagrams)
    }

    /// Makes room: what was let go goes first.
    ///
    /// - Returns: false where nothing is left but the datagram that is spared.
    @discardableResult
    private mutating func evictOldest(sparing index: UInt32) -> Bool {
        if judged.oldest != 0, judged.oldest != index {
            remove(judged.oldest)
            return true
        }
        guard waiting.oldest != 0, waiting.oldest != index else { return false }
        evicted += 1
        remove(waiting.oldest)
        return true
    }

    private mutating func expire(at now: Instant) {
        // Two of each at most, so that no packet pays for many; the oldest make room for the newest in any case.
        for _ in 0..<2 {
            guard waiting.oldest != 0, isDue(waiting.oldest, at: now) else { break }
            expired += 1
            remove(waiting.oldest)
        }
        for _ in 0..<2 {
            guard judged.oldest != 0, isDue(judged.oldest, at: now, after: Self.decoyTimeout) else { break }
            remove(judged.oldest)
        }
        for _ in 0..<2 {
            guard settled.oldest != 0, isDue(settled.oldest, at: now) else { break }
            remove(settled.oldest)
        }
    }

    private func isDue(_ index: UInt32, at now: Instant, after timeout: UInt64 = timeout) -> Bool {
        let began = datagrams[Int(index)].began
        return now.nanoseconds > began && now.nanoseconds - began > timeout
    }

    private mutating func unlinkAge(_ index: UInt32) {
        switch datagrams[Int(index)].state {
        case .waiting:
            waiting.remove(index, in: &datagrams)
            waitingCount -= 1
        case .judged: judged.remove(index, in: &datagrams)
        case .blocked, .givenUp: settled.remove(index, in: &datagrams)
        }
    }

    // MARK: pieces

    /// A place in a datagram's blocks.
    private struct Cursor {
        var block: UInt32
        var place = 0
    }

    /// How a piece stands to those that came before it.
    private enum Comparison {
        /// It adds to them, or overlaps with the same octets.
        case agrees
        /// It is one of them.
        case repeats
        /// It overlaps with other octets.
        case conflicts
    }

    private func compare(_ new: Piece, _ bytes: Span<UInt8>, with index: UInt32) -> Comparison {
        var result = Comparison.agrees
        var cursor = Cursor(block: datagrams[Int(index)].firstBlock)
        for _ in 0..<datagrams[Int(index)].pieceCount {
            let piece = readHeader(&cursor)
            let start = max(Int(piece.start), Int(new.start))
            let end = min(piece.end, new.end)
            guard start < end else {
                skip(Int(piece.count), &cursor)
                continue
            }
            skip(start - Int(piece.start), &cursor)
            let isEqual = holds(bytes.extracting(start - Int(new.start)..<end - Int(new.start)), &cursor)
            skip(piece.end - end, &cursor)
            if isEqual == false {
                result = .conflicts
            } else if piece.start == new.start, piece.count == new.count, piece.isLast == new.isLast {
                // A copy of the newest counts for nothing; an older one, where others contradict it, is a reading of its own.
                if datagrams[Int(index)].hasConflict == false { return .repeats }
            }
        }
        return result
    }

    /// Whether the octets at the cursor are these; it is moved behind them.
    private func holds(_ bytes: Span<UInt8>, _ cursor: inout Cursor) -> Bool {
        var isEqual = true
        var taken = 0
        while taken < bytes.count {
            turn(&cursor)
            let count = min(Self.blockSize - cursor.place, bytes.count - taken)
            let first = Int(cursor.block) * Self.blockSize + cursor.place
            let stored = data.span(first..<first + count)
            for position in 0..<count where stored[position] != bytes[taken + position] { isEqual = false }
            taken += count
            cursor.place += count
        }
        return isEqual
    }

    private func readHeader(_ cursor: inout Cursor) -> Piece {
        let start = UInt16(readOctet(&cursor)) << 8 | UInt16(readOctet(&cursor))
        let count = UInt16(readOctet(&cursor)) << 8 | UInt16(readOctet(&cursor))
        let isLast = readOctet(&cursor) != 0
        turn(&cursor)
        return Piece(start: start, count: count, isLast: isLast, block: cursor.block, place: UInt32(cursor.place))
    }

    private func readOctet(_ cursor: inout Cursor) -> UInt8 {
        turn(&cursor)
        let octet = data[Int(cursor.block) * Self.blockSize + cursor.place]
        cursor.place += 1
        return octet
    }

    private func skip(_ count: Int, _ cursor: inout Cursor) {
        cursor.place += count
        while cursor.place > Self.blockSize {
            cursor.block = blocks.following(cursor.block)
            cursor.place -= Self.blockSize
        }
    }

    /// Goes on to the next block where this one is read to its end.
    private func turn(_ cursor: inout Cursor) {
        guard cursor.place == Self.blockSize else { return }
        cursor.block = blocks.following(cursor.block)
        cursor.place = 0
    }

    private func write(_ piece: Piece, _ limit: Int, into buffer: inout DatagramBuffer) {
        var cursor = Cursor(block: piece.block, place: Int(piece.place))
        var position = Int(piece.start)
        let end = min(piece.end, limit)
        while position < end {
            turn(&cursor)
            let count = min(Self.blockSize - cursor.place, end - position)
            let first = Int(cursor.block) * Self.blockSize + cursor.place
            buffer.storage.copy(data.span(first..<first + count), to: position)
            cursor.place += count
            position += count
        }
    }

    /// Puts pieces in the order of their starts, and those that start together in the order of their arrival or the other way round.
    private static func sort(_ pieces: inout InlineArray<256, Piece>, _ count: Int, latestFirst: Bool) {
        for position in 0..<count {
            let piece = pieces[position]
            var place = position
            while place > 0,
                latestFirst ? pieces[place - 1].start >= piece.start : pieces[place - 1].start > piece.start
            {
                pieces[place] = pieces[place - 1]
                place -= 1
            }
            pieces[place] = piece
        }
    }

    /// Whether the octets up to an end have all arrived.
    private func completeness(of index: UInt32) -> FragmentOutcome {
        // A bit for each eight octets of the datagram.
        var arrived = InlineArray<128, UInt64>(repeating: 0)
        var ends = 0
        var cursor = Cursor(block: datagrams[Int(index)].firstBlock)
        for _ in 0..<datagrams[Int(index)].pieceCount {
            let piece = readHeader(&cursor)
            skip(Int(piece.count), &cursor)
            if piece.isLast { ends += 1 }
            // The octets behind the last whole unit are there with the piece that brings an end.
            Self.mark(Int(piece.start) / 8..<piece.end / 8, in: &arrived)
        }
        guard ends > 0 else { return .waiting }
        var units = 0
        for word in 0..<128 {
            let missing = ~arrived[word]
            units += missing.trailingZeroBitCount
            if missing != 0 { break }
        }
        var (shortest, longest, reached) = (Int.max, 0, 0)
        cursor = Cursor(block: datagrams[Int(index)].firstBlock)
        for _ in 0..<datagrams[Int(index)].pieceCount {
            let piece = readHeader(&cursor)
            skip(Int(piece.count), &cursor)
            guard piece.isLast, piece.end / 8 <= units else { continue }
            reached += 1
            shortest = min(shortest, piece.end)
            longest = max(longest, piece.end)
        }
        return longest == 0
            ? .waiting : .complete(shortest: shortest, longest: longest, isSettled: reached == ends)
    }

    private static func mark(_ units: Range<Int>, in arrived: inout InlineArray<128, UInt64>) {
        var unit = units.lowerBound
        while unit < units.upperBound {
            let count = min(64 - (unit & 63), units.upperBound - unit)
            arrived[unit >> 6] |= (count == 64 ? ~0 : (1 << UInt64(count)) - 1) << UInt64(unit & 63)
            unit += count
        }
    }

    // MARK: blocks

    /// Keeps a piece; false where the budget has no room for it although all others have made way.
    private mutating func append(_ piece: Piece, _ bytes: Span<UInt8>, to index: UInt32) -> Bool {
        let header: InlineArray<5, UInt8> = [
            UInt8(truncatingIfNeeded: piece.start >> 8), UInt8(truncatingIfNeeded: piece.start),
            UInt8(truncatingIfNeeded: piece.count >> 8), UInt8(truncatingIfNeeded: piece.count),
            piece.isLast ? 1 : 0,
        ]
        guard append(header.span, to: index), append(bytes, to: index) else { return false }
        datagrams[Int(index)].pieceCount += 1
        datagrams[Int(index)].octetCount += UInt32(piece.count)
        return true
    }

    private mutating func append(_ bytes: Span<UInt8>, to index: UInt32) -> Bool {
        let position = Int(index)
        var taken = 0
        while taken < bytes.count {
            if datagrams[position].lastBlock == 0 || datagrams[position].lastBlockCount == Self.blockSize {
                guard extend(index) else { return false }
            }
            let place = Int(datagrams[position].lastBlockCount)
            let count = min(Self.blockSize - place, bytes.count - taken)
            data.copy(
                bytes.extracting(taken..<taken + count),
                to: Int(datagrams[position].lastBlock) * Self.blockSize + place
            )
            datagrams[position].lastBlockCount += UInt32(count)
            taken += count
        }
        return true
    }

    /// Adds a block to a datagram, making room by giving up the datagrams that have waited longest.
    private mutating func extend(_ index: UInt32) -> Bool {
        var block = blocks.take()
        while block == 0 {
            guard evictOldest(sparing: index) else { return false }
            block = blocks.take()
        }
        let position = Int(index)
        if datagrams[position].lastBlock == 0 {
            datagrams[position].firstBlock = block
        } else {
            blocks.link(block, behind: datagrams[position].lastBlock)
        }
        datagrams[position].lastBlock = block
        datagrams[position].lastBlockCount = 0
        return true
    }

    private mutating func releaseBlocks(_ index: UInt32) {
        var block = datagrams[Int(index)].firstBlock
        while block != 0 {
            let next = blocks.following(block)
            blocks.give(block)
            block = next
        }
        datagrams[Int(index)].firstBlock = 0
        datagrams[Int(index)].lastBlock = 0
        datagrams[Int(index)].lastBlockCount = 0
        datagrams[Int(index)].pieceCount = 0
        datagrams[Int(index)].octetCount = 0
    }
}

// What an assembler leaves to that of another process.
extension FragmentAssembler {
    /// Whether there is a datagram of which anything is known.
    private var isEmpty: Bool { waiting.oldest == 0 && judged.oldest == 0 && settled.oldest == 0 }

    /// Writes down what is known of datagrams.
    func save(to record: inout InspectorRecord.Writer) {
        record.write(isEmpty ? 0 : 1)
        guard isEmpty == false else { return }
        for number in [usedDatagrams, waitingCount, Int(freeDatagram)] { record.write(UInt64(number)) }
        blocks.save(to: &record)
        waiting.save(to: &record)
        judged.save(to: &record)
        settled.save(to: &record)
        record.write(data, first: (blocks.usedCount + 1) * Self.blockSize)
        record.write(datagrams, first: usedDatagrams + 1)
        record.write(buckets, first: buckets.count)
    }

    /// Takes up what ``save(to:)`` wrote; the assembler must be as new.
    mutating func restore(from record: inout InspectorRecord.Reader) throws(InspectorRecord.Fault) {
        guard try record.readNumber() == 1 else { return }
        usedDatagrams = try record.readIndex(of: datagrams)
        waitingCount = try record.readIndex(of: datagrams)
        freeDatagram = UInt32(try record.readIndex(of: datagrams))
        try blocks.restore(from: &record)
        waiting = try AgeList(from: &record, of: datagrams)
        judged = try AgeList(from: &record, of: datagrams)
        settled = try AgeList(from: &record, of: datagrams)
        try record.read(into: &data, first: (blocks.usedCount + 1) * Self.blockSize)
        try record.read(into: &datagrams, first: usedDatagrams + 1)
        try record.read(into: &buckets, first: buckets.count)
    }
}
