import Confinement
import SensorConfiguration

/// What whoever gets hold of the sensor could do.
enum ConfinementChecks {
    /// Whether the running sensor has no more rights than its job takes.
    static func sensor(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        let status = try facts.confinement.known()
        guard facts.configuration.isConfined else {
            return [
                Finding(
                    .note,
                    "sandbox is false: the sensor keeps every right that it was started with",
                    reason:
                        "Whoever gets hold of it by a fault could use them; systemd's own sandbox holds all the same.",
                    advice: "leave sandbox out of [sensor], and restart the sensor"
                )
            ]
        }
        var rest: [String] = []
        if status.isFiltered == false { rest.append("its system calls are not filtered") }
        if status.hasNoNewPrivileges == false { rest.append("it can start programs with more rights") }
        if status.permitted.isSubset(of: Confinement.mostCapabilities) == false {
            rest.append("its capabilities: \(status.permitted.description)")
        }
        guard rest.isEmpty == false else { return [] }
        return [
            Finding(
                .warning,
                "the sensor is not confined: \(rest.joined(separator: ", "))",
                reason:
                    "Whoever gets hold of it by a fault could do more than it does. Its log says confinement-partial, and why.",
                command: facts.commands.hasSystemd ? facts.commands.startSensor : nil,
                advice: "grindvakt selftest confinement says what this kernel can do"
            )
        ]
    }
}
