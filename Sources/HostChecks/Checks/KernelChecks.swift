import NetfilterRules
import SensorConfiguration

/// What the kernel can do.
enum KernelChecks {
    /// Whether the kernel has what rules and queues need.
    static func features(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        var findings: [Finding] = []
        if case .unknown(let reason) = facts.queues {
            findings.append(
                Finding(
                    .fault,
                    "the kernel shows no table of queues: \(reason)",
                    reason: "Without nfnetlink_queue no packet reaches the sensor.",
                    command: "modprobe nfnetlink_queue"
                )
            )
        }
        // With nft everything else is part of nf_tables itself.
        if facts.backend == .nft, try facts.knowsQueueStatement.known() { return findings }
        // What is known to be missing is told even where the rest cannot be tried.
        for feature in try findings.isEmpty ? facts.refusedFeatures.known() : facts.refusedFeatures.value ?? [] {
            findings.append(
                Finding(
                    feature.isEssential ? .fault : .warning,
                    "iptables refuses \(feature.name)",
                    reason: feature.reason,
                    command: "modprobe \(feature.module)",
                    advice: "where the module is missing, install the distribution's full kernel package"
                )
            )
        }
        return findings
    }
}
