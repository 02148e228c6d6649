/// An entry of a table whose entries are kept in the order of their age; places are counted from one, zero is none.
protocol Aged: ZeroValid {
    var older: UInt32 { get set }
    var newer: UInt32 { get set }
}

/// Entries of a table in the order in which they were appended, linked through the table.
struct AgeList<Entry: Aged> {
    /// The entry that was appended first; zero for none.
    private(set) var oldest: UInt32 = 0
    private var newest: UInt32 = 0

    init() {}

    mutating func append(_ index: UInt32, in entries: inout FlatArray<Entry>) {
        entries[Int(index)].older = newest
        entries[Int(index)].newer = 0
        if newest != 0 { entries[Int(newest)].newer = index } else { oldest = index }
        newest = index
    }

    mutating func remove(_ index: UInt32, in entries: inout FlatArray<Entry>) {
        let older = entries[Int(index)].older
        let newer = entries[Int(index)].newer
        if older != 0 { entries[Int(older)].newer = newer } else { oldest = newer }
        if newer != 0 { entries[Int(newer)].older = older } else { newest = older }
    }
}

// What a list leaves to that of another process, beside the table itself.
extension AgeList {
    func save(to record: inout InspectorRecord.Writer) {
        record.write(UInt64(oldest))
        record.write(UInt64(newest))
    }

    /// Takes up what ``save(to:)`` wrote of the list that goes through such a table.
    init(from record: inout InspectorRecord.Reader, of entries: borrowing FlatArray<Entry>) throws(InspectorRecord
        .Fault)
    {
        oldest = UInt32(try record.readIndex(of: entries))
        newest = UInt32(try record.readIndex(of: entries))
    }
}
