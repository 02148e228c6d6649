import FoundationEssentials

/// How a value of the report is put into words; the script has a function of the same name for each.
///
/// The first word of a row is what it stands for; some formats read several members of a row and are given all of it.
enum PageFormat: String, CaseIterable, Sendable {
    /// Text that somebody wrote.
    case text
    /// Several words.
    case words
    /// A whole number.
    case count
    /// A number that is a name.
    case number
    /// A whole number of which any but zero is bad news.
    case loss
    /// A number of bytes.
    case bytes
    /// A short time, in seconds.
    case latency
    /// A long time, in seconds.
    case duration
    /// A point in time, in seconds since 1970-01-01 UTC.
    case time
    /// Yes or no.
    case flag
    /// Whether something is there that ought to be.
    case presence
    /// Whether the kill switch is on.
    case killSwitch
    /// A queue: its receive buffer as granted, and as wanted where that is more.
    case buffer
    /// A queue: how many packets wait, and how many may where it is full.
    case waiting
    /// A list: whether it is as it should be.
    case listState
    /// An object of counts: their sum.
    case sum
    /// An object of counts: those that are not zero.
    case causes
    /// A list: how many updates of it were refused, and why.
    case refusals
    /// The counts of reloads or rollbacks, and how the last one went.
    case reloads
    /// What is done where the sensor cannot do its job.
    case failures

    /// A value in words.
    struct Shown: Equatable {
        /// The words, not escaped.
        var text: String
        /// Whether they are bad news.
        var isBad = false
        /// Whether they say that there is nothing.
        var isNothing = false

        /// Nothing is known.
        static let unknown = Shown(text: "–", isNothing: true)
    }

    /// The most scalars that are shown of a text that somebody wrote; the whole is in `/status`.
    private static let longestText = 120

    /// The value in words.
    func show(_ value: StatusValue) -> Shown {
        if value == .null { return .unknown }
        switch self {
        case .text:
            return value.asText.map { Shown(text: Self.plain($0)) } ?? .unknown
        case .words:
            let words = value.elements.compactMap(\.asText)
            return words.isEmpty ? .unknown : Shown(text: Self.plain(words.joined(separator: ", ")))
        case .count:
            return Self.count(value)
        case .number:
            return value.asCount.map { Shown(text: String($0)) } ?? .unknown
        case .loss:
            var shown = Self.count(value)
            shown.isBad = shown.isNothing == false
            return shown
        case .bytes:
            return value.asNumber.map { Shown(text: Self.bytes($0), isNothing: $0 == 0) } ?? .unknown
        case .latency:
            return value.asNumber.map { Shown(text: Self.latency($0)) } ?? .unknown
        case .duration:
            return value.asNumber.map { Shown(text: Self.duration($0), isNothing: $0 == 0) } ?? .unknown
        case .time:
            return value.asNumber.map { Shown(text: Self.time($0)) } ?? .unknown
        case .flag:
            return Shown(text: value == .flag(true) ? "yes" : "no")
        case .presence:
            return value == .flag(true) ? Shown(text: "yes") : Shown(text: "no", isBad: true)
        case .killSwitch:
            return value == .flag(true) ? Shown(text: "on: nothing is blocked", isBad: true) : Shown(text: "off")
        case .buffer:
            return Self.part(value["receive_buffer_bytes"], of: value["receive_buffer_wanted_bytes"], Self.bytes) {
                $0 < $1
            }
        case .waiting:
            return Self.part(value["waiting"], of: value["max_length"], Self.grouped) { $0 >= $1 }
        case .listState:
            return Self.listState(value)
        case .sum:
            guard case .object(let members) = value else { return .unknown }
            return Self.count(.whole(members.values.reduce(0) { $0 &+ ($1.asCount ?? 0) }))
        case .causes:
            let causes = Self.causes(value)
            return causes.isEmpty ? Shown(text: "none", isNothing: true) : Shown(text: causes, isBad: true)
        case .refusals:
            var shown = PageFormat.loss.show(value["updates_refused"])
            if shown.isBad { shown.text += " (\(Self.causes(value["refusals"])))" }
            return shown
        case .reloads:
            return Self.reloads(value)
        case .failures:
            return Self.failures(value)
        }
    }

    // MARK: - Words

