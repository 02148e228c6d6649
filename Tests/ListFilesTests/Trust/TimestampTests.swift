import ListFiles
import TestSupport
import Testing

@Suite("Timestamp (RFC 3339)")
struct TimestampTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2027-01-31T12:00:00Z", 1_801_396_800),
            ("2028-02-29T23:59:59Z", 1_835_481_599),
            ("2000-02-29T00:00:00Z", 951_782_400), ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] as [(String, Int64)]
    )
    func `a time is read and written`(text: String, seconds: Int64) throws {
        #expect(Timestamp(text)?.seconds == seconds)
        #expect(Timestamp(seconds: seconds)?.description == text)
    }

    @Test(arguments: [
        "", "2027-01-31", "2027-01-31T12:00:00", "2027-01-31t12:00:00Z", "2027-01-31T12:00:00z", "2027-1-31T12:00:00Z",
        "2027-02-29T12:00:00Z", "2027-13-01T12:00:00Z", "2027-01-31T24:00:00Z", "2027-01-31T12:60:00Z",
        "2027-01-31T12:00:60Z", "2027-01-31 12:00:00Z", "2027-01-31T12:00:00.0Z", "1969-12-31T23:59:59Z",
        "2027-01-31T12:00:00+00:00", " 2027-01-31T12:00:00Z", "2027-01-31T12:00:00Z ", "+027-01-31T12:00:00Z",
        "２027-01-31T12:00:00Z",
    ])
    func `any other spelling is refused`(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test func `times outside of four digits of a year do not exist`() throws {
        #expect(Timestamp(seconds: -1) == nil)
        #expect(Timestamp(seconds: 253_402_300_800) == nil)
        #expect(try time("9999-12-31T23:59:59Z").advanced(by: .max) == time("9999-12-31T23:59:59Z"))
        #expect(try time("2027-01-31T12:00:00Z").advanced(by: .min) == time("1970-01-01T00:00:00Z"))
    }

    @Test func `every time has one spelling`() throws {
        var random = SeededRandom(seed: 3339)
        for _ in 0..<2000 {
            let time = try #require(Timestamp(seconds: .random(in: 0...253_402_300_799, using: &random)))
            #expect(Timestamp(time.description) == time)
            let mutant = mutation(of: Array(time.description.utf8), &random)
            let text = String(decoding: mutant, as: UTF8.self)
            if let other = Timestamp(text) { #expect(other.description == text) }
            _ = Timestamp.parse(argument: text, now: time)
        }
    }

    @Test(arguments: [
        ("2027-01-31", "2027-01-31T00:00:00Z"),
        ("2027-01-31T12:00:00Z", "2027-01-31T12:00:00Z"),
        ("2027-01-31t12:00:00z", "2027-01-31T12:00:00Z"),
        ("2027-01-31T12:00:00.999Z", "2027-01-31T12:00:00Z"),
        ("2027-01-31T12:00:00+02:00", "2027-01-31T10:00:00Z"),
        ("2027-01-31T23:30:00-01:30", "2027-02-01T01:00:00Z"),
        ("2027-01-31T12:00:00.5-00:00", "2027-01-31T12:00:00Z"),
        ("+30d", "2027-03-02T12:00:00Z"),
        ("+12h", "2027-02-01T00:00:00Z"),
        ("+4w", "2027-02-28T12:00:00Z"),
        ("+0d", "2027-01-31T12:00:00Z"),
    ])
    func `a person writes a time in several ways`(text: String, meant: String) throws {
        #expect(Timestamp.parse(argument: text, now: try time("2027-01-31T12:00:00Z")) == (try time(meant)))
    }

    @Test(arguments: [
        "", "+", "+d", "d", "30d", "+30", "+-3d", "+30s", "+30m", "+ 30d", "+9999999999d", "+999999999w", "-30d",
        "tomorrow",
        "2027-02-30", "2027-01-3", "31.01.2027", "2027-01-31T12:00Z", "2027-01-31T12:00:00", "2027-01-31T12:00:00.Z",
        "2027-01-31T12:00:00+2:00", "2027-01-31T12:00:00+24:00", "2027-01-31T12:00:00+02:60",
        "2027-01-31T12:00:00+0200",
        "1970-01-01T00:00:00+01:00", "2027-01-31X12:00:00Z", "2027-01-31T12:00:00ZZ",
    ])
    func `what is no time is none`(text: String) throws {
        #expect(Timestamp.parse(argument: text, now: try time("2027-01-31T12:00:00Z")) == nil)
    }
}
