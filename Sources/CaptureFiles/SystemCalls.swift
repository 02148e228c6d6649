import Glibc

/// The system's words for an error number, such as "No such file or directory".
func systemErrorText(_ number: Int32) -> String {
    // SAFETY: `strerror` returns a NUL-terminated string that is copied before any other call can change it.
    unsafe String(cString: strerror(number))
}

/// What the file system says of a path: its kind and which file it is.
struct FileStatus {
    let isFolder: Bool
    let isRegular: Bool
    let size: Int64
    private let device: UInt64
    private let serial: UInt64

    /// Of the path itself, be it a symbolic link; nil where there is nothing to be seen.
    init?(_ path: [UInt8]) {
        var status = stat()
        // SAFETY: the path is a NUL-terminated array that lives through the call; `status` is a whole `stat` to be filled.
        guard unsafe lstat(path.nulTerminated, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Of the file that the path leads to; nil where there is nothing to be seen.
    init?(following path: [UInt8]) {
        var status = stat()
        // SAFETY: the path is a NUL-terminated array that lives through the call; `status` is a whole `stat` to be filled.
        guard unsafe stat(path.nulTerminated, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Of an open descriptor; nil where it is not open.
    init?(descriptor: Int32) {
        var status = stat()
        // SAFETY: `status` is a whole `stat` to be filled.
        guard unsafe fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        isFolder = status.st_mode & S_IFMT == S_IFDIR
        isRegular = status.st_mode & S_IFMT == S_IFREG
        size = Int64(status.st_size)
        device = UInt64(status.st_dev)
        serial = UInt64(status.st_ino)
    }

    /// Whether both speak of one and the same file.
    func isSameFile(as other: FileStatus) -> Bool {
        device == other.device && serial == other.serial
    }
}

/// A whole file's bytes, or the system's words for why they cannot be had.
func readWholeFile(_ path: [UInt8]) throws(CaptureError) -> [UInt8] {
    // SAFETY: the path is a NUL-terminated array that lives through the call.
    let descriptor = unsafe open(path.nulTerminated, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .unreadable(systemErrorText(errno)) }
    defer { close(descriptor) }
    var content: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        // SAFETY: the array is `chunk.count` bytes long and exclusively ours during the call.
        let count = unsafe read(descriptor, &chunk, chunk.count)
        if count > 0 {
            content.append(contentsOf: chunk[..<count])
        } else if count == 0 {
            return content
        } else if errno != EINTR {
            throw .unreadable(systemErrorText(errno))
        }
    }
}

extension [UInt8] {
    /// The bytes as the C library wants a string.
    var nulTerminated: [CChar] {
        map { CChar(bitPattern: $0) } + [0]
    }
}
