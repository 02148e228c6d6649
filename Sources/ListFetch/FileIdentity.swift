import Glibc
import SystemPackage

/// What tells one state of a file from the next: which file it is, how large, and when it was written to.
struct FileIdentity: Equatable, Sendable {
    var inode: UInt64
    var size: Int64
    var seconds: Int64
    var nanoseconds: Int64

    init(_ status: Stat) {
        inode = UInt64(status.inode.rawValue)
        size = status.size
        seconds = Int64(status.st_mtim.tv_sec)
        nanoseconds = Int64(status.st_mtim.tv_nsec)
    }

    /// The identity of a regular file; nil where there is none, or a symbolic link.
    init?(path: String) {
        guard let status = try? FilePath(path).stat(followTargetSymlink: false), status.type == .regular else {
            return nil
        }
        self.init(status)
    }

    init?(parsing text: Substring) {
        let numbers = text.split(separator: " ", omittingEmptySubsequences: false)
        guard numbers.count == 4, let inode = UInt64(numbers[0]), let size = Int64(numbers[1]),
            let seconds = Int64(numbers[2]), let nanoseconds = Int64(numbers[3])
        else { return nil }
        (self.inode, self.size, self.seconds, self.nanoseconds) = (inode, size, seconds, nanoseconds)
    }

    var text: String { "\(inode) \(size) \(seconds) \(nanoseconds)" }
}
