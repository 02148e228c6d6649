/// Rules as text for `nft -f -`.
package enum NFTRules {
    /// The name of our table, in the family `inet`.
    package static let table = "grindvakt"

    /// The text that puts the rules in place of earlier ones in one transaction.
    ///
    /// A packet that comes back from a queue goes on at the next base chain, so the mark of the verdict is saved in a
    /// base chain of its own with a later priority or hook. One that is to be dropped for good is sent through its chain
    /// once more, so that its connection gets the mark there.
    package static func applying(_ rules: RuleSet) -> String {
        let mark = rules.mark
        let mask = markText(mark.mask)
        let others = markText(~mark.mask)
        let queue = queueStatement(rules)
        var lines = [
            "add table inet \(table)",
            "delete table inet \(table)",
            "table inet \(table) {",
            "    chain verdict {",
        ]
        for own in [mark.own, mark.ownUntracked] {
            lines.append("        meta mark & \(mask) == \(markText(own)) return")
        }
        for value in [mark.blocked, mark.refused] {
            lines.append(
                "        meta mark & \(mask) == \(markText(value)) "
                    + "ct mark set ct mark & \(others) | \(markText(value)) drop"
            )
        }
        // See ``IPTablesRules``: a new connection between the same ports has nothing of the one before, and nearly all packets bring no
        // mark and belong to accepted flows.
        lines += [
            "        goto flows",
            "    }",
            "    chain flows {",
            "        tcp flags & (fin | syn | rst | ack) == syn ct mark set ct mark & \(others)",
        ]
        if !rules.longHeaderPorts.isEmpty {
            // The first bit of a datagram's payload, behind eight octets of UDP: a long header of QUIC (RFC 8999 §5.1).
            lines.append("        udp dport \(ports(rules.longHeaderPorts)) @th,64,8 & 0x80 == 0x80 \(queue)")
        }
        lines += [
            "        ct mark & \(markText(mark.acceptedMask)) == \(markText(mark.accepted)) return",
            "        ct mark & \(mask) == \(markText(mark.blocked)) drop",
            "        ct mark & \(mask) == \(markText(mark.refused)) tcp flags & rst != rst reject with tcp reset",
            "        ct mark & \(mask) == \(markText(mark.refused)) return",
        ]
        if !rules.udpPorts.isEmpty {
            lines.append("        udp dport \(ports(rules.udpPorts)) \(queue)")
        }
        if !rules.tcpPorts.isEmpty {
            lines.append("        tcp dport \(ports(rules.tcpPorts)) \(queue)")
        }
        if !rules.answerPorts.isEmpty {
            lines.append("        udp sport \(ports(rules.answerPorts)) \(queue)")
            lines.append("        tcp sport \(ports(rules.answerPorts)) \(queue)")
        }
        lines += [
            "    }",
            "    chain judge {",
            "        meta mark & \(mask) != \(markText(0)) goto verdict",
            "        goto flows",
            "    }",
            "    chain remember {",
            "        meta mark & \(markText(mark.acceptedMask)) != \(markText(mark.accepted)) return",
        ]
        for accepted in [markText(mark.accepted), markText(mark.acceptedAnew)] {
            lines.append("        meta mark & \(mask) == \(accepted) ct mark set ct mark & \(others) | \(accepted)")
        }
        lines += [
            "        meta mark set meta mark & \(others)",
            "    }",
            "    chain own {",
            "        type filter hook output priority raw; policy accept;",
            "        meta mark & \(mask) == \(markText(mark.ownUntracked)) notrack",
            "    }",
        ]
        if rules.forwarded {
            lines += baseChain("forwarded", hook: "forward priority mangle", jump: "judge")
        }
        if rules.received {
            lines += baseChain("received", hook: "input priority mangle", jump: "judge")
            lines += baseChain("received-decided", hook: "input priority mangle + 10", jump: "remember")
        }
        if rules.generated {
            lines += baseChain("generated", hook: "output priority mangle", jump: "judge")
        }
        if rules.forwarded || rules.generated {
            lines += baseChain("decided", hook: "postrouting priority mangle", jump: "remember")
        }
        lines.append("}")
        return lines.joined(separator: "\n") + "\n"
    }

    /// The text that removes our table, whether it is there or not.
    package static let removing = "add table inet \(table)\ndelete table inet \(table)\n"

    /// A throw-away table that the kernel accepts, in a dry run, only where it knows the queue statement.
    static let probe = """
        table inet grindvakt-probe {
            chain probe {
                udp dport 53 queue num 0 bypass
            }
        }

        """

    private static func queueStatement(_ rules: RuleSet) -> String {
        let first = rules.queues.lowerBound
        let last = rules.queues.upperBound
        let numbers = first == last ? "\(first)" : "\(first)-\(last)"
        return "queue num \(numbers)" + (rules.failOpen ? " bypass" : "")
    }

    private static func ports(_ ports: [UInt16]) -> String {
        if let port = ports.first, ports.count == 1 {
            return "\(port)"
        }
        return "{ " + ports.map { "\($0)" }.joined(separator: ", ") + " }"
    }

    private static func baseChain(_ name: String, hook: String, jump: String) -> [String] {
        ["    chain \(name) {", "        type filter hook \(hook); policy accept;", "        jump \(jump)", "    }"]
    }
}
