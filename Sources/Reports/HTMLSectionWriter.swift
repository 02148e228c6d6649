import Figures
import HTMLPages

/// Writes the sections of the page: charts, each with its figures, and tables.
struct HTMLSectionWriter {
    let report: Report
    let language: ReportLanguage
    let numbers: ReportNumbers

    /// A section.
    func section(_ section: ReportSection) -> String {
        let notes = section.notes.map { "<p class=\"note\">\(HTMLText.escape($0))</p>" }
        let empty = section.empty.map { ["<p class=\"empty\">\(HTMLText.escape($0))</p>"] } ?? []
        let tables = section.tables.filter { $0.rows.isEmpty == false }.map { chart(of: $0) + table($0) }
        return """
            <section id="\(section.id)" aria-labelledby="title-\(section.id)">
            <h2 id="title-\(section.id)">\(HTMLText.escape(section.title))</h2>
            \((notes + empty + tables).joined(separator: "\n"))
            </section>
            """
    }

    // MARK: - Tables

    private func table(_ table: ReportTable) -> String {
        let heads = table.columns.map { column in
            "<th role=\"columnheader\" scope=\"col\"\(column.isNumeric ? "" : " class=\"words\"")>"
                + "\(HTMLText.escape(column.title))</th>"
        }
        let rows = table.rows.map { row in
            let cells = zip(table.columns, row).enumerated().map { index, pair in
                cell(pair.1.text(numbers), head: pair.0.title, isHead: index < table.heads, isWords: !pair.0.isNumeric)
            }
            return "<tr role=\"row\">\(cells.joined())</tr>"
        }
        return whole(table.id, table.caption, heads, rows)
    }

    private func whole(_ id: String, _ caption: String, _ heads: [String], _ rows: [String]) -> String {
        """
        <div class="wide" role="region" aria-labelledby="\(id)-caption" tabindex="0">
        <table role="table" id="\(id)">
        <caption id="\(id)-caption">\(HTMLText.escape(caption))</caption>
        <thead role="rowgroup"><tr role="row">\(heads.joined())</tr></thead>
        <tbody role="rowgroup">
        \(rows.joined(separator: "\n"))
        </tbody>
        </table>
        </div>
        """
    }

    private func cell(_ text: String, head: String, isHead: Bool, isWords: Bool) -> String {
        let element = isHead ? "th" : "td"
        let role = isHead ? "role=\"rowheader\" scope=\"row\"" : "role=\"cell\""
        return "<\(element) \(role)\(isWords ? " class=\"words\"" : "") data-head=\"\(HTMLText.escape(head))\">"
            + "<bdi>\(HTMLText.escape(text))</bdi></\(element)>"
    }

    // MARK: - Charts

    /// What a table is drawn as; nothing where it is only read.
    private func chart(of table: ReportTable) -> String {
        if table.isOfTimes { return timesChart(of: table) }
        guard table.courses.count == table.rows.count, table.courses.isEmpty == false else { return "" }
        let highest = table.courses.flatMap { $0.values.compactMap { $0?.measured } }.max() ?? 0
        let series = zip(table.rows, table.courses).map { row, course in
            let name = name(of: row, table)
            let value = row.indices.contains(course.column) ? row[course.column].text(numbers) : ""
            let column = table.columns.indices.contains(course.column) ? table.columns[course.column].title : ""
            return """
                <div class="series"><h3><bdi>\(HTMLText.escape(name))</bdi></h3>\
                <p class="now">\(HTMLText.escape(value)) <span class="unit">\(HTMLText.escape(column))</span></p>
                \(bars(course, name, column, highest: course.ceiling ?? highest))</div>
                """
        }
        return """
            <figure id="\(table.id)-chart" aria-labelledby="\(table.id)-figure">
            <figcaption id="\(table.id)-figure">\(HTMLText.escape(table.caption))</figcaption>
            \(series.joined(separator: "\n"))
            <p class="axis" aria-hidden="true"><span>\(first)</span><span>\(last)</span></p>
            <p class="legend">\(HTMLText.escape(Word.chartLegend.text(language)))</p>
            \(figures(of: table))
            </figure>

            """
    }

    private var first: String { report.periods.first?.label ?? "" }
    private var last: String { report.periods.last?.label ?? "" }

    private func name(of row: [ReportTable.Cell], _ table: ReportTable) -> String {
        row.prefix(table.heads).map { $0.text(numbers) }.joined(separator: ", ")
    }

    /// A bar for each period, each ten wide and forty high at most.
    private func bars(_ course: ReportTable.Course, _ name: String, _ column: String, highest: Double) -> String {
        let marks = course.values.enumerated().map { index, value in
            let label = report.periods.indices.contains(index) ? report.periods[index].label : ""
            let x = index * 10
            guard let value = value?.measured else {
                let words = HTMLText.escape("\(label): \(Word.noData.text(language))")
                return
                    "<rect class=\"missing\" x=\"\(x + 1)\" y=\"1\" width=\"8\" height=\"38\"><title>\(words)</title></rect>"
            }
            let share = highest > 0 ? min(value / highest, 1) : 0
            // What is not nothing can be seen.
            let height = value > 0 ? max(Int((share * 38).rounded()), 2) : 0
            let words = HTMLText.escape("\(label): \(text(value, course))")
            return "<rect class=\"\(value > 0 ? "bar" : "zero")\" x=\"\(x + 1)\" y=\"\(39 - height)\" width=\"8\" "
                + "height=\"\(height + 1)\"><title>\(words)</title></rect>"
        }
        let label = Word.chartLabel.text(
            language,
            name,
            column,
            course.values.contains { $0 != nil } ? rangeText(course) : Word.noData.text(language),
            first,
            last
        )
        return """
            <svg role="img" aria-label="\(HTMLText.escape(label))" viewBox="0 0 \(max(course.values.count, 1) * 10) 40" \
            preserveAspectRatio="none">\(marks.joined())</svg>
            """
    }

    private func text(_ value: Double, _ course: ReportTable.Course) -> String {
        course.ceiling == 1 ? numbers.share(value) : numbers.count(UInt64(exactly: value.rounded()) ?? .max)
    }

    /// The lowest and the highest value.
    private func rangeText(_ course: ReportTable.Course) -> String {
        let values = course.values.compactMap { $0?.measured }
        guard let lowest = values.min(), let highest = values.max() else { return numbers.unknown }
        return lowest == highest ? text(lowest, course) : "\(text(lowest, course)) – \(text(highest, course))"
    }

    /// The figures of a chart, a row for each period.
    private func figures(of table: ReportTable) -> String {
        let names = table.rows.map { name(of: $0, table) }
        let period = Word.period.text(language)
        let heads =
            ["<th role=\"columnheader\" scope=\"col\" class=\"words\">\(HTMLText.escape(period))</th>"]
            + names.map { "<th role=\"columnheader\" scope=\"col\"><bdi>\(HTMLText.escape($0))</bdi></th>" }
        let rows = report.periods.enumerated().map { index, period in
            let cells = zip(names, table.courses).map { name, course in
                let value = course.values.indices.contains(index) ? course.values[index]?.measured : nil
                let words = value.map { text($0, course) } ?? Word.noData.text(language)
                return cell(words, head: name, isHead: false, isWords: false)
            }
            let label = cell(period.label, head: Word.period.text(language), isHead: true, isWords: true)
            return "<tr role=\"row\">\(label)\(cells.joined())</tr>"
        }
        let title = Word.chartFigures.text(language)
        return """
            <details><summary>\(HTMLText.escape(title))</summary>
            \(whole(table.id + "-figures", table.caption, heads, rows))
            </details>
            """
    }

    /// The median, the 95th percentile and the longest of each row, on one scale.
    private func timesChart(of table: ReportTable) -> String {
        let times = table.rows.map { row in
            row.suffix(3).map { cell -> Double in
                if case .duration(let seconds) = cell { seconds?.measured ?? 0 } else { 0 }
            }
        }
        let highest = times.compactMap(\.last).max() ?? 0
        let series = zip(table.rows, times).map { row, times in
            let words = row.suffix(3).map { $0.text(numbers) }
            let name = name(of: row, table)
            let label =
                words.count == 3
                ? Word.chartTimes.text(language, table.caption, name, words[0], words[1], words[2]) : name
            let places = times.map { highest > 0 ? Int((min($0 / highest, 1) * 996).rounded()) : 0 }
            let drawing =
                places.count == 3
                ? """
                <rect class="track" x="0" y="0" width="1000" height="12"/>\
                <rect class="most" x="0" y="0" width="\(places[1])" height="12"/>\
                <rect class="bar" x="0" y="0" width="\(places[0])" height="12"/>\
                <rect class="longest" x="\(places[2])" y="0" width="4" height="12"/>
                """ : ""
            return """
                <div class="series"><h3><bdi>\(HTMLText.escape(name))</bdi></h3>\
                <p class="now">\(HTMLText.escape(words.dropFirst().first ?? "")) \
                <span class="unit">\(HTMLText.escape(Word.p95.text(language)))</span></p>\
                <svg class="times" role="img" aria-label="\(HTMLText.escape(label))" viewBox="0 0 1000 12" \
                preserveAspectRatio="none">\(drawing)</svg></div>
                """
        }
        return """
            <figure id="\(table.id)-chart" aria-labelledby="\(table.id)-figure">
            <figcaption id="\(table.id)-figure">\(HTMLText.escape(table.caption))</figcaption>
            \(series.joined(separator: "\n"))
            <p class="legend">\(HTMLText.escape(Word.timesLegend.text(language)))</p>
            </figure>

            """
    }
}
