import Glibc
import Hummingbird
import HummingbirdCore
import NIOCore
import StatusPage
import Telemetry

/// Answers the requests of the control socket; one line of body for everything but the resources.
///
/// Guarantees: nothing of a request is repeated in an answer.
struct ControlResponder: Sendable {
    let source: ControlSource
    /// Whether nothing can be changed, as where it is not known who asks.
    var isReadOnly = false

    /// How long the answer may take to be taken: one that is not taken would hold its connection for ever.
    private static let answerTime = TimeAmount.seconds(10)
    /// The most bytes of a request's body that are read; only `/pass` needs one.
    private static let bodyLimit = PassRequest.longestText
    /// How long a request's body may take to come: one that trickles in is never idle, and would hold its connection for hours.
    private static let bodyTime = TimeAmount.seconds(5)

    private struct Answer {
        var status: HTTPResponse.Status
        var contentType = "text/plain; charset=utf-8"
        var allow: String?
        /// The fields of the request, besides `Accept-Encoding`, that the body was chosen by.
        var varies: String?
        /// Further fields of the head.
        var fields: [(name: String, value: String)] = []
        var body: String

        /// Whether the body is packed where the client can unpack it.
        var isPackable: Bool { status == .ok && body.utf8.count >= Gzip.leastSize }
    }

    /// Carries out a change that is asked for, and tells how it went.
    private typealias Change = @Sendable (_ query: String?, _ body: [UInt8], _ user: UInt32) async -> Answer

    /// The body was longer than a request needs; thrown after the answer, to close the connection.
    private struct BodyTooLarge: Error {}

    /// The body ended before the length that was announced, or took too long; thrown to close the connection.
    private struct BodyIncomplete: Error {}

    /// Answers one request.
    ///
    /// - Throws: what writing to the connection throws, and where the body is not all there; the connection is closed then.
    func respond(
        to request: Request,
        _ writer: consuming ResponseWriter,
        on channel: any Channel,
        among connections: OpenConnections
    ) async throws {
        guard let body = try await smallBody(of: request, on: channel) else {
            let answer = Answer(status: .contentTooLarge, body: "request body too large\n")
            try await write(answer, packs: false, isHead: false, closes: true, writer)
            throw BodyTooLarge()
        }
        let isChange = request.method == .post
        if isChange == false { await connections.pace(of: channel).wait() }
        connections.note(channel, isChanging: isChange)
        let answer = await answer(to: request, body, on: channel)
        connections.note(channel, isChanging: false)
        let deadline = channel.eventLoop.scheduleTask(in: Self.answerTime) { channel.close(promise: nil) }
        defer { deadline.cancel() }
        let packs = Gzip.isAccepted(request.headers[.acceptEncoding])
        try await write(answer, packs: packs, isHead: request.method == .head, closes: false, writer)
    }

    private func answer(to request: Request, _ body: [UInt8], on channel: any Channel) async -> Answer {
        let isRead = request.method == .get || request.method == .head
        switch (request.uri.path, isRead) {
        case ("/metrics", true):
            return await metrics(as: ExpositionFormat(accept: request.headers[.accept]), varies: "Accept")
        case ("/metrics.json", true):
            return await metrics(as: .json)
        case ("/status", true):
            let text = StatusReport.render(await source.reading()) + "\n"
            return Answer(status: .ok, contentType: "application/json", body: text)
        case ("/healthz", true):
            return await source.isHealthy()
                ? Answer(status: .ok, body: "ok\n")
                : Answer(status: .serviceUnavailable, body: "not healthy\n")
        case ("/", true):
            guard let page = try? StatusPage.render(await source.reading()) else {
                return Answer(status: .internalServerError, body: "the page cannot be made; /status has its figures\n")
            }
            return Answer(status: .ok, contentType: "text/html; charset=utf-8", fields: StatusPage.fields, body: page)
        case ("/metrics", _), ("/metrics.json", _), ("/status", _), ("/healthz", _), ("/", _):
            return Answer(status: .methodNotAllowed, allow: "GET, HEAD", body: "use GET\n")
        default:
            guard let change = change(at: request.uri.path) else {
                return Answer(status: .notFound, body: "try /, /metrics, /healthz, /status or POST /reload\n")
            }
            guard isReadOnly == false else {
                return Answer(
                    status: .forbidden,
                    body: "nothing can be changed here; ask on the sensor's Unix socket\n"
                )
            }
            guard request.method == .post else {
                return Answer(status: .methodNotAllowed, allow: "POST", body: "use POST\n")
            }
            guard let user = await PeerCredentials.user(of: channel), user == 0 || user == geteuid() else {
                return Answer(status: .forbidden, body: "only root or the sensor's own user may do that\n")
            }
            guard request.headers[.transferEncoding] == nil else {
                return Answer(status: .lengthRequired, body: "send a Content-Length\n")
            }
            return await change(request.uri.query, body, user)
        }
    }

