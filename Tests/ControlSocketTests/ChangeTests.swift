import Foundation
import Glibc
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import ControlSocket

/// A name that no output may repeat.
private let planted = "planted-name.example.test"

@Suite("Changes over the control socket", .timeLimit(.minutes(10)))
struct ChangeTests: SocketSuite {
    let place: SocketPlace

    init() throws { place = try SocketPlace() }

    private func ask(
        _ resource: String,
        method: String = "POST",
        body: String = ""
    ) async throws(ControlClientError) -> (status: Int, body: String) {
        try await ask(resource, method: method, bytes: Array(body.utf8))
    }

    private func ask(
        _ resource: String,
        method: String = "POST",
        bytes: [UInt8]
    ) async throws(ControlClientError) -> (status: Int, body: String) {
        let answer = try await ControlClient.request(
            method: method,
            path: resource,
            body: bytes,
            socketPath: path,
            timeout: patience
        )
        return (answer.status, String(decoding: answer.body, as: UTF8.self))
    }

    /// Asks, and expects this answer.
    private func expect(
        _ resource: String,
        method: String = "POST",
        body: String = "",
        gives status: Int,
        _ text: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws(ControlClientError) {
        let answer = try await ask(resource, method: method, body: body)
        #expect(answer.status == status, sourceLocation: sourceLocation)
        if let text { #expect(answer.body == text, sourceLocation: sourceLocation) }
    }

    // MARK: - What is carried out, and for whom

    @Test func `each change reaches the sensor with the user who asks`() async throws {
        let sensor = TestSensor(controlOutcome: .done(killSwitch: true, passes: 3, endsAt: 1_763_776_900.5))
        try await serving(open(sensor)) {
            let reload = #"{"reloaded":true,"snapshot_generation":2,"lists":[{"id":"police","entries":3,"added":1}]}"#
            let done = #"{"done":true,"kill_switch":true,"passes":3,"ends_at":1763776900.5}"#
            try await expect("/reload", gives: 200, reload + "\n")
            try await expect("/rollback", gives: 200, reload + "\n")
            try await expect("/kill-switch?state=on", gives: 200, done + "\n")
            try await expect("/kill-switch?state=off", gives: 200, done + "\n")
            try await expect("/pass", body: "3600\n\(planted)", gives: 200, done + "\n")
            try await expect("/pass?remove=1", body: planted, gives: 200, done + "\n")
            let user = geteuid()
            let letPass = try PassRequest(text: Array("3600\n\(planted)".utf8), takesBack: false)
            let takeBack = try PassRequest(text: Array(planted.utf8), takesBack: true)
            #expect(
                sensor.changes == [
                    .reload(user: user), .rollback(user: user), .killSwitch(isOn: true, user: user),
                    .killSwitch(isOn: false, user: user), .pass(letPass, user: user), .pass(takeBack, user: user),
                ]
            )
        }
    }

    @Test func `a refused change is a conflict with its reason`() async throws {
        let sensor = TestSensor(
            outcome: .refused(reason: "there is no snapshot before this one"),
            controlOutcome: .refused(reason: "so many names pass already")
        )
        try await serving(open(sensor)) {
            let rollback = #"{"reloaded":false,"reason":"there is no snapshot before this one"}"# + "\n"
            let pass = #"{"done":false,"reason":"so many names pass already"}"# + "\n"
            try await expect("/rollback", gives: 409, rollback)
            try await expect("/pass", body: "60\n\(planted)\n", gives: 409, pass)
            try await expect("/kill-switch?state=on", gives: 409, pass)
        }
    }

    @Test(arguments: ["/rollback", "/kill-switch?state=on", "/pass", "/pass?remove=1"])
    func `a change is asked for with POST alone`(resource: String) async throws {
        let sensor = TestSensor()
        try await serving(open(sensor)) {
            for method in ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"] {
                let answer = try await ask(resource, method: method)
                #expect(answer.status == 405, "\(method)")
                #expect(answer.body == (method == "HEAD" ? "" : "use POST\n"), "\(method)")
            }
            let head = "GET \(resource) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            let answer = try await rawExchange(path, [head])
            #expect(answer.contains("Allow: POST\r\n"))
            #expect(sensor.changes == [])
        }
    }

    @Test(arguments: ["/rollback", "/kill-switch?state=on", "/pass"])
    func `a sensor that does not offer a change has no such resource`(resource: String) async throws {
        let socket = try ControlSocket(path: path, source: TestSensor().plainSource, logger: log.logger)
        try await serving(socket) {
            try await expect(resource, gives: 404)
            try await expect(resource, method: "GET", gives: 404)
        }
    }

