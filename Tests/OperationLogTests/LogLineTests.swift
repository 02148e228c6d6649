import Foundation
import Logging
import OperationLog
import Testing

@Suite("Line of the log")
struct LogLineTests {
    private func line(_ message: String, _ fields: [(key: String, value: LogValue)] = []) -> LogLine {
        LogLine(time: 1_763_776_900.25, level: .warning, event: "list-refused", message: message, fields: fields)
    }

    @Test func `each format writes the same line its way`() {
        let line = line(
            "list police refused: it has shrunk",
            [
                ("list", .text("police")), ("entries", .number(12)), ("fallback", .flag(true)),
                ("reason", .text("a \"b\" \\ c=d")), ("path", .text("")),
            ]
        )
        #expect(
            line.text(as: .text, isForJournal: false)
                == "2025-11-22T02:01:40.250Z warning list police refused: it has shrunk\n"
        )
        #expect(
            line.text(as: .logfmt, isForJournal: false)
                == #"time=2025-11-22T02:01:40.250Z level=warning event=list-refused list=police entries=12 fallback=true "#
                + #"reason="a \"b\" \\ c=d" path="" msg="list police refused: it has shrunk""# + "\n"
        )
        #expect(
            line.text(as: .json, isForJournal: false)
                == #"{"time":"2025-11-22T02:01:40.250Z","level":"warning","event":"list-refused","list":"police","#
                + #""entries":12,"fallback":true,"reason":"a \"b\" \\ c=d","path":"","#
                + #""msg":"list police refused: it has shrunk"}"# + "\n"
        )
    }

    @Test func `the journal gets the priority, and no second time beside its own`() {
        let line = line("it is so")
        #expect(line.text(as: .text, isForJournal: true) == "<4>it is so\n")
        #expect(line.text(as: .logfmt, isForJournal: true).hasPrefix("<4>time="))
        #expect(line.text(as: .json, isForJournal: true).hasPrefix("<4>{"))
    }

    @Test(arguments: zip(Logger.Level.allCases, [7, 7, 6, 5, 4, 3, 2]))
    func `priorities are those of syslog`(level: Logger.Level, priority: Int) {
        #expect(level.priority == priority)
    }

    @Test(arguments: LogFormat.allCases, ["a\nb", "a\r\nb\t", "\u{0}\u{1B}[31m\u{7F}\u{85}", "\u{2028}\u{2029}<3>x"])
    func `a line is one line, whatever its texts hold`(format: LogFormat, text: String) throws {
        let written = line(text, [("path", .text(text))]).text(as: format, isForJournal: false)
        #expect(written.utf8.count { $0 < 0x20 } == 1 && written.hasSuffix("\n"))
        guard format == .json else {
            #expect(written.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
            return
        }
        let object = try JSONSerialization.jsonObject(with: Data(written.utf8)) as? [String: Any]
        #expect(object?["path"] as? String == text)
        #expect(object?["msg"] as? String == text)
    }

    @Test(arguments: LogFormat.allCases)
    func `a long text is cut`(format: LogFormat) {
        let long = String(repeating: "å", count: 5_000)
        let written = line(long, [("reason", .text(long))]).text(as: format, isForJournal: false)
        #expect(written.utf8.count < 2 * LogLine.textLimit + 200)
        #expect(written.contains("å..."))
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_399.999, "2000-02-28T23:59:59.999Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"), (4_107_542_400, "2100-03-01T00:00:00.000Z"),
            (1_735_689_599, "2024-12-31T23:59:59.000Z"), (-5, "1970-01-01T00:00:00.000Z"),
            (.infinity, "1970-01-01T00:00:00.000Z"), (.nan, "1970-01-01T00:00:00.000Z"),
            (1e300, "9999-12-31T23:59:59.000Z"),
        ] as [(Double, String)]
    )
    func `times are those of the calendar`(seconds: Double, expected: String) {
        #expect(utcTime(seconds) == expected)
    }

    @Test func `each day of eight centuries is Foundation's`() {
        let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for day in stride(from: 0, to: 146_097 * 2, by: 1) {
            let seconds = Double(day) * 86_400 + 12_345.5
            guard utcTime(seconds) != format.format(Date(timeIntervalSince1970: seconds)) else { continue }
            Issue.record("day \(day)")
            return
        }
    }
}
