import NetfilterRules
import SensorConfiguration

/// The netfilter rules: ours, and those of others beside them.
enum RuleChecks {
    /// What says that a command counts rules.
    private static let positions =
        "rules are counted: look again after the command before you use another one of this chain"

    // MARK: - Ours

    /// Whether our rules are there, and those of the configuration.
    static func applied(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        let listings = try facts.iptables.known()
        let inTables = listings.filter { $0.hasOwnRules }
        let table = facts.ownTable.value ?? []
        let wanted = SensorConfiguration.text(of: facts.configuration.queues)
        let queues = facts.hasConfiguration ? "" : " --queues \(wanted)"
        let command = facts.commands.grindvakt("rules apply --backend \(facts.backend.rawValue)\(queues)")
        if inTables.isEmpty == false, table.isEmpty == false {
            return [
                Finding(
                    .fault,
                    "the sensor's rules are there twice, in nft and in iptables",
                    reason: "Packets are queued twice and judged twice.",
                    command: command
                )
            ]
        }
        if inTables.isEmpty, table.isEmpty {
            return [
                Finding(
                    .fault,
                    "the sensor's rules are not there",
                    reason: "No packet is queued, so nothing is inspected.",
                    command: command
                )
            ]
        }
        if table.isEmpty == false {
            guard facts.hasConfiguration, try facts.wantedTable.known() != table else { return [] }
            return [differing("nft table inet \(NFTRules.table)", command)]
        }
        return try differences(listings, facts, command)
    }

    private static func differences(
        _ listings: [IPTablesListing],
        _ facts: HostFacts,
        _ command: String
    ) throws(Unexamined) -> [Finding] {
        let wanted = SensorConfiguration.text(of: facts.configuration.queues)
        var findings: [Finding] = []
        var isCompared = true
        for listing in listings {
            guard listing.hasOwnRules else {
                findings.append(
                    Finding(
                        .fault,
                        "\(listing.program): the sensor's rules are not there",
                        reason: "No packet of this address family is queued, so nothing of it is inspected.",
                        command: command
                    )
                )
                continue
            }
            let fed = listing.ownQueues
            if fed.isEmpty == false, fed != Set(facts.configuration.queues) {
                findings.append(
                    Finding(
                        .fault,
                        "\(listing.program): the rules feed other queues than \(wanted)",
                        reason: "Packets wait in queues that no worker reads, or workers wait in vain.",
                        command: command
                    )
                )
            } else if facts.hasConfiguration {
                isCompared = facts.wantedIPTables.value != nil
                guard let wanted = facts.wantedIPTables.value?.first(where: { $0.program == listing.program }),
                    wanted.ownRules != listing.ownRules
                else { continue }
                findings.append(differing(listing.program, command))
            }
        }
        if findings.isEmpty, isCompared == false { _ = try facts.wantedIPTables.known() }
        return findings
    }

    private static func differing(_ place: String, _ command: String) -> Finding {
        Finding(
            .warning,
            "\(place): the sensor's rules are not those of the configuration",
            reason:
                "They were applied with other ports, hooks or marks, by an older version, or somebody has changed them.",
            command: command
        )
    }

    /// Whether our jumps stand where every packet in question meets them.
    static func order(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        let listings = try facts.iptables.known().filter { $0.hasOwnRules }
        guard listings.isEmpty == false else { throw .unknown("none of the sensor's rules are in iptables") }
        var findings: [Finding] = []
        for listing in listings {
            for jump in facts.wantedJumps {
                let rules = listing.rules(jump.table, jump.chain)
                guard let own = rules.firstIndex(where: { $0.target == jump.target }) else { continue }
                findings += early(rules[..<own], jump, listing, facts)
                if jump.isFirst == false, rules[own...].contains(where: { $0.isOwn == false }) {
                    findings.append(late(rules[own...].first { $0.isOwn == false }, jump, listing))
                }
            }
        }
        return findings
    }

    /// Rules after the jump to the queues: packets that come back from a queue go on at the next hook.
    private static func late(
        _ rule: IPTablesListing.Rule?,
        _ jump: WantedJump,
        _ listing: IPTablesListing
    ) -> Finding {
        let what = rule?.target == "TCPMSS" ? " (TCPMSS)" : ""
        let place = "\(listing.program) -w -t \(jump.table)"
        return Finding(
            .warning,
            "\(listing.program) table \(jump.table), chain \(jump.chain): rules from \(rule?.position ?? 0) on\(what) stand "
                + "after the sensor's",
            reason:
                "A packet that was queued goes on behind the chain, so these rules do nothing to it; a clamp of the "
                + "segment size, for one, misses the packets that need it.",
            command: "\(place) -A \(jump.chain) -j \(jump.target) && \(place) -D \(jump.chain) -j \(jump.target)",
            advice: "the command puts the sensor's jump last again, without a gap"
        )
    }

