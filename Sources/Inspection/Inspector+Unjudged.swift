import Blocklists
import Telemetry

/// Packets that cannot be judged: they pass and are counted, unless the operator wants it otherwise.
extension Inspector {
    /// What becomes of such a packet. Where it is dropped, the flow whose message will not be known is blocked, as if it held a listed name.
    mutating func settleUnjudged(_ decision: Decision, _ cause: UndecidedCause) -> Decision {
        guard Self.drops(cause, configuration.unjudged.union(blocklist.unjudged)) else { return decision }
        guard presentFlow != 0 else { return Decision(.drop, undecided: cause) }
        release(presentFlow)
        flows.decide(presentFlow, .blocked)
        return Decision(.drop, flowMark: .blocked, undecided: cause)
    }

    /// Whether packets that cannot be judged for this cause are dropped. What was cut before it came here, or began before, is nobody's fault.
    private static func drops(_ cause: UndecidedCause, _ wish: UnjudgedPackets) -> Bool {
        switch cause {
        case .malformed: wish.contains(.dropMalformed)
        case .overBudget, .fragment: wish.contains(.dropOverBudget)
        case .truncated, .flowEvicted, .midstream, .unknownQUICVersion: false
        }
    }
}
