import Figures

/// A report as aligned text, for a terminal or a mail.
package enum TextReport {
    /// What the reader can show.
    package struct Style: Sendable {
        /// How wide lines may be; 80 at least. Columns at the right are left out of tables that would be wider.
        package var columns: Int
        /// Whether there are signs other than ASCII.
        package var isUnicode: Bool
        /// Whether titles may be told apart by escape sequences.
        package var hasColour: Bool

        /// A style.
        package init(columns: Int = 80, isUnicode: Bool = true, hasColour: Bool = false) {
            self.columns = columns
            self.isUnicode = isUnicode
            self.hasColour = hasColour
        }
    }

    /// The whole text.
    ///
    /// Guarantees: no line is wider than the style says; what comes from configurations holds nothing that steers a terminal.
    package static func render(_ report: Report, _ language: ReportLanguage, _ style: Style = Style()) -> String {
        let width = max(style.columns, 80)
        let numbers = ReportNumbers(language, isASCII: style.isUnicode == false)
        let sections = ReportSections(report, language, numbers)
        let signs = style.isUnicode ? Bars.unicode : Bars.ascii
        var lines = [marked("Grindvakt: \(Word.title.text(language).lowercased())", style)]
        if report.isEmpty {
            lines += wrapped(sections.nothing, width)
        } else {
            lines += sections.introduction.flatMap { wrapped($0, width) }
            lines += wrapped(Word.curveLegend.text(language, signs[0]), width)
            if report.periods.count > curveWidth {
                let step = (report.periods.count + curveWidth - 1) / curveWidth
                lines += wrapped(Word.curveWide.text(language, String(step)), width)
            }
            for section in sections.all {
                lines += ["", marked(section.title, style)]
                lines += section.notes.flatMap { wrapped($0, width) }
                if let empty = section.empty { lines += [""] + wrapped(empty, width) }
                for table in section.tables where table.rows.isEmpty == false {
                    lines += [""] + wrapped(table.caption, width)
                    lines += self.lines(of: table, numbers, signs, Word.curve.text(language), width)
                }
            }
            lines += [""] + wrapped(Word.privacy.text(language), width)
        }
        return lines.map { plain(trimmed($0), style) + "\n" }.joined()
    }

    /// How many cells a curve may take; more periods share cells.
    private static let curveWidth = 31

    private static let bold = (begin: "\u{1B}[1m", end: "\u{1B}[0m")

    private static func marked(_ title: String, _ style: Style) -> String {
        style.hasColour ? bold.begin + title + bold.end : title
    }

    private static func lines(
        of table: ReportTable,
        _ numbers: ReportNumbers,
        _ signs: [String],
        _ courseTitle: String,
        _ width: Int
    ) -> [String] {
        var cells = [table.columns.map(\.title)] + table.rows.map { $0.map { clean($0.text(numbers)) } }
        var isNumeric = table.columns.map(\.isNumeric)
        if table.courses.count == table.rows.count, table.courses.isEmpty == false {
            let highest = table.courses.flatMap { $0.values.compactMap { $0?.measured } }.max()
            cells[0].append(courseTitle)
            for (index, course) in table.courses.enumerated() {
                cells[index + 1].append(
                    Bars.line(condensed(course.values), ceiling: course.ceiling ?? highest, signs)
                )
            }
            isNumeric.append(false)
        }
        var widths = isNumeric.indices.map { column in cells.map { length($0[column]) }.max() ?? 0 }
        let words = table.columns.indices.filter { table.columns[$0].isNumeric == false }
        func isTooWide() -> Bool { widths.reduce(0, +) + 2 * (widths.count - 1) > width }
        func narrow(to least: Int) {
            // The widest words give way first; a curve does not, for a part of it would lie.
            while isTooWide(), let widest = words.max(by: { widths[$0] < widths[$1] }), widths[widest] > least {
                widths[widest] -= 1
            }
        }
        narrow(to: 6)
        while isTooWide(), widths.count > table.heads + 1 { widths.removeLast() }
        narrow(to: 1)
        return cells.map { row in
            widths.indices.map { column in
                let text = cut(row[column], to: widths[column])
                let blanks = String(repeating: " ", count: widths[column] - length(text))
                return isNumeric[column] ? blanks + text : text + blanks
            }.joined(separator: "  ")
        }
    }

    /// As many values as a curve has room for: of those that share a cell the highest.
    private static func condensed(_ values: [Double?]) -> [Double?] {
        guard values.count > curveWidth else { return values }
        let step = (values.count + curveWidth - 1) / curveWidth
        return stride(from: 0, to: values.count, by: step).map { start in
            values[start..<min(start + step, values.count)].compactMap { $0 }.max()
        }
    }

    private static func length(_ text: String) -> Int { text.unicodeScalars.count }

    private static func cut(_ text: String, to width: Int) -> String {
        guard length(text) > width else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(max(width - 1, 0)))) + (width > 0 ? "~" : "")
    }

    /// Words as lines of a width; a word that is longer stands alone and is cut.
    private static func wrapped(_ text: String, _ width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in clean(text).split(separator: " ").map({ cut(String($0), to: width) }) {
            if line.isEmpty {
                line = word
            } else if length(line) + 1 + length(word) <= width {
                line += " " + word
            } else {
                lines.append(line)
                line = word
            }
        }
        return line.isEmpty ? lines : lines + [line]
    }

    /// The text without what could steer a terminal or take no cell of its own: controls, marks and all above the signs that reports use.
    private static func clean(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0xA0: result += " "
            case 0x20...0x7E, 0xA1...0xAC, 0xAE...0x17F, 0x2013, 0x202F, 0x2581...0x2588:
                result.unicodeScalars.append(scalar)
            default: result += "?"
            }
        }
        return result
    }

    /// The text in ASCII where the reader knows no other; Swedish is read without its rings and dots.
    private static func plain(_ text: String, _ style: Style) -> String {
        guard style.isUnicode == false else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "å", "ä": result += "a"
            case "ö": result += "o"
            case "Å", "Ä": result += "A"
            case "Ö": result += "O"
            case _ where scalar.isASCII: result.unicodeScalars.append(scalar)
            default: result += "?"
            }
        }
        return result
    }

    private static func trimmed(_ line: String) -> String {
        String(line.reversed().drop { $0 == " " }.reversed())
    }
}
