/// Numbers as people read them: three digits, a prefix and a unit; at most six cells wide where nothing else is said.
enum FigureText {
    /// What stands where nothing is known.
    static let unknown = "-"

    /// A rate, without its unit: `0`, `0.02`, `3.4`, `512`, `48.2k`, `1.05M`.
    static func rate(_ value: Double?) -> String {
        guard let value, value.isFinite else { return unknown }
        if value <= 0 { return "0" }
        if value < 0.005 { return "<0.01" }
        if value < 0.0995 { return fixed(value, 2) }
        if value < 9.95 { return fixed(value, 1) }
        if value < 999.5 { return fixed(value, 0) }
        return scaled(value)
    }

    /// A count: all digits up to a million, then three.
    static func count(_ value: UInt64?) -> String {
        guard let value else { return unknown }
        return value < 1_000_000 ? String(value) : scaled(Double(value))
    }

    /// A share of one, as a percentage.
    static func share(_ value: Double?) -> String {
        guard let value, value.isFinite else { return unknown }
        let percent = min(max(value, 0), 99) * 100
        return (percent < 0.05 ? "0" : fixed(percent, percent < 9.95 ? 1 : 0)) + "%"
    }

    /// A time of a few microseconds to a few seconds: `0.8us`, `12.4us`, `1.30ms`, `2.10s`.
    static func time(_ seconds: Double?) -> String {
        guard let seconds, seconds.isFinite, seconds >= 0 else { return unknown }
        let microseconds = seconds * 1e6
        if microseconds < 99.95 { return fixed(microseconds, 1) + "us" }
        if microseconds < 999.5 { return fixed(microseconds, 0) + "us" }
        if microseconds < 9995 { return fixed(microseconds / 1000, 2) + "ms" }
        if microseconds < 99_950 { return fixed(microseconds / 1000, 1) + "ms" }
        if microseconds < 999_500 { return fixed(microseconds / 1000, 0) + "ms" }
        return seconds < 999.5 ? fixed(seconds, 1) + "s" : span(seconds)
    }

    /// A quantile of times.
    static func time(_ quantile: Latency.Quantile?) -> String {
        guard let quantile else { return unknown }
        return (quantile.isMore ? ">" : "") + time(quantile.seconds)
    }

    /// A length of time in one or two units: `12s`, `4m 5s`, `3h 20m`, `12d 4h`.
    static func span(_ seconds: Double) -> String {
        guard seconds.isFinite else { return unknown }
        let whole = Int(min(max(seconds, 0), 1e12))
        let (days, hours, minutes) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60)
        if days >= 100 { return "\(days)d" }
        if days > 0 { return hours > 0 ? "\(days)d \(hours)h" : "\(days)d" }
        if hours > 0 { return minutes > 0 ? "\(hours)h \(minutes)m" : "\(hours)h" }
        if minutes > 0 { return whole % 60 > 0 ? "\(minutes)m \(whole % 60)s" : "\(minutes)m" }
        return "\(whole)s"
    }

    /// The hour, minute and second of a time in UTC.
    static func clock(_ secondsSince1970: Double) -> String {
        guard secondsSince1970.isFinite else { return unknown }
        let whole = Int(min(max(secondsSince1970, 0), 1e12)) % 86_400
        return [whole / 3600, whole / 60 % 60, whole % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
    }

    /// An amount of memory: `0B`, `12KiB`, `3.4MiB`.
    static func octets(_ value: UInt64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        var (amount, unit) = (Double(value), 0)
        while amount >= 1023.5, unit < units.count - 1 { (amount, unit) = (amount / 1024, unit + 1) }
        return fixed(amount, unit > 0 && amount < 9.95 ? 1 : 0) + units[unit]
    }

    private static func scaled(_ value: Double) -> String {
        let prefixes = ["", "k", "M", "G", "T", "P", "E"]
        var (amount, prefix) = (value, 0)
        while amount >= 999.5, prefix < prefixes.count - 1 { (amount, prefix) = (amount / 1000, prefix + 1) }
        let digits = prefix == 0 || amount >= 99.95 ? 0 : amount >= 9.995 ? 1 : 2
        return fixed(amount, digits) + prefixes[prefix]
    }

    /// A number with so many digits behind the point, zero to two.
    private static func fixed(_ value: Double, _ digits: Int) -> String {
        let scale = [1, 10, 100][min(max(digits, 0), 2)]
        let all = Int((min(max(value, 0), 1e15) * Double(scale)).rounded())
        guard scale > 1 else { return String(all) }
        let fraction = String(all % scale)
        return "\(all / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}
