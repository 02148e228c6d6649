import TestSupport
import Testing

@testable import Inspection

@Suite("Whole pipeline")
struct PipelineTests {
    /// Conversations of every kind, packet by packet.
    static let conversations: [[[UInt8]]] = {
        let udp = PacketBuilder(from: .v4(7, port: 40_000), to: .v4(53, port: 53))
        var fancy = PacketBuilder(from: .v6(7, port: 40_000), to: .v6(53, port: 53))
        fancy.extensionHeaders = [.options(type: 0), .fragment(offset: 0, more: false)]
        let four = TCPConversation()
        let six = TCPConversation(from: .v6(7, port: 40_000), to: .v6(80, port: 443), clientSequence: 0xFFFF_FF00)
        let dns = TCPConversation(to: .v4(53, port: 53))
        let names = (0..<40).map { "n\($0).example" } + ["www.blocked.test"]
        let stream = names.flatMap { DNSBuilder.prefixed(DNSBuilder.query($0)) }
        return [
            [udp.udp(DNSBuilder.query("www.blocked.test")), udp.reversed.udp(DNSBuilder.response("other.test"))],
            [
                fancy.udp(DNSBuilder.query(["one.test", "blocked.test"])),
                fancy.udp(DNSBuilder.query("other.test", padding: 300)),
            ],
            [four.syn, four.synAck] + four.segments(of: hello(paddedLength: 2_000, recordLength: 300), size: 500),
            [six.syn, six.synAck] + six.segments(of: hello("other.test"), size: 70).reversed(),
            [dns.syn, dns.synAck] + dns.segments(of: stream, size: 211) + [
                dns.answer(DNSBuilder.prefixed([1, 2]), at: 0)
            ],
            four.segments(of: hello(), size: 60).reversed(),
        ]
    }()

    /// Packets of these conversations: cut, repeated, mixed, and with octets changed.
    static func mutated(_ count: Int, seed: UInt64) -> [[UInt8]] {
        var random = SeededRandom(seed: seed)
        var packets: [[UInt8]] = []
        while packets.count < count {
            for packet in conversations.randomElement(using: &random) ?? [] {
                var packet = packet
                switch Int.random(in: 0..<10, using: &random) {
                case 0: packet.removeLast(Int.random(in: 0...packet.count, using: &random))
                case 1:
                    packet += (0..<Int.random(in: 0...30, using: &random)).map { _ in
                        UInt8.random(in: 0...255, using: &random)
                    }
                case 2: packets.append(packet)
                case 3: continue
                case 4, 5, 6:
                    for _ in 0..<Int.random(in: 1...4, using: &random) {
                        let index = Int.random(in: 0..<packet.count, using: &random)
                        packet[index] =
                            [0, 1, 0x16, 0x35, 0x7F, 0x80, 0xC0, 0xFF, packet[index] ^ 1].randomElement(using: &random)
                            ?? 0
                    }
                case 7:
                    // Another place in the stream: near, far, and across the wrap.
                    guard packet.count > 44, packet[0] >> 4 == 4, packet[9] == 6 else { break }
                    packet.replaceSubrange(24..<28, with: bigEndian(UInt32.random(in: .min ... .max, using: &random)))
                default: break
                }
                packets.append(packet)
            }
        }
        return packets
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `mutated packets never trap, and an empty blocklist drops none of them`(_ seed: UInt64) {
        var configuration = InspectorConfiguration()
        configuration.flowCapacity = 16
        configuration.streamBudget = 100_000
        let sensor = TestSensor(lists(), configuration)
        for packet in Self.mutated(2_500, seed: seed) {
            sensor.seconds += 0.1
            #expect(sensor.inspect(packet).verdict == .accept)
            #expect(sensor.inspector.flowCount <= 16)
            #expect(sensor.inspector.waitingByteCount <= 100_000)
        }
    }

    @Test func `the same packets give the same decisions and findings`() {
        let packets = Self.mutated(3_000, seed: 99)
        let runs = (0..<2).map { _ in
            let sensor = TestSensor()
            return packets.map { sensor.inspect($0) }
        }
        #expect(runs[0] == runs[1])
        #expect(runs[0].contains { $0.verdict == .drop })
        #expect(runs[0].contains { $0.decision.undecided != nil })
    }

    @Test func `whole conversations find their names`() {
        let found = Self.conversations.map { packets in
            let sensor = TestSensor()
            return packets.map { sensor.inspect($0) }.contains { $0.verdict == .drop }
        }
        #expect(found == [true, true, true, false, true, true])
    }

    @Test func `every prefix of a packet is accepted or judged`() {
        for packet in Self.conversations.joined() {
            for count in 0..<packet.count {
                let seen = TestSensor(lists()).inspect(Array(packet[..<count]))
                #expect(seen.verdict == .accept)
            }
        }
    }
}
