import FoundationEssentials
import NetworkLab
import Testing

/// What `grindvakt doctor --json` says, as far as the tests ask.
private struct Diagnosis: Decodable {
    struct Finding: Decodable {
        var check: String
        var severity: String
        var problem: String
        var command: String?
    }

    var status: Int
    var findings: [Finding]
    var missingPrivileges: [String]

    enum CodingKeys: String, CodingKey {
        case status, findings
        case missingPrivileges = "missing_privileges"
    }

    /// The checks that found a fault or a warning.
    var troubles: [String] { findings.filter { $0.severity != "note" }.map(\.check) }
}

extension Site {
    /// What doctor says of the router; checks that it tells no address.
    fileprivate func diagnose(_ configuration: String, through wrapper: [String] = []) async throws -> Diagnosis {
        let result = try await grindvakt(["doctor", "--json", "--config", configuration], through: wrapper)
        for address in lab.client.addresses + lab.router.addresses + lab.server.addresses {
            #expect(result.output.contains(address) == false, "an address is told")
        }
        #expect(result.output.contains(Site.listed) == false)
        try #require(result.errors.isEmpty, "\(result)")
        let diagnosis = try JSONDecoder().decode(Diagnosis.self, from: Data(result.output.utf8))
        #expect(result.status == .exited(Int32(diagnosis.status)))
        return diagnosis
    }

    /// Runs a command that doctor printed on the router, but never what would concern the machine's own systemd.
    fileprivate func mend(_ command: String) async throws {
        let own = command.replacing(" && systemctl restart grindvakt", with: "")
        try #require(own.contains("systemctl") == false, "\(command)")
        let folder = binary.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let result = try await lab.router.run(["sh", "-c", "PATH=\(folder):$PATH; \(own)"], timeLimit: .seconds(60))
        try #require(result.succeeded, "\(command): \(result)")
    }
}

extension LiveTests {
    /// Something that somebody does to a router, and the check that has to see it.
    struct Trouble: Sendable {
        var check: String
        var making: String
        var problem: String
    }

    static let troubles = [
        Trouble(
            check: "rule-order",
            making: "iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu",
            problem: "iptables table mangle, chain FORWARD: rules from 2 on (TCPMSS) stand after the sensor's"
        ),
        Trouble(
            check: "rule-order",
            making: "ip6tables -t mangle -N other; ip6tables -t mangle -A other -p udp -j ACCEPT; "
                + "ip6tables -t mangle -I FORWARD 1 -j other",
            problem: "ip6tables table mangle, chain FORWARD, rule 1: ACCEPT before the sensor's rules"
        ),
        Trouble(
            check: "rule-order",
            making: "iptables -t mangle -I POSTROUTING 1 -s 10.0.0.0/8 -j ACCEPT",
            problem: "iptables table mangle, chain POSTROUTING, rule 1: ACCEPT before the sensor's rules"
        ),
        Trouble(
            check: "queue-rules",
            making: "iptables -A FORWARD -p udp --dport 5353 -j NFQUEUE --queue-num 1",
            problem: "iptables table filter, chain FORWARD, rule 2: it feeds queue 1, which is the sensor's"
        ),
        Trouble(
            check: "rules-applied",
            making: "iptables -t mangle -D GRINDVAKT-FLOWS 3",
            problem: "iptables: the sensor's rules are not those of the configuration"
        ),
        Trouble(
            check: "rules-applied",
            making: "ip6tables -t mangle -F",
            problem: "ip6tables: the sensor's rules are not those of the configuration"
        ),
        Trouble(
            check: "untracked",
            making: "iptables -t raw -A PREROUTING -p udp --dport 53 -j CT --notrack",
            problem: "iptables table raw, chain PREROUTING, rule 1: packets are not tracked"
        ),
        Trouble(
            check: "untracked",
            making: "nft 'add table inet x; add chain inet x c { type filter hook prerouting priority raw; }; "
                + "add rule inet x c udp dport 53 notrack'",
            problem: "nft table inet x, chain c, handle 2: packets are not tracked"
        ),
        Trouble(
            check: "reverse-path",
            making: "ip route add default dev clients; ip route add default dev servers metric 9; "
                + "echo 1 > /proc/sys/net/ipv4/conf/servers/rp_filter",
            problem: "strict reverse path filter on servers, and several default routes"
        ),
        Trouble(
            check: "conntrack-checksum",
            making: "echo 0 > /proc/sys/net/netfilter/nf_conntrack_checksum",
            problem: "net.netfilter.nf_conntrack_checksum is 0"
        ),
        Trouble(
            check: "mark-bits",
            making: "iptables -t mangle -A PREROUTING -j MARK --set-xmark 0x10000/0x10000",
            problem: "mark bits of 0x70000 are used by others: iptables table mangle, chain PREROUTING"
        ),
    ]

