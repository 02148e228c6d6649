/// How many entries of a list were hit, in a form that may leave the host: nobody can tell from it whether one entry was.
///
/// Numbers are multiples of five, and below ten it is only said that they are. Nothing is told apart from a few: a publisher who lists one name, or
/// waits for the first hit on a new list, would learn that somebody went there.
package struct HitCount: Equatable, Sendable {
    /// A number that may be told.
    package enum Told: Equatable, Sendable {
        /// A multiple of five.
        case about(Int)
        /// From 0 to 9.
        case fewerThanTen
        /// More than so many.
        case moreThan(Int)
    }

    /// What the sketches say.
    package let estimate: HitEstimate

    /// Days since hits were noted first.
    package let observedDays: Int

    /// A count of these parts.
    package init(estimate: HitEstimate, observedDays: Int) {
        self.estimate = estimate
        self.observedDays = observedDays
    }

    /// The entries that were hit.
    package var hit: Told {
        if estimate.isAtLeast { return .moreThan(Self.multiple(estimate.entries)) }
        // What would be rounded up to ten is below it all the same.
        return estimate.entries < 9.5 ? .fewerThanTen : .about(max(Self.multiple(estimate.entries), 10))
    }

    /// The entries of a list of `entries` that were not hit; nil until the whole window was watched. It follows from ``hit``.
    package func notHit(of entries: Int) -> Told? {
        guard observedDays >= HitMemory.windowDays else { return nil }
        switch hit {
        case .fewerThanTen: return entries < 10 ? .fewerThanTen : .moreThan(entries - 10)
        case .about(let hit):
            let others = Self.multiple(Double(max(entries - hit, 0)))
            return others < 10 ? .fewerThanTen : .about(others)
        case .moreThan: return nil
        }
    }

    /// By how much a number told may be off, 19 times of 20: two standard deviations and the rounding, up to the next multiple of five; nil where that
    /// cannot be said.
    package var error: Int? {
        guard estimate.isAtLeast == false else { return nil }
        return Int(((2 * estimate.deviation + 2.5) / 5).rounded(.up)) * 5
    }

    private static func multiple(_ value: Double) -> Int { Int((value / 5).rounded()) * 5 }
}
