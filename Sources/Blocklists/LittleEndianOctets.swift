// Numbers in the files that a sensor keeps for itself: least significant octet first.

extension [UInt8] {
    /// Appends so many octets of a number, at most eight.
    package mutating func append(_ number: UInt64, octets count: Int) {
        for index in 0..<Swift.min(count, 8) { append(UInt8(truncatingIfNeeded: number >> UInt64(8 * index))) }
    }
}

extension ArraySlice<UInt8> {
    /// Takes a number of so many octets, at most eight, off the front; nil, and nothing has changed, where there are fewer.
    package mutating func takeNumber(octets count: Int) -> UInt64? {
        guard count <= 8, self.count >= count else { return nil }
        var number: UInt64 = 0
        for (index, octet) in prefix(count).enumerated() { number |= UInt64(octet) << UInt64(8 * index) }
        self = dropFirst(count)
        return number
    }
}
