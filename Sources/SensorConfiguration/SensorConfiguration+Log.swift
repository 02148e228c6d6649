package import Logging
package import OperationLog

extension SensorConfiguration {
    /// How the sensor logs, on standard error.
    package struct Log: Equatable, Sendable {
        /// How lines are written.
        package var format = LogFormat.text

        /// What is less grave is not logged.
        package var level = Logger.Level.info

        /// Seconds in which the same event is told once; zero tells it each time.
        package var repeatInterval = 60

        /// The defaults.
        package init() {}

        mutating func read(_ section: inout Section) {
            format = section.choice("format", as: LogFormat.self) ?? format
            level = section.choice("level", as: Logger.Level.self) ?? level
            repeatInterval = section.integer("repeat-interval", in: 0...86_400) ?? repeatInterval
            section.refuseUnknownKeys()
        }
    }
}
