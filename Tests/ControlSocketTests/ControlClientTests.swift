import Foundation
import Glibc
import Testing

@testable import ControlSocket

@Suite("Control client", .timeLimit(.minutes(1)))
struct ControlClientTests {
    private let directory: TemporaryDirectory
    private let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.file("metrics.sock")
    }

    private func failure(timeout: Duration = .seconds(30)) async -> ControlClientError? {
        do throws(ControlClientError) {
            _ = try await ControlClient.request(path: "/status", socketPath: path, timeout: timeout)
            return nil
        } catch {
            return error
        }
    }

    @Test func `no socket file`() async {
        let error = await failure()
        #expect(error == .noSocket(path))
        #expect(error?.description.hasPrefix(path + ": ") == true)
    }

    @Test func `nobody listens any more`() async throws {
        try await leaveStaleSocket(at: path)
        #expect(await failure() == .nobodyListens(path))
    }

    @Test func `a file that is no socket`() async throws {
        try Data().write(to: URL(filePath: path))
        #expect(await failure() == .nobodyListens(path))
    }

    @Test func `a sensor that does not answer`() async throws {
        let silent = try SocketFile.listen(at: path)
        defer { close(silent.descriptor) }
        #expect(await failure(timeout: .milliseconds(50)) == .timeout(path, .milliseconds(50)))
    }

    @Test func `a path that is too long`() async {
        let long = String(repeating: "x", count: 108)
        await #expect(throws: ControlClientError.pathTooLong(long, limit: 107)) {
            try await ControlClient.request(path: "/status", socketPath: long)
        }
    }

    @Test func `a system error becomes the line that fits`() {
        #expect(ControlClientError(errno: EACCES, "/x") == .notPermitted("/x"))
        #expect(ControlClientError(errno: ECONNRESET, "/x") == .brokenAnswer("/x"))
        #expect(ControlClientError(errno: EMFILE, "/x") == .failed(path: "/x", reason: "Too many open files"))
    }

    @Test func `every failure is one line that names the socket`() {
        let errors: [ControlClientError] = [
            .noSocket("/x"), .nobodyListens("/x"), .notPermitted("/x"), .pathTooLong("/x", limit: 107),
            .timeout("/x", .seconds(2)), .brokenAnswer("/x"), .failed(path: "/x", reason: "why"),
            .answered("/x", status: 403, line: "why"),
        ]
        for error in errors {
            #expect(error.description.hasPrefix("/x: "))
            #expect(!error.description.contains("\n"))
        }
    }
}
