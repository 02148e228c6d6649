import ArgumentParser
import CoverageProbes
import Figures
import ListFiles

/// `grindvakt selftest certify`: a signed statement of how a quarter went.
struct CertifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certify",
        abstract:
            "Sign a certificate of a quarter: what test names showed, by list and mechanism, and where there are gaps.",
        discussion: """
            What test names showed is what selftest coverage --record has noted, in that file or in the sensor's store, which takes it from there; how the \
            sensor ran, and how old lists were, the store knows (--config or --store). What neither tells is said to be missing, not to be zero: days \
            without probes are named, and so are mechanisms that nobody tried. A certificate holds counts and days; no name of a site, \
            no address, no attempts.

            Of a quarter that is not over it speaks up to now, and says so.

              grindvakt list keygen -o member
              grindvakt selftest certify --quarter 2026Q4 --member example-net \\
                --config /etc/grindvakt/grindvakt.toml --record coverage.jsonl --key member.key -o 2026Q4.json
              grindvakt selftest verify 2026Q4.json --key member.pub

            Exit status: 0 signed, whatever it says; 2 bad usage, or a file that cannot be used.
            """
    )

    @Option(help: ArgumentHelp("The quarter, like 2026Q4.", valueName: "quarter"))
    var quarter: QuarterArgument

    @Option(help: ArgumentHelp("Who says so, in one word of a-z, 0-9 and hyphens.", valueName: "word"))
    var member: WordArgument

    @Option(help: ArgumentHelp("The market that it is about; all otherwise.", valueName: "id"))
    var market: String?

    @Option(
        help: ArgumentHelp(
            "A file that selftest coverage has noted in; it takes the place of what the store has taken. se=FILE where there are several markets.",
            valueName: "[market=]file"
        ),
        completion: .file()
    )
    var record: String?

    @Option(
        help: ArgumentHelp(
            "The configuration whose [statistics] says where the sensor keeps its figures.",
            valueName: "file"
        ),
        completion: .file(extensions: ["toml"])
    )
    var config: String?

    @Option(
        help: ArgumentHelp("A store of figures, a sensor's or a copy of it.", valueName: "file"),
        completion: .file(extensions: ["db"])
    )
    var store: String?

    @Option(help: ArgumentHelp("A private key: a file, or credential:NAME; may be repeated.", valueName: "key"))
    var key: [String]

    @Option(name: .shortAndLong, help: ArgumentHelp("Where the certificate is to appear.", valueName: "file"))
    var output: String

    func run() async throws {
        if let market, Market.isValid(id: market) == false {
            throw ValidationError("--market \(market) is no id of a market; write a-z, 0-9 and hyphens, at most 16")
        }
        guard key.isEmpty == false else { throw ValidationError("--key is missing: name a private key") }
        let now = Timestamp.now.seconds
        guard quarter.quarter.start <= now else {
            throw ValidationError("--quarter \(quarter.quarter) has not begun; name one that has")
        }
        let keys = try key.map { try SigningKey.load($0) }
        guard record != nil || config != nil || store != nil else {
            throw ValidationError("there is nothing to certify; name what is known with --record, --config or --store")
        }
        let operation = config != nil || store != nil ? try StoredFigures.opened(config: config, store: store) : nil
        let certificate = Certificate(
            member: member.identifier,
            market: market,
            quarter: quarter.quarter,
            effectiveAt: now,
            software: Grindvakt.productVersion,
            days: try await days(operation),
            knowsOperation: operation != nil
        )
        let document: SignedDocument
        do throws(TrustFault) {
            document = try certificate.document(signedBy: keys)
        } catch {
            throw TrustError(output, error)
        }
        try document.write(to: output)
        try printWhole(DocumentSummary(document).text(output))
    }

    /// What is known of each day of the quarter: how the sensor ran, and what test names showed.
    private func days(_ operation: StoredFigures?) async throws -> [PeriodFigures] {
        let (start, end) = (quarter.quarter.start, quarter.quarter.end)
        guard let record else {
            return try await operation?.figures(.day, from: start, to: end, market: market) ?? []
        }
        let file = CoverageFile(record)
        guard let contents = try CoverageLog(file.path).loadIfPresent() else {
            throw Refusal(description: "\(record): is not there; run selftest coverage --record first")
        }
        if contents.damagedLines > 0 {
            Grindvakt.warn("\(record): \(contents.damagedLines) lines are damaged and left out")
        }
        let source = CoveredSource(sensors: operation, coverage: [file])
        return try await source.figures(.day, from: start, to: end, market: market)
    }
}

/// `grindvakt selftest verify`: who signed a certificate or a receipt, what it says, and whether it is as it was signed.
struct VerifyDocumentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check a certificate or a receipt: who signed it, what it says, whether it is intact.",
        discussion: """
            Needs nothing but the file and the public key of who is said to have signed it. Other programs can do the same: what is signed is the \
            line `grindvakt signed certificate` (or receipt) and the JSON object without its member `signatures`, as `jq -cj` prints it.

              grindvakt selftest verify 2026Q4.json --key member.pub

            Exit status: 0 it is as one of these keys signed it; 1 it is not; 2 a file or key cannot be used.
            """
    )

    @Argument(help: ArgumentHelp("A certificate or a receipt.", valueName: "file"))
    var file: String

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Files of public keys, one of which must have signed.", valueName: "public")
    )
    var key: [String]

    func run() async throws {
        guard key.isEmpty == false else { throw ValidationError("nobody is named who must have signed; give --key") }
        var keys: [VerificationKey] = []
        for path in key { keys += try VerificationKey.load(path) }
        let document = try SignedDocument.load(file)
        let signers: [KeyID]
        do throws(TrustFault) {
            signers = try document.verify(keys)
        } catch {
            throw TrustError(file, error)
        }
        let names = signers.map(\.description).joined(separator: ", ")
        try printWhole("\(file): intact, signed by \(names)\n" + DocumentSummary(document).lines)
    }
}

/// A quarter on the command line.
struct QuarterArgument: ExpressibleByArgument {
    let quarter: Quarter

    init?(argument: String) {
        guard let quarter = Quarter(argument) else { return nil }
        self.quarter = quarter
    }
}
