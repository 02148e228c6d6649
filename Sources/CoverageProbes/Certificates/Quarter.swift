package import Figures

/// Three months that are certified together, like `2026Q4`.
package struct Quarter: Hashable, Sendable, CustomStringConvertible {
    /// The year, 1970 to 9998.
    package let year: Int64
    /// 1 to 4.
    package let number: Int64

    /// The quarter that a text like `2026Q4` names; nil for anything else.
    package init?(_ text: String) {
        let octets = Array(text.utf8)
        guard octets.count == 6, octets[4] == UInt8(ascii: "Q"),
            octets[..<4].allSatisfy({ (0x30...0x39).contains($0) }),
            let year = Int64(text.prefix(4)), let number = Int64(text.suffix(1)), (1970...9998).contains(year),
            (1...4).contains(number)
        else { return nil }
        self.year = year
        self.number = number
    }

    package var description: String { "\(year)Q\(number)" }

    /// The first second, since 1970-01-01 UTC.
    package var start: Int64 { Self.second(year, number) }

    /// The first second behind it.
    package var end: Int64 { number == 4 ? Self.second(year + 1, 1) : Self.second(year, number + 1) }

    /// Its days until `time`, the one that has `time` included.
    package func days(until time: Int64) -> [Period] {
        var days: [Period] = []
        var day = Period(.day, containing: start)
        while day.start < end, day.start <= time {
            days.append(day)
            day = day.next
        }
        return days
    }

    private static func second(_ year: Int64, _ number: Int64) -> Int64 {
        CalendarDate(year: year, month: number * 3 - 2, day: 1).daysSinceEpoch * 86_400
    }
}
