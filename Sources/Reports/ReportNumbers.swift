/// Numbers, times and shares as a language writes them.
struct ReportNumbers: Sendable {
    /// What stands between groups of three digits.
    let separator: String
    /// What stands before fractions.
    let point: String
    /// What stands where nothing is known.
    let unknown: String

    /// The numbers of a language.
    ///
    /// - Parameters:
    ///   - language: Swedish parts groups by narrow spaces that no line breaks at, English by commas.
    ///   - isASCII: whether nothing but ASCII can be shown; Swedish then parts groups by blanks.
    init(_ language: ReportLanguage, isASCII: Bool = false) {
        separator = language == .en ? "," : isASCII ? " " : "\u{202F}"
        point = language == .en ? "." : ","
        unknown = isASCII ? "-" : "–"
    }

    /// A whole number.
    func count(_ value: UInt64?) -> String {
        guard let value else { return unknown }
        let digits = String(value)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.utf8.count - index).isMultiple(of: 3) { text += separator }
            text.append(digit)
        }
        return text
    }

    /// A number with so many digits behind the point.
    func decimal(_ value: Double?, digits: Int = 1) -> String {
        guard let value = value?.measured else { return unknown }
        let scale: UInt64 = digits <= 0 ? 1 : digits == 1 ? 10 : digits == 2 ? 100 : 1_000
        let all = UInt64((min(value, 1e15) * Double(scale)).rounded())
        guard scale > 1 else { return count(all) }
        let fraction = String(all % scale)
        let width = String(scale).utf8.count - 1
        return count(all / scale) + point + String(repeating: "0", count: width - fraction.utf8.count) + fraction
    }

    /// A rate: all of what is large, a fraction of what is small, and what is not nothing never as nothing.
    func rate(_ value: Double?) -> String {
        guard let value = value?.measured else { return unknown }
        if value > 0, value < 0.005 { return "<" + decimal(0.01, digits: 2) }
        return decimal(value, digits: value == 0 ? 0 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0)
    }

    /// A share of one, as a percentage. What is not all is never shown as all, nor anything as nothing.
    func share(_ value: Double?) -> String {
        guard let value = value?.measured else { return unknown }
        let percent = min(value, 1) * 100
        if percent > 0, percent < 0.05 { return "<" + decimal(0.1) + "\u{A0}%" }
        if percent == 0 || percent == 100 { return decimal(percent, digits: 0) + "\u{A0}%" }
        return decimal(min(percent, 99.9)) + "\u{A0}%"
    }

    /// A length of time in one or two units: `0.4 s`, `12 s`, `4 min 5 s`, `3 h 20 min`, `12 d 4 h`.
    func duration(_ seconds: Double?) -> String {
        guard let seconds = seconds?.measured else { return unknown }
        if seconds == 0 { return "0\u{A0}s" }
        if seconds < 0.9995 { return decimal(max(seconds * 1_000, 1), digits: 0) + "\u{A0}ms" }
        if seconds < 9.95, seconds.rounded() != seconds { return decimal(seconds) + "\u{A0}s" }
        let whole = UInt64(min(seconds, 1e15).rounded())
        let (days, hours, minutes) = (whole / 86_400, whole / 3_600 % 24, whole / 60 % 60)
        func parts(_ first: UInt64, _ unit: String, _ second: UInt64, _ rest: String) -> String {
            count(first) + "\u{A0}" + unit + (second > 0 ? "\u{A0}\(second)\u{A0}" + rest : "")
        }
        if days >= 100 { return parts(days, "d", 0, "") }
        if days > 0 { return parts(days, "d", hours, "h") }
        if hours > 0 { return parts(hours, "h", minutes, "min") }
        if minutes > 0 { return parts(minutes, "min", whole % 60, "s") }
        return parts(whole, "s", 0, "")
    }
}
