import TestSupport
import Wire

/// Damaged messages: what a parser may meet instead of a valid one.
enum Mutation {
    /// How many damaged messages each property test tries.
    static let count = 4_000

    /// `message` with one to four kinds of damage.
    static func of(_ message: [UInt8], using random: inout SeededRandom) -> [UInt8] {
        var message = message
        for _ in 0..<Int.random(in: 1...4, using: &random) { damage(&message, using: &random) }
        return message
    }

    private static func damage(_ message: inout [UInt8], using random: inout SeededRandom) {
        guard message.isEmpty == false else { return message.append(UInt8.random(in: 0...255, using: &random)) }
        let index = Int.random(in: 0..<message.count, using: &random)
        switch Int.random(in: 0...7, using: &random) {
        case 0: message[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
        case 1: message[index] = UInt8.random(in: 0...255, using: &random)
        case 2:
            message[index] = [0x00, 0x01, 0x3F, 0x40, 0x7F, 0x80, 0xC0, 0xFE, 0xFF].randomElement(using: &random) ?? 0
        case 3:
            // what a 16-bit length looks like at its ends
            let value: UInt16 = [0, 1, 7, 8, 0x7FFF, 0xFFFE, 0xFFFF].randomElement(using: &random) ?? 0
            message[index] = UInt8(value >> 8)
            if index + 1 < message.count { message[index + 1] = UInt8(value & 0xFF) }
        case 4: message.removeSubrange(index...)
        case 5: message.removeSubrange(index..<Int.random(in: index...message.count, using: &random))
        case 6:
            let part = Array(message[index..<Int.random(in: index...message.count, using: &random)])
            message.insert(contentsOf: part, at: Int.random(in: 0...message.count, using: &random))
        default:
            let octets = (0..<Int.random(in: 1...16, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            message.insert(contentsOf: octets, at: index)
        }
    }

    /// Reads every prefix of `messages`, and thousands of damaged copies of them.
    ///
    /// Each is read twice: alone, and in the middle of other octets, which must change nothing.
    /// - Returns: the messages that read differently in the middle of others; how many were read and refused.
    static func outcomes<Outcome: Equatable>(
        of messages: [[UInt8]],
        seed: UInt64,
        read: (Span<UInt8>) throws(WireError) -> Outcome
    ) -> (different: [[UInt8]], valid: Int, refused: Int) {
        var random = SeededRandom(seed: seed)
        var result: (different: [[UInt8]], valid: Int, refused: Int) = ([], 0, 0)
        func attempt(_ bytes: Span<UInt8>) -> Result<Outcome, WireError> {
            do throws(WireError) { return .success(try read(bytes)) } catch { return .failure(error) }
        }
        func check(_ message: [UInt8]) {
            let alone = attempt(message.span)
            let around: [UInt8] = [0xC0, 0x00, 0xFF] + message + [0x03, 0x77, 0x77, 0x77, 0x00]
            let amid = attempt(around.span.extracting(3..<3 + message.count))
            if alone != amid { result.different.append(message) }
            switch alone {
            case .success: result.valid += 1
            case .failure: result.refused += 1
            }
        }
        for message in messages {
            for count in 0...message.count { check(Array(message[..<count])) }
        }
        for _ in 0..<count {
            let message = messages.randomElement(using: &random) ?? []
            check(of(message, using: &random))
        }
        return result
    }
}

extension Span where Element == UInt8 {
    /// The octets as an array.
    var array: [UInt8] { indices.map { self[$0] } }
}

/// What reading `bytes` throws; nil where it does not throw.
func failure(_ bytes: [UInt8], _ read: (Span<UInt8>) throws(WireError) -> Void) -> WireError? {
    do throws(WireError) {
        try read(bytes.span)
        return nil
    } catch {
        return error
    }
}
