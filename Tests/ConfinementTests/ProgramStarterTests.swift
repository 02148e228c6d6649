import Glibc
import Testing

@testable import Confinement

@Suite("Program starter")
struct ProgramStarterTests {
    private static func outcome(of starter: ProgramStarter) async throws -> Int32 {
        for _ in 0..<3_000 {
            if let status = starter.outcome() { return status }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw CancellationError()
    }

    @Test func `a program is started more than once, and its status is told`() async throws {
        let starter = try #require(ProgramStarter(program: "/bin/sh", arguments: ["sh", "-c", "exit 3"]))
        for _ in 0..<3 {
            #expect(starter.start() > 0)
            #expect(try await Self.outcome(of: starter) == 3 << 8)
        }
    }

    @Test func `a program that is not there is told by its error`() throws {
        let starter = try #require(ProgramStarter(program: "/nonexistent", arguments: ["nonexistent"]))
        #expect(starter.start() == -ENOENT)
    }

    @Test func `a program that goes on can be ended`() async throws {
        let starter = try #require(ProgramStarter(program: "/bin/sleep", arguments: ["sleep", "1000"]))
        #expect(starter.start() > 0)
        #expect(starter.outcome() == nil)
        starter.end()
        #expect(try await Self.outcome(of: starter) == SIGKILL)
    }

    @Test func `what it starts has no file of this process's`() async throws {
        let script = "test $(ls /proc/self/fd | wc -l) -le 4"
        let starter = try #require(ProgramStarter(program: "/bin/sh", arguments: ["sh", "-c", script]))
        #expect(starter.start() > 0)
        #expect(try await Self.outcome(of: starter) == 0)
    }
}
