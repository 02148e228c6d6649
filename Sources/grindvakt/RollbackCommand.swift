import ArgumentParser
import ControlSocket

/// `grindvakt rollback`: the lists before those in use.
struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        _superCommandName: Grindvakt.name,
        abstract: "Let a running sensor use the lists before the present ones again.",
        discussion: """
            Takes effect at once in all workers. The editions that were rolled back are refused until other ones are published; a second rollback \
            undoes the first. Allowed to root and to the sensor's own user. The exit status is 2 where there is nothing to go back to.
            """
    )

    @OptionGroup var socket: SocketOption

    func run() async throws {
        let outcome = try await ControlClient.rollback(socketPath: socket.socket, timeout: .seconds(60))
        guard outcome.reloaded else {
            throw Refusal(description: "not rolled back, the lists in use stay: \(outcome.reason ?? "")")
        }
        for list in outcome.lists ?? [] { print("\(list.id): \(list.entries) entries") }
        print("generation \(outcome.snapshotGeneration ?? 0)")
    }
}
