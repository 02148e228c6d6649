/// A piece of work whose cost is measured, always in the same way: by time, and exactly, by counting instructions.
///
/// What it works on is made beforehand and is not measured.
package struct Workload: Sendable {
    /// Does the work so many times and says how many times it came to what it should; whatever calls it must find them equal.
    ///
    /// Each call goes on with the inputs where the last one stopped.
    package typealias Run = (_ count: Int) -> Int

    /// Where the work is measured.
    package enum Extent: Sendable {
        /// By time, and by instructions in every check.
        case checked
        /// By time alone: to make its inputs takes too long where instructions are counted.
        case timed
    }

    /// What it is asked for by.
    package let name: String

    /// What is done once.
    package let iteration: String

    /// Where it is measured.
    package let extent: Extent

    /// How often it is done in one pass through its inputs: runs that differ by whole passes differ by the same work.
    package let pass: Int

    /// Makes the inputs.
    package let prepare: @Sendable () -> Run

    /// A workload of these parts.
    init(
        _ name: String,
        _ iteration: String,
        extent: Extent = .checked,
        pass: Int,
        prepare: @escaping @Sendable () -> Run
    ) {
        self.name = name
        self.iteration = iteration
        self.extent = extent
        self.pass = pass
        self.prepare = prepare
    }

    /// All there are, from the lowest floor up.
    package static let all =
        wire + exposition + names + lookups + quic + flows + reassembly + packets
}
