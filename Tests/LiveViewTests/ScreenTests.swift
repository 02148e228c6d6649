import ControlSocket
import TestSupport
import Testing

@testable import LiveView

@Suite("Screen")
struct ScreenTests {
    /// A screen after these documents, a second apart.
    private func screen(_ documents: [Document], _ state: ViewState = ViewState(), signs: Signs = .unicode) throws
        -> Screen
    {
        var model = LiveModel(interval: 1)
        for (index, document) in documents.enumerated() {
            model.note(Reading(try document.status(), seconds: Double(index)))
        }
        return Screen(model: model, state: state, signs: signs, socket: "/run/grindvakt/metrics.sock")
    }

    /// Two documents of a sensor at work.
    private var busy: [Document] {
        let old = Document(
            queues: [Document.queue(0), Document.queue(1)],
            lists: [Document.list("police"), Document.list("interpol", action: "nxdomain", expiresAt: 1_763_900_000)]
        )
        let new = Document(
            queues: [
                Document.queue(
                    0,
                    accepted: 990,
                    dropped: 10,
                    waiting: 3,
                    cpu: 0.25,
                    flows: 7,
                    buckets: [500, 995, 1000, 1000]
                ),
                Document.queue(
                    1,
                    accepted: 48_000,
                    waiting: 40,
                    kernelDropped: 5,
                    cpu: 0.95,
                    buckets: [0, 0, 0, 48_000]
                ),
            ],
            lists: [
                Document.list("police", matches: 7),
                Document.list("interpol", matches: 3, action: "nxdomain", expiresAt: 1_763_900_000, fallback: true),
            ],
            packets: 49_000,
            names: 900,
            undecided: 2
        )
        return [old, new]
    }

    private func text(_ frame: Frame) -> String { frame.lines.map { $0.text + "\n" }.joined() }

    @Test func `the whole screen of 80 by 24`() throws {
        let expected = """
             OK  nothing wrong                                                 03:01:00 UTC
             grindvakt 1.2.3 | snapshot 4 | reloads 2 | each 1s | /run/grindvakt/metrics.so~
            - 1 traffic ---------------------------------------------------------- last 2m -
             packets/s      49.0k                         #  accept 49.0k  drop 0
             blocked/s         10                         #  dns 10 tls 0 quic 0 http 0
             lost/s           5.0                         #  kernel 5.0 user 0 unseen 0
             verdict p99   >100us                         -  p50 >100us  p99.9 >100us
             names/s          900                         #  dns 900 tls 0 quic 0 http 0
            - 2 queues ---------------------------------------------------------------------
              QUEUE  PACKETS/s  WAITING  KLOST/s  ULOST/s  UNSEEN/s   LOAD     P99   FLOWS
                  0      1.00k        3        0        0         0    25%   9.9us       7
                  1      48.0k       40      5.0        0         0    95%  >100us       0
            - 3 lists ----------------------------------------------------------------------
             LIST        STATE     ACTION    ENTRIES      AGE  EXPIRES  MATCHES/s  ATTEMPTS
             police      ok        drop        20000    1d 1h    never        7.0        14
             interpol    FALLBACK  nxdomain    20000    1d 1h   9h 12m        3.0         6
            - 4 not judged, hidden, odd ----------------------------------------------------
             undecided/s      2.0                         #  malformed 2.0/s (2)
             hidden DNS/s       0                         _  none
             odd forms/s        0                         _  none
            - 5 answers to blocked clients -------------------------------------------------
             sent/s             0                         _  none
             not sent/s         0                         _  none
             q quit  p pause  s sort  r reverse  1-5 one part  ? help

            """
        let frame = try screen(busy, signs: .ascii).frame(columns: 80, rows: 24)
        #expect(text(frame) == expected, "\n\(text(frame))")
    }

    @Test func `a small screen shows what matters most`() throws {
        let frame = try screen(busy, signs: .ascii).frame(columns: 20, rows: 5)
        let expected = """
             OK  nothing wrong
             packets/s    49.0k
             blocked/s       10
             lost/s         5.0
             verdict p99 >100us

            """
        #expect(text(frame) == expected, "\n\(text(frame))")
    }

    @Test func `columns stand above one another`() throws {
        var state = ViewState()
        state.section = .queues
        let lines = try screen(busy, state).frame(columns: 200, rows: 50).lines.map { Array($0.text.unicodeScalars) }
        let titles = try #require(lines.first { String(String.UnicodeScalarView($0)).contains("PACKETS/s") })
        let start = try #require(lines.firstIndex(of: titles))
        // A title of a number ends where the numbers below it end.
        for index in titles.indices.dropLast() where titles[index] != " " && titles[index + 1] == " " {
            let rows = lines[(start + 1)...(start + 2)]
            guard String(String.UnicodeScalarView(titles[...index])).hasSuffix("LAST") == false, index < 120 else {
                break
            }
            #expect(rows.allSatisfy { $0[index] != " " && $0[index + 1] == " " }, "column \(index)")
        }
    }

