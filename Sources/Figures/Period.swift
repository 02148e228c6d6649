/// How long the periods of a report are; all of them begin at midnight UTC, a week on its Monday (ISO 8601).
package enum PeriodLength: String, CaseIterable, Sendable {
    case hour
    case day
    case week
    case month
}

/// A stretch of time that figures are added up over.
package struct Period: Hashable, Sendable {
    /// How long it is.
    package let length: PeriodLength

    /// Its first second, in seconds since 1970-01-01 UTC.
    package let start: Int64

    /// The first second behind it.
    package let end: Int64

    /// The period of this length that has the second `time`.
    ///
    /// - Parameters:
    ///   - length: how long it is.
    ///   - time: seconds since 1970-01-01 UTC, of the years 1 to 9999; what lies outside is taken for the nearest such second.
    package init(_ length: PeriodLength, containing time: Int64) {
        let time = min(max(time, Self.first), Self.last)
        self.length = length
        let day = CalendarDate.day(of: time)
        switch length {
        case .hour:
            start = Self.floor(time, 3_600)
            end = start + 3_600
        case .day:
            start = day * 86_400
            end = start + 86_400
        case .week:
            // 1970-01-01 was a Thursday.
            start = (Self.floor(day + 3, 7) - 3) * 86_400
            end = start + 7 * 86_400
        case .month:
            let date = CalendarDate(day: day)
            start = CalendarDate(year: date.year, month: date.month, day: 1).daysSinceEpoch * 86_400
            let next =
                date.month == 12
                ? CalendarDate(year: date.year + 1, month: 1, day: 1)
                : CalendarDate(year: date.year, month: date.month + 1, day: 1)
            end = next.daysSinceEpoch * 86_400
        }
    }

    /// The period of the same length behind this one.
    package var next: Period { Period(length, containing: end) }

    /// The date of its first second, like `2026-11-22`; of an hour with the time, like `2026-11-22T21:00Z`.
    package var label: String {
        let date = CalendarDate(day: CalendarDate.day(of: start))
        guard length == .hour else { return date.label }
        let hour = (start - date.daysSinceEpoch * 86_400) / 3_600
        return "\(date.label)T\(hour < 10 ? "0" : "")\(hour):00Z"
    }

    /// The first second of the year 1 and the last of the year 9999.
    private static let first: Int64 = -62_135_596_800
    private static let last: Int64 = 253_402_300_799

    private static func floor(_ value: Int64, _ step: Int64) -> Int64 {
        value - ((value % step) + step) % step
    }
}

/// A day of the proleptic Gregorian calendar.
package struct CalendarDate: Hashable, Sendable {
    /// The year, of the common era.
    package let year: Int64
    /// 1 to 12.
    package let month: Int64
    /// 1 to 31.
    package let day: Int64

    /// The date of these parts, which are taken as they are.
    package init(year: Int64, month: Int64, day: Int64) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// The date of a day, counted from 1970-01-01.
    package init(day count: Int64) {
        // Years begin in March here, so that the day that is not always there is a year's last one. An era has 400 years.
        let shifted = count + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// The date in the form `2026-11-22`; nil where the text has another form or the day does not exist.
    package init?(label: String) {
        let parts = label.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].utf8.count == 4, parts[1].utf8.count == 2, parts[2].utf8.count == 2,
            label.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2D }),
            let year = Int64(parts[0]), let month = Int64(parts[1]), let day = Int64(parts[2]),
            year >= 1, (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        self.init(year: year, month: month, day: day)
        // A day that the month does not have comes back as one of the next month.
        guard CalendarDate(day: daysSinceEpoch) == self else { return nil }
    }

    /// The days from 1970-01-01 to this one.
    package var daysSinceEpoch: Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// The form `2026-11-22`.
    package var label: String {
        func padded(_ value: Int64, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
        }
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }

    /// The day, counted from 1970-01-01, that has the second `time`.
    package static func day(of time: Int64) -> Int64 {
        (time >= 0 ? time : time - 86_399) / 86_400
    }
}
