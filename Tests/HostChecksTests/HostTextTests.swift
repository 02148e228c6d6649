import SensorConfiguration
import TestSupport
import Testing

@testable import HostChecks

@Suite("Host texts")
struct HostTextTests {
    static let netlink = """
        sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode
        0000000012345678 12  700        00000000 0        0        0     2        0        4242
        0000000012345679 0   700        00000551 0        0        0     2        0        4243
        000000001234567a 12  4000000001 00000000 0        0        0     2        9        4244

        """
    static let devices = """
        Inter-|   Receive                                                |  Transmit
         face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
            lo: 100 1 0 0 0 0 0 0 100 1 0 0 0 0 0 0
          eth0.7: 100 1 0 0 0 0 0 0 100 1 0 0 0 0 0 0
        a:b:100 1 0 0 0 0 0 0 100 1 0 0 0 0 0 0

        """
    static let links = """
        3: br0: <BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state UP
        5: clients@if4: <BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state UP
        """
    static let routes = """
        default via 192.0.2.1 dev eth0 proto static metric 100
        default proto static metric 200
        \tnexthop via 192.0.2.2 dev eth1 weight 1
        \tnexthop via 192.0.2.3 dev eth0 weight 1

        """
    static let ethtool = """
        Features for eth0:
        rx-checksumming: on
        tx-checksumming: on
        \ttx-checksum-ipv4: off [fixed]
        large-receive-offload: on
        hw-tc-offload: off [fixed]
        odd: perhaps

        """
    static let nft = """
        {"nftables": [{"metainfo": {"version": "1.0.6", "json_schema_version": 1}}, {"table": {"family": "inet", "name": "fw"}},
        {"flowtable": {"family": "inet", "name": "ft", "table": "fw", "handle": 1, "hook": "ingress", "prio": 0, "flags": "offload"}},
        {"rule": {"family": "inet", "table": "fw", "chain": "fwd", "handle": 7, "expr": [{"match": {"op": "==",
        "left": {"&": [{"ct": {"key": "mark"}}, 196608]}, "right": 65536}}, {"flow": {"op": "add", "flowtable": "@ft"}},
        {"queue": {"num": {"range": [0, 3]}, "flags": ["bypass"]}}, {"notrack": null}, {"xt": {"type": "target", "name": "NFQUEUE"}}]}}]}
        """

    @Test func `netfilter's sockets are told from others`() {
        #expect(HostTexts.netfilterSockets(Self.netlink) == [700: 4_242, 4_000_000_001: 4_244])
    }

    @Test func `interfaces keep the odd characters of their names`() {
        #expect(HostTexts.interfaces(Self.devices) == ["eth0.7", "a:b"])
        #expect(HostTexts.links(Self.links) == ["br0", "clients"])
    }

    @Test func `default routes of several hops name each interface once`() {
        #expect(HostTexts.defaultRouteInterfaces(Self.routes) == ["eth0", "eth1"])
    }

    @Test func `features are on or off`() {
        let features = HostTexts.features(Self.ethtool)
        #expect(features["large-receive-offload"] == true)
        #expect(features["hw-tc-offload"] == false)
        #expect(features["tx-checksum-ipv4"] == false)
        #expect(features["odd"] == nil)
        #expect(features["Featuresforeth0"] == nil)
    }

    @Test func `a listing of nft says what the checks ask`() throws {
        let listing = try NFTListing(json: Self.nft)
        #expect(listing.flowtables == [NFTListing.Flowtable(table: "inet fw", name: "ft", isHardware: true)])
        let rule = try #require(listing.rules.first)
        #expect(rule.table == "inet fw")
        #expect(rule.handle == 7)
        #expect(rule.flowtable == "ft")
        #expect(rule.isUntracking)
        #expect(rule.queues == 0...3)
        #expect(rule.connectionMark == NFTListing.Mark(mask: 0x30000, value: 0x10000))
    }

    @Test func `words in quotes are one word of a rule`() throws {
        let rules = IPTablesListing(HealthyHost.rules("iptables"), program: "iptables").rules
        let first = try #require(rules.first)
        #expect(first.words.contains("say \"no\" to -j ACCEPT"))
        #expect(first.position == 1)
        #expect(rules.count { $0.chain == "FORWARD" && $0.table == "mangle" } == 2)
    }

