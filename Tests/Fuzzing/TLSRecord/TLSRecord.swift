import FuzzingDriver
import Wire

@main
enum Entry {
    /// Each input is read as the name says.
    static func main() {
        fuzz { bytes in
            var offset = 0
            while offset < bytes.count, let record = try? TLSRecord(parsing: bytes.extracting(offset..<bytes.count)) {
                precondition(record.fragment.count <= record.length)
                guard record.isComplete else { break }
                offset += TLSRecord.headerLength + record.length
            }
            precondition(offset <= bytes.count)
        }
    }
}
