import ArgumentParser
import ControlSocket
import Logging
import NetfilterQueue
import SensorConfiguration
import ServiceLifecycle
import UnixSignals

/// `grindvakt run`: the sensor.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Inspect the packets of netfilter queues and stop those that ask for a listed name.",
        discussion: """
            Feed the queues with `grindvakt rules apply`. While the sensor does not run, the kernel lets packets pass.

              grindvakt run --config /etc/grindvakt/grindvakt.toml
              grindvakt run --list police.txt --queues 0:1

            SIGHUP (or `grindvakt reload`) reads the lists anew; a list that cannot be used changes nothing. SIGTERM and SIGINT stop the sensor \
            once every packet in hand has its verdict. Neither names nor addresses are logged or counted.
            """
    )

    @Option(help: ArgumentHelp("The configuration (TOML).", valueName: "file"), completion: .file(extensions: ["toml"]))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "A list of domains; once per list. Its id is the file's name, its action drop.",
            valueName: "file"
        ),
        completion: .file()
    )
    var list: [String] = []

    @Option(help: ArgumentHelp("The queues: one number, or first:last, one worker each.", valueName: "first:last"))
    var queues: QueueNumbers?

    @Option(help: ArgumentHelp("The metrics socket.", valueName: "path"), completion: .file())
    var socket: String?

    @Flag(help: "Leave bad lines of the lists out, and log which, instead of refusing the list.")
    var lenient = false

    func validate() throws {
        guard config != nil || list.isEmpty == false else {
            throw ValidationError("nothing to look for; give --config FILE or --list FILE")
        }
    }

    func run() async throws {
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = .info
            return handler
        }
        let logger = Logger(label: "grindvakt")
        ProcessLimits.returnLargeBlocks()
        if ProcessLimits.forbidCoreDumps() == false {
            logger.warning("core dumps could not be forbidden; set LimitCORE=1 in the unit")
        }
        // From the start on: an early request to reload must not end the process.
        let hangups = await UnixSignalsSequence(trapping: .sighup)
        let file = ConfigurationFile(path: config, lists: list, isLenient: lenient)
        var configuration = try file.read()
        if let queues { configuration.queues = queues.range }
        if let socket { configuration.socket = socket }

        let sensor = try Sensor(file, configuration, logger)
        // Reading the lists may be broken off; from here on, ending in disorder would leave a socket and lose packets in hand.
        let signals = Signals(hangups: hangups, ends: await UnixSignalsSequence(trapping: .sigterm, .sigint))
        let control = try ControlSocket(path: configuration.socket, source: sensor.controlSource, logger: logger)
        try sensor.start()
        try await serve(sensor, control, signals)
    }

    /// The signals that the sensor obeys; those that come before it serves wait until it does.
    private struct Signals: Sendable {
        let hangups: UnixSignalsSequence
        let ends: UnixSignalsSequence
    }

    private func serve(_ sensor: Sensor, _ control: ControlSocket, _ signals: Signals) async throws {
        // The group would log each step of stopping; the sensor says itself what matters.
        let quiet = Logger(label: "services") { _ in SwiftLogNoOpLogHandler() }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: control, failureTerminationBehavior: .gracefullyShutdownGroup),
                    .init(service: ReloadOnHangup(sensor: sensor, signals: signals.hangups)),
                    .init(
                        service: EndOnSignal(signals: signals.ends),
                        successTerminationBehavior: .gracefullyShutdownGroup
                    ),
                    // Last, so that it stops first: the counters can be read until the queues are closed.
                    .init(
                        service: SensorService(sensor: sensor),
                        successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .gracefullyShutdownGroup
                    ),
                ],
                logger: quiet
            )
        )
        do {
            try await group.run()
        } catch {
            sensor.stop()
            throw error
        }
    }
}

/// Runs the workers until the group stops, or one of them fails.
private struct SensorService: Service {
    let sensor: Sensor

    func run() async throws {
        sensor.announceReadiness()
        defer { sensor.stop() }
        try await cancelWhenGracefulShutdown {
            for await failure in sensor.failures {
                throw failure
            }
        }
    }
}

/// Reads the lists anew at each SIGHUP.
private struct ReloadOnHangup: Service {
    let sensor: Sensor
    let signals: UnixSignalsSequence

    func run() async throws {
        for await _ in signals.cancelOnGracefulShutdown() {
            _ = await sensor.reload()
        }
    }
}

/// Ends, and the group with it, at the first SIGTERM or SIGINT.
private struct EndOnSignal: Service {
    let signals: UnixSignalsSequence

    func run() async throws {
        for await _ in signals.cancelOnGracefulShutdown() { return }
    }
}
