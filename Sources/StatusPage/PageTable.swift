import Telemetry

/// A table of the page with a row for each element of an array of the report.
struct PageTable: Sendable {
    /// A column: its head, and where in an element its figure lies.
    struct Column: Sendable {
        /// The words above it.
        var head: String
        /// The path of the member; empty for the element as a whole.
        var path: String
        /// How it is put into words.
        var format: PageFormat

        init(_ head: String, _ path: String, _ format: PageFormat = .count) {
            self.head = head
            self.path = path
            self.format = format
        }
    }

    /// Columns that belong together, below a common head.
    struct Group: Sendable {
        /// The common head; empty for none.
        var head: String
        /// The columns, from the left.
        var columns: [Column]

        init(_ head: String, _ columns: [Column]) {
            self.head = head
            self.columns = columns
        }
    }

    /// The table's identifier in the page.
    var id: String
    /// What the table is about, the reading of its figures among it.
    var caption: String
    /// The array's path in the report.
    var path: String
    /// What is said where the array is empty; nil where then nothing is.
    var empty: String?
    /// The columns, of which the first is the head of its row.
    var groups: [Group]

    /// The columns without their groups.
    var columns: [Column] { groups.flatMap(\.columns) }
}

extension PageTable {
    /// The queues, each with its worker.
    static let queues = PageTable(
        id: "queues",
        caption: "A worker each. What is lost was never judged; all counts since the start of the sensor.",
        path: "queues",
        empty: "This sensor serves no queue.",
        groups: [
            Group("", [Column("Queue", "queue", .number), Column("Bound", "present", .presence)]),
            Group(
                "Packets",
                [Column("Accepted", "accepted"), Column("Blocked", "dropped"), Column("Waiting", "", .waiting)]
            ),
            Group(
                "Lost",
                [
                    Column("Queue full", "kernel_dropped", .loss), Column("Socket full", "user_dropped", .loss),
                    Column("Unseen", "unseen", .loss), Column("Overruns", "receive_overruns", .loss),
                ]
            ),
            Group(
                "Load",
                [
                    Column("Mean verdict", "verdict_mean_seconds", .latency), Column("CPU", "cpu_seconds", .duration),
                    Column("Flows", "flows"), Column("Held", "flow_memory_bytes", .bytes),
                ]
            ),
            Group(
                "Set up",
                [
                    Column("Fail-open", "fail_open", .flag), Column("GSO", "gso", .flag),
                    Column("Buffer", "", .buffer),
                ]
            ),
        ]
    )

    /// The tapped interfaces, each with its worker.
    static let taps = PageTable(
        id: "taps",
        caption: "Interfaces that are looked at and never interfered with.",
        path: "taps",
        empty: nil,
        groups: [
            Group("", [Column("Interface", "interface", .text), Column("Reading", "reading", .presence)]),
            Group("Packets", [Column("Received", "received"), Column("Inspected", "packets")]),
            Group(
                "Lost",
                [
                    Column("By the kernel", "kernel_dropped", .loss),
                    Column("By the interface", "interface_dropped", .loss),
                ]
            ),
            Group(
                "Load",
                [
                    Column("CPU", "cpu_seconds", .duration), Column("Flows", "flows"),
                    Column("Held", "flow_memory_bytes", .bytes),
                ]
            ),
        ]
    )

    /// The active lists and what they did.
    static let lists = PageTable(
        id: "lists",
        caption: "The editions in use, and what they matched since the start of the sensor. All times are UTC.",
        path: "lists",
        empty: "No list is in use: nothing is blocked.",
        groups: [
            Group(
                "",
                [
                    Column("List", "id", .text), Column("State", "", .listState), Column("Action", "actions", .words),
                ]
            ),
            Group(
                "Edition",
                [
                    Column("Entries", "entries"), Column("Number", "sequence", .number),
                    Column("Issued", "issued_at", .time), Column("Expires", "expires_at", .time),
                ]
            ),
            Group(
                "Names",
                [
                    Column("Matched", "matches"), Column("Tests", "test_matches"),
                    Column("Left alone", "exempted", .sum),
                ]
            ),
            Group("Hits", [Column("Attempts", "attempts"), Column("Events", "events")]),
            Group("", [Column("Updates refused", "", .refusals)]),
        ]
    )

    /// What is said of the lists as a whole.
    static let origins = PageTable(
        id: "origins",
        caption: "Who answers for each list, and what it covers.",
        path: "lists",
        empty: nil,
        groups: [
            Group(
                "",
                [
                    Column("List", "id", .text), Column("Publisher", "publisher", .text),
                    Column("Purpose", "purpose", .text), Column("Legal basis", "legal_basis", .text),
                    Column("In use since", "activated_at", .time),
                ]
            ),
            Group(
                "Scope",
                [
                    Column("Match", "match", .text), Column("Protocols", "protocols", .words),
                    Column("Precedence", "precedence", .number),
                ]
            ),
            Group(
                "Lines",
                [
                    Column("Exceptions", "exceptions"), Column("Test names", "test_names"),
                    Column("Rejected", "rejected_lines"), Column("Not enforceable", "not_enforceable_lines"),
                ]
            ),
        ]
    )

    /// The lists of which no edition is in use.
    static let refusedLists = PageTable(
        id: "refused",
        caption: "Lists of which no edition is in use, because every one was refused.",
        path: "refused_lists",
        empty: nil,
        groups: [
            Group(
                "",
                [
                    Column("List", "id", .text), Column("Updates refused", "", .refusals),
                ]
            )
        ]
    )
}

