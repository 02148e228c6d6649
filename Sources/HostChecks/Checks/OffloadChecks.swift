import NetfilterRules
import SensorConfiguration

/// Ways around the queues: flowtables and network cards that forward on their own.
enum OffloadChecks {
    /// Whether flows leave by a flowtable before they are decided.
    static func flowtables(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        let mark = facts.configuration.rules.mark
        let listing = try facts.nft.known()
        var findings: [Finding] = []
        for rule in listing.rules {
            guard let name = rule.flowtable, isForDecidedFlows(rule, mark) == false else { continue }
            let isHardware = listing.flowtables.contains {
                $0.table == rule.table && $0.name == name && $0.isHardware
            }
            findings.append(
                Finding(
                    .fault,
                    "nft table \(rule.table), chain \(rule.chain), handle \(rule.handle): flows go to flowtable \(name)"
                        + (isHardware ? ", in hardware," : "") + " before they are decided",
                    reason:
                        "A connection is established before its client says the name; from then on its packets pass "
                        + "the queues by, and nothing of them is inspected.",
                    command: "nft replace rule \(rule.table) \(rule.chain) handle \(rule.handle) ct mark and "
                        + "\(text(mark.acceptedMask)) == \(text(mark.accepted)) flow add @\(name)",
                    advice: "the command leaves the flowtable the flows that the sensor has let go, and replaces the "
                        + "rule's other conditions: write those before flow add, if any are needed; what a flowtable "
                        + "has, decision-lifetime does not reach"
                )
            )
        }
        for listing in facts.iptables.value ?? [] {
            for rule in listing.rules where rule.target == "FLOWOFFLOAD" {
                guard isForDecidedFlows(rule, mark) == false else { continue }
                findings.append(
                    Finding(
                        .fault,
                        "\(listing.program) table \(rule.table), chain \(rule.chain), rule \(rule.position): flows "
                            + "are offloaded before they are decided",
                        reason: "A connection is established before its client says the name; from then on its "
                            + "packets pass the queues by, and nothing of them is inspected.",
                        command: "\(listing.program) -w -t \(rule.table) -D \(rule.chain) \(rule.position)",
                        advice: "or give the rule -m connmark --mark \(short(mark.accepted, mark.acceptedMask)), for "
                            + "flows that were let go; what is offloaded, decision-lifetime does not reach"
                    )
                )
            }
        }
        return findings
    }

    /// Whether a rule takes accepted flows alone, of one of their two marks or of both.
    private static func isForDecidedFlows(_ rule: NFTListing.Rule, _ mark: FlowMark) -> Bool {
        guard let wanted = rule.connectionMark else { return false }
        let bits = mark.acceptedMask
        return wanted.mask & bits == bits && wanted.value & bits == mark.accepted & bits
    }

    private static func isForDecidedFlows(_ rule: IPTablesListing.Rule, _ mark: FlowMark) -> Bool {
        guard let wanted = rule.value(of: "--mark")?.lowercased() else { return false }
        return [mark.acceptedMask, mark.mask].contains { wanted == short(mark.accepted, $0) }
    }

    private static func text(_ word: UInt32) -> String {
        let digits = String(word, radix: 16)
        return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// A mark under a mask as iptables writes it.
    private static func short(_ mark: UInt32, _ mask: UInt32) -> String {
        "0x\(String(mark, radix: 16))/0x\(String(mask, radix: 16))"
    }

    /// Whether an interface merges received packets beyond what can be taken apart again.
    static func largeReceive(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        let features = try facts.features.known()
        guard facts.configuration.rules.forwarded else { return [] }
        return features.keys.sorted().filter { features[$0]?["large-receive-offload"] == true }.map { interface in
            Finding(
                .warning,
                "interface \(interface): large receive offload (LRO) is on",
                reason: "It merges packets for this host in a way that cannot be undone, so forwarded packets are too "
                    + "large or differ from what came; generic receive offload (GRO) can be undone, and may stay on.",
                command: "ethtool -K \(CommandWriter.quoted(interface)) lro off"
            )
        }
    }

    /// Whether an interface is allowed to forward by rules of its own.
    static func hardware(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        let features = try facts.features.known()
        let isUsed = facts.nft.value?.flowtables.contains { $0.isHardware } ?? false
        return features.keys.sorted().filter { features[$0]?["hw-tc-offload"] == true }.map { interface in
            Finding(
                isUsed ? .warning : .note,
                "interface \(interface): it may forward in hardware (hw-tc-offload)",
                reason:
                    "What a flowtable with the flag offload or a tc filter hands to the card never comes to the kernel.",
                command: "ethtool -K \(CommandWriter.quoted(interface)) hw-tc-offload off",
                advice: "nothing is lost as long as only flows that the sensor has let go are handed over"
            )
        }
    }
}
