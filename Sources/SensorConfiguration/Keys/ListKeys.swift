import Blocklists

extension SensorConfiguration {
    /// The tables `[[list]]`.
    static let listKeys: [Key<List>] =
        [
            .form(
                "id",
                pattern: "^[a-z0-9-]{1,64}$",
                "of a-z, 0-9 and -",
                "a-z, 0-9 and -; appears in the counters",
                // Which of them is meant was read before all else.
                take: { _, _ in true },
                value: { $0.id }
            ).required(example: "police").initially("police"),
            .path("path", \.path, "lists of one snapshot may share a path, others each have their own")
                .required(example: "lists/police.txt").initially("lists/police.txt"),
            .word("match", \.match, "or \"exact\"").preset("subdomains").initially("subdomains"),
            .word(
                "action",
                \.action,
                "observe, drop, reset, nxdomain, nodata, refused or sinkhole; begin with \"observe\", which lets everything pass"
            ).preset("drop").initially("drop"),
            Key(
                "format",
                .word(ConfiguredFormat.words.map(\.word)),
                "or another format of lists, or \"snapshot\" for a file of `list build`",
                read: { section, key, root in
                    if let format = section.choice(key, among: ConfiguredFormat.words) { root.format = format }
                },
                value: { root in ConfiguredFormat.words.first { $0.value == root.format }.map { .text($0.word) } }
            ).unset("what the content tells", example: "domains"),
            Key(
                "protocols",
                .words(ListProtocols.words.map(\.word)),
                "where its names are looked for",
                read: { section, key, root in
                    let words = ListProtocols.words.map { (word: $0.word, value: $0.protocols) }
                    guard let protocols = section.choices(key, among: words) else { return }
                    guard protocols.isEmpty == false else {
                        return section.note(
                            key,
                            "protocols names none; leave it out for all, or the list for none"
                        )
                    }
                    root.protocols = ListProtocols(protocols)
                },
                value: { $0.protocols.map { .texts($0.words) } }
            ).preset(.texts(ListProtocols.all.words)),
            .number(
                "precedence",
                \.precedence,
                in: 0...Int(UInt16.max),
                "of the lists that have a name, the lowest is acted upon, then the first"
            ).preset(.number(ListDescriptor.defaultPrecedence)),
            .text("publisher", \.publisher, limit: 200, "for status").unset(example: "National police"),
            .form(
                "purpose",
                \.purpose,
                pattern: "^[a-z0-9-]{1,64}$",
                "one word of a-z, 0-9 and -, at most 64 of them",
                "one word; a list that states another does not pass the gate \"purpose\"",
                where: ListDescriptor.isValid(id:)
            ).unset(example: "csam"),
            .text("legal-basis", \.legalBasis, limit: 500, "for status, never in a counter")
                .unset(example: "Agreement of 2007"),
            Key(
                "extended-error",
                .number(0...Int(UInt16.max)),
                "code of the Extended DNS Error in answers: 15 blocked, 16 censored, 4 forged",
                read: { section, key, root in
                    if let code = section.integer(key, in: 0...Int(UInt16.max)) { root.extendedError = UInt16(code) }
                },
                value: { $0.extendedError.map { .number(Int($0)) } }
            ).unset("what suits the action", example: 15),
            .text(
                "extended-error-text",
                \.extendedErrorText,
                limit: ListNotice.maximumTextLength,
                "beside the code, the same for every name"
            ).unset(example: "See https://stop.example"),
            .unjudged(
                "on-malformed",
                \.unjudged,
                .dropMalformed,
                "\"drop\" drops what cannot be read as long as the list is in use"
            ),
            .unjudged(
                "on-over-budget",
                \.unjudged,
                .dropOverBudget,
                "\"drop\" drops what there is no room for as long as the list is in use"
            ),
            .path("test-names", \.testNames, "domains to try the blocking with, counted apart")
                .unset(example: "lists/police-test.txt"),
            Key(
                "url",
                .address(schemes: ["https"], orPath: true),
                "where `list fetch` gets what it puts at the path (its unit: in /var/lib/grindvakt-fetch only)",
                read: { section, key, root in
                    // A path without a root is more likely an address without its scheme.
                    if let text = section.string(key), text.hasPrefix("/") {
                        root.url = section.path(key)
                    } else if let address = section.address(
                        key,
                        schemes: ["https"],
                        mend: "https:// (http:// lets anyone on the way read and change the list), "
                            + "or be the absolute path of a file"
                    ) {
                        root.url = address
                    }
                },
                value: { $0.url.map { .text($0) } }
            ).unset(example: "https://lists.example/police.txt").confidential().effective(.fetch),
            .paths(
                "publishers",
                \.publishers,
                most: Trust.mostPublishers,
                "whose keys must have signed it; [] where nobody signs it"
            ).unset("those of [trust]", example: .texts(["keys/police.pem"])),
            .number("threshold", \.threshold, in: 1...Trust.mostPublishers, "how many of them must have signed")
                .unset("the one of [trust]", example: 1),
            .secretPath("seal-key", \.sealKey, "opens it; \"credential:NAME\" for one that systemd passes")
                .unset("the one of [trust]", example: "keys/seal.key"),
            .number("rejected-percent", \.rejectedPercent, in: 0...100, "of its lines that are meant as entries")
                .unit("percent").unset("the one of [gates]", example: 0),
        ]

