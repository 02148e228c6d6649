import ArgumentParser
import CoverageProbes
import ListFiles

/// `grindvakt list receipt`: what a publisher is told of an edition.
struct ListReceiptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "receipt",
        abstract: "Sign a receipt of a list's edition for its publisher: what came of it, in counts.",
        discussion: """
            Tells the edition's sequence and digest, when it was issued, received and put into use, how many entries that gave, how many were \
            rejected or cannot be enforced and why, and how many were not hit in 90 days; never which. The time of receipt is the file's own; \
            the time of use and the hits are those of the sensor's state directory, where it can be read.

              grindvakt list receipt police --config grindvakt.toml \\
                --member example-net --key member.key -o police-42.receipt
              grindvakt selftest verify police-42.receipt --key member.pub

            Exit status: 0 signed, also for an edition that is refused; 2 bad usage, or a file that cannot be used.
            """
    )

    @Argument(help: ArgumentHelp("The list's id.", valueName: "id"))
    var list: WordArgument

    @Option(help: ArgumentHelp("The sensor's configuration.", valueName: "file"))
    var config: String

    @Option(help: ArgumentHelp("Who received it, in one word of a-z, 0-9 and hyphens.", valueName: "word"))
    var member: WordArgument?

    @Option(help: ArgumentHelp("A private key: a file, or credential:NAME; may be repeated.", valueName: "key"))
    var key: [String]

    @Option(name: .shortAndLong, help: ArgumentHelp("Where the receipt is to appear.", valueName: "file"))
    var output: String

    func run() async throws {
        guard key.isEmpty == false else { throw ValidationError("--key is missing: name a private key") }
        let keys = try key.map { try SigningKey.load($0) }
        let configuration = try ConfigurationFile(path: config, lists: [], isLenient: false).read()
        let receipt = try ListReceipt.read(
            list.identifier,
            try configuration.plan(isLenient: false),
            member: member?.identifier,
            state: try configuration.sensorStore()?.folder
        )
        let document: SignedDocument
        do throws(TrustFault) {
            document = try receipt.document(signedBy: keys)
        } catch {
            throw TrustError(output, error)
        }
        try document.write(to: output)
        try printWhole(DocumentSummary(document).text(output))
    }
}