    /// Text of others without what steers how a page is read: controls, directions, and what has no form.
    private static func plain(_ text: String) -> String {
        let scalars = text.unicodeScalars.prefix(longestText).map { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: "?"
            default: String(Character(scalar))
            }
        }
        return scalars.joined() + (text.unicodeScalars.count > longestText ? "…" : "")
    }

    private static func listState(_ list: StatusValue) -> Shown {
        let isExpired = list["expired"] == .flag(true)
        return list["fallback"] == .flag(true)
            ? Shown(text: isExpired ? "expired, last good edition" : "last good edition", isBad: true)
            : Shown(text: isExpired ? "expired" : "in force", isBad: isExpired)
    }

    private static func causes(_ value: StatusValue) -> String {
        guard case .object(let members) = value else { return "" }
        return members.sorted { $0.key < $1.key }.compactMap { cause, count in
            guard let count = count.asCount, count > 0 else { return nil }
            return "\(cause) \(grouped(Double(count)))"
        }.joined(separator: ", ")
    }

    private static func reloads(_ counts: StatusValue) -> Shown {
        guard let done = counts["succeeded"].asNumber, let refused = counts["failed"].asNumber else { return .unknown }
        var shown = Shown(text: "\(grouped(done)) done, \(grouped(refused)) refused")
        if let last = counts["last.at"].asNumber {
            shown.isBad = counts["last.succeeded"] == .flag(false)
            shown.text += "; the last was \(shown.isBad ? "refused" : "done") \(time(last))"
        }
        return shown
    }

    private static func failures(_ failures: StatusValue) -> Shown {
        let causes = [
            ("overload", "overload"), ("nobody there", "absence"), ("malformed", "malformed"),
            ("over budget", "over_budget"),
        ]
        let words = causes.compactMap { words, member in failures[member].asText.map { "\(words): \(plain($0))" } }
        return words.isEmpty ? .unknown : Shown(text: words.joined(separator: ", "))
    }

    // MARK: - Numbers

    private static func count(_ value: StatusValue) -> Shown {
        value.asCount.map { Shown(text: grouped($0), isNothing: $0 == 0) } ?? .unknown
    }

    /// A number, and of how many where that is bad news.
    private static func part(
        _ value: StatusValue,
        of whole: StatusValue,
        _ words: (Double) -> String,
        isBad: (Double, Double) -> Bool
    ) -> Shown {
        guard let value = value.asNumber else { return .unknown }
        guard let whole = whole.asNumber, isBad(value, whole) else {
            return Shown(text: words(value), isNothing: value == 0)
        }
        return Shown(text: "\(words(value)) of\u{A0}\(words(whole))", isBad: true)
    }

    private static func grouped(_ number: Double) -> String {
        grouped(UInt64(min(max(number, 0), 1e18)))
    }

    /// Digits in groups of three with narrow blanks between them, which read alike wherever a comma is a decimal point.
    private static func grouped(_ number: UInt64) -> String {
        let digits = Array(String(number))
        return digits.indices.reduce(into: "") { text, index in
            if index > 0, (digits.count - index).isMultiple(of: 3) { text += "\u{202F}" }
            text.append(digits[index])
        }
    }

    private static func bytes(_ count: Double) -> String {
        let whole = UInt64(min(max(count, 0), 1e18))
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        let step = min((63 - max(whole, 1).leadingZeroBitCount) / 10, units.count - 1)
        return grouped(whole >> UInt64(step * 10)) + "\u{A0}" + units[step]
    }

    /// Three digits, in the unit that fits.
    private static func latency(_ seconds: Double) -> String {
        let nanoseconds = min(max(seconds, 0), 1e6) * 1e9
        for (unit, size) in [("µs", 1e3), ("ms", 1e6)] where nanoseconds.rounded() < size * 1000 {
            return decimal(nanoseconds / size) + "\u{A0}" + unit
        }
        return decimal(nanoseconds / 1e9) + "\u{A0}s"
    }

    /// A number below ten with one digit after the point, a larger one without.
    private static func decimal(_ number: Double) -> String {
        let tenths = UInt64((number * 10).rounded())
        return tenths < 100 ? "\(tenths / 10).\(tenths % 10)" : grouped(UInt64(number.rounded()))
    }

    private static func duration(_ seconds: Double) -> String {
        let whole = UInt64(min(max(seconds, 0), 1e12))
        let (days, hours, minutes) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60)
        if days > 0 { return "\(grouped(days))\u{A0}d \(hours)\u{A0}h" }
        if hours > 0 { return "\(hours)\u{A0}h \(minutes)\u{A0}min" }
        if minutes > 0 { return "\(minutes)\u{A0}min \(whole % 60)\u{A0}s" }
        return "\(whole)\u{A0}s"
    }

    /// To the minute, in UTC.
    private static func time(_ seconds: Double) -> String {
        String(moment(seconds).prefix(16))
    }

    /// A point in time to the second, in UTC, without the letters that only programs need.
    static func moment(_ seconds: Double) -> String {
        let text = Date(timeIntervalSince1970: min(seconds.rounded(.down), 253_402_300_799)).formatted(.iso8601)
        return text.replacing("T", with: " ").replacing("Z", with: "")
    }
}
