/// The protocols a name can be read from; the value of the label `protocol`.
package enum InspectedProtocol: UInt8, CaseIterable, Sendable {
    case dns
    case tls
    case quic
    case http

    /// The label's text in counters and in replay output.
    package var label: String {
        switch self {
        case .dns: "dns"
        case .tls: "tls"
        case .quic: "quic"
        case .http: "http"
        }
    }
}

/// Why a packet was accepted without being judged; the value of the label `cause`.
package enum UndecidedCause: UInt8, CaseIterable, Sendable {
    /// Bytes that break the format of their protocol.
    case malformed
    /// A packet of which the copy range or the capture holds only the beginning.
    case truncated
    /// An IP fragment; the name may lie in another one.
    case fragment
    /// A message that outgrew the budget of its flow, or was evicted when the budget of all flows was used up.
    case overBudget
    /// An undecided flow that the full flow table evicted, oldest first.
    case flowEvicted
    /// A flow whose beginning was not seen and in which no message boundary was found.
    case midstream

    /// The label's text in counters and in replay output.
    package var label: String {
        switch self {
        case .malformed: "malformed"
        case .truncated: "truncated"
        case .fragment: "fragment"
        case .overBudget: "over-budget"
        case .flowEvicted: "flow-evicted"
        case .midstream: "midstream"
        }
    }
}

/// What the kernel was told to do with a packet; the value of the label `verdict`.
package enum CountedVerdict: UInt8, CaseIterable, Sendable {
    /// The packet goes on.
    case accept
    /// The packet ends here, whatever the client is told instead.
    case drop

    /// The label's text in counters.
    package var label: String {
        switch self {
        case .accept: "accept"
        case .drop: "drop"
        }
    }
}
