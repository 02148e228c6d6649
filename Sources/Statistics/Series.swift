import Figures
import Telemetry

/// What a number of the store says; the raw values are in every store and stay as they are.
enum Measure: String, CaseIterable, Sendable {
    // Per list, mechanism and action.
    case events
    case attempts
    // Per mechanism and action.
    case anyAttempts = "any-attempts"
    // Per list and mechanism.
    case testEvents = "test-events"

    case uptime = "uptime-ms"
    case failOpen = "fail-open-ms"
    case killSwitch = "kill-switch-ms"
    case packets
    case queueDrops = "queue-drops"
    case unseen

    case dnsNames = "dns-names"
    case tlsNames = "tls-names"
    case quicNames = "quic-names"
    case httpNames = "http-names"
    case withoutServerName = "without-server-name"
    case encryptedClientHello = "encrypted-client-hello"
    case incomplete
    case unknownQUICVersion = "unknown-quic-version"
    case dotFlows = "dot-flows"
    case doqFlows = "doq-flows"
    case dohFlows = "doh-flows"

    // Per list.
    case refusals
    case stale = "stale-ms"
    case entries
    // Per list and reason.
    case rejected

    case subscribers
    case access

    /// Whether the last value of a period is what counts, and not the sum of all.
    var isLatest: Bool {
        switch self {
        case .entries, .rejected, .subscribers, .access: true
        default: false
        }
    }
}

/// One row of numbers over time.
struct Series: Hashable, Sendable {
    var measure: Measure
    /// The list's name; empty where it is about no list.
    var list = ""
    /// How names were carried; nil where it is about all.
    var mechanism: Mechanism?
    /// The action or the reason; empty where there is none.
    var detail = ""

    init(_ measure: Measure, list: String = "", mechanism: Mechanism? = nil, detail: String = "") {
        self.measure = measure
        self.list = list
        self.mechanism = mechanism
        self.detail = detail
    }
}

extension Access {
    /// The number that stands for it in a store; 0 stands for none.
    var number: UInt64 {
        switch self {
        case .fixed: 1
        case .mobile: 2
        }
    }

    init?(number: UInt64) {
        guard let access = Self.allCases.first(where: { $0.number == number }) else { return nil }
        self = access
    }
}
