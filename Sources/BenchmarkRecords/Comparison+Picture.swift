extension Comparison {
    /// A picture (SVG 1.1) that needs nothing else: bars for each member, coverage, lag and time to unblock before attempts. It follows the light
    /// or dark setting of whoever looks at it, is light on paper, and says everything in words, too.
    ///
    /// A bar is full as far as the figure certainly reaches, and hollow as far as it may reach.
    package var picture: String {
        let measures = measures
        let panels = measures.filter { Self.pictured($0) }
        let labels = members.map(\.name)
        let left = Double(labels.map(\.count).max() ?? 0) * Self.letter + 2 * Self.margin
        var body = ""
        var y = 82.0
        for panel in panels {
            body += Self.text(Self.margin, y, Self.heading(panel), "panel ink")
            y += 10
            let longest = panel.unit == "%" ? 1_000 : panel.values.compactMap { $0?.most }.max() ?? 0
            for (label, value) in zip(labels, panel.values) {
                body += Self.text(Self.margin, y + 16, label, "soft")
                if let value {
                    body += Self.bar(value, longest: longest, left: left, y: y)
                    let end = left + Self.share(value.most, longest) * (Self.width - left - Self.room)
                    body += Self.text(end + 8, y + 16, value.text + (panel.unit.isEmpty ? "" : " \(panel.unit)"), "ink")
                } else {
                    body += Self.text(left, y + 16, "no figure", "soft")
                }
                y += Self.row
            }
            y += 26
        }
        let foot =
            "Attempts: events of one list entry within \(windowSeconds) s are one. Hollow: as far as the records allow."
        body += Self.text(Self.margin, y, foot, "soft")
        y += 20
        let size = "\(Self.number(Self.width)) \(Self.number(y))"
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size)" role="img" aria-labelledby="title desc">
            <title id="title">Members side by side, \(daysText)</title>
            <desc id="desc">\(description(of: panels))</desc>
            <style>\(Self.style)</style>
            <rect class="paper" width="100%" height="100%"/>
            \(Self.text(Self.margin, 32, "Members side by side", "head ink"))\
            \(Self.text(Self.margin, 50, Self.shortened(daysText), "soft"))\(body)</svg>

            """
    }

    private static let width = 880.0
    private static let margin = 24.0
    private static let row = 24.0
    /// Room for the figures behind the longest bar.
    private static let room = 190.0
    /// The widest that a letter of a label is.
    private static let letter = 8.0

    /// Colours that a colour-blind reader tells apart, and that differ in lightness, for paper.
    private static let style = """
        .paper { fill: #ffffff } .ink { fill: #1f2328 } .soft { fill: #59636e } .bar { fill: #0550ae } .may { fill: none; stroke: #0550ae }
        text { font: 13px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif } .head { font-size: 17px; font-weight: 600 }
        .panel { font-weight: 600 }
        @media screen and (prefers-color-scheme: dark) {
        .paper { fill: #0d1117 } .ink { fill: #e6edf3 } .soft { fill: #9198a1 } .bar { fill: #6cb6ff } .may { stroke: #6cb6ff } }
        """

    private static func pictured(_ measure: Measure) -> Bool {
        switch measure.section {
        case .coverage: measure.key == "blocked"
        case .lag: measure.key == "issued_to_active_p95"
        case .unblock: measure.key == "unblock_p95"
        case .operation: false
        case .attempts: measure.key.hasPrefix("rate")
        }
    }

    private static func heading(_ measure: Measure) -> String {
        switch measure.section {
        case .attempts: "\(measure.section.title): \(measure.title)"
        case .coverage: measure.section.title
        default: "\(measure.section.title), \(measure.title)"
        }
    }

    /// All figures of the picture as a text.
    private func description(of panels: [Measure]) -> String {
        panels.map { panel in
            let figures = zip(members, panel.values).map { member, value in
                "\(member.name) \(value.map { $0.text + (panel.unit.isEmpty ? "" : " \(panel.unit)") } ?? "no figure")"
            }
            return "\(Self.heading(panel)): \(figures.joined(separator: ", "))."
        }.joined(separator: " ")
    }

    private static func bar(_ value: ComparedValue, longest: UInt64, left: Double, y: Double) -> String {
        let full = share(value.least, longest) * (width - left - room)
        let most = share(value.most, longest) * (width - left - room)
        var bar =
            "<rect class=\"bar\" x=\"\(number(left))\" y=\"\(number(y + 4))\" width=\"\(number(max(1, full)))\" height=\"16\"/>\n"
        if most > full {
            bar +=
                "<rect class=\"may\" x=\"\(number(left + full))\" y=\"\(number(y + 4.5))\" width=\"\(number(most - full))\" height=\"15\"/>\n"
        }
        return bar
    }

    private static func share(_ value: UInt64, _ longest: UInt64) -> Double {
        longest == 0 ? 0 : min(1, Double(value) / Double(longest))
    }

    private static func text(_ x: Double, _ y: Double, _ words: String, _ style: String) -> String {
        "<text class=\"\(style)\" x=\"\(number(x))\" y=\"\(number(y))\">\(words)</text>\n"
    }

    /// A number to a tenth, as the same text everywhere.
    private static func number(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths.isMultiple(of: 10) ? String(tenths / 10) : "\(tenths / 10).\(tenths % 10)"
    }

    /// As much of a long row of days as a line holds.
    private static func shortened(_ days: String) -> String {
        days.count <= 100 ? days : "\(days.prefix(97))..."
    }
}
