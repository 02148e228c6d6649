import Blocklists
import EvasionCases
import Inspection
import NetworkLab
import Telemetry
import TestSupport
import Testing

extension LiveTests {
    @Test func `every case of evasion that a router forwards is judged on a live queue as it is offline`() async throws
    {
        try await Site.with { site in
            try site.write(lists: [EvasionScene.listedName])
            let configuration = try site.configure(sensor: LiveScene.rules, queues: "0:0")
            let sensor = site.lab.spawn([site.binary, "run", "--config", configuration], on: site.lab.router)
            try await sensor.waitForLine(containing: "ready:", timeLimit: .seconds(60))
            let rules = try await site.grindvakt(["rules", "apply", "--backend", "iptables", "--config", configuration])
            try #require(rules.succeeded, "\(rules)")
            try await site.routeScenes()

            let cases = EvasionCase.all.filter { LiveScene.reasonToLeaveOut($0) == nil }
            let scenes = cases.enumerated().flatMap { index, evasionCase in
                [
                    LiveScene(evasionCase, EvasionScene.listedName, number: index * 2 + 1),
                    LiveScene(evasionCase, EvasionScene.innocentName, number: index * 2 + 2),
                ]
            }
            let accounts = try await site.play(scenes)
            for (scene, account) in zip(scenes, accounts) {
                for fault in scene.faults(account) { Issue.record("\(scene.id): \(fault)") }
            }
            #expect(sensor.isRunning, "\(sensor.lines)")

            let groups = EvasionGroup.allCases.map { group in "\(group) \(cases.count { $0.group == group })" }
            let packets = scenes.reduce(0) { $0 + $1.packets.count }
            print(
                "evasion live: \(cases.count) of \(EvasionCase.all.count) cases, each with its innocent twin, "
                    + "\(packets) packets (\(groups.joined(separator: ", "))); left out: "
                    + LiveScene.leftOut.map { "\($0.prefix)* (\($0.reason))" }.joined(separator: ", ")
            )
            #expect(cases.count >= 150)
        }
    }
}

/// A case, or its innocent twin, between addresses of its own behind the hosts of a lab.
private struct LiveScene: Sendable {
    let evasionCase: EvasionCase
    let isListed: Bool
    let packets: [EvasionPacket]

    init(_ evasionCase: EvasionCase, _ name: String, number: Int) {
        self.evasionCase = evasionCase
        isListed = name == EvasionScene.listedName
        let number = [UInt8(number >> 8), UInt8(number & 0xFF)]
        var scene = EvasionScene(name: name)
        scene.client4 = [10, 77] + number
        scene.server4 = [203, 0, 113, 80]
        scene.client6 = [0x20, 0x01, 0x0D, 0xB8, 0, 0x77, 0, 0, 0, 0, 0, 0, 0, 0] + number
        scene.server6 = [0x20, 0x01, 0x0D, 0xB8, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80]
        packets = evasionCase.packets(in: scene)
    }

    /// What the account of a scene calls it.
    var id: String { evasionCase.id + (isListed ? "" : " (innocent twin)") }

    // MARK: - What runs

    /// The rules queue every port that a case is about.
    static let rules = """
        [rules]
        dns-ports = [53]
        tls-ports = [443, 25, 110, 143]
        quic-ports = [443, 8443]
        http-ports = [80, 3128, 8080]
        """

    /// Cases that no router forwards to a queue as they are, by the beginning of their ids.
    static let leftOut = [
        (prefix: "link-", reason: "a link header, which the router takes off before a queue"),
        (prefix: "ip-tunnel-", reason: "the rules queue by ports, which tunnels lack or have others of"),
    ]

    static func reasonToLeaveOut(_ evasionCase: EvasionCase) -> String? {
        leftOut.first { evasionCase.id.hasPrefix($0.prefix) }?.reason
    }

    /// Cases whose decoy the router's kernel puts together, since it comes first. Of the real query nothing goes on: of octets that come
    /// twice the kernel keeps the first, whatever the second are, and the piece that is left over waits in vain.
    static let decoyIsFirst: Set = ["ip-fragments-conflicting", "ip-fragments-decoy-end"]

    // MARK: - What must come of it

    /// Whether the case is about fragments, which the router's kernel puts together before they are queued.
    private var isFragmented: Bool { packets.contains { Fragment($0.bytes) != nil } }

    /// What was not as it should be, each in a few words.
    func faults(_ account: LiveAccount) -> [String] {
        guard account.arrived.count == packets.count else { return ["\(account.arrived.count) packets told of"] }
        return isFragmented ? faultsOfFragments(account) : faultsOfPackets(account) + faultsOfForecast(account)
    }

