import Responses
import TestSupport
import Testing
import Wire

@testable import NetfilterQueue

@Suite("Connections of queued packets")
struct TrackedConnectionTests {
    /// NFQA_CT with an original tuple and a status.
    private static func connection(_ addresses: [UInt8], status: UInt32) -> [UInt8] {
        let transport =
            Netlink.attribute(1, [17]) + Netlink.attribute(2, bigEndian(UInt16(40_000)))
            + Netlink.attribute(3, bigEndian(UInt16(5_353)))
        let tuple = Netlink.attribute(0x8001, addresses) + Netlink.attribute(0x8002, transport)
        return Netlink.attribute(
            0x800B,
            Netlink.attribute(0x8001, tuple) + Netlink.attribute(3, bigEndian(status))
        )
    }

    private static let v4 = Netlink.attribute(1, [192, 0, 2, 7]) + Netlink.attribute(2, [192, 0, 2, 99])
    private static let v6 =
        Netlink.attribute(3, hex("20010DB8000000000000000000000007"))
        + Netlink.attribute(4, hex("20010DB8000000000000000000000063"))

    private static func view(_ message: [UInt8]) -> ClientView? {
        var messages = NetlinkMessages(message.span)
        guard let message = messages.next(), let packet = QueuedPacket(message) else { return nil }
        return packet.clientView
    }

    @Test func `the original ends of a connection whose server is translated are read`() {
        #expect(
            Self.view(Netlink.packet(1, Self.connection(Self.v4, status: 0x20)))
                == ClientView(
                    client: IPAddress(v4: 0xC000_0207),
                    clientPort: 40_000,
                    server: IPAddress(v4: 0xC000_0263),
                    serverPort: 5_353
                )
        )
        #expect(
            Self.view(Netlink.packet(1, Self.connection(Self.v6, status: 0x01A8)))
                == ClientView(
                    client: IPAddress(v6: 0x2001_0DB8_0000_0000, 7),
                    clientPort: 40_000,
                    server: IPAddress(v6: 0x2001_0DB8_0000_0000, 0x63),
                    serverPort: 5_353
                )
        )
    }

    @Test func `other connections have no view`() {
        #expect(Self.view(Netlink.packet(1)) == nil)
        // Translated is the client, if anyone.
        #expect(Self.view(Netlink.packet(1, Self.connection(Self.v4, status: 0x1D8))) == nil)
        #expect(Self.view(Netlink.packet(1, Self.connection([], status: 0x20))) == nil)
    }

    @Test func `every prefix and every mutation of a connection is read or passed over`() {
        let value = Self.connection(Self.v4, status: 0x20)
        for count in 0...value.count { _ = Self.view(Netlink.packet(1, Array(value.prefix(count)))) }
        var isChanged = false
        for index in value.indices {
            for bit in 0..<8 {
                var changed = value
                changed[index] ^= 1 << UInt8(bit)
                if Self.view(Netlink.packet(1, changed)) == nil { isChanged = true }
            }
        }
        #expect(isChanged)
    }
}
