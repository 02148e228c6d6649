import CHandover
import Glibc

/// A file without a name that is memory alone, to be passed to another process: what is in it reaches no disk by itself.
package enum MemoryFile {
    /// The most octets that are read of one: more than the flow tables of all workers can take.
    private static let limit = 1 << 32

    /// Makes a file with this content; nil where there is no memory for it.
    package static func make(_ content: [UInt8]) -> Descriptor? {
        // SAFETY: the name is a string that outlives the call; it is seen in /proc alone.
        let number = unsafe gv_memory_file("grindvakt")
        guard number >= 0 else { return nil }
        let file = Descriptor(taking: number)
        var offset = 0
        while offset < content.count {
            // SAFETY: the range lies within the array, which is not changed during the call.
            let written = unsafe content.withUnsafeBytes { bytes in
                unsafe write(number, bytes.baseAddress.map { unsafe $0 + offset }, bytes.count - offset)
            }
            guard written > 0 else { return nil }
            offset += written
        }
        return file
    }

    /// The content of a file that another process made; nil where it cannot be read as one.
    package static func content(of file: Descriptor) -> [UInt8]? {
        var status = stat()
        // SAFETY: the result outlives the call.
        guard unsafe fstat(file.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_size >= 0, status.st_size <= limit
        else { return nil }
        var content = [UInt8](repeating: 0, count: Int(status.st_size))
        var offset = 0
        while offset < content.count {
            // SAFETY: what is read ends within the array, which is held exclusively during the call.
            let count = unsafe content.withUnsafeMutableBytes { bytes in
                unsafe pread(file.number, bytes.baseAddress.map { unsafe $0 + offset }, bytes.count - offset, offset)
            }
            guard count > 0 else { return nil }
            offset += count
        }
        return content
    }
}
