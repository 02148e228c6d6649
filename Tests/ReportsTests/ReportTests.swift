import Figures
import FoundationEssentials
import TestSupport
import Testing

@testable import Reports

@Suite("Reports")
struct ReportTests {
    /// Every form of the small report and of one that is about nothing.
    private static let outputs: [(name: String, make: @Sendable () -> String)] = [
        ("small.sv.txt", { TextReport.render(Samples.small, .sv) }),
        ("small.en.txt", { TextReport.render(Samples.small, .en) }),
        ("small.ascii.txt", { TextReport.render(Samples.small, .sv, .init(columns: 80, isUnicode: false)) }),
        ("small.csv", { CSVReport.render(Samples.small) }),
        ("small.json", { JSONReport.render(Samples.small) }),
        ("small.sv.html", { HTMLReport.render(Samples.small, .sv) }),
        ("small.en.html", { HTMLReport.render(Samples.small, .en) }),
        ("empty.sv.txt", { TextReport.render(Samples.empty, .sv) }),
        ("empty.en.txt", { TextReport.render(Samples.empty, .en) }),
        ("empty.en.html", { HTMLReport.render(Samples.empty, .en) }),
        ("empty.csv", { CSVReport.render(Samples.empty) }),
        ("empty.json", { JSONReport.render(Samples.empty) }),
    ]

    /// `GRINDVAKT_GOLDEN=1 swift test --filter ReportsTests` writes the files anew, to be looked through before they are committed.
    @Test(arguments: outputs.map(\.name))
    func `the output is as it was`(name: String) throws {
        let make = try #require(Self.outputs.first { $0.name == name }).make
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")
        let file = folder.appending(path: name)
        let text = make()
        #expect(text == make(), "the same report gives the same octets")
        if ProcessInfo.processInfo.environment["GRINDVAKT_GOLDEN"] != nil {
            try Data(text.utf8).write(to: file)
        }
        #expect(Data(text.utf8) == (try Data(contentsOf: file)), "\(name) differs")
    }

    @Test func `every text is there in every language, and says the same`() {
        for word in Word.allCases {
            let (swedish, english) = (word.text(.sv), word.text(.en))
            #expect(swedish.isEmpty == false && english.isEmpty == false, "\(word)")
            for place in 1...9 {
                #expect(swedish.contains("%\(place)") == english.contains("%\(place)"), "\(word)")
            }
            for text in [swedish, english] {
                #expect(text.contains("  ") == false && text.contains("\n") == false, "\(word)")
            }
        }
        #expect(Word.span.text(.en, "%2", "b", "c").hasPrefix("%2 to b"), "what is filled in is not looked through")
    }

