import Blocklists
import CaptureFiles
import Inspection
import LiveCapture
import Telemetry
import TestSupport
import Testing
import Wire

@Suite("Tap inspection")
struct TapInspectionTests {
    private static let client = PacketBuilder(from: .v4(7, port: 40_000), to: .v4(53, port: 53))

    /// An inspection with the lists of `source`.
    private static func makeInspection(
        _ layer: LinkLayer,
        _ counters: Counters,
        _ source: BlocklistSource? = nil
    ) throws -> TapInspection {
        let source = try source ?? BlocklistSource(blocklist("blocked.test"))
        let inspector = Inspector(configuration: InspectorConfiguration(), blocklists: source)
        let attempts = AttemptTable(InspectorConfiguration())
        return TapInspection(linkLayer: layer, inspector: inspector, counters: counters, attempts: attempts)
    }

    /// One list that drops a name, counted in slot 5.
    private static func blocklist(_ name: String) throws -> Blocklist {
        var builder = BlocklistBuilder(
            lists: [ListDescriptor(id: "police", action: .drop, counterSlot: 5)],
            key: HashKey(1, 2)
        )
        var parsed = DomainName()
        try HostName.parse(Array(name.utf8).span, into: &parsed)
        builder.add(ListEntry(name: parsed, scope: [.itself, .subdomains]), list: 0)
        return builder.build()
    }

    private static func ethernet(_ payload: [UInt8], type: UInt16 = 0x0800, tags: [UInt16] = []) -> [UInt8] {
        let addresses: [UInt8] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]
        return addresses + tags.flatMap { bigEndian($0) + [0, 100] } + bigEndian(type) + payload
    }

    @Test func `a listed name is counted as a match under its list, and its packet as accepted`() throws {
        let counters = Counters(queue: 2)
        var inspection = try Self.makeInspection(.ethernet, counters)
        for name in ["www.blocked.test", "www.example.test"] {
            inspection.inspect(Self.ethernet(Self.client.udp(DNSBuilder.query(name))).span)
        }
        let reading = counters.read()
        #expect(reading.packets(.accept) == 2 && reading.packets(.drop) == 0)
        #expect(reading.names(.dns) == 2)
        #expect(reading.matches(slot: 5, .dns) == 1)
        #expect(InspectedProtocol.allCases.allSatisfy { reading.matches(slot: 0, $0) == 0 })
    }

    @Test func `a tap counts whatever a queue counts`() throws {
        let counters = Counters(queue: 0)
        var inspection = try Self.makeInspection(.rawIP, counters)
        // A flow to the port of DNS over TLS, and a fragment whose rest does not come within its time.
        let secure = PacketBuilder(from: .v4(7, port: 40_000), to: .v4(53, port: 853))
        let syn = secure.tcp([], flags: .syn, sequence: 1)
        inspection.inspect(syn.span)
        var client = Self.client
        let fragment = client.fragments(of: [UInt8](repeating: 0, count: 64), transport: 17, cutAt: [32])[0]
        inspection.inspect(fragment.span)
        inspection.now = Instant(nanoseconds: 60_000_000_000)
        client.identification += 1
        let later = client.fragments(of: [UInt8](repeating: 0, count: 64), transport: 17, cutAt: [32])[0]
        inspection.inspect(later.span)
        let reading = counters.read()
        #expect(reading.encryptedDNSFlows(.dot) == 1)
        #expect(reading.undecided(.fragment) == 1)
    }

    @Test func `the packets of a flow that would have been blocked go on to be counted as accepted`() throws {
        let counters = Counters(queue: 0)
        var inspection = try Self.makeInspection(.rawIP, counters)
        let packets = PacketBuilder(from: .v4(7, port: 40_000), to: .v4(80, port: 443))
        let hello = ClientHelloBuilder(serverName: "blocked.test").bytes
        inspection.inspect(packets.tcp([], flags: [.syn], sequence: 100).span)
        for _ in 0..<3 { inspection.inspect(packets.tcp(hello, sequence: 101).span) }
        let reading = counters.read()
        #expect(reading.packets(.accept) == 4 && reading.packets(.drop) == 0)
        #expect(reading.matches(slot: 5, .tls) == 1)
    }

    @Test(arguments: [
        (LinkLayer.ethernet, ethernet([], tags: [0x8100])), (.ethernet, ethernet([], tags: [0x88A8, 0x8100])),
        (.linuxCooked, [UInt8](repeating: 0, count: 14) + [8, 0]), (.rawIP, []),
    ])
    func `the packet is found behind the link header of its frame`(layer: LinkLayer, header: [UInt8]) throws {
        let counters = Counters(queue: 0)
        var inspection = try Self.makeInspection(layer, counters)
        inspection.inspect((header + Self.client.udp(DNSBuilder.query("blocked.test"))).span)
        #expect(counters.read().matches(slot: 5, .dns) == 1)
    }

    @Test func `a frame without an IP packet is passed over, and one that is cut is counted by cause`() throws {
        let counters = Counters(queue: 0)
        var inspection = try Self.makeInspection(.ethernet, counters)
        inspection.inspect(Self.ethernet([0, 1, 8, 0, 6, 4, 0, 1], type: 0x0806).span)
        inspection.inspect([UInt8]().span)
        #expect(counters.read().packets(.accept) == 0)
        let query = Self.ethernet(Self.client.udp(DNSBuilder.query("blocked.test")))
        inspection.inspect(Array(query.dropLast(20)).span)
        #expect(counters.read().packets(.accept) == 1)
        #expect(counters.read().undecided(.truncated) == 1)
        #expect(counters.read().matches(slot: 5, .dns) == 0)
    }

    @Test func `a list that is published is used from the next batch on`() throws {
        let counters = Counters(queue: 0)
        let source = BlocklistSource(try Self.blocklist("blocked.test"))
        var inspection = try Self.makeInspection(.rawIP, counters, source)
        let query = Self.client.udp(DNSBuilder.query("late.test"))
        inspection.inspect(query.span)
        _ = source.publish(try Self.blocklist("late.test"))
        inspection.inspect(query.span)
        #expect(counters.read().matches(slot: 5, .dns) == 0)
        inspection.refreshBlocklist()
        inspection.inspect(query.span)
        #expect(counters.read().matches(slot: 5, .dns) == 1)
    }

    @Test func `a batch's time is counted for each of its packets`() throws {
        let counters = Counters(queue: 0)
        var inspection = try Self.makeInspection(.rawIP, counters)
        inspection.now = Instant(nanoseconds: 1_000)
        for _ in 0..<3 { inspection.inspect(Self.client.udp(DNSBuilder.query("www.test")).span) }
        #expect(inspection.packets == 3)
        inspection.finishBatch(at: Instant(nanoseconds: 3_500))
        #expect(inspection.packets == 0)
        #expect(counters.read().verdictCount == 3)
        #expect(counters.read().verdictNanoseconds == 7_500)
    }
}
