/// Which of ``HitSketch/bitCount`` bits were set: a sketch at rest (linear counting; Whang, Vander-Zanden and Taylor, "A linear-time
/// probabilistic counting algorithm for database applications", 1990).
package struct HitBits: Equatable, Sendable {
    /// Words of 64 bits.
    package static let wordCount = HitSketch.bitCount / 64

    /// The bits, ``wordCount`` words.
    package private(set) var words: [UInt64]

    /// No bit set.
    package init() {
        words = Array(repeating: 0, count: Self.wordCount)
    }

    /// These bits; nil unless there are ``wordCount`` words.
    package init?(words: [UInt64]) {
        guard words.count == Self.wordCount else { return nil }
        self.words = words
    }

    /// Sets the bits that are set in `other`: the sketch of whatever either of them has counted.
    package mutating func formUnion(_ other: HitBits) {
        for index in words.indices { words[index] |= other.words[index] }
    }

    /// How many bits are set.
    package var setCount: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// Whether no bit is set: nothing was counted.
    package var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    /// How many different entries have set the bits.
    ///
    /// Each entry has one bit, two may share one. Of `m` bits with `z` of them zero it is `-m ln(z/m)`, with a standard deviation of
    /// `sqrt(m (e^t - t - 1))`, where `t` is the estimate by `m`: 3 entries of 1,000, 28 of 10,000, 369 of 100,000.
    package var estimate: HitEstimate {
        let bits = Double(HitSketch.bitCount)
        let zeros = HitSketch.bitCount - setCount
        // The last bits tell little: of those that are set then anything could be said.
        guard zeros >= HitEstimate.fewestZeros else {
            let least = Self.logarithm(bits / Double(HitEstimate.fewestZeros)) * bits
            return HitEstimate(entries: least, deviation: .infinity, isAtLeast: true)
        }
        let load = Self.logarithm(bits / Double(zeros))
        // e to the load is m/z.
        let variance = bits * (bits / Double(zeros) - load - 1)
        return HitEstimate(entries: load * bits, deviation: max(variance, 0).squareRoot(), isAtLeast: false)
    }

    /// The natural logarithm of a number from 1 on, which the standard library has not without the C library: the mantissa by the series of the
    /// inverse hyperbolic tangent, exact to the last digits that a count could show.
    static func logarithm(_ value: Double) -> Double {
        guard value.isFinite, value > 0 else { return 0 }
        let ratio = (value.significand - 1) / (value.significand + 1)
        var power = ratio
        var sum = 0.0
        // The significand is below 2, so the ratio below a third: 20 terms leave less than 1e-19.
        for term in 0..<20 {
            sum += power / Double(2 * term + 1)
            power *= ratio * ratio
        }
        return 2 * sum + Double(value.exponent) * 0.693_147_180_559_945_309_4
    }
}

/// How many entries were hit, as far as a sketch can tell.
package struct HitEstimate: Equatable, Sendable {
    /// The most likely number.
    package let entries: Double

    /// The standard deviation of the estimate; infinite where only a least number can be told.
    package let deviation: Double

    /// Whether it may be any larger number: the sketch is full.
    package let isAtLeast: Bool

    /// Bits that must be zero for an estimate.
    static let fewestZeros = 64
}
