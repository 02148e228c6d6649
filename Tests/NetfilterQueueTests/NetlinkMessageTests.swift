import TestSupport
import Testing

@testable import NetfilterQueue

/// What was read of one message: its type and how long its payload is.
struct SeenMessage: Equatable {
    let type: UInt16
    let count: Int
}

func messages(_ bytes: [UInt8]) -> [SeenMessage] {
    var seen: [SeenMessage] = []
    var messages = NetlinkMessages(bytes.span)
    while let message = messages.next() { seen.append(SeenMessage(type: message.type, count: message.payload.count)) }
    return seen
}

/// What was read of one queued packet.
struct SeenPacket: Equatable {
    var id: UInt32
    var mark: UInt32 = 0
    var payload: [UInt8] = []
    var hasUnfinishedChecksum = false
}

func packets(_ bytes: [UInt8]) -> [SeenPacket] {
    var seen: [SeenPacket] = []
    var messages = NetlinkMessages(bytes.span)
    while let message = messages.next() {
        guard let packet = QueuedPacket(message) else { continue }
        var payload: [UInt8] = []
        for index in packet.payload.indices { payload.append(packet.payload[index]) }
        seen.append(
            SeenPacket(
                id: packet.id,
                mark: packet.mark,
                payload: payload,
                hasUnfinishedChecksum: packet.hasUnfinishedChecksum
            )
        )
    }
    return seen
}

/// Netlink messages as the kernel writes them on a little-endian machine.
enum Netlink {
    /// A message of this type around `body`, which begins with the four octets of `struct nfgenmsg`.
    static func message(type: UInt16 = 0x0300, _ body: [UInt8]) -> [UInt8] {
        let length = UInt32(16 + body.count)
        let padding = [UInt8](repeating: 0, count: (4 - body.count % 4) % 4)
        return bigEndian(length).reversed() + bigEndian(type).reversed() + [UInt8](repeating: 0, count: 10) + body
            + padding
    }

    /// An attribute; its value is filled up to a multiple of four octets.
    static func attribute(_ type: UInt16, _ value: [UInt8]) -> [UInt8] {
        let padding = [UInt8](repeating: 0, count: (4 - value.count % 4) % 4)
        return bigEndian(UInt16(4 + value.count)).reversed() + bigEndian(type).reversed() + value + padding
    }

    /// A queued packet with these attributes behind its number.
    static func packet(_ id: UInt32, _ attributes: [UInt8] = []) -> [UInt8] {
        message([2, 0, 0, 0] + attribute(1, bigEndian(id) + [0x08, 0x00, 3, 0]) + attributes)
    }
}

@Suite("Netlink messages")
struct NetlinkMessageTests {
    /// One queued packet, octet by octet.
    static let vector: [UInt8] = [
        // length 64, type NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET, flags, sequence, port
        0x40, 0, 0, 0, 0x00, 0x03, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        // family AF_INET, version, queue 5
        2, 0, 0, 5,
        // NFQA_PACKET_HDR: packet 0x01020304, protocol IPv4, hook FORWARD, padding
        11, 0, 1, 0, 1, 2, 3, 4, 0x08, 0x00, 2, 0,
        // NFQA_MARK: 0xAABBCCDD
        8, 0, 3, 0, 0xAA, 0xBB, 0xCC, 0xDD,
        // NFQA_SKB_INFO: checksum not ready, merged packet
        8, 0, 14, 0, 0, 0, 0, 3,
        // an attribute that nobody knows
        8, 0, 99, 0, 1, 2, 3, 4,
        // NFQA_PAYLOAD: three octets and padding
        7, 0, 10, 0, 0x45, 0x46, 0x47, 0,
    ]

    @Test func `a queued packet's fields are read`() {
        #expect(messages(Self.vector) == [SeenMessage(type: 0x0300, count: 48)])
        let expected = SeenPacket(
            id: 0x0102_0304,
            mark: 0xAABB_CCDD,
            payload: [0x45, 0x46, 0x47],
            hasUnfinishedChecksum: true
        )
        #expect(packets(Self.vector) == [expected])
    }