    /// Rules before the jump that end the way of packets through the chain.
    private static func early(
        _ rules: ArraySlice<IPTablesListing.Rule>,
        _ jump: WantedJump,
        _ listing: IPTablesListing,
        _ facts: HostFacts
    ) -> [Finding] {
        // From the last one on, so that commands that count stay right when they are used in this order.
        rules.reversed().compactMap { rule in
            guard rule.isOwn == false, rule.mayMatchQueued, let end = ending(rule, listing, []) else { return nil }
            // That one is told with its queue.
            if let queues = rule.queues, queues.overlaps(facts.configuration.queues) { return nil }
            let place = "\(listing.program) table \(jump.table), chain \(jump.chain), rule \(rule.position)"
            let reason =
                jump.isFirst
                ? "What the sensor decided about their flows is not kept: accepted flows stay in user space, and of a "
                    + "blocked one only the packet with the name is dropped."
                : "What it \(end == "NFQUEUE" ? "queues" : "accepts") is not inspected, as it never comes to the sensor's rules."
            return Finding(
                jump.isFirst ? .warning : .fault,
                "\(place): \(end) before the sensor's rules",
                reason: reason,
                command: "\(listing.program) -w -t \(jump.table) -D \(jump.chain) \(rule.position)",
                advice: "or give the rule matches that spare DNS, TLS, QUIC and HTTP; " + positions
            )
        }
    }

    /// The target by which a rule ends a packet's way through its table, if it does so without dropping it.
    private static func ending(
        _ rule: IPTablesListing.Rule,
        _ listing: IPTablesListing,
        _ visited: Set<String>
    ) -> String? {
        guard let target = rule.target else { return nil }
        if target == "ACCEPT" || target == "NFQUEUE" { return target }
        if target == "RETURN" { return visited.isEmpty ? "RETURN" : nil }
        guard listing.chains.contains("\(rule.table) \(target)"), visited.contains(target) == false else { return nil }
        let inner = visited.union([target])
        for next in listing.rules(rule.table, target) where next.mayMatchQueued {
            if let end = ending(next, listing, inner) { return end }
        }
        return nil
    }

    // MARK: - Others'

    /// Whether somebody else's rules feed the sensor's queues.
    static func queueRules(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        let configured = facts.configuration.queues
        let reason =
            "The sensor judges packets it was not meant to have, out of place, and its marks are not kept for them."
        var findings: [Finding] = []
        for listing in try facts.iptables.known() {
            for rule in listing.rules.reversed() where rule.isOwn == false {
                guard let queues = rule.queues, queues.overlaps(configured) else { continue }
                findings.append(
                    Finding(
                        .fault,
                        "\(listing.program) table \(rule.table), chain \(rule.chain), rule \(rule.position): it feeds "
                            + "queue \(SensorConfiguration.text(of: queues)), which is the sensor's",
                        reason: reason,
                        command: "\(listing.program) -w -t \(rule.table) -D \(rule.chain) \(rule.position)",
                        advice: "or give the rule a queue of its own; " + positions
                    )
                )
            }
        }
        for rule in facts.nft.value?.rules ?? [] where rule.isOwn == false {
            guard let queues = rule.queues, queues.overlaps(configured) else { continue }
            findings.append(
                Finding(
                    .fault,
                    "nft table \(rule.table), chain \(rule.chain), handle \(rule.handle): it feeds queue "
                        + "\(SensorConfiguration.text(of: queues)), which is the sensor's",
                    reason: reason,
                    command: "nft delete rule \(rule.table) \(rule.chain) handle \(rule.handle)",
                    advice: "or give the rule a queue of its own"
                )
            )
        }
        return findings
    }

    /// Whether somebody else uses the sensor's mark bits.
    static func markBits(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        let mask = facts.configuration.rules.mark.mask
        let uses = try facts.markUses.known()
        let conflicts = uses.filter { $0.bits & mask != 0 }
        guard conflicts.isEmpty == false else { return [] }
        // nft lists the rules of iptables, too, under the names of its tables.
        let listed = Set(uses.filter { $0.origin != "nft" }.map { "\($0.table) \($0.chain)" })
        var places: [String] = []
        for use in conflicts {
            if use.origin == "nft",
                ["ip ", "ip6 "].contains(where: { family in
                    use.table.hasPrefix(family) && listed.contains("\(use.table.dropFirst(family.count)) \(use.chain)")
                })
            {
                continue
            }
            let place = "\(use.origin) table \(use.table), chain \(use.chain)"
            if places.contains(place) == false { places.append(place) }
        }
        let free = MarkScan.freeMask(beside: uses).map { "0x" + String($0, radix: 16) }
        let change = free.flatMap { facts.commands.set("mark-mask", in: "sensor", to: $0) }
        let apply = facts.commands.grindvakt("rules apply --backend \(facts.backend.rawValue)")
        return [
            Finding(
                .fault,
                "mark bits of 0x\(String(mask, radix: 16)) are used by others: "
                    + places.prefix(4).joined(separator: "; ")
                    + (places.count > 4 ? "; …" : ""),
                reason:
                    "Their marks are taken for decisions of the sensor, and the sensor's for theirs: flows pass or are "
                    + "dropped that should not be, and routing by mark goes astray.",
                command: change.map { "\($0) && \(apply)\(facts.commands.thenRestart)" },
                advice: free.map { "mark-mask = \($0) in [sensor] is free; the sensor takes it when it starts anew" }
                    ?? "no bits are free: give one of these rules a mask"
            )
        ]
    }