/// A short table of figures that every report has, each on a row with its words before it.
struct PageFigures: Sendable {
    /// A figure.
    struct Figure: Sendable {
        /// What it is.
        var words: String
        /// Where in the report it lies.
        var path: String
        /// How it is put into words.
        var format: PageFormat

        init(_ words: String, _ path: String, _ format: PageFormat = .count) {
            self.words = words
            self.path = path
            self.format = format
        }
    }

    /// What the figures are about.
    var caption: String
    /// The figures, from above.
    var figures: [Figure]
}

extension PageFigures {
    /// The sensor as a whole.
    static let sensor = PageFigures(
        caption: "Sensor",
        figures: [
            Figure("Version", "version", .text), Figure("Started (UTC)", "started_at", .time),
            Figure("Running for", "uptime_seconds", .duration), Figure("Snapshot", "snapshot_generation", .number),
            Figure("Reloads", "reloads", .reloads), Figure("Rollbacks", "rollbacks", .reloads),
            Figure("Kill switch", "kill_switch", .killSwitch), Figure("Names let pass", "passes"),
            Figure("Fail-open for", "fail_open_seconds", .duration),
            Figure("If it cannot judge", "failures", .failures),
        ]
    )

    /// The sums over all workers, table by table.
    static let totals = [
        PageFigures(
            caption: "Packets",
            figures: CountedVerdict.allCases.map { Figure($0.words, "totals.packets.\($0.label)") }
        ),
        PageFigures(
            caption: "Names read",
            figures: InspectedProtocol.allCases.map { Figure($0.words, "totals.names.\($0.label)") }
        ),
        PageFigures(
            caption: "Listed names",
            figures: [Figure("Matched", "totals.matches"), Figure("Tests of the blocking", "totals.test_matches")]
                + ExemptionReason.allCases.map { Figure($0.words, "totals.exempted.\($0.label)") }
        ),
        PageFigures(
            caption: "Hits on any list",
            figures: [
                Figure("Attempts", "totals.attempts"), Figure("Events (packets)", "totals.events"),
                Figure("Window of an attempt", "attempt_window_seconds", .duration),
            ]
        ),
        PageFigures(
            caption: "Not judged",
            figures: UndecidedCause.allCases.map { Figure($0.words, "totals.undecided.\($0.label)") }
        ),
        PageFigures(
            caption: "Encrypted DNS, flows",
            figures: EncryptedDNS.allCases.map { Figure($0.words, "totals.encrypted_dns_flows.\($0.label)") }
        ),
        PageFigures(
            caption: "Odd forms",
            figures: Anomaly.allCases.map { Figure($0.words, "totals.anomalies.\($0.label)") }
        ),
    ]
}

extension CountedVerdict {
    fileprivate var words: String {
        switch self {
        case .accept: "Accepted"
        case .drop: "Blocked"
        }
    }
}

extension InspectedProtocol {
    fileprivate var words: String {
        switch self {
        case .dns: "DNS"
        case .tls: "TLS"
        case .quic: "QUIC"
        case .http: "HTTP"
        }
    }
}

extension ExemptionReason {
    fileprivate var words: String {
        switch self {
        case .allowed: "Left alone: on the allow list"
        case .passed: "Left alone: the operator lets it pass"
        case .protected: "Left alone: protected"
        }
    }
}

extension UndecidedCause {
    fileprivate var words: String {
        switch self {
        case .malformed: "Malformed"
        case .truncated: "Cut short"
        case .fragment: "Fragment"
        case .overBudget: "Over budget"
        case .flowEvicted: "Flow evicted"
        case .midstream: "Beginning not seen"
        case .unknownQUICVersion: "Unknown QUIC version"
        }
    }
}

extension EncryptedDNS {
    fileprivate var words: String {
        switch self {
        case .dot: "Over TLS (DoT)"
        case .doq: "Over QUIC (DoQ)"
        case .doh: "Over HTTPS (DoH)"
        }
    }
}

extension Anomaly {
    fileprivate var words: String {
        switch self {
        case .recordSplit: "Hello in several records"
        case .outOfOrder: "Out of order"
        case .overlapConflict: "Conflicting overlaps"
        case .urgentData: "Urgent data"
        case .synData: "Data in a SYN"
        case .secondHello: "Second hello"
        case .multiInitial: "Hello in several Initials"
        case .quicRetry: "QUIC Retry"
        case .noServerName: "Hello without a name"
        case .encryptedClientHello: "Encrypted hello (ECH)"
        case .encryptedServerName: "Encrypted name (ESNI)"
        case .encryptedClientHelloKeys: "DNS answer with ECH keys"
        case .fragmented: "Name in fragments"
        case .tunnelled: "Tunnelled"
        case .upgraded: "Upgraded to TLS"
        }
    }
}

/// What was sent in place of dropped packets: a row for each kind, a column for each result.
enum PageResponses {
    /// The kinds with their words.
    static let kinds = CountedResponse.allCases.map { (label: $0.label, words: $0.words) }
    /// The results with their words, and whether any is bad news.
    static let results = ResponseResult.allCases.map { result in
        (label: result.label, words: result.words, format: result == .failed ? PageFormat.loss : .count)
    }
}

extension CountedResponse {
    fileprivate var words: String {
        switch self {
        case .answer: "DNS answer"
        case .rewrite: "DNS answer rewritten"
        case .reset: "TCP reset"
        case .page: "Stop page"
        case .unreachable: "Port unreachable"
        }
    }
}

extension ResponseResult {
    fileprivate var words: String {
        switch self {
        case .sent: "Sent"
        case .failed: "Refused by the kernel"
        case .limited: "Over the limit"
        case .unanswerable: "No honest answer"
        }
    }
}
