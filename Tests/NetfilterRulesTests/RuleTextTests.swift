import NetfilterRules
import Testing

@Suite("Rule texts")
struct RuleTextTests {
    private static let router = RuleSet(queues: 0...1)
    private static let everything = RuleSet(
        queues: 4...4,
        received: true,
        generated: true,
        dnsPorts: [53, 5353],
        quicPorts: [4433],
        httpPorts: [8080],
        mark: FlowMark(accepted: 0x0100_0000, blocked: 0x0200_0000, refused: 0x0400_0000, mask: 0x0700_0000),
        failOpen: false
    )

    @Test func `nft queues forwarded packets and saves the mark behind the queue`() {
        #expect(
            NFTRules.applying(Self.router) == """
                add table inet grindvakt
                delete table inet grindvakt
                table inet grindvakt {
                    chain verdict {
                        meta mark & 0x00070000 == 0x00070000 return
                        meta mark & 0x00070000 == 0x00030000 return
                        meta mark & 0x00070000 == 0x00020000 ct mark set ct mark & 0xfff8ffff | 0x00020000 drop
                        meta mark & 0x00070000 == 0x00040000 ct mark set ct mark & 0xfff8ffff | 0x00040000 drop
                        goto flows
                    }
                    chain flows {
                        tcp flags & (fin | syn | rst | ack) == syn ct mark set ct mark & 0xfff8ffff
                        udp dport { 443, 853 } @th,64,8 & 0x80 == 0x80 queue num 0-1 bypass
                        ct mark & 0x00030000 == 0x00010000 return
                        ct mark & 0x00070000 == 0x00020000 drop
                        ct mark & 0x00070000 == 0x00040000 tcp flags & rst != rst reject with tcp reset
                        ct mark & 0x00070000 == 0x00040000 return
                        udp dport { 53, 443, 853 } queue num 0-1 bypass
                        tcp dport { 53, 80, 443, 853 } queue num 0-1 bypass
                        udp sport 53 queue num 0-1 bypass
                        tcp sport 53 queue num 0-1 bypass
                    }
                    chain judge {
                        meta mark & 0x00070000 != 0x00000000 goto verdict
                        goto flows
                    }
                    chain remember {
                        meta mark & 0x00030000 != 0x00010000 return
                        meta mark & 0x00070000 == 0x00010000 ct mark set ct mark & 0xfff8ffff | 0x00010000
                        meta mark & 0x00070000 == 0x00050000 ct mark set ct mark & 0xfff8ffff | 0x00050000
                        meta mark set meta mark & 0xfff8ffff
                    }
                    chain own {
                        type filter hook output priority raw; policy accept;
                        meta mark & 0x00070000 == 0x00030000 notrack
                    }
                    chain forwarded {
                        type filter hook forward priority mangle; policy accept;
                        jump judge
                    }
                    chain decided {
                        type filter hook postrouting priority mangle; policy accept;
                        jump remember
                    }
                }

                """
        )
    }

    @Test func `nft takes every hook and fails closed when told to`() {
        #expect(
            NFTRules.applying(Self.everything) == """
                add table inet grindvakt
                delete table inet grindvakt
                table inet grindvakt {
                    chain verdict {
                        meta mark & 0x07000000 == 0x07000000 return
                        meta mark & 0x07000000 == 0x03000000 return
                        meta mark & 0x07000000 == 0x02000000 ct mark set ct mark & 0xf8ffffff | 0x02000000 drop
                        meta mark & 0x07000000 == 0x04000000 ct mark set ct mark & 0xf8ffffff | 0x04000000 drop
                        goto flows
                    }
                    chain flows {
                        tcp flags & (fin | syn | rst | ack) == syn ct mark set ct mark & 0xf8ffffff
                        udp dport { 853, 4433 } @th,64,8 & 0x80 == 0x80 queue num 4
                        ct mark & 0x03000000 == 0x01000000 return
                        ct mark & 0x07000000 == 0x02000000 drop
                        ct mark & 0x07000000 == 0x04000000 tcp flags & rst != rst reject with tcp reset
                        ct mark & 0x07000000 == 0x04000000 return
                        udp dport { 53, 853, 4433, 5353 } queue num 4
                        tcp dport { 53, 443, 853, 5353, 8080 } queue num 4
                        udp sport { 53, 5353 } queue num 4
                        tcp sport { 53, 5353 } queue num 4
                    }
                    chain judge {
                        meta mark & 0x07000000 != 0x00000000 goto verdict
                        goto flows
                    }
                    chain remember {
                        meta mark & 0x03000000 != 0x01000000 return
                        meta mark & 0x07000000 == 0x01000000 ct mark set ct mark & 0xf8ffffff | 0x01000000
                        meta mark & 0x07000000 == 0x05000000 ct mark set ct mark & 0xf8ffffff | 0x05000000
                        meta mark set meta mark & 0xf8ffffff
                    }
                    chain own {
                        type filter hook output priority raw; policy accept;
                        meta mark & 0x07000000 == 0x03000000 notrack
                    }
                    chain forwarded {
                        type filter hook forward priority mangle; policy accept;
                        jump judge
                    }
                    chain received {
                        type filter hook input priority mangle; policy accept;
                        jump judge
                    }
                    chain received-decided {
                        type filter hook input priority mangle + 10; policy accept;
                        jump remember
                    }
                    chain generated {
                        type filter hook output priority mangle; policy accept;
                        jump judge
                    }
                    chain decided {
                        type filter hook postrouting priority mangle; policy accept;
                        jump remember
                    }
                }

                """
        )
    }

    @Test func `iptables queues forwarded packets behind the host's own rules`() {
        #expect(
            IPTablesRules.applying(Self.router, for: .iptables, existing: "") == """
                *raw
                :GRINDVAKT-OWN - [0:0]
                -A GRINDVAKT-OWN -m mark --mark 0x00030000/0x00070000 -j CT --notrack
                -I OUTPUT 1 -j GRINDVAKT-OWN
                COMMIT
                *mangle
                :GRINDVAKT-QUEUE - [0:0]
                :GRINDVAKT-VERDICT - [0:0]
                :GRINDVAKT-FLOWS - [0:0]
                :GRINDVAKT-MARK - [0:0]
                -A GRINDVAKT-QUEUE -m mark ! --mark 0x00000000/0x00070000 -g GRINDVAKT-VERDICT
                -A GRINDVAKT-QUEUE -g GRINDVAKT-FLOWS
                -A GRINDVAKT-VERDICT -m mark --mark 0x00070000/0x00070000 -j RETURN
                -A GRINDVAKT-VERDICT -m mark --mark 0x00030000/0x00070000 -j RETURN
                -A GRINDVAKT-VERDICT -m mark --mark 0x00020000/0x00070000 -j CONNMARK --save-mark --nfmask 0x00070000 --ctmask 0x00070000
                -A GRINDVAKT-VERDICT -m mark --mark 0x00020000/0x00070000 -j DROP
                -A GRINDVAKT-VERDICT -m mark --mark 0x00040000/0x00070000 -j CONNMARK --save-mark --nfmask 0x00070000 --ctmask 0x00070000
                -A GRINDVAKT-VERDICT -m mark --mark 0x00040000/0x00070000 -j DROP
                -A GRINDVAKT-VERDICT -g GRINDVAKT-FLOWS
                -A GRINDVAKT-FLOWS -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j CONNMARK --set-xmark 0x00000000/0x00070000
                -A GRINDVAKT-FLOWS -p udp -m multiport --dports 443,853 -m u32 --u32 0x0>>0x16&0x3c@0x8&0x80000000=0x80000000 -j NFQUEUE --queue-balance 0:1 --queue-bypass
                -A GRINDVAKT-FLOWS -m connmark --mark 0x00010000/0x00030000 -j RETURN
                -A GRINDVAKT-FLOWS -m connmark --mark 0x00020000/0x00070000 -j DROP
                -A GRINDVAKT-FLOWS -m connmark --mark 0x00040000/0x00070000 -j RETURN
                -A GRINDVAKT-FLOWS -p udp -m multiport --dports 53,443,853 -j NFQUEUE --queue-balance 0:1 --queue-bypass
                -A GRINDVAKT-FLOWS -p tcp -m multiport --dports 53,80,443,853 -j NFQUEUE --queue-balance 0:1 --queue-bypass
                -A GRINDVAKT-FLOWS -p udp -m udp --sport 53 -j NFQUEUE --queue-balance 0:1 --queue-bypass
                -A GRINDVAKT-FLOWS -p tcp -m tcp --sport 53 -j NFQUEUE --queue-balance 0:1 --queue-bypass
                -A GRINDVAKT-MARK -m mark --mark 0x00010000/0x00030000 -j CONNMARK --save-mark --nfmask 0x00070000 --ctmask 0x00070000
                -A GRINDVAKT-MARK -m mark --mark 0x00010000/0x00030000 -j MARK --set-xmark 0x00000000/0x00070000
                -A GRINDVAKT-MARK -p tcp -m connmark --mark 0x00040000/0x00070000 -m tcp ! --tcp-flags RST RST -j DROP
                -A FORWARD -j GRINDVAKT-QUEUE
                -I POSTROUTING 1 -j GRINDVAKT-MARK
                COMMIT
                *filter
                :GRINDVAKT-REFUSE - [0:0]
                -A GRINDVAKT-REFUSE -p tcp -m connmark --mark 0x00040000/0x00070000 -m tcp ! --tcp-flags RST RST -j REJECT --reject-with tcp-reset
                -I FORWARD 1 -j GRINDVAKT-REFUSE
                COMMIT

                """
        )
    }

    @Test func `iptables saves the mark of received packets in the filter table`() {
        let text = IPTablesRules.applying(
            RuleSet(
                queues: 7...7,
                forwarded: false,
                received: true,
                dnsAnswers: false,
                tls: false,
                quic: false,
                http: false,
                encryptedDNS: false,
                failOpen: false
            ),
            for: .iptables,
            existing: ""
        )
        #expect(
            text == """
                *raw
                :GRINDVAKT-OWN - [0:0]
                -A GRINDVAKT-OWN -m mark --mark 0x00030000/0x00070000 -j CT --notrack
                -I OUTPUT 1 -j GRINDVAKT-OWN
                COMMIT
                *mangle
                :GRINDVAKT-QUEUE - [0:0]
                :GRINDVAKT-VERDICT - [0:0]
                :GRINDVAKT-FLOWS - [0:0]
                -A GRINDVAKT-QUEUE -m mark ! --mark 0x00000000/0x00070000 -g GRINDVAKT-VERDICT
                -A GRINDVAKT-QUEUE -g GRINDVAKT-FLOWS
                -A GRINDVAKT-VERDICT -m mark --mark 0x00070000/0x00070000 -j RETURN
                -A GRINDVAKT-VERDICT -m mark --mark 0x00030000/0x00070000 -j RETURN
                -A GRINDVAKT-VERDICT -m mark --mark 0x00020000/0x00070000 -j CONNMARK --save-mark --nfmask 0x00070000 --ctmask 0x00070000
                -A GRINDVAKT-VERDICT -m mark --mark 0x00020000/0x00070000 -j DROP
                -A GRINDVAKT-VERDICT -m mark --mark 0x00040000/0x00070000 -j CONNMARK --save-mark --nfmask 0x00070000 --ctmask 0x00070000
                -A GRINDVAKT-VERDICT -m mark --mark 0x00040000/0x00070000 -j DROP
                -A GRINDVAKT-VERDICT -g GRINDVAKT-FLOWS
                -A GRINDVAKT-FLOWS -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j CONNMARK --set-xmark 0x00000000/0x00070000
                -A GRINDVAKT-FLOWS -m connmark --mark 0x00010000/0x00030000 -j RETURN
                -A GRINDVAKT-FLOWS -m connmark --mark 0x00020000/0x00070000 -j DROP
                -A GRINDVAKT-FLOWS -m connmark --mark 0x00040000/0x00070000 -j RETURN
                -A GRINDVAKT-FLOWS -p udp -m udp --dport 53 -j NFQUEUE --queue-num 7
                -A GRINDVAKT-FLOWS -p tcp -m tcp --dport 53 -j NFQUEUE --queue-num 7
                -A INPUT -j GRINDVAKT-QUEUE
                COMMIT
                *filter
                :GRINDVAKT-REFUSE - [0:0]
                :GRINDVAKT-MARK - [0:0]
                -A GRINDVAKT-REFUSE -p tcp -m connmark --mark 0x00040000/0x00070000 -m tcp ! --tcp-flags RST RST -j REJECT --reject-with tcp-reset
                -A GRINDVAKT-MARK -m mark --mark 0x00010000/0x00030000 -j CONNMARK --save-mark --nfmask 0x00070000 --ctmask 0x00070000
                -A GRINDVAKT-MARK -m mark --mark 0x00010000/0x00030000 -j MARK --set-xmark 0x00000000/0x00070000
                -A GRINDVAKT-MARK -p tcp -m connmark --mark 0x00040000/0x00070000 -m tcp ! --tcp-flags RST RST -j DROP
                -I INPUT 1 -j GRINDVAKT-MARK
                -I INPUT 1 -j GRINDVAKT-REFUSE
                COMMIT

                """
        )
    }

    /// What a host shows on which other hooks were chosen before, and one jump was doubled by hand.
    private static let earlier = """
        *mangle
        :FORWARD ACCEPT [0:0]
        :POSTROUTING ACCEPT [0:0]
        :GRINDVAKT-MARK - [0:0]
        :GRINDVAKT-QUEUE - [0:0]
        -A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
        -A FORWARD -j GRINDVAKT-QUEUE
        -A FORWARD -j GRINDVAKT-QUEUE
        -A OUTPUT -j GRINDVAKT-QUEUE
        -A POSTROUTING -j GRINDVAKT-MARK
        -A GRINDVAKT-QUEUE -p udp -m udp --dport 53 -j NFQUEUE --queue-num 0
        COMMIT
        *filter
        :INPUT ACCEPT [0:0]
        :GRINDVAKT-MARK - [0:0]
        -A INPUT -j GRINDVAKT-MARK
        COMMIT

        """

    @Test func `jumps that are there are kept, others go away`() {
        let lines = IPTablesRules.applying(Self.router, for: .iptables, existing: Self.earlier).split(separator: "\n")
        #expect(
            lines.filter { $0.contains("FORWARD") || $0.contains("POSTROUTING") } == [
                "-D FORWARD -j GRINDVAKT-QUEUE", "-I FORWARD 1 -j GRINDVAKT-REFUSE",
            ]
        )
        #expect(lines.contains("-D OUTPUT -j GRINDVAKT-QUEUE"))
        #expect(
            lines.suffix(5) == [
                "-D INPUT -j GRINDVAKT-MARK", "-I FORWARD 1 -j GRINDVAKT-REFUSE", "-F GRINDVAKT-MARK",
                "-X GRINDVAKT-MARK", "COMMIT",
            ]
        )
    }

    @Test func `removing names our jumps and chains alone`() {
        #expect(
            IPTablesRules.removing(existing: Self.earlier) == """
                *mangle
                -D FORWARD -j GRINDVAKT-QUEUE
                -D FORWARD -j GRINDVAKT-QUEUE
                -D OUTPUT -j GRINDVAKT-QUEUE
                -D POSTROUTING -j GRINDVAKT-MARK
                -F GRINDVAKT-MARK
                -F GRINDVAKT-QUEUE
                -X GRINDVAKT-MARK
                -X GRINDVAKT-QUEUE
                COMMIT
                *filter
                -D INPUT -j GRINDVAKT-MARK
                -F GRINDVAKT-MARK
                -X GRINDVAKT-MARK
                COMMIT

                """
        )
        #expect(IPTablesRules.removing(existing: "*mangle\n:FORWARD ACCEPT [0:0]\nCOMMIT\n") == "")
    }

    @Test func `over IPv6 a datagram with extension headers is taken for one with a long header`() {
        let rules = RuleSet(dns: false, tls: false, http: false, encryptedDNS: false, failOpen: false)
        let queueing = IPTablesRules.applying(rules, for: .ip6tables, existing: "")
            .split(separator: "\n")
            .filter { $0.contains("NFQUEUE") }
        let ports = "-A GRINDVAKT-FLOWS -p udp -m udp --dport 443"
        #expect(
            queueing == [
                "\(ports) -m u32 ! --u32 0x3&0xff=0x11 -j NFQUEUE --queue-num 0",
                "\(ports) -m u32 --u32 0x30&0x80000000=0x80000000 -j NFQUEUE --queue-num 0",
                "\(ports) -j NFQUEUE --queue-num 0",
            ]
        )
    }

    @Test func `more than fifteen ports take several rules`() {
        let rules = RuleSet(dns: false, quic: false, http: false, encryptedDNS: false, tlsPorts: Array(8001...8017))
        let lines = IPTablesRules.applying(rules, for: .iptables, existing: "").split(separator: "\n").filter {
            $0.contains("NFQUEUE")
        }
        #expect(lines.count == 2)
        #expect(lines.last?.contains("--dports 8016,8017 ") == true)
    }

    @Test func `each mechanism has its ports`() {
        var rules = RuleSet(dns: false, tls: false, quic: false, http: false, encryptedDNS: false)
        #expect(rules.udpPorts + rules.tcpPorts + rules.answerPorts == [])
        rules.dns = true
        #expect([rules.udpPorts, rules.tcpPorts, rules.answerPorts] == [[53], [53], [53]])
        rules.dnsAnswers = false
        #expect([rules.udpPorts, rules.tcpPorts, rules.answerPorts] == [[53], [53], []])
        rules.dns = false
        rules.dnsAnswers = true
        rules.quic = true
        #expect([rules.udpPorts, rules.tcpPorts, rules.answerPorts] == [[443], [], []])
        rules.quic = false
        rules.http = true
        #expect([rules.udpPorts, rules.tcpPorts, rules.answerPorts] == [[], [80], []])
        rules.http = false
        rules.tls = true
        #expect([rules.udpPorts, rules.tcpPorts, rules.answerPorts] == [[], [443], []])
        rules.tls = false
        rules.encryptedDNS = true
        #expect([rules.udpPorts, rules.tcpPorts, rules.answerPorts] == [[853], [853], []])
    }

    @Test(arguments: [
        (RuleSet(forwarded: false), "forwarded, received and generated"),
        (RuleSet(dns: false, tls: false, quic: false, http: false, encryptedDNS: false), "every mechanism is off"),
        (RuleSet(dnsPorts: [0]), "port 0"), (RuleSet(quicPorts: [0]), "port 0"), (RuleSet(httpPorts: [0]), "port 0"),
        (RuleSet(tlsPorts: [0]), "port 0"),
        (RuleSet(mark: FlowMark(accepted: 1, blocked: 1, refused: 4, mask: 7)), "mark-mask 0x00000007"),
        (RuleSet(mark: FlowMark(accepted: 1, blocked: 2, refused: 8, mask: 7)), "mark-mask 0x00000007"),
        (RuleSet(mark: FlowMark(accepted: 1, blocked: 3, refused: 4, mask: 7)), "mark-mask 0x00000007"),
        (RuleSet(mark: FlowMark(accepted: 1, blocked: 2, refused: 0, mask: 7)), "mark-mask 0x00000007"),
    ])
    func `an unsound rule set is refused`(rules: RuleSet, words: String) {
        let error = #expect(throws: RulesError.self) { try rules.validate() }
        #expect(error?.description.contains(words) == true)
        #expect(error?.exitStatus == 2)
    }

    @Test func `a mask is parted into three bits`() {
        #expect(FlowMark(mask: 0x0007_0000) == FlowMark())
        #expect(
            FlowMark(mask: 0x8001_0002)
                == FlowMark(accepted: 2, blocked: 0x1_0000, refused: 0x8000_0000, mask: 0x8001_0002)
        )
        #expect(FlowMark(mask: 0x0003_0000) == nil)
        #expect(FlowMark(mask: 0) == nil)
    }

    @Test func `the sensor's own packets are marked as no flow is`() {
        let mark = FlowMark()
        let flows: Set<UInt32> = [0, mark.accepted, mark.acceptedAnew, mark.blocked, mark.refused]
        #expect(flows.count == 5)
        #expect(flows.isDisjoint(with: [mark.own, mark.ownUntracked]))
        #expect(mark.own != mark.ownUntracked)
    }
}
