import ArgumentParser

/// `grindvakt report`: figures over time.
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Figures over days, weeks or months: coverage, age of lists, attempts, operation, visibility.",
        discussion: """
            Without a subcommand it shows a report; see grindvakt report show --help.
            """,
        subcommands: [ReportShowCommand.self, ReportExportCommand.self, ReportCompareCommand.self],
        defaultSubcommand: ReportShowCommand.self
    )
}