    @Test func `doctor finds exactly what is wrong, and the command it prints mends it`() async throws {
        try await Site.with { site in
            let state = site.lab.path("state")
            let sensor = try await site.startSensor("\n[state]\ndirectory = \"\(state)\"\n[rules]\nforwarded = true")
            let configuration = site.lab.path("grindvakt.toml")
            try await site.applyRules()
            let healthy = try await site.diagnose(configuration)
            #expect(healthy.troubles.isEmpty, "\(healthy)")
            #expect(healthy.status == 0)

            for trouble in Self.troubles {
                try await Command.output(site.lab.router.inside(["sh", "-c", trouble.making]))
                let ill = try await site.diagnose(configuration)
                #expect(ill.troubles == [trouble.check], "\(trouble): \(ill)")
                let finding = try #require(ill.findings.first { $0.check == trouble.check }, "\(trouble)")
                #expect(finding.problem == trouble.problem)
                #expect(ill.status == 1)
                try await site.mend(try #require(finding.command, "\(trouble)"))
                let mended = try await site.diagnose(configuration)
                #expect(mended.troubles.isEmpty, "\(trouble): \(mended)")
            }
            #expect(try await site.isStopped(Site.listed))

            try await Command.output(["rm", "-rf", "--", state])
            let homeless = try await site.diagnose(configuration)
            #expect(homeless.troubles == ["state-directory"])
            try await site.mend(try #require(homeless.findings.first { $0.check == "state-directory" }?.command))
            #expect(try await site.diagnose(configuration).troubles.isEmpty)

            // Killed without a chance to tidy up.
            sensor.send(9)
            #expect(try await Command.wait(atMost: .seconds(90)) { sensor.isRunning == false })
            let dead = try await site.diagnose(configuration)
            #expect(dead.troubles == ["queue-listeners", "sensor-socket"], "\(dead)")
            try await site.mend(try #require(dead.findings.first { $0.check == "sensor-socket" }?.command))
            #expect(try await site.diagnose(configuration).troubles == ["queue-listeners"])
        }
    }

    @Test func `doctor names the process that holds a queue, and what it lacks`() async throws {
        try await Site.with { site in
            let configuration = try site.configure()
            try await site.applyRules()
            let impostor = site.lab.path("impostor")
            try await Command.output(["ln", "-s", site.binary, impostor])
            let list = site.lab.path("list.txt")
            let other = site.lab.spawn(
                [impostor, "run", "--list", list, "--queues", "1", "--socket", site.lab.path("other.sock")],
                on: site.lab.router
            )
            try await other.waitForLine(containing: "ready:", timeLimit: .seconds(60))
            let taken = try await site.diagnose(configuration)
            #expect(taken.troubles == ["queue-listeners", "queue-owners"], "\(taken)")
            let finding = try #require(taken.findings.first { $0.check == "queue-owners" })
            let process = try #require(finding.command?.split(separator: " ").last)
            #expect(finding.problem == "queue 1: process \(process) (impostor) holds it, not the sensor")
            try await site.mend(try #require(finding.command))
            #expect(try await Command.wait(atMost: .seconds(90)) { other.isRunning == false })
            #expect(try await site.diagnose(configuration).troubles == ["queue-listeners"])

            let powerless = try await site.diagnose(
                configuration,
                through: ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", "--"]
            )
            #expect(powerless.status == 3)
            #expect(powerless.missingPrivileges == ["CAP_NET_ADMIN"])
            #expect(powerless.troubles.contains("queue-listeners"))

            let broken = try site.configure(sensor: "queue-lenght = 16")
            let refused = try await site.grindvakt(["doctor", "--config", broken])
            #expect(refused.status == .exited(2), "\(refused)")
            #expect(refused.output.isEmpty)
        }
    }
}
