import ArgumentParser
import Glibc

/// The command line's root.
@main
struct Grindvakt: AsyncParsableCommand {
    /// The version in `--version`, the counters and the status.
    static let productVersion = "0.1.0"

    static let name = "grindvakt"

    static let configuration = CommandConfiguration(
        commandName: name,
        abstract:
            "Stops connections to listed domains: reads the names in DNS, TLS, QUIC and HTTP off a netfilter queue.",
        discussion: """
            Start with `grindvakt demo` (as root): it shows the sensor at work in network namespaces of its own.

            Exit status: 0 done; 1 the answer is no (a difference was found, a check failed, another process has the queues); \
            2 bad usage, configuration or input; 3 a missing privilege or kernel feature.
            Tab completion: grindvakt --generate-completion-script bash|zsh|fish
            """,
        version: productVersion,
        subcommands: [
            RunCommand.self, TapCommand.self, ReplayCommand.self, RulesCommand.self, StatusCommand.self,
            TopCommand.self,
            MetricsCommand.self, ReloadCommand.self, UpgradeCommand.self, RollbackCommand.self, KillSwitchCommand.self,
            PassCommand.self,
            ListCommand.self, ConfigCommand.self, ReportCommand.self, DoctorCommand.self, DemoCommand.self,
            SelftestCommand.self, AnswerSocketsCommand.self,
        ]
    )

    static func main() async {
        do {
            var command = try command(of: Array(CommandLine.arguments.dropFirst()))
            if var asyncCommand = command as? any AsyncParsableCommand {
                try await asyncCommand.run()
            } else {
                try command.run()
            }
        } catch {
            end(error)
        }
    }

    /// The command that the program's arguments ask for.
    ///
    /// A command that is named first, and that knows its super-command, is asked by itself before all of them are: the parser of all commands
    /// lays out each of them and looks for a request for a completion script, which takes longer than the rest of a start's parsing. Whatever
    /// that command cannot make out (help, the version, a mistake) is left to the parser of all, so that it is answered in the same words.
    ///
    /// - Throws: what ArgumentParser throws: a mistake in the arguments, or a request for help.
    static func command(of arguments: [String]) throws -> any ParsableCommand {
        let direct = configuration.subcommands.first { type in
            type.configuration.commandName == arguments.first && type.configuration._superCommandName == name
        }
        if let direct, let command = try? direct.parseAsRoot(Array(arguments.dropFirst())), type(of: command) == direct
        {
            return command
        }
        return try parseAsRoot(arguments)
    }

    /// Ends the process.
    static func systemExit(_ status: Int32) -> Never { Glibc.exit(status) }
}
