import ArgumentParser
import Glibc
import ListFiles
import SensorConfiguration

extension SensorConfiguration {
    /// The state directory of a sensor that has been started, for a command that is run beside it; nil where there is none.
    ///
    /// It is never made here: it has to belong to the sensor's user.
    func sensorStore() throws(ListFileError) -> ListStore? {
        // SAFETY: the value ends in zero; the string is copied at once, and nobody changes the environment.
        let made = unsafe getenv("STATE_DIRECTORY").map { unsafe String(cString: $0) }
        // SAFETY: the string lives for the time of the call and ends in zero.
        guard let folder = state.directory ?? made, unsafe access(folder + "/state.key", F_OK) == 0 else { return nil }
        return try ListStore(folder)
    }

    /// Where the audit log is; nil where none is written.
    var auditLogPath: String? {
        // SAFETY: the value ends in zero; the string is copied at once, and nobody changes the environment.
        let made = unsafe getenv("STATE_DIRECTORY").map { unsafe String(cString: $0) }
        guard let folder = state.directory ?? made else { return state.auditLog }
        // SAFETY: the string lives for the time of the call and ends in zero.
        let isThere = unsafe access(folder, F_OK) == 0
        guard state.auditLog != nil || isThere else { return nil }
        return state.auditLog(in: folder)
    }
}

/// Where a command notes what it did.
struct AuditOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("A log to note in who did this and when, with digests and counts.", valueName: "file")
    )
    var auditLog: String?

    /// Appends to the audit log where there is one; what keeps it from being written is told and hinders nothing.
    func note(_ record: AuditRecord, _ configuration: SensorConfiguration? = nil) {
        guard let path = auditLog ?? configuration?.auditLogPath else { return }
        do throws(TrustError) {
            try AuditLog(path).append(record)
        } catch {
            Grindvakt.warn("the audit log could not be written: \(error)")
        }
    }
}
