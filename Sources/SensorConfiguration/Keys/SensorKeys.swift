import Blocklists
import NetfilterRules

extension SensorConfiguration {
    /// The table `[sensor]`.
    static let sensorKeys: [Key<SensorConfiguration>] = [
        .form(
            "queues",
            pattern: "^[0-9]+(:[0-9]+)?$",
            "\"FIRST:LAST\" with numbers from 0 to 65535, like \"0:1\"",
            "first:last queue number, one worker each",
            take: { text, root in
                guard let range = queueRange(text) else { return false }
                root.queues = range
                return true
            },
            value: { SensorConfiguration.text(of: $0.queues) }
        ).initially("0:1"),
        .flag("fail-open", \.failOpen, "the kernel accepts when a queue is full or nobody listens")
            .initially(.flag(true)),
        .number(
            "queue-length",
            \.queueLength,
            in: 16...1_000_000,
            "packets that may wait in a queue (65536 at most on newer kernels)"
        ).unit("packets"),
        .number("copy-range", \.copyRange, in: 128...65_531, "octets of each packet that are copied").unit("octets"),
        .number(
            "receive-buffer",
            \.receiveBuffer,
            in: 65_536...1 << 30,
            "octets of socket buffer for each queue"
        ).unit("octets"),
        .flag(
            "realtime",
            \.isRealTime,
            "a worker with little to do goes before other threads of its processor, where the unit lets it"
        ),
        .flag(
            "sandbox",
            \.isConfined,
            "what is needed no more once the sockets are open is taken from the process: system calls, capabilities"
        ),
        .number("flows", \.flows, in: 1_024...100_000_000, "flows remembered, all workers together").unit("flows"),
        .number(
            "flow-memory",
            \.flowMemory,
            in: 1 << 20...1 << 36,
            "octets for messages that are not complete, all workers together"
        ).unit("octets"),
        .word("on-overload", \.overload, "packets for which a queue has no room; \"drop\" where fail-open is false")
            .preset("accept"),
        .unjudged(
            "on-malformed",
            \.unjudged,
            .dropMalformed,
            "messages that break their format; \"drop\" drops them and blocks their connections"
        ),
        .unjudged(
            "on-over-budget",
            \.unjudged,
            .dropOverBudget,
            "messages that are larger, or in more pieces, than there is room for"
        ),
        .number(
            "decision-lifetime",
            \.decisionLifetime,
            in: 0...86_400,
            "seconds after a change of the lists by which connections that earlier lists decided are reset; 0 for never"
        ).unit("seconds"),
        Key(
            "mark-mask",
            .number(0...Int(UInt32.max)),
            "three bits of packet and connection marks that nobody else uses",
            read: { section, key, root in
                guard let mask = section.integer(key, in: 0...Int(UInt32.max)) else { return }
                guard let mark = FlowMark(mask: UInt32(mask)) else {
                    return section.note(key, "\(key) needs three bits that nobody else uses, like 0x00070000")
                }
                root.rules.mark = mark
            },
            value: { .mask($0.rules.mark.mask) }
        ),
    ]

    /// The table `[inspect]`.
    static let inspectKeys: [Key<SensorConfiguration>] = [
        .flag("dns", \.inspectsDNS, "names in DNS queries").initially(.flag(true)),
        .flag(
            "dns-answers",
            \.inspectsDNSAnswers,
            "names that answers lead on to; costs one queued packet more for each query"
        ).initially(.flag(true)),
        .flag("tls", \.inspectsTLS, "the server name of TLS hellos").initially(.flag(true)),
        .flag("quic", \.inspectsQUIC, "the server name of QUIC hellos").initially(.flag(true)),
        .flag("http", \.inspectsHTTP, "the host of HTTP requests").initially(.flag(true)),
        .flag(
            "encrypted-dns",
            \.countsEncryptedDNS,
            "DoT, DoQ and DoH are counted, never blocked for being encrypted"
        ).initially(.flag(true)),
        .flag(
            "tunnels",
            \.readsTunnels,
            "packets inside GRE, IP in IP, VXLAN, GTP and others: their tunnels then stay in user space as a whole"
        ).initially(.flag(false)),
        .path(
            "doh-endpoints",
            \.endpoints,
            "hellos to these names are counted as DoH; an example lies beside this file"
        ).unset(example: "doh-endpoints.txt").effective(.reload),
    ]

    /// The table `[rules]`.
    static let ruleKeys: [Key<SensorConfiguration>] = [
        .flag("forwarded", \.rules.forwarded, "packets this host routes"),
        .flag("received", \.rules.received, "packets to this host, for a resolver on it"),
        .flag("generated", \.rules.generated, "packets from this host"),
        .ports("dns-ports", \.rules.dnsPorts, "ports of DNS servers, UDP and TCP"),
        .ports("tls-ports", \.rules.tlsPorts, "TCP ports of TLS servers"),
        .ports("quic-ports", \.rules.quicPorts, "UDP ports of QUIC servers"),
        .ports("http-ports", \.rules.httpPorts, "TCP ports of HTTP servers"),
    ]
}
