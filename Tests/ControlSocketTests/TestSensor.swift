import Glibc
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import Telemetry
import Testing

@testable import ControlSocket

/// A sensor that inspects nothing: the source behind a control socket, with what a test may turn.
final class TestSensor: Sendable {
    /// One call of a function that changes something.
    enum Change: Equatable {
        case reload(user: UInt32)
        case rollback(user: UInt32)
        case killSwitch(isOn: Bool, user: UInt32)
        case pass(PassRequest, user: UInt32)
    }

    let counters = Counters(queue: 3)
    let slots = ListSlots()
    let isHealthy = Atomic(true)
    let reloads = Atomic(0)
    let outcome: ReloadOutcome
    let controlOutcome: ControlOutcome
    private let changed = Mutex<[Change]>([])
    private let reloadDelay: Duration

    init(
        outcome: ReloadOutcome = .reloaded(lists: [ReloadedList(id: "police", entries: 3, added: 1)], generation: 2),
        controlOutcome: ControlOutcome = .done(killSwitch: false, passes: 1),
        reloadDelay: Duration = .zero
    ) {
        self.outcome = outcome
        self.controlOutcome = controlOutcome
        self.reloadDelay = reloadDelay
        counters.countPacket(.drop)
        if let slot = slots.slot(id: "police", action: "drop") { counters.countMatch(slot: slot, .dns) }
    }

    /// The calls so far.
    var changes: [Change] { changed.withLock { $0 } }

    var reading: SensorReading {
        SensorReading(
            workers: [counters],
            slots: slots,
            state: SensorState(
                version: "0.0.1",
                takenAt: 160,
                startedAt: 100,
                snapshotGeneration: 1,
                queues: [QueueState(queue: 3, present: true)],
                lists: [ListState(id: "police", actions: ["drop"], entries: 2, activatedAt: 100)]
            )
        )
    }

    var source: ControlSource {
        ControlSource(
            reading: { self.reading },
            isHealthy: { self.isHealthy.load(ordering: .relaxed) },
            reload: { await self.reload($0) },
            rollback: { user in
                self.note(.rollback(user: user))
                return self.outcome
            },
            setKillSwitch: { isOn, user in
                self.note(.killSwitch(isOn: isOn, user: user))
                return self.controlOutcome
            },
            pass: { request, user in
                self.note(.pass(request, user: user))
                return self.controlOutcome
            }
        )
    }

    /// The source of a sensor that keeps no snapshot before the active one and blocks nothing, as a tap.
    var plainSource: ControlSource {
        ControlSource(reading: { self.reading }, isHealthy: { true }, reload: { await self.reload($0) })
    }

    private func reload(_ user: UInt32) async -> ReloadOutcome {
        note(.reload(user: user))
        reloads.add(1, ordering: .relaxed)
        try? await Task.sleep(for: reloadDelay)
        return outcome
    }

    private func note(_ change: Change) {
        changed.withLock { $0.append(change) }
    }
}

/// The log of a test: the lines that were written.
final class LogLines: Sendable {
    let lines = Mutex<[String]>([])

    var logger: Logger {
        var logger = Logger(label: "test") { _ in LogLinesBackend(log: self) }
        logger.logLevel = .trace
        return logger
    }
}

private struct LogLinesBackend: LogHandler {
    let log: LogLines
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        log.lines.withLock { $0.append("\(event.message)") }
    }
}

/// Runs the socket as a service for the time of the body, then shuts it down gracefully.
///
/// - Returns: how long the shutdown took.
@discardableResult
func serving(
    _ socket: any Service,
    _ body: @Sendable () async throws -> Void
) async throws -> Duration {
    let group = ServiceGroup(
        configuration: .init(
            services: [.init(service: socket)],
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    )
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        do {
            try await body()
        } catch {
            await group.triggerGracefulShutdown()
            throw error
        }
        let clock = ContinuousClock()
        let start = clock.now
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
        return clock.now - start
    }
}

/// Sends texts one after the other, with a pause after each and the end of this side after the last where `ends` is true,
/// and reads until the other side closes.
func rawExchange(
    _ path: String,
    _ texts: [String],
    pause: Duration = .zero,
    ends: Bool = false
) async throws -> String {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .channelOption(ChannelOptions.allowRemoteHalfClosure, value: true)
        .connect(unixDomainSocketPath: path) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                    wrappingChannelSynchronously: channel,
                    configuration: .init(isOutboundHalfClosureEnabled: true)
                )
            }
        }
    return try await channel.executeThenClose { inbound, outbound in
        let sending = Task {
            for text in texts {
                try await outbound.write(ByteBuffer(string: text))
                try await Task.sleep(for: pause)
            }
            if ends { outbound.finish() }
        }
        defer { sending.cancel() }
        var answer = ""
        do {
            for try await part in inbound { answer += String(buffer: part) }
        } catch let error as IOError where error.errnoCode == ECONNRESET || error.errnoCode == EPIPE {
            return answer
        }
        return answer
    }
}
