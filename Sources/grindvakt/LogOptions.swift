import ArgumentParser
import Logging
import OperationLog
import SensorConfiguration

/// How a sensor logs, above what its configuration says.
struct LogOptions: ParsableArguments {
    @Option(help: ArgumentHelp("How lines of the log are written: text, logfmt or json.", valueName: "format"))
    var logFormat: LogFormat?

    @Option(
        help: ArgumentHelp(
            "The least grave lines of the log: trace, debug, info, notice, warning, error or critical.",
            valueName: "level"
        ),
        transform: level
    )
    var logLevel: Logger.Level?

    /// Puts what was given in the place of what is configured.
    func apply(to log: inout SensorConfiguration.Log) {
        log.format = logFormat ?? log.format
        log.level = logLevel ?? log.level
    }

    private static func level(_ word: String) throws -> Logger.Level {
        guard let level = Logger.Level(rawValue: word) else {
            let words = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("no level of the log; give one of \(words)")
        }
        return level
    }
}

extension LogFormat: ExpressibleByArgument {}