    @Test func `what compares operators best comes before attempts, and every output states the window`() throws {
        let text = TextReport.render(Samples.small, .en)
        let page = HTMLReport.render(Samples.small, .en)
        for titles in [["\nCoverage\n", "\nAge of lists\n", "\nTime to unblock\n", "\nAttempts\n"]] {
            let places = try titles.map { try #require(text.firstRange(of: $0)).lowerBound }
            #expect(places == places.sorted())
        }
        let places = try ["coverage", "lag", "unblock", "attempts"]
            .map { try #require(page.firstRange(of: "<section id=\"\($0)\"")).lowerBound }
        #expect(places == places.sorted())
        for output in [text, page] { #expect(output.contains("within 2 seconds")) }
        #expect(CSVReport.render(Samples.small).contains("attempt_window_seconds"))
        #expect(JSONReport.render(Samples.small).contains(#""attempt_windows_seconds":[2]"#))
    }

    @Test func `attempts of two windows are not added up`() {
        let report = Report(
            .day,
            from: Samples.start,
            to: Samples.start + Samples.day,
            now: Samples.start + Samples.day,
            figures: [
                Samples.figures(day: 0, "se", attempts: 10, events: 20, coverage: (1, 1)),
                Samples.figures(day: 0, "se", attempts: 100, events: 200, coverage: (1, 1), window: 10),
            ]
        )
        let counts = ReportSummary(report).attempts { .init(market: $0.market.id, window: $0.attemptWindow) }
        #expect(counts.map(\.count.attempts) == [10, 100])
        // Half a day each.
        #expect(counts.map(\.count.rate) == [20, 200])
        #expect(TextReport.render(report, .en).contains("several windows (2, 10 seconds)"))
        #expect(JSONReport.render(report).contains(#""attempt_windows_seconds":[2,10]"#))
    }

    @Test func `the rate counts the days that are known and have gone by`() {
        let summary = ReportSummary(Samples.small)
        let counts = summary.attempts { .init(market: $0.market.id) }
        // 1,680 attempts of 100,000 subscribers in three and a half days; the other market does not say how many it has.
        #expect(counts.map(\.count.rate) == [nil, 1_680 / 3.5])
        #expect(counts.map(\.count.attempts) == [84, 1_680])
        #expect(counts[1].count.course == [120, 1_500, nil, 0, 60], "no data is not zero")
    }

    @Test func `a chosen list has its own attempts alone`() {
        let report = Report(
            .day,
            from: Samples.start,
            to: Samples.start + 5 * Samples.day,
            now: Samples.start + 5 * Samples.day,
            lists: ["interpol"],
            figures: Samples.small.figures
        )
        #expect(ReportSummary(report).attempts { _ in .init() }.map(\.count.attempts) == [15])
        for output in [TextReport.render(report, .en), CSVReport.render(report), HTMLReport.render(report, .en)] {
            #expect(output.contains("interpol") && output.contains("police") == false)
        }
    }

    @Test func `weeks and months are whole ones, and a report has an end`() {
        let week = Report(.week, from: Samples.start, to: Samples.start + 1, now: 0, figures: [])
        #expect(week.periods.map(\.label) == ["2026-10-26"] && week.lastDay == "2026-11-01")
        let month = Report(.month, from: Samples.start + 5, to: Samples.start + 40 * Samples.day, now: 0, figures: [])
        #expect(month.periods.map(\.label) == ["2026-11-01", "2026-12-01"] && month.lastDay == "2026-12-31")
        #expect(Report(.hour, from: .min, to: .max, now: 0, figures: []).periods.count == Report.maximumPeriods)
        #expect(Report(.day, from: .max, to: .max, now: .max, figures: []).periods.count <= 1)
        #expect(Report(.day, from: 10, to: 5, now: 0, figures: []).periods.isEmpty)
    }

    @Test func `nothing that a report holds ends the program, is wider than the terminal or breaks a form`() throws {
        var generator = SeededRandom(seed: 8)
        for round in 0..<24 {
            let report = Samples.random(&generator)
            let columns = [80, 100, 132][round % 3]
            for style in [
                TextReport.Style(columns: columns), TextReport.Style(columns: columns, isUnicode: false),
            ] {
                let text = TextReport.render(report, round.isMultiple(of: 2) ? .sv : .en, style)
                for line in text.split(separator: "\n") {
                    #expect(line.unicodeScalars.count <= columns, "\(line)")
                    #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }, "\(line)")
                    #expect(style.isUnicode || line.utf8.allSatisfy { $0 < 0x7F }, "\(line)")
                }
            }
            let parsed = try JSONDecoder().decode(JSONOutline.self, from: Data(JSONReport.render(report).utf8))
            #expect(parsed.periods.count == report.periods.count)
            let csv = CSVReader.rows(CSVReport.render(report))
            let rows = try #require(csv)
            #expect(rows.allSatisfy { $0.count == rows[0].count })
            for field in rows.joined() {
                #expect(
                    ["=", "+", "-", "@", "\t", "\r", "\n"].contains(field.unicodeScalars.first) == false,
                    "\(field)"
                )
            }
            let page = HTMLReport.render(report, round.isMultiple(of: 2) ? .en : .sv)
            #expect(
                page.contains("<script") == false && page.contains("<img") == false
                    && page.contains(" onerror=alert(1)>") == false
            )
            #expect(MarkupCheck.faults(page) == [])
        }
    }

    @Test func `numbers are written as the language has them`() {
        let (swedish, english) = (ReportNumbers(.sv), ReportNumbers(.en))
        #expect(english.count(1_234_567) == "1,234,567" && swedish.count(1_234_567) == "1\u{202F}234\u{202F}567")
        #expect(english.count(0) == "0" && english.count(999) == "999" && english.count(nil) == "–")
        #expect(english.count(.max) == "18,446,744,073,709,551,615")
        #expect(swedish.decimal(1_234.56) == "1\u{202F}234,6" && english.decimal(0.25, digits: 2) == "0.25")
        #expect(english.share(1) == "100\u{A0}%" && english.share(0.9999) == "99.9\u{A0}%")
        #expect(english.share(0) == "0\u{A0}%" && english.share(0.0001) == "<0.1\u{A0}%" && english.share(nil) == "–")
        #expect(english.rate(0.001) == "<0.01" && english.rate(0) == "0" && english.rate(12.34) == "12.3")
        #expect(english.duration(0.4) == "400\u{A0}ms" && english.duration(0) == "0\u{A0}s")
        #expect(english.duration(75) == "1\u{A0}min\u{A0}15\u{A0}s" && english.duration(3_600) == "1\u{A0}h")
        #expect(english.duration(93_600) == "1\u{A0}d\u{A0}2\u{A0}h" && english.duration(.nan) == "–")
        #expect(swedish.duration(2.5) == "2,5\u{A0}s" && english.duration(1e300) == "11,574,074,074\u{A0}d")
    }

    @Test func `curves tell nothing known from zero`() {
        #expect(Bars.line([nil, 0, 1, 8, .nan, .infinity], Bars.unicode) == " ▁▂█  ")
        #expect(Bars.line([0.5, 2], ceiling: 1, Bars.ascii) == "=#")
        #expect(Bars.line([1], []) == "")
    }
}

/// As much of a report as JSON as tells that it is one.
private struct JSONOutline: Decodable {
    struct Period: Decodable { var period: String, known: Bool }
    var periods: [Period]
}

/// Reads RFC 4180, strictly.
enum CSVReader {
    /// The records; nil where the text has another form.
    static func rows(_ text: String) -> [[String]]? {
        var rows: [[String]] = []
        var row: [String] = []
        var field = ""
        var isQuoted = false, wasQuoted = false
        let scalars = Array(text.unicodeScalars)
        var index = 0
        while index < scalars.count {
            let scalar = scalars[index]
            let next = index + 1 < scalars.count ? scalars[index + 1] : nil
            if isQuoted {
                if scalar == "\"", next == "\"" {
                    field += "\""
                    index += 1
                } else if scalar == "\"" {
                    (isQuoted, wasQuoted) = (false, true)
                } else {
                    field.unicodeScalars.append(scalar)
                }
            } else if scalar == "\"" {
                guard field.isEmpty, wasQuoted == false else { return nil }
                isQuoted = true
            } else if scalar == "," || scalar == "\r" {
                row.append(field)
                (field, wasQuoted) = ("", false)
                if scalar == "\r" {
                    guard next == "\n" else { return nil }
                    index += 1
                    rows.append(row)
                    row = []
                }
            } else {
                guard scalar != "\n", wasQuoted == false else { return nil }
                field.unicodeScalars.append(scalar)
            }
            index += 1
        }
        return isQuoted || field.isEmpty == false || row.isEmpty == false ? nil : rows
    }
}

/// Looks whether elements are closed in the order that they were opened in.
enum MarkupCheck {
    /// What is wrong with a page.
    static func faults(_ page: String) -> [String] {
        var faults: [String] = []
        var open: [Substring] = []
        for part in page.split(separator: "<").dropFirst() {
            guard let end = part.firstIndex(of: ">") else { return faults + ["a tag has no end: \(part.prefix(40))"] }
            let tag = part[..<end]
            let name = tag.prefix { $0 != " " }
            if name.hasPrefix("!") { continue }
            if name.hasPrefix("/") {
                guard let last = open.popLast(), last == name.dropFirst() else {
                    faults.append("</\(name.dropFirst())> closes nothing")
                    continue
                }
            } else if tag.hasSuffix("/") == false, ["meta", "link"].contains(name) == false {
                open.append(name)
            }
            if tag.filter({ $0 == "\"" }).count.isMultiple(of: 2) == false { faults.append("quotes in <\(tag)>") }
        }
        return faults + open.map { "<\($0)> is not closed" }
    }
}
