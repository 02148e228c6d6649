package import Logging

/// What swift-log writes to: lines with the name of their event, on one ``LogOutput``.
package struct EventLog: LogHandler {
    /// The metadata's key for the event's name.
    static let key = "event"
    /// What a line is called that names no event, as one that a library logs.
    static let other = "other"

    private let output: LogOutput
    /// What is less grave is not logged.
    package var logLevel: Logger.Level
    /// What every line has besides its own fields.
    package var metadata: Logger.Metadata = [:]

    /// A log on `output` of what is as grave as `level`, or graver.
    package init(_ output: LogOutput, level: Logger.Level) {
        self.output = output
        logLevel = level
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var metadata = metadata
        if let more = event.metadata { metadata.merge(more) { _, new in new } }
        let name = metadata[Self.key]?.description ?? Self.other
        output.write(event.level, name, event.message.description, metadata)
    }
}
