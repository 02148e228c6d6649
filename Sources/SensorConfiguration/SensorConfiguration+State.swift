extension SensorConfiguration {
    /// Where the sensor keeps what has to outlast it: the table `[state]`.
    package struct State: Equatable, Sendable {
        /// The folder of the last good snapshots and of the sequence numbers; nil for what systemd says (`$STATE_DIRECTORY`).
        package var directory: String?

        /// The audit log; nil for one in the folder.
        package var auditLog: String?

        /// The folder and the log that the environment gives.
        package init() {}

        /// Where the audit log is, `directory` being the folder that is in use, whoever named it.
        package func auditLog(in directory: String) -> String {
            auditLog ?? (directory.hasSuffix("/") ? directory : directory + "/") + "audit.log"
        }
    }
}
