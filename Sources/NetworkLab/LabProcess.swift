import Glibc
import Subprocess
import Synchronization

/// A long-running child of the lab.
///
/// Its output is kept; it is ended by `stop`, and by the lab's `tearDown` at the latest.
package final class LabProcess: Sendable {
    private struct State {
        var leader: pid_t?
        var lines: [String] = []
        var status: CommandResult.Status?
        var failure: String?
        var hasEnded = false
    }

    /// The program and its arguments.
    package let command: [String]
    private let state: SharedState
    private let ended: Task<Void, Never>

    private final class SharedState: Sendable {
        let mutex = Mutex(State())
    }

    init(_ command: [String]) {
        self.command = command
        let state = SharedState()
        self.state = state
        ended = Task { await Self.execute(command, state) }
    }

    private static func execute(_ command: [String], _ state: SharedState) async {
        do {
            let result = try await Subprocess.run(
                Command.executable(command.first ?? ""),
                arguments: Arguments(Array(command.dropFirst())),
                environment: Command.environment,
                platformOptions: Command.platformOptions,
                input: .none,
                output: .sequence,
                error: .combinedWithOutput
            ) { execution in
                state.mutex.withLock { $0.leader = execution.processIdentifier.value }
                for try await line in execution.standardOutput.strings() {
                    let line = line.last?.isNewline == true ? String(line.dropLast()) : line
                    state.mutex.withLock { $0.lines.append(line) }
                }
            }
            state.mutex.withLock { state in
                state.status =
                    switch result.terminationStatus {
                    case .exited(let code): .exited(code)
                    case .signaled(let signal): .signaled(signal)
                    }
                state.hasEnded = true
            }
        } catch {
            state.mutex.withLock { state in
                state.failure = "\(error)"
                state.hasEnded = true
            }
        }
    }

    /// The lines that the child has written to standard output and standard error so far.
    package var lines: [String] { state.mutex.withLock(\.lines) }

    /// Whether the child has not ended yet.
    package var isRunning: Bool { state.mutex.withLock { !$0.hasEnded } }

    /// How the child ended; nil while it runs, and where it could not be started.
    package var status: CommandResult.Status? { state.mutex.withLock(\.status) }

    /// Waits until `condition` holds.
    ///
    /// - Parameters:
    ///   - what: the words for the error: what is awaited.
    ///   - timeLimit: how long to wait.
    ///   - condition: asked every ten milliseconds.
    /// - Throws: `LabError.notReady` where the time is up or the child has ended before.
    package func waitUntilReady(
        _ what: String,
        timeLimit: Duration = .seconds(60),
        _ condition: @Sendable () async throws -> Bool
    ) async throws {
        let isReady = try await Command.wait(atMost: timeLimit) {
            guard isRunning else { return true }
            return try await condition()
        }
        guard isReady, isRunning else {
            let detail = state.mutex.withLock { $0.failure ?? $0.lines.last ?? "" }
            throw LabError.notReady(what, detail: detail)
        }
    }

    /// Waits until the child has written a line that contains `text`, be it its last before it ended.
    ///
    /// - Throws: `LabError.notReady` where the time is up or the child has ended without it.
    package func waitForLine(containing text: String, timeLimit: Duration = .seconds(60)) async throws {
        _ = try await Command.wait(atMost: timeLimit) { hasWritten(text) || isRunning == false }
        guard hasWritten(text) == false else { return }
        let detail = state.mutex.withLock { $0.failure ?? $0.lines.last ?? "" }
        throw LabError.notReady("`\(command.joined(separator: " "))`", detail: detail)
    }

    private func hasWritten(_ text: String) -> Bool { lines.contains { $0.contains(text) } }

    /// Sends a signal to the child and its process group; nothing happens where it has ended.
    package func send(_ signal: Int32) {
        state.mutex.withLock { state in
            if let leader = state.leader, !state.hasEnded {
                kill(-leader, signal)
            }
        }
    }

    /// Asks the child to end with SIGTERM, and kills it and its process group where it does not.
    ///
    /// Works in a cancelled task too.
    /// - Parameter timeLimit: how long the child may take.
    /// - Returns: how it ended; `timedOut` where it had to be killed, nil where it could not be started.
    @discardableResult
    package func stop(timeLimit: Duration = .seconds(15)) async -> CommandResult.Status? {
        await Task {
            // A child that is just being started has no process yet to send a signal to.
            _ = try? await Command.wait(atMost: timeLimit) {
                self.state.mutex.withLock { $0.leader != nil || $0.hasEnded }
            }
            self.send(SIGTERM)
            let hasEnded = try? await Command.wait(atMost: timeLimit) { !self.isRunning }
            if hasEnded != true {
                self.send(SIGKILL)
                self.ended.cancel()
            }
            await self.ended.value
            return hasEnded == true ? self.status : .timedOut
        }.value
    }
}
