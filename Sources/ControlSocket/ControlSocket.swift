import Glibc
import HummingbirdCore
package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// The sensor's HTTP/1.1 server on a Unix stream socket: `/metrics`, `/healthz` and `/status`, and for root and the sensor's
/// own user `POST /reload`, `/rollback`, `/kill-switch` and `/pass`.
///
/// Guarantees: the socket listens when `init` returns; nothing is logged per request; the number of connections, the
/// size of a request, the time it may take to come and the time of an idle connection are bounded; the socket file is removed at an orderly stop.
package final class ControlSocket: Service {
    /// Where the socket is.
    package var path: String { file.path }

    private let file: SocketFile
    private let listening: Mutex<CInt?>
    private let responder: ControlResponder
    private let logger: Logger

    /// The most connections at a time; one more is closed at once.
    private static let connectionLimit = 64
    /// How long a connection may be silent.
    private static let idleTimeout = TimeAmount.seconds(30)
    /// How long a request in progress may go on after the order to stop.
    private static let stopLimit = TimeAmount.milliseconds(250)
    /// One thread for the life of the process; a scrape every few seconds needs no more.
    private static let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    /// Hummingbird reports each broken connection; that would be a line per request.
    private static let silent = Logger(label: "control-socket") { _ in SwiftLogNoOpLogHandler() }

    /// Opens the socket with mode 0660.
    ///
    /// - Parameters:
    ///   - path: where the socket file shall be; its directory is created if only that is missing.
    ///   - source: what the socket offers.
    ///   - logger: told about failures of the socket as a whole, never about requests.
    /// - Throws: ``ControlSocketError``; nothing is left behind then.
    package init(path: String, source: ControlSource, logger: Logger) throws(ControlSocketError) {
        let (file, descriptor) = try SocketFile.listen(at: path)
        self.file = file
        listening = Mutex(descriptor)
        responder = ControlResponder(source: source)
        self.logger = logger
    }

    deinit {
        guard let descriptor = listening.withLock({ $0.take() }) else { return }
        close(descriptor)
        file.remove()
    }

    /// Serves until a graceful shutdown or a cancellation, then removes the socket file; to be called once.
    ///
    /// - Throws: what the event loop throws when it cannot serve the socket.
    package func run() async throws {
        guard let descriptor = listening.withLock({ $0.take() }) else { return }
        defer { file.remove() }
        let responder = self.responder
        let http = HTTP1Channel(
            responder: { request, writer, channel in
                try await responder.respond(to: request, writer, on: channel)
            },
            configuration: .init(
                idleTimeout: Self.idleTimeout,
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: 8 * 1024,
                    maxHeaderListSize: 16 * 1024,
                    maxHeaderFieldCount: 64
                )
            )
        )
        let open = OpenConnections(limit: Self.connectionLimit)
        let server = try await ServerBootstrap(group: Self.eventLoops)
            .childChannelOption(ChannelOptions.allowRemoteHalfClosure, value: true)
            .bind(descriptor) { http.setup(channel: $0, logger: Self.silent) }
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await self.accept(from: server, http, open) }
            tasks.addTask {
                // Ends with an error when the task is cancelled, and then too the connections have to be closed.
                try? await gracefulShutdown()
                server.channel.close(promise: nil)
                await open.close(within: Self.stopLimit, on: server.channel.eventLoop)
            }
            await tasks.next()
            tasks.cancelAll()
        }
    }

    private func accept(
        from server: NIOAsyncChannel<HTTP1Channel.Value, Never>,
        _ http: HTTP1Channel,
        _ open: OpenConnections
    ) async {
        do {
            try await server.executeThenClose { accepted in
                for try await connection in accepted {
                    // Not a child task: an answer that takes long must not keep the sensor from stopping.
                    if open.admit(connection.channel) {
                        Task { await http.handle(value: connection, logger: Self.silent) }
                    } else {
                        Task { try? await connection.executeThenClose { _, _ in } }
                    }
                }
            }
        } catch is CancellationError {
            return
        } catch {
            logger.error("\(path): the control socket stopped: \(error)")
        }
    }
}

/// The connections that are open, so that they can be counted and closed.
private final class OpenConnections: Sendable {
    private let limit: Int
    private let state = Mutex(State())

    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isClosing = false
    }

    init(limit: Int) {
        self.limit = limit
    }

    /// Takes a new connection in, unless there are too many or the end has come.
    func admit(_ channel: any Channel) -> Bool {
        let key = ObjectIdentifier(channel)
        let isAdmitted = state.withLock { state in
            guard !state.isClosing, state.channels.count < limit else { return false }
            state.channels[key] = channel
            return true
        }
        guard isAdmitted else { return false }
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { _ = $0.channels.removeValue(forKey: key) }
        }
        return true
    }

    /// Closes idle connections at once, and those with a request in progress after their answer or after the limit.
    func close(within limit: TimeAmount, on loop: any EventLoop) async {
        let open = state.withLock { state in
            state.isClosing = true
            return Array(state.channels.values)
        }
        for channel in open { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
        let deadline = loop.scheduleTask(in: limit) {
            for channel in open { channel.close(promise: nil) }
        }
        for channel in open { try? await channel.closeFuture.get() }
        deadline.cancel()
    }
}
