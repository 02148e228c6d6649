import HTMLPages
import Telemetry

/// Writes the parts of the page that hold figures; each figure says where in `/status` it lies, by which the script renews it.
enum PageWriter {
    // MARK: - Health

    /// The findings, and for the script what to do about each.
    static func health(_ report: StatusValue) -> String {
        let health = PageHealth(report)
        let findings = health.findings.map { finding in
            let advice = HealthFinding(rawValue: finding.id).map { markingCommands($0.advice) } ?? ""
            return """
                <li data-finding="\(HTMLText.escape(finding.id))"><p class="meaning">\(HTMLText.escape(finding.text))</p>\
                <p class="advice">\(advice)</p></li>
                """
        }
        let advices = HealthFinding.allCases.map { finding in
            "<p data-advice=\"\(HTMLText.escape(finding.id))\">\(markingCommands(finding.advice))</p>"
        }
        return """
            <section id="health" class="\(health.findings.isEmpty ? "well" : "unwell")" aria-labelledby="verdict">
            <h2 id="verdict">\(HTMLText.escape(health.verdict))</h2>
            <p id="meaning-of-well">No queue is missing or stalled, nothing was lost within the last minute, and no list is expired or refused.</p>
            <ul id="findings" role="list">\(findings.joined())</ul>
            <template id="advice">\(advices.joined())</template>
            </section>
            """
    }

    /// Text as HTML, with what stands between backquotes as code.
    private static func markingCommands(_ text: String) -> String {
        text.split(separator: "`", omittingEmptySubsequences: false).enumerated().map { index, part in
            index.isMultiple(of: 2) ? HTMLText.escape(String(part)) : "<code>\(HTMLText.escape(String(part)))</code>"
        }.joined()
    }

    // MARK: - Tables

    /// All tables, section by section.
    static func tables(_ report: StatusValue) -> String {
        [
            section("Queues", table(.queues, report)),
            section("Taps", table(.taps, report), isEmpty: report["taps"].elements.isEmpty),
            section("Lists", [.lists, .origins, .refusedLists].map { table($0, report) }.joined(separator: "\n")),
            section(
                "Totals",
                "<div class=\"columns\">\n\(PageFigures.totals.map { figures($0, report) }.joined(separator: "\n"))\n</div>"
            ),
            section("Responses", responses(report)),
            section("Sensor", figures(.sensor, report)),
        ].joined(separator: "\n")
    }

    private static func section(_ title: String, _ content: String, isEmpty: Bool = false) -> String {
        let id = title.lowercased()
        return """
            <section id="section-\(id)" aria-labelledby="title-\(id)"\(isEmpty ? " hidden" : "")>
            <h2 id="title-\(id)">\(title)</h2>
            \(content)
            </section>
            """
    }

    /// A table with a row for each element, and the row that the script makes more of.
    private static func table(_ table: PageTable, _ report: StatusValue) -> String {
        let rows = report[table.path].elements
        let empty = table.empty.map { text in
            "<p class=\"empty\" id=\"\(table.id)-empty\"\(rows.isEmpty ? "" : " hidden")>\(HTMLText.escape(text))</p>\n"
        }
        let body = rows.map { row(of: table, $0) }.joined(separator: "\n")
        return (empty ?? "") + """
            <div class="wide" id="\(table.id)-table" role="region" aria-labelledby="\(table.id)-caption" tabindex="0"\
            \(rows.isEmpty ? " hidden" : "")>
            <table role="table" id="\(table.id)" data-rows="\(table.path)">
            <caption id="\(table.id)-caption">\(HTMLText.escape(table.caption))</caption>
            \(head(of: table))
            <tbody role="rowgroup">
            \(body)
            </tbody>
            </table>
            <template id="\(table.id)-row">\(row(of: table, .null))</template>
            </div>
            """
    }

    /// The heads of the columns: one row, or two where columns have a common head.
    private static func head(of table: PageTable) -> String {
        let hasGroups = table.groups.contains { $0.head.isEmpty == false }
        let single = hasGroups ? " rowspan=\"2\"" : ""
        let above = table.groups.map { group in
            group.head.isEmpty
                ? group.columns.map { columnHead($0, single) }.joined()
                : """
                <th role="columnheader" scope="colgroup" class="group" colspan="\(group.columns.count)">\
                \(HTMLText.escape(group.head))</th>
                """
        }
        let below = table.groups.filter { $0.head.isEmpty == false }.flatMap(\.columns).map { columnHead($0) }
        let rows = hasGroups ? [above.joined(), below.joined()] : [above.joined()]
        return "<thead role=\"rowgroup\">\n"
            + rows.map { "<tr role=\"row\">\($0)</tr>\n" }.joined() + "</thead>"
    }

