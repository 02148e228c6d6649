import TestSupport

@testable import ControlSocket

/// What a test with a socket of its own has: a folder for it, and the log of the sensor behind it.
struct SocketPlace: Sendable {
    let directory: TemporaryFolder
    let log = LogLines()

    init() throws { directory = try TemporaryFolder() }
}

/// A suite of which each test has a socket of its own.
protocol SocketSuite: Sendable {
    var place: SocketPlace { get }
}

extension SocketSuite {
    /// The folder, which is removed with everything in it after the test.
    var directory: TemporaryFolder { place.directory }
    /// Where the socket is to be.
    var path: String { directory["metrics.sock"] }
    var log: LogLines { place.log }

    /// Opens the socket of a sensor.
    func open(_ sensor: TestSensor = TestSensor()) throws(ControlSocketError) -> ControlSocket {
        try ControlSocket(path: path, source: sensor.source, logger: log.logger)
    }

    /// Asks for a reload, and returns the answer's status.
    func reload() async throws(ControlClientError) -> Int {
        try await ControlClient.request(method: "POST", path: "/reload", socketPath: path, timeout: patience).status
    }
}