    @Test(.enabled(if: getuid() == 0, "needs root"))
    func `another user may read and change nothing`() async throws {
        let sensor = TestSensor()
        try await serving(open(sensor)) {
            try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: directory.path)
            try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: path)
            let other = ["--reuid", "65534", "--regid", "65534", "--clear-groups", "/usr/bin/curl", "-sS", "-i"]
            for resource in ["reload", "rollback", "kill-switch?state=on", "kill-switch", "pass", "pass?remove=1"] {
                let answer = try await run(
                    "/usr/bin/setpriv",
                    other + ["--data-binary", "60\n\(planted)", "--unix-socket", path, "http://localhost/\(resource)"]
                )
                #expect(answer.output.hasPrefix("HTTP/1.1 403 "), "\(resource): \(answer.output)")
                #expect(answer.output.hasSuffix("\r\nonly root or the sensor's own user may do that\n"))
            }
            #expect(sensor.changes == [])
        }
    }

    // MARK: - What is no request

    @Test(
        arguments: [
            "", "?", "?state", "?state=", "?state=ON", "?state=1", "?state=on&state=off", "?state=on&", "?State=on",
            "?state=%6fn", "?x=1", "?state=on%00",
        ]
    )
    func `the kill switch takes on and off alone`(query: String) async throws {
        let sensor = TestSensor()
        try await serving(open(sensor)) {
            let answer = try await ask("/kill-switch" + query)
            #expect(answer == (400, "ask for state=on or state=off\n"))
            #expect(sensor.changes == [])
        }
    }

    @Test(arguments: ["?remove=0", "?remove", "?remove=1&x", "?name=\(planted)", "?seconds=60", "?"])
    func `a pass takes nothing else in its address`(query: String) async throws {
        let sensor = TestSensor()
        try await serving(open(sensor)) {
            let answer = try await ask("/pass" + query, body: "60\nother.test")
            #expect(answer.status == 400)
            #expect(answer.body == "ask for remove=1 or nothing; the name belongs in the body\n")
            #expect(sensor.changes == [])
        }
    }

    @Test(
        arguments: [
            ("", .lines), (planted, .lines), ("\n", .lines), ("60", .lines), ("60\n", .lines),
            ("60\n\n", .name), ("60\n\(planted)\n\n", .lines), ("60\n\(planted)\nother.test", .lines),
            ("\n\(planted)", .duration), ("0\n\(planted)", .duration), ("-1\n\(planted)", .duration),
            ("+1\n\(planted)", .duration), ("1.5\n\(planted)", .duration), ("1e3\n\(planted)", .duration),
            (" 60\n\(planted)", .duration), ("60 \n\(planted)", .duration), ("60s\n\(planted)", .duration),
            ("60\r\n\(planted)", .duration), ("31536001\n\(planted)", .duration), ("٦٠\n\(planted)", .duration),
            ("4294967356\n\(planted)", .duration), ("18446744073709551676\n\(planted)", .duration),
            ("60\n\(planted)\r\n", .name), ("60\n\(planted)\0", .name), ("60\n\t\(planted)", .name),
            ("60\n\(planted)\u{7F}", .name),
        ] as [(String, PassRequest.Fault)]
    )
    func `a malformed pass is refused in one line that repeats nothing`(
        body: String,
        fault: PassRequest.Fault
    ) async throws {
        let sensor = TestSensor()
        try await serving(open(sensor)) {
            let answer = try await ask("/pass", body: body)
            #expect(answer == (400, fault.rawValue + "\n"))
            #expect(answer.body.contains("planted") == false)
            #expect(sensor.changes == [])
        }
    }

    @Test func `a name taken back stands alone in the body`() async throws {
        let sensor = TestSensor()
        try await serving(open(sensor)) {
            for body in ["60\n\(planted)", "\(planted)\n\n", "\n\(planted)"] {
                let answer = try await ask("/pass?remove=1", body: body)
                #expect(answer == (400, "there is not just one line for the name\n"), "\(body)")
            }
            try await expect("/pass?remove=1", gives: 400, PassRequest.Fault.name.rawValue + "\n")
            #expect(sensor.changes == [])
        }
    }

    @Test(
        arguments: [[0xFF], [0xC3, 0x28], [0xED, 0xA0, 0x80], [0xC0, 0xAE], [0xF5, 0x80, 0x80, 0x80]] as [[UInt8]]
    )
    func `a name that is not UTF-8 is refused`(bytes: [UInt8]) async throws {
        let sensor = TestSensor()
        try await serving(open(sensor)) {
            let answer = try await ask("/pass", bytes: Array("60\nexample".utf8) + bytes + Array(".test".utf8))
            #expect(answer == (400, PassRequest.Fault.name.rawValue + "\n"))
            #expect(sensor.changes == [])
        }
    }

    @Test func `a name may fill the body and not more`() async throws {
        let sensor = TestSensor()
        try await serving(open(sensor)) {
            let longest = String(repeating: "x", count: PassRequest.longestText - 3)
            try await expect("/pass", body: "60\n" + longest, gives: 200)
            try await expect("/pass", body: "60\n" + longest + "x", gives: 413, "request body too large\n")
            #expect(sensor.changes.count == 1)
            // Not one of the octets of a body that is announced as too large has to come.
            let head = "POST /pass HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1025\r\n\r\n"
            let raw = try await rawExchange(path, [head])
            #expect(raw.hasPrefix("HTTP/1.1 413 "))
        }
    }

    // MARK: - Hostile bodies

    /// The head of a pass whose body does not come as announced.
    private static let announced = "POST /pass HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"
    private static let chunked = "POST /pass HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"

    @Test(arguments: [
        announced + "60\nexample.te", chunked + "f\r\n60\nexample.te", chunked + "d\r\n60\nexample.te\r\n",
    ])
    func `a body that is cut short is no request`(request: String) async throws {
        let sensor = TestSensor()
        try await serving(open(sensor)) {
            let answer = try await rawExchange(path, [request], ends: true)
            #expect(answer.contains("HTTP/1.1 200") == false, "\(answer)")
            #expect(sensor.changes == [])
            try await expect("/healthz", method: "GET", gives: 200)
        }
    }

    @Test(arguments: ["/reload", "/rollback", "/kill-switch?state=on", "/pass"])
    func `a change whose length is not announced is refused`(resource: String) async throws {
        let sensor = TestSensor()
        try await serving(open(sensor)) {
            let head = "POST \(resource) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            let body = "Transfer-Encoding: chunked\r\n\r\n10\r\n60\nexample.test\n\r\n0\r\n\r\n"
            let raw = try await rawExchange(path, [head + body])
            #expect(raw.hasPrefix("HTTP/1.1 411 "))
            #expect(sensor.changes == [])
        }
    }

    @Test(arguments: [announced + "60\n", chunked + "64\r\n60\n"])
    func `a body that trickles holds nothing up and is cut off`(request: String) async throws {
        let sensor = TestSensor()
        try await serving(open(sensor)) {
            let clock = ContinuousClock()
            let start = clock.now
            let slow = Task {
                try await rawExchange(path, [request] + Array(repeating: "x", count: 97), pause: .seconds(2))
            }
            try await expect("/healthz", method: "GET", gives: 200)
            try await expect("/pass", body: "60\n\(planted)", gives: 200)
            _ = await slow.result
            // All of it would take 194 seconds.
            #expect(clock.now - start < .seconds(120))
            #expect(sensor.changes.count == 1)
        }
    }

    @Test func `an endless body is cut off`() async throws {
        let sensor = TestSensor()
        try await serving(open(sensor)) {
            let chunk = "40\r\n" + String(repeating: "x", count: 0x40) + "\r\n"
            let answer = try? await rawExchange(path, [Self.chunked] + Array(repeating: chunk, count: 10_000))
            #expect(answer?.hasPrefix("HTTP/1.1 413 ") ?? true)
            #expect(sensor.changes == [])
            try await expect("/healthz", method: "GET", gives: 200)
        }
    }

    // MARK: - The name is nowhere

    @Test func `the name that passes is in no answer, log line, metric, status or description`() async throws {
        let sensor = TestSensor()
        let outputs = Mutex<[String]>([])
        try await serving(open(sensor)) {
            func ask(_ resource: String, _ body: String, method: String = "POST") async throws {
                let answer = try await self.ask(resource, method: method, body: body)
                outputs.withLock { $0.append(answer.body) }
            }
            for method in ["POST", "GET", "HEAD", "PUT"] {
                for body in ["60\n\(planted)", planted, "x\n\(planted)", "60\n\(planted)\n\n", "60\n\(planted)\u{1}"] {
                    for resource in [
                        "/pass", "/pass?remove=1", "/pass?remove=\(planted)", "/pass/\(planted)", "/reload",
                    ] {
                        try await ask(resource, body, method: method)
                    }
                }
            }
            try await ask("/pass", "60\n\(planted)" + String(repeating: "x", count: 2000))
            for resource in ["/metrics", "/status"] { try await ask(resource, "", method: "GET") }
            for request in [Self.announced + "60\n\(planted)", "POST /pass \(planted)\r\n\r\n"] {
                let answer = try await rawExchange(path, [request], ends: true)
                outputs.withLock { $0.append(answer) }
            }
        }
        outputs.withLock { outputs in
            outputs += log.lines.withLock { $0 }
            for change in sensor.changes {
                guard case .pass(let request, _) = change else { continue }
                outputs += ["\(request)", String(describing: request), String(reflecting: request)]
                var dumped = ""
                dump(request, to: &dumped)
                outputs.append(dumped)
            }
            #expect(outputs.count > 100)
            for output in outputs {
                #expect(output.contains("planted") == false && output.contains("112, 108, 97") == false, "\(output)")
            }
        }
    }

    // MARK: - The client

    @Test func `the client carries the changes over`() async throws {
        let sensor = TestSensor(controlOutcome: .done(killSwitch: true, passes: 3, endsAt: 1_763_776_900.5))
        let name = Array(planted.utf8)
        try await serving(open(sensor)) {
            let reload = try await ControlClient.reload(socketPath: path, timeout: patience)
            #expect(reload.reloaded && reload.snapshotGeneration == 2 && reload.lists?.map(\.id) == ["police"])
            let rollback = try await ControlClient.rollback(socketPath: path, timeout: patience)
            #expect(rollback.reloaded && rollback.snapshotGeneration == 2 && rollback.lists?.map(\.id) == ["police"])
            let on = try await ControlClient.setKillSwitch(true, socketPath: path, timeout: patience)
            #expect(on.done && on.killSwitch == true && on.passes == 3 && on.endsAt == 1_763_776_900.5)
            _ = try await ControlClient.setKillSwitch(false, socketPath: path, timeout: patience)
            _ = try await ControlClient.pass(
                name,
                .letPass(seconds: PassRequest.longestPass),
                socketPath: path,
                timeout: patience
            )
            _ = try await ControlClient.pass(name, .takeBack, socketPath: path, timeout: patience)
            let user = geteuid()
            let letPass = try PassRequest(text: Array("31536000\n".utf8) + name, takesBack: false)
            let takeBack = try PassRequest(text: name, takesBack: true)
            #expect(
                sensor.changes == [
                    .reload(user: user), .rollback(user: user), .killSwitch(isOn: true, user: user),
                    .killSwitch(isOn: false, user: user), .pass(letPass, user: user), .pass(takeBack, user: user),
                ]
            )
            #expect(takeBack.change == .takeBack && takeBack.name == name)
        }
    }

    @Test func `the client tells of a refusal with its reason`() async throws {
        let sensor = TestSensor(outcome: .refused(reason: "why"), controlOutcome: .refused(reason: "because"))
        try await serving(open(sensor)) {
            let reload = try await ControlClient.reload(socketPath: path, timeout: patience)
            #expect(reload.reloaded == false && reload.reason == "why")
            let rollback = try await ControlClient.rollback(socketPath: path, timeout: patience)
            #expect(rollback.reloaded == false && rollback.reason == "why")
            let killSwitch = try await ControlClient.setKillSwitch(true, socketPath: path, timeout: patience)
            #expect(killSwitch.done == false && killSwitch.reason == "because" && killSwitch.killSwitch == nil)
        }
    }

    @Test func `the client's errors name the socket and never the name`() async throws {
        let sensor = TestSensor()
        try await serving(open(sensor)) {
            let names = ["\(planted)\n\(planted)", planted + "\0", "", planted + String(repeating: "x", count: 1000)]
            let lines: [PassRequest.Fault?] = [.lines, .name, .name, nil]
            for (name, fault) in zip(names, lines) {
                let error = await #expect(throws: ControlClientError.self) {
                    try await ControlClient.pass(
                        Array(name.utf8),
                        .letPass(seconds: 60),
                        socketPath: path,
                        timeout: patience
                    )
                }
                let line = fault?.rawValue ?? "request body too large"
                #expect(error == .answered(path, status: fault == nil ? 413 : 400, line: line))
                #expect(error?.description == "\(path): the sensor answered \(fault == nil ? 413 : 400): \(line)")
            }
            #expect(sensor.changes == [])
        }
        let error = await #expect(throws: ControlClientError.self) {
            try await ControlClient.pass(Array(planted.utf8), .takeBack, socketPath: path, timeout: patience)
        }
        #expect(error == .noSocket(path))
    }
}