    /// The table `[allow]`.
    static let allowKeys: [Key<SensorConfiguration>] = [
        .path("path", \.allow, "never blocked, whatever any list says")
            .required(example: "lists/allow.txt").initially("lists/allow.txt")
    ]

    /// The table `[trust]`.
    static let trustKeys: [Key<SensorConfiguration>] =
        [
            .paths(
                "publishers",
                \.trust.publishers,
                most: Trust.mostPublishers,
                "files of public keys, one in each"
            ).unset(example: .texts(["keys/publisher.pem"])),
            .number(
                "threshold",
                \.trust.threshold,
                in: 1...Trust.mostPublishers,
                "how many of the publishers must have signed"
            ),
            .path("operator", \.trust.operatorKey, "must have signed besides").unset(example: "keys/operator.pem"),
            .paths("approvers", \.trust.approvers, "who may let a list through a gate, two at a time")
                .unset(example: .texts(["keys/first.pem", "keys/second.pem"])),
            .secretPath(
                "seal-key",
                \.trust.sealKey,
                "opens sealed snapshots: a file of mode 0600 or LoadCredential="
            ).unset(example: "credential:seal-key"),
            .word(
                "expired",
                \.trust.expired,
                "an expired list keeps blocking and alarms; \"observe\" lets its matches pass"
            ).effective(.restart),
        ]

    /// The table `[gates]`.
    static let gateKeys = Gate.allCases.map(key(of:)) + gateLimitKeys

    /// What gates go by.
    private static let gateLimitKeys: [Key<SensorConfiguration>] = [
        .number(
            "growth-percent",
            \.gates.policy.growth.percent,
            in: 0...1_000_000,
            "of the running entries"
        ).unit("percent"),
        .number("growth-count", \.gates.policy.growth.count, in: 0...Int(UInt32.max), "entries").unit("entries"),
        // A list cannot lose more than all of its entries.
        .number(
            "shrink-percent",
            \.gates.policy.shrink.percent,
            in: 0...100,
            "of the running entries; 100 for no limit"
        ).unit("percent"),
        .number("shrink-count", \.gates.policy.shrink.count, in: 0...Int(UInt32.max), "entries").unit("entries"),
        .number(
            "change-floor",
            \.gates.changeFloor,
            in: 0...Int(UInt32.max),
            "so many entries may always come or go"
        ).unit("entries"),
        .number(
            "rejected-percent",
            \.gates.policy.rejectsPercent,
            in: 0...100,
            "of the lines that are meant as entries"
        ).unit("percent"),
        Key(
            "refused-kinds",
            .words(EntryKind.allCases.map(\.rawValue)),
            "exact, with-subdomains, subdomains-only, single-label",
            read: { section, key, root in
                let kinds = EntryKind.allCases.map { (word: $0.rawValue, value: $0) }
                if let refused = section.choices(key, among: kinds) {
                    root.gates.policy.refusedKinds = Set(refused)
                }
            },
            value: { root in
                .texts(EntryKind.allCases.filter(root.gates.policy.refusedKinds.contains).map(\.rawValue))
            }
        ),
        .path("protected", \.gates.protected, "names that no list may touch, nor anything under them")
            .unset(example: "lists/protected.txt"),
        .path("public-suffixes", \.gates.publicSuffixes, "names under which anybody registers, for the gate")
            .preset(.text(Gates.debianPublicSuffixes)),
        .path("approvals", \.gates.approvals, "folder of signed approvals").unset(example: "approvals"),
    ]

    /// The key that turns a gate off.
    private static func key(of gate: Gate) -> Key<SensorConfiguration> {
        Key(
            gate.rawValue,
            .flag,
            gate.refusal,
            read: { section, key, root in
                switch section.bool(key) {
                case true?: root.gates.policy.gates.insert(gate)
                case false?: root.gates.policy.gates.remove(gate)
                case nil: break
                }
            },
            value: { .flag($0.gates.policy.gates.contains(gate)) }
        )
    }
}

extension Gate {
    /// What the gate refuses, for the operator.
    fileprivate var refusal: String {
        switch self {
        case .empty: "a list without entries"
        case .growth: "more new entries than an update may bring"
        case .shrink: "more entries gone than an update may take away"
        case .publicSuffix: "entries that are a public suffix or cover one"
        case .protectedName: "entries that touch a protected name"
        case .entryKind: "entries of a refused kind"
        case .purpose: "a list that is for something else than configured"
        case .rejects: "more lines that are no entries than tolerated"
        }
    }
}
