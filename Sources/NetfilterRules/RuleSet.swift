/// The netfilter front end that rules are written for.
package enum RuleBackend: String, CaseIterable, Sendable {
    /// `nft`: one table of our own in the family `inet`.
    case nft
    /// `iptables` and `ip6tables`: chains of our own, and jumps to them.
    case iptables
}

/// What the netfilter rules bring to the queues.
///
/// Packets from the client to the server are queued: the names stand there, and a blocked flow is dropped, and a refused
/// connection reset, in both directions by its connection mark. Of the other direction only what DNS servers answer is queued.
///
/// Both directions of a flow reach the same queue: for `queue num A-B` (nft, without `fanout`) and for `--queue-balance`
/// the kernel hashes the two addresses in an order of their own (`nfqueue_hash`), and every rule here names the same queues.
package struct RuleSet: Sendable, Hashable {
    /// The queue numbers, first to last; the kernel spreads the flows over them by address pair.
    package var queues: ClosedRange<UInt16>
    /// Whether packets that this host routes are queued (hook FORWARD).
    package var forwarded: Bool
    /// Whether packets to this host are queued (hook INPUT), for a resolver on the sensor's host.
    package var received: Bool
    /// Whether packets from this host are queued (hook OUTPUT).
    package var generated: Bool
    /// Whether DNS is queued: UDP and TCP to `dnsPorts`.
    package var dns: Bool
    /// Whether what DNS servers answer is queued too: UDP and TCP from `dnsPorts`. One packet more for each query.
    package var dnsAnswers: Bool
    /// Whether TLS is queued: TCP to `tlsPorts`.
    package var tls: Bool
    /// Whether QUIC is queued: UDP to `quicPorts`.
    package var quic: Bool
    /// Whether HTTP is queued: TCP to `httpPorts`.
    package var http: Bool
    /// Whether encrypted DNS is queued: TCP and UDP to ``encryptedDNSPort``. The first few packets of each flow.
    package var encryptedDNS: Bool
    /// The server's ports of DNS.
    package var dnsPorts: [UInt16]
    /// The destination ports of TLS.
    package var tlsPorts: [UInt16]
    /// The destination ports of QUIC.
    package var quicPorts: [UInt16]
    /// The destination ports of HTTP.
    package var httpPorts: [UInt16]
    /// The mark bits of decided flows.
    package var mark: FlowMark
    /// Whether the kernel accepts packets while nobody listens on a queue.
    package var failOpen: Bool

    /// The port of DNS over TLS and of DNS over QUIC (RFC 7858, RFC 9250).
    package static let encryptedDNSPort: UInt16 = 853

    /// A rule set; without arguments all that can be read of forwarded packets goes to queue 0, fail-open.
    ///
    /// - Parameters:
    ///   - queues: the queue numbers, first to last.
    ///   - forwarded: queue packets that this host routes.
    ///   - received: queue packets to this host.
    ///   - generated: queue packets from this host.
    ///   - dns: queue DNS.
    ///   - dnsAnswers: queue what DNS servers answer, where DNS is queued.
    ///   - tls: queue TLS.
    ///   - quic: queue QUIC.
    ///   - http: queue HTTP.
    ///   - encryptedDNS: queue DNS over TLS and over QUIC.
    ///   - dnsPorts: the server's ports of DNS.
    ///   - tlsPorts: the destination ports of TLS.
    ///   - quicPorts: the destination ports of QUIC.
    ///   - httpPorts: the destination ports of HTTP.
    ///   - mark: the mark bits of decided flows.
    ///   - failOpen: let the kernel accept packets while nobody listens.
    package init(
        queues: ClosedRange<UInt16> = 0...0,
        forwarded: Bool = true,
        received: Bool = false,
        generated: Bool = false,
        dns: Bool = true,
        dnsAnswers: Bool = true,
        tls: Bool = true,
        quic: Bool = true,
        http: Bool = true,
        encryptedDNS: Bool = true,
        dnsPorts: [UInt16] = [53],
        tlsPorts: [UInt16] = [443],
        quicPorts: [UInt16] = [443],
        httpPorts: [UInt16] = [80],
        mark: FlowMark = FlowMark(),
        failOpen: Bool = true
    ) {
        self.queues = queues
        self.forwarded = forwarded
        self.received = received
        self.generated = generated
        self.dns = dns
        self.dnsAnswers = dnsAnswers
        self.tls = tls
        self.quic = quic
        self.http = http
        self.encryptedDNS = encryptedDNS
        self.dnsPorts = dnsPorts
        self.tlsPorts = tlsPorts
        self.quicPorts = quicPorts
        self.httpPorts = httpPorts
        self.mark = mark
        self.failOpen = failOpen
    }

    /// The UDP destination ports that are queued, ascending, each once.
    package var udpPorts: [UInt16] {
        Set((dns ? dnsPorts : []) + (quic ? quicPorts : []) + (encryptedDNS ? [Self.encryptedDNSPort] : [])).sorted()
    }

    /// The UDP destination ports whose packets with a long header are queued whatever was decided about their flow, ascending, each once: another
    /// connection of QUIC may begin between the same ports, and nothing but its own packets tells it from the one before.
    var longHeaderPorts: [UInt16] {
        Set((quic ? quicPorts : []) + (encryptedDNS ? [Self.encryptedDNSPort] : [])).sorted()
    }

    /// The TCP destination ports that are queued, ascending, each once.
    package var tcpPorts: [UInt16] {
        let ports = (dns ? dnsPorts : []) + (tls ? tlsPorts : []) + (http ? httpPorts : [])
        return Set(ports + (encryptedDNS ? [Self.encryptedDNSPort] : [])).sorted()
    }

    /// The UDP and TCP source ports that are queued, ascending, each once.
    package var answerPorts: [UInt16] {
        dns && dnsAnswers ? Set(dnsPorts).sorted() : []
    }

    /// Checks what no text can express.
    ///
    /// - Throws: `RulesError.invalid` where nothing would be queued, a port is 0 or the mark's values collide.
    package func validate() throws(RulesError) {
        guard forwarded || received || generated else {
            throw .invalid("no rules: forwarded, received and generated packets are all off; turn one of them on")
        }
        guard !udpPorts.isEmpty || !tcpPorts.isEmpty else {
            throw .invalid("no rules: every mechanism is off or has no ports; turn one of them on")
        }
        guard !tcpPorts.contains(0), !udpPorts.contains(0) else {
            throw .invalid("port 0 cannot be queued; name a port from 1 to 65535")
        }
        guard mark.isSound else {
            throw .invalid("mark-mask \(markText(mark.mask)) needs three bits of its own; set mark-mask = 0x00070000")
        }
    }
}
