import ArgumentParser
import Blocklists
import ListFiles

/// `grindvakt list info`: what a list file or a snapshot says of itself.
struct ListInfoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Show what a list file or a snapshot says of itself; no names.",
        discussion: """
            Of a snapshot, sealed or not, no key is needed: lists, entries, sequence, times, signatures, digest, octets per entry. A list file is read \
            whole, and FILE.sig beside it. Signatures are shown, not checked: that is list verify.

              grindvakt list info police.snapshot
            """
    )

    @Argument(help: ArgumentHelp("A list file or a snapshot.", valueName: "file"))
    var file: String

    @Flag(help: "Print a JSON object.")
    var json = false

    func run() async throws {
        let info = try ListInformation(file)
        try printWhole(json ? info.json : info.text)
    }
}
