import FoundationEssentials

/// A whole second of UTC between 1970 and 9999, as documents and logs state it.
package struct Timestamp: Hashable, Comparable, Sendable, LosslessStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z.
    package let seconds: Int64

    /// 9999-12-31T23:59:59Z, the last that RFC 3339 can spell.
    private static let last: Int64 = 253_402_300_799

    /// The second after this many others; nil before 1970 and after 9999.
    package init?(seconds: Int64) {
        guard (0...Self.last).contains(seconds) else { return nil }
        self.seconds = seconds
    }

    /// The system clock's time.
    package static var now: Timestamp {
        let seconds = Date().timeIntervalSince1970
        return Timestamp(clamping: seconds.isFinite ? Int64(seconds.rounded(.down)) : 0)
    }

    private init(clamping seconds: Int64) {
        self.seconds = min(max(seconds, 0), Self.last)
    }

    /// The time that a text in the one form of ``description`` states, or nil: `2027-01-31T12:00:00Z` (RFC 3339 §5.6 in UTC, without
    /// fractions). One second has one spelling.
    package init?(_ description: String) {
        // The parser of the library takes more forms than this one.
        guard description.utf8.count == 20,
            let date = try? Date.ISO8601FormatStyle.iso8601.parse(description),
            let time = Timestamp(seconds: Int64(date.timeIntervalSince1970)),
            time.description == description
        else { return nil }
        self = time
    }

    /// The time in RFC 3339, in UTC and whole seconds.
    package var description: String {
        Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.seconds < right.seconds
    }

    /// This many seconds later, or earlier for a negative number, within the range of the type.
    package func advanced(by seconds: Int64) -> Timestamp {
        let (sum, hasOverflown) = self.seconds.addingReportingOverflow(seconds)
        return Timestamp(clamping: hasOverflown ? (seconds < 0 ? 0 : Self.last) : sum)
    }

    /// Reads what a person writes for a time.
    ///
    /// - `2027-01-31`: the beginning of that day in UTC;
    /// - `2027-01-31T14:00:00+02:00`: any RFC 3339 time; fractions of a second are dropped;
    /// - `+30d`, `+12h`, `+4w`: so many days, hours or weeks from `now` on.
    /// - Returns: the time, or nil where the text is none of these or the time lies outside the type's range.
    package static func parse(argument: String, now: Timestamp) -> Timestamp? {
        let text = Array(argument.utf8)
        guard text.count <= 64, let first = text.first else { return nil }
        if first == UInt8(ascii: "+") { return later(text.dropFirst(), than: now) }
        if text.count == 10 { return Timestamp(argument + "T00:00:00Z") }
        return withOffset(text)
    }

    private static func later(_ text: ArraySlice<UInt8>, than now: Timestamp) -> Timestamp? {
        let unit: Int64
        switch text.last {
        case UInt8(ascii: "h"): unit = 3600
        case UInt8(ascii: "d"): unit = 86_400
        case UInt8(ascii: "w"): unit = 7 * 86_400
        default: return nil
        }
        let digits = text.dropLast()
        guard digits.count <= 9, digits.allSatisfy(isDigit), let count = Int64(String(decoding: digits, as: UTF8.self))
        else { return nil }
        return Timestamp(seconds: now.seconds + count * unit)
    }

    /// `YYYY-MM-DDTHH:MM:SS[.fraction](Z|±HH:MM)`, both letters in either case (RFC 3339 §5.6).
    private static func withOffset(_ text: [UInt8]) -> Timestamp? {
        guard text.count >= 20, text[10] & 0xDF == UInt8(ascii: "T") else { return nil }
        var day = text[..<19]
        day[10] = UInt8(ascii: "T")
        guard let local = Timestamp(String(decoding: day, as: UTF8.self) + "Z") else { return nil }
        var rest = text[19...]
        if rest.first == UInt8(ascii: ".") {
            let fraction = rest.dropFirst().prefix(while: isDigit)
            guard fraction.isEmpty == false else { return nil }
            rest = rest[fraction.endIndex...]
        }
        if rest.count == 1, let zone = rest.first, zone & 0xDF == UInt8(ascii: "Z") { return local }
        let zone = Array(rest)
        guard zone.count == 6, zone[3] == UInt8(ascii: ":"), [1, 2, 4, 5].allSatisfy({ isDigit(zone[$0]) })
        else { return nil }
        func number(_ index: Int) -> Int64 { Int64(zone[index] - 0x30) * 10 + Int64(zone[index + 1] - 0x30) }
        guard number(1) < 24, number(4) < 60 else { return nil }
        let offset = number(1) * 3600 + number(4) * 60
        switch zone[0] {
        case UInt8(ascii: "+"): return Timestamp(seconds: local.seconds - offset)
        case UInt8(ascii: "-"): return Timestamp(seconds: local.seconds + offset)
        default: return nil
        }
    }

    private static func isDigit(_ character: UInt8) -> Bool { (0x30...0x39).contains(character) }
}