    @Test func `health comes first, and what is wrong is told in full`() throws {
        let long = Array(repeating: "word", count: 40).joined(separator: " ")
        var documents = busy
        documents[1].findings = [("queue-drops", "queue 1 lost 5 packets"), ("list-expiry", long)]
        let frame = try screen(documents).frame(columns: 80, rows: 40)
        #expect(frame.lines[0].text.hasPrefix(" 2 FINDINGS "))
        #expect(frame.lines[1].text == " ! queue-drops: queue 1 lost 5 packets")
        let told = frame.lines[2...5].map(\.text).joined()
        #expect(told.split(separator: " ").count { $0 == "word" } == 40, "\(told)")
        let short = try screen(documents).frame(columns: 80, rows: 12).lines.map(\.text)
        #expect(short[1] == " ! queue-drops: queue 1 lost 5 packets … and 1 more", "\(short[1])")
        documents[1].isKilled = true
        documents[1].findings = [("kill-switch", "told by the badge"), ("queue-drops", "queue 1 lost 5 packets")]
        let killed = try screen(documents).frame(columns: 80, rows: 24)
        #expect(killed.lines[0].text.hasPrefix(" KILL SWITCH  2 FINDINGS "))
        #expect(
            killed.lines[1].text == " ! queue-drops: queue 1 lost 5 packets" && text(killed).contains("badge") == false
        )
        documents[1] = Document(queues: [], taps: [Document.tap(0, "mirror0")])
        #expect(text(try screen(documents).frame(columns: 80, rows: 24)).contains("would block/s"))
        documents[1] = busy[1]
        documents[1].findings = nil
        #expect(try screen(documents).frame(columns: 80, rows: 24).lines[0].text.hasPrefix(" UP "))
    }

    @Test func `a sensor that is away is said to be, and its last figures are faint`() throws {
        var away = try screen(busy)
        away.model.noteAbsence("/run/x.sock: nobody listens there", seconds: 15)
        let frame = away.frame(columns: 80, rows: 30)
        #expect(frame.lines[0].text.hasPrefix(" AWAY  for 14s; what follows is from before"))
        #expect(frame.lines[1].text == " ! /run/x.sock: nobody listens there")
        let row = try #require(frame.lines.first { $0.text.contains("packets/s") })
        #expect(row.runs.allSatisfy { $0.tone == .faint })
        var never = Screen(model: LiveModel(interval: 1), state: ViewState(), signs: .ascii, socket: "x")
        #expect(never.frame(columns: 80, rows: 24).lines[0].text.hasPrefix(" WAITING "))
        never.model.noteAbsence("no such socket", seconds: 3)
        #expect(never.frame(columns: 80, rows: 24).lines[0].text == " AWAY  no such socket")
    }

    @Test func `what a slow answer has missed is a gap in the curves`() throws {
        var model = LiveModel(interval: 1)
        model.note(Reading(try Document().status(), seconds: 0))
        model.note(Reading(try Document(packets: 10).status(), seconds: 1.1))
        model.note(Reading(try Document(packets: 40).status(), seconds: 4))
        model.noteAbsence("gone", seconds: 6)
        let columns = model.history.columns(.packets, width: 7, perColumn: 1, .mean)
        #expect(columns.map { $0 == nil } == [true, false, true, true, false, true, true], "\(columns)")
    }

    @Test func `a sensor started anew shows no rates at first`() throws {
        var documents = busy
        documents[1].startedAt += 90_000
        let frame = try screen(documents).frame(columns: 80, rows: 24)
        #expect(frame.lines[0].text.contains("started anew"))
        #expect(frame.lines.contains { $0.text.hasPrefix(" packets/s          -") })
    }

    // MARK: - Sizes, signs and colours

    @Test(arguments: 0..<12)
    func `no line is too wide and no frame too high, whatever the figures`(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        var state = ViewState(
            sort: SortColumn.allCases.randomElement(using: &random),
            isReversed: Bool.random(using: &random)
        )
        state.section = seed % 3 == 0 ? Section.allCases.randomElement(using: &random) : nil
        state.showsHelp = seed % 8 == 7
        state.scroll = Int.random(in: 0...40, using: &random)
        let documents = (0..<3).map { _ in Document.random(&random) }
        let isASCII = seed % 2 == 0
        var screen = try screen(documents, state, signs: isASCII ? .ascii : .unicode)
        if seed % 5 == 4 { screen.model.noteAbsence("away", seconds: 9) }
        // Every width and every height comes up, and small ones with each other.
        let sizes =
            (1...250).map { ($0, ($0 * 7 + seed) % 80 + 1) }
            + (1...24).flatMap { width in (1...9).map { (width, $0) } }
        for (columns, rows) in sizes {
            let frame = screen.frame(columns: columns, rows: rows)
            #expect(frame.lines.count <= rows, "\(columns)x\(rows)")
            for line in frame.lines {
                let scalars = line.text.unicodeScalars
                #expect(scalars.count == line.width && line.width <= columns, "\(columns)x\(rows): \(line.text)")
                let isPlain = scalars.allSatisfy { (0x20...0x7E).contains($0.value) }
                if isASCII { #expect(isPlain, "\(columns)x\(rows): \(line.text)") }
                // What came from elsewhere is ASCII; of the rest each takes one cell.
                #expect(scalars.allSatisfy { $0.isASCII || "▁▂▃▄▅▆▇█─·…▾▴".unicodeScalars.contains($0) })
            }
            let drawn = frame.text(columns: columns, rows: rows, hasColour: false)
            #expect(drawn.contains("\u{1B}[0m") == false && drawn.contains("\n") == false)
        }
        #expect(screen.page(columns: 100).allSatisfy { $0.width <= 100 })
    }

    @Test func `without colour no line has a control sequence`() throws {
        let frame = try screen(busy).frame(columns: 120, rows: 40)
        for line in frame.lines {
            #expect(line.text(hasColour: false) == line.text)
            #expect(line.text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F })
        }
        #expect(frame.lines.contains { $0.text(hasColour: true).contains("\u{1B}[1;31m5.0") })
        let drawn = frame.text(columns: 120, rows: 40, hasColour: false)
        #expect(drawn.hasPrefix("\u{1B}[?2026h\u{1B}[1;1H") && drawn.hasSuffix("\u{1B}[?2026l"))
    }

    @Test func `each line of a frame is drawn in its place and ends the old one`() throws {
        var frame = Frame()
        frame.lines = [Line("abc"), Line("de")]
        #expect(
            frame.text(columns: 3, rows: 4, hasColour: false)
                == "\u{1B}[?2026h\u{1B}[1;1Habc\u{1B}[2;1Hde\u{1B}[K\u{1B}[3;1H\u{1B}[J\u{1B}[?2026l"
        )
        #expect(frame.text(columns: 3, rows: 2, hasColour: false).contains("\u{1B}[J") == false)
    }

    @Test func `a line that is cut says so`() {
        var line = Line("abc", .strong)
        line.add("def", .faint)
        #expect(line.cut(to: 6, mark: "~") == line)
        #expect(line.cut(to: 5, mark: "~").text == "abcd~")
        #expect(line.cut(to: 1, mark: "~").text == "a")
        #expect(line.cut(to: 0, mark: "~").text.isEmpty)
    }

    // MARK: - Rows

    @Test func `what does not fit is counted, and scrolls alone`() throws {
        let many = Document(queues: (0..<40).map { Document.queue($0) })
        let all = try screen([many, many]).frame(columns: 80, rows: 24)
        #expect(text(all).contains("more: press 2"))
        var state = ViewState()
        state.section = .queues
        state.scroll = 1000
        let last = try screen([many, many], state).frame(columns: 80, rows: 24)
        #expect(last.scrollLimit == 42 - 21 && last.page == 20)
        #expect(last.lines[22].text.hasPrefix("     39 ") && text(last).contains("line 22 to 42 of 42"))
    }

    @Test(
        arguments: [
            (SortColumn.packets, false, ["1", "0"]), (.packets, true, ["0", "1"]), (.waiting, false, ["1", "0"]),
            (.lost, false, ["1", "0"]), (.load, true, ["0", "1"]), (.latency, true, ["0", "1"]),
            (.queue, true, ["1", "0"]),
            (.matches, false, ["0", "1"]),
        ]
    )
    func `queues are sorted`(sort: SortColumn, isReversed: Bool, expected: [String]) throws {
        let lines = try screen(busy, ViewState(sort: sort, isReversed: isReversed)).frame(columns: 100, rows: 40).lines
            .map(\.text)
        let start = try #require(lines.firstIndex { $0.contains("QUEUE") })
        #expect(lines[(start + 1)...(start + 2)].map { String($0.split(separator: " ")[0]) } == expected)
        #expect(lines.contains { $0.contains("by \(sort.rawValue) ") })
    }

    @Test(
        arguments: [
            (SortColumn.list, false, ["interpol", "police"]), (.matches, true, ["interpol", "police"]),
            (.expiry, false, ["interpol", "police"]), (.matches, false, ["police", "interpol"]),
        ]
    )
    func `lists are sorted, and those without a value come last`(
        sort: SortColumn,
        isReversed: Bool,
        expected: [String]
    ) throws {
        let lines = try screen(busy, ViewState(sort: sort, isReversed: isReversed)).frame(columns: 100, rows: 40).lines
            .map(\.text)
        let start = try #require(lines.firstIndex { $0.contains(" LIST") && $0.contains("STATE") })
        #expect(lines[(start + 1)...(start + 2)].map { String($0.split(separator: " ")[0]) } == expected)
    }

    @Test func `a page has all parts, and no curve`() throws {
        let page = try screen(busy).page(columns: 120).map(\.text)
        for title in ["traffic", "queues", "lists", "not judged, hidden, odd", "answers to blocked clients"] {
            #expect(page.contains(title))
        }
        #expect(page.contains { $0.hasPrefix(" packets/s      49.0k  accept 49.0k") })
        #expect(page.allSatisfy { line in "▁▂▃▄▅▆▇█".contains { line.contains($0) } == false })
    }
}
