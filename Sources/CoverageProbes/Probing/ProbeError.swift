/// Why something cannot be probed.
package enum ProbeError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A text that is no name one could ask for.
    case notAName
    /// A name that nothing declares to be a test name.
    case notReserved
    /// More names for one list than ``TestNames/maximumCount``.
    case tooManyNames
    /// More probes than ``ProbePace/total``.
    case tooManyProbes(Int, limit: Int)
    /// The system gives no socket; the number that `errno` had.
    case noSocket(Int32)

    package var description: String {
        switch self {
        case .notAName: "is no domain name; write one a line"
        case .notReserved:
            "is no test name: probe names under .test, .example or .invalid, or those that a configuration declares (--config, test-names)"
        case .tooManyNames:
            "has more than \(TestNames.maximumCount) test names; keep so many as show that the list is in use"
        case .tooManyProbes(let count, let limit):
            "\(count) probes are more than \(limit); name fewer addresses, mechanisms or test names"
        case .noSocket(let number): "no socket can be made: error \(number); raise the limit of open files (ulimit -n)"
        }
    }
}
