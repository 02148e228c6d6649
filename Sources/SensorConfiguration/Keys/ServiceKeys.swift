import Figures
import Logging
import Wire

extension SensorConfiguration {
    /// The table `[state]`.
    static let stateKeys: [Key<SensorConfiguration>] = [
        .path("directory", \.state.directory, "last good snapshots and sequence numbers")
            .unset("systemd's $STATE_DIRECTORY", example: "/var/lib/grindvakt"),
        .path("audit-log", \.state.auditLog, "who, when, digests and counts")
            .unset("audit.log in the directory", example: "/var/lib/grindvakt/audit.log"),
    ]

    /// The table `[fetch]`.
    static let fetchKeys: [Key<SensorConfiguration>] = [
        .address(
            "proxy",
            \.fetch.proxy,
            schemes: ["http", "https", "socks5h"],
            mend: "http://, https:// or socks5h://",
            "or https://, socks5h://"
        ).unset("the environment's", example: "http://proxy.example:3128").confidential(),
        .path("certificate-authority", \.fetch.certificateAuthority, "trusted instead of the system's")
            .unset(example: "keys/ca.pem"),
        .number("maximum-size", \.fetch.maximumSize, in: 1...1 << 34, "octets of a list").unit("octets"),
        .seconds("connect-timeout", \.fetch.connectTimeout, in: 1...600, "seconds"),
        .seconds("timeout", \.fetch.timeout, in: 1...86_400, "seconds for a list in all"),
    ]

    /// The table `[responses]`.
    static let responseKeys: [Key<SensorConfiguration>] = [
        .ipAddress("sinkhole-v4", \.responses.sinkholeV4, .v4, "what A queries are answered with by \"sinkhole\"")
            .unset("no record", example: "192.0.2.80"),
        .ipAddress("sinkhole-v6", \.responses.sinkholeV6, .v6, "the same for AAAA")
            .unset("no record", example: "2001:db8::80"),
        .number(
            "sinkhole-ttl",
            \.responses.timeToLive,
            in: 0...60,
            "seconds that a client may keep them, at most 60"
        ).unit("seconds").formerly("ttl", until: "0.1.0"),
        .word(
            "http",
            \.responses.http,
            "an HTTP request is reset, or gets a \"page\" with status 451, or a \"redirect\""
        ),
        .address(
            "redirect",
            \.responses.redirect,
            schemes: ["http", "https"],
            mend: "http:// or https://",
            "where the redirect leads"
        ).unset(example: "https://stop.example/"),
        .text("reason-sv", \.responses.reason.swedish, limit: 200, "on the page, in Swedish")
            .unset(example: "Sidan är spärrad på begäran av Polisen."),
        .text("reason-en", \.responses.reason.english, limit: 200, "on the page, in English")
            .unset(example: "This page is blocked at the request of the police."),
        .text("authority", \.responses.authority, limit: 100, "who decided, on the page")
            .unset(example: "Polismyndigheten"),
        .address(
            "authority-url",
            \.responses.authorityAddress,
            schemes: ["http", "https"],
            mend: "http:// or https://",
            "the address of that authority"
        ).unset(example: "https://polisen.example/"),
        .text("complaints", \.responses.complaints, limit: 100, "where to complain, on the page")
            .unset(example: "sparr@polisen.example"),
        .flag(
            "quic-unreachable",
            \.responses.quicUnreachable,
            "tell clients of QUIC that nobody listens, so that they turn to TCP at once"
        ),
        .number(
            "rate",
            \.responses.rate,
            in: 1...10_000_000,
            "packets a second that are sent at most; never more octets than were received"
        ).unit("packets per second"),
    ]

    /// The table `[metrics]`.
    static let metricsKeys: [Key<SensorConfiguration>] = [
        .path("socket", \.socket, "where counters and status are had, and changes asked for")
            .initially(.text(defaultSocket)),
        .form(
            "mode",
            pattern: "^0?[67][0-7]{2}$",
            "the octal permissions of a socket that its owner can use, like \"0660\"",
            "permissions of the socket; only root and the sensor's own user may change anything",
            take: { text, root in
                guard let mode = Metrics.mode(text) else { return false }
                root.metrics.mode = mode
                return true
            },
            value: { root in
                let digits = String(root.metrics.mode, radix: 8)
                return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            }
        ),
        .form(
            "group",
            \.metrics.group,
            pattern: "^[A-Za-z0-9._-]{1,32}$",
            "the name or the number of a group, like \"prometheus\"",
            "its group, by name or number",
            where: Metrics.isGroup
        ).unset("the sensor's own", example: "prometheus"),
        .form(
            "listen",
            pattern: "^([0-9.]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}$",
            ListenAddress.form,
            "counters over TCP, too, or \"[::1]:9469\": without encryption, to be read only",
            take: { text, root in
                guard let listen = ListenAddress(text) else { return false }
                root.metrics.listen = listen
                return true
            },
            value: { $0.metrics.listen?.text }
        ).unset("nowhere", example: "127.0.0.1:9469"),
    ]

    /// The table `[statistics]`.
    static let statisticsKeys: [Key<SensorConfiguration>] = [
        .form(
            "market",
            \.statistics.marketID,
            pattern: "^[a-z0-9-]{1,16}$",
            "at most 16 of a-z, 0-9 and -, like the code of a country: \"se\"",
            "a-z, 0-9 and -, the code of a country as a rule",
            where: Market.isValid(id:)
        ).unset(example: "se"),
        .number("subscribers", \.statistics.subscribers, in: 1...10_000_000_000, "how many of them this sensor covers")
            .unset(example: 120_000),
        .word("access", \.statistics.access, "how they reach the network, or \"mobile\"").unset(example: "fixed"),
        .number(
            "attempt-window",
            \.statistics.attemptWindow,
            in: 1...60,
            "seconds in which matches of one entry are one attempt, at most 60"
        ).unit("seconds"),
        .path("path", \.statistics.path, "the file")
            .unset("statistics.db in the directory of [state]", example: "/var/lib/grindvakt/statistics.db"),
        .number("retention-hours", \.statistics.hourRetention, in: 1...762, "days for which hours are kept")
            .unit("days"),
        .number(
            "retention-days",
            \.statistics.dayRetention,
            in: 32...36_600,
            "days for which days are kept, of which weeks and months are made"
        ).unit("days"),
        .path("coverage", \.statistics.coverage, "what selftest coverage has noted and is brought here")
            .unset("coverage.jsonl in the directory of [state]", example: "/var/lib/grindvakt/coverage.jsonl"),
        .form(
            "member",
            \.statistics.member,
            pattern: "^[a-z0-9-]{1,32}$",
            "at most 32 of a-z, 0-9 and -, like \"example-telecom\"",
            "who exports records",
            where: Statistics.isMember
        ).unset(example: "example-telecom"),
    ]

    /// The table `[log]`.
    static let logKeys: [Key<SensorConfiguration>] = [
        .word("format", \.log.format, "or \"logfmt\" or \"json\", for programs"),
        .word(
            "level",
            \.log.level,
            "what is less grave is not logged: trace, debug, info, notice, warning, error, critical"
        ),
        .number(
            "repeat-interval",
            \.log.repeatInterval,
            in: 0...86_400,
            "seconds in which the same event is told once; 0 tells it each time"
        ).unit("seconds"),
    ]
}