    @Test func `a path with odd characters is one word of a command`() throws {
        let facts = try HealthyHost.facts { facts in
            facts.configuration.socket = "/run/it's here.sock"
            facts.sensor = .known(.stale)
            facts.commands.hasSystemd = false
        }
        let finding = HostReport(facts).findings(of: "sensor-socket").first
        #expect(finding?.command == #"rm -f '/run/it'\''s here.sock'"#)
    }

    @Test func `a setting is written where it belongs`() {
        func command(_ text: String) -> String? {
            var facts = CommandWriter(configurationPath: "g.toml", configurationText: text)
            facts.hasSystemd = false
            return facts.set("mark-mask", in: "sensor", to: "0xc")
        }
        #expect(command("[sensor]\n mark-mask  = 1\n")?.hasPrefix("sed -i 's/^[[:blank:]]*mark-mask") == true)
        #expect(command("[ sensor ] # here\n")?.contains("/a mark-mask = 0xc'") == true)
        #expect(command("[metrics]\n")?.hasPrefix("printf '\\n[sensor]\\nmark-mask = 0xc\\n' >> g.toml") == true)
        #expect(CommandWriter().set("mark-mask", in: "sensor", to: "0xc") == nil)
    }

    @Test func `a setting is written in the drop-in that sets it, the last one where there are more`() {
        func command(_ dropIns: [String], main: String = "[sensor]\nqueue-length = 1\n") -> String? {
            let files = dropIns.enumerated().map { index, text in
                ConfigurationFileText(path: "g.toml.d/\(index).toml", text: text)
            }
            return CommandWriter(configurationPath: "g.toml", configurationText: main, dropIns: files)
                .set("queue-length", in: "sensor", to: "2048")
        }
        let set = "[sensor]\n  queue-length = 1024\n"
        #expect(command([])?.hasSuffix(" g.toml") == true)
        #expect(command(["[log]\nlevel = \"info\"\n"])?.hasSuffix(" g.toml") == true)
        #expect(command(["# queue-length = 1024\n"])?.hasSuffix(" g.toml") == true)
        #expect(command([set, "[log]\n"])?.hasSuffix(" g.toml.d/0.toml") == true)
        #expect(command([set, set])?.hasSuffix(" g.toml.d/1.toml") == true)
        #expect(command([set], main: "")?.hasSuffix(" g.toml.d/0.toml") == true)
        #expect(command(["[sensor]\nqueues = \"0:1\"\n"], main: "[sensor]\n")?.hasSuffix("' g.toml") == true)
    }

    @Test func `every text, cut anywhere or damaged, is read or refused`() throws {
        var random = SeededRandom(seed: 5)
        let texts = [Self.netlink, Self.devices, Self.links, Self.routes, Self.ethtool, Self.nft]
        let rules = HealthyHost.rules("iptables")
        var readListings = 0
        let healthy = try HealthyHost.facts()
        func read(_ octets: [UInt8]) {
            let text = String(decoding: octets, as: UTF8.self)
            _ = HostTexts.netfilterSockets(text)
            _ = HostTexts.interfaces(text)
            _ = HostTexts.links(text)
            _ = HostTexts.defaultRouteInterfaces(text)
            _ = HostTexts.features(text)
            _ = WantedJump.all(in: text, prefix: "GRINDVAKT")
            var facts = healthy
            facts.iptables = .known([IPTablesListing(text, program: "iptables")])
            facts.commands.configurationText = text
            if let listing = try? NFTListing(json: text) {
                readListings += 1
                facts.nft = .known(listing)
            }
            #expect(HostReport(facts).entries.count == HostCheck.all.count)
        }
        for text in texts + [rules] {
            let octets = Array(text.utf8)
            for count in 0...octets.count { read(Array(octets[..<count])) }
            for _ in 0..<400 {
                var damaged = octets
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    let index = Int.random(in: 0..<damaged.count, using: &random)
                    switch Int.random(in: 0...2, using: &random) {
                    case 0: damaged[index] = UInt8.random(in: 0...255, using: &random)
                    case 1: damaged[index] = Array("0129{}[]:\"-\n ,".utf8).randomElement(using: &random) ?? 0
                    default: damaged.removeSubrange(index..<min(index + 8, damaged.count - 1))
                    }
                }
                read(damaged)
            }
        }
        #expect(readListings > 0)
    }
}
