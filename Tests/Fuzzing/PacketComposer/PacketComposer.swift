import FuzzingDriver
import Responses
import Wire

@main
enum Entry {
    /// An input is two octets that say how to answer and the limit in units of eight, then a packet of a stranger's.
    static func main() {
        let text = [UInt8](repeating: 0x61, count: 64)
        var composer = PacketComposer()
        fuzz { bytes in
            guard bytes.count > 2, let packet = try? IPPacket(parsing: bytes.extracting(2..<bytes.count)) else {
                return
            }
            let limit = Int(bytes[1]) * 8
            let blocked = answer(bytes[0], text: text)
            if let datagram = try? UDPDatagram(parsing: packet.payload) {
                let message = datagram.payload
                check(composer.answer(packet, message: message, as: blocked, from: nil, limit: limit), composer, limit)
                let original = bytes.count - 2 + max(0, packet.payloadLength - packet.payload.count)
                check(composer.rewrite(packet, message: message, as: blocked), composer, original)
                let octets = bytes.extracting(2..<bytes.count)
                check(composer.portUnreachable(packet, in: octets, from: nil, limit: limit), composer, limit)
            }
            if let segment = try? TCPSegment(parsing: packet.payload) {
                let message = segment.payload.extracting(min(2, segment.payload.count)..<segment.payload.count)
                check(composer.answerInStream(packet, message: message, as: blocked, limit: limit), composer, limit)
                check(composer.rewriteInStream(packet, message: message, as: blocked, limit: limit), composer, limit)
                check(composer.page(packet, content: segment.payload, limit: limit), composer, limit)
                check(composer.resetSender(of: packet), composer, 60)
                check(composer.resetReceiver(of: packet), composer, 60)
            }
        }
    }

    /// How an octet says to answer.
    private static func answer(_ octet: UInt8, text: [UInt8]) -> BlockedAnswer {
        let results: [BlockedAnswer.Result] = [.nxdomain, .nodata, .refused, .sinkhole]
        return BlockedAnswer(
            result: results[Int(octet & 3)],
            sinkholeV4: octet & 4 == 0 ? IPAddress(v4: 0xC633_6407) : nil,
            sinkholeV6: octet & 8 == 0 ? IPAddress(v6: 0x2001_0DB8_0000_0000, 0x63) : nil,
            extendedError: octet & 16 == 0 ? 15 : nil,
            text: octet & 32 == 0 ? text : []
        )
    }

    /// Stops at a packet that is too long, that has wrong checksums, or that `Wire` cannot read.
    private static func check(_ isComposed: Bool, _ composer: borrowing PacketComposer, _ limit: Int) {
        let bytes = composer.packet
        guard isComposed else { return precondition(bytes.count == 0) }
        precondition(bytes.count <= limit && bytes.count <= 1_280)
        guard let packet = try? IPPacket(parsing: bytes) else { preconditionFailure("no IP packet") }
        precondition(packet.isTruncated == false && packet.isFragment == false)
        precondition(packet.headerLength + packet.payload.count == bytes.count)
        let isV4 = packet.source.version == .v4
        precondition(isV4 == false || sum(bytes.extracting(first: packet.headerLength), from: 0) == 0xFFFF)
        // The pseudo header: addresses, length, protocol.
        let addresses = isV4 ? bytes.extracting(12..<20) : bytes.extracting(8..<40)
        let isPlain = packet.transport == 1
        let pseudo = isPlain ? 0 : sum(addresses, from: packet.payload.count + Int(packet.transport))
        precondition(sum(packet.payload, from: pseudo) == 0xFFFF)
        if packet.transport == 17 {
            guard let datagram = try? UDPDatagram(parsing: packet.payload) else { preconditionFailure("no datagram") }
            precondition(datagram.isTruncated == false && datagram.payload.count == packet.payload.count - 8)
            guard let message = try? DNSMessage(parsing: datagram.payload) else { preconditionFailure("no message") }
            precondition(message.isResponse && message.questionCount <= 1)
        }
    }

    private static func sum(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var sum = start
        for index in bytes.indices { sum += Int(bytes[index]) << (index % 2 == 0 ? 8 : 0) }
        while sum > 0xFFFF { sum = sum & 0xFFFF + sum >> 16 }
        return sum
    }
}
