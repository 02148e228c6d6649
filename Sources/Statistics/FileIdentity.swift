import Glibc

/// Which file it is, whatever its name.
struct FileIdentity: Equatable, Sendable {
    private let device: dev_t
    private let number: ino_t

    /// That of the file at a path; nil where there is none.
    init?(_ path: String) {
        var status = stat()
        // SAFETY: the path and the result outlive the call.
        guard unsafe stat(path, &status) == 0 else { return nil }
        device = status.st_dev
        number = status.st_ino
    }
}
