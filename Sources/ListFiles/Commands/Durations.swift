extension Timestamp {
    /// The seconds that a person means by a number and a unit, as `30m`, `24h`, `7d` or `2w`; nil for anything else, zero and more than a
    /// century included.
    package static func seconds(ofDuration text: String) -> Int64? {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400]
        guard let last = text.last, let unit = units[last] else { return nil }
        let digits = text.dropLast()
        guard (1...9).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let count = Int64(digits), count > 0, count * unit <= 100 * 366 * 86_400
        else { return nil }
        return count * unit
    }
}
