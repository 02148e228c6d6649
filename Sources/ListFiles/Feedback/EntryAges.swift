import Blocklists

/// How old the entries of a list are, by months of 30 days.
///
/// None of the formats that are read dates its entries, as far as is known of them. An age is the time since an edition with the entry came into use
/// here for the first time, see ``EntryDates``; of what was there before the watch began it is ``unknown``.
package struct EntryAges: Equatable, Sendable {
    /// Days below which an entry belongs to a bucket, and what that is called; behind the last there are older ones.
    package static let bounds: [(days: Int64, label: String)] = [
        (30, "under_1_month"), (90, "under_3_months"), (180, "under_6_months"), (360, "under_12_months"),
    ]

    /// Days from which on an entry is older than every other bucket's.
    package static let oldest: Int64 = 360

    /// Entries of each bucket, the older ones last.
    package private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)

    /// Entries without a date.
    package private(set) var unknown = 0

    /// Nothing counted yet.
    package init() {}

    /// Counts entries.
    ///
    /// - Parameters:
    ///   - count: how many, of the same date.
    ///   - date: the date; nil where there is none. One that has not come yet is of today.
    ///   - now: the time.
    package mutating func add(_ count: Int = 1, dated date: Timestamp?, now: Timestamp) {
        guard let date else { return unknown += count }
        let days = max(now.seconds - date.seconds, 0) / 86_400
        counts[Self.bounds.firstIndex { days < $0.days } ?? Self.bounds.count] += count
    }

    /// The histogram as a document has it.
    var value: DocumentValue {
        let labels = Self.bounds.map(\.label) + ["older"]
        return .object(
            zip(labels, counts).map { DocumentValue.Member($0, .count($1)) }
                + [DocumentValue.Member("unknown", .count(unknown))]
        )
    }
}

extension HitCount.Told {
    /// The number as a document has it: a number, or a text where less than that may be told.
    var value: DocumentValue {
        switch self {
        case .about(let number): .count(number)
        case .fewerThanTen: .text("<10")
        case .moreThan(let number): .text(">\(number)")
        }
    }
}
