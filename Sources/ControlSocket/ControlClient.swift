import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// Asks a running sensor over its control socket.
package enum ControlClient {
    /// The most bytes of an answer that are read.
    private static let answerLimit = 16 * 1024 * 1024

    /// Sends one request and waits for its whole answer.
    ///
    /// - Parameters:
    ///   - method: `GET` or `POST`.
    ///   - path: the resource, `/status` for one.
    ///   - body: what goes with a `POST`.
    ///   - socketPath: where the sensor's socket is.
    ///   - accept: the value of the `Accept` field, if one is to be sent.
    ///   - timeout: how long all of it may take.
    /// - Returns: the answer's status and its body.
    /// - Throws: ``ControlClientError``.
    package static func request(
        method: String = "GET",
        path: String,
        body: [UInt8] = [],
        socketPath: String,
        accept: String? = nil,
        timeout: Duration = .seconds(10)
    ) async throws(ControlClientError) -> (status: Int, body: [UInt8]) {
        guard !socketPath.isEmpty, socketPath.utf8.count <= SocketFile.longestPath else {
            throw .pathTooLong(socketPath, limit: SocketFile.longestPath)
        }
        var head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: method), uri: path)
        head.headers.add(name: "Host", value: "localhost")
        head.headers.add(name: "Connection", value: "close")
        if method != "GET" { head.headers.add(name: "Content-Length", value: String(body.count)) }
        if let accept { head.headers.add(name: "Accept", value: accept) }
        let request = head
        let outcome = await withTaskGroup(of: Result<(status: Int, body: [UInt8]), ControlClientError>.self) { tasks in
            tasks.addTask { await exchange(request, body, socketPath) }
            tasks.addTask {
                // Cancelled as soon as the answer is there, and then nobody reads what it returns.
                try? await Task.sleep(for: timeout)
                return .failure(.timeout(socketPath, timeout))
            }
            let first = await tasks.next()
            tasks.cancelAll()
            return first ?? .failure(.brokenAnswer(socketPath))
        }
        return try outcome.get()
    }

    /// Connects, and waits for its turn where more clients than the socket's backlog has room for are before it: a Unix socket then says
    /// EAGAIN, and nothing tells when there is room.
    private static func connect(
        _ socketPath: String
    ) async throws -> NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart> {
        while true {
            do {
                return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connect(unixDomainSocketPath: socketPath) { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHTTPClientHandlers()
                            return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
                                wrappingChannelSynchronously: channel
                            )
                        }
                    }
            } catch let error as IOError where error.errnoCode == EAGAIN {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    private static func exchange(
        _ request: HTTPRequestHead,
        _ content: [UInt8],
        _ socketPath: String
    ) async -> Result<(status: Int, body: [UInt8]), ControlClientError> {
        do {
            let channel = try await connect(socketPath)
            return try await channel.executeThenClose { inbound, outbound in
                let parts = content.isEmpty ? [] : [HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: content)))]
                try await outbound.write(contentsOf: [.head(request)] + parts + [.end(nil)])
                var status: Int?
                var body: [UInt8] = []
                for try await part in inbound {
                    switch part {
                    case .head(let head):
                        status = Int(head.status.code)
                    case .body(let buffer):
                        body.append(contentsOf: buffer.readableBytesView)
                        guard body.count <= answerLimit else { return .failure(.brokenAnswer(socketPath)) }
                    case .end:
                        guard let status else { return .failure(.brokenAnswer(socketPath)) }
                        return .success((status, body))
                    }
                }
                return .failure(.brokenAnswer(socketPath))
            }
        } catch let error as IOError {
            return .failure(ControlClientError(errno: error.errnoCode, socketPath))
        } catch {
            return .failure(.brokenAnswer(socketPath))
        }
    }
}

extension ControlClient {
    /// Has the sensor read its lists anew.
    ///
    /// - Parameters:
    ///   - socketPath: where the sensor's socket is.
    ///   - timeout: how long all of it may take.
    /// - Returns: what is active now, or why nothing has changed.
    /// - Throws: ``ControlClientError``.
    package static func reload(
        socketPath: String,
        timeout: Duration = .seconds(600)
    ) async throws(ControlClientError) -> ReloadDocument {
        try await lists("/reload", socketPath, timeout)
    }

    /// Makes the snapshot before the active one active again.
    ///
    /// - Parameters:
    ///   - socketPath: where the sensor's socket is.
    ///   - timeout: how long all of it may take.
    /// - Returns: what is active now, or why nothing has changed.
    /// - Throws: ``ControlClientError``.
    package static func rollback(
        socketPath: String,
        timeout: Duration = .seconds(10)
    ) async throws(ControlClientError) -> ReloadDocument {
        try await lists("/rollback", socketPath, timeout)
    }

    /// Has the sensor start the program that is installed now, and leave its queues to it.
    ///
    /// - Parameters:
    ///   - socketPath: where the sensor's socket is.
    ///   - timeout: how long all of it may take.
    /// - Returns: which process has the queues now, or why nothing has changed.
    /// - Throws: ``ControlClientError``.
    package static func upgrade(
        socketPath: String,
        timeout: Duration = .seconds(600)
    ) async throws(ControlClientError) -> UpgradeDocument {
        let answer = try await change("/upgrade", [], socketPath, timeout)
        guard let document = try? UpgradeDocument(json: answer) else { throw .brokenAnswer(socketPath) }
        return document
    }

