import ArgumentParser
import Glibc

/// The command line's root.
@main
struct Grindvakt: AsyncParsableCommand {
    /// The version in `--version`, the counters and the status.
    static let productVersion = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "grindvakt",
        abstract:
            "Stops connections to listed domains: reads the names in DNS queries and TLS hellos off a netfilter queue.",
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
            var command = try parseAsRoot()
            if var asyncCommand = command as? any AsyncParsableCommand {
                try await asyncCommand.run()
            } else {
                try command.run()
            }
        } catch {
            end(error)
        }
    }

    /// Ends the process.
    static func systemExit(_ status: Int32) -> Never { Glibc.exit(status) }
}
