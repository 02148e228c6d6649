import Glibc

/// What the kernel says about the confinement of a process or a thread: some lines of `/proc/PID/status` (proc(5)).
package struct ProcessStatus: Equatable, Sendable {
    /// The capabilities in force.
    package private(set) var effective: Capabilities = []
    /// The capabilities that it can put in force.
    package private(set) var permitted: Capabilities = []
    /// Whether no program that it starts can gain privileges.
    package private(set) var hasNoNewPrivileges = false
    /// Whether its system calls are filtered.
    package private(set) var isFiltered = false

    /// The state of a process; nil where there is none of that number.
    package init?(process: Int32) {
        self.init(path: "/proc/\(process)/status")
    }

    /// The state of this process, as its first thread has it.
    package static func current() -> ProcessStatus? { ProcessStatus(path: "/proc/self/status") }

    /// The state of a thread of this process; nil where it has ended.
    init?(thread: Int32) {
        self.init(path: "/proc/self/task/\(thread)/status")
    }

    private init?(path: String) {
        guard let text = Self.read(path) else { return nil }
        self.init(text)
    }

    /// Reads the file's text; lines that are not known or not as they should be are passed over.
    package init(_ text: String) {
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let words = line[line.index(after: colon)...].split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard let word = words.first else { continue }
            switch line[..<colon] {
            case "CapEff": effective = Capabilities(rawValue: UInt64(word, radix: 16) ?? 0)
            case "CapPrm": permitted = Capabilities(rawValue: UInt64(word, radix: 16) ?? 0)
            case "NoNewPrivs": hasNoNewPrivileges = word == "1"
            case "Seccomp": isFiltered = word == "2"
            default: break
            }
        }
    }

    /// The threads of this process; nil where `/proc` is not mounted.
    static func threads() -> [Int32]? {
        // SAFETY: the path is a literal; the folder is closed below, and each entry is read before the next is asked for.
        guard let folder = unsafe opendir("/proc/self/task") else { return nil }
        defer { unsafe closedir(folder) }
        var threads: [Int32] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if let thread = Int32(name) { threads.append(thread) }
        }
        return threads
    }

    private static func read(_ path: String) -> String? {
        // SAFETY: the path is a string that outlives the call.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // The kernel writes the file in one piece; what is looked for lies within this.
        var bytes = [UInt8](repeating: 0, count: 16_384)
        let size = bytes.count
        // SAFETY: the buffer is held exclusively while the call lasts, and `size` is its length.
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, size) }
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}
