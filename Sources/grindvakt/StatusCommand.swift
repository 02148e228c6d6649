import ArgumentParser
import ControlSocket
import SensorConfiguration
import SystemPackage

/// The socket of the sensor that a command talks to.
struct SocketOption: ParsableArguments {
    @Option(help: ArgumentHelp("The sensor's metrics socket.", valueName: "path"), completion: .file())
    var socket = SensorConfiguration.defaultSocket

    /// Asks the sensor, and returns its answer where that is a success or among `statuses`.
    func request(
        _ method: String = "GET",
        _ path: String,
        accept: String? = nil,
        allowing statuses: Set<Int> = [],
        timeout: Duration = .seconds(10)
    ) async throws -> (status: Int, body: [UInt8]) {
        let (status, body) = try await ControlClient.request(
            method: method,
            path: path,
            socketPath: socket,
            accept: accept,
            timeout: timeout
        )
        guard status == 200 || statuses.contains(status) else {
            let text = String(decoding: body.prefix { $0 != 0x0A }, as: UTF8.self)
            throw FileFailure(description: "\(socket): the sensor answered \(status): \(text)")
        }
        return (status, body)
    }
}

/// `grindvakt status`: how a running sensor does.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        _superCommandName: Grindvakt.name,
        abstract: "Show how a running sensor does: its queues, lists and totals."
    )

    @OptionGroup var socket: SocketOption

    @Flag(help: "Print the JSON document instead of tables.")
    var json = false

    func run() async throws {
        let (_, body) = try await socket.request("GET", "/status")
        if json {
            try FileDescriptor.standardOutput.writeAll(body)
        } else {
            print(StatusTable.render(try StatusDocument(json: body)), terminator: "")
        }
    }
}

/// `grindvakt reload`: lists read anew.
struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        _superCommandName: Grindvakt.name,
        abstract: "Let a running sensor read its lists anew.",
        discussion: """
            The new lists are built beside those in use and take their place as a whole. Where one cannot be used the old ones stay, the reason is \
            printed, and the exit status is 2. Allowed to root and to the sensor's own user.
            """
    )

    @OptionGroup var socket: SocketOption

    func run() async throws {
        let (status, body) = try await socket.request("POST", "/reload", allowing: [409], timeout: .seconds(600))
        let outcome = try ReloadDocument(json: body)
        guard status == 200 else {
            throw FileFailure(description: "reload refused, the lists in use stay: \(outcome.reason ?? "")")
        }
        for list in outcome.lists ?? [] { print("\(list.id): \(list.entries) entries") }
        print("generation \(outcome.snapshotGeneration ?? 0)")
        if let keys = outcome.restartNeeded, keys.isEmpty == false {
            Grindvakt.warn("changed, but acted upon at the next start alone: \(keys.joined(separator: ", "))")
        }
    }
}
