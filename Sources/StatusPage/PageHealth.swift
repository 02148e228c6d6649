import Telemetry

/// What the report says of the sensor's health, in words.
struct PageHealth {
    /// Something that is wrong.
    struct Finding {
        /// Its fixed word.
        var id: String
        /// What it means.
        var text: String
    }

    /// All that is wrong.
    let findings: [Finding]

    /// Reads the report.
    init(_ report: StatusValue) {
        findings = report["health.findings"].elements.map { finding in
            Finding(id: finding["id"].asText ?? "", text: finding["text"].asText ?? "")
        }
    }

    /// The whole in a few words.
    var verdict: String {
        switch findings.count {
        case 0: "All is well"
        case 1: "1 thing needs attention"
        default: "\(findings.count) things need attention"
        }
    }

    /// The page's title: what matters first, since tabs are narrow.
    var title: String {
        findings.isEmpty ? "Grindvakt: all is well" : "(\(findings.count)) Grindvakt: needs attention"
    }
}

extension HealthFinding {
    /// What an operator does about it; commands stand between backquotes.
    var advice: String {
        switch self {
        case .killSwitch:
            "Switch blocking on again with `grindvakt kill-switch off` once its cause is gone."
        case .queueMissing:
            "Look at `journalctl -u grindvakt`, restart the sensor, and let `grindvakt doctor` tell who else holds the queue."
        case .kernelUnreadable:
            "Run `grindvakt doctor` as the sensor's own user: it tells which privilege or kernel feature is missing."
        case .workerStalled:
            "Restart the sensor with `systemctl restart grindvakt`; if it comes again, look at `journalctl -u grindvakt`."
        case .queueDrops:
            "Give the sensor more queues, and as many processors, then apply the rules anew; `grindvakt doctor` checks buffers and limits."
        case .failOpen:
            "Names were missed. Give the sensor more queues, and as many processors; `grindvakt doctor` checks buffers and limits."
        case .tapDown:
            "Bring the interface up with `ip link set INTERFACE up`; the tap goes on by itself."
        case .tapDrops:
            "Mirror less traffic to this interface or spread it over several, each with a tap of its own."
        case .injectionFailing:
            "Clients wait in vain instead of being told. `grindvakt doctor` checks routes and privileges."
        case .listExpired:
            "It goes on blocking. Fetch a newer edition with `grindvakt list fetch`, or ask its publisher for one."
        case .listExpiresSoon:
            "Fetch a newer edition with `grindvakt list fetch`, or ask its publisher for one: later it is as good as expired."
        case .listFallback:
            "Mend the source, then run `grindvakt reload`, which tells what is wrong with it."
        case .updateRefused:
            "Run `grindvakt reload` again: it tells the reason."
        case .statisticsFailing:
            "Look at `journalctl -u grindvakt`, which tells why; make room on the disk, or let the sensor's user write the file."
        }
    }
}
