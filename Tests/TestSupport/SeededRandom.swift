/// Random numbers that are the same on every run: xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift
/// generators, scrambled", 2016).
package struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    /// A generator whose numbers follow from `seed` alone.
    package init(seed: UInt64) {
        // Seeds that are close to each other are spread out, and zero, from which xorshift never departs, is avoided.
        let spread = (seed &+ 0x9E37_79B9_7F4A_7C15) &* 0xBF58_476D_1CE4_E5B9
        state = spread == 0 ? 1 : spread
    }

    /// The next 64 bits.
    package mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }
}
