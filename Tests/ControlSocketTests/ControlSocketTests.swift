import Foundation
import Glibc
import NIOCore
import NIOPosix
import NetworkLab
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import ControlSocket

@Suite("Control socket", .timeLimit(.minutes(10)))
struct ControlSocketTests: SocketSuite {
    let place: SocketPlace

    init() throws { place = try SocketPlace() }

    private func ask(
        _ path: String,
        method: String = "GET",
        accept: String? = nil
    ) async throws(ControlClientError) -> (status: Int, body: String) {
        let answer = try await ControlClient.request(
            method: method,
            path: path,
            socketPath: self.path,
            accept: accept,
            timeout: patience
        )
        return (answer.status, String(decoding: answer.body, as: UTF8.self))
    }

    // MARK: - The resources

    @Test func `metrics come in the format that is asked for`() async throws {
        let sensor = TestSensor()
        try await serving(open(sensor)) {
            let plain = try await ask("/metrics")
            #expect(plain.status == 200)
            #expect(plain.body == Exposition.render(sensor.reading, as: .prometheus))
            let open = try await ask("/metrics", accept: "application/openmetrics-text;version=1.0.0")
            #expect(open.body == Exposition.render(sensor.reading, as: .openMetrics))
        }
    }

    @Test func `status is the report`() async throws {
        let sensor = TestSensor()
        try await serving(open(sensor)) {
            let answer = try await ask("/status?verbose=1")
            #expect(answer.status == 200)
            #expect(answer.body == StatusReport.render(sensor.reading) + "\n")
            let document = try StatusDocument(json: Array(answer.body.utf8))
            #expect(document.queues.map(\.dropped) == [1])
            #expect(document.lists.map(\.matches) == [1])
        }
    }

    @Test func `the page comes with its policy and without a cookie`() async throws {
        try await serving(open()) {
            let answer = try await rawExchange(path, ["GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"])
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            for field in [
                "Content-Type: text/html; charset=utf-8\r\n", "Cache-Control: no-store\r\n",
                "Content-Security-Policy: default-src 'none'; script-src 'sha256-",
                "X-Content-Type-Options: nosniff\r\n",
                "Referrer-Policy: no-referrer\r\n",
            ] {
                #expect(answer.contains("\r\n" + field), "\(field)")
            }
            #expect(answer.lowercased().contains("set-cookie") == false)
            #expect(answer.contains("\r\n\r\n<!DOCTYPE html>\n") && answer.hasSuffix("</html>\n"))
        }
    }

    @Test func `health is told by the status code`() async throws {
        let sensor = TestSensor()
        try await serving(open(sensor)) {
            let well = try await ask("/healthz")
            #expect(well == (200, "ok\n"))
            sensor.isHealthy.store(false, ordering: .relaxed)
            let unwell = try await ask("/healthz")
            #expect(unwell == (503, "not healthy\n"))
        }
    }

    @Test func `a reload answers with what became active`() async throws {
        let sensor = TestSensor()
        try await serving(open(sensor)) {
            let answer = try await ask("/reload", method: "POST")
            #expect(answer.status == 200)
            let lists = #"[{"id":"police","entries":3,"added":1}]"#
            #expect(answer.body == #"{"reloaded":true,"snapshot_generation":2,"lists":"# + lists + "}\n")
            #expect(sensor.reloads.load(ordering: .relaxed) == 1)
        }
    }

    @Test func `a refused reload is a conflict with its reason`() async throws {
        let sensor = TestSensor(outcome: .refused(reason: "police.txt:3: \"?\" is not allowed"))
        try await serving(open(sensor)) {
            let answer = try await ask("/reload", method: "POST")
            #expect(answer.status == 409)
            #expect(answer.body == #"{"reloaded":false,"reason":"police.txt:3: \"?\" is not allowed"}"# + "\n")
        }
    }

    @Test(
        arguments: [
            ("GET", "//", 404), ("POST", "/", 405), ("GET", "/metrics/", 404), ("POST", "/metrics", 405),
            ("DELETE", "/status", 405),
            ("PUT", "/healthz", 405), ("GET", "/reload", 405), ("HEAD", "/reload", 405), ("POST", "/nothing", 404),
        ]
    )
    func `everything else is refused in one line`(method: String, resource: String, status: Int) async throws {
        let sensor = TestSensor()
        try await serving(open(sensor)) {
            let answer = try await ask(resource, method: method)
            #expect(answer.status == status)
            #expect(method == "HEAD" || answer.body.split(separator: "\n").count == 1)
            #expect(sensor.reloads.load(ordering: .relaxed) == 0)
        }
    }

