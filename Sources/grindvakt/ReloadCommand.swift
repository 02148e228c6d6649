import ArgumentParser
import ControlSocket

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
        let outcome = try await ControlClient.reload(socketPath: socket.socket)
        guard outcome.reloaded else {
            throw Refusal(description: "reload refused, the lists in use stay: \(outcome.reason ?? "")")
        }
        for list in outcome.lists ?? [] { print("\(list.id): \(list.entries) entries") }
        print("generation \(outcome.snapshotGeneration ?? 0)")
        if let keys = outcome.restartNeeded, keys.isEmpty == false {
            Grindvakt.warn("changed, but acted upon at the next start alone: \(keys.joined(separator: ", "))")
        }
    }
}
