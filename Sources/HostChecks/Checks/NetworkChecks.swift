import NetfilterRules
import SensorConfiguration

/// The ways that packets take through the host.
enum NetworkChecks {
    /// Whether the host forwards packets, where its rules wait for them.
    static func forwarding(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        guard facts.configuration.rules.forwarded else { throw .unknown("forwarded packets are not queued") }
        var findings: [Finding] = []
        let families = [("IPv4", "net.ipv4.ip_forward"), ("IPv6", "net.ipv6.conf.all.forwarding")]
        let isOn = families.map { facts.settings[$0.1].map { $0 != 0 } }
        for ((family, name), forwards) in zip(families, isOn) where forwards == false {
            // A router of one family alone is no mistake.
            let isSingle = isOn.contains(true)
            findings.append(
                Finding(
                    isSingle ? .note : .warning,
                    "\(family) is not forwarded (\(name) is 0)",
                    reason: "The rules wait for packets that this host routes, and it routes none of this family.",
                    command: CommandWriter.sysctl(["\(name)=1"]),
                    advice: "or set forwarded = false in [rules] where the host only resolves names"
                )
            )
        }
        return findings
    }

    /// Whether strict reverse path filtering drops packets that come in by another way than they would go out.
    static func reversePath(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        let ways = try facts.defaultRoutes.known().first { $0.version == 4 }?.interfaces ?? []
        guard ways.count > 1 else { return [] }
        let general = try facts.setting("net.ipv4.conf.all.rp_filter")
        // The stricter numbers are not the higher ones: the kernel takes the maximum, and 2 is loose.
        let strict = ways.filter { max(general, facts.settings["net.ipv4.conf.\($0).rp_filter"] ?? 0) == 1 }
        guard strict.isEmpty == false else { return [] }
        return [
            Finding(
                .warning,
                "strict reverse path filter on \(strict.joined(separator: ", ")), and several default routes",
                reason:
                    "The kernel drops packets that come in by one of them while its own route leads out by another; "
                    + "they are gone before any rule of the sensor.",
                command: CommandWriter.sysctl(strict.map { "\(CommandWriter.setting($0, "rp_filter"))=2" })
            )
        ]
    }

    /// Whether flows may pass this host in one direction only.
    static func routes(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        try facts.defaultRoutes.known().filter { $0.interfaces.count > 1 }.map { routes in
            Finding(
                .note,
                "IPv\(routes.version): default routes lead out by \(routes.interfaces.joined(separator: " and "))",
                reason:
                    "Answers may come back past this host. The sensor reads what clients send, so a host that sees only "
                    + "that still blocks; but connection tracking does not understand half a TCP connection, so its packets "
                    + "carry no mark and all go through user space. A host that sees only the answers blocks nothing.",
                advice:
                    "let the routers next to this host send both directions by it (the same metric, or one next hop)"
            )
        }
    }

    /// Whether bridged packets meet the rules.
    static func bridges(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        let bridges = try facts.bridges.known()
        guard bridges.isEmpty == false else { return [] }
        let names = ["net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables"]
        let off = names.filter { (facts.settings[$0] ?? 0) == 0 }
        guard off.isEmpty == false else { return [] }
        return [
            Finding(
                .note,
                "bridge \(bridges.joined(separator: ", ")): frames between its ports pass the rules by",
                reason:
                    "Only routed packets meet them. That is as it should be unless clients are on one port and the way "
                    + "out is on another.",
                command: "modprobe br_netfilter; " + CommandWriter.sysctl(off.map { "\($0)=1" })
            )
        ]
    }
}
