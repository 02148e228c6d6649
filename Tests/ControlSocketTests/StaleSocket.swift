import Glibc
import Testing

@testable import ControlSocket

/// Leaves the socket file of a process that is gone at `path`.
///
/// A child that another test is starting holds a copy of the listening descriptor until it runs its own program, so this returns once nobody
/// listens any more.
func leaveStaleSocket(at path: String) async throws {
    close(try SocketFile.listen(at: path).descriptor)
    for _ in 0..<6_000 {
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        if SocketFile.connect(descriptor, path) != 0 { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("somebody still listens at the stale socket")
}
