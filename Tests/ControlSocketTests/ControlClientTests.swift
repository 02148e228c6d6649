import Foundation
import Glibc
import TestSupport
import Testing

@testable import ControlSocket

@Suite("Control client", .timeLimit(.minutes(10)))
struct ControlClientTests {
    private let directory: TemporaryFolder
    private let path: String

    init() throws {
        directory = try TemporaryFolder()
        path = directory["metrics.sock"]
    }

    private func failure(timeout: Duration = patience) async -> ControlClientError? {
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

    @Test func `where too many wait before it a client waits too, and gets its turn`() async throws {
        let busy = try SocketFile.listen(at: path)
        defer { close(busy.descriptor) }
        // Room for one that is not accepted yet, and that one is there.
        #expect(Glibc.listen(busy.descriptor, 0) == 0)
        let first = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(first) }
        #expect(SocketFile.connect(first, path) == 0)
        #expect(await failure(timeout: .milliseconds(200)) == .timeout(path, .milliseconds(200)))
        async let failed = failure(timeout: .seconds(300))
        close(try await accepted(busy.descriptor))
        let client = try await accepted(busy.descriptor)
        // The request is read first: a socket that is closed with something unread takes back what it has sent.
        var request: [UInt8] = []
        while request.suffix(4).elementsEqual("\r\n\r\n".utf8) == false {
            var octets = [UInt8](repeating: 0, count: 1_024)
            // SAFETY: the array holds as many octets as the call is told.
            let count = unsafe recv(client, &octets, octets.count, 0)
            try #require(count > 0)
            request += octets.prefix(count)
        }
        let answer = Array("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".utf8)
        // SAFETY: the octets outlive the call.
        _ = unsafe send(client, answer, answer.count, CInt(MSG_NOSIGNAL))
        close(client)
        #expect(await failed == nil)
    }

    /// The next connection of a socket that does not block.
    private func accepted(_ descriptor: CInt) async throws -> CInt {
        while true {
            let connection = accept(descriptor, nil, nil)
            if connection >= 0 { return connection }
            try await Task.sleep(for: .milliseconds(10))
        }
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
