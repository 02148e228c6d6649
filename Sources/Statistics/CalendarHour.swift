/// Hours counted from 1970-01-01 UTC.
enum CalendarHour {
    /// The hour of a second; of one before 1970 the first, of one behind the year 9999 the last.
    static func containing(_ time: Int64) -> Int64 {
        min(max(time, 0), 253_402_300_799) / 3_600
    }

    /// The day of an hour that is not negative.
    static func day(_ hour: Int64) -> Int64 { hour / 24 }
}
