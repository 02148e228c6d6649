import ArgumentParser
import ControlSocket

/// `grindvakt kill-switch`: nothing is blocked any more, and everything is counted.
struct KillSwitchCommand: AsyncParsableCommand {
    /// What the switch is set to.
    enum Setting: String, CaseIterable, ExpressibleByArgument {
        case on
        case off
    }

    static let configuration = CommandConfiguration(
        commandName: "kill-switch",
        _superCommandName: Grindvakt.name,
        abstract: "Let a running sensor stop blocking, or block again.",
        discussion: """
            on: every list only observes, at once, in all workers; matches are counted as before. off: lists block again. It holds over a restart \
            of the sensor. Allowed to root and to the sensor's own user.

              grindvakt kill-switch on
            """
    )

    @Argument(help: "on or off.")
    var setting: Setting

    @OptionGroup var socket: SocketOption

    func run() async throws {
        let outcome = try await ControlClient.setKillSwitch(setting == .on, socketPath: socket.socket)
        guard outcome.done else {
            throw Refusal(description: "kill switch not set: \(outcome.reason ?? "")")
        }
        print(outcome.killSwitch == true ? "kill switch on: nothing is blocked" : "kill switch off: lists block")
    }
}
