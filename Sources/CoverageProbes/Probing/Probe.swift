package import Telemetry

/// One question to the network: a name, asked for by one mechanism of one server.
package struct Probe: Equatable, Sendable {
    /// The type of the records that a DNS query asks for.
    package enum RecordType: UInt16, CaseIterable, Sendable {
        /// An IPv4 address (RFC 1035 §3.4.1).
        case a = 1
        /// An IPv6 address (RFC 3596 §2.1).
        case aaaa = 28
        /// A service binding (RFC 9460 §9).
        case https = 65

        /// The type as zone files write it.
        package var label: String {
            switch self {
            case .a: "A"
            case .aaaa: "AAAA"
            case .https: "HTTPS"
            }
        }
    }

    /// What a probe asks, whatever the name: probes of one route have the same control.
    package struct Route: Hashable, Sendable {
        /// How the name is carried.
        package var mechanism: Mechanism
        /// What a DNS query asks for; nil for the other mechanisms.
        package var type: RecordType?
        /// Who is asked.
        package var server: ProbeAddress
        /// The server's port.
        package var port: UInt16

        /// A route of these parts.
        package init(_ mechanism: Mechanism, _ type: RecordType? = nil, _ server: ProbeAddress, port: UInt16? = nil) {
            self.mechanism = mechanism
            self.type = type
            self.server = server
            self.port = port ?? mechanism.usualPort
        }
    }

    /// How it is asked.
    package let route: Route

    /// What is asked for.
    package let name: TestName

    /// A probe of these parts.
    package init(_ route: Route, _ name: TestName) {
        self.route = route
        self.name = name
    }
}

extension Probe.Route {
    /// The routes by these mechanisms: DNS to the resolvers, all else to the targets.
    package static func all(
        mechanisms: [Mechanism],
        resolvers: [ProbeAddress],
        targets: [ProbeAddress]
    ) -> [Probe.Route] {
        mechanisms.flatMap { mechanism -> [Probe.Route] in
            switch mechanism {
            case .dnsUDP, .dnsTCP:
                resolvers.flatMap { server in
                    Probe.RecordType.allCases.map { Probe.Route(mechanism, $0, server) }
                }
            case .tlsSNI, .quicV1, .quicV2, .httpHost: targets.map { Probe.Route(mechanism, nil, $0) }
            }
        }
    }
}

extension Mechanism {
    /// The port that servers of the mechanism listen on.
    package var usualPort: UInt16 {
        switch self {
        case .dnsUDP, .dnsTCP: 53
        case .tlsSNI, .quicV1, .quicV2: 443
        case .httpHost: 80
        }
    }

    /// Whether the question is a datagram, which may be lost.
    var isDatagram: Bool {
        switch self {
        case .dnsUDP, .quicV1, .quicV2: true
        case .dnsTCP, .tlsSNI, .httpHost: false
        }
    }
}

/// How fast probes are sent, and how many.
package struct ProbePace: Equatable, Sendable {
    /// Probes begun in a second.
    package var perSecond = 20
    /// Probes that wait for an answer at a time.
    package var inFlight = 64
    /// Probes in all, controls among them.
    package var total = 20_000
    /// Milliseconds until a probe counts as unanswered.
    package var timeout = 2_000

    /// The usual pace.
    package init() {}
}
