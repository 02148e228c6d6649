import Blocklists
import Telemetry

/// What an operator's wish comes to for the packet that holds the name.
enum Policy {
    static func verdict(for action: Action) -> Verdict {
        switch action {
        case .observe: .accept
        case .drop, .reset, .nxdomain, .nodata, .refused, .sinkhole: .drop
        }
    }

    /// What is said in place of the packet; nil for silence.
    ///
    /// A list has one action for all of its protocols. Where the action is an answer that only DNS has, a connection is reset: the client
    /// learns at once, as the operator wishes, that it gets nowhere. Where it is a reset, a query over UDP has nothing to be reset and is refused.
    static func response(for action: Action, to inspected: InspectedProtocol, _ source: NameSource) -> Response? {
        switch action {
        case .observe, .drop: return nil
        case .reset, .nxdomain, .nodata, .refused, .sinkhole: break
        }
        switch inspected {
        case .dns: return source == .answer ? .rewrite : .answer
        case .tls: return .reset
        case .quic: return .unreachable
        case .http: return .page
        }
    }
}