    @Test func `nothing is logged per request`() async throws {
        try await serving(open()) {
            for resource in ["/metrics", "/status", "/nothing", "/reload"] { _ = try await ask(resource) }
            _ = try? await rawExchange(path, ["this is not HTTP\r\n\r\n"])
        }
        #expect(log.lines.withLock { $0 } == [])
    }

    // MARK: - HTTP

    @Test func `curl gets along with it`() async throws {
        try await serving(open()) {
            let get = try await run("/usr/bin/curl", ["-sS", "-i", "--unix-socket", path, "http://localhost/metrics"])
            #expect(get.status == 0)
            #expect(get.output.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(get.output.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
            #expect(get.output.contains("\ngrindvakt_packets_total{queue=\"3\",verdict=\"drop\"} 1\n"))
            let head = try await run("/usr/bin/curl", ["-sS", "-I", "--unix-socket", path, "http://localhost/healthz"])
            #expect(head.status == 0)
            #expect(head.output.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(head.output.contains("Content-Length: 3\r\n"))
            #expect(head.output.hasSuffix("\r\n\r\n"))
            let post = try await run(
                "/usr/bin/curl",
                ["-sS", "-X", "POST", "--unix-socket", path, "http://localhost/reload"]
            )
            #expect(post.output.hasPrefix(#"{"reloaded":true"#))
            let two = ["http://localhost/healthz", "http://localhost/healthz"]
            let kept = try await run("/usr/bin/curl", ["-sS", "-v", "--unix-socket", path] + two)
            #expect(kept.output.contains("Re-using existing connection"))
        }
    }

    @Test func `requests sent at once are answered in order`() async throws {
        try await serving(open()) {
            let one = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
            let last = "GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            let answer = try await rawExchange(path, [one + one + last])
            let statuses = answer.split(separator: "\r\n").filter { $0.contains("HTTP/1.1 ") }
            #expect(statuses.count == 3)
            #expect(answer.contains("404 Not Found"))
        }
    }

    @Test(arguments: [true, false])
    func `a request with a large body is refused and its connection closed`(hasLength: Bool) async throws {
        let head = "POST /reload HTTP/1.1\r\nHost: localhost\r\n"
        let chunk = "\r\n2000\r\n" + String(repeating: "x", count: 0x2000) + "\r\n"
        let request =
            head + (hasLength ? "Content-Length: 100000000\r\n\r\nx" : "Transfer-Encoding: chunked\r\n" + chunk)
        let sensor = TestSensor()
        try await serving(open(sensor)) {
            let answer = try await rawExchange(path, [request])
            #expect(answer.hasPrefix("HTTP/1.1 413 "))
            #expect(sensor.reloads.load(ordering: .relaxed) == 0)
        }
    }

    @Test func `connections that come and go, and too many of them, leave it serving`() async throws {
        try await serving(open()) {
            for _ in 0..<300 { close(try connectedDescriptor()) }
            let held = try (0..<100).map { _ in try connectedDescriptor() }
            for descriptor in held { close(descriptor) }
            try await eventually { try await ask("/healthz").status == 200 }
        }
    }

    // MARK: - Who may reload

