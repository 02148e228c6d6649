/// What is on the screen at one time, and how far it may be scrolled.
package struct Frame: Sendable, Equatable {
    /// The lines from the top; no more than the screen has, and none wider.
    package var lines: [Line] = []
    /// How many lines of a part scroll by at once.
    package var page = 0
    /// The most lines that may go by at the top.
    package var scrollLimit = 0

    /// An empty frame.
    package init() {}

    /// The frame as a terminal takes it: one text that draws every line, without a moment in which the screen is empty.
    ///
    /// - Parameters:
    ///   - columns: how wide the terminal is.
    ///   - rows: how many lines it has.
    ///   - hasColour: whether tones are shown.
    /// - Returns: what is to be written in one piece.
    package func text(columns: Int, rows: Int, hasColour: Bool) -> String {
        var text = ControlSequence.beginUpdate
        for (index, line) in lines.enumerated() {
            text += ControlSequence.move(toLine: index + 1) + line.text(hasColour: hasColour)
            // Behind a full line the cursor still stands on its last cell, which would be erased.
            if line.width < columns { text += ControlSequence.eraseLine }
        }
        if lines.count < rows { text += ControlSequence.move(toLine: lines.count + 1) + ControlSequence.eraseBelow }
        return text + ControlSequence.endUpdate
    }
}

extension Line {
    /// The line's text, with the sequences that select its tones where there is colour.
    package func text(hasColour: Bool) -> String {
        guard hasColour else { return text }
        return runs.map { run in
            guard let codes = ControlSequence.codes(run.tone) else { return run.text }
            return "\u{1B}[\(codes)m\(run.text)\u{1B}[0m"
        }.joined()
    }
}
