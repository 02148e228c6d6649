import Responses
import TestSupport
import Testing
import Wire

@Suite("Packet composer")
struct PacketComposerTests {
    private static let blocked = BlockedAnswer(result: .nxdomain)

    private func answer(_ packet: [UInt8], from source: IPAddress? = nil) -> Reading? {
        let message = DNSQuery().bytes
        return composed(packet) {
            $0.answer($1, message: message.span, as: Self.blocked, from: source, limit: 1_280)
        }.flatMap { Reading($0) }
    }

    @Test(arguments: Kind.allCases, [false, true])
    func `each kind is what it was, octet for octet`(kind: Kind, v6: Bool) throws {
        let packet = try #require(kind.compose(kind.sample(v6: v6)))
        let golden = Golden.packets["\(kind.rawValue) \(v6 ? "v6" : "v4")"].map { hex($0) }
        #expect(
            packet == golden,
            "GOLD \(kind.rawValue) \(v6 ? "v6" : "v4") \(packet.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined())"
        )
        #expect(Reading(packet) != nil)
    }

    @Test func `the packet before is gone when nothing can be composed`() throws {
        var composer = PacketComposer()
        var count = composer.packet.count
        #expect(count == 0)
        let sample = Kind.resetSender.sample(v6: false)
        let packet = try IPPacket(parsing: sample.packet.span)
        var isComposed = composer.resetSender(of: packet)
        count = composer.packet.count
        #expect(isComposed && count == 40)
        isComposed = composer.portUnreachable(packet, in: sample.packet.span, from: nil, limit: 1_280)
        count = composer.packet.count
        #expect(isComposed == false && count == 0)
    }

    @Test(arguments: Kind.allCases, [false, true])
    func `a packet of the other transport gets nothing`(kind: Kind, v6: Bool) {
        var sample = kind.sample(v6: v6)
        let offset = v6 ? 6 : 9
        sample.packet[offset] = sample.packet[offset] == 6 ? 17 : 6
        #expect(kind.compose(sample) == nil)
        sample.packet[offset] = 132
        #expect(kind.compose(sample) == nil)
    }

    @Test(arguments: Kind.allCases, [false, true])
    func `fragments get nothing`(kind: Kind, v6: Bool) throws {
        var sample = kind.sample(v6: v6)
        let transport = sample.packet[v6 ? 6 : 9]
        let payload = Array(sample.packet[(v6 ? 40 : 20)...])
        let builder =
            v6
            ? PacketBuilder(from: .v6(7, port: 0), to: .v6(53, port: 0))
            : PacketBuilder(from: .v4(7, port: 0), to: .v4(53, port: 0))
        sample.packet = builder.fragment(payload, transport: transport, at: 0, isLast: false)
        #expect(kind.compose(sample) == nil)
        sample.packet = builder.fragment(payload, transport: transport, at: 8, isLast: true)
        #expect(kind.compose(sample) == nil)
    }

    @Test(arguments: Kind.allCases)
    func `addresses that are not one host's get nothing`(kind: Kind) {
        let groups = ["00000000", "00FFFFFF", "E0000001", "EFFFFFFF", "F0000001", "FFFFFFFF"]
        let groupsV6 = ["FF02000000000000000000000000 00FB", "00000000000000000000000000000000"]
        for (v6, texts) in [(false, groups), (true, groupsV6)] {
            for address in texts.map({ hex($0) }) {
                for offset in v6 ? [8, 24] : [12, 16] {
                    var sample = kind.sample(v6: v6)
                    sample.packet.replaceSubrange(offset..<offset + address.count, with: address)
                    #expect(kind.compose(sample) == nil)
                }
            }
        }
    }

    @Test func `an answer comes from another address where one is given`() throws {
        let packet = DNSQuery().packet()
        #expect(try #require(answer(packet)).source == [192, 0, 2, 53])
        #expect(try #require(answer(packet, from: IPAddress(v4: 0xCB00_7105))).source == [203, 0, 113, 5])
        // Another version, a group.
        #expect(answer(packet, from: IPAddress(v6: 0x2001_0DB8_0000_0000, 1)) == nil)
        #expect(answer(packet, from: IPAddress(v4: 0xE000_0001)) == nil)
    }

    @Test func `a sender without a port gets nothing`() {
        let builder = PacketBuilder(from: .v4(7, port: 0), to: .v4(53, port: 53))
        #expect(answer(builder.udp(DNSQuery().bytes)) == nil)
        #expect(unreachable(builder.udp([1, 2, 3])) == nil)
    }

    @Test func `options and extension headers of the other packet are not taken over`() throws {
        var builder = PacketBuilder(from: .v4(7, port: 40_000), to: .v4(53, port: 53))
        builder.options = [1, 1, 1, 0]
        #expect(try #require(answer(builder.udp(DNSQuery().bytes))).destinationPort == 40_000)
        var other = PacketBuilder(from: .v6(7, port: 40_000), to: .v6(53, port: 53))
        other.extensionHeaders = [.options(type: 60, units: 2)]
        #expect(try #require(answer(other.udp(DNSQuery().bytes))).destinationPort == 40_000)
    }

    @Test func `a UDP checksum of zero is sent as all ones`() throws {
        // Some identifier makes the sum come out so.
        var found = 0
        for identifier in UInt16.min...UInt16.max {
            var query = DNSQuery(options: nil)
            query.identifier = identifier
            let message = query.bytes
            let packet = try #require(
                composed(query.packet()) {
                    $0.answer($1, message: message.span, as: Self.blocked, from: nil, limit: 1_280)
                }
            )
            guard packet[26] == 0xFF, packet[27] == 0xFF else {
                #expect(packet[26] != 0 || packet[27] != 0)
                continue
            }
            found += 1
            #expect(Reading(packet) != nil)
        }
        #expect(found == 1)
    }

    // MARK: Port unreachable

    private func unreachable(_ packet: [UInt8], from source: IPAddress? = nil, limit: Int = 65_535) -> [UInt8]? {
        composed(packet) { $0.portUnreachable($1, in: packet.span, from: source, limit: limit) }
    }

    @Test func `the error quotes what fits, from the header on`() throws {
        let small = PacketBuilder(from: .v4(7, port: 4), to: .v4(80, port: 443)).udp([1, 2, 3])
        let quoted = try #require(unreachable(small))
        #expect(Array(quoted[20..<22]) == [3, 3])
        #expect(try #require(Reading(quoted)).data == small)
        let data = [UInt8](repeating: 0x5A, count: 1_250)
        let large = PacketBuilder(from: .v4(7, port: 4), to: .v4(80, port: 443)).udp(data)
        #expect(try #require(Reading(unreachable(large))).data == Array(large[..<548]))
        let largeV6 = PacketBuilder(from: .v6(7, port: 4), to: .v6(80, port: 443)).udp(data)
        let error = try #require(unreachable(largeV6))
        #expect(error.count == 1_280 && Array(error[40..<42]) == [1, 4])
        #expect(try #require(Reading(error)).data == Array(largeV6[..<1_232]))
        #expect(unreachable(large, limit: 100)?.count == 100)
    }

    @Test func `the error has room for the datagram's headers at least`() throws {
        var builder = PacketBuilder(from: .v4(7, port: 4), to: .v4(80, port: 443))
        builder.options = [1, 1, 1, 0]
        let packet = builder.udp([1, 2, 3])
        #expect(unreachable(packet, limit: 28 + 24 + 8)?.count == 60)
        #expect(unreachable(packet, limit: 28 + 24 + 7) == nil)
        #expect(unreachable(packet, limit: .min) == nil)
        for count in 0..<32 { #expect(unreachable(Array(packet[..<count])) == nil) }
        // What was copied is quoted.
        #expect(unreachable(Array(packet[..<33]))?.count == 28 + 33)
    }

    @Test func `the error comes from another address where one is given, and quotes the datagram as it is`() throws {
        let packet = Kind.portUnreachable.sample(v6: true).packet
        let router = IPAddress(v6: 0x2001_0DB8_0000_0000, 1)
        let reading = try #require(Reading(unreachable(packet, from: router)))
        #expect(reading.source == hex("20010DB8000000000000000000000001"))
        #expect(reading.destination == Array(packet[8..<24]))
        #expect(Array(reading.data[..<40]) == Array(packet[..<40]))
    }

    @Test func `a datagram put together of fragments has no header to quote`() throws {
        let whole = DNSQuery().packet()
        let payload = Array(whole[20...])
        let address = IPAddress(v4: 0xC000_0207)
        let packet = try IPPacket(
            payload: payload.span,
            transport: 17,
            source: address,
            destination: IPAddress(v4: 0xC000_0235),
            isTruncated: false
        )
        var composer = PacketComposer()
        let hasError = composer.portUnreachable(packet, in: payload.span, from: nil, limit: 1_280)
        #expect(hasError == false)
        let message = DNSQuery().bytes
        let hasAnswer = composer.answer(packet, message: message.span, as: Self.blocked, from: nil, limit: 1_280)
        #expect(hasAnswer)
    }
}
