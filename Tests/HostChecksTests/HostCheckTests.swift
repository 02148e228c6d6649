import Confinement
import NetfilterRules
import SensorConfiguration
import Telemetry
import Testing

@testable import HostChecks

@Suite("Host checks")
struct HostCheckTests {
    /// One thing that is wrong, and what is said of it.
    struct Case: Sendable, CustomTestStringConvertible {
        var check: String
        var severity: Severity
        var problem: String
        var command: String?
        var change: @Sendable (inout HostFacts) throws -> Void

        init(
            _ check: String,
            _ severity: Severity,
            _ problem: String,
            command: String? = nil,
            _ change: @escaping @Sendable (inout HostFacts) throws -> Void
        ) {
            self.check = check
            self.severity = severity
            self.problem = problem
            self.command = command
            self.change = change
        }

        var testDescription: String { "\(check): \(problem)" }
    }

    private static func replace(_ old: String, _ new: String) -> @Sendable (inout HostFacts) -> Void {
        { facts in
            facts.iptables = .known(
                HealthyHost.listings { text in
                    text.split(separator: "\n").joined(separator: "\n").replacing(old, with: new) + "\n"
                }
            )
        }
    }

    private static func status(_ change: @escaping @Sendable (inout SensorState) -> Void)
        -> @Sendable (
            inout HostFacts
        ) throws -> Void
    {
        { $0.sensor = .known(.running(try HealthyHost.status(change))) }
    }

    private static func nft(_ statements: String, flags: String = "") throws -> NFTListing {
        try NFTListing(
            json: """
                {"nftables": [{"metainfo": {"version": "1.0.6"}},
                {"flowtable": {"family": "inet", "table": "fw", "name": "ft", "handle": 2\(flags)}},
                {"rule": {"family": "inet", "table": "fw", "chain": "fwd", "handle": 9, "expr": [\(statements)]}}]}
                """
        )
    }

    private static let jump = "-A FORWARD -j GRINDVAKT-QUEUE"

