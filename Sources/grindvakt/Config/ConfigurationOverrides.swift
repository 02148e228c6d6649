import ArgumentParser
import SensorConfiguration

/// What the command line of the sensor puts above its configuration.
struct ConfigurationOverrides: ParsableArguments {
    @Option(help: ArgumentHelp("The queues: one number, or first:last, one worker each.", valueName: "first:last"))
    var queues: QueueNumbers?

    @Option(help: ArgumentHelp("The metrics socket.", valueName: "path"), completion: .file())
    var socket: String?

    @Option(
        help: ArgumentHelp(
            "Let the counters be read over TCP, too, as at 127.0.0.1:9469 or [::1]:9469.",
            valueName: "address:port"
        )
    )
    var listen: ListenAddress?

    @OptionGroup
    var log: LogOptions

    /// Puts what was given in the place of what is configured.
    func apply(to configuration: inout SensorConfiguration) {
        if let queues { configuration.queues = queues.range }
        if let socket { configuration.socket = socket }
        if let listen { configuration.metrics.listen = listen }
        log.apply(to: &configuration.log)
    }

    /// The keys that were given, and the option of each.
    var options: [String: String] {
        var options: [String: String] = [:]
        if queues != nil { options["sensor.queues"] = "--queues" }
        if socket != nil { options["metrics.socket"] = "--socket" }
        if listen != nil { options["metrics.listen"] = "--listen" }
        if log.logFormat != nil { options["log.format"] = "--log-format" }
        if log.logLevel != nil { options["log.level"] = "--log-level" }
        return options
    }
}

/// Queue numbers as the command line and the configuration spell them: `0` or `0:3`.
struct QueueNumbers: ExpressibleByArgument {
    let range: ClosedRange<UInt16>

    init?(argument: String) {
        guard let range = SensorConfiguration.queueRange(argument) else { return nil }
        self.range = range
    }
}

extension ListenAddress: ExpressibleByArgument {
    /// An address as the command line has it.
    package init?(argument: String) {
        self.init(argument)
    }
}
