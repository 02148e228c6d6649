package import Telemetry
import Wire

/// What the kernel is told about a packet.
package enum Verdict: UInt8, Sendable {
    case accept
    case drop

    /// The word for counters and replay output.
    package var label: String {
        switch self {
        case .accept: "accept"
        case .drop: "drop"
        }
    }
}

/// What is known of a packet's flow for good, so that the kernel can treat its later packets alone.
package enum FlowMark: UInt8, Sendable {
    /// No later packet of the flow needs to be seen.
    case accepted
    /// Every later packet of the flow is to be dropped.
    case blocked
}

/// What follows from one packet.
package struct Decision: Equatable, Sendable {
    /// What to tell the kernel.
    package let verdict: Verdict

    /// What is known of the flow from this packet on; nil while nothing is.
    package let flowMark: FlowMark?

    /// Why the packet could not be judged; nil where it was judged or holds nothing to judge.
    package let undecided: UndecidedCause?

    init(_ verdict: Verdict, flowMark: FlowMark? = nil, undecided: UndecidedCause? = nil) {
        self.verdict = verdict
        self.flowMark = flowMark
        self.undecided = undecided
    }

    /// The same decision, with a cause where it was to accept and has none.
    func noting(_ cause: UndecidedCause) -> Decision {
        verdict == .accept && undecided == nil ? Decision(verdict, flowMark: flowMark, undecided: cause) : self
    }
}

extension UndecidedCause {
    /// What bytes that are all there and break their format, or are more than is read of a message, are counted as.
    init(_ error: WireError) {
        switch error {
        case .limitExceeded(.dnsQuestionCount), .limitExceeded(.dnsTargetCount): self = .overBudget
        default: self = .malformed
        }
    }
}
