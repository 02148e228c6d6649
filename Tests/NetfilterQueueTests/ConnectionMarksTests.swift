import TestSupport
import Testing

@testable import NetfilterQueue

/// Messages about connections, as the kernel writes them and as they are written to it.
@Suite("Connection marks")
struct ConnectionMarksTests {
    /// The message about a TCP connection with the mark 0x00050001 and the zone 7, behind its header.
    private static let payload: [UInt8] = {
        func attribute(_ type: UInt8, _ value: [UInt8], nested: Bool = false) -> [UInt8] {
            let length = value.count + 4
            return [UInt8(length), 0, type, nested ? 0x80 : 0] + value
                + [UInt8](repeating: 0, count: (4 - length % 4) % 4)
        }
        let addresses = attribute(1, attribute(1, [192, 0, 2, 1]) + attribute(2, [192, 0, 2, 2]), nested: true)
        let ports = attribute(
            2,
            attribute(1, [6]) + attribute(2, [0x9C, 0x40]) + attribute(3, [1, 0xBB]),
            nested: true
        )
        return [2, 0, 0, 0] + attribute(1, addresses + ports, nested: true) + attribute(8, [0, 5, 0, 1])
            + attribute(18, [0, 7])
    }()

    private static func connection(_ payload: [UInt8], type: UInt16 = 0x0100) -> TrackedConnection? {
        TrackedConnection(NetlinkMessage(type: type, payload: payload.span))
    }

    @Test func `a connection's mark and transport are read, and it is named to the kernel as the kernel did`() throws {
        let connection = try #require(Self.connection(Self.payload))
        #expect(connection.mark == 0x0005_0001)
        #expect(connection.transport == 6)
        let change = connection.change(to: 0x0004_0000, mask: 0x0007_0000)
        let tuple = Array(Self.payload[4..<56])
        #expect(change.count == Int(change[0]))
        // IPCTNL_MSG_CT_NEW of the subsystem, NLM_F_REQUEST alone: nothing is made that is not there.
        #expect(Array(change[4..<8]) == [0, 1, 1, 0])
        #expect(Array(change[16..<20]) == [2, 0, 0, 0])
        #expect(Array(change[20..<72]) == tuple)
        #expect(Array(change[72..<80]) == [8, 0, 8, 0, 0, 4, 0, 0])
        #expect(Array(change[80..<88]) == [8, 0, 21, 0, 0, 7, 0, 0])
        #expect(Array(change[88...]) == [6, 0, 18, 0, 0, 7, 0, 0])
    }

    @Test func `what names no connection is passed over`() {
        #expect(Self.connection(Self.payload, type: 0x0300) == nil)
        #expect(Self.connection([2, 0, 0, 0]) == nil)
        #expect(Self.connection([2, 0, 0, 0, 8, 0, 8, 0, 0, 5, 0, 0]) == nil)
    }

    @Test func `no prefix and no mutation of a message traps`() {
        for end in 0..<Self.payload.count { _ = Self.connection(Array(Self.payload[..<end])) }
        var random = SeededRandom(seed: 9)
        for _ in 0..<20_000 {
            var payload = Self.payload
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                payload[Int.random(in: payload.indices, using: &random)] = UInt8.random(
                    in: .min ... .max,
                    using: &random
                )
            }
            guard let connection = Self.connection(payload) else { continue }
            #expect(connection.change(to: 1, mask: 1).count % 4 == 0)
        }
    }
}
