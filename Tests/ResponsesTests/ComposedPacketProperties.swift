import Responses
import TestSupport
import Testing
import Wire

@Suite("Composed packets, whatever strangers send")
struct ComposedPacketProperties {
    /// Whether a packet keeps the rules, and its DNS message too.
    private func isSound(_ packet: [UInt8], _ kind: Kind, limit: Int) -> Bool {
        guard packet.count <= limit, let reading = Reading(packet) else { return false }
        switch kind {
        case .page, .resetSender, .resetSenderOfSYN, .resetReceiver, .resetReceiverOfSYN, .portUnreachable: return true
        case .answerInStream:
            return Answer(Array(reading.data.dropFirst(2))) != nil
                && Int(reading.data[0]) << 8 | Int(reading.data[1]) == reading.data.count - 2
        case .rewriteInStream: return lastAnswer(reading.data).map { Answer($0) } != nil
        default: return Answer(reading.data) != nil
        }
    }

    /// The last message of a stream that consists of whole ones.
    private func lastAnswer(_ stream: [UInt8]) -> [UInt8]? {
        var rest = stream[...]
        var last: [UInt8]?
        while rest.count >= 2 {
            let length = Int(rest[rest.startIndex]) << 8 | Int(rest[rest.startIndex + 1])
            guard rest.count >= 2 + length else { return nil }
            last = Array(rest.dropFirst(2).prefix(length))
            rest = rest.dropFirst(2 + length)
        }
        return rest.isEmpty ? last : nil
    }

    @Test(arguments: Kind.allCases, [false, true])
    func `each prefix of a packet or a message gives a sound packet or none`(kind: Kind, v6: Bool) {
        let sample = kind.sample(v6: v6)
        for count in 0...sample.packet.count {
            let cut = Sample(packet: Array(sample.packet[..<count]), message: sample.message)
            if let packet = kind.compose(cut) { #expect(isSound(packet, kind, limit: 1_280)) }
        }
        for count in 0...sample.message.count {
            let cut = Sample(packet: sample.packet, message: Array(sample.message[..<count]))
            if let packet = kind.compose(cut) { #expect(isSound(packet, kind, limit: 1_280)) }
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func `damaged packets and messages give a sound packet or none`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var count = 0
        for _ in 0..<4_000 {
            let kind = Kind.allCases.randomElement(using: &random) ?? .nxdomain
            var sample = kind.sample(v6: Bool.random(using: &random))
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                if Bool.random(using: &random) {
                    damage(&sample.packet, using: &random)
                } else {
                    damage(&sample.message, using: &random)
                }
            }
            let limit = Int.random(in: -1...1_400, using: &random)
            guard let packet = kind.compose(sample, limit: limit) else { continue }
            // These have limits of their own: what they replace, and a header.
            let isUnlimited = [.rewrite, .resetSender, .resetSenderOfSYN, .resetReceiver, .resetReceiverOfSYN].contains(
                kind
            )
            #expect(isSound(packet, kind, limit: isUnlimited ? 1_280 : limit))
            count += 1
        }
        #expect(count > 1_000)
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `octets at random give a sound packet or none`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<2_000 {
            let octets = (0..<Int.random(in: 0...120, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let kind = Kind.allCases.randomElement(using: &random) ?? .nxdomain
            var sample = kind.sample(v6: Bool.random(using: &random))
            sample.message = octets
            if let packet = kind.compose(sample) { #expect(isSound(packet, kind, limit: 1_280)) }
            sample.packet.replaceSubrange((sample.packet[0] >> 4 == 4 ? 20 : 40)..., with: octets)
            if let packet = kind.compose(sample) { #expect(isSound(packet, kind, limit: 1_280)) }
        }
    }

    private func damage(_ bytes: inout [UInt8], using random: inout SeededRandom) {
        guard bytes.isEmpty == false else { return }
        // Headers are short beside the rest, so most damage is done to them.
        let end = Bool.random(using: &random) ? min(bytes.count, 80) : bytes.count
        let index = Int.random(in: 0..<end, using: &random)
        switch Int.random(in: 0...4, using: &random) {
        case 0: bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
        case 1: bytes[index] = [0, 1, 0x3F, 0x40, 0x80, 0xC0, 0xFF].randomElement(using: &random) ?? 0
        case 2: bytes.removeSubrange(index...)
        case 3: bytes.remove(at: index)
        default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
        }
    }
}
