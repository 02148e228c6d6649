import Confinement
import ControlSocket
import Dispatch
import Handover
import Logging
import NetfilterQueue
import OperationLog
import Responses
import SensorConfiguration
import ServiceLifecycle
import Statistics
import UnixSignals

extension Sensor {
    /// Runs a sensor to its end: lists, socket, workers, signals, in the order in which each may fail without leaving anything behind.
    ///
    /// - Parameters:
    ///   - file: the configuration and the lists, as they are read again at a reload.
    ///   - adjust: puts what the command line says above the configuration.
    ///   - job: what the process still does once the workers have started; the rest it takes from itself.
    ///   - options: what becomes of the queues before and after this process.
    ///   - start: starts the sensor's workers.
    /// - Throws: what ends the sensor before it is told to.
    static func run(
        _ file: ConfigurationFile,
        adjust: @escaping @Sendable (inout SensorConfiguration) -> Void,
        job: Confinement.Job,
        succession options: SuccessionOptions = SuccessionOptions(),
        start: (Sensor) throws -> Void
    ) async throws {
        // Before anything else opens a file, or starts a program.
        PassedSockets.takeNote()
        var stored = options.isInLine ? StoredDescriptors.take() : []
        // While there is little memory to have copied, and before the process confines itself.
        let starter =
            options.isInLine
            ? ProgramStarter(program: InstalledProgram.path, arguments: InstalledProgram.takeOverArguments) : nil
        ProcessLimits.returnLargeBlocks()
        ProcessLimits.forbidBacktraces()
        let hasNoCoreDumps = ProcessLimits.forbidCoreDumps()
        // From the start on: an early request to reload must not end the process.
        let hangups = await UnixSignalsSequence(trapping: .sighup)
        var configuration = try file.read()
        adjust(&configuration)

        let output = LogOutput(format: configuration.log.format, interval: configuration.log.repeatInterval)
        LoggingSystem.bootstrap { [level = configuration.log.level] _ in EventLog(output, level: level) }
        let logger = Logger(label: "grindvakt")
        // A sensor that cannot start says so in the one line that each command ends with.
        output.hold()
        var hasStarted = false
        defer { if hasStarted == false { output.release(from: .warning) } }
        logger.tell(
            .starting,
            "starting: grindvakt \(Grindvakt.productVersion)",
            [.version: .text(Grindvakt.productVersion)]
        )
        logger.tell(configuration.remarks)
        if hasNoCoreDumps == false {
            logger.tell(.coreDumpsPossible, "core dumps could not be forbidden; set LimitCORE=1 in the unit")
        }

        let sensor = try Sensor(file, configuration, adjust: adjust, logger, output)
        // Reading the lists may be broken off; from here on, ending in disorder would leave a socket and lose packets in hand.
        let signals = SensorSignals(hangups: hangups, ends: await UnixSignalsSequence(trapping: .sigterm, .sigint))
        let control = try ControlSocket(
            path: configuration.socket,
            access: SocketAccess(mode: configuration.metrics.mode, group: configuration.metrics.group),
            source: sensor.controlSource,
            logger: logger,
            isHeldBack: options.takesOver
        )
        logger.tell(.socketBound, "socket \(control.path): bound", [.path: .text(control.path)])
        let handover = options.takesOver ? try sensor.takeOver(besides: control.path) : nil
        if handover == nil { sensor.inherit(stored) }
        stored = []
        let listener = try configuration.metrics.listen.map { listen throws(ControlSocketError) in
            if let descriptor = handover?.listener?.duplicate(),
                let listener = MetricsListener(
                    adopting: descriptor,
                    address: listen.address,
                    port: listen.port,
                    source: sensor.controlSource,
                    logger: logger
                )
            {
                return listener
            }
            return try MetricsListener(
                address: listen.address,
                port: listen.port,
                source: sensor.controlSource,
                logger: logger
            )
        }
        if let listener {
            logger.tell(
                .listenerBound,
                "counters can be read at http://\(listener.name)/metrics",
                [.listen: .text(listener.name)]
            )
        }
        do {
            try start(sensor)
        } catch let error as QueueError where error.isTemporary && handover == nil {
            await sensor.holdBack(because: error.description)
            throw error
        }
        if let handover { try sensor.finish(handover, control) }
        if configuration.isConfined { sensor.confine(for: job) }
        hasStarted = true
        output.release()
        let successors =
            options.isInLine ? sensor.awaitSuccessors(besides: control.path, listener, options, starter) : nil
        try await sensor.serve(control, listener, signals, successors)
    }

