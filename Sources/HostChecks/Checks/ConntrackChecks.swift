/// The settings of connection tracking.
enum ConntrackChecks {
    /// Whether the connection table has room.
    static func table(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        let count = try facts.setting("net.netfilter.nf_conntrack_count")
        let limit = try facts.setting("net.netfilter.nf_conntrack_max")
        guard limit > 0, count >= limit / 5 * 4 else { return [] }
        return [
            Finding(
                count >= limit / 20 * 19 ? .fault : .warning,
                "the connection table holds \(count) of \(limit) connections",
                reason: "When it is full the kernel drops the packets that begin a new connection.",
                command: CommandWriter.sysctl(["net.netfilter.nf_conntrack_max=\(min(limit, Int.max / 2) * 2)"]),
                advice: "write the setting to a file in /etc/sysctl.d, so that it outlasts the next start"
            )
        ]
    }

    /// Whether packets with a wrong checksum are kept away from connections.
    static func checksum(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        guard try facts.setting("net.netfilter.nf_conntrack_checksum") == 0 else { return [] }
        return [
            Finding(
                .warning,
                "net.netfilter.nf_conntrack_checksum is 0",
                reason:
                    "A packet with a wrong checksum, which its receiver throws away, then moves the connection's state "
                    + "in the kernel: a client can end it here alone, and with it what the sensor has decided. With 1 such "
                    + "a packet is INVALID and carries no mark, so it comes to the sensor and is judged by itself.",
                command: CommandWriter.sysctl(["net.netfilter.nf_conntrack_checksum=1"])
            )
        ]
    }

    /// Whether connection tracking judges TCP as it does by default.
    static func tcp(_ facts: HostFacts) throws(Unexamined) -> [Finding] {
        let isLiberal = try facts.setting("net.netfilter.nf_conntrack_tcp_be_liberal") != 0
        let isLoose = try facts.setting("net.netfilter.nf_conntrack_tcp_loose") != 0
        var findings: [Finding] = []
        if isLiberal {
            findings.append(
                Finding(
                    .note,
                    "net.netfilter.nf_conntrack_tcp_be_liberal is 1",
                    reason:
                        "Segments outside the window count as part of their connection: those of a decided flow share "
                        + "its fate in the kernel. With 0 they are INVALID, carry no mark, and the sensor judges them."
                )
            )
        }
        if isLoose == false {
            findings.append(
                Finding(
                    .note,
                    "net.netfilter.nf_conntrack_tcp_loose is 0",
                    reason: "Connections that began before this host saw them are INVALID and carry no mark: all their "
                        + "packets go through user space until they end.",
                    command: CommandWriter.sysctl(["net.netfilter.nf_conntrack_tcp_loose=1"])
                )
            )
        }
        return findings
    }
}

extension HostFacts {
    /// A kernel setting.
    ///
    /// - Throws: ``Unexamined`` where the kernel has none of this name.
    func setting(_ name: String) throws(Unexamined) -> Int {
        guard let value = settings[name] else { throw .unknown("the kernel shows no \(name)") }
        return value
    }
}
