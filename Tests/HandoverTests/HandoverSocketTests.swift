import Glibc
import TestSupport
import Testing

@testable import Handover

@Suite("Handover socket")
struct HandoverSocketTests {
    @Test func `messages and files go both ways, and the end of the other side is told from its silence`() throws {
        let folder = try TemporaryFolder()
        let socket = try HandoverSocket(path: folder["sensor.sock"])
        defer { socket.stop() }
        let client = try HandoverSocket.connect(to: socket.path)
        let server = try #require(socket.accept())
        #expect(server.peer == getpid() && server.isTrusted && client.isTrusted)
        #expect(client.send(.take))
        guard case .message(.take, nil) = server.receive(within: 5) else { throw Fault.unexpected }
        guard case .silence = server.receive(within: 0.01) else { throw Fault.unexpected }

        let content = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let file = try #require(MemoryFile.make(content))
        #expect(server.send(.state, file.number))
        #expect(server.send(.queue(3), file.number))
        #expect(server.send(.all))
        guard case .message(.state, .some(let state)) = client.receive(within: 5) else { throw Fault.unexpected }
        #expect(state.number != file.number && MemoryFile.content(of: state) == content)
        guard case .message(.queue(3), .some) = client.receive(within: 5) else { throw Fault.unexpected }
        guard case .message(.all, nil) = client.receive(within: 5) else { throw Fault.unexpected }
    }

    @Test func `the end of the other side is noticed`() throws {
        let folder = try TemporaryFolder()
        let socket = try HandoverSocket(path: folder["sensor.sock"])
        defer { socket.stop() }
        var client: HandoverConnection? = try HandoverSocket.connect(to: socket.path)
        let server = try #require(socket.accept())
        #expect(client?.send(.take) == true)
        client = nil
        guard case .message(.take, nil) = server.receive(within: 5), case .end = server.receive(within: 5) else {
            throw Fault.unexpected
        }
        #expect(server.send(.refused) == false)
    }

    @Test func `a second sensor's socket takes the place of the first, which leaves it there`() throws {
        let folder = try TemporaryFolder()
        let path = folder["sensor.sock"]
        let first = try HandoverSocket(path: path)
        let second = try HandoverSocket(path: path)
        first.stop()
        let client = try HandoverSocket.connect(to: path)
        #expect(second.accept() != nil)
        withExtendedLifetime(client) {}
        second.stop()
        #expect(second.accept() == nil)
        #expect(throws: HandoverError.nobody(path)) { try HandoverSocket.connect(to: path) }
    }

    @Test func `the socket is for its user alone`() throws {
        let folder = try TemporaryFolder()
        let socket = try HandoverSocket(path: folder["sensor.sock"])
        defer { socket.stop() }
        var status = stat()
        // SAFETY: the path and the result outlive the call.
        let isThere = unsafe lstat(socket.path, &status) == 0
        #expect(isThere)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test func `nobody, a path that is too long and a folder that is missing are told apart`() throws {
        let folder = try TemporaryFolder()
        let path = folder["none.sock"]
        #expect(throws: HandoverError.nobody(path)) { try HandoverSocket.connect(to: path) }
        let long = "/" + String(repeating: "x", count: 120)
        #expect(throws: HandoverError.pathTooLong(long)) { try HandoverSocket.connect(to: long) }
        #expect(throws: HandoverError.pathTooLong(long)) { try HandoverSocket(path: long) }
        let missing = folder["no/sensor.sock"]
        #expect(throws: HandoverError.failed(path: missing, call: "bind", errorNumber: ENOENT)) {
            try HandoverSocket(path: missing)
        }
    }

    @Test func `what is no regular file has no content`() throws {
        var ends: [Int32] = [0, 0]
        // SAFETY: the array has room for both ends.
        let isMade = unsafe pipe(&ends) == 0
        try #require(isMade)
        let descriptors = ends.map { Descriptor(taking: $0) }
        #expect(MemoryFile.content(of: descriptors[0]) == nil)
        #expect(MemoryFile.make([]).flatMap { MemoryFile.content(of: $0) } == [])
    }
}

/// Something else than what was expected came.
private enum Fault: Error {
    case unexpected
}
