import NetfilterRules
import Testing

@Suite("Mark scan")
struct MarkScanTests {
    /// One rule as `iptables-save` lists it, and the mark bits it uses.
    struct IPTablesCase: Sendable, CustomTestStringConvertible {
        let who: String
        let rule: String
        let bits: UInt32
        var testDescription: String { "\(who): \(rule)" }
    }

    static let iptablesCases = [
        IPTablesCase(
            who: "Docker",
            rule: "-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            bits: 0
        ),
        IPTablesCase(
            who: "Docker ingress",
            rule: "-A INPUT -d 192.0.2.5/32 -j MARK --set-xmark 0x100/0xffffffff",
            bits: .max
        ),
        IPTablesCase(who: "kube-proxy", rule: "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000", bits: 0x4000),
        IPTablesCase(
            who: "kube-proxy",
            rule: "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN",
            bits: 0x4000
        ),
        IPTablesCase(who: "kube-proxy", rule: "-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0", bits: 0x4000),
        IPTablesCase(
            who: "kube-proxy",
            rule: #"-A KUBE-FIREWALL -m comment --comment "drop --mark 0x30000" -m mark --mark 0x8000/0x8000 -j DROP"#,
            bits: 0x8000
        ),
        IPTablesCase(
            who: "a quoted quotation mark",
            rule: #"-A X -m comment --comment "a \" --mark 1" -j ACCEPT"#,
            bits: 0
        ),
        IPTablesCase(
            who: "WireGuard",
            rule: "-A POSTROUTING -p udp -m mark --mark 0xca6c -j CONNMARK --save-mark --nfmask 0xffffffff "
                + "--ctmask 0xffffffff",
            bits: .max
        ),
        IPTablesCase(who: "WireGuard", rule: "-A PREROUTING -p udp -j CONNMARK --restore-mark", bits: .max),
        IPTablesCase(
            who: "Tailscale",
            rule: "-A ts-forward -i tailscale0 -j MARK --set-xmark 0x40000/0xff0000",
            bits: 0xff_0000
        ),
        IPTablesCase(
            who: "Tailscale",
            rule: "-A ts-forward -m mark --mark 0x80000/0xff0000 -j ACCEPT",
            bits: 0xff_0000
        ),
        IPTablesCase(
            who: "mwan3",
            rule: "-A mwan3_hook -j CONNMARK --restore-mark --nfmask 0x3f00 --ctmask 0x3f00",
            bits: 0x3f00
        ),
        IPTablesCase(who: "uneven masks", rule: "-A X -j CONNMARK --save-mark --nfmask 0xf --ctmask 0xf0", bits: 0xff),
        IPTablesCase(who: "whole connmark", rule: "-A X -m connmark --mark 0x1 -j ACCEPT", bits: .max),
        IPTablesCase(who: "or", rule: "-A X -j MARK --or-mark 0x20", bits: 0x20),
        IPTablesCase(who: "and", rule: "-A X -j MARK --and-mark 0xffffff00", bits: 0xff),
        IPTablesCase(who: "decimal", rule: "-A X -m mark --mark 65536/65536 -j ACCEPT", bits: 0x1_0000),
        IPTablesCase(
            who: "TPROXY",
            rule: "-A X -p tcp -j TPROXY --on-port 80 --on-ip 192.0.2.1 --tproxy-mark 0x1/0x3",
            bits: 3
        ),
        IPTablesCase(
            who: "a flowtable",
            rule: "-A X -m connmark --mark 0x10000/0x30000 -j FLOWOFFLOAD --hw",
            bits: 0
        ),
        IPTablesCase(who: "our own", rule: "-A GRINDVAKT-MARK -m mark --mark 0x10000/0x30000 -j DROP", bits: 0),
    ]

    @Test(arguments: iptablesCases)
    func `a rule of iptables`(example: IPTablesCase) {
        let text = "*mangle\n:X - [0:0]\n\(example.rule)\nCOMMIT\n"
        #expect(MarkScan.uses(iptables: text).reduce(0) { $0 | $1.bits } == example.bits)
    }

