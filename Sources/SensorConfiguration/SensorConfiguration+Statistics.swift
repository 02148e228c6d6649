package import Figures

extension SensorConfiguration {
    /// Which figures are kept over time, and where: the table `[statistics]`. Nothing is kept before a market is named, as figures that belong to
    /// none can be held against no others.
    package struct Statistics: Equatable, Sendable {
        /// The file; nil for `statistics.db` in the state directory.
        package var path: String?

        /// The market's name; nil where nothing is kept.
        package var marketID: String?

        /// How many subscribers the sensor covers; nil where that is not said.
        package var subscribers: Int?

        /// How they reach the network; nil where that is not said.
        package var access: Access?

        /// Seconds in which events of one list entry are one attempt.
        package var attemptWindow = 2

        /// Days for which hours are kept.
        package var hourRetention = 35

        /// Days for which days are kept.
        package var dayRetention = 762

        /// The file that runs of `selftest coverage` are noted in and brought to; nil for `coverage.jsonl` in the state directory.
        package var coverage: String?

        /// Who exports the figures; nil where they are not exported.
        package var member: String?

        /// The file's name in the state directory.
        package static let defaultName = "statistics.db"

        /// The name of the file of coverage in the state directory.
        package static let defaultCoverageName = "coverage.jsonl"

        /// Nothing is kept.
        package init() {}

        /// Whose figures are kept; nil where none are.
        package var market: Market? {
            marketID.map { Market(id: $0, access: access, subscribers: subscribers) }
        }

        /// Whether a text may name who exports records.
        static func isMember(_ text: String) -> Bool {
            (1...32).contains(text.utf8.count)
                && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
        }
    }
}
