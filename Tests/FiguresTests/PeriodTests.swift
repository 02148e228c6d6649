import Testing

@testable import Figures

@Suite("Periods")
struct PeriodTests {
    @Test(
        arguments: [
            (-719_162, "0001-01-01"), (-1, "1969-12-31"), (0, "1970-01-01"), (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (19_782, "2024-02-29"), (20_779, "2026-11-22"), (2_932_896, "9999-12-31"),
        ] as [(Int64, String)]
    )
    func `a day has its date, and a date its day`(day: Int64, label: String) throws {
        #expect(CalendarDate(day: day).label == label)
        #expect(try #require(CalendarDate(label: label)).daysSinceEpoch == day)
    }

    @Test func `every day of four centuries follows the one before it`() {
        var before = CalendarDate(day: -1)
        for day in Int64(0)...146_097 {
            let date = CalendarDate(day: day)
            #expect(date.daysSinceEpoch == day)
            let isNextDay = date.year == before.year && date.month == before.month && date.day == before.day + 1
            let isNextMonth = date.day == 1 && (28...31).contains(before.day)
            #expect(isNextDay || isNextMonth)
            before = date
        }
    }

    @Test(arguments: [
        "2026-02-29", "2026-13-01", "2026-00-01", "2026-01-32", "26-01-01", "2026-1-1", "2026-01-01Z", "+026-01-01", "",
        "2026--1-01", "0000-01-01", "２０２６-01-01",
    ])
    func `what is no date is refused`(label: String) {
        #expect(CalendarDate(label: label) == nil)
    }

    @Test(
        arguments: [
            // 2026-11-22 was a Sunday.
            (PeriodLength.hour, 1_795_381_199, "2026-11-22T20:00Z", 3_600),
            (.day, 1_795_381_199, "2026-11-22", 86_400), (.week, 1_795_381_199, "2026-11-16", 7 * 86_400),
            (.week, 1_795_392_000, "2026-11-23", 7 * 86_400), (.month, 1_795_381_199, "2026-11-01", 30 * 86_400),
            (.month, 1_709_164_800, "2024-02-01", 29 * 86_400), (.week, -1, "1969-12-29", 7 * 86_400),
            (.month, 1_798_761_599, "2026-12-01", 31 * 86_400),
        ] as [(PeriodLength, Int64, String, Int64)]
    )
    func `a period begins where its calendar says`(length: PeriodLength, time: Int64, label: String, seconds: Int64) {
        let period = Period(length, containing: time)
        #expect(period.label == label)
        #expect(period.end - period.start == seconds)
        #expect(period.start <= time && time < period.end)
        #expect(period.next.start == period.end)
        #expect(Period(length, containing: period.start) == period)
        #expect(Period(length, containing: period.end - 1) == period)
    }

    @Test func `a time beyond every calendar is taken for the nearest within`() {
        for length in PeriodLength.allCases {
            #expect(Period(length, containing: .max).label.hasPrefix("9999-12"))
            #expect(Period(length, containing: .min).start <= -62_135_596_800)
        }
    }

    @Test func `a distribution goes by nearest rank`() {
        #expect(Distribution([]) == nil)
        #expect(Distribution([.nan, .infinity]) == nil)
        let hundred = Distribution((1...100).map(Double.init).shuffled())
        #expect(hundred?.median == 50 && hundred?.p95 == 95 && hundred?.longest == 100)
        let one = Distribution([7])
        #expect(one?.median == 7 && one?.p95 == 7 && one?.longest == 7)
    }

    @Test func `a market has a name of few characters`() {
        #expect(Market.isValid(id: "se"))
        #expect(Market.isValid(id: "no-mobile-2"))
        for id in ["", "SE", "s e", "åland", "abcdefghijklmnopq", "se/1"] { #expect(Market.isValid(id: id) == false) }
    }
}