    /// Stops all blocking, or lets it go on; names are counted all the same.
    ///
    /// - Parameters:
    ///   - isOn: whether blocking shall be switched off.
    ///   - socketPath: where the sensor's socket is.
    ///   - timeout: how long all of it may take.
    /// - Returns: what holds now, or why nothing has changed.
    /// - Throws: ``ControlClientError``.
    package static func setKillSwitch(
        _ isOn: Bool,
        socketPath: String,
        timeout: Duration = .seconds(10)
    ) async throws(ControlClientError) -> ControlDocument {
        try await control("/kill-switch?state=\(isOn ? "on" : "off")", [], socketPath, timeout)
    }

    /// Lets a name pass, whatever the lists say of it, for a while or no longer.
    ///
    /// The name is sent in the request's body, and no error repeats it.
    ///
    /// - Parameters:
    ///   - name: the name in UTF-8; the sensor brings it into the form it has on the wire.
    ///   - change: for how long, or that it shall pass no longer.
    ///   - socketPath: where the sensor's socket is.
    ///   - timeout: how long all of it may take.
    /// - Returns: what holds now, or why nothing has changed.
    /// - Throws: ``ControlClientError``.
    package static func pass(
        _ name: [UInt8],
        _ change: PassRequest.Change,
        socketPath: String,
        timeout: Duration = .seconds(10)
    ) async throws(ControlClientError) -> ControlDocument {
        let path = change == .takeBack ? "/pass?remove=1" : "/pass"
        return try await control(path, PassRequest.text(name, change), socketPath, timeout)
    }

    private static func lists(
        _ path: String,
        _ socketPath: String,
        _ timeout: Duration
    ) async throws(ControlClientError) -> ReloadDocument {
        let answer = try await change(path, [], socketPath, timeout)
        guard let document = try? ReloadDocument(json: answer) else { throw .brokenAnswer(socketPath) }
        return document
    }

    private static func control(
        _ path: String,
        _ body: [UInt8],
        _ socketPath: String,
        _ timeout: Duration
    ) async throws(ControlClientError) -> ControlDocument {
        let answer = try await change(path, body, socketPath, timeout)
        guard let document = try? ControlDocument(json: answer) else { throw .brokenAnswer(socketPath) }
        return document
    }

    /// The object that a change is answered with, whether it was carried out (200) or refused (409).
    private static func change(
        _ path: String,
        _ body: [UInt8],
        _ socketPath: String,
        _ timeout: Duration
    ) async throws(ControlClientError) -> [UInt8] {
        let answer = try await request(
            method: "POST",
            path: path,
            body: body,
            socketPath: socketPath,
            timeout: timeout
        )
        guard answer.status == 200 || answer.status == 409 else {
            throw ControlClientError(status: answer.status, body: answer.body, socketPath)
        }
        return answer.body
    }
}

/// Why a running sensor cannot be asked; each is one line that names the socket and the mend.
package enum ControlClientError: Error, Equatable, CustomStringConvertible {
    /// There is no file at the path.
    case noSocket(String)
    /// There is a file, but nobody listens at it.
    case nobodyListens(String)
    /// The file's mode or its directory's keeps this user out.
    case notPermitted(String)
    /// The path does not fit into a Unix socket address.
    case pathTooLong(String, limit: Int)
    /// No whole answer came in time.
    case timeout(String, Duration)
    /// What came was not an HTTP answer, or it ended early or grew too long.
    case brokenAnswer(String)
    /// The sensor says that it cannot be asked that, by this user or at all, with its line.
    case answered(String, status: Int, line: String)
    /// Another error of the system, with its reason.
    case failed(path: String, reason: String)

    init(errno code: CInt, _ path: String) {
        self =
            switch code {
            case ENOENT, ENOTDIR: .noSocket(path)
            case ECONNREFUSED: .nobodyListens(path)
            case EACCES, EPERM: .notPermitted(path)
            case ECONNRESET, EPIPE: .brokenAnswer(path)
            default: .failed(path: path, reason: systemReason(code))
            }
    }

    /// What an answer of another status says: its first line, without what could steer a terminal.
    package init(status: Int, body: [UInt8], _ path: String) {
        let line = body.prefix(200).prefix { $0 >= 0x20 && $0 < 0x7F }
        self = .answered(path, status: status, line: String(decoding: line, as: UTF8.self))
    }

    /// The line for the operator.
    package var description: String {
        switch self {
        case .noSocket(let path):
            "\(path): no such socket; is the sensor running, and does it use this path?"
        case .nobodyListens(let path):
            "\(path): nobody listens there; the sensor has ended or the path is not its socket"
        case .notPermitted(let path):
            "\(path): permission denied; run as root or as a member of the socket's group"
        case .pathTooLong(let path, let limit):
            "\(path): longer than the \(limit) bytes a socket's path may have; choose a shorter one"
        case .timeout(let path, let limit):
            "\(path): no answer within \(limit); see whether the sensor is busy or stopped"
        case .brokenAnswer(let path):
            "\(path): the answer was cut short or is not HTTP; is this the sensor's socket?"
        case .answered(let path, let status, let line):
            "\(path): the sensor answered \(status): \(line)"
        case .failed(let path, let reason):
            "\(path): cannot ask the sensor: \(reason)"
        }
    }
}
