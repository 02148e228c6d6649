import ArgumentParser
import BenchmarkRecords
import ListFiles

/// `grindvakt report compare`: members of the coalition side by side.
struct ReportCompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Set members side by side from their benchmark records.",
        discussion: """
            Reads the files of report export, of any number of members, markets and days. Only the days of which every member and market has a record are \
            compared; which these are, and how many were left out, is said. Coverage, list lag and time to unblock come before attempts. A count \
            of 1 to 9 is never taken for a number: sums are given as what the records allow, at least and at most.

            Records of another version, of other attempt windows, with counts that should not have left, or with anything that no record has, are \
            refused, and nothing is compared.

              grindvakt report compare alpha/*.json beta/*.json
              grindvakt report compare --output svg -o november.svg alpha/*.json beta/*.json

            Exit status: 0 done; 2 a file is no record, or the records cannot be set side by side.
            """
    )

    /// What a comparison is written as.
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case text
        case csv
        case json
        case svg
    }

    @Argument(
        help: ArgumentHelp("A benchmark record.", valueName: "file"),
        completion: .file(extensions: ["json"])
    )
    var files: [String]

    @Option(help: ArgumentHelp("A table, CSV, JSON, or a picture: text, csv, json or svg.", valueName: "format"))
    var output: Format = .text

    @Option(
        name: .customShort("o"),
        help: ArgumentHelp("Write to a file, which appears whole or not at all.", valueName: "file"),
        completion: .file()
    )
    var path: String?

    func run() async throws {
        let comparison = try Comparison(
            files.map { RecordFile(name: $0, octets: try SmallFile.read($0, limit: Self.mostOctets)) }
        )
        let text =
            switch output {
            case .text: comparison.text
            case .csv: comparison.csv
            case .json: comparison.json
            case .svg: comparison.picture
            }
        if let path {
            try AtomicFile.write(Array(text.utf8), to: path, mode: 0o644)
        } else {
            try printWhole(text)
        }
    }

    /// More than any record has; what is longer is read no further.
    private static let mostOctets = 1 << 22
}

extension ComparisonRefusal: CommandFailure {
    var exitStatus: Int32 { 2 }
}
