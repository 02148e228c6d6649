import Glibc
import SystemPackage

/// Files of the host and of the kernel, read whole.
enum HostFile {
    /// The most octets of a file that are read.
    private static let limit = 64 << 20

    /// A file's text.
    static func read(_ path: String) -> Fact<String> {
        do {
            let descriptor = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
            return try descriptor.closeAfter {
                var bytes: [UInt8] = []
                var piece = [UInt8](repeating: 0, count: 65_536)
                while bytes.count < limit {
                    // SAFETY: the buffer is held exclusively while the call lasts, and the call is told its length.
                    let count = try unsafe piece.withUnsafeMutableBytes { try unsafe descriptor.read(into: $0) }
                    guard count > 0 else { break }
                    bytes += piece[..<count]
                }
                return .known(String(decoding: bytes, as: UTF8.self))
            }
        } catch let error as Errno {
            return failure(path, error)
        } catch {
            return .unknown("\(path): cannot be read")
        }
    }

    /// A file's number.
    static func number(_ path: String) -> Int? {
        read(path).value.flatMap { text in Int(text.prefix { $0 != "\n" && $0 != "\t" && $0 != " " }) }
    }

    /// Nil where a file can be opened to be read, else why it cannot.
    static func readability(_ path: String) -> Fact<String?> {
        do {
            try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec).close()
            return .known(nil)
        } catch let error as Errno {
            if case .denied(let privilege) = failure(path, error) as Fact<String> {
                return .denied(privilege: privilege)
            }
            return .known("\(path): cannot be read: \(error)")
        } catch {
            return .known("\(path): cannot be read")
        }
    }

    /// What keeps a directory from being used.
    static func directoryFault(_ path: String) -> HostFacts.StateDirectory.Fault? {
        // SAFETY: the string lives for the time of the call and ends in zero.
        if unsafe access(path + "/.", F_OK) != 0 { return errno == ENOENT ? .missing : .noDirectory }
        // SAFETY: as above.
        return unsafe access(path, W_OK | X_OK) == 0 ? nil : .notWritable
    }

    /// Whether there is something at a path.
    static func exists(_ path: String) -> Bool {
        // SAFETY: the string lives for the time of the call and ends in zero.
        unsafe access(path, F_OK) == 0
    }

    private static func failure<Value>(_ path: String, _ error: Errno) -> Fact<Value> {
        switch error {
        case .permissionDenied, .notPermitted: .denied(privilege: "CAP_DAC_READ_SEARCH")
        default: .unknown("\(path): \(error)")
        }
    }
}