    @Test(arguments: [
        ("meta mark 0x00000001 accept", UInt32.max),
        ("meta mark & 0x00004000 == 0x00004000 masquerade", 0x4000),
        ("meta mark & 0x00030000 != 0x00000000 drop", 0x3_0000),
        ("mark and 0x80 == 0x80 accept", 0x80),
        ("ct mark { 0x1, 0x2 } accept", .max),
        ("ct mark & 0x0000ff00 vmap { 0x100 : accept, 0x200 : drop }", 0xff00),
        ("meta mark set mark or 0x4000", 0x4000),
        ("meta mark set meta mark | 0x00000080", 0x80),
        ("meta mark set meta mark & 0xffff00ff", 0xff00),
        ("meta mark set meta mark & 0xffff00ff | 0x00000100", 0xff00),
        ("meta mark set (meta mark & 0xfffffff0) | 0x1 counter packets 0 bytes 0", 0xf),
        ("meta mark set meta mark ^ 0x00010000", 0x1_0000),
        ("ct mark set ct mark & 0xffff0000 | meta mark & 0x0000ffff", 0xffff),
        ("meta mark set 0x00000001", .max),
        ("ct mark set meta mark", .max),
        ("meta mark set ct mark & 0x0000ffff", .max),
        ("meta mark set ip saddr map { 192.0.2.1 : 0x1 }", .max),
        ("tcp dport 80 socket mark 0x1 accept", 0),
        ("ct mark & 0x00030000 == 0x00010000 flow add @ft", 0),
        ("ct mark & 0x00030000 == 0x00010000 meta mark set meta mark | 0x1 flow add @ft", 0x3_0001),
        ("ip saddr 192.0.2.1 counter packets 0 bytes 0 log prefix \"meta mark 0x30000\" accept", 0),
    ])
    func `a rule of nft`(rule: String, bits: UInt32) {
        let text = """
            table inet filter {
            \tset names {
            \t\ttype mark
            \t\telements = { 0x00030000 }
            \t}

            \tchain forward {
            \t\ttype filter hook forward priority filter; policy accept;
            \t\t\(rule)
            \t}
            }
            """
        #expect(MarkScan.uses(nft: text).reduce(0) { $0 | $1.bits } == bits)
    }

    @Test func `our own nft table is left out, and a rule over several lines is one rule`() {
        let text = """
            table inet grindvakt {
            \tchain judge {
            \t\tct mark & 0x00030000 == 0x00020000 drop
            \t}
            }
            table ip mangle {
            \tchain GRINDVAKT-QUEUE {
            \t\tct mark and 0x30000 == 0x20000 drop
            \t}

            \tchain FORWARD {
            \t\tip saddr { 192.0.2.1, 192.0.2.2,
            \t\t\t     192.0.2.3 } meta mark set meta mark | 0x00000080
            \t\tcounter packets 0 bytes 0 jump GRINDVAKT-QUEUE
            \t}
            }
            """
        let uses = MarkScan.uses(nft: text)
        #expect(uses.map(\.chain) == ["FORWARD"])
        #expect(uses.first?.table == "ip mangle")
        #expect(uses.first?.bits == 0x80)
    }

    @Test func `the message names table, chain, rule and mend`() throws {
        let text = "*mangle\n-A ts-forward -i tailscale0 -j MARK --set-xmark 0x40000/0xff0000\nCOMMIT\n"
        let uses = MarkScan.uses(iptables: text, origin: "ip6tables")
        let mask = FlowMark().mask
        let use = try #require(MarkScan.conflict(in: uses, mask: mask))
        let error = RulesError.markConflict(use, mask: mask, freeMask: MarkScan.freeMask(beside: uses))
        #expect(
            error.description
                == "ip6tables table mangle, chain ts-forward: the rule "
                + "`-A ts-forward -i tailscale0 -j MARK --set-xmark 0x40000/0xff0000` uses mark bits 0x00070000 of "
                + "grindvakt's mask 0x00070000; set mark-mask = 0xe0000000 in the configuration"
        )
        #expect(error.exitStatus == 2)
    }

    @Test func `a free mask avoids every use, and there may be none`() {
        func use(_ bits: UInt32) -> MarkUse {
            MarkUse(origin: "nft", table: "ip t", chain: "c", rule: "r", bits: bits)
        }
        #expect(MarkScan.freeMask(beside: []) == 0x0007_0000)
        #expect(MarkScan.freeMask(beside: [use(0x8001_0000), use(0x2000_0000)]) == 0x1c00_0000)
        #expect(MarkScan.freeMask(beside: [use(.max)]) == nil)
        #expect(MarkScan.conflict(in: [use(0x4000)], mask: 0x0007_0000) == nil)
    }
}
