import ArgumentParser
import ControlSocket
import SystemPackage

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
        let body = try await socket.request("/status")
        if json {
            try FileDescriptor.standardOutput.writeAll(body)
        } else {
            print(StatusTable.render(try StatusDocument(json: body)), terminator: "")
        }
    }
}
