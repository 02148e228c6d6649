import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// HTTP/1.1 at a listening socket, whatever kind of socket it is.
///
/// Guarantees: nothing is logged per request; the number of connections, the size of a request, the time that it may take to
/// come and its answer to be taken, the time of a silent connection, and how many connections and requests are taken a second
/// are bounded. Whoever keeps all connections busy with nothing loses the one that has done nothing for longest to the next
/// that comes, and nobody waits for the answers of others.
struct HTTPService: Sendable {
    /// What the socket is called in the log.
    let name: String
    let responder: ControlResponder
    /// Told about a failure of the socket as a whole, never about requests.
    let logger: Logger

    /// The most connections at a time.
    static let connectionLimit = 64
    /// Connections a second that are taken, once as many as `acceptBurst` were taken at once; the others wait their turn.
    private static let acceptRate = 200
    private static let acceptBurst = 200
    /// How many connections may wait to be accepted: one too many is refused, and a scraper does not try again at once.
    static let backlog: CInt = 1024
    /// Octets that are read of a connection at a time.
    private static let readSize = 2048
    /// How long a connection may be silent, and how long the head of a request may take to come.
    private static let idleTimeout = TimeAmount.seconds(30)
    /// How long a request in progress may go on after the order to stop.
    private static let stopLimit = TimeAmount.milliseconds(250)
    /// One thread for the life of the process; a scrape every few seconds needs no more.
    private static let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    /// Hummingbird reports each broken connection; that would be a line per request.
    private static let silent = Logger(label: "control-socket") { _ in SwiftLogNoOpLogHandler() }

    /// Serves until a graceful shutdown or a cancellation, and closes the descriptor.
    ///
    /// - Parameter descriptor: a socket that listens.
    /// - Throws: what the event loop throws when it cannot serve the socket.
    func run(at descriptor: CInt) async throws {
        let responder = self.responder
        let open = OpenConnections(limit: Self.connectionLimit)
        let http = HTTP1Channel(
            responder: { request, writer, channel in
                try await responder.respond(to: request, writer, on: channel, among: open)
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
        let server = try await ServerBootstrap(group: Self.eventLoops)
            .childChannelOption(ChannelOptions.allowRemoteHalfClosure, value: true)
            // What is read at once is parsed at once, and a request takes far more memory than its octets.
            .childChannelOption(
                ChannelOptions.recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(capacity: Self.readSize)
            )
            .childChannelOption(ChannelOptions.maxMessagesPerRead, value: 1)
            .bind(descriptor) { http.setup(channel: $0, logger: Self.silent) }
        // A task of its own, which nobody cancels: connections that came and were not taken yet would be freed without being closed, and NIO ends
        // the process for that. Once the socket is closed those are the last, and are closed in their turn.
        let accepting = Task { await accept(from: server, http, open) }
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await accepting.value }
            tasks.addTask {
                // Ends with an error when the task is cancelled, and then too the connections have to be closed.
                try? await gracefulShutdown()
                await Self.close(server.channel)
                await open.close(within: Self.stopLimit, on: server.channel.eventLoop)
            }
            await tasks.next()
            tasks.cancelAll()
        }
    }

    /// Closes the listening socket once what it has accepted is handed over: a connection that is still being set up when the socket is closed
    /// would be freed without being closed, and NIO ends the process for that. What sets it up is work of this one loop, and done before the timer.
    private static func close(_ channel: any Channel) async {
        try? await channel.setOption(ChannelOptions.autoRead, value: false).get()
        try? await channel.eventLoop.scheduleTask(in: .milliseconds(10)) {}.futureResult.get()
        channel.close(promise: nil)
    }

    private func accept(
        from server: NIOAsyncChannel<HTTP1Channel.Value, Never>,
        _ http: HTTP1Channel,
        _ open: OpenConnections
    ) async {
        let pace = Pace(rate: Self.acceptRate, burst: Self.acceptBurst)
        do {
            try await server.executeThenClose { accepted in
                for try await connection in accepted {
                    await pace.wait()
                    // Not a child task: an answer that takes long must not keep the sensor from stopping.
                    if open.admit(connection.channel) {
                        Task { await http.handle(value: connection, logger: Self.silent) }
                    } else {
                        Task { try? await connection.executeThenClose { _, _ in } }
                    }
                }
            }
        } catch {
            logger.error("\(name): the socket stopped: \(error)", metadata: ["event": "socket-failed"])
        }
    }
}
