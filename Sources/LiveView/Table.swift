/// A table whose columns leave, the least important first, until it fits.
struct Table {
    /// A cell's text and what it means.
    struct Cell {
        var text: String
        var tone: Tone

        init(_ text: String, _ tone: Tone = .plain) {
            self.text = text
            self.tone = tone
        }
    }

    /// One column.
    struct Column {
        /// Its title.
        var title: String
        /// Whether its cells end at one edge, as numbers do.
        var isNumeric: Bool
        /// The higher, the sooner it leaves; columns of rank 0 stay.
        var rank: Int
        /// The least width, so that the columns do not move when the figures change.
        var width: Int
        /// A cell for each row.
        var cells: [Cell]
    }

    /// The columns, from left to right.
    private(set) var columns: [Column] = []

    /// Adds a column at the right.
    mutating func add(_ title: String, numeric: Bool = true, rank: Int = 0, width: Int = 0, _ cells: [Cell]) {
        let widest = cells.map { $0.text.unicodeScalars.count }.max() ?? 0
        let needed = max(title.unicodeScalars.count, widest, width)
        columns.append(Column(title: title, isNumeric: numeric, rank: rank, width: needed, cells: cells))
    }

    /// How many cells the table takes with these columns.
    private static func width(_ columns: [Column]) -> Int {
        columns.reduce(0) { $0 + $1.width + 2 } - 1
    }

    /// The lines: the titles, then the rows; and how much of the width they leave.
    func lines(width: Int) -> (lines: [Line], rest: Int) {
        var shown = columns
        while Self.width(shown) > width, let highest = shown.map(\.rank).max(), highest > 0,
            let index = shown.lastIndex(where: { $0.rank == highest })
        {
            shown.remove(at: index)
        }
        var lines = [Line()]
        for column in shown { Self.add(Cell(column.title, .faint), of: column, to: &lines[0]) }
        for row in 0..<(columns.map(\.cells.count).max() ?? 0) {
            var line = Line()
            for column in shown where column.cells.indices.contains(row) {
                Self.add(column.cells[row], of: column, to: &line)
            }
            lines.append(line)
        }
        return (lines, width - Self.width(shown))
    }

    private static func add(_ cell: Cell, of column: Column, to line: inout Line) {
        line.add(line.width == 0 ? " " : "  ")
        let blanks = String(repeating: " ", count: max(column.width - cell.text.unicodeScalars.count, 0))
        if column.isNumeric { line.add(blanks) }
        line.add(cell.text, cell.tone)
        if column.isNumeric == false { line.add(blanks) }
    }
}
