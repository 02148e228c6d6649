import Glibc

/// A store that is of no use any more, and its place among those that were kept before.
enum DamagedFile {
    /// The most that are kept.
    static let most = 3

    /// Gives a store and its log another name, so that a new one can be begun.
    ///
    /// The log goes with it: it belongs to no other file. What says where in the log to read is made anew by who opens it.
    ///
    /// - Parameters:
    ///   - path: its name.
    ///   - identity: which file it is that is damaged.
    /// - Returns: the name it has now; nil where another process was faster, or it cannot be renamed.
    static func setAside(_ path: String, _ identity: FileIdentity) -> String? {
        // SAFETY: the path is a string that outlives the call.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // Who comes second waits here, and finds another file behind the name then.
        guard flock(descriptor, LOCK_EX) == 0, FileIdentity(path) == identity else { return nil }
        let kept = numbers(of: path)
        let name = "\(path).damaged-\((kept.last ?? 0) + 1)"
        // SAFETY: both paths are strings that outlive the call.
        guard unsafe rename(path, name) == 0 else { return nil }
        // SAFETY: all paths are strings that outlive their calls.
        unsafe rename(path + "-wal", name + "-wal")
        // SAFETY: the path is a string that outlives the call.
        unsafe unlink(path + "-shm")
        for number in kept.dropLast(most - 1) {
            for ending in ["", "-wal", "-shm"] {
                // SAFETY: the path is a string that outlives the call.
                unsafe unlink("\(path).damaged-\(number)\(ending)")
            }
        }
        return name
    }

    /// The numbers of those that were set aside before, the oldest first.
    private static func numbers(of path: String) -> [Int] {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let name = (parts.last.map { String($0) } ?? path) + ".damaged-"
        let folder = parts.count > 1 ? parts.dropLast().joined(separator: "/") + "/" : "."
        // SAFETY: the path is a string that outlives the call; the stream is closed below.
        guard let stream = unsafe opendir(folder) else { return [] }
        // SAFETY: it was opened above and is not used again.
        defer { unsafe closedir(stream) }
        var numbers: [Int] = []
        // SAFETY: an entry is used before the next is asked for.
        while let entry = unsafe readdir(stream) {
            // SAFETY: the kernel ends the name of an entry with a zero.
            let found = unsafe withUnsafeBytes(of: entry.pointee.d_name) { octets in
                unsafe String(decoding: octets.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard found.hasPrefix(name), let number = Int(found.dropFirst(name.count)), number > 0 else { continue }
            // A number that nothing can follow was not given here.
            if number < .max { numbers.append(number) }
        }
        return numbers.sorted()
    }
}