    /// Without regard to what an inspector says: what the case demands.
    private func faultsOfPackets(_ account: LiveAccount) -> [String] {
        var faults: [String] = []
        let lost = account.arrived.firstIndex(of: false)
        guard isListed, case .blocked = evasionCase.expectation else {
            if let lost { faults.append("packet \(lost + 1) has not arrived") }
            if account.sum("matches") != 0 { faults.append("counted as a match") }
            return faults
        }
        let deadline = packets.firstIndex { $0.demand == .completes } ?? 0
        if lost ?? packets.count > deadline { faults.append("all has arrived up to packet \(deadline + 1)") }
        for (index, packet) in packets.enumerated() {
            switch (packet.demand, account.arrived[index]) {
            case (.drop, true): faults.append("packet \(index + 1) has arrived")
            case (.accept, false): faults.append("packet \(index + 1) has not arrived")
            default: break
            }
        }
        if account.sum("matches", evasionCase.inspectedProtocol) == 0 { faults.append("no match counted") }
        return faults
    }

    /// What an inspector that is shown the queued packets says of them. Once it has marked a connection, the kernel drops what comes behind
    /// by itself, where connection tracking takes it for a part of that connection: of both directions, and without a count.
    private func faultsOfForecast(_ account: LiveAccount) -> [String] {
        let forecast = Forecast(packets)
        var faults: [String] = []
        for (index, isDropped) in forecast.isDropped.enumerated() where isDropped == account.arrived[index] {
            if isDropped == false, let marked = forecast.firstMarked, index > marked { continue }
            faults.append("packet \(index + 1) \(isDropped ? "arrived" : "dropped"), other than offline")
        }
        let counters = account.counters.filter { $0.key.contains(#"verdict="accept""#) == false }
        for sample in Set(counters.keys).union(forecast.counters.keys).sorted() {
            let (live, offline) = (counters[sample] ?? 0, forecast.counters[sample] ?? 0)
            if forecast.firstMarked != nil, sample == Forecast.drops, (1...offline).contains(live) { continue }
            if live != offline { faults.append("\(sample) +\(live), offline +\(offline)") }
        }
        let labels =
            switch evasionCase.expectation {
            case .blocked(let labels), .passed(_, let labels): labels
            }
        for label in labels
        where isListed && account.counters.keys.contains(where: { $0.contains("\"\(label)\"") }) == false {
            faults.append("not counted as \(label)")
        }
        return faults
    }

    /// What arrives is what the kernel put together and cut anew, so only whole packets are looked at.
    private func faultsOfFragments(_ account: LiveAccount) -> [String] {
        let isBlocked = isListed && LiveScene.decoyIsFirst.contains(evasionCase.id) == false
        let matches = account.sum("matches", evasionCase.inspectedProtocol)
        var faults: [String] = []
        if account.wholes != openingPayloads + (isBlocked ? [] : [wholePayload]) {
            faults.append("\(account.wholes.count) whole packets have arrived, or others than the right ones")
        }
        if matches != (isBlocked ? 1 : 0) { faults.append("\(matches) matches counted") }
        return faults
    }

    /// The payloads of the client's packets that are no fragments; they come before these.
    private var openingPayloads: [[UInt8]] {
        packets.filter { $0.direction == .toServer && Fragment($0.bytes) == nil }.map { packet in
            Array(packet.bytes[(packet.bytes[0] >> 4 == 4 ? Int(packet.bytes[0] & 15) * 4 : 40)...])
        }
    }

    /// What the kernel puts together: of octets that come twice the first.
    private var wholePayload: [UInt8] {
        var payload: [UInt8?] = []
        for fragment in packets.compactMap({ Fragment($0.bytes) }) {
            payload += Array(repeating: nil, count: max(0, fragment.offset + fragment.body.count - payload.count))
            for (index, octet) in zip(fragment.offset..., fragment.body) { payload[index] = payload[index] ?? octet }
        }
        return payload.compactMap(\.self)
    }
}

/// An IP fragment (RFC 791 §3.2, RFC 8200 §4.5), be it a whole packet's only one.
private struct Fragment {
    let offset: Int
    let body: ArraySlice<UInt8>

    /// Nil where a packet is none.
    init?(_ packet: [UInt8]) {
        if packet[0] >> 4 == 4 {
            let field = Int(packet[6]) << 8 | Int(packet[7])
            guard field & 0x3FFF != 0 else { return nil }
            offset = (field & 0x1FFF) * 8
            body = packet[(Int(packet[0] & 15) * 4)...]
        } else {
            guard packet[6] == 44 else { return nil }
            offset = (Int(packet[42]) << 8 | Int(packet[43])) & 0xFFF8
            body = packet[48...]
        }
    }
}

/// What an inspector makes of the packets that the rules queue: the client's, and the answers of DNS servers.
private struct Forecast {
    var isDropped: [Bool] = []
    var counters: [String: Int] = [:]
    /// The first packet by which a connection was marked as blocked.
    var firstMarked: Int?

    /// The counter of dropped packets.
    static let drops = #"grindvakt_packets_total{queue="0",verdict="drop"}"#

    init(_ packets: [EvasionPacket]) {
        var configuration = InspectorConfiguration()
        configuration.readsTunnels = false
        var inspector = Inspector(configuration: configuration, blocklists: BlocklistSource(EvasionCard.blocklist))
        for (index, packet) in packets.enumerated() {
            guard packet.direction == .toServer || Self.isFromDNSPort(packet.bytes) else {
                isDropped.append(false)
                continue
            }
            let now = Instant(nanoseconds: 1_000_000_000 + UInt64(index) * 1_000_000)
            let decision = inspector.inspect(packet.bytes.span, at: now)
            isDropped.append(decision.verdict == .drop)
            if decision.verdict == .drop { counters[Self.drops, default: 0] += 1 }
            if decision.flowMark == .blocked { firstMarked = firstMarked ?? index }
            for anomaly in Anomaly.allCases where inspector.anomalies.contains(anomaly) {
                count(#"anomalies_total{kind="\#(anomaly.label)"}"#)
            }
            if let cause = decision.undecided { count(#"undecided_total{cause="\#(cause.label)"}"#) }
            for _ in 0..<inspector.evictedStreams + inspector.lostOverlaps {
                count(#"undecided_total{cause="over-budget"}"#)
            }
            for finding in 0..<inspector.findingCount {
                let found = inspector.finding(at: finding)
                let name = found.inspectedProtocol.label
                count(#"names_total{protocol="\#(name)"}"#)
                guard found.match != nil else { continue }
                count(#"matches_total{list="dropped",protocol="\#(name)",action="drop"}"#)
            }
        }
    }

    private mutating func count(_ sample: String) {
        counters["grindvakt_" + sample, default: 0] += 1
    }

    private static func isFromDNSPort(_ packet: [UInt8]) -> Bool {
        let start = packet[0] >> 4 == 4 ? Int(packet[0] & 15) * 4 : 40
        return packet[start] == 0 && packet[start + 1] == 53
    }
}

/// What `Script.evasion` tells of a scene.
private struct LiveAccount {
    var id = ""
    var arrived: [Bool] = []
    var counters: [String: Int] = [:]
    var wholes: [[UInt8]] = []

    /// The sum of a counter's samples that have the protocol, if one is given.
    func sum(_ counter: String, _ inspectedProtocol: String? = nil) -> Int {
        counters.reduce(0) { sum, sample in
            guard sample.key.hasPrefix("grindvakt_\(counter)_total{") else { return sum }
            guard let inspectedProtocol else { return sum + sample.value }
            return sample.key.contains(#"protocol="\#(inspectedProtocol)""#) ? sum + sample.value : sum
        }
    }

    /// Reads what the script printed.
    static func all(in lines: [Substring]) -> [LiveAccount] {
        var accounts: [LiveAccount] = []
        var account = LiveAccount()
        for line in lines {
            let words = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            let rest = words.count > 1 ? words[1] : ""
            switch words[0] {
            case "scene": account = LiveAccount(id: String(rest))
            case "arrived": account.arrived = rest.map { $0 == "1" }
            case "counter":
                let words = rest.split(separator: " ", maxSplits: 1)
                account.counters[String(words[1])] = Int(words[0])
            case "whole": account.wholes.append(hex(String(rest)))
            case "end": accounts.append(account)
            default: break
            }
        }
        return accounts
    }
}

extension Site {
    /// Leads the addresses of scenes to the hosts, whose kernels drop what comes for them without a word.
    fileprivate func routeScenes() async throws {
        try await Command.output(
            ["ip", "-n", lab.router.namespace, "-batch", "-"],
            input: """
                route add 10.76.0.0/14 via \(lab.client.ipv4[0])
                route add 2001:db8:77::/48 via \(lab.client.ipv6[0])
                route add 203.0.113.0/24 via \(lab.server.ipv4[0])
                route add 2001:db8:80::/48 via \(lab.server.ipv6[0])

                """
        )
        for host in [lab.client, lab.server] {
            try await Command.output(host.inside(["sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward"]))
        }
    }

    /// Sends the packets of scenes and tells what became of them.
    fileprivate func play(_ scenes: [LiveScene]) async throws -> [LiveAccount] {
        var plan = ""
        for scene in scenes {
            plan += "scene \(scene.id)\n"
            for packet in scene.packets {
                plan += (packet.direction == .toServer ? "> " : "< ") + hex(packet.bytes) + "\n"
            }
            plan += "end\n"
        }
        let file = try lab.write(plan, to: "scenes.txt")
        let namespaces = [lab.client, lab.router, lab.server].map(\.namespace)
        let result = try await run(
            Script.evasion,
            named: "evasion",
            namespaces + [socket, file],
            on: lab.client,
            timeLimit: .seconds(180)
        )
        try #require(result.succeeded, "\(result.errors)")
        let accounts = LiveAccount.all(in: result.output.split(separator: "\n"))
        try #require(accounts.map(\.id) == scenes.map(\.id))
        return accounts
    }
}

private func hex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
}
