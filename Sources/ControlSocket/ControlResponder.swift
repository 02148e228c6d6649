import Glibc
import Hummingbird
import HummingbirdCore
import NIOCore
import Telemetry

/// Answers the requests of the control socket; one line of body for everything but the four resources.
struct ControlResponder: Sendable {
    let source: ControlSource

    /// The most bytes of a request's body that are read; no request needs one.
    private static let bodyLimit = 4096

    private struct Answer {
        var status: HTTPResponse.Status
        var contentType = "text/plain; charset=utf-8"
        var allow: String?
        var body: String
    }

    /// The body was longer than a request needs; thrown after the answer, to close the connection.
    private struct BodyTooLarge: Error {}

    /// Answers one request.
    ///
    /// - Throws: what writing to the connection throws; the connection is closed then.
    func respond(
        to request: Request,
        _ writer: consuming ResponseWriter,
        on channel: any Channel
    ) async throws {
        guard try await hasSmallBody(request) else {
            let answer = Answer(status: .contentTooLarge, body: "request body too large\n")
            try await write(answer, isHead: false, closes: true, writer)
            throw BodyTooLarge()
        }
        let answer = await answer(to: request, on: channel)
        try await write(answer, isHead: request.method == .head, closes: false, writer)
    }

    private func answer(to request: Request, on channel: any Channel) async -> Answer {
        let isRead = request.method == .get || request.method == .head
        switch (request.uri.path, isRead) {
        case ("/metrics", true):
            let format = ExpositionFormat(accept: request.headers[.accept])
            let text = Exposition.render(await source.reading(), as: format)
            return Answer(status: .ok, contentType: format.contentType, body: text)
        case ("/status", true):
            let text = StatusReport.render(await source.reading()) + "\n"
            return Answer(status: .ok, contentType: "application/json", body: text)
        case ("/healthz", true):
            return await source.isHealthy()
                ? Answer(status: .ok, body: "ok\n")
                : Answer(status: .serviceUnavailable, body: "not healthy\n")
        case ("/reload", _) where request.method == .post:
            return await reload(askedOn: channel)
        case ("/metrics", _), ("/status", _), ("/healthz", _):
            return Answer(status: .methodNotAllowed, allow: "GET, HEAD", body: "use GET\n")
        case ("/reload", _):
            return Answer(status: .methodNotAllowed, allow: "POST", body: "use POST\n")
        default:
            return Answer(status: .notFound, body: "try /metrics, /healthz, /status or POST /reload\n")
        }
    }

    private func reload(askedOn channel: any Channel) async -> Answer {
        guard let user = await PeerCredentials.user(of: channel), user == 0 || user == geteuid() else {
            return Answer(status: .forbidden, body: "only root or the sensor's own user may reload\n")
        }
        let outcome = await source.reload()
        let status: HTTPResponse.Status =
            switch outcome {
            case .reloaded: .ok
            case .refused: .conflict
            }
        return Answer(status: status, contentType: "application/json", body: outcome.json)
    }

    private func hasSmallBody(_ request: Request) async throws -> Bool {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > Self.bodyLimit { return false }
        var received = 0
        for try await part in request.body {
            received += part.readableBytes
            if received > Self.bodyLimit { return false }
        }
        return true
    }

    private func write(
        _ answer: Answer,
        isHead: Bool,
        closes: Bool,
        _ writer: consuming ResponseWriter
    ) async throws {
        let body = ByteBuffer(string: answer.body)
        var fields = HTTPFields()
        fields[.contentType] = answer.contentType
        fields[.contentLength] = String(body.readableBytes)
        fields[.cacheControl] = "no-store"
        if let allow = answer.allow { fields[.allow] = allow }
        if closes { fields[.connection] = "close" }
        let head = HTTPResponse(status: answer.status, headerFields: fields)
        try await writer.write(response: head, body: isHead ? ResponseBody() : ResponseBody(byteBuffer: body))
    }
}

/// Who is at the other end of a Unix socket, laid out as the kernel's `struct ucred` (unix(7), SO_PEERCRED).
struct PeerCredentials: Sendable {
    var process: pid_t = 0
    var user: uid_t = uid_t.max
    var group: gid_t = gid_t.max

    /// The effective user of the process that connected, as the kernel noted it then; nil when it cannot be told.
    static func user(of channel: any Channel) async -> uid_t? {
        guard let options = channel as? any SocketOptionProvider else { return nil }
        // SAFETY: the type asked for has the layout that SO_PEERCRED fills: three 32-bit integers.
        let credentials: EventLoopFuture<PeerCredentials> = options.unsafeGetSocketOption(
            level: .socket,
            name: .init(rawValue: SO_PEERCRED)
        )
        return try? await credentials.get().user
    }
}
