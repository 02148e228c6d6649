import Blocklists
import Telemetry
import TestSupport
import Testing
import Wire

@testable import Inspection

@Suite("Look-ahead")
struct LookAheadTests {
    /// All that can be seen of an inspector behind a packet.
    struct Trace: Equatable {
        var decision: Decision
        var tuple: FiveTuple
        var isMatched: Bool
        var names: [String]
        var lists: [Int?]
        var exemptions: [Exemption?]
        var verdicts: [Verdict]
        var anomalies: AnomalySet
        var encryptedDNS: EncryptedDNS?
        var message: [UInt8]
        var flows: Int

        init(_ decision: Decision, _ inspector: inout Inspector) {
            self.decision = decision
            tuple = inspector.fiveTuple
            isMatched = inspector.isMatched
            names = []
            lists = []
            exemptions = []
            verdicts = []
            for index in 0..<inspector.findingCount {
                let finding = inspector.finding(at: index)
                names.append("\(finding.inspectedProtocol) \(finding.source) \(finding.name.presentation())")
                lists.append(finding.match?.list)
                exemptions.append(finding.exemption)
                verdicts.append(finding.verdict)
                // And the same again as it is read by whoever wants no copy.
                names.append(inspector.withFinding(at: index) { "\($0.source) \($0.name.presentation()) \($1.length)" })
                lists.append(inspector.withFinding(at: index) { finding, _ in finding.match?.list })
            }
            anomalies = inspector.anomalies
            encryptedDNS = inspector.encryptedDNS
            message = []
            let deciding = inspector.decidingMessage
            for index in deciding.indices { message.append(deciding[index]) }
            flows = inspector.flowCount
        }
    }

    static let blocklist = lists(
        drop: ["blocked.test"],
        observe: ["watched.test"],
        allow: ["fine.blocked.test"],
        action: .nxdomain
    )

    /// What there was to be seen of the same packets, behind each and in the counters behind all.
    struct Run {
        var traces: [Trace] = []
        let counters = Counters(queue: 0)
        private let attempts = AttemptTable(.init())

        /// Reads the names and counts them; which of the two comes first alternates.
        mutating func note(_ decision: Decision, _ inspector: inout Inspector, at now: Instant) {
            let countsFirst = traces.count.isMultiple(of: 2)
            if countsFirst { inspector.count(decision, in: counters, attempts: attempts, at: now) }
            traces.append(Trace(decision, &inspector))
            if countsFirst == false { inspector.count(decision, in: counters, attempts: attempts, at: now) }
        }
    }

    /// The packets one by one, and in batches that are looked at first.
    static func traces(_ packets: [[UInt8]]) -> (alone: Run, ahead: Run) {
        var alone = Inspector(configuration: .init(), blocklists: BlocklistSource(blocklist))
        var configuration = InspectorConfiguration()
        configuration.lookAheadSize = 0
        configuration.lookAheadFlows = 0
        var ahead = Inspector(configuration: configuration, blocklists: BlocklistSource(blocklist))
        var looksAhead = alone.beginBatch()
        #expect(looksAhead == false)
        var runs = (alone: Run(), ahead: Run())
        var start = 0
        var size = 1
        while start < packets.count {
            let batch = Array(packets[start..<min(start + size, packets.count)])
            looksAhead = ahead.beginBatch()
            #expect(looksAhead)
            for (index, packet) in batch.enumerated() { ahead.lookAhead(packet.span, as: index) }
            ahead.endLookAhead()
            for (index, packet) in batch.enumerated() {
                let now = Instant(nanoseconds: UInt64(start + index) * 1_000_000)
                let one = alone.inspect(packet.span, at: now)
                runs.alone.note(one, &alone, at: now)
                let other = ahead.inspect(packet.span, as: index, at: now)
                runs.ahead.note(other, &ahead, at: now)
            }
            start += batch.count
            size = size % Inspector.lookAheadLimit + 1
        }
        return runs
    }

