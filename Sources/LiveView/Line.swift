import Figures

/// What a piece of text means; how that looks is up to the terminal.
package enum Tone: Sendable, Equatable {
    case plain
    /// What is read last: labels, units, keys.
    case faint
    /// What is read first.
    case strong
    /// The titles of sections.
    case title
    case good
    case warning
    case alarm
    /// A badge on a coloured ground.
    case goodBadge, warningBadge, alarmBadge
    /// A line that shows how a figure went.
    case curve
}

/// One line of the view: pieces of text, each character of which takes one cell.
package struct Line: Sendable, Equatable {
    /// A piece of text of one tone.
    package struct Run: Sendable, Equatable {
        /// Its text.
        package var text: String
        /// What its text means.
        package var tone: Tone
    }

    /// The pieces, from left to right.
    package private(set) var runs: [Run] = []
    /// How many cells it takes.
    package private(set) var width = 0

    /// An empty line.
    package init() {}

    /// A line of one piece.
    package init(_ text: String, _ tone: Tone = .plain) {
        add(text, tone)
    }

    /// The text alone.
    package var text: String { runs.map(\.text).joined() }

    /// Adds a piece at the right end.
    package mutating func add(_ text: String, _ tone: Tone = .plain) {
        guard text.isEmpty == false else { return }
        width += text.unicodeScalars.count
        if let last = runs.indices.last, runs[last].tone == tone {
            runs[last].text += text
        } else {
            runs.append(Run(text: text, tone: tone))
        }
    }

    /// Adds another line at the right end.
    package mutating func add(_ other: Line) {
        for run in other.runs { add(run.text, run.tone) }
    }

    /// Adds blanks until the line is so many cells wide.
    package mutating func pad(to width: Int) {
        guard self.width < width else { return }
        add(String(repeating: " ", count: width - self.width))
    }

    /// Adds text so that it ends at a cell; nothing happens where there is no room for it and a blank before it.
    package mutating func add(_ text: String, _ tone: Tone, endingAt end: Int) {
        let start = end - text.unicodeScalars.count
        guard start > width else { return }
        pad(to: start)
        add(text, tone)
    }

    /// The line without the blanks at its right end.
    func trimmed() -> Line {
        guard let last = runs.last, last.text.hasSuffix(" ") else { return self }
        var line = Line()
        for run in runs.dropLast() { line.add(run.text, run.tone) }
        line.add(String(last.text.reversed().drop { $0 == " " }.reversed()), last.tone)
        return line.width < width && last.text.allSatisfy { $0 == " " } ? line.trimmed() : line
    }

    /// The line in a narrower place: what does not fit makes room for a mark that says so.
    package func cut(to limit: Int, mark: String) -> Line {
        guard width > limit else { return self }
        let room = limit - mark.unicodeScalars.count
        guard room > 0 else { return Line(String(String.UnicodeScalarView(text.unicodeScalars.prefix(max(limit, 0))))) }
        var cut = Line()
        for run in runs {
            let rest = room - cut.width
            guard rest > 0 else { break }
            cut.add(String(String.UnicodeScalarView(run.text.unicodeScalars.prefix(rest))), run.tone)
        }
        cut.add(mark, .faint)
        return cut
    }

    /// The line with all of its text in one tone.
    func toned(_ tone: Tone) -> Line { Line(text, tone) }
}

/// The signs that the view is drawn with.
package struct Signs: Sendable, Equatable {
    /// From nothing at all to the most.
    var bars: [String]
    /// From an eighth of a cell to all of it, for curves of several lines.
    var blocks: [String]
    /// What the rules between sections are made of.
    var rule: String
    /// Stands between the parts of a sentence of figures.
    var separator: String
    /// Says that there is more.
    var more: String
    /// The column that the rows are sorted by, from the most or from the least.
    var descending: String
    var ascending: String

    /// Signs of Unicode, for a terminal in UTF-8.
    package static let unicode = Signs(
        bars: Bars.unicode,
        blocks: Bars.unicode,
        rule: "─",
        separator: "·",
        more: "…",
        descending: "▾",
        ascending: "▴"
    )

    /// Signs of ASCII alone, for all other terminals.
    package static let ascii = Signs(
        bars: Bars.ascii,
        blocks: [".", ".", ":", ":", "|", "|", "#", "#"],
        rule: "-",
        separator: "|",
        more: "~",
        descending: "v",
        ascending: "^"
    )
}

extension String {
    /// The text with everything that could steer a terminal, or take more or less than one cell, replaced by a question mark.
    var plain: String {
        var text = ""
        for scalar in unicodeScalars { text.unicodeScalars.append((0x20...0x7E).contains(scalar.value) ? scalar : "?") }
        return text
    }

    /// The text with blanks before it, so many cells wide.
    func right(_ width: Int) -> String {
        String(repeating: " ", count: max(width - unicodeScalars.count, 0)) + self
    }

    /// The text with blanks behind it, so many cells wide.
    func left(_ width: Int) -> String {
        self + String(repeating: " ", count: max(width - unicodeScalars.count, 0))
    }
}