    /// Whether rules keep flows away from connection tracking.
    static func untracked(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        let reason =
            "Packets without a connection carry no connection mark: every one of them goes through user space, and a "
            + "blocked flow is dropped packet by packet only."
        var findings: [Finding] = []
        for listing in try facts.iptables.known() {
            for rule in listing.rules.reversed() where rule.isOwn == false && rule.mayMatchQueued {
                guard rule.target == "NOTRACK" || rule.target == "CT" && rule.words.contains("--notrack") else {
                    continue
                }
                findings.append(
                    Finding(
                        .warning,
                        "\(listing.program) table \(rule.table), chain \(rule.chain), rule \(rule.position): packets are "
                            + "not tracked",
                        reason: reason,
                        command: "\(listing.program) -w -t \(rule.table) -D \(rule.chain) \(rule.position)",
                        advice: "or give the rule matches that spare what the sensor inspects; " + positions
                    )
                )
            }
        }
        for rule in facts.nft.value?.rules ?? [] where rule.isUntracking && rule.isOwn == false {
            findings.append(
                Finding(
                    .warning,
                    "nft table \(rule.table), chain \(rule.chain), handle \(rule.handle): packets are not tracked",
                    reason: reason,
                    command: "nft delete rule \(rule.table) \(rule.chain) handle \(rule.handle)",
                    advice: "or give the rule matches that spare what the sensor inspects"
                )
            )
        }
        return findings
    }

    /// Whether both kinds of iptables hold rules.
    static func frontEnds(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        _ = try facts.iptables.known()
        return facts.otherIPTables.filter { $0.rules.isEmpty == false }.map { listing in
            let search = "\(listing.program)-save | sed -n '/GRINDVAKT/p'"
            guard listing.hasOwnRules else {
                return Finding(
                    .note,
                    "\(listing.program) holds rules besides those of \(listing.otherKind): \(listing.rules.count)",
                    reason: "Both are followed, in no stated order; grindvakt reads and writes those of one kind only.",
                    advice: "move them to one kind: \(listing.program)-save | \(listing.otherKind)-restore --noflush"
                )
            }
            return Finding(
                .fault,
                "\(listing.program) holds rules of the sensor, too",
                reason: "Packets are queued by both kinds of iptables, twice.",
                command: nil,
                advice: "see them with: \(search); delete them with \(listing.program) -D, -F and -X"
            )
        }
    }

    /// Whether docker's policy drops what this host is to forward.
    static func docker(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        let listings = try facts.iptables.known().filter { $0.chains.contains("filter DOCKER-USER") }
        guard listings.isEmpty == false else { throw .unknown("docker has no rules here") }
        guard facts.configuration.rules.forwarded else { return [] }
        return listings.filter { $0.policies["filter FORWARD"] == "DROP" }.compactMap { listing in
            let accepts = (listing.rules("filter", "DOCKER-USER") + listing.rules("filter", "FORWARD")).contains {
                rule in
                let interfaces = [rule.value(of: "-i"), rule.value(of: "-o")].compactMap(\.self)
                return rule.target == "ACCEPT"
                    && interfaces.contains { $0.hasPrefix("docker") || $0.hasPrefix("br-") } == false
            }
            guard accepts == false else { return nil }
            return Finding(
                .warning,
                "\(listing.program) table filter, chain FORWARD: docker's policy is DROP, and nothing but docker is accepted",
                reason:
                    "Docker closes the host to all other forwarded packets, inspected or not. The sensor's own rules stand "
                    + "in the table mangle, before docker's, and are not concerned.",
                advice: "\(listing.program) -w -I DOCKER-USER -i INSIDE -o OUTSIDE -j ACCEPT with the names of the "
                    + "interfaces, and the same the other way round"
            )
        }
    }
}

extension IPTablesListing.Rule {
    /// Whether it stands in a chain of ours or goes to one.
    var isOwn: Bool {
        chain.hasPrefix(IPTablesRules.chainPrefix) || target?.hasPrefix(IPTablesRules.chainPrefix) == true
    }
}

extension NFTListing.Rule {
    /// Whether it stands in a table or a chain of ours.
    var isOwn: Bool { table == "inet \(NFTRules.table)" || chain.hasPrefix(IPTablesRules.chainPrefix) }
}

extension IPTablesListing {
    /// Our chains and the jumps to them: each chain's rules in their order, whatever others put beside them.
    var ownRules: [String: [[String]]] {
        Dictionary(grouping: rules.filter(\.isOwn)) { "\($0.table) \($0.chain)" }.mapValues { $0.map(\.words) }
    }

    /// Whether any of our rules are there.
    var hasOwnRules: Bool { rules.contains(where: \.isOwn) }

    /// The queues that our rules feed.
    var ownQueues: Set<UInt16> { Set(rules.filter(\.isOwn).compactMap(\.queues).flatMap { Array($0) }) }

    /// The program of the other kind of iptables, whose rules these are not.
    fileprivate var otherKind: String { program.hasPrefix("ip6") ? "ip6tables" : "iptables" }
}
