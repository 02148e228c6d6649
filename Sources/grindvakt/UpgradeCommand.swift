import ArgumentParser
import ControlSocket

/// `grindvakt upgrade`: the program that is installed now in the place of the one that runs.
struct UpgradeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upgrade",
        _superCommandName: Grindvakt.name,
        abstract: "Put the program that is installed now in the place of the sensor that runs.",
        discussion: """
            The running sensor starts the program at the path that it was started from itself, with its own arguments. It judges packets until the \
            new one has read its configuration and its lists, then hands its queues over and ends. No packet is lost or passes unseen. Where the \
            new one cannot start the old one goes on, the reason is printed, and the exit status is 2. Allowed to root and to the sensor's own user.

              dpkg --unpack grindvakt_*.deb && grindvakt upgrade && dpkg --configure grindvakt
            """
    )

    @OptionGroup var socket: SocketOption

    func run() async throws {
        let outcome = try await ControlClient.upgrade(socketPath: socket.socket)
        guard outcome.upgraded, let process = outcome.process else {
            throw Refusal(description: "not upgraded, the sensor goes on as before: \(outcome.reason ?? "")")
        }
        print("upgraded: process \(process) has the queues")
    }
}
