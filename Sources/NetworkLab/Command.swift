import Glibc
import Subprocess
import Synchronization
import SystemPackage

/// What a command that ended, or was ended, has left.
package struct CommandResult: Sendable {
    /// How the command ended.
    package enum Status: Sendable, Hashable {
        /// It exited with this status.
        case exited(Int32)
        /// This signal ended it.
        case signaled(Int32)
        /// It was killed, with its process group, when its time was up.
        case timedOut
    }

    /// How the command ended.
    package var status: Status
    /// What it wrote to standard output.
    package var output: String
    /// What it wrote to standard error.
    package var errors: String
    /// How long it ran.
    package var duration: Duration

    /// Whether the command exited with status 0.
    package var succeeded: Bool { status == .exited(0) }
}

/// Commands on this host, without a namespace of their own.
package enum Command {
    /// PATH with the folders of the administrator, and messages in English.
    static let environment: Subprocess.Environment = {
        // SAFETY: getenv returns a string of the environment, which nothing in this process changes, or null.
        let inherited = unsafe getenv("PATH").map { unsafe String(cString: $0) } ?? "/usr/bin:/bin"
        return .inherit.updating(["PATH": "\(inherited):/usr/local/sbin:/usr/sbin:/sbin", "LC_ALL": "C"])
    }()

    /// Every command leads a process group of its own: a signal from the terminal does not reach it, and it is ended
    /// with all its children.
    static let platformOptions: PlatformOptions = {
        var options = PlatformOptions()
        options.processGroupID = 0
        options.teardownSequence = [.send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .zero)]
        return options
    }()

    /// Runs a command to its end.
    ///
    /// - Parameters:
    ///   - command: the program and its arguments.
    ///   - input: what the command reads from standard input.
    ///   - timeLimit: the time after which the command and its process group are killed.
    /// - Returns: how the command ended and what it wrote.
    /// - Throws: `LabError.missingPrograms` where the program is not installed; `CancellationError` where the task is
    ///   cancelled, after the command was killed.
    package static func run(
        _ command: [String],
        input: String = "",
        timeLimit: Duration = .seconds(60)
    ) async throws -> CommandResult {
        let group = ProcessGroup()
        let clock = ContinuousClock()
        let start = clock.now
        let result = try await withThrowingTaskGroup(of: CommandResult?.self) { tasks in
            tasks.addTask { try await execute(command, input: input, group: group) }
            tasks.addTask {
                try await Task.sleep(for: timeLimit)
                group.expire()
                return nil
            }
            while let result = try await tasks.next() {
                if let result {
                    tasks.cancelAll()
                    return result
                }
            }
            throw CancellationError()
        }
        try Task.checkCancellation()
        var timed = result
        timed.duration = start.duration(to: clock.now)
        return timed
    }

    private static func execute(_ command: [String], input: String, group: ProcessGroup) async throws -> CommandResult {
        let program = command.first ?? ""
        do {
            let result = try await Subprocess.run(
                executable(program),
                arguments: Arguments(Array(command.dropFirst())),
                environment: environment,
                platformOptions: platformOptions,
                input: .inputWriter,
                output: .string(limit: 16 << 20),
                error: .string(limit: 1 << 20)
            ) { execution in
                group.begin(execution.processIdentifier.value)
                // Not `.string`: Subprocess 1.0 ends this process where the program ends before that is written.
                _ = try? await execution.standardInputWriter.write(input)
            }
            let status: CommandResult.Status =
                if group.hasExpired {
                    .timedOut
                } else {
                    switch result.terminationStatus {
                    case .exited(let code): .exited(code)
                    case .signaled(let signal): .signaled(signal)
                    }
                }
            return CommandResult(
                status: status,
                output: result.standardOutput,
                errors: result.standardError,
                duration: .zero
            )
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw LabError.missingPrograms([program])
        }
    }

    /// Runs a command of the set-up and returns what it wrote.
    ///
    /// - Throws: `LabError.failed` where it does not exit with status 0, `LabError.missingPrivilege` where the kernel
    ///   refused it for want of privilege, and what `run` throws.
    @discardableResult
    package static func output(
        _ command: [String],
        input: String = "",
        timeLimit: Duration = .seconds(60)
    ) async throws -> String {
        let result = try await run(command, input: input, timeLimit: timeLimit)
        guard !result.succeeded else { return result.output }
        if result.errors.contains("Operation not permitted") {
            throw LabError.missingPrivilege
        }
        let detail = result.errors.split(separator: "\n").first.map(String.init) ?? "\(result.status)"
        throw LabError.failed(command: command.joined(separator: " "), detail: detail)
    }

    /// A program by its path, or by its name in the search path.
    static func executable(_ program: String) -> Executable {
        program.contains("/") ? .path(FilePath(program)) : .name(program)
    }

    /// Checks that programs are installed.
    ///
    /// - Throws: `LabError.missingPrograms` with all that are missing.
    package static func require(_ programs: [String]) async throws {
        var missing: [String] = []
        for program in programs
        where (try? await executable(program).resolveExecutablePath(in: environment)) == nil {
            missing.append(program)
        }
        guard missing.isEmpty else { throw LabError.missingPrograms(missing) }
    }

    /// Waits until a condition holds, asking every ten milliseconds.
    ///
    /// - Returns: whether it came to hold within the limit.
    package static func wait(
        atMost limit: Duration,
        until condition: () async throws -> Bool
    ) async throws -> Bool {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        while try await !condition() {
            guard clock.now < deadline else { return false }
            try await Task.sleep(for: .milliseconds(10))
        }
        return true
    }
}

/// The process group of one command, and whether its time was up.
private final class ProcessGroup: Sendable {
    private struct State {
        var leader: pid_t?
        var hasExpired = false
    }

    private let state = Mutex(State())

    var hasExpired: Bool { state.withLock(\.hasExpired) }

    func begin(_ leader: pid_t) {
        let isLate = state.withLock { state in
            state.leader = leader
            return state.hasExpired
        }
        if isLate {
            kill(-leader, SIGKILL)
        }
    }

    func expire() {
        let leader = state.withLock { state in
            state.hasExpired = true
            return state.leader
        }
        if let leader {
            kill(-leader, SIGKILL)
        }
    }
}
