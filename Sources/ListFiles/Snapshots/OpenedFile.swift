import Blocklists
import SystemPackage

/// A file that is open for reading.
struct OpenedFile: ~Copyable {
    let path: String
    let descriptor: FileDescriptor
    let size: Int

    init(_ path: String) throws(ListFileError) {
        let opened: (descriptor: FileDescriptor, size: Int)
        do {
            opened = try Self.open(FilePath(path))
        } catch {
            throw .unreadable(path: path, cause: "\(error)")
        }
        self.path = path
        descriptor = opened.descriptor
        size = opened.size
    }

    private static func open(_ path: FilePath) throws -> (FileDescriptor, Int) {
        let descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
        do {
            return (descriptor, Int(try descriptor.seek(offset: 0, from: .end)))
        } catch {
            try? descriptor.close()
            throw error
        }
    }

    deinit {
        try? descriptor.close()
    }

    func read(at offset: Int, count: Int) throws(ListFileError) -> [UInt8] {
        var octets = [UInt8](repeating: 0, count: count)
        try read(at: offset, into: &octets, count: count)
        return octets
    }

    /// Reads the octets from `offset` on into the first `count` of `octets`.
    func read(at offset: Int, into octets: inout [UInt8], count: Int) throws(ListFileError) {
        var done = 0
        while done < count {
            let read: Int
            do {
                // SAFETY: the slice lies in `octets`, which is held exclusively while the call lasts.
                read = try unsafe octets.withUnsafeMutableBytes { bytes in
                    try unsafe descriptor.read(
                        fromAbsoluteOffset: Int64(offset + done),
                        into: UnsafeMutableRawBufferPointer(rebasing: bytes[done..<count])
                    )
                }
            } catch {
                throw .unreadable(path: path, cause: "\(error)")
            }
            guard read > 0 else { throw .badSnapshot(path: path, cause: .cut) }
            done += read
        }
    }

    /// The header, checked, and the octets up to the body.
    func header() throws(ListFileError) -> (header: SnapshotHeader, octets: [UInt8]) {
        let fixed = try read(at: 0, count: min(size, SnapshotHeader.fixedLength))
        let measures = try snapshot { () throws(SnapshotError) in try SnapshotHeader.measure(fixed.span) }
        guard measures.bodyEnd <= size else { throw .badSnapshot(path: path, cause: .cut) }
        let octets = try read(at: 0, count: measures.bodyOffset)
        let header = try snapshot { () throws(SnapshotError) in
            try SnapshotHeader(parsing: octets.span, checksum: Checksum.of)
        }
        return (header, octets)
    }

    /// Runs `body`, whose errors are those of this file.
    func snapshot<Value: ~Copyable>(_ body: () throws(SnapshotError) -> Value) throws(ListFileError) -> Value {
        do {
            return try body()
        } catch {
            throw .badSnapshot(path: path, cause: error)
        }
    }
}
