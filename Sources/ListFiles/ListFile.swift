import Crypto
import SystemPackage

/// A list file's octets as they are on disk: read once from start to end, and hashed.
struct ListFile: ~Copyable {
    /// Octets after which the progress is told.
    private static let progressStep = 1 << 20

    /// Where it is.
    let path: String

    /// Octets read.
    private(set) var octets = 0

    private let descriptor: FileDescriptor
    private let limit: Int
    private let progress: (_ octets: Int, _ total: Int?) -> Void

    /// The length the file had when it was opened; nil where it has none, as a pipe.
    private let size: Int?

    private var toldOctets = 0
    private var hash = SHA256()

    /// Opens the file at `path`.
    ///
    /// - Parameters:
    ///   - path: where it is.
    ///   - limit: the most octets.
    ///   - progress: is told how many octets of how many are read, at most once for each mebioctet and at the end.
    /// - Throws: ``ListFileError/unreadable(path:cause:)`` where it cannot be opened.
    init(
        path: String,
        limit: Int,
        progress: @escaping (_ octets: Int, _ total: Int?) -> Void
    ) throws(ListFileError) {
        self.path = path
        self.limit = limit
        self.progress = progress
        do {
            descriptor = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
        } catch {
            throw .unreadable(path: path, cause: String(describing: error))
        }
        let end = (try? descriptor.seek(offset: 0, from: .end)) ?? 0
        let isSeekable = (try? descriptor.seek(offset: 0, from: .start)) == 0
        size = isSeekable && end > 0 ? Int(end) : nil
    }

    deinit {
        try? descriptor.close()
    }

    /// The SHA-256 digest of what is read.
    var digest: [UInt8] { Array(hash.finalize()) }

    /// Reads on, into `buffer` from `start` to its end.
    ///
    /// - Returns: how many octets were read; zero at the end.
    mutating func read(into buffer: inout [UInt8], from start: Int) throws(ListFileError) -> Int {
        let count: Int
        do {
            // SAFETY: the slice lies in `buffer`, which is held exclusively while the call lasts.
            count = try unsafe buffer.withUnsafeMutableBytes { bytes in
                try unsafe descriptor.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[start...]))
            }
        } catch {
            throw .unreadable(path: path, cause: String(describing: error))
        }
        guard count > 0 else {
            if let size, size != octets { throw .changedMeanwhile(path: path) }
            tell()
            return 0
        }
        // Said before a terabyte of holes is read, and after the first read, which tells a folder from a file.
        guard max(octets + count, size ?? 0) <= limit else { throw .tooLarge(path: path, limit: limit) }
        // SAFETY: the octets from `start` on have just been read, `count` of them.
        unsafe buffer.withUnsafeBytes { bytes in
            unsafe hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: bytes[start..<start + count]))
        }
        octets += count
        if octets - toldOctets >= Self.progressStep { tell() }
        return count
    }

    private mutating func tell() {
        guard octets != toldOctets else { return }
        toldOctets = octets
        progress(octets, size)
    }
}
