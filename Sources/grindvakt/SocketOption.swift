import ArgumentParser
import ControlSocket
import SensorConfiguration

/// The socket of the sensor that a command talks to.
struct SocketOption: ParsableArguments {
    @Option(help: ArgumentHelp("The sensor's metrics socket.", valueName: "path"), completion: .file())
    var socket = SensorConfiguration.defaultSocket

    /// Asks the sensor for a resource, and returns its body.
    func request(_ path: String, accept: String? = nil, timeout: Duration = .seconds(10)) async throws -> [UInt8] {
        let (status, body) = try await ControlClient.request(
            path: path,
            socketPath: socket,
            accept: accept,
            timeout: timeout
        )
        guard status == 200 else { throw ControlClientError(status: status, body: body, socket) }
        return body
    }
}
