import Wire

/// The table of the Centro Nazionale per il Contrasto della Pedopornografia Online (CNCPO).
///
/// The list is not public. What is known of it is what operators' own tools read: CSV with semicolons, a first row of the list's serial number
/// and time, `2024052101;20240521120000`, then rows of four fields: URL, host name, URL by address, address. Each may be empty, and fields are
/// quoted as in RFC 4180.
///
/// Assumed, because nothing published says it:
/// - In place of the first row or behind it there may be the names of the columns, in any order, and a comma may separate fields.
/// - A field holds no line break: a quotation mark that its line does not close spoils that line only.
/// - A URL with a path is for that page although its host stands beside it, so the row is reported as not enforceable.
/// - A row with an address alone is refused, since no address is ever blocked.
struct CNCPOFormat: Sendable {
    /// Fields of a row that are told apart; none of the known tables has as many.
    private static let maximumFields = 16

    private var isFirstRow = true
    private var separator = UInt8(ascii: ";")
    private var columns = Columns()

    /// Where the fields of a row stand; nil for a column that the table does not have.
    private struct Columns {
        var url: Int? = 0
        var name: Int? = 1
        var addressURL: Int? = 2
        var address: Int? = 3
        var count = 4
    }

    /// The fields of one line.
    private struct Fields {
        var ranges = InlineArray<16, Range<Int>>(repeating: 0..<0)
        var count = 0

        /// A field's offsets, empty where the row ends before it.
        subscript(column: Int?) -> Range<Int> {
            guard let column, column < count else { return 0..<0 }
            return ranges[column]
        }
    }

    mutating func locateEntry(
        in line: Span<UInt8>,
        match: MatchKind,
        into found: inout [EntryLocation]
    ) throws(ListLineError) {
        guard line.trimmed(0..<line.count).isEmpty == false else { return }
        if isFirstRow { separator = Self.separator(in: line) }
        let fields = try fields(of: line)
        let wasFirstRow = isFirstRow
        isFirstRow = false
        if wasFirstRow, Self.isSerial(fields, line) { return }
        if let named = Self.columns(named: fields, in: line) {
            columns = named
            return
        }
        guard wasFirstRow == false else { throw .headerMissing }
        found.append(EntryLocation(name: try name(in: fields, of: line), scope: match.scope))
    }

    /// The host name of a row.
    private func name(in fields: Fields, of line: Span<UInt8>) throws(ListLineError) -> Range<Int> {
        guard fields.count > 1 || columns.count == 1 else { throw .fieldCountWrong }
        var index = columns.count
        while index < fields.count {
            guard fields.ranges[index].isEmpty else { throw .fieldCountWrong }
            index += 1
        }
        let name = fields[columns.name]
        let url = fields[columns.url]
        guard url.isEmpty else {
            let host = try URLsFormat.host(in: line, url)
            guard name.isEmpty || Self.isSame(line, name, host) else { throw .hostsDiffer }
            return host
        }
        guard name.isEmpty else { return name }
        guard fields[columns.address].isEmpty, fields[columns.addressURL].isEmpty else { throw .addressNotAllowed }
        throw .rowEmpty
    }

    /// Whether two ranges spell one name, but for case and a trailing dot.
    private static func isSame(_ line: Span<UInt8>, _ one: Range<Int>, _ other: Range<Int>) -> Bool {
        let one = withoutTrailingDot(line, one)
        let other = withoutTrailingDot(line, other)
        guard one.count == other.count else { return false }
        for (index, otherIndex) in zip(one, other) where line[index].lowercased != line[otherIndex].lowercased {
            return false
        }
        return true
    }

    private static func withoutTrailingDot(_ line: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        range.count > 1 && line[range.upperBound - 1] == UInt8(ascii: ".")
            ? range.lowerBound..<range.upperBound - 1 : range
    }

    private func fields(of line: Span<UInt8>) throws(ListLineError) -> Fields {
        var fields = Fields()
        var start = 0
        while true {
            guard fields.count < Self.maximumFields else { throw .fieldCountWrong }
            var end = line.wordStart(from: start)
            if end < line.count, line[end] == quote {
                let content = end + 1
                end = try Self.closingQuote(in: line, from: content)
                fields.ranges[fields.count] = line.trimmed(content..<end)
                end = line.wordStart(from: end + 1)
                guard end == line.count || line[end] == separator else { throw .quoteNotClosed }
            } else {
                end = start
                while end < line.count, line[end] != separator { end += 1 }
                fields.ranges[fields.count] = line.trimmed(start..<end)
            }
            fields.count += 1
            guard end < line.count else { return fields }
            start = end + 1
        }
    }

    /// Where a quoted field ends; a quotation mark in it is written twice (RFC 4180 §2.7).
    private static func closingQuote(in line: Span<UInt8>, from start: Int) throws(ListLineError) -> Int {
        var index = start
        while index < line.count {
            if line[index] == quote {
                guard index + 1 < line.count, line[index + 1] == quote else { return index }
                index += 1
            }
            index += 1
        }
        throw .quoteNotClosed
    }

    /// Whether a row is a serial number and a time.
    private static func isSerial(_ fields: Fields, _ line: Span<UInt8>) -> Bool {
        guard fields.count >= 2 else { return false }
        for column in 0..<fields.count {
            let field = fields.ranges[column]
            guard column < 2 ? field.isEmpty == false : field.isEmpty else { return false }
            for index in field where line[index].isDigit == false { return false }
        }
        return true
    }

    /// The columns that a row names; nil where it is no such row.
    private static func columns(named fields: Fields, in line: Span<UInt8>) -> Columns? {
        var columns = Columns(url: nil, name: nil, addressURL: nil, address: nil, count: fields.count)
        for column in 0..<fields.count {
            let field = line.extracting(fields.ranges[column])
            if columns.url == nil, field.isOne(of: urlColumn) { columns.url = column }
            if columns.name == nil, field.isOne(of: nameColumn) { columns.name = column }
            if columns.addressURL == nil, field.isOne(of: addressURLColumn) { columns.addressURL = column }
            if columns.address == nil, field.isOne(of: addressColumn) { columns.address = column }
        }
        return columns.url == nil && columns.name == nil ? nil : columns
    }

    private static func separator(in line: Span<UInt8>) -> UInt8 {
        let semicolon = UInt8(ascii: ";")
        let comma = UInt8(ascii: ",")
        let hasSemicolon = line.offset(of: semicolon, in: 0..<line.count) != nil
        return hasSemicolon || line.offset(of: comma, in: 0..<line.count) == nil ? semicolon : comma
    }

    /// Whether a line can only be the first row of such a table.
    static func isHeader(_ line: Span<UInt8>) -> Bool {
        var format = CNCPOFormat()
        format.separator = separator(in: line)
        guard let fields = try? format.fields(of: line), fields.count >= 2 else { return false }
        return isSerial(fields, line) || columns(named: fields, in: line) != nil
    }

    private static let urlColumn = [ASCIIWord("url")]
    private static let nameColumn = ["domain", "dominio", "fqdn", "host", "hostname"].map(ASCIIWord.init)
    private static let addressURLColumn = ["ipurl", "ip_url", "url_ip"].map(ASCIIWord.init)
    private static let addressColumn = ["ip", "address", "indirizzo"].map(ASCIIWord.init)
}

private let quote = UInt8(ascii: "\"")
