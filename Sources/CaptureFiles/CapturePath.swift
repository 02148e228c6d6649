import Glibc

/// Where a capture is read from.
package enum CapturePath: Sendable, Hashable {
    /// The standard input, written `-`.
    case standardInput
    /// A file by the bytes of its path: file names need not be UTF-8.
    case file([UInt8])

    /// The path as an argument spells it.
    package init(_ argument: String) {
        self = argument == "-" ? .standardInput : .file(Array(argument.utf8))
    }

    /// The path as text, bytes that are not UTF-8 replaced by U+FFFD; `-` for the standard input.
    package var displayName: String {
        switch self {
        case .standardInput: "-"
        case .file(let bytes): String(decoding: bytes, as: UTF8.self)
        }
    }

    /// The captures that an argument stands for: the file itself, or the captures in a folder.
    ///
    /// A folder stands for every `*.pcap`, `*.pcapng`, `*.cap` and `*.pcap?` file in it and in the folders below, ordered by the
    /// bytes of their paths. Links to files are followed, links to folders are not. A path that does not exist is returned as it
    /// is: opening it tells why.
    /// - Throws: ``CaptureError/unreadable(_:)`` where the folder cannot be listed or holds no captures.
    package static func expand(_ argument: String) throws(CaptureError) -> [CapturePath] {
        let path = CapturePath(argument)
        guard case .file(let bytes) = path, FileStatus(following: bytes)?.isFolder == true else { return [path] }
        var found: [[UInt8]] = []
        try collect(folder: bytes, into: &found)
        guard !found.isEmpty else {
            throw .unreadable("the folder holds no file named *.pcap, *.pcapng, *.cap or *.pcap?")
        }
        found.sort { $0.lexicographicallyPrecedes($1) }
        return found.map { .file($0) }
    }

    private static func collect(folder: [UInt8], into found: inout [[UInt8]]) throws(CaptureError) {
        var prefix = folder
        if prefix.last != UInt8(ascii: "/") { prefix.append(UInt8(ascii: "/")) }
        for name in try entries(of: folder) {
            let path = prefix + name
            if FileStatus(path)?.isFolder == true {
                try collect(folder: path, into: &found)
            } else if isCaptureName(name), FileStatus(following: path)?.isFolder == false {
                found.append(path)
            }
        }
    }

    /// Whether a name ends in `.pcap`, `.pcapng`, `.cap` or `.pcap` and one more character; upper or lower case.
    static func isCaptureName(_ name: [UInt8]) -> Bool {
        guard let dot = name.lastIndex(of: UInt8(ascii: ".")) else { return false }
        let ending = String(decoding: name[(dot + 1)...], as: UTF8.self).lowercased()
        return ending == "cap" || ending == "pcapng" || ending == "pcap"
            || ending.hasPrefix("pcap") && ending.utf8.count == "pcap".utf8.count + 1
    }

    private static func entries(of folder: [UInt8]) throws(CaptureError) -> [[UInt8]] {
        // SAFETY: the path is a NUL-terminated array that lives through the call.
        guard let stream = unsafe opendir(folder.nulTerminated) else { throw .unreadable(systemErrorText(errno)) }
        // SAFETY: `stream` is the open directory stream from above, closed once, here.
        defer { unsafe _ = closedir(stream) }
        var names: [[UInt8]] = []
        while true {
            errno = 0
            // SAFETY: `stream` is open; the entry is valid until the next `readdir` on it and its name is copied before that.
            guard let entry = unsafe readdir(stream) else { break }
            // SAFETY: `d_name` is copied out of the entry as a fixed-size tuple and only its own bytes are read.
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { unsafe Array($0.prefix { $0 != 0 }) }
            if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
        }
        guard errno == 0 else { throw .unreadable(systemErrorText(errno)) }
        return names
    }
}
