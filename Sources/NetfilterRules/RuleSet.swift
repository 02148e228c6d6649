/// The netfilter front end that rules are written for.
package enum RuleBackend: String, CaseIterable, Sendable {
    /// `nft`: one table of our own in the family `inet`.
    case nft
    /// `iptables` and `ip6tables`: chains of our own, and jumps to them.
    case iptables
}

/// What the netfilter rules bring to the queues.
///
/// Only packets from the client to the server are queued: the names stand there, and a blocked flow is dropped in both
/// directions by its connection mark.
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
    /// Whether TLS is queued: TCP to `tlsPorts`.
    package var tls: Bool
    /// The destination ports of DNS.
    package var dnsPorts: [UInt16]
    /// The destination ports of TLS.
    package var tlsPorts: [UInt16]
    /// The mark bits of decided flows.
    package var mark: FlowMark
    /// Whether the kernel accepts packets while nobody listens on a queue.
    package var failOpen: Bool

    /// A rule set; without arguments DNS and TLS of forwarded packets go to queue 0, fail-open.
    ///
    /// - Parameters:
    ///   - queues: the queue numbers, first to last.
    ///   - forwarded: queue packets that this host routes.
    ///   - received: queue packets to this host.
    ///   - generated: queue packets from this host.
    ///   - dns: queue DNS.
    ///   - tls: queue TLS.
    ///   - dnsPorts: the destination ports of DNS.
    ///   - tlsPorts: the destination ports of TLS.
    ///   - mark: the mark bits of decided flows.
    ///   - failOpen: let the kernel accept packets while nobody listens.
    package init(
        queues: ClosedRange<UInt16> = 0...0,
        forwarded: Bool = true,
        received: Bool = false,
        generated: Bool = false,
        dns: Bool = true,
        tls: Bool = true,
        dnsPorts: [UInt16] = [53],
        tlsPorts: [UInt16] = [443],
        mark: FlowMark = FlowMark(),
        failOpen: Bool = true
    ) {
        self.queues = queues
        self.forwarded = forwarded
        self.received = received
        self.generated = generated
        self.dns = dns
        self.tls = tls
        self.dnsPorts = dnsPorts
        self.tlsPorts = tlsPorts
        self.mark = mark
        self.failOpen = failOpen
    }

    /// The UDP destination ports that are queued, ascending, each once.
    package var udpPorts: [UInt16] {
        dns ? Set(dnsPorts).sorted() : []
    }

    /// The TCP destination ports that are queued, ascending, each once.
    package var tcpPorts: [UInt16] {
        Set((dns ? dnsPorts : []) + (tls ? tlsPorts : [])).sorted()
    }

    /// Checks what no text can express.
    ///
    /// - Throws: `RulesError.invalid` where nothing would be queued, a port is 0 or the mark's values collide.
    package func validate() throws(RulesError) {
        guard forwarded || received || generated else {
            throw .invalid("no rules: forwarded, received and generated packets are all off; turn one of them on")
        }
        guard !udpPorts.isEmpty || !tcpPorts.isEmpty else {
            throw .invalid("no rules: dns and tls are both off or have no ports; turn one of them on")
        }
        guard !tcpPorts.contains(0), !udpPorts.contains(0) else {
            throw .invalid("port 0 cannot be queued; name a port from 1 to 65535")
        }
        guard mark.isSound else {
            throw .invalid("mark-mask \(markText(mark.mask)) needs two bits of its own; set mark-mask = 0x00030000")
        }
    }
}
