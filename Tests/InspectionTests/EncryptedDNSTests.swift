import Blocklists
import Telemetry
import TestSupport
import Testing
import Wire

@testable import Inspection

@Suite("Encrypted DNS")
struct EncryptedDNSTests {
    static let dot = TCPConversation(to: .v4(53, port: 853))
    static let web = TCPConversation(to: .v4(80, port: 443))

    /// The first octets of a QUIC version 1 Initial.
    static let initial: [UInt8] = [0xC0, 0, 0, 0, 1, 8] + [UInt8](repeating: 7, count: 1_194)

    /// What each packet showed.
    static func kinds(_ sensor: TestSensor, _ packets: [[UInt8]]) -> [EncryptedDNS?] {
        packets.map { packet in
            sensor.inspect(packet)
            return sensor.inspector.encryptedDNS
        }
    }

    /// A list that drops, and endpoints of DNS over HTTPS as they would be written.
    static func blocklist(drop: [String] = [], allow: [String] = []) throws -> Blocklist {
        var builder = BlocklistBuilder(
            lists: [
                ListDescriptor(id: "doh-endpoints", use: .encryptedDNS, action: .drop, match: .exact),
                ListDescriptor(id: "police", action: .drop),
            ],
            key: HashKey(1, 2)
        )
        func add(_ text: String, _ scope: ListEntry.Scope, _ list: Int?) throws {
            var name = DomainName()
            try HostName.parse(Array(text.utf8).span, into: &name)
            builder.add(ListEntry(name: name, scope: scope), list: list)
        }
        try add("dns.example", .itself, 0)
        try add("resolvers.example", .subdomains, 0)
        for name in drop { try add(name, [.itself, .subdomains], 1) }
        for name in allow { try add(name, [.itself, .subdomains], nil) }
        return builder.build()
    }

    @Test func `a connection to port 853 is counted at its first packet`() {
        let stream = hello("dns.example")
        let packets = [Self.dot.syn, Self.dot.syn, Self.dot.synAck, Self.dot.segment(stream, at: 0)]
        #expect(Self.kinds(TestSensor(), packets) == [.dot, nil, nil, nil])
        #expect(Self.kinds(TestSensor(), [Self.dot.segment(stream, at: 0), Self.dot.synAck]) == [.dot, nil])
    }

    @Test func `a new connection between the same ends is counted again`() {
        var next = Self.dot
        next.clientSequence &+= 100_000
        #expect(Self.kinds(TestSensor(), [Self.dot.syn, next.syn, next.syn]) == [.dot, .dot, nil])
    }

    @Test func `a listed name in a hello to port 853 is blocked like any other`() throws {
        let sensor = TestSensor(try Self.blocklist(drop: ["dns.example"]))
        sensor.inspect([Self.dot.syn, Self.dot.synAck])
        #expect(sensor.inspect(Self.dot.segment(hello("dns.example"), at: 0)).verdict == .drop)
        #expect(sensor.inspector.encryptedDNS == nil)
    }

    @Test func `where TLS is not read, the connection is counted and let go`() {
        var configuration = InspectorConfiguration()
        configuration.inspectsTLS = false
        let sensor = TestSensor(lists(), configuration)
        #expect(Self.kinds(sensor, [Self.dot.syn, Self.dot.synAck]) == [.dot, nil])
        #expect(sensor.inspect(Self.dot.segment(hello(), at: 0)).decision == Decision(.accept))
        #expect(sensor.inspector.encryptedDNS == nil)
        #expect(
            sensor.inspect(Self.dot.answer([], at: 0, acknowledging: hello().count)).decision
                == Decision(.accept, flowMark: .accepted)
        )
    }

    @Test func `QUIC to port 853 is counted at its first packet and let go where QUIC is not read`() {
        var configuration = InspectorConfiguration()
        configuration.inspectsQUIC = false
        let client = PacketBuilder(from: .v6(7, port: 40_000), to: .v6(53, port: 853))
        let sensor = TestSensor(lists(), configuration)
        #expect(Self.kinds(sensor, [client.udp([]), client.udp([0x40, 1, 2])]) == [nil, nil])
        let seen = sensor.inspect(client.udp(Self.initial))
        #expect(seen.decision == Decision(.accept, flowMark: .accepted))
        #expect(sensor.inspector.encryptedDNS == .doq)
        #expect(Self.kinds(sensor, [client.udp(Self.initial), client.reversed.udp(Self.initial)]) == [nil, nil])
        #expect(sensor.inspect(client.udp([0x40, 1, 2])).decision.flowMark == .accepted)
    }

    @Test(arguments: [
        ("dns.example", true), ("DNS.example", true), ("www.dns.example", false), ("resolvers.example", false),
        ("a.resolvers.example", true), ("other.example", false),
    ])
    func `a hello that names an endpoint is counted as the list has it, and passes`(
        name: String,
        isCounted: Bool
    ) throws {
        let sensor = TestSensor(try Self.blocklist())
        let packets = [Self.web.syn, Self.web.synAck, Self.web.segment(hello(name), at: 0)]
        #expect(Self.kinds(sensor, packets) == [nil, nil, isCounted ? .doh : nil])
        #expect(sensor.inspector.findingCount == 1)
        #expect(sensor.inspector.finding(at: 0).match == nil)
        #expect(sensor.inspector.finding(at: 0).verdict == .accept)
    }

    @Test func `an endpoint that a list has is blocked and counted`() throws {
        let sensor = TestSensor(try Self.blocklist(drop: ["dns.example"]))
        sensor.inspect([Self.web.syn, Self.web.synAck])
        let seen = sensor.inspect(Self.web.segment(hello("dns.example"), at: 0))
        #expect(seen.verdict == .drop)
        #expect(seen.lists == [1])
        #expect(sensor.inspector.encryptedDNS == .doh)
    }

    @Test func `the allow list hides no endpoint`() throws {
        let sensor = TestSensor(try Self.blocklist(drop: ["dns.example"], allow: ["dns.example"]))
        sensor.inspect([Self.web.syn, Self.web.synAck])
        #expect(sensor.inspect(Self.web.segment(hello("dns.example"), at: 0)).verdict == .accept)
        #expect(sensor.inspector.encryptedDNS == .doh)
    }

    @Test func `a query for an endpoint's address is no flow to it`() throws {
        let sensor = TestSensor(try Self.blocklist())
        #expect(Self.kinds(sensor, [DNSDatagramTests.v4.udp(DNSBuilder.query("dns.example"))]) == [nil])
    }

    @Test func `where it is not wanted nothing is counted`() throws {
        var configuration = InspectorConfiguration()
        configuration.countsEncryptedDNS = false
        let sensor = TestSensor(try Self.blocklist(), configuration)
        let packets = [Self.dot.syn, Self.web.syn, Self.web.synAck, Self.web.segment(hello("dns.example"), at: 0)]
        #expect(Self.kinds(sensor, packets) == [nil, nil, nil, nil])
    }
}