    /// Packets of all kinds, more than one batch of them.
    static func packets(_ random: inout SeededRandom) -> [[UInt8]] {
        let names = [
            "www.blocked.test", "fine.blocked.test", "www.watched.test", "a.b.example.test", "test", "x.invalid",
            "WWW.Blocked.TEST",
        ]
        let (client, server) = (Endpoint.v4(1, port: 40_000), Endpoint.v4(9, port: 53))
        let plain = PacketBuilder(from: client, to: server)
        let plain6 = PacketBuilder(from: .v6(1, port: 40_001), to: .v6(9, port: 53))
        var tunnel = plain
        tunnel.source.port = 4_789
        let web = PacketBuilder(from: .v4(1, port: 41_000), to: .v4(8, port: 443))
        var packets: [[UInt8]] = []
        for round in 0..<60 {
            let query = DNSBuilder.query(names[round % names.count], identifier: UInt16(round))
            packets += [
                plain.udp(query), plain6.udp(query), tunnel.udp(query), plain.reversed.udp(query),
                plain.udp(DNSBuilder.query([names[round % names.count], "two.blocked.test"])),
                plain.udp(DNSBuilder.query("")),
                plain.reversed.udp(DNSBuilder.response(names[round % names.count])),
                web.udp(query), web.tcp(hello(names[round % names.count]), sequence: UInt32(round) << 16),
                plain.fragment(Array(plain.udp(query).dropFirst(20)), transport: 17, at: 0, isLast: true),
            ]
            packets.append(Array(plain.udp(query).dropLast(Int.random(in: 1...40, using: &random))))
            var damaged = plain.udp(query)
            for _ in 0..<3 {
                damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            packets.append(damaged)
        }
        return packets.shuffled(using: &random)
    }

    @Test func `packets that were looked at first come to what they come to alone`() {
        var random = SeededRandom(seed: 11)
        for _ in 0..<8 {
            let packets = Self.packets(&random)
            let (alone, ahead) = Self.traces(packets)
            let traces = alone.traces
            #expect(traces.contains { $0.isMatched && $0.decision.verdict == .drop })
            #expect(traces.contains { $0.isMatched == false && $0.names.isEmpty == false })
            #expect(traces == ahead.traces)
            #expect(alone.counters.read().names(.dns) > 0)
            #expect(alone.counters.read() == ahead.counters.read())
        }
    }

    @Test func `every prefix of a query comes to the same`() {
        let query = PacketBuilder(from: .v4(1, port: 40_000), to: .v4(9, port: 53))
            .udp(DNSBuilder.query("www.blocked.test"))
        let (alone, ahead) = Self.traces((0...query.count).map { Array(query[..<$0]) })
        #expect(alone.traces == ahead.traces && alone.counters.read() == ahead.counters.read())
    }

    @Test func `a packet that was not looked at is inspected alone`() {
        var configuration = InspectorConfiguration()
        configuration.lookAheadSize = 0
        var inspector = Inspector(configuration: configuration, blocklists: BlocklistSource(Self.blocklist))
        let builder = PacketBuilder(from: .v4(1, port: 40_000), to: .v4(9, port: 53))
        let fine = builder.udp(DNSBuilder.query("www.example.test"))
        let bad = builder.udp(DNSBuilder.query("www.blocked.test"))
        var looksAhead = inspector.beginBatch()
        #expect(looksAhead)
        inspector.lookAhead(fine.span, as: 0)
        inspector.lookAhead(fine.span, as: Inspector.lookAheadLimit)
        inspector.lookAhead(fine.span, as: -1)
        inspector.endLookAhead()
        for index in [1, 63, 64, -1, .max, .min] {
            let decision = inspector.inspect(bad.span, as: index, at: Instant(nanoseconds: 0))
            #expect(decision.verdict == .drop)
        }
        looksAhead = inspector.beginBatch()
        #expect(looksAhead)
        inspector.endLookAhead()
        let decision = inspector.inspect(bad.span, as: 0, at: Instant(nanoseconds: 0))
        #expect(decision.verdict == .drop)
    }
}
