extension SensorConfiguration {
    /// What is done where the sensor cannot do its job.
    package enum FailureAction: String, CaseIterable, Sendable {
        /// Let the packet pass, and count it.
        case accept
        /// Drop it, and count it.
        case drop
    }
}
