import ArgumentParser
import Blocklists
import ControlSocket
import ListFiles
import Wire

/// `grindvakt pass`: one name is let pass for a while.
struct PassCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pass",
        _superCommandName: Grindvakt.name,
        abstract: "Let a running sensor pass one name, and all under it, for a while.",
        discussion: """
            Whatever the lists say of it. It takes effect at once in all workers, ends by itself and holds over a restart of the sensor; for good, \
            put the name on the allow list. Sensor and audit log keep a digest of the name. Allowed to root and to the sensor's own user.

            The command line shows in the table of processes and in the shell's history. - reads the name from standard input instead.

              grindvakt pass shop.example --for 7d
              grindvakt pass shop.example --remove
              grindvakt pass - --for 24h < name
            """
    )

    @Argument(help: ArgumentHelp("The name, or - to read it from standard input.", valueName: "name"))
    var name: String

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("How long: a number and s, m, h, d or w (default: 24h).", valueName: "duration")
    )
    var duration: String?

    @Flag(help: "Let it pass no longer.")
    var remove = false

    @OptionGroup var socket: SocketOption

    func run() async throws {
        guard remove == false || duration == nil else { throw ValidationError("--for and --remove exclude each other") }
        let change: PassRequest.Change
        if remove {
            change = .takeBack
        } else {
            guard let seconds = Timestamp.seconds(ofDuration: duration ?? "24h").flatMap({ UInt32(exactly: $0) }),
                seconds <= PassRequest.longestPass
            else { throw ValidationError("--for takes a number and a unit, as 30m, 24h or 7d, up to 365d") }
            change = .letPass(seconds: seconds)
        }
        let text = name == "-" ? Self.lineOfInput() : name
        let wanted: DomainName
        do throws(ListLineError) {
            // As the audit log knows it, however it is written here.
            wanted = try ListName.parse(text)
        } catch {
            throw Refusal(description: "the name cannot be one: \(error.description)")
        }
        let outcome = try await ControlClient.pass(
            Array(wanted.presentation().utf8),
            change,
            socketPath: socket.socket
        )
        guard outcome.done else { throw Refusal(description: "not done: \(outcome.reason ?? "")") }
        let passes = "\(outcome.passes ?? 0) names are let pass now"
        let end = outcome.endsAt.flatMap { Timestamp(seconds: Int64($0)) }
        print(end.map { "passes until \($0); \(passes)" } ?? "passes no longer; \(passes)")
    }

    /// The first line of standard input, without its line feed; empty where there is none.
    private static func lineOfInput() -> String {
        String(readLine()?.prefix(DomainName.presentationLimit) ?? "")
    }
}
