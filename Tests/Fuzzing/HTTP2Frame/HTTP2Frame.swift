import FuzzingDriver
import Wire

@main
enum Entry {
    /// Each input is frames, one behind another.
    static func main() {
        fuzz { bytes in
            var offset = 0
            while offset < bytes.count, let frame = try? HTTP2Frame(parsing: bytes.extracting(offset..<bytes.count)) {
                precondition(frame.payload.count <= frame.length)
                if let fragment = try? frame.headerFragment { precondition(fragment.count <= frame.payload.count) }
                guard frame.payload.count == frame.length else { break }
                offset += HTTP2Frame.headerLength + frame.length
            }
            precondition(offset <= bytes.count)
            precondition(HTTP2Frame.prefaceCount(bytes) <= bytes.count)
        }
    }
}
