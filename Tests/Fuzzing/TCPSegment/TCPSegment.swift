import FuzzingDriver
import Wire

@main
enum Entry {
    /// Each input is read as the name says.
    static func main() {
        fuzz { bytes in
            if let segment = try? TCPSegment(parsing: bytes) {
                precondition(segment.payload.count <= bytes.count - 20)
                precondition(segment.payloadSequenceNumber &- segment.sequenceNumber <= 1)
            }
        }
    }
}
