import FuzzingDriver
import ListFiles

@testable import Blocklists
@testable import CoverageProbes

@main
enum Entry {
    /// The first octet chooses whose file the others are said to be. Where a file ends in a checksum it gets the right one: a wrong one is told at once, and
    /// behind it lies all that there is to be read.
    static func main() {
        fuzz { bytes in
            guard bytes.count > 0 else { return }
            let octets = (1..<bytes.count).map { bytes[$0] }
            switch bytes[0] & 3 {
            case 0:
                let file = octets + ContentDigest(of: octets).octets
                if let dates = EntryDates(parsing: file) { precondition(dates.encoded == file) }
            case 1:
                guard let memory = try? HitMemory(parsing: octets + check(octets)) else { return }
                precondition((try? HitMemory(parsing: memory.encoded))?.encoded == memory.encoded)
            case 2:
                let contents = CoverageLog.Contents(parsing: octets)
                for record in contents.records { precondition(CoverageRecord(line: record.line.dropLast()) == record) }
            default:
                _ = EntryDates(parsing: octets)
                _ = try? HitMemory(parsing: octets)
            }
        }
    }

    /// The checksum of a memory of hits, whose key it holds itself; nothing where it is too short to have one.
    private static func check(_ octets: [UInt8]) -> [UInt8] {
        // Eight octets of its own, and sixteen of the key.
        let head = 24
        guard octets.count >= head else { return [] }
        let words = [octets[(head - 16)..<(head - 8)], octets[(head - 8)..<head]].map { octets in
            octets.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        let check = HitMemory.check(octets[...], HashKey(words[0], words[1]))
        return (0..<8).map { UInt8(truncatingIfNeeded: check >> UInt64(8 * $0)) }
    }
}
