import FuzzingDriver

@testable import Inspection

/// Octets of a stream's limit and of all streams together: small enough to overflow.
private let limit = 8_192
private let budget = 12 * StreamAssembler.blockCost

@main
enum Entry {
    /// An input is steps of five octets: what to do, with which of four streams, where (two octets), and how much; data are made from the step.
    static func main() {
        fuzz { bytes in
            var assembler = StreamAssembler(budget: budget, streamLimit: limit)
            var message = MessageBuffer(capacity: limit)
            var streams: InlineArray<4, UInt32> = [0, 0, 0, 0]
            var step = 0
            while step + 5 <= bytes.count {
                let (what, place) = (bytes[step] >> 2, Int(bytes[step] & 3))
                let offset = (Int(bytes[step + 1]) << 8 | Int(bytes[step + 2])) % limit
                let count = min(limit - offset, Int(bytes[step + 3]) * 16 + 1)
                let data = [UInt8](repeating: bytes[step + 4], count: count)
                step += 5
                if streams[place] == 0 {
                    streams[place] = assembler.open(flow: UInt32(place), isSecond: false)
                    guard streams[place] != 0 else { continue }
                }
                let stream = streams[place]
                switch what % 8 {
                case 0:
                    assembler.close(stream)
                    streams[place] = 0
                    continue
                case 1:
                    let unread = assembler[stream].contiguous - assembler[stream].start
                    assembler[stream].start += UInt32(count) % (unread + 1)
                    _ = assembler.compact(stream)
                case 2:
                    if offset >= Int(assembler[stream].start), offset <= Int(assembler[stream].highest) {
                        assembler.begin(stream, at: offset)
                    }
                case 3:
                    _ = assembler.addRemoval(at: offset, in: stream)
                default:
                    guard assembler.reserve(stream, end: offset + count) else { break }
                    _ = assembler.store(data.span, at: offset, in: stream)
                }
                check(&assembler, stream, &message)
            }
        }
    }

    /// What holds after every step.
    private static func check(_ assembler: inout StreamAssembler, _ stream: UInt32, _ message: inout MessageBuffer) {
        let assembly = assembler[stream]
        precondition(assembly.base <= assembly.start && assembly.start <= assembly.contiguous)
        precondition(assembler.blocksInUse * StreamAssembler.blockCost <= budget)
        assembler.gather(stream, into: &message)
        precondition(message.count == Int(assembly.contiguous - assembly.start))
        precondition(assembler.overlapCount(stream) <= OverlapTable.limit)
        for choice in 0..<UInt32(1) << UInt32(assembler.overlapCount(stream)) {
            assembler.gather(stream, choosing: choice, into: &message)
            precondition(message.count <= Int(assembly.contiguous - assembly.base))
        }
    }
}
