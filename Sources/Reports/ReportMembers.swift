import Figures

/// The times of one list's updates in one period.
struct ReportLag {
    let updates: Int
    /// The ways, in the order that they are gone, with how long they took; nil where that is not known of any.
    let ways: [(name: String, distribution: Distribution?)]

    init(_ activations: [ActivationFigures]) {
        var lag = ReportSummary.Lag()
        for activation in activations { lag.add(activation) }
        updates = lag.updates
        ways = [
            ("issued_to_received", Distribution(lag.received)), ("received_to_activated", Distribution(lag.activated)),
            ("issued_to_activated", Distribution(lag.whole)),
        ]
    }
}

/// What could be seen, for programs.
enum ReportVisibility {
    /// The names and values, in the order of the declarations.
    static func members(_ figures: VisibilityFigures) -> [(name: String, value: UInt64)] {
        [
            ("dns_names", figures.dnsNames), ("tls_names", figures.tlsNames), ("quic_names", figures.quicNames),
            ("http_names", figures.httpNames), ("without_server_name", figures.withoutServerName),
            ("encrypted_client_hello", figures.encryptedClientHello), ("incomplete", figures.incomplete),
            ("unknown_quic_version", figures.unknownQUICVersion), ("dot_flows", figures.dotFlows),
            ("doq_flows", figures.doqFlows), ("doh_flows", figures.dohFlows),
        ]
    }
}
