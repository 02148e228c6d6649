package import Blocklists

/// Why a list was not loaded. Names the file, the line and the cause, never what the line says.
package enum ListFileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file cannot be opened or read.
    case unreadable(path: String, cause: String)
    /// A line holds no entry of the list's format.
    case badLine(path: String, line: Int, cause: ListLineError)
    /// There are more lists than one blocklist can hold.
    case tooManyLists(Int)

    package var description: String {
        switch self {
        case .unreadable(let path, let cause):
            "\(path): cannot be read: \(cause)"
        case .badLine(let path, let line, let cause):
            "\(path):\(line): \(cause.description); mend the line, or load with --lenient to leave such lines out"
        case .tooManyLists(let count):
            "\(count) lists are configured; at most \(Blocklist.maximumLists) can be used at a time"
        }
    }
}

/// A line that was left out of a list.
package struct RejectedLine: Equatable, Sendable {
    /// The file it is in.
    package let path: String

    /// Its number, from 1 on.
    package let line: Int

    /// Why it is no entry.
    package let cause: ListLineError
}
