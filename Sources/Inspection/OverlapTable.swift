/// Octets of a stream that the receiver may read otherwise: they came a second time and differed, or one of them was urgent.
struct Overlap: ZeroValid {
    /// The offset in its assembly of its first octet.
    fileprivate(set) var offset: UInt32

    /// How many octets there are; none where the octet at ``offset`` may not belong to the stream at all, as with urgent data.
    fileprivate(set) var count: UInt32
    fileprivate var next: UInt32

    var end: UInt32 { offset &+ count }
}

/// What came a second time and differed, for all assemblies, in a fixed amount of memory.
///
/// Which copy a receiver takes depends on its system and on what reached it (RFC 9293 §3.10.7.4 leaves it open), so both are kept and every
/// reading is judged. Records hang on a list in the order in which they came; index zero is none.
struct OverlapTable: ~Copyable, Sendable {
    /// Octets that one record has room for.
    static let recordSize = StreamAssembler.blockSize

    /// Octets of memory that a record takes.
    static let recordCost = recordSize + MemoryLayout<Overlap>.stride

    /// The most records of one assembly: with so many, every choice among them is judged.
    static let limit = 4

    private var records: FlatArray<Overlap>
    private var data: FlatArray<UInt8>
    private var free: UInt32 = 0
    private var used = 0

    init(capacity: Int) {
        records = FlatArray(count: capacity + 1)
        data = FlatArray(count: (capacity + 1) * Self.recordSize)
    }

    subscript(index: UInt32) -> Overlap { records[Int(index)] }

    /// The record behind this one; zero at the end.
    func next(after index: UInt32) -> UInt32 { records[Int(index)].next }

    /// The octets of a record.
    @_lifetime(borrow self)
    func bytes(of index: UInt32) -> Span<UInt8> {
        let first = Int(index) * Self.recordSize
        return data.span(first..<first + Int(records[Int(index)].count))
    }

    /// Adds octets to the list that begins at `first`.
    ///
    /// - Returns: whether the list holds them now; it takes ``limit`` records.
    mutating func add(_ bytes: Span<UInt8>, at offset: UInt32, to first: inout UInt32) -> Bool {
        let last = last(of: first)
        guard bytes.count <= Self.recordSize, count(of: first) < Self.limit else { return false }
        var index: UInt32
        if free != 0 {
            index = free
            free = records[Int(index)].next
        } else {
            guard used < records.count - 1 else { return false }
            used += 1
            index = UInt32(used)
        }
        records[Int(index)] = records[0]
        records[Int(index)].offset = offset
        records[Int(index)].count = UInt32(bytes.count)
        data.copy(bytes, to: Int(index) * Self.recordSize)
        if last == 0 { first = index } else { records[Int(last)].next = index }
        return true
    }

    /// How many records a list has.
    func count(of first: UInt32) -> Int {
        var count = 0
        var index = first
        while index != 0 {
            count += 1
            index = records[Int(index)].next
        }
        return count
    }

    /// The record that was added to a list last.
    func last(of first: UInt32) -> UInt32 {
        var last: UInt32 = 0
        var index = first
        while index != 0 {
            last = index
            index = records[Int(index)].next
        }
        return last
    }

    /// Puts some of the octets that came first behind those of a record.
    ///
    /// - Returns: false where there is no room for them.
    mutating func extend(_ index: UInt32, _ first: borrowing FlatArray<UInt8>, _ range: Range<Int>) -> Bool {
        extend(index, first.span(range))
    }

    /// Puts octets behind those of a record.
    ///
    /// - Returns: false where there is no room for them.
    mutating func extend(_ index: UInt32, _ bytes: Span<UInt8>) -> Bool {
        let count = Int(records[Int(index)].count)
        guard count > 0, bytes.count <= Self.recordSize - count else { return false }
        data.copy(bytes, to: Int(index) * Self.recordSize + count)
        records[Int(index)].count += UInt32(bytes.count)
        return true
    }

    /// Whether a record of the list holds just these octets.
    func contains(_ bytes: Span<UInt8>, at offset: UInt32, in first: UInt32) -> Bool {
        var index = first
        while index != 0 {
            let record = records[Int(index)]
            if record.offset <= offset, Int(record.end) >= Int(offset) + bytes.count {
                let start = Int(index) * Self.recordSize + Int(offset - record.offset)
                var position = 0
                while position < bytes.count, data[start + position] == bytes[position] { position += 1 }
                if position == bytes.count { return true }
            }
            index = record.next
        }
        return false
    }

    /// Gives a whole list back.
    mutating func removeAll(_ first: inout UInt32) {
        while first != 0 {
            let next = records[Int(first)].next
            records[Int(first)].next = free
            free = first
            first = next
        }
    }

    /// Moves a list's records down by so many octets; those that begin before `start` are given back first.
    mutating func shift(_ first: inout UInt32, by octets: UInt32, from start: UInt32) {
        var kept: UInt32 = 0
        var last: UInt32 = 0
        while first != 0 {
            let next = records[Int(first)].next
            if records[Int(first)].offset < max(start, octets) {
                records[Int(first)].next = free
                free = first
            } else {
                records[Int(first)].offset -= octets
                records[Int(first)].next = 0
                if last == 0 { kept = first } else { records[Int(last)].next = first }
                last = first
            }
            first = next
        }
        first = kept
    }
}

// What a table leaves to that of another process.
extension OverlapTable {
    /// Writes the records down.
    func save(to record: inout InspectorRecord.Writer) {
        record.write(UInt64(used))
        record.write(UInt64(free))
        record.write(records, first: used + 1)
        record.write(data, first: (used + 1) * Self.recordSize)
    }

    /// Takes up records that ``save(to:)`` wrote; the table must be as new.
    mutating func restore(from record: inout InspectorRecord.Reader) throws(InspectorRecord.Fault) {
        used = try record.readIndex(of: records)
        free = UInt32(try record.readIndex(of: records))
        try record.read(into: &records, first: used + 1)
        try record.read(into: &data, first: (used + 1) * Self.recordSize)
    }
}
