import Responses
import TestSupport
import Testing
import Wire

@Suite("Packets whose translation is undone")
struct ClientPacketTests {
    private static let ends: [(client: Endpoint, server: Endpoint, known: Endpoint)] = [
        (.v4(7, port: 40_000), .v4(53, port: 53), .v4(99, port: 5_353)),
        (.v6(7, port: 40_000), .v6(53, port: 53), .v6(99, port: 5_353)),
    ]

    private static func address(_ number: UInt8, v6: Bool) -> IPAddress {
        v6
            ? IPAddress(v6: 0x2001_0DB8_0000_0000, UInt64(number)) : IPAddress(v4: 0xC000_0200 | UInt32(number))
    }

    private static func view(v6: Bool) -> ClientView {
        ClientView(client: address(7, v6: v6), clientPort: 40_000, server: address(99, v6: v6), serverPort: 5_353)
    }

    /// What is restored; nil where nothing is.
    private static func restored(_ packet: [UInt8], v6: Bool) -> [UInt8]? {
        var restored = ClientPacket()
        guard restored.restore(view(v6: v6), in: packet.span) else { return nil }
        var octets: [UInt8] = []
        for index in restored.span.indices { octets.append(restored.span[index]) }
        #expect(restored.server == address(53, v6: v6))
        return octets
    }

    @Test(arguments: [false, true])
    func `a datagram and a segment become what the client has sent or would get, checksums too`(v6: Bool) {
        let (client, server, known) = Self.ends[v6 ? 1 : 0]
        let data = DNSQuery().bytes
        #expect(
            Self.restored(PacketBuilder(from: client, to: server).udp(data), v6: v6)
                == PacketBuilder(from: client, to: known).udp(data)
        )
        let (seen, original) = (TCPConversation(from: client, to: server), TCPConversation(from: client, to: known))
        #expect(Self.restored(seen.segment(data, at: 0), v6: v6) == original.segment(data, at: 0))
        let (back, expected) = (
            TCPConversation(from: server, to: client), TCPConversation(from: known, to: client)
        )
        #expect(Self.restored(back.segment(data, at: 0), v6: v6) == expected.segment(data, at: 0))
    }

    @Test(arguments: [false, true])
    func `there is nothing to undo in other packets`(v6: Bool) {
        let (client, server, known) = Self.ends[v6 ? 1 : 0]
        // An answer over UDP goes on itself; one of another connection; one that is not translated.
        #expect(Self.restored(PacketBuilder(from: server, to: client).udp([1]), v6: v6) == nil)
        let other: Endpoint = v6 ? .v6(8, port: 40_000) : .v4(8, port: 40_000)
        #expect(Self.restored(PacketBuilder(from: other, to: server).udp([1]), v6: v6) == nil)
        #expect(Self.restored(PacketBuilder(from: client, to: known).udp([1]), v6: v6) == nil)
    }

    @Test(arguments: [false, true])
    func `no cut or changed packet disturbs it`(v6: Bool) {
        let (client, server, _) = Self.ends[v6 ? 1 : 0]
        for packet in [
            PacketBuilder(from: client, to: server).udp(DNSQuery().bytes),
            TCPConversation(from: client, to: server).segment(DNSQuery().bytes, at: 0),
        ] {
            for count in 0...packet.count {
                let prefix = Array(packet.prefix(count))
                var restored = ClientPacket()
                if restored.restore(Self.view(v6: v6), in: prefix.span) { #expect(restored.span.count == count) }
            }
            for index in packet.indices {
                for bit in 0..<8 {
                    var changed = packet
                    changed[index] ^= 1 << UInt8(bit)
                    var restored = ClientPacket()
                    if restored.restore(Self.view(v6: v6), in: changed.span) {
                        #expect(restored.span.count == packet.count)
                    }
                }
            }
        }
    }
}
