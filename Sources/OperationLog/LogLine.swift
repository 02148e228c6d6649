package import Logging
import Telemetry

/// How a line of the log is written.
package enum LogFormat: String, CaseIterable, Sendable {
    /// A sentence for people.
    case text
    /// `key=value` pairs.
    case logfmt
    /// One JSON object (RFC 8259).
    case json
}

/// One line of the log, as it is to be told.
package struct LogLine: Sendable, Equatable {
    /// When, in seconds since 1970-01-01 UTC.
    package var time: Double
    /// How grave it is.
    package var level: Logger.Level
    /// The event's name.
    package var event: String
    /// What happened, as a sentence.
    package var message: String
    /// The event's keys, in the order in which they are written.
    package var fields: [(key: String, value: LogValue)]

    /// The longest text that is written; what is longer ends in three dots.
    package static let textLimit = 2_048

    /// Collects a line.
    package init(
        time: Double,
        level: Logger.Level,
        event: String,
        message: String,
        fields: [(key: String, value: LogValue)] = []
    ) {
        self.time = time
        self.level = level
        self.event = event
        self.message = message
        self.fields = fields
    }

    package static func == (line: LogLine, other: LogLine) -> Bool {
        line.time == other.time && line.level == other.level && line.event == other.event
            && line.message == other.message
            && line.fields.elementsEqual(other.fields) { $0.key == $1.key && $0.value == $1.value }
    }

    /// The line with its line feed, and no other one, whatever its texts hold.
    ///
    /// - Parameters:
    ///   - format: how it is written.
    ///   - isForJournal: whether the journal reads it: it takes the priority from a prefix (sd-daemon(3)) and knows the time.
    /// - Returns: the line.
    package func text(as format: LogFormat, isForJournal: Bool) -> String {
        let prefix = isForJournal ? "<\(level.priority)>" : ""
        switch format {
        case .text:
            let head = isForJournal ? "" : "\(utcTime(time)) \(level.rawValue) "
            return prefix + head + Self.shown(Self.cut(message)) + "\n"
        case .logfmt:
            var pairs = [("time", utcTime(time)), ("level", level.rawValue), ("event", event)]
            pairs += fields.map { ($0.key, $0.value.word) }
            pairs.append(("msg", message))
            return prefix + pairs.map { "\($0)=\(Self.logfmtValue(Self.cut($1)))" }.joined(separator: " ") + "\n"
        case .json:
            var json = JSONWriter()
            json.beginObject()
            json.write("time", utcTime(time))
            json.write("level", level.rawValue)
            json.write("event", event)
            for (key, value) in fields {
                switch value {
                case .text(let text): json.write(key, Self.cut(text))
                case .number(let number): json.write(key, number)
                case .flag(let flag): json.write(key, flag)
                }
            }
            json.write("msg", Self.cut(message))
            json.endObject()
            return prefix + json.text + "\n"
        }
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > textLimit else { return text }
        var length = 0
        let kept = text.unicodeScalars.prefix { scalar in
            length += UTF8.width(scalar)
            return length <= textLimit - 3
        }
        return String(kept) + "..."
    }

    /// Quoted where it would not be one word.
    private static func logfmtValue(_ text: String) -> String {
        let isWord = text.unicodeScalars.allSatisfy { scalar in
            scalar > " " && scalar != "=" && scalar != "\"" && scalar != "\\" && scalar != "\u{7F}"
                && isSeparator(scalar) == false
        }
        guard isWord == false || text.isEmpty else { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { quoted += "\\" }
            quoted += shown(scalar)
        }
        return quoted + "\""
    }

    private static func shown(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { $0 += shown($1) }
    }

    /// A character as it is, or a control character and another line's beginning by its number.
    private static func shown(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        default:
            guard scalar < " " || isSeparator(scalar) else { return String(scalar) }
            let digits = String(scalar.value, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
    }

    private static func isSeparator(_ scalar: Unicode.Scalar) -> Bool {
        ("\u{7F}"..."\u{9F}").contains(scalar) || scalar == "\u{2028}" || scalar == "\u{2029}"
    }
}

extension LogValue {
    fileprivate var word: String {
        switch self {
        case .text(let text): text
        case .number(let number): String(number)
        case .flag(let flag): flag ? "true" : "false"
        }
    }
}

extension Logger.Level {
    /// The priority of syslog (RFC 5424 §6.2.1) that comes nearest.
    package var priority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}

/// A time in the form of RFC 3339, in UTC and to the millisecond.
///
/// - Parameter seconds: seconds since 1970-01-01 UTC; before that, and beyond the year 9999, the nearest time within.
/// - Returns: the time, always of 24 characters.
package func utcTime(_ seconds: Double) -> String {
    let milliseconds = Int(max(0, min(seconds.isFinite ? seconds : 0, 253_402_300_799)) * 1_000)
    let (days, rest) = (milliseconds / 86_400_000, milliseconds % 86_400_000)
    // The calendar's eras of 400 years, each year begun in March so that the leap day is its last.
    let shifted = days + 719_468
    let (era, dayOfEra) = (shifted / 146_097, shifted % 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    func digits(_ value: Int, _ count: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    let date = "\(digits(year, 4))-\(digits(month, 2))-\(digits(day, 2))"
    let time = "\(digits(rest / 3_600_000, 2)):\(digits(rest / 60_000 % 60, 2)):\(digits(rest / 1_000 % 60, 2))"
    return "\(date)T\(time).\(digits(rest % 1_000, 3))Z"
}
