import FuzzingDriver
import Wire

@main
enum Entry {
    /// Each input is a stream of requests, read with its heads complete and in part.
    static func main() {
        fuzz { bytes in
            var offset = 0
            while offset < bytes.count {
                let rest = bytes.extracting(offset..<bytes.count)
                if let partial = try? HTTPRequestHead(parsing: rest, isPartial: true) {
                    precondition(partial.length > 0 && partial.length <= rest.count)
                }
                guard let head = try? HTTPRequestHead(parsing: rest) else { break }
                precondition(head.isComplete && head.length <= HTTPRequestHead.maximumLength)
                precondition(head.targetHost.count <= head.target.count)
                var fields = head.fields
                while fields.nextHost().count > 0 {}
                precondition(fields.position <= rest.count)
                offset += head.length
            }
            let rest = bytes.extracting(offset..<bytes.count)
            if let chunk = try? HTTPChunkSize(parsing: rest) { precondition(chunk.length > 0 && chunk.size >= 0) }
            if let start = HTTPRequestHead.requestLine(in: rest, endingAt: 0..<rest.count) {
                precondition(start >= 0 && start < rest.count)
            }
        }
    }
}
