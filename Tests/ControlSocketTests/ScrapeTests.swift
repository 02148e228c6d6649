import Foundation
import Glibc
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import ControlSocket

@Suite("Scrapes", .timeLimit(.minutes(10)))
struct ScrapeTests: SocketSuite {
    let place: SocketPlace

    init() throws { place = try SocketPlace() }

    private func listen(
        _ sensor: TestSensor = TestSensor(),
        _ address: String = "127.0.0.1"
    ) throws(ControlSocketError) -> MetricsListener {
        try MetricsListener(address: address, port: 0, source: sensor.source, logger: log.logger)
    }

    /// What curl prints of an answer, head and body.
    private func curl(_ arguments: [String], head: [String] = ["-i"]) async throws -> String {
        let result = try await run("/usr/bin/curl", ["-sS", "--max-time", "30"] + head + arguments)
        try #require(result.status == 0, "\(result)")
        return result.output
    }

    // MARK: - Forms

    @Test func `the JSON form is the same reading`() async throws {
        let sensor = TestSensor()
        try await serving(open(sensor)) {
            let answer = try await curl(["--unix-socket", path, "http://localhost/metrics.json"])
            #expect(answer.contains("\r\nContent-Type: application/json\r\n"))
            #expect(answer.hasSuffix("\r\n\r\n" + Exposition.render(sensor.reading, as: .json)))
        }
    }

    @Test(arguments: ["/metrics", "/metrics.json", "/status"])
    func `a body is packed for whom can unpack it, and says so`(resource: String) async throws {
        try await serving(open()) {
            let plain = try await curl(["--unix-socket", path, "http://localhost\(resource)"])
            #expect(plain.contains("Content-Encoding") == false)
            let packed = directory["packed"]
            let head = try await curl(
                ["--unix-socket", path, "-H", "Accept-Encoding: gzip", "-o", packed, "http://localhost\(resource)"],
                head: ["-D", "-"]
            )
            #expect(head.contains("\r\nContent-Encoding: gzip\r\n"))
            let vary = resource == "/metrics" ? "Accept, Accept-Encoding" : "Accept-Encoding"
            #expect(head.contains("\r\nVary: \(vary)\r\n") && plain.contains("\r\nVary: \(vary)\r\n"))
            let size = try #require(FileManager.default.contents(atPath: packed)?.count)
            #expect(head.contains("\r\nContent-Length: \(size)\r\n"))
            // gzip checks the checksum and the length in the trailer.
            let unpacked = try await run("/bin/sh", ["-c", "gzip -dc < '\(packed)'"])
            #expect(unpacked.status == 0)
            let body = try #require(plain.range(of: "\r\n\r\n")).upperBound
            #expect(unpacked.output == plain[body...])
            #expect(size * 2 < unpacked.output.utf8.count)
        }
    }

    @Test func `what is small, or is no success, is sent as it is`() async throws {
        try await serving(open()) {
            for resource in ["/healthz", "/nothing"] {
                let answer = try await curl([
                    "--unix-socket", path, "-H", "Accept-Encoding: gzip", "http://localhost\(resource)",
                ])
                #expect(answer.contains("Content-Encoding") == false && answer.contains("Vary") == false)
            }
        }
    }

    @Test(
        arguments: [
            (nil, false), ("", false), ("gzip", true), ("GZIP", true), ("x-gzip", true), ("deflate, gzip;q=0.5", true),
            ("gzip;q=0", false), ("gzip;q=0.000", false), ("*", true), ("*;q=0", false), ("gzip;q=0, *", false),
            ("identity", false), ("gzip;q=0.5, identity", false), ("gzip, identity;q=0.5", true), ("br", false),
            ("gzip;q=nonsense", false), (",,;;,gzip", true), ("gzipped", false),
        ] as [(String?, Bool)]
    )
    func `who can unpack is told by Accept-Encoding`(field: String?, expected: Bool) {
        #expect(Gzip.isAccepted(field) == expected)
    }

