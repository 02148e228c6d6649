import Foundation
import Glibc
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import ControlSocket

/// Descriptors that are closed with the value.
private final class Descriptors: Sendable {
    private let all = Mutex<[CInt]>([])

    deinit {
        for descriptor in all.withLock({ $0 }) { close(descriptor) }
    }

    var list: [CInt] { all.withLock { $0 } }

    /// Connects and sends a text, as much of it as the socket takes.
    func connect(_ path: String, _ text: String = "") {
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        #expect(SocketFile.connect(descriptor, path) == 0)
        all.withLock { $0.append(descriptor) }
        send(text, to: descriptor)
    }

    func send(_ text: String, to descriptor: CInt) {
        let octets = Array(text.utf8)
        // SAFETY: the octets outlive the call.
        _ = unsafe Glibc.send(descriptor, octets, octets.count, CInt(MSG_DONTWAIT | MSG_NOSIGNAL))
    }

    /// How many the other side has closed.
    var closedCount: Int {
        list.count { descriptor in
            var octet: UInt8 = 0
            // SAFETY: one octet is room for one octet.
            let count = unsafe recv(descriptor, &octet, 1, CInt(MSG_DONTWAIT | MSG_PEEK))
            return count == 0 || (count < 0 && errno != EAGAIN)
        }
    }
}

@Suite("Hostile clients", .serialized, .timeLimit(.minutes(10)))
struct HostileClientTests: SocketSuite {
    let place: SocketPlace

    init() throws { place = try SocketPlace() }

    /// Expects an answer.
    private func expectAnswer(_ sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let answer = try await ControlClient.request(path: "/metrics", socketPath: path, timeout: patience)
        #expect(answer.status == 200, sourceLocation: sourceLocation)
    }

    @Test func `a thousand connections that say nothing make room for one that asks`() async throws {
        try await serving(open()) {
            let held = Descriptors()
            for _ in 0..<1_000 { held.connect(path) }
            try await expectAnswer()
            try await eventually { held.closedCount >= 1_000 - HTTPService.connectionLimit }
            try await expectAnswer()
        }
    }

    @Test(arguments: [
        "GET /metr", "GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        "POST /pass HTTP/1.1\r\nContent-Length: 9\r\n\r\n1",
    ])
    func `requests that trickle in on every connection hold nobody up`(beginning: String) async throws {
        let sensor = TestSensor()
        try await serving(open(sensor)) {
            let held = Descriptors()
            for _ in 0..<HTTPService.connectionLimit { held.connect(path, beginning) }
            for _ in 0..<5 {
                for descriptor in held.list { held.send("x", to: descriptor) }
                try await expectAnswer()
            }
        }
        #expect(sensor.changes == [])
    }

    @Test(arguments: [
        "GET /metrics HTTP/1.1\r\nX: \(String(repeating: "x", count: 100_000))\r\n\r\n",
        "GET /metrics HTTP/1.1\r\n" + String(repeating: "X: y\r\n", count: 10_000) + "\r\n",
        "GET /\(String(repeating: "x", count: 100_000)) HTTP/1.1\r\n\r\n",
        String(repeating: "\u{0}", count: 100_000), "GET /metrics HTTP/9.9\r\n\r\n", "\r\n\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ])
    func `what is too large or no request at all is answered shortly or cut off`(text: String) async throws {
        try await serving(open()) {
            let answer = try? await rawExchange(path, [text], ends: true)
            #expect((answer?.utf8.count ?? 0) < 65_536)
            #expect(answer?.contains("xxxx") != true, "the answer repeats the request")
            try await expectAnswer()
        }
        #expect(log.lines.withLock { $0 } == [])
    }

    @Test func `half requests whose clients go away leave nothing`() async throws {
        try await serving(open()) {
            for _ in 0..<20 {
                let gone = Descriptors()
                for _ in 0..<20 { gone.connect(path, "GET /metrics HTTP/1.1\r\nHo") }
            }
            try await expectAnswer()
        }
    }

    @Test func `clients that ask without end and never read take little memory and hold nobody up`() async throws {
        try await serving(open()) {
            try await expectAnswer()
            let statistics = ProcessStatisticsSource()
            let before = try #require(statistics.read()?.residentBytes)
            let requests = String(repeating: "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", count: 5_000)
            let held = Descriptors()
            for _ in 0..<HTTPService.connectionLimit { held.connect(path, requests) }
            for _ in 0..<10 {
                for descriptor in held.list { held.send(requests, to: descriptor) }
                try await expectAnswer()
            }
            let after = try #require(statistics.read()?.residentBytes)
            #expect(Int64(after) - Int64(before) < 64 << 20, "\(before) to \(after)")
        }
    }

    @Test func `a change that takes long is not broken off by those who come meanwhile`() async throws {
        let sensor = TestSensor(reloadDelay: .seconds(3))
        try await serving(open(sensor)) {
            let reload = Task { try await self.reload() }
            try await eventually { sensor.reloads.load(ordering: .relaxed) == 1 }
            let held = Descriptors()
            for _ in 0..<150 { held.connect(path) }
            try await eventually { held.closedCount >= 150 - HTTPService.connectionLimit }
            #expect(try await reload.value == 200)
        }
    }

    @Test func `a connection that stays open gets a burst at once and then a few answers a second`() async throws {
        try await serving(open()) {
            let clock = ContinuousClock()
            let start = clock.now
            let one = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
            let last = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            let answers = try await rawExchange(path, [String(repeating: one, count: 19) + last])
            #expect(answers.split(separator: "\r\n").count { $0.hasSuffix("HTTP/1.1 200 OK") } == 20)
            #expect(clock.now - start > .milliseconds(700), "sixteen at once, four a second after that")
            try await expectAnswer()
        }
    }

    @Test func `a pace lets a burst through and spaces out the rest`() async {
        let clock = ContinuousClock()
        var start = clock.now
        let slow = Pace(rate: 1, burst: 100)
        for _ in 0..<100 { await slow.wait() }
        #expect(clock.now - start < .seconds(90), "one after the other they would take 100")
        start = clock.now
        let pace = Pace(rate: 50, burst: 5)
        for _ in 0..<15 { await pace.wait() }
        #expect(clock.now - start >= .milliseconds(190))
    }
}
