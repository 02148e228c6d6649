import Blocklists
import FuzzingDriver

@testable import Inspection

@main
enum Entry {
    /// An input is fragments of four octets each: the datagram and whether the fragment is its last, where it starts, how many octets it
    /// has in units of eight, and the seconds since the one before it.
    static func main() {
        let source = [UInt8](0...255) + [UInt8](repeating: 7, count: 2_048)
        fuzz { bytes in
            var assembler = FragmentAssembler(budget: 0)
            var buffer = DatagramBuffer()
            var now = Instant(nanoseconds: 0)
            for index in stride(from: 0, to: bytes.count - 3, by: 4) {
                let fingerprint = HashKey(1, 2).fingerprint(UInt64(bytes[index] & 7), 0, 0, 0, 0)
                let count = Int(bytes[index + 2]) * 8 + Int(bytes[index] >> 4 & 7)
                let start = Int(bytes[index + 3] & 0x7F)
                now.nanoseconds += UInt64(bytes[index + 3] >> 7) * 20_000_000_000
                var hasConflict = false
                let outcome = assembler.add(
                    fingerprint,
                    offset: Int(bytes[index + 1]) * 8,
                    source.span.extracting(start..<start + count),
                    isLast: bytes[index] & 8 != 0,
                    transport: 17,
                    at: now,
                    hasConflict: &hasConflict
                )
                let found = assembler.find(fingerprint)
                guard case .complete(let shortest, let longest, _) = outcome else { continue }
                precondition(found != 0 && shortest <= longest && longest <= DatagramBuffer.capacity)
                for step in 0..<UInt8(OverlapReading.count) {
                    guard let reading = OverlapReading(rawValue: step) else { continue }
                    assembler.gather(found, reading, count: longest, into: &buffer)
                    precondition(buffer.bytes.count == longest)
                }
                if bytes[index] & 0x80 != 0 {
                    assembler.block(fingerprint, at: now)
                } else {
                    assembler.noteJudged(fingerprint, at: now)
                }
            }
            precondition(assembler.blocksInUse <= 1_024)
        }
    }
}