    @Test func `all messages of a buffer are walked, those of other types passed over`() {
        let buffer = Netlink.packet(1) + Netlink.message(type: 2, [0, 0, 0, 0]) + Self.vector + Netlink.packet(3)
        #expect(messages(buffer).count == 4)
        #expect(packets(buffer).map(\.id) == [1, 0x0102_0304, 3])
    }

    @Test func `a last message that is cut ends the walk`() {
        for missing in 1..<Self.vector.count {
            #expect(packets(Netlink.packet(9) + Self.vector.dropLast(missing)).map(\.id) == [9])
        }
    }

    @Test(arguments: [0, 1, 15, 65, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFD, 0xFFFF_FFFF] as [UInt32])
    func `a length that cannot be ends the walk`(_ length: UInt32) {
        var bytes = Self.vector
        bytes.replaceSubrange(0..<4, with: bigEndian(length).reversed())
        #expect(messages(bytes).isEmpty)
    }

    @Test func `a message of its header alone is empty`() {
        let bytes: [UInt8] = [0x10, 0, 0, 0, 0x00, 0x03] + [UInt8](repeating: 0, count: 10)
        #expect(messages(bytes + bytes) == [SeenMessage(type: 0x0300, count: 0), SeenMessage(type: 0x0300, count: 0)])
        #expect(packets(bytes).isEmpty)
    }

    @Test func `a last message without its padding is read`() {
        let message = Netlink.packet(4, Netlink.attribute(10, [1, 2, 3, 4, 5]))
        var bytes = Array(message.dropLast(3))
        bytes[0] -= 3
        #expect(packets(bytes) == [SeenPacket(id: 4, payload: [1, 2, 3, 4, 5])])
    }

    @Test(arguments: [0, 1, 3, 9, 0x7FFF, 0xFFFF] as [UInt16])
    func `an attribute of a length that cannot be ends the attributes`(_ length: UInt16) {
        // The mark's header claims `length`; the packet's number before it stays.
        let mark = Array(bigEndian(length).reversed()) + [3, 0, 0xAA, 0xBB, 0xCC, 0xDD]
        #expect(packets(Netlink.packet(6, mark)) == [SeenPacket(id: 6)])
    }

    @Test func `attributes too short for their value are not taken`() {
        let short = Netlink.attribute(3, [1, 2, 3]) + Netlink.attribute(14, []) + Netlink.attribute(10, [])
        #expect(packets(Netlink.packet(6, short)) == [SeenPacket(id: 6)])
        #expect(packets(Netlink.message([2, 0, 0, 0] + Netlink.attribute(1, [1, 2, 3]))).isEmpty)
    }

    @Test func `flags in an attribute's type are ignored`() {
        #expect(packets(Netlink.packet(6, Netlink.attribute(0x8003, [0, 0, 0, 9]))) == [SeenPacket(id: 6, mark: 9)])
        #expect(packets(Netlink.packet(6, Netlink.attribute(0x4003, [0, 0, 0, 9]))) == [SeenPacket(id: 6, mark: 9)])
    }

    @Test func `a packet without a number is none`() {
        #expect(packets(Netlink.message([2, 0, 0, 0] + Netlink.attribute(10, [1]))).isEmpty)
        for count in 0..<4 { #expect(packets(Netlink.message([UInt8](repeating: 0, count: count))).isEmpty) }
    }

    @Test func `a packet of the greatest size is read whole`() {
        let payload = [UInt8](repeating: 7, count: 65_531)
        #expect(packets(Netlink.packet(1, Netlink.attribute(10, payload))).first?.payload == payload)
    }

    @Test func `mutated buffers never trap and never give more than there is`() {
        var random = SeededRandom(seed: 3)
        let buffer = Self.vector + Netlink.packet(7, Netlink.attribute(10, [UInt8](repeating: 1, count: 90)))
        for _ in 0..<20_000 {
            var bytes = buffer
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            bytes.removeLast(Int.random(in: 0...bytes.count, using: &random))
            let seen = packets(bytes)
            #expect(seen.reduce(0) { $0 + $1.payload.count } <= bytes.count)
        }
    }
}
