package import Telemetry
import Wire

/// What the kernel is told about a packet.
package enum Verdict: UInt8, CaseIterable, Sendable {
    case accept
    case drop

    /// The word for replay output.
    package var label: StaticString {
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
    /// Every later packet of the flow, which is a TCP connection, is to be refused with a reset.
    case refused
}

/// What is said in place of a packet that is dropped.
package enum Response: UInt8, Sendable {
    /// A DNS query is answered in the server's stead.
    case answer
    /// A DNS answer is replaced by what a query for the listed name would have got.
    case rewrite
    /// A TCP connection is reset at both ends.
    case reset
    /// An HTTP request is answered with the stop page, where there is one, and else reset.
    case page
    /// The client of a QUIC connection is told, where the operator wants it, that nobody listens.
    case unreachable
}

/// What follows from one packet.
package struct Decision: Equatable, Sendable {
    /// What to tell the kernel.
    package let verdict: Verdict

    /// What is known of the flow from this packet on; nil while nothing is.
    package let flowMark: FlowMark?

    /// Why the packet could not be judged; nil where it was judged or holds nothing to judge.
    package let undecided: UndecidedCause?

    /// What is said in place of a dropped packet; nil for silence.
    package let response: Response?

    /// The list that decided, by its index in ``Blocklist/lists``; of no meaning without a response that follows from a list.
    package let list: UInt8

    init(
        _ verdict: Verdict,
        flowMark: FlowMark? = nil,
        undecided: UndecidedCause? = nil,
        response: Response? = nil,
        list: UInt8 = 0
    ) {
        self.verdict = verdict
        self.flowMark = flowMark
        self.undecided = undecided
        self.response = response
        self.list = list
    }

    /// The same decision, with another response and mark.
    func answered(_ response: Response, flowMark: FlowMark?) -> Decision {
        Decision(verdict, flowMark: flowMark, undecided: undecided, response: response, list: list)
    }

    /// The same decision, without a response.
    var unanswered: Decision { Decision(verdict, flowMark: flowMark, undecided: undecided) }

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
