/// The control sequences that the view uses (ECMA-48, and what xterm added to it).
enum ControlSequence {
    /// To the other screen, without a cursor and without wrapping lines that are full.
    static let enter = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l\u{1B}[2J\u{1B}[H"
    /// Back to the screen as it was before.
    static let leave = "\u{1B}[?2026l\u{1B}[0m\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"

    /// What follows is shown at once where the terminal knows how to.
    static let beginUpdate = "\u{1B}[?2026h"
    static let endUpdate = "\u{1B}[?2026l"
    static let eraseLine = "\u{1B}[K"
    static let eraseBelow = "\u{1B}[J"

    /// To the first cell of a line; the first line is 1.
    static func move(toLine line: Int) -> String { "\u{1B}[\(line);1H" }

    /// The codes of a tone; nil for the terminal's own look.
    static func codes(_ tone: Tone) -> String? {
        switch tone {
        case .plain: nil
        case .faint: "2"
        case .strong: "1"
        case .title: "1;36"
        case .good: "32"
        case .warning: "33"
        case .alarm: "1;31"
        case .goodBadge: "1;30;42"
        case .warningBadge: "1;30;43"
        case .alarmBadge: "1;37;41"
        case .curve: "36"
        }
    }
}
