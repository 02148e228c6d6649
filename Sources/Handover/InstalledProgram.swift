import Glibc

/// The program that this process was started from: what is at its path may be another one by now.
package enum InstalledProgram {
    /// Its path; to be asked for while the kernel still knows it.
    package static let path: String = {
        var path = [UInt8](repeating: 0, count: 4_096)
        let size = path.count
        // SAFETY: the buffer is as long as the call is told, and characters are octets.
        let count = unsafe path.withUnsafeMutableBytes { bytes in
            guard let start = bytes.baseAddress else { return 0 }
            return unsafe readlink("/proc/self/exe", start.assumingMemoryBound(to: CChar.self), size)
        }
        return count > 0 ? String(decoding: path.prefix(count), as: UTF8.self) : CommandLine.arguments[0]
    }()

    /// This process's arguments, with the one by which another takes its queues.
    package static var takeOverArguments: [String] {
        let option = "--take-over"
        return CommandLine.arguments.filter { $0 != option } + [option]
    }
}
