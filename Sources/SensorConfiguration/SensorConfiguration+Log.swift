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
    }
}
