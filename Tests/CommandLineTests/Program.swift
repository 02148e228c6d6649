import Subprocess
import Testing

/// The program under test: GRINDVAKT_BINARY, else the build beside the tests.
enum Program {
    /// What a run has left.
    struct Outcome: Sendable {
        var status: Int32?
        var output: String
        var errors: String

        /// The lines of standard error.
        var errorLines: [Substring] { errors.split(separator: "\n", omittingEmptySubsequences: false).dropLast() }
    }

    /// Runs the program with these arguments and this standard input.
    static func run(_ arguments: [String], input: String = "") async throws -> Outcome {
        try await run(path(), arguments, input: input)
    }

    /// Runs any program, given by its path or looked up in PATH.
    static func run(_ program: String, _ arguments: [String], input: String = "") async throws -> Outcome {
        let result = try await Subprocess.run(
            .name("env"),
            arguments: Arguments([program] + arguments),
            input: .inputWriter,
            output: .string(limit: 16 << 20),
            error: .string(limit: 1 << 20)
        ) { execution in
            // Not `.string`: Subprocess 1.0 ends this process where the program ends before that is written.
            _ = try? await execution.standardInputWriter.write(input)
        }
        let status: Int32? = if case .exited(let code) = result.terminationStatus { code } else { nil }
        return Outcome(status: status, output: result.standardOutput, errors: result.standardError)
    }

    /// The path of the program under test.
    static func path() async throws -> String {
        let environment = try await run("/bin/sh", ["-c", "printf %s \"$GRINDVAKT_BINARY\""]).output
        guard environment.isEmpty else { return environment }
        return try await folder() + "/grindvakt"
    }

    /// The root of the package, which holds the sources of the tests.
    static func packageRoot(file: String = #filePath) -> String {
        file.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    }

    /// The folder of the tests' own executable.
    private static func folder() async throws -> String {
        // The child's parent is this process.
        let path = try await run("/bin/sh", ["-c", "readlink /proc/$PPID/exe"]).output
        return path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    }
}

/// A folder for the files of one test.
struct Folder: Sendable {
    /// Where it is.
    let path: String

    /// Makes a folder, runs `body` and removes the folder.
    static func with(_ body: (Folder) async throws -> Void) async throws {
        let made = try await Program.run("/bin/sh", ["-c", "mktemp -d"])
        let folder = Folder(path: String(try #require(made.output.split(separator: "\n").first)))
        do {
            try await body(folder)
        } catch {
            await folder.remove()
            throw error
        }
        await folder.remove()
    }

    /// Writes a file and returns its path.
    @discardableResult
    func write(_ text: String, to name: String) async throws -> String {
        let path = "\(path)/\(name)"
        let written = try await Program.run("/bin/sh", ["-c", "cat > \"$0\"", path], input: text)
        try #require(written.status == 0, "\(written)")
        return path
    }

    /// Writes bytes given as hexadecimal digits and returns the file's path.
    func write(hexadecimal: String, to name: String) async throws -> String {
        let digits = hexadecimal.filter { $0.isHexDigit }
        var escaped = ""
        for (index, digit) in digits.enumerated() { escaped += (index.isMultiple(of: 2) ? "\\x" : "") + String(digit) }
        let path = "\(path)/\(name)"
        // The shell's own printf may know octal escapes only; the one of coreutils knows these.
        let written = try await Program.run(
            "/bin/sh",
            ["-c", "/usr/bin/printf \"$0\" > \"$1\"", escaped, path]
        )
        try #require(written.status == 0, "\(written)")
        return path
    }

    private func remove() async {
        _ = try? await Program.run("/bin/rm", ["-rf", "--", path])
    }
}
