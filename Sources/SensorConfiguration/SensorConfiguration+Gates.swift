package import Blocklists

extension SensorConfiguration {
    /// What is asked of a list before it is acted upon: the table `[gates]`.
    package struct Gates: Equatable, Sendable {
        /// Where Debian's package publicsuffix puts its data.
        package static let debianPublicSuffixes = "/usr/share/publicsuffix/public_suffix_list.dat"

        /// The gates that are on and their limits, for a list that has none of its own.
        package var policy = GatePolicy()

        /// The operator's file of protected names, one a line; nil for none.
        package var protected: String?

        /// The file of public suffixes; nil for ``debianPublicSuffixes``.
        package var publicSuffixes: String?

        /// The folder of signed approvals; nil for none.
        package var approvals: String?

        /// Every gate with its default limits.
        package init() {}

        mutating func read(_ section: inout Section) {
            for gate in Gate.allCases where section.bool(gate.rawValue) == false { policy.gates.remove(gate) }
            let entries = 0...Int(UInt32.max)
            policy.growth.percent = section.integer("growth-percent", in: 0...1_000_000) ?? policy.growth.percent
            policy.growth.count = section.integer("growth-count", in: entries) ?? policy.growth.count
            // A list cannot lose more than all of its entries.
            policy.shrink.percent = section.integer("shrink-percent", in: 0...100) ?? policy.shrink.percent
            policy.shrink.count = section.integer("shrink-count", in: entries) ?? policy.shrink.count
            if let floor = section.integer("change-floor", in: entries) {
                policy.growth.floor = floor
                policy.shrink.floor = floor
            }
            policy.rejectsPercent = section.integer("rejected-percent", in: 0...100) ?? policy.rejectsPercent
            let kinds = EntryKind.allCases.map { (word: $0.rawValue, value: $0) }
            if let refused = section.choices("refused-kinds", among: kinds) { policy.refusedKinds = Set(refused) }
            protected = section.path("protected")
            publicSuffixes = section.path("public-suffixes")
            approvals = section.path("approvals")
            section.refuseUnknownKeys()
        }
    }

    /// What is asked of one list: its own share of rejected lines, and that it is for what was configured.
    package func gatePolicy(for list: List) -> GatePolicy {
        var policy = gates.policy
        policy.rejectsPercent = list.rejectedPercent ?? policy.rejectsPercent
        policy.purpose = list.purpose
        return policy
    }
}
