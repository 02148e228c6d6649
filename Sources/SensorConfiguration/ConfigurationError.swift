/// What is wrong with a configuration file: one line that names the file, the line and the mend.
package struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file.
    package let path: String

    /// The line, from 1 on; nil where the fault is the file's as a whole.
    package let line: Int?

    /// What is wrong there, and what mends it.
    package let problem: String

    init(path: String, line: Int?, _ problem: String) {
        self.path = path
        self.line = line
        // The parser repeats what it stumbled over, and that can be a line end.
        self.problem = problem.split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    package var description: String {
        line.map { "\(path):\($0): \(problem)" } ?? "\(path): \(problem)"
    }
}