    private func metrics(as format: ExpositionFormat, varies: String? = nil) async -> Answer {
        let text = Exposition.render(await source.reading(), as: format)
        return Answer(status: .ok, contentType: format.contentType, varies: varies, body: text)
    }

    /// The resources that change something; nil for a path that is none of them.
    private func change(at path: String) -> Change? {
        switch path {
        case "/reload":
            let reload = source.reload
            return { _, _, user in Self.answer(await reload(user)) }
        case "/rollback":
            guard let rollback = source.rollback else { return nil }
            return { _, _, user in Self.answer(await rollback(user)) }
        case "/kill-switch":
            guard let setKillSwitch = source.setKillSwitch else { return nil }
            return { query, _, user in
                switch query {
                case "state=on": Self.answer(await setKillSwitch(true, user))
                case "state=off": Self.answer(await setKillSwitch(false, user))
                default: Answer(status: .badRequest, body: "ask for state=on or state=off\n")
                }
            }
        case "/upgrade":
            guard let upgrade = source.upgrade else { return nil }
            return { _, _, user in Self.answer(await upgrade(user)) }
        case "/pass":
            guard let pass = source.pass else { return nil }
            return { query, body, user in
                guard query == nil || query == "remove=1" else {
                    return Answer(
                        status: .badRequest,
                        body: "ask for remove=1 or nothing; the name belongs in the body\n"
                    )
                }
                do throws(PassRequest.Fault) {
                    return Self.answer(await pass(try PassRequest(text: body, takesBack: query != nil), user))
                } catch {
                    return Answer(status: .badRequest, body: error.rawValue + "\n")
                }
            }
        default:
            return nil
        }
    }

    private static func answer(_ outcome: some ChangeOutcome) -> Answer {
        Answer(status: outcome.isDone ? .ok : .conflict, contentType: "application/json", body: outcome.json)
    }

    private func smallBody(of request: Request, on channel: any Channel) async throws -> [UInt8]? {
        let announced = request.headers[.contentLength].flatMap { Int($0) }
        if let announced, announced > Self.bodyLimit { return nil }
        let deadline = channel.eventLoop.scheduleTask(in: Self.bodyTime) { channel.close(promise: nil) }
        defer { deadline.cancel() }
        var received: [UInt8] = []
        for try await part in request.body {
            guard received.count + part.readableBytes <= Self.bodyLimit else { return nil }
            received.append(contentsOf: part.readableBytesView)
        }
        // The end of the connection looks like the end of the body, so half a request must not pass for a whole one.
        guard announced == nil || announced == received.count else { throw BodyIncomplete() }
        return received
    }

    private func write(
        _ answer: Answer,
        packs: Bool,
        isHead: Bool,
        closes: Bool,
        _ writer: consuming ResponseWriter
    ) async throws {
        let packed = packs && answer.isPackable ? Gzip.pack(Array(answer.body.utf8)) : nil
        let body = packed.map { ByteBuffer(bytes: $0) } ?? ByteBuffer(string: answer.body)
        var fields = HTTPFields()
        if packed != nil { fields[.contentEncoding] = "gzip" }
        let varies = [answer.varies, answer.isPackable ? "Accept-Encoding" : nil].compactMap(\.self)
        if varies.isEmpty == false { fields[.vary] = varies.joined(separator: ", ") }
        fields[.contentType] = answer.contentType
        fields[.contentLength] = String(body.readableBytes)
        fields[.cacheControl] = "no-store"
        if let allow = answer.allow { fields[.allow] = allow }
        for (name, value) in answer.fields {
            if let name = HTTPFields.Element.Name(name) { fields[name] = value }
        }
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