    @Test(.enabled(if: getuid() == 0, "needs root"))
    func `another user may read and not reload`() async throws {
        let sensor = TestSensor()
        try await serving(open(sensor)) {
            try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: directory.path)
            try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: path)
            let other = ["--reuid", "65534", "--regid", "65534", "--clear-groups", "/usr/bin/curl", "-sS"]
            let socket = ["--unix-socket", path]
            let read = try await run("/usr/bin/setpriv", other + socket + ["http://localhost/healthz"])
            #expect(read.output == "ok\n")
            let reload = try await run(
                "/usr/bin/setpriv",
                other + ["-i", "-X", "POST"] + socket + ["http://localhost/reload"]
            )
            #expect(reload.output.hasPrefix("HTTP/1.1 403 "))
            #expect(sensor.reloads.load(ordering: .relaxed) == 0)
        }
    }

    // MARK: - The socket file

    @Test func `the file has mode 0660 whatever the umask`() async {
        // In a process of its own, because the umask belongs to the whole process.
        await #expect(processExitsWith: .success) {
            for mask: mode_t in [0, 0o022, 0o077, 0o777] {
                umask(0o022)
                let directory = try TemporaryFolder()
                umask(mask)
                let path = directory["metrics.sock"]
                let socket = try ControlSocket(path: path, source: TestSensor().source, logger: LogLines().logger)
                #expect(try fileMode(socket.path) == 0o660)
                let nested = directory["run/metrics.sock"]
                let other = try ControlSocket(path: nested, source: TestSensor().source, logger: LogLines().logger)
                #expect(try fileMode(other.path) == 0o660)
                #expect(try fileMode(directory["run"]) == 0o755)
            }
        }
    }

    @Test func `the file goes away with a socket that never ran`() throws {
        do {
            let socket = try open()
            #expect(FileManager.default.fileExists(atPath: socket.path))
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `a missing directory is created, and only the last one`() throws {
        let nested = directory["run/metrics.sock"]
        let socket = try ControlSocket(path: nested, source: TestSensor().source, logger: log.logger)
        #expect(try fileMode(directory["run"]) == 0o755)
        #expect(try fileMode(socket.path) == 0o660)
        #expect(throws: ControlSocketError.noDirectory(directory["a/b"])) {
            try ControlSocket(path: directory["a/b/c.sock"], source: TestSensor().source, logger: log.logger)
        }
    }

    @Test func `a stale socket is replaced`() async throws {
        try await leaveStaleSocket(at: path)
        #expect(FileManager.default.fileExists(atPath: path))
        try await serving(open()) {
            let answer = try await ask("/healthz")
            #expect(answer.status == 200)
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `a socket in use is an error and stays`() async throws {
        let first = try open()
        #expect(throws: ControlSocketError.inUse(path)) { try open() }
        try await serving(first) {
            let answer = try await ask("/healthz")
            #expect(answer.status == 200)
        }
    }

    @Test(arguments: ["file", "directory", "link"])
    func `what is not a socket is an error and is never removed`(kind: String) throws {
        switch kind {
        case "file": try Data("precious".utf8).write(to: URL(filePath: path))
        case "directory": try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        default:
            try Data("precious".utf8).write(to: URL(filePath: directory["target"]))
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: directory["target"])
        }
        let before = try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? UInt64
        #expect(throws: ControlSocketError.notASocket(path)) { try open() }
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? UInt64 == before)
    }

    @Test func `a path that is too long is an error that says how long it may be`() {
        let long = directory[String(repeating: "x", count: 108)]
        let error = #expect(throws: ControlSocketError.self) {
            try ControlSocket(path: long, source: TestSensor().source, logger: log.logger)
        }
        #expect(error == .pathTooLong(long, limit: 107))
    }

    @Test func `the file is left alone at the end when another one has taken its place`() async throws {
        try await serving(open()) {
            try FileManager.default.removeItem(atPath: path)
            try Data("someone else's".utf8).write(to: URL(filePath: path))
        }
        #expect(FileManager.default.contents(atPath: path) == Data("someone else's".utf8))
    }

    // MARK: - The end

    @Test func `stopping takes a fraction of a second with a connection open`() async throws {
        // A moment without a processor makes one round late, never all.
        try await eventually {
            let descriptor = Mutex<CInt>(-1)
            let elapsed = try await serving(open()) {
                let connected = try connectedDescriptor()
                descriptor.withLock { $0 = connected }
                let answer = try await ask("/healthz")
                #expect(answer.status == 200)
            }
            close(descriptor.withLock { $0 })
            return elapsed < .seconds(1)
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `a reload that takes long does not keep it from stopping`() async throws {
        try await eventually {
            let sensor = TestSensor(reloadDelay: .seconds(60))
            let socket = try open(sensor)
            let elapsed = try await serving(socket) {
                Task { try await reload() }
                try await eventually { sensor.reloads.load(ordering: .relaxed) == 1 }
            }
            return elapsed < .seconds(5)
        }
    }

    @Test func `a cancelled run ends and tidies up`() async throws {
        let socket = try open()
        let task = Task { try await socket.run() }
        _ = try await ControlClient.request(path: "/healthz", socketPath: path, timeout: patience)
        task.cancel()
        _ = await task.result
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    // MARK: - Means

    private func connectedDescriptor() throws -> CInt {
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        #expect(SocketFile.connect(descriptor, path) == 0)
        return descriptor
    }
}

/// The permission bits of a file.
func fileMode(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
}

/// Runs a program to its end; what it wrote to standard output, then what it wrote to standard error. The status is nil where it did not exit.
func run(_ program: String, _ arguments: [String]) async throws -> (status: Int32?, output: String) {
    let result = try await Command.run([program] + arguments, timeLimit: .seconds(120))
    let status: Int32? = if case .exited(let status) = result.status { status } else { nil }
    return (status, result.output + result.errors)
}

/// How long an answer may take before a test takes it for missing. It comes within milliseconds; beside two thousand other tests on two processors,
/// some of which hold a thread for many seconds, it has once taken more than thirty.
let patience = Duration.seconds(300)

/// Waits until the condition holds, as long as the patience lasts.
func eventually(_ condition: () async throws -> Bool) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + patience
    while clock.now < deadline {
        if (try? await condition()) == true { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("the condition did not come to hold")
}
