import FuzzingDriver
import Wire

@main
enum Entry {
    /// Each input is read as the name says, in both dialects.
    static func main() {
        fuzz { bytes in
            for version in [QUICVersion.v1, .t051] {
                var offset = 0
                while offset < bytes.count {
                    let rest = bytes.extracting(offset..<bytes.count)
                    guard let frame = try? QUICFrame(parsing: rest, version: version) else { break }
                    precondition(frame.length > 0 && frame.length <= rest.count)
                    precondition(frame.data.count < frame.length && frame.offset >= 0)
                    precondition(frame.kind == .crypto || frame.data.count == 0)
                    offset += frame.length
                }
            }
        }
    }
}
