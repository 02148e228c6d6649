/// The program of iptables for each of the two address families.
package enum IPTablesProgram: String, CaseIterable, Sendable {
    /// IPv4.
    case iptables
    /// IPv6.
    case ip6tables
}

/// Rules as text for `iptables-restore --noflush` and `ip6tables-restore --noflush`.
///
/// Everything of ours lies in chains whose names begin with `GRINDVAKT`; the built-in chains hold nothing but jumps to
/// them.
package enum IPTablesRules {
    /// What the names of our chains begin with.
    package static let chainPrefix = "GRINDVAKT"

    private static let queueChain = "GRINDVAKT-QUEUE"
    private static let verdictChain = "GRINDVAKT-VERDICT"
    private static let flowsChain = "GRINDVAKT-FLOWS"
    private static let markChain = "GRINDVAKT-MARK"
    private static let refuseChain = "GRINDVAKT-REFUSE"
    private static let ownChain = "GRINDVAKT-OWN"

    /// A table's worth of rules: our chains with their rules, and the jumps to them.
    private struct Table {
        var name: String
        var chains: [(name: String, rules: [String])] = []
        var jumps: [Jump] = []
    }

    private struct Jump {
        var chain: String
        var target: String
        /// At the end of the chain or at its beginning.
        var appended: Bool

        var listed: String { "-A \(chain) -j \(target)" }
        var command: String { appended ? listed : "-I \(chain) 1 -j \(target)" }
    }

    /// The text that puts the rules in place of earlier ones, in one transaction per table.
    ///
    /// - Parameters:
    ///   - rules: what to queue.
    ///   - program: the program that reads the text.
    ///   - existing: the output of `iptables-save` (or `ip6tables-save`) now; empty where nothing is known. Jumps that
    ///     are there already stay where they are, so that applying twice changes nothing.
    /// - Returns: the text.
    package static func applying(_ rules: RuleSet, for program: IPTablesProgram, existing: String) -> String {
        render([raw(rules), mangle(rules, program), filter(rules)], existing: existing)
    }

    /// The text that removes our jumps and chains and touches nothing else; empty where there are none.
    ///
    /// - Parameter existing: the output of `iptables-save` (or `ip6tables-save`) now.
    /// - Returns: the text.
    package static func removing(existing: String) -> String {
        render(["raw", "mangle", "filter"].map { Table(name: $0) }, existing: existing)
    }

    /// Whether the output of `iptables-save` names a chain of ours.
    static func areInstalled(in existing: String) -> Bool {
        existing.split(separator: "\n").contains { $0.hasPrefix(":\(chainPrefix)") }
    }

    /// The table of the queues.
    ///
    /// A packet that comes back from a queue goes on at the next hook function: the rest of the chain is not seen. So
    /// the jump to the queues stands last, after the host's own rules (which clamp the MSS, say), and the mark of the
    /// verdict is saved in a later chain. One that is to be dropped for good is sent through this chain once more, so
    /// that its connection gets the mark here; whatever becomes of these rules meanwhile, it does not pass.
    ///
    /// A SYN takes the mark off. Connection tracking knows a connection for some time after it was reset, and takes the next one between the
    /// same ports for the same: what was decided about the one must neither refuse the other nor let it pass unread. Whether a SYN is there
    /// only to lift the block, the engine knows.
    ///
    /// A datagram with a long header of QUIC comes to the queue whatever its flow was decided to be, for the same reason.
    private static func mangle(_ rules: RuleSet, _ program: IPTablesProgram) -> Table {
        let mark = rules.mark
        let mask = markText(mark.mask)
        // Nearly all packets bring no mark and belong to accepted flows: a few rules decide about them.
        let queueRules = [
            "-m mark ! --mark \(markText(0))/\(mask) -g \(verdictChain)",
            "-g \(flowsChain)",
        ]
        var verdictRules = [mark.own, mark.ownUntracked].map { own in
            "-m mark --mark \(markText(own))/\(mask) -j RETURN"
        }
        for value in [mark.blocked, mark.refused] {
            verdictRules += [
                "-m mark --mark \(markText(value))/\(mask) -j CONNMARK --save-mark --nfmask \(mask) --ctmask \(mask)",
                "-m mark --mark \(markText(value))/\(mask) -j DROP",
            ]
        }
        verdictRules.append("-g \(flowsChain)")
        let target = queueTarget(rules)
        var flowsRules = [
            "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j CONNMARK --set-xmark \(markText(0))/\(mask)"
        ]
        flowsRules += portMatches("udp", .destination, rules.longHeaderPorts)
            .flatMap { ports in longHeaderMatches(program).map { "\(ports) \($0) \(target)" } }
        flowsRules += [
            "-m connmark --mark \(markText(mark.accepted))/\(markText(mark.acceptedMask)) -j RETURN",
            "-m connmark --mark \(markText(mark.blocked))/\(mask) -j DROP",
            "-m connmark --mark \(markText(mark.refused))/\(mask) -j RETURN",
        ]
        let matches =
            portMatches("udp", .destination, rules.udpPorts) + portMatches("tcp", .destination, rules.tcpPorts)
            + portMatches("udp", .source, rules.answerPorts) + portMatches("tcp", .source, rules.answerPorts)
        flowsRules += matches.map { "\($0) \(target)" }
        let chains = [(queueChain, queueRules), (verdictChain, verdictRules), (flowsChain, flowsRules)]
        var table = Table(name: "mangle", chains: chains)
        if rules.forwarded {
            table.jumps.append(Jump(chain: "FORWARD", target: queueChain, appended: true))
        }
        if rules.received {
            table.jumps.append(Jump(chain: "INPUT", target: queueChain, appended: true))
        }
        if rules.generated {
            table.jumps.append(Jump(chain: "OUTPUT", target: queueChain, appended: true))
        }
        if rules.forwarded || rules.generated {
            table.chains.append((markChain, markRules(rules.mark)))
            table.jumps.append(Jump(chain: "POSTROUTING", target: markChain, appended: false))
        }
        return table
    }

    /// Refused connections are reset in this table, the only one that can. Packets to this host never see POSTROUTING: their mark is saved
    /// here too, in the table after mangle.
    private static func filter(_ rules: RuleSet) -> Table {
        let mark = rules.mark
        let refusal =
            "-p tcp -m connmark --mark \(markText(mark.refused))/\(markText(mark.mask)) "
            + "-m tcp ! --tcp-flags RST RST -j REJECT --reject-with tcp-reset"
        var table = Table(name: "filter", chains: [(refuseChain, [refusal])])
        if rules.forwarded { table.jumps.append(Jump(chain: "FORWARD", target: refuseChain, appended: false)) }
        if rules.received {
            // The jump that is inserted last comes first.
            table.chains.append((markChain, markRules(mark)))
            table.jumps.append(Jump(chain: "INPUT", target: markChain, appended: false))
            table.jumps.append(Jump(chain: "INPUT", target: refuseChain, appended: false))
        }
        if rules.generated { table.jumps.append(Jump(chain: "OUTPUT", target: refuseChain, appended: false)) }
        return table
    }

    /// What the sensor sends to a client in the name of its server is kept from connection tracking.
    private static func raw(_ rules: RuleSet) -> Table {
        let own = "-m mark --mark \(markText(rules.mark.ownUntracked))/\(markText(rules.mark.mask)) -j CT --notrack"
        return Table(
            name: "raw",
            chains: [(ownChain, [own])],
            jumps: [Jump(chain: "OUTPUT", target: ownChain, appended: false)]
        )
    }

    /// The mark of an accepted flow is saved and leaves the packet. What is still there of a refused connection, because somebody has
    /// removed the rule that resets it, does not pass.
    private static func markRules(_ mark: FlowMark) -> [String] {
        let mask = markText(mark.mask)
        let accepted = "-m mark --mark \(markText(mark.accepted))/\(markText(mark.acceptedMask))"
        return [
            "\(accepted) -j CONNMARK --save-mark --nfmask \(mask) --ctmask \(mask)",
            "\(accepted) -j MARK --set-xmark \(markText(0))/\(mask)",
            "-p tcp -m connmark --mark \(markText(mark.refused))/\(mask) -m tcp ! --tcp-flags RST RST -j DROP",
        ]
    }

    /// What tells a UDP datagram with a long header of QUIC: the first bit of its payload (RFC 8999 §5.1).
    ///
    /// The offsets of `u32` count from the network header. Over IPv6 it cannot go through extension headers: what has any is taken for one.
    private static func longHeaderMatches(_ program: IPTablesProgram) -> [String] {
        let tests =
            switch program {
            // The header's length in octets, behind it eight octets of UDP.
            case .iptables: ["--u32 0x0>>0x16&0x3c@0x8&0x80000000=0x80000000"]
            // The fixed header's Next Header is the last of four octets from 3 on; 40 octets of it and eight of UDP.
            case .ip6tables: ["! --u32 0x3&0xff=0x11", "--u32 0x30&0x80000000=0x80000000"]
            }
        return tests.map { "-m u32 \($0)" }
    }

    private static func queueTarget(_ rules: RuleSet) -> String {
        let first = rules.queues.lowerBound
        let last = rules.queues.upperBound
        let queue = first == last ? "--queue-num \(first)" : "--queue-balance \(first):\(last)"
        return "-j NFQUEUE \(queue)" + (rules.failOpen ? " --queue-bypass" : "")
    }

    /// Which port of a packet a match is about, as its option is called.
    private enum PortSide: String {
        case destination = "dport"
        case source = "sport"
    }

    /// One match per fifteen ports, the most that multiport takes.
    private static func portMatches(_ transport: String, _ side: PortSide, _ ports: [UInt16]) -> [String] {
        if let port = ports.first, ports.count == 1 {
            return ["-p \(transport) -m \(transport) --\(side.rawValue) \(port)"]
        }
        return stride(from: 0, to: ports.count, by: 15).map { start in
            let part = ports[start..<min(start + 15, ports.count)].map { "\($0)" }.joined(separator: ",")
            return "-p \(transport) -m multiport --\(side.rawValue)s \(part)"
        }
    }

    private static func render(_ tables: [Table], existing: String) -> String {
        var text = ""
        for table in tables {
            let lines = changes(to: table, existing: linesOfTable(table.name, in: existing))
            guard !lines.isEmpty else { continue }
            text += "*\(table.name)\n" + lines.map { $0 + "\n" }.joined() + "COMMIT\n"
        }
        return text
    }

    private static func changes(to table: Table, existing: [Substring]) -> [String] {
        let oldChains = existing.filter { $0.hasPrefix(":\(chainPrefix)") }
            .compactMap { $0.dropFirst().split(separator: " ").first }
            .map(String.init)
        let oldJumps = existing.filter { $0.hasPrefix("-A ") && !$0.hasPrefix("-A \(chainPrefix)") }
            .filter { $0.contains(" -j \(chainPrefix)") || $0.contains(" -g \(chainPrefix)") }
            .map(String.init)

        // A chain that is declared is created, or emptied where it is there.
        var lines = table.chains.map { ":\($0.name) - [0:0]" }
        for chain in table.chains {
            lines += chain.rules.map { "-A \(chain.name) \($0)" }
        }
        var kept: Set<String> = []
        for jump in oldJumps {
            if table.jumps.contains(where: { $0.listed == jump }), kept.insert(jump).inserted {
                continue
            }
            lines.append("-D" + jump.dropFirst(2))
        }
        lines += table.jumps.filter { !kept.contains($0.listed) }.map(\.command)
        // A chain goes only once no rule leads to it.
        let leftover = oldChains.filter { chain in !table.chains.contains { $0.name == chain } }
        lines += leftover.map { "-F \($0)" } + leftover.map { "-X \($0)" }
        return lines
    }

    private static func linesOfTable(_ name: String, in existing: String) -> [Substring] {
        var lines: [Substring] = []
        var isInside = false
        for line in existing.split(separator: "\n") {
            if line.hasPrefix("*") {
                isInside = line == "*\(name)"
            } else if isInside {
                lines.append(line)
            }
        }
        return lines
    }
}