    private static func columnHead(_ column: PageTable.Column, _ attributes: String = "") -> String {
        """
        <th role="columnheader" scope="col"\(attributes)\(column.format.isWords ? " class=\"words\"" : "")>\
        \(HTMLText.escape(column.head))</th>
        """
    }

    private static func row(of table: PageTable, _ value: StatusValue) -> String {
        let cells = table.groups.flatMap { group in group.columns.map { (group.head, $0) } }.enumerated()
            .map { index, cell in
                let (group, column) = cell
                let words = group.isEmpty ? column.head : "\(group): \(column.head.lowercasedFirst)"
                let element = index == 0 ? "th" : "td"
                let role = index == 0 ? "role=\"rowheader\" scope=\"row\"" : "role=\"cell\""
                return figure(
                    column.path,
                    column.format,
                    of: value,
                    in: element,
                    "\(role) data-head=\"\(HTMLText.escape(words))\""
                )
            }
        return "<tr role=\"row\">\(cells.joined())</tr>"
    }

    /// A table with a row for each figure.
    private static func figures(_ figures: PageFigures, _ report: StatusValue) -> String {
        let rows = figures.figures.map { item in
            "<tr><th scope=\"row\">\(HTMLText.escape(item.words))</th>\(figure(item.path, item.format, of: report, in: "td"))</tr>"
        }
        return """
            <table class="figures">
            <caption>\(HTMLText.escape(figures.caption))</caption>
            <tbody>
            \(rows.joined(separator: "\n"))
            </tbody>
            </table>
            """
    }

    private static func responses(_ report: StatusValue) -> String {
        let heads = (["Response"] + PageResponses.results.map(\.words)).enumerated().map { index, words in
            "<th role=\"columnheader\" scope=\"col\"\(index == 0 ? " class=\"words\"" : "")>\(HTMLText.escape(words))</th>"
        }
        let rows = PageResponses.kinds.map { kind in
            let cells = PageResponses.results.map { result in
                figure(
                    "totals.responses.\(kind.label).\(result.label)",
                    result.format,
                    of: report,
                    in: "td",
                    "role=\"cell\" data-head=\"\(HTMLText.escape(result.words))\""
                )
            }
            let head = "<th role=\"rowheader\" scope=\"row\">\(HTMLText.escape(kind.words))</th>"
            return "<tr role=\"row\">\(head)\(cells.joined())</tr>"
        }
        return """
            <div class="wide" role="region" aria-labelledby="responses-caption" tabindex="0">
            <table role="table" id="responses">
            <caption id="responses-caption">What clients got in place of blocked packets, in all \
            \(figure("totals.response_bytes", .bytes, of: report, in: "span")).</caption>
            <thead role="rowgroup">
            <tr role="row">\(heads.joined())</tr>
            </thead>
            <tbody role="rowgroup">
            \(rows.joined(separator: "\n"))
            </tbody>
            </table>
            </div>
            """
    }

    // MARK: - Figures

    /// A figure in an element of its own, which says where it lies and how it is put into words.
    static func figure(
        _ path: String,
        _ format: PageFormat,
        of value: StatusValue,
        in element: String,
        _ attributes: String = ""
    ) -> String {
        let shown = format.show(value[path])
        let classes = [
            format.isWords ? "words" : "number", shown.isBad ? "bad" : nil, shown.isNothing ? "nothing" : nil,
        ].compactMap(\.self)
        let others = attributes.isEmpty ? "" : " " + attributes
        return """
            <\(element)\(others) class="\(classes.joined(separator: " "))" data-path="\(path)" \
            data-format="\(format.rawValue)"><bdi>\(HTMLText.escape(shown.text))</bdi></\(element)>
            """
    }
}

extension PageFormat {
    /// Whether it gives words, which stand to the left, and not numbers, which stand to the right.
    var isWords: Bool {
        switch self {
        case .text, .words, .time, .flag, .presence, .killSwitch, .listState, .causes, .refusals, .reloads, .failures:
            true
        case .count, .number, .loss, .bytes, .latency, .duration, .buffer, .waiting, .sum:
            false
        }
    }
}

extension String {
    /// The text with a small first letter, unless it is an abbreviation.
    fileprivate var lowercasedFirst: String {
        let isAbbreviation = dropFirst().first?.isUppercase ?? false
        return isAbbreviation ? self : prefix(1).lowercased() + dropFirst()
    }
}
