/// What the keys do and what the figures mean.
enum Help {
    static func lines(_ signs: Signs) -> [Line] {
        let keys = [
            ("q, Ctrl-C", "ends the view; the sensor goes on"),
            ("p, space", "lets the view stand still; the curves go on unseen"),
            ("s", "sorts by the next column, at last in the sensor's order"),
            ("r", "turns the order round"),
            ("1 to 5", "shows one part alone; the same key shows all again"),
            ("0, Esc", "shows all parts"),
            ("arrows, j, k", "scroll, as PgUp and PgDn do, where a part does not fit"),
            ("Ctrl-L", "draws the screen anew"),
            ("?, h", "this page"),
        ]
        let figures = [
            ("lost/s", "what nobody judged: the sensor did not keep up"),
            ("KLOST/s", "of it, lost by the kernel: queue or tap's ring was full"),
            ("ULOST/s", "of it, lost by the kernel: the socket's buffer was full"),
            ("UNSEEN/s", "of it, passed unseen while the queue failed open"),
            ("IFLOST/s", "of it, lost by the interface or its driver"),
            ("OVERRUN/s", "how often the kernel said that it lost packets"),
            ("LOAD", "share of one processor that the worker's thread used"),
            ("P50, P99, P99.9", "time to verdict that so many of 100 did not exceed"),
            ("AGE", "since the list was issued, or else became active"),
            ("FALLBACK", "the last good edition: the new one is missing or refused"),
            ("LEFT-ALONE/s", "listed names that an exception let pass"),
            ("REFUSED", "updates of the list that were refused"),
            ("undecided", "accepted without a name having been read, by cause"),
            ("odd forms", "read all the same; how a name was hidden or carried"),
            ("hidden DNS", "flows of encrypted DNS, of which no name can be seen"),
            ("not sent", "answers due to blocked clients that were not sent"),
            ("(123)", "since the sensor started"),
            ("-", "not known: no two readings yet, or a count began anew"),
            (
                "curves",
                "\(signs.bars[0]) nothing, \(signs.bars[1]) up to a seventh, \(signs.bars.last ?? "") the most there was;"
            ),
            ("", "times go from 1us to 100ms, a decade being a fifth"),
        ]
        let table: (String, [(String, String)]) -> [Line] = { title, rows in
            [Line(" " + title, .title)]
                + rows.map { name, meaning in
                    var line = Line("   " + name.left(17), .strong)
                    line.add(meaning)
                    return line
                }
        }
        return table("Keys", keys) + [Line()] + table("Figures", figures)
    }
}
