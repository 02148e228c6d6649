package import Telemetry

/// A test name that was asked for, and how it fared.
package struct CoverageProbe: Equatable, Sendable {
    /// The list that has the name.
    package var list: String
    /// How it was asked for.
    package var mechanism: Mechanism
    /// Whether it was blocked.
    package var isBlocked: Bool
    /// Milliseconds until the client knew that it was; nil where it was not, or nobody noted it.
    package var milliseconds: Double?

    /// Collects them.
    package init(list: String, mechanism: Mechanism, isBlocked: Bool, milliseconds: Double? = nil) {
        self.list = list
        self.mechanism = mechanism
        self.isBlocked = isBlocked
        self.milliseconds = milliseconds
    }
}

/// What one run of probes found; a store takes each once, however often it is given.
package struct CoverageRun: Equatable, Sendable {
    /// A number that no other run has, such as a digest of what was noted of it.
    package var identity: Int64
    /// When it took place, in seconds since 1970-01-01 UTC.
    package var time: Int64
    /// The probes.
    package var probes: [CoverageProbe]

    /// Collects them.
    package init(identity: Int64, time: Int64, probes: [CoverageProbe]) {
        self.identity = identity
        self.time = time
        self.probes = probes
    }
}
