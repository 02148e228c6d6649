import Glibc
import Subprocess

/// A netfilter program and how it is run: with its messages in English, and found in the folders of the administrator.
package struct Program: Sendable {
    /// The program's name.
    package let name: String
    /// The network namespace it is run in, by its name in `ip netns`; nil is the one of this process.
    package var namespace: String?

    /// What a program that ended has left.
    package struct Result: Sendable {
        /// Whether it ended with status 0.
        package var isSuccess: Bool
        /// What it wrote to standard output.
        package var output: String
        /// What it wrote to standard error.
        package var errors: String
    }

    /// A program by its name.
    ///
    /// - Parameters:
    ///   - name: the program's name.
    ///   - namespace: the network namespace it is run in, by its name in `ip netns`; nil is the one of this process.
    package init(name: String, namespace: String? = nil) {
        self.name = name
        self.namespace = namespace
    }

    private static let environment: Subprocess.Environment = {
        // SAFETY: getenv returns a string of the environment, which nothing in this process changes, or null.
        let inherited = unsafe getenv("PATH").map { unsafe String(cString: $0) } ?? "/usr/bin:/bin"
        return .inherit.updating(["PATH": "\(inherited):/usr/local/sbin:/usr/sbin:/sbin", "LC_ALL": "C"])
    }()

    /// Whether the program is installed.
    package func isInstalled() async -> Bool {
        (try? await Executable.name(name).resolveExecutablePath(in: Self.environment)) != nil
    }

    /// Runs the program and waits for its end.
    ///
    /// - Throws: `RulesError.missingProgram` where it is not installed.
    package func run(_ arguments: [String], input: String = "") async throws -> Result {
        guard await isInstalled() else { throw RulesError.missingProgram(name) }
        let command = (namespace.map { ["ip", "netns", "exec", $0] } ?? []) + [name] + arguments
        do {
            let result = try await Subprocess.run(
                .name(command[0]),
                arguments: Arguments(Array(command.dropFirst())),
                environment: Self.environment,
                input: .inputWriter,
                output: .string(limit: 64 << 20),
                error: .string(limit: 1 << 20)
            ) { execution in
                // Not `.string`: Subprocess 1.0 ends this process where the program ends before that is written.
                _ = try? await execution.standardInputWriter.write(input)
            }
            return Result(
                isSuccess: result.terminationStatus.isSuccess,
                output: result.standardOutput,
                errors: result.standardError
            )
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw RulesError.missingProgram(command[0])
        }
    }

    /// Runs the program and returns what it wrote.
    ///
    /// - Throws: `RulesError` where it is not installed or ends with an error.
    @discardableResult
    package func output(_ arguments: [String], input: String = "") async throws -> String {
        let result = try await run(arguments, input: input)
        guard result.isSuccess else { throw error(result) }
        return result.output
    }

    /// The error of a run that failed.
    package func error(_ result: Result) -> RulesError {
        let lines = result.errors.split(separator: "\n")
        let refusals = ["Operation not permitted", "Permission denied", "must be root"]
        if lines.contains(where: { line in refusals.contains { line.contains($0) } }) {
            return .missingPrivilege(program: name)
        }
        return .refused(program: name, detail: lines.first.map(String.init) ?? "no message")
    }
}