    static let cases: [Case] = [
        Case("kernel-features", .fault, "iptables refuses NFQUEUE", command: "modprobe xt_NFQUEUE") {
            $0.refusedFeatures = .known(KernelFeature.all.filter { $0.name == "NFQUEUE" })
        },
        Case("kernel-features", .warning, "iptables refuses REJECT", command: "modprobe ipt_REJECT") {
            $0.refusedFeatures = .known(KernelFeature.all.filter { $0.name == "REJECT" })
        },
        Case(
            "kernel-features",
            .fault,
            "the kernel shows no table of queues: gone",
            command: "modprobe nfnetlink_queue"
        ) {
            $0.queues = .unknown("gone")
        },
        Case(
            "rules-applied",
            .fault,
            "the sensor's rules are not there",
            command: "grindvakt rules apply --backend iptables --config /etc/grindvakt/grindvakt.toml"
        ) { $0.iptables = .known([]) },
        Case("rules-applied", .fault, "the sensor's rules are there twice, in nft and in iptables") {
            $0.ownTable = .known(["table inet grindvakt {", "}"])
        },
        Case("rules-applied", .fault, "ip6tables: the sensor's rules are not there") {
            $0.iptables = .known([
                HealthyHost.listings()[0], IPTablesListing("*mangle\nCOMMIT\n", program: "ip6tables"),
            ])
        },
        Case(
            "rules-applied",
            .fault,
            "iptables: the rules feed other queues than 0:1",
            replace("--queue-balance 0:1", "--queue-balance 2:3")
        ),
        Case(
            "rules-applied",
            .warning,
            "iptables: the sensor's rules are not those of the configuration",
            replace("53,443", "53")
        ),
        Case(
            "rules-applied",
            .warning,
            "nft table inet grindvakt: the sensor's rules are not those of the configuration"
        ) {
            $0.iptables = .known([])
            $0.backend = .nft
            $0.ownTable = .known(["table inet grindvakt {", "a", "}"])
            $0.wantedTable = .known(["table inet grindvakt {", "b", "}"])
        },
        Case(
            "rule-order",
            .warning,
            "iptables table mangle, chain FORWARD: rules from 3 on (TCPMSS) stand after the sensor's",
            command:
                "iptables -w -t mangle -A FORWARD -j GRINDVAKT-QUEUE && iptables -w -t mangle -D FORWARD -j GRINDVAKT-QUEUE",
            replace(jump, jump + "\n-A FORWARD -p tcp -j TCPMSS --clamp-mss-to-pmtu")
        ),
        Case(
            "rule-order",
            .fault,
            "iptables table mangle, chain FORWARD, rule 2: ACCEPT before the sensor's rules",
            command: "iptables -w -t mangle -D FORWARD 2",
            replace(jump, "-A FORWARD -i wan -j ACCEPT\n" + jump)
        ),
        Case(
            "rule-order",
            .fault,
            "ip6tables table mangle, chain FORWARD, rule 2: NFQUEUE before the sensor's rules",
            replace(
                jump,
                ":other - [0:0]\n-A FORWARD -j other\n\(jump)\n-A other -m mark --mark 0x1 -j NFQUEUE --queue-num 9"
            )
        ),
        Case(
            "rule-order",
            .fault,
            "iptables table mangle, chain FORWARD, rule 2: RETURN before the sensor's rules",
            replace(jump, "-A FORWARD -p tcp -j RETURN\n" + jump)
        ),
        Case(
            "rule-order",
            .warning,
            "iptables table mangle, chain POSTROUTING, rule 1: ACCEPT before the sensor's rules",
            replace("-A POSTROUTING -j", "-A POSTROUTING -o wan -j ACCEPT\n-A POSTROUTING -j")
        ),
        Case(
            "queue-rules",
            .fault,
            "iptables table filter, chain FORWARD, rule 2: it feeds queue 1:2, which is the sensor's",
            command: "iptables -w -t filter -D FORWARD 2",
            replace("-A FORWARD -j DOCKER-USER", "-A FORWARD -j DOCKER-USER\n-A FORWARD -j NFQUEUE --queue-balance 1:2")
        ),
        Case(
            "queue-rules",
            .fault,
            "nft table inet fw, chain fwd, handle 9: it feeds queue 1:3, which is the sensor's",
            command: "nft delete rule inet fw fwd handle 9"
        ) { $0.nft = .known(try nft(#"{"queue": {"num": {"range": [1, 3]}, "flags": "bypass"}}"#)) },
        Case(
            "mark-bits",
            .fault,
            "mark bits of 0x70000 are used by others: iptables table mangle, chain PREROUTING",
            command: "sed -i '/^[[:blank:]]*\\[[[:blank:]]*sensor[[:blank:]]*\\]/a mark-mask = 0xe0000000' "
                + "/etc/grindvakt/grindvakt.toml && grindvakt rules apply --backend iptables --config "
                + "/etc/grindvakt/grindvakt.toml && systemctl restart grindvakt"
        ) {
            $0.markUses = .known([
                MarkUse(origin: "iptables", table: "mangle", chain: "PREROUTING", rule: "-s 192.0.2.1", bits: 0x10000)
            ])
        },
        Case(
            "untracked",
            .warning,
            "iptables table raw, chain PREROUTING, rule 1: packets are not tracked",
            command: "iptables -w -t raw -D PREROUTING 1",
            replace("*filter", "*raw\n-A PREROUTING -p udp -m udp --dport 53 -j CT --notrack\nCOMMIT\n*filter")
        ),
        Case("untracked", .warning, "nft table inet fw, chain fwd, handle 9: packets are not tracked") {
            $0.nft = .known(try nft(#"{"notrack": null}"#))
        },
        Case("rule-front-ends", .note, "iptables-legacy holds rules besides those of iptables: 1") {
            $0.otherIPTables = [IPTablesListing("*filter\n-A INPUT -j ACCEPT\n", program: "iptables-legacy")]
        },
        Case("rule-front-ends", .fault, "ip6tables-legacy holds rules of the sensor, too") {
            $0.otherIPTables = [IPTablesListing(HealthyHost.rules("x"), program: "ip6tables-legacy")]
        },
        Case(
            "docker",
            .warning,
            "iptables table filter, chain FORWARD: docker's policy is DROP, and nothing but docker is accepted",
            replace(":FORWARD ACCEPT [0:0]", ":FORWARD DROP [0:0]\n-A FORWARD -i docker0 -j ACCEPT")
        ),
        Case("queue-listeners", .fault, "queue 1: nobody listens", command: "systemctl restart grindvakt") {
            $0.queues = .known([HealthyHost.queue(0, port: 700)].compactMap(\.self))
        },
        Case(
            "queue-owners",
            .fault,
            "queue 0: process 31 (suricata) holds it, not the sensor",
            command: "kill 31"
        ) { $0.owners = .known([700: HostFacts.Owner(process: 31, program: "suricata")]) },
        Case("queue-owners", .note, "queue 0: its process is not to be seen from here") {
            $0.owners = .known([4_000_000_001: HostFacts.Owner(process: 700, program: "grindvakt")])
        },
        Case("confinement", .warning, "the sensor is not confined: its system calls are not filtered") {
            $0.confinement = .known(ProcessStatus("CapPrm:\t1000\nNoNewPrivs:\t1\nSeccomp:\t0\n"))
        },
        Case(
            "confinement",
            .warning,
            "the sensor is not confined: it can start programs with more rights, its capabilities: CAP_DAC_OVERRIDE CAP_NET_ADMIN CAP_NET_RAW CAP_IPC_LOCK CAP_SYS_NICE 36 more"
        ) {
            $0.confinement = .known(ProcessStatus("CapPrm:\t1ffffffffff\nNoNewPrivs:\t0\nSeccomp:\t2\n"))
        },
        Case("confinement", .note, "sandbox is false: the sensor keeps every right that it was started with") {
            $0.configuration.isConfined = false
        },
        Case("queue-drops", .warning, "queue 0: 7 packets did not fit into the receive buffer") {
            $0.queues = .known([HealthyHost.queue(0, port: 700, user: 7)].compactMap(\.self))
        },
        Case("queue-drops", .warning, "queue 1: 8 packets were dropped as the queue was full") {
            $0.queues = .known([HealthyHost.queue(1, port: 700, kernel: 8)].compactMap(\.self))
        },
        Case("queue-balance", .note, "queue 0 has 90 % of the packets of 2 queues") { facts in
            facts.sensor = .known(.running(try HealthyHost.status(packets: [90_000, 10_000])))
        },
        Case(
            "queue-flags",
            .warning,
            "queue 1: fail-open is configured and has no effect",
            status {
                $0.queueConfigurations[1].failOpenEffective = false
            }
        ),
        Case(
            "queue-flags",
            .warning,
            "queue 0: the kernel cuts large packets into segments before they are queued",
            status {
                $0.queueConfigurations[0].gsoEffective = false
            }
        ),
        Case(
            "queue-flags",
            .warning,
            "queue 0: queue-length is 17, and the configuration says otherwise",
            status {
                $0.queueConfigurations[0].maxLength = 17
            }
        ),
        Case(
            "receive-buffer",
            .warning,
            "queue 0: the receive buffer is 425984 bytes instead of 33554432",
            command: "sysctl -w net.core.rmem_max=33554432 && systemctl restart grindvakt",
            status { $0.queueConfigurations[0].receiveBufferObtained = 425_984 }
        ),
        Case(
            "receive-buffer",
            .warning,
            "net.core.rmem_max is 212992 and receive-buffer is 33554432",
            command: "sysctl -w net.core.rmem_max=33554432"
        ) {
            $0.sensor = .known(.absent)
            $0.isInFirstUserNamespace = false
        },
        Case(
            "sensor-socket",
            .warning,
            "/run/grindvakt/metrics.sock: the socket is there and nobody listens",
            command: "rm -f /run/grindvakt/metrics.sock && systemctl restart grindvakt"
        ) { $0.sensor = .known(.stale) },
        Case(
            "sensor-socket",
            .warning,
            "/run/grindvakt/metrics.sock: a sensor has the queues, and its socket is not there"
        ) {
            $0.sensor = .known(.absent)
        },
        Case("sensor-socket", .fault, "no answer within 5 s") { $0.sensor = .known(.silent("no answer within 5 s")) },
        Case(
            "sensor-start",
            .warning,
            "changed since the sensor started: sensor.queues, log.level",
            command: "systemctl restart grindvakt",
            status { $0.keysForRestart = ["sensor.queues", "log.level"] }
        ),
        Case(
            "sensor-start",
            .note,
            "the sensor before did not end in order: 3 packets were queued once more, 0 passed unseen",
            status { $0.takeover = TakeoverState(at: 1, queues: 2, waiting: 9, queuedAgain: 3, passed: 0) }
        ),
        Case(
            "sensor-lists",
            .fault,
            "the kill switch is on: nothing is blocked",
            command: "grindvakt kill-switch off --socket /run/grindvakt/metrics.sock",
            status { $0.killSwitch = true }
        ),
        Case("sensor-lists", .fault, "no list is in force", status { $0.lists = [] }),
        Case("sensor-lists", .warning, "list police: expired", status { $0.lists[0].expiresAt = HealthyHost.now - 1 }),
        Case(
            "sensor-lists",
            .warning,
            "list police: expires in 24 hours",
            status {
                $0.lists[0].expiresAt = HealthyHost.now + 86_400
            }
        ),
        Case(
            "sensor-lists",
            .note,
            "list police: expires in 120 hours",
            status {
                $0.lists[0].expiresAt = HealthyHost.now + 5 * 86_400
            }
        ),
        Case(
            "sensor-lists",
            .warning,
            "list police: its last good edition is in use",
            status { $0.lists[0].isFallback = true }
        ),
        Case(
            "sensor-lists",
            .warning,
            "the last reload was refused",
            status {
                $0.reloads = ReloadCounts(failed: 1, last: LastReload(at: HealthyHost.now, succeeded: false))
            }
        ),
        Case("list-files", .fault, "list \"police\": police.txt: cannot be read: No such file or directory") {
            $0.files[0].use = .known("police.txt: cannot be read: No such file or directory")
        },
        Case(
            "list-files",
            .fault,
            "list \"police\": police.txt: the sensor's user grindvakt may not read it",
            command: "chgrp grindvakt police.txt && chmod g+r police.txt"
        ) { $0.files[0].deniedUser = "grindvakt" },
        Case(
            "list-files",
            .fault,
            "seal key: /etc/grindvakt/seal.key: the sensor's user grindvakt may not read it",
            command: "chown grindvakt /etc/grindvakt/seal.key"
        ) {
            $0.files.append(
                HostFacts.ConfiguredFile(
                    role: "seal key",
                    path: "/etc/grindvakt/seal.key",
                    use: .known(nil),
                    deniedUser: "grindvakt",
                    isSecret: true
                )
            )
        },
        Case(
            "list-expiry",
            .warning,
            "list police: expired",
            command: "grindvakt list fetch --config /etc/grindvakt/grindvakt.toml"
        ) {
            $0.sensor = .known(.absent)
            $0.expiries = [HostFacts.ListExpiry(id: "police", expiresAt: HealthyHost.now, isFetched: true)]
        },
        Case(
            "state-directory",
            .warning,
            "state directory /var/lib/grindvakt cannot be written",
            command: "chmod u+rwx /var/lib/grindvakt"
        ) { $0.stateDirectory?.fault = .notWritable },
        Case(
            "state-directory",
            .warning,
            "state directory /var/lib/grindvakt is missing",
            command: "install -d -m 0750 /var/lib/grindvakt"
        ) { $0.stateDirectory?.fault = .missing },
        Case("forwarding", .note, "IPv6 is not forwarded (net.ipv6.conf.all.forwarding is 0)") {
            $0.settings["net.ipv6.conf.all.forwarding"] = 0
        },
        Case(
            "forwarding",
            .warning,
            "IPv4 is not forwarded (net.ipv4.ip_forward is 0)",
            command: "sysctl -w net.ipv4.ip_forward=1"
        ) {
            $0.settings["net.ipv6.conf.all.forwarding"] = 0
            $0.settings["net.ipv4.ip_forward"] = 0
        },
        Case(
            "reverse-path",
            .warning,
            "strict reverse path filter on eth0, and several default routes",
            command: "sysctl -w net.ipv4.conf.eth0.rp_filter=2"
        ) {
            $0.defaultRoutes = .known([HostFacts.DefaultRoutes(version: 4, interfaces: ["eth0", "eth1"])])
        },
        Case(
            "reverse-path",
            .warning,
            "strict reverse path filter on eth0.7, and several default routes",
            command: "sysctl -w net/ipv4/conf/eth0.7/rp_filter=2"
        ) {
            $0.settings["net.ipv4.conf.eth0.7.rp_filter"] = 1
            $0.defaultRoutes = .known([HostFacts.DefaultRoutes(version: 4, interfaces: ["eth0.7", "eth1"])])
        },
        Case("asymmetric-routes", .note, "IPv6: default routes lead out by eth0 and eth1") {
            $0.defaultRoutes = .known([HostFacts.DefaultRoutes(version: 6, interfaces: ["eth0", "eth1"])])
        },
        Case(
            "flowtables",
            .fault,
            "nft table inet fw, chain fwd, handle 9: flows go to flowtable ft, in hardware, before they are decided",
            command: "nft replace rule inet fw fwd handle 9 ct mark and 0x00030000 == 0x00010000 flow add @ft"
        ) {
            $0.nft = .known(try nft(#"{"flow": {"op": "add", "flowtable": "@ft"}}"#, flags: #", "flags": "offload""#))
        },
        Case(
            "flowtables",
            .fault,
            "iptables table filter, chain FORWARD, rule 2: flows are offloaded before they are decided",
            command: "iptables -w -t filter -D FORWARD 2",
            replace(
                "-A FORWARD -j DOCKER-USER",
                "-A FORWARD -j DOCKER-USER\n-A FORWARD -m conntrack --ctstate ESTABLISHED -j FLOWOFFLOAD --hw"
            )
        ),
        Case(
            "receive-offload",
            .warning,
            "interface eth1: large receive offload (LRO) is on",
            command: "ethtool -K eth1 lro off"
        ) { $0.features = .known(["eth1": ["large-receive-offload": true]]) },
        Case("hardware-offload", .note, "interface eth1: it may forward in hardware (hw-tc-offload)") {
            $0.features = .known(["eth1": ["hw-tc-offload": true]])
        },
        Case("hardware-offload", .warning, "interface eth1: it may forward in hardware (hw-tc-offload)") {
            $0.features = .known(["eth1": ["hw-tc-offload": true]])
            $0.nft = .known(try nft("", flags: #", "flags": ["offload"]"#))
        },
        Case(
            "bridges",
            .note,
            "bridge br0: frames between its ports pass the rules by",
            command:
                "modprobe br_netfilter; sysctl -w net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1"
        ) { $0.bridges = .known(["br0"]) },
        Case(
            "conntrack-table",
            .warning,
            "the connection table holds 850 of 1000 connections",
            command: "sysctl -w net.netfilter.nf_conntrack_max=2000"
        ) {
            $0.settings["net.netfilter.nf_conntrack_count"] = 850
            $0.settings["net.netfilter.nf_conntrack_max"] = 1_000
        },
        Case("conntrack-table", .fault, "the connection table holds 1000 of 1000 connections") {
            $0.settings["net.netfilter.nf_conntrack_count"] = 1_000
            $0.settings["net.netfilter.nf_conntrack_max"] = 1_000
        },
        Case(
            "conntrack-checksum",
            .warning,
            "net.netfilter.nf_conntrack_checksum is 0",
            command: "sysctl -w net.netfilter.nf_conntrack_checksum=1"
        ) { $0.settings["net.netfilter.nf_conntrack_checksum"] = 0 },
        Case("conntrack-tcp", .note, "net.netfilter.nf_conntrack_tcp_be_liberal is 1") {
            $0.settings["net.netfilter.nf_conntrack_tcp_be_liberal"] = 1
        },
        Case("conntrack-tcp", .note, "net.netfilter.nf_conntrack_tcp_loose is 0") {
            $0.settings["net.netfilter.nf_conntrack_tcp_loose"] = 0
        },
        Case("clock", .note, "the kernel's clock is not synchronised", command: "timedatectl set-ntp true") {
            $0.clockIsSynchronised = .known(false)
        },
    ]

    @Test func `nothing is found on a healthy host`() throws {
        let report = HostReport(try HealthyHost.facts())
        for entry in report.entries { #expect(report.findings(of: entry.id).isEmpty, "\(entry)") }
        #expect(report.missingPrivileges.isEmpty)
        #expect(report.exitStatus == 0)
        let silent = report.entries.filter { if case .unknown = $0.outcome { true } else { false } }.map(\.id)
        #expect(silent == ["queue-balance", "list-expiry"])
    }

    @Test(arguments: cases)
    func `is found`(case wrong: Case) throws {
        let report = HostReport(try HealthyHost.facts(wrong.change))
        let findings = report.findings(of: wrong.check)
        let finding = try #require(findings.first { $0.problem == wrong.problem }, "\(findings.map(\.problem))")
        #expect(finding.severity == wrong.severity)
        if let command = wrong.command { #expect(finding.command == command) }
        #expect(finding.reason.hasSuffix("."))
        #expect(finding.command != nil || finding.advice != nil || finding.severity == .note)
        #expect(report.exitStatus == (report.count(of: .fault) + report.count(of: .warning) > 0 ? 1 : 0))
        // Nothing of a rule but its place is told.
        #expect(report.text(isVerbose: true).contains("192.0.2.1") == false)
    }

    @Test func `every check can find something, and names stay apart`() {
        let ids = HostCheck.all.map(\.id)
        #expect(Set(ids).count == ids.count)
        #expect(Set(ids) == Set(Self.cases.map(\.check)))
    }

    /// What looks like a fault and is none.
    static let harmless: [Case] = [
        Case("rule-order", .note, "a drop", replace(jump, "-A FORWARD -i bad -j DROP\n" + jump)),
        Case("rule-order", .note, "other protocols", replace(jump, "-A FORWARD -p icmp -j ACCEPT\n" + jump)),
        Case(
            "rule-order",
            .note,
            "a chain that comes back, and one that goes in circles",
            replace(
                jump,
                ":a - [0:0]\n:b - [0:0]\n-A FORWARD -j a\n\(jump)\n-A a -j b\n-A b -j a\n-A b -p tcp -j RETURN"
            )
        ),
        Case(
            "docker",
            .note,
            "forwarding is accepted",
            replace(
                ":FORWARD ACCEPT [0:0]",
                ":FORWARD DROP [0:0]\n-A DOCKER-USER -i lan -j ACCEPT"
            )
        ),
        Case("confinement", .note, "root that keeps capabilities in place of limits it cannot raise") {
            $0.confinement = .known(ProcessStatus("CapPrm:\t0000000000805002\nNoNewPrivs:\t1\nSeccomp:\t2\n"))
        },
        Case("flowtables", .note, "decided flows alone") {
            $0.nft = .known(
                try nft(
                    """
                    {"match": {"op": "==", "left": {"&": [{"ct": {"key": "mark"}}, 458752]}, "right": 65536}},
                    {"flow": {"op": "add", "flowtable": "@ft"}}
                    """
                )
            )
        },
        Case(
            "flowtables",
            .note,
            "iptables, decided flows alone",
            replace(
                "-A FORWARD -j DOCKER-USER",
                "-A FORWARD -m connmark --mark 0x10000/0x70000 -j FLOWOFFLOAD\n-A FORWARD -j DOCKER-USER"
            )
        ),
        Case("flowtables", .note, "decided flows alone, of both marks") {
            $0.nft = .known(
                try nft(
                    """
                    {"match": {"op": "==", "left": {"&": [{"ct": {"key": "mark"}}, 196608]}, "right": 65536}},
                    {"flow": {"op": "add", "flowtable": "@ft"}}
                    """
                )
            )
        },
        Case(
            "flowtables",
            .note,
            "iptables, decided flows alone, of both marks",
            replace(
                "-A FORWARD -j DOCKER-USER",
                "-A FORWARD -m connmark --mark 0x10000/0x30000 -j FLOWOFFLOAD\n-A FORWARD -j DOCKER-USER"
            )
        ),
        Case("queue-rules", .note, "another queue") { $0.nft = .known(try nft(#"{"queue": {"num": 2}}"#)) },
        Case("queue-balance", .note, "a fair share") {
            $0.sensor = .known(.running(try HealthyHost.status(packets: [60_000, 40_000])))
        },
        Case("mark-bits", .note, "other bits") {
            $0.markUses = .known([MarkUse(origin: "nft", table: "inet x", chain: "y", rule: "", bits: 0x1)])
        },
        Case(
            "rules-applied",
            .note,
            "no configuration to compare with",
            { facts in
                facts.commands.configurationPath = nil
                replace("53,443", "53")(&facts)
            }
        ),
        Case("receive-buffer", .note, "nothing runs, and the limit does not hold") { $0.sensor = .known(.absent) },
    ]

    @Test(arguments: harmless)
    func `is left alone`(case harmless: Case) throws {
        #expect(HostReport(try HealthyHost.facts(harmless.change)).findings(of: harmless.check).isEmpty)
    }

    @Test func `what is known to be wrong is told where the rest cannot be tried`() throws {
        let report = HostReport(
            try HealthyHost.facts { facts in
                facts.queues = .unknown("gone")
                facts.refusedFeatures = .unknown("no namespace")
                facts.wantedIPTables = .unknown("no namespace")
                facts.iptables = .known([
                    HealthyHost.listings()[0], IPTablesListing("*mangle\nCOMMIT\n", program: "ip6tables"),
                ])
            }
        )
        #expect(report.findings(of: "kernel-features").count == 1)
        #expect(report.findings(of: "rules-applied").count == 1)
        let untried = HostReport(try HealthyHost.facts { $0.wantedIPTables = .unknown("no namespace") })
        #expect(untried.entries.first { $0.id == "rules-applied" }?.outcome == .unknown("no namespace"))
    }

    @Test func `a missing privilege is named once, and the other checks are shown`() throws {
        let facts = try HealthyHost.facts { facts in
            facts.iptables = .denied(privilege: "CAP_NET_ADMIN")
            facts.nft = .denied(privilege: "CAP_NET_ADMIN")
            facts.settings["net.ipv4.ip_forward"] = 0
        }
        let report = HostReport(facts)
        #expect(report.exitStatus == 3)
        #expect(report.missingPrivileges == ["CAP_NET_ADMIN"])
        #expect(report.findings(of: "forwarding").count == 1)
        let text = report.text(isVerbose: false)
        #expect(text.contains("not checked without CAP_NET_ADMIN: rules-applied, rule-order, queue-rules, "))
    }
}
