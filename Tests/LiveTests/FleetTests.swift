import Foundation
import NetworkLab
import Telemetry
import TestSupport
import Testing

extension LiveTests {
    @Test(
        .enabled(
            if: Monitoring.prometheus != nil && Monitoring.haproxy != nil,
            "prometheus or haproxy is missing; make test has them in .build-tools"
        )
    )
    func `three stores, a Prometheus and what was sent agree on every event and attempt`() async throws {
        try await Site.with { first in
            try await Site.with { second in
                try await Site.with { third in
                    try await Self.compare([first, second, third])
                }
            }
        }
    }

    @Test(.enabled(if: Monitoring.prometheus != nil, "prometheus is missing; make test has it in .build-tools"))
    func `a store and a Prometheus agree on when lists came, on coverage and on times to unblock`() async throws {
        try await Site.with { site in
            try site.write(lists: [Site.listed, "gone.test"])
            // One whose publisher says when it was issued, and that comes late.
            let steady = site.lab.path("steady.snapshot")
            try Edition(names: ["steady.test"], id: "steady", sequence: 3).write(to: steady)
            try await Task.sleep(for: .seconds(2))
            _ = try await Command.output(["chmod", "644", steady])
            try await Task.sleep(for: .seconds(3))
            let now = try await Command.output(["date", "-u", "+%FT%TZ"]).trimmingCharacters(in: .newlines)
            func coverage(_ mechanism: String, _ version: Int, _ blocked: Int, _ passed: Int) -> String {
                #"{"at":"\#(now)","list":"dropped","mechanism":"\#(mechanism)","ip":\#(version),"blocked":\#(blocked),"passed":\#(passed),"unclear":1,"ms":[]}"#
                    + "\n"
            }
            let first = coverage("dns_udp", 4, 5, 0) + coverage("dns_udp", 6, 4, 1)
            try site.lab.write(first, to: "coverage.jsonl")
            let store = site.lab.path("statistics.db")
            let configuration = try site.lab.write(
                """
                [sensor]
                queues = "0:1"

                [[list]]
                id = "dropped"
                path = "list.txt"

                [[list]]
                id = "steady"
                path = "steady.snapshot"

                [statistics]
                market = "se"
                path = "\(store)"
                coverage = "\(site.lab.path("coverage.jsonl"))"

                [state]
                directory = "state"

                [metrics]
                socket = "\(site.socket)"

                """,
                to: "agreement.toml"
            )
            let sensor = site.lab.spawn(
                [site.binary, "run", "--config", configuration, "--listen", Monitoring.listener],
                on: site.lab.router
            )
            try await sensor.waitForLine(containing: "ready:", timeLimit: .seconds(60))
            let jobs = """
                  - job_name: grindvakt
                    static_configs:
                      - targets: ["\(Monitoring.listener)"]
                        labels: { market: se }

                """
            _ = try await site.startPrometheus(try #require(Monitoring.prometheus), scraping: jobs)
            try await sensor.waitForLine(containing: "2 results of coverage are new", timeLimit: .seconds(60))
            // Found later, by another mechanism; what is known already is not taken again.
            try site.lab.write(first + coverage("tls_sni", 4, 0, 3), to: "coverage.jsonl")
            try await site.change("/pass", "3600\nfree.test\n")
            try site.write(lists: [Site.listed])
            try await site.change("/reload")
            try await sensor.waitForLine(containing: "1 results of coverage are new", timeLimit: .seconds(60))

            let isScraped = try await Command.wait(atMost: .seconds(60)) {
                guard try await site.values(of: "sum(grindvakt_coverage_probes_total)") == [13] else { return false }
                return try await site.values(of: "sum(grindvakt_unblock_seconds_count)") == [2]
            }
            try #require(isScraped)
            var stored: Agreed?, asked: Agreed?
            // The store is written every eight seconds.
            let agree = try await Command.wait(atMost: .seconds(60)) {
                let stored = try await site.agreed(["--store", store])
                return stored.market?.unblock_times == 1 && stored.market?.removal_times == 1
            }
            #expect(agree)
            stored = try await site.agreed(["--store", store])
            asked = try await site.agreed(["--prometheus", "http://\(Monitoring.server)"])
            let (here, there) = (try #require(stored?.market), try #require(asked?.market))
            #expect(here.coverage.map(\.probes) == [10, 3] && here.coverage.map(\.blocked) == [9, 0])
            #expect(there.coverage == here.coverage)
            for (one, other) in [
                (here.unblock_seconds, there.unblock_seconds), (here.removal_seconds, there.removal_seconds),
            ] {
                let (one, other) = (try #require(one), try #require(other))
                #expect(abs(one.p50 - other.p50) < 0.001 && abs(one.longest - other.longest) < 0.001)
            }
            let own = try #require(here.lists.first { $0.list == "steady" })
            #expect(own.updates == 1 && own.issued_to_received_seconds.map { $0.p50 >= 2 } == true)
            #expect(own.received_to_activated_seconds.map { $0.p50 >= 3 } == true)
            #expect(there.lists.first { $0.list == "steady" } == own)
            let latest = try #require(there.lists.first { $0.list == "dropped" })
            #expect(latest.received_to_activated_seconds != nil && latest.issued_to_received_seconds == nil)
            // No metric has a name in it.
            let text = try await site.get("/metrics")
            for name in [Site.listed, "gone.test", "free.test", "steady.test"] { #expect(text.contains(name) == false) }
            #expect(await sensor.stop() == .exited(0))
        }
    }

    private static func compare(_ sites: [Site]) async throws {
        var members = try await sites.enumerated().asyncMap { number, site in
            try await Member(site, market: number == 2 ? "no" : "se", number)
        }
        // A socket can be reached from every namespace, an address of a loopback from its own alone.
        let home = sites[0]
        let proxy = try home.lab.write(members.map(\.proxy).joined(separator: "\n"), to: "fleet-proxy.cfg")
        _ = home.lab.spawn(try #require(Monitoring.haproxy) + ["-f", proxy], on: home.lab.router)
        let scraped = members.map {
            "      - targets: [\"\($0.address)\"]\n        labels: { market: \"\($0.market)\" }\n"
        }
        let jobs = "  - job_name: grindvakt\n    static_configs:\n" + scraped.joined()
        _ = try await home.startPrometheus(try #require(Monitoring.prometheus), scraping: jobs)

        // Sent, stopped and started anew, sent, reloaded, sent.
        for phase in Phase.allCases {
            for index in members.indices {
                try await members[index].live(phase)
                let member = members[index]
                let isScraped = try await Command.wait(atMost: .seconds(60)) {
                    let events = #"sum(grindvakt_events_total{instance="\#(member.address)"})"#
                    let tests = #"sum(grindvakt_test_events_total{instance="\#(member.address)"})"#
                    guard try await home.values(of: events) == [Double(member.events)] else { return false }
                    return try await home.values(of: tests) == [Double(member.testEvents)]
                }
                try #require(isScraped, "\(phase) of \(member.address) was not scraped")
            }
        }
        for member in members { #expect(await member.sensor?.stop() == .exited(0)) }

        for member in members {
            let stored = try await home.report(["--store", member.store])
            #expect(stored.tally(of: member.market) == member.sent)
            #expect(stored.markets == [member.market])
        }
        let asked = try await home.report(["--prometheus", "http://\(Monitoring.server)"])
        for market in ["no", "se"] {
            let sent = members.filter { $0.market == market }.map(\.sent).reduce(into: Tally()) { $0.add($1) }
            #expect(asked.tally(of: market) == sent)
        }
        #expect(asked.markets == ["no", "se"])
    }
}

/// What happens to a sensor of the fleet, in this order.
private enum Phase: CaseIterable {
    case begun
    case restarted
    case reloaded
}

/// Events and attempts by list, mechanism and action, and attempts on any list.
private struct Tally: Equatable {
    var events: [String: Int] = [:]
    var attempts: [String: Int] = [:]
    var any: [String: Int] = [:]

    mutating func add(_ other: Tally) {
        events.merge(other.events, uniquingKeysWith: +)
        attempts.merge(other.attempts, uniquingKeysWith: +)
        any.merge(other.any, uniquingKeysWith: +)
    }
}

/// One sensor, and what was sent past it.
private struct Member: Sendable {
    let site: Site
    let market: String
    let number: Int
    var sensor: LabProcess?
    /// All that was sent.
    var sent = Tally()
    /// What this process of the sensor has seen.
    var events = 0
    var testEvents = 0
    /// Entries that have begun an attempt, by list, in this process.
    private var begun: Set<String> = []

    private static let dropped = [
        "m0.test", "m1.test", "m2.test", "m3.test", "m4.test", "m5.test", "both.test", "again.test",
    ]
    private static let observed = ["seen.test", "both.test"]
    private static let late = "late.test"

    init(_ site: Site, market: String, _ number: Int) async throws {
        self.site = site
        self.market = market
        self.number = number
        try site.write(lists: Self.dropped, observed: Self.observed)
        try site.lab.write("try.test\n", to: "tests.txt")
        let server = try site.start(
            Script.silentServer,
            named: "silent",
            [site.lab.server.ipv4[0], "53", "80", "443"],
            on: site.lab.server
        )
        try await server.waitForLine(containing: "ready")
        try await start()
        try await site.applyRules()
    }

    /// Where Prometheus finds it, by way of the proxy.
    var address: String { "127.0.0.1:\(9_481 + number)" }

    var store: String { site.lab.path("statistics.db") }

    var proxy: String {
        """
        frontend sensor\(number)
            mode http
            timeout client 30s
            bind \(address)
            default_backend sensor\(number)

        backend sensor\(number)
            mode http
            timeout connect 5s
            timeout server 30s
            server sensor unix@\(site.socket)

        """
    }

    private mutating func start() async throws {
        let base = try site.configure()
        let text = try await Command.output(["cat", base]).replacingOccurrences(
            of: "path = \"list.txt\"",
            with: "path = \"list.txt\"\ntest-names = \"tests.txt\""
        )
        let statistics = "[statistics]\nmarket = \"\(market)\"\npath = \"\(store)\"\nattempt-window = 60\n"
        let configuration = try site.lab.write(text + statistics, to: "fleet.toml")
        let sensor = site.lab.spawn([site.binary, "run", "--config", configuration], on: site.lab.router)
        try await sensor.waitForLine(containing: "ready:", timeLimit: .seconds(60))
        self.sensor = sensor
    }

    /// Brings the sensor into a phase, and sends what belongs to it.
    mutating func live(_ phase: Phase) async throws {
        var plan: [(Mechanism, String)] = []
        switch phase {
        case .begun:
            // An entry for each mechanism, asked for so many times in a row.
            for (index, mechanism) in Mechanism.allCases.enumerated() {
                plan += [(Mechanism, String)](repeating: (mechanism, "m\(index).test"), count: index + number + 1)
            }
            // Other names under one entry, and other mechanisms for it.
            plan += [(.dnsUDP, "a.m0.test"), (.dnsUDP, "b.m0.test"), (.tlsSNI, "m0.test"), (.httpHost, "c.m0.test")]
            // A name on two lists, one on the other list alone, test names, and names on none.
            plan += [(.dnsUDP, "both.test"), (.dnsTCP, "both.test"), (.tlsSNI, "both.test")]
            plan += [(.httpHost, "seen.test"), (.httpHost, "seen.test"), (.quicV2, "www.seen.test")]
            plan += [(.dnsUDP, "try.test"), (.tlsSNI, "try.test"), (.dnsUDP, "free.test"), (.quicV1, "free.test")]
        case .restarted:
            #expect(await sensor?.stop() == .exited(0))
            (events, testEvents, begun) = (0, 0, [])
            try await start()
            plan = [(.quicV1, "again.test"), (.dnsUDP, "again.test"), (.dnsUDP, "m0.test"), (.tlsSNI, "both.test")]
        case .reloaded:
            try site.write(lists: Self.dropped + [Self.late], observed: Self.observed)
            try await site.reload()
            plan = [(.dnsTCP, Self.late), (.dnsUDP, Self.late), (.dnsUDP, "again.test"), (.httpHost, "try.test")]
        }
        let lines = plan.map { mechanism, name in
            "\(Self.port(mechanism)) \(Self.message(mechanism, name).map { String(format: "%02x", $0) }.joined())"
        }
        let file = try site.lab.write(lines.joined(separator: "\n") + "\n", to: "messages.txt")
        let result = try await site.run(
            Script.messages,
            named: "messages",
            [site.lab.server.ipv4[0], file],
            on: site.lab.client,
            timeLimit: .seconds(120)
        )
        try #require(result.output == "sent\n", "\(result)")
        for (mechanism, name) in plan { count(mechanism, name) }
    }

    /// The rule in its simplest form: no packet of a phase comes later than the window.
    private mutating func count(_ mechanism: Mechanism, _ name: String) {
        func entry(_ list: [String]) -> String? { list.first { name == $0 || name.hasSuffix("." + $0) } }
        if name == "try.test" { testEvents += 1 }
        var deciding: (entry: String, action: String)?
        for (list, action, entries) in [
            ("dropped", "drop", Self.dropped + [Self.late]), ("observed", "observe", Self.observed),
        ] {
            guard let entry = entry(entries) else { continue }
            let cell = "\(list) \(mechanism.label) \(action)"
            events += 1
            sent.events[cell, default: 0] += 1
            if begun.insert("\(list) \(entry)").inserted { sent.attempts[cell, default: 0] += 1 }
            deciding = deciding ?? (entry, action)
        }
        guard let deciding, begun.insert("any \(deciding.entry)").inserted else { return }
        sent.any["\(mechanism.label) \(deciding.action)", default: 0] += 1
    }

    private static func port(_ mechanism: Mechanism) -> String {
        switch mechanism {
        case .dnsUDP: "udp 53"
        case .dnsTCP: "tcp 53"
        case .tlsSNI: "tcp 443"
        case .quicV1, .quicV2: "udp 443"
        case .httpHost: "tcp 80"
        }
    }

    private static func message(_ mechanism: Mechanism, _ name: String) -> [UInt8] {
        switch mechanism {
        case .dnsUDP: return DNSBuilder.query(name)
        case .dnsTCP: return DNSBuilder.prefixed(DNSBuilder.query(name))
        case .tlsSNI: return ClientHelloBuilder(serverName: name).bytes
        case .quicV1, .quicV2:
            var builder = QUICInitialBuilder(connectionID: (0..<8).map { _ in UInt8.random(in: .min ... .max) })
            builder.version = mechanism == .quicV1 ? .v1 : .v2
            return builder.packet(builder.crypto(ClientHelloBuilder(serverName: name).message, at: 0))
        case .httpHost: return Array("GET / HTTP/1.1\r\nHost: \(name)\r\n\r\n".utf8)
        }
    }
}

/// What `grindvakt report --output json` says.
private struct ReportDocument: Decodable {
    struct Period: Decodable {
        let markets: [Market]
    }

    struct Market: Decodable {
        let market: String
        let matches: [Cell]
        let any_attempts: [Cell]
    }

    struct Cell: Decodable {
        let list: String?
        let mechanism: String
        let action: String
        let events: Int?
        let attempts: Int
    }

    let periods: [Period]

    var markets: [String] { Set(periods.flatMap(\.markets).map(\.market)).sorted() }

    /// What was counted in a market, cells of nothing left out.
    func tally(of market: String) -> Tally {
        var tally = Tally()
        for figures in periods.flatMap(\.markets) where figures.market == market {
            for cell in figures.matches {
                let key = "\(cell.list ?? "") \(cell.mechanism) \(cell.action)"
                if let events = cell.events, events > 0 { tally.events[key, default: 0] += events }
                if cell.attempts > 0 { tally.attempts[key, default: 0] += cell.attempts }
            }
            for cell in figures.any_attempts where cell.attempts > 0 {
                tally.any["\(cell.mechanism) \(cell.action)", default: 0] += cell.attempts
            }
        }
        return tally
    }
}

/// What both ways must say alike of a market in one period.
private struct Agreed: Decodable {
    struct Period: Decodable { let markets: [Market] }

    struct Market: Decodable {
        let coverage: [Coverage]
        let lists: [List]
        let unblock_times: Int
        let unblock_seconds: Spread?
        let removal_times: Int
        let removal_seconds: Spread?
    }

    struct Coverage: Decodable, Equatable {
        let list: String
        let mechanism: String
        let probes: Int
        let blocked: Int
    }

    struct List: Decodable, Equatable {
        let list: String
        let updates: Int
        let issued_to_received_seconds: Spread?
        let received_to_activated_seconds: Spread?
        let issued_to_activated_seconds: Spread?
    }

    struct Spread: Decodable, Equatable {
        let p50: Double
        let p95: Double
        let longest: Double
    }

    let periods: [Period]

    /// Of a month, the last one.
    var market: Market? { periods.last?.markets.first }
}

extension Site {
    fileprivate func agreed(_ source: [String]) async throws -> Agreed {
        let result = try await grindvakt(["report", "--output", "json", "--by", "month"] + source)
        try #require(result.succeeded, "\(result)")
        return try JSONDecoder().decode(Agreed.self, from: Data(result.output.utf8))
    }

    fileprivate func report(_ source: [String]) async throws -> ReportDocument {
        let result = try await grindvakt(["report", "--output", "json"] + source)
        try #require(result.succeeded, "\(result)")
        return try JSONDecoder().decode(ReportDocument.self, from: Data(result.output.utf8))
    }
}

extension EnumeratedSequence where Base == [Site] {
    fileprivate func asyncMap<Value>(_ body: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await body(element)) }
        return values
    }
}
