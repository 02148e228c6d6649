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

        /// Entries that may always come or go.
        var changeFloor: Int {
            get { policy.growth.floor }
            set {
                policy.growth.floor = newValue
                policy.shrink.floor = newValue
            }
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
