/// What came back.
package enum ProbeAnswer: String, CaseIterable, Sendable {
    /// What a server says: an address, a message of TLS or QUIC, a page.
    case served
    /// No such name.
    case nxdomain
    /// No records of this type.
    case nodata
    /// The server does not want to answer.
    case refused
    /// An address that leads to who blocks.
    case sinkhole
    /// Any other answer of DNS.
    case failure
    /// An answer that does not fit a datagram.
    case truncated
    /// A page that says that the site is blocked.
    case page
    /// The connection was reset.
    case reset
    /// The connection ended without a word.
    case closed
    /// The network says that nobody is there.
    case unreachable
    /// Nothing.
    case timeout
    /// No connection came about to ask over.
    case unconnected
}

/// What became of a probe.
package struct ProbeOutcome: Equatable, Sendable {
    /// What came back.
    package let answer: ProbeAnswer

    /// Whether the answer says of itself that it blocks: an extended DNS error for it (RFC 8914 §4.5, §4.16 to §4.19).
    package let isMarked: Bool

    /// Milliseconds from the question to the answer, or until none was waited for any more.
    package let milliseconds: Int

    /// An outcome of these parts.
    package init(_ answer: ProbeAnswer, isMarked: Bool = false, milliseconds: Int = 0) {
        self.answer = answer
        self.isMarked = isMarked
        self.milliseconds = milliseconds
    }

    /// Whether the route to the server works, as a name on no list shows it.
    var showsThatTheRouteWorks: Bool {
        guard isMarked == false else { return false }
        switch answer {
        case .served, .nxdomain, .nodata, .refused, .failure, .truncated: return true
        case .sinkhole, .page, .reset, .closed, .unreachable, .timeout, .unconnected: return false
        }
    }
}

/// What a probe shows.
package enum ProbeVerdict: Equatable, Sendable {
    /// The name was blocked, and so the client was told.
    case blocked(ProbeAnswer)
    /// The name passed.
    case passed
    /// Neither can be said.
    case unclear(Doubt)

    /// Why nothing can be said.
    package enum Doubt: String, CaseIterable, Sendable {
        /// A name on no list fared no better: what is in the way is not the block.
        case controlFailed = "control_failed"
        /// The answer is the one that a name gets that does not exist.
        case sameAsUnlisted = "same_as_unlisted"
        /// What came back says nothing.
        case noAnswer = "no_answer"
    }

    /// What an outcome shows beside those of a name on no list, asked for on the same route before and after it.
    package init(_ outcome: ProbeOutcome, controls: [ProbeOutcome]) {
        guard controls.isEmpty == false, controls.allSatisfy(\.showsThatTheRouteWorks) else {
            self = .unclear(.controlFailed)
            return
        }
        if outcome.isMarked {
            self = .blocked(outcome.answer == .served ? .sinkhole : outcome.answer)
            return
        }
        switch outcome.answer {
        case .served: self = .passed
        case .sinkhole, .page, .reset, .unreachable, .timeout: self = .blocked(outcome.answer)
        case .nxdomain, .nodata, .refused:
            // Of a name that does not exist a resolver says the same, whether it is listed or not.
            self = controls.allSatisfy { $0.answer == .served } ? .blocked(outcome.answer) : .unclear(.sameAsUnlisted)
        case .failure, .truncated, .closed, .unconnected: self = .unclear(.noAnswer)
        }
    }
}
