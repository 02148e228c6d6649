import Glibc
package import Logging
import ServiceLifecycle
import Synchronization

/// The sensor's HTTP/1.1 server on a Unix stream socket: `/`, `/metrics`, `/metrics.json`, `/healthz` and `/status`, and for root and the
/// sensor's own user `POST /reload`, `/rollback`, `/kill-switch`, `/pass` and `/upgrade`.
///
/// Guarantees: the socket listens when `init` returns; what ``HTTPService`` bounds is bounded; the socket file is removed at
/// an orderly stop.
package final class ControlSocket: Service {
    /// Where the socket is.
    package var path: String { file.path }

    private let file: SocketFile
    private let listening: Mutex<CInt?>
    private let service: HTTPService

    /// Opens the socket.
    ///
    /// - Parameters:
    ///   - path: where the socket file shall be; its directory is created if only that is missing.
    ///   - access: who may connect; the process's user and group unless told otherwise.
    ///   - source: what the socket offers.
    ///   - logger: told about failures of the socket as a whole, never about requests.
    ///   - isHeldBack: whether another process serves the path until ``publish()``.
    /// - Throws: ``ControlSocketError``; nothing is left behind then.
    package init(
        path: String,
        access: SocketAccess = SocketAccess(),
        source: ControlSource,
        logger: Logger,
        isHeldBack: Bool = false
    ) throws(ControlSocketError) {
        let (file, descriptor) = try SocketFile.listen(at: path, access, isHeldBack: isHeldBack)
        self.file = file
        listening = Mutex(descriptor)
        service = HTTPService(name: path, responder: ControlResponder(source: source), logger: logger)
    }

    deinit {
        guard let descriptor = listening.withLock({ $0.take() }) else { return }
        close(descriptor)
        file.remove()
    }

    /// Takes the path from the process that serves it.
    ///
    /// - Throws: ``ControlSocketError``.
    package func publish() throws(ControlSocketError) {
        try file.publish()
    }

    /// Serves until a graceful shutdown or a cancellation, then removes the socket file; to be called once.
    ///
    /// - Throws: what the event loop throws when it cannot serve the socket.
    package func run() async throws {
        guard let descriptor = listening.withLock({ $0.take() }) else { return }
        defer { file.remove() }
        try await service.run(at: descriptor)
    }
}