    @Test(arguments: [0, 1, 1023, 70_000, 1_000_000])
    func `packed octets of any number come back as they were`(count: Int) async throws {
        let octets = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 2_654_435_761 >> 7) }
        let packed = try #require(Gzip.pack(octets))
        let file = directory["octets.gz"]
        try Data(packed).write(to: URL(filePath: file))
        let unpacked = try await run("/bin/sh", ["-c", "gzip -dc '\(file)' > '\(file).out'"])
        #expect(unpacked.status == 0)
        #expect(FileManager.default.contents(atPath: file + ".out") == Data(octets))
    }

    // MARK: - TCP

    @Test(arguments: ["127.0.0.1", "::1"])
    func `a listener answers what the socket answers, and lets nothing be changed`(address: String) async throws {
        let sensor = TestSensor()
        let listener = try listen(sensor, address)
        #expect(listener.name.hasPrefix(address == "::1" ? "[::1]:" : "127.0.0.1:"))
        let origin = "http://\(listener.name)"
        try await serving(listener) {
            let metrics = try await curl([origin + "/metrics"])
            #expect(metrics.hasSuffix("\r\n\r\n" + Exposition.render(sensor.reading, as: .prometheus)))
            #expect(try await curl([origin + "/healthz"]).hasSuffix("\r\n\r\nok\n"))
            #expect(try await curl([origin + "/status"]).contains("Content-Type: application/json\r\n"))
            for change in ["/reload", "/rollback", "/kill-switch?state=on", "/pass", "/pass?remove=1"] {
                for method in ["POST", "PUT", "GET", "DELETE"] {
                    let answer = try await curl(["-X", method, "-d", "1\nname.example", origin + change])
                    #expect(answer.hasPrefix("HTTP/1.1 403 "), "\(method) \(change)")
                }
            }
            #expect(try await curl(["-X", "POST", origin + "/metrics"]).hasPrefix("HTTP/1.1 405 "))
        }
        #expect(sensor.changes == [])
        #expect(log.lines.withLock { $0 } == [])
    }

    @Test func `a listener that cannot be had is an error of one line that names the address and the mend`() throws {
        let first = try listen()
        let port = try #require(UInt16(first.name.split(separator: ":").last ?? ""))
        func fail(_ address: String, _ port: UInt16) -> ControlSocketError? {
            #expect(throws: ControlSocketError.self) {
                try MetricsListener(address: address, port: port, source: TestSensor().source, logger: log.logger)
            }
        }
        #expect(fail("127.0.0.1", port) == .addressInUse("127.0.0.1:\(port)"))
        #expect(fail("192.0.2.1", port) == .addressMissing("192.0.2.1:\(port)"))
        #expect(fail("localhost", 9469) == .notAnAddress("localhost:9469"))
        for error in [
            ControlSocketError.addressInUse("127.0.0.1:1"), .addressMissing("[2001:db8::1]:1"), .notAnAddress("x:1"),
            .noGroup("nobody-there"), .groupNotPermitted(path: "/run/x.sock", group: "adm"),
        ] {
            #expect(error.description.contains("\n") == false && error.description.contains(";"))
        }
    }

    @Test func `a listener that never ran frees its port`() throws {
        var port: UInt16 = 0
        do { port = try #require(UInt16(try listen().name.split(separator: ":").last ?? "")) }
        _ = try MetricsListener(address: "127.0.0.1", port: port, source: TestSensor().source, logger: log.logger)
    }

    // MARK: - Who may connect

    @Test(arguments: [0o600, 0o660, 0o666, 0o640] as [UInt32])
    func `the file gets the mode that is asked for`(mode: UInt32) throws {
        let socket = try ControlSocket(
            path: path,
            access: SocketAccess(mode: mode),
            source: TestSensor().source,
            logger: log.logger
        )
        #expect(try fileMode(socket.path) == Int(mode))
    }

    @Test(.enabled(if: getuid() == 0, "needs root"), arguments: ["daemon", "1"])
    func `the file gets the group that is asked for, by name or by number`(group: String) throws {
        let socket = try ControlSocket(
            path: path,
            access: SocketAccess(mode: 0o660, group: group),
            source: TestSensor().source,
            logger: log.logger
        )
        let attributes = try FileManager.default.attributesOfItem(atPath: socket.path)
        #expect(attributes[.groupOwnerAccountID] as? Int == 1)
        #expect(try fileMode(socket.path) == 0o660)
    }

    @Test func `a group that there is not leaves nothing behind`() throws {
        #expect(throws: ControlSocketError.noGroup("no-such-group")) {
            try ControlSocket(
                path: path,
                access: SocketAccess(group: "no-such-group"),
                source: TestSensor().source,
                logger: log.logger
            )
        }
        #expect(FileManager.default.fileExists(atPath: path) == false)
    }

    @Test(.enabled(if: getuid() == 0, "needs root"))
    func `a member of the group may read and change nothing, and others may not even connect`() async throws {
        let sensor = TestSensor()
        let socket = try ControlSocket(
            path: path,
            access: SocketAccess(mode: 0o660, group: "65533"),
            source: sensor.source,
            logger: log.logger
        )
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: directory.path)
        try await serving(socket) {
            func ask(group: String, _ arguments: [String]) async throws -> (status: Int32?, output: String) {
                let identity = ["--reuid", "65534", "--regid", group, "--clear-groups"]
                return try await run(
                    "/usr/bin/setpriv",
                    identity + ["/usr/bin/curl", "-sS", "-i", "--unix-socket", path] + arguments
                )
            }
            #expect(try await ask(group: "65533", ["http://localhost/metrics"]).output.hasPrefix("HTTP/1.1 200 "))
            for change in ["/reload", "/rollback", "/kill-switch?state=on", "/pass"] {
                let answer = try await ask(group: "65533", ["-d", "1\nx.example", "http://localhost\(change)"])
                #expect(answer.output.hasPrefix("HTTP/1.1 403 "), "\(change)")
            }
            #expect(try await ask(group: "65532", ["http://localhost/metrics"]).status != 0)
        }
        #expect(sensor.changes == [])
    }
}