    private func serve(
        _ control: ControlSocket,
        _ listener: MetricsListener?,
        _ signals: SensorSignals,
        _ successors: HandoverSocket?
    ) async throws {
        // The group would log each step of stopping; the sensor says itself what matters.
        let quiet = Logger(label: "services") { _ in SwiftLogNoOpLogHandler() }
        let listeners = ([control] + (listener.map { [$0] } ?? []) as [any Service]).map {
            ServiceGroupConfiguration.ServiceConfiguration(
                service: $0,
                failureTerminationBehavior: .gracefullyShutdownGroup
            )
        }
        let handovers = successors.map {
            ServiceGroupConfiguration.ServiceConfiguration(
                service: HandoverService(sensor: self, socket: $0),
                successTerminationBehavior: .gracefullyShutdownGroup
            )
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: listeners + (handovers.map { [$0] } ?? []) + [
                    .init(service: ReloadOnHangup(sensor: self, signals: signals.hangups)),
                    .init(service: Clock(sensor: self)),
                    .init(service: HealthClock(sensor: self)),
                    .init(service: StatisticsClock(sensor: self)),
                    .init(service: HitClock(sensor: self)),
                    .init(
                        service: EndOnSignal(sensor: self, signals: signals.ends),
                        successTerminationBehavior: .gracefullyShutdownGroup
                    ),
                    // Last, so that it stops first: the counters can be read until the queues are closed.
                    .init(
                        service: SensorService(sensor: self),
                        successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .gracefullyShutdownGroup
                    ),
                ],
                logger: quiet
            )
        )
        do {
            try await group.run()
            stop()
        } catch {
            stop(because: (error as? any CommandFailure)?.description ?? "a service of the sensor failed")
            throw error
        }
    }
}

/// The signals that the sensor obeys; those that come before it serves wait until it does.
private struct SensorSignals: Sendable {
    let hangups: UnixSignalsSequence
    let ends: UnixSignalsSequence
}

/// Runs the workers until the group stops, or one of them fails.
private struct SensorService: Service {
    let sensor: Sensor

    func run() async throws {
        sensor.announceReadiness()
        do {
            try await cancelWhenGracefulShutdown {
                if let failure = await sensor.firstFailure() { throw failure }
            }
        } catch {
            sensor.stop(because: (error as? any CommandFailure)?.description)
            throw error
        }
        // Packets wait from the moment on at which queues are left: that is the last thing to do then.
        if sensor.leavesQueues == false { sensor.stop() }
    }
}

/// Hands the queues to a sensor that asks for them, and ends the group once it has them.
private struct HandoverService: Service {
    let sensor: Sensor
    let socket: HandoverSocket

    func run() async throws {
        let (handovers, continuation) = AsyncStream.makeStream(of: Void.self)
        // On a thread of its own: whoever asks may take long.
        DispatchQueue(label: "handover").async {
            while let connection = socket.accept() {
                guard sensor.handOver(on: connection) else { continue }
                break
            }
            continuation.finish()
        }
        await cancelWhenGracefulShutdown {
            for await _ in handovers {}
        }
        socket.stop()
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

/// Tells the sensor of the time, for what holds for a while only.
private struct Clock: Service {
    let sensor: Sensor

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                for _ in 0..<5 {
                    try await Task.sleep(for: .seconds(1))
                    await sensor.withdrawDecisions()
                    sensor.noteEpisodes()
                }
                await sensor.tick()
            }
        }
    }
}

/// Lets the sensor look at itself once a second, also while lists are read.
private struct HealthClock: Service {
    let sensor: Sensor

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: .seconds(1))
                sensor.noteHealth()
            }
        }
    }
}

/// Lets the sensor write its figures every eight seconds, and at the end of each hour.
private struct StatisticsClock: Service {
    let sensor: Sensor

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: .seconds(StatisticsWriter.pause(at: Sensor.now())))
                await sensor.writeStatistics()
            }
        }
    }
}

/// Lets the sensor write down which entries were hit, every few minutes.
private struct HitClock: Service {
    let sensor: Sensor

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: .seconds(HitRecord.pause))
                sensor.writeHits()
            }
        }
    }
}

/// Ends, and the group with it, at the first SIGTERM or SIGINT.
private struct EndOnSignal: Service {
    let sensor: Sensor
    let signals: UnixSignalsSequence

    func run() async throws {
        for await signal in signals.cancelOnGracefulShutdown() {
            sensor.willStop(because: "\(signal)")
            if signal == .sigterm { sensor.leaveQueuesAtEnd() }
            return
        }
    }
}
