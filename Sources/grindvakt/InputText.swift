import SystemPackage

/// What a file that the command line names holds, also where it is a pipe.
///
/// - Throws: ``Refusal`` where it cannot be read, or holds more than `limit` octets.
func inputText(of path: String, limit: Int) throws -> String {
    do {
        let descriptor = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
        return try descriptor.closeAfter {
            var bytes: [UInt8] = []
            var piece = [UInt8](repeating: 0, count: 65_536)
            while true {
                // SAFETY: the buffer is held exclusively while the call lasts.
                let count = try unsafe piece.withUnsafeMutableBytes { try unsafe descriptor.read(into: $0) }
                guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
                bytes += piece[..<count]
                guard bytes.count <= limit else {
                    throw Refusal(description: "\(path): longer than \(limit) octets; name another file")
                }
            }
        }
    } catch let error as Errno {
        throw Refusal(description: "\(path): cannot be read: \(error)")
    }
}
