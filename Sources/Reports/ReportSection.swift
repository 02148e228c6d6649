/// A part of a report that is read by people: what is said, and tables.
struct ReportSection: Sendable {
    /// Its name within the page, of small letters.
    var id: String
    var title: String
    /// What is to be known before the figures are read.
    var notes: [String]
    /// What is said in place of tables where there is nothing to show.
    var empty: String?
    var tables: [ReportTable]
}

/// A table, whatever it is written as.
struct ReportTable: Sendable {
    /// A column.
    struct Column: Sendable {
        var title: String
        /// Words begin at one edge, numbers end at one.
        var isNumeric = true
    }

    /// A figure or a word.
    enum Cell: Sendable, Equatable {
        case text(String)
        case count(UInt64?)
        case rate(Double?)
        case share(Double?)
        /// Seconds.
        case duration(Double?)
    }

    /// How a row's figure went from period to period.
    struct Course: Sendable, Equatable {
        /// A value for each period; nil where nothing is known.
        var values: [Double?]
        /// The value that fills the height; nil for the highest one of all rows.
        var ceiling: Double?
        /// The column that is said beside the curve.
        var column: Int
    }

    /// Its name within the page, of small letters.
    var id: String
    var caption: String
    var columns: [Column]
    var rows: [[Cell]]
    /// A curve for each row, or none at all.
    var courses: [Course] = []
    /// How many of the first columns say what the row is about.
    var heads = 1
    /// Whether the rows are drawn as lengths of time, by their last three columns: the median, the 95th percentile and the longest.
    var isOfTimes = false
}

extension ReportTable.Cell {
    /// The cell in words.
    func text(_ numbers: ReportNumbers) -> String {
        switch self {
        case .text(let text): text
        case .count(let value): numbers.count(value)
        case .rate(let value): numbers.rate(value)
        case .share(let value): numbers.share(value)
        case .duration(let value): numbers.duration(value)
        }
    }
}
