import ArgumentParser
import Testing

@testable import grindvakt

/// Commands that are asked by themselves before the parser of all commands is.
@Suite("Direct commands")
struct DirectCommandTests {
    private static let direct: [CommandConfiguration] = Grindvakt.configuration.subcommands.map { $0.configuration }
        .filter { $0._superCommandName != nil }
    private static let names: [String] = direct.compactMap { $0.commandName }
    private static let rests: [[String]] = [
        [], ["--help"], ["-h"], ["help"], ["--version"], ["--no-such-option"], ["one", "two", "three"], ["--"],
        ["--generate-completion-script", "bash"], ["--help-hidden"], ["--socket", "/s"], ["-c", "/c"], ["", "\u{e4}"],
    ]
    private static let others: [[String]] = [
        [], ["--version"], ["nonsense"], ["--help"], ["help", "replay"], ["rules", "show"], ["list", "check"],
    ]

    /// What the arguments come to: the command with its values, or the text and the status that the program would end with.
    private func outcome(isDirect: Bool, _ arguments: [String]) -> String {
        do {
            let command =
                if isDirect { try Grindvakt.command(of: arguments) } else { try Grindvakt.parseAsRoot(arguments) }
            var values = ""
            dump(command, to: &values)
            return values
        } catch {
            return "\(Grindvakt.exitCode(for: error).rawValue) \(Grindvakt.fullMessage(for: error))"
        }
    }

    @Test func `the commands that start often are direct`() {
        #expect(Set(["run", "replay", "status", "metrics"]).isSubset(of: Self.names))
        for configuration in Self.direct {
            #expect(configuration._superCommandName == Grindvakt.name)
            // Help on a subcommand would be put together wrongly.
            let subcommands = configuration.subcommands.count
            #expect(subcommands == 0)
        }
    }

    @Test(arguments: names)
    func `a direct command answers in the words of all`(name: String) {
        for rest in Self.rests {
            let arguments = [name] + rest
            let asked = outcome(isDirect: true, arguments)
            let all = outcome(isDirect: false, arguments)
            #expect(asked == all, "\(arguments)")
        }
    }

    @Test func `what names no direct command is left to the parser of all`() {
        for arguments in Self.others {
            let asked = outcome(isDirect: true, arguments)
            let all = outcome(isDirect: false, arguments)
            #expect(asked == all, "\(arguments)")
        }
        let replay = outcome(isDirect: true, ["replay", "--names", "--output", "jsonl", "a.pcap"])
        #expect(replay.contains("ReplayCommand") && replay.contains("a.pcap"))
    }
}
