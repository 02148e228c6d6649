import ArgumentParser
import CaptureFiles
import EvasionCases

/// `grindvakt selftest`: what the sensor says of itself.
struct SelftestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "selftest",
        abstract: "Let the sensor show what it sees and stops, and sign for it.",
        subcommands: [
            EvasionCommand.self, ConfinementCommand.self, CoverageCommand.self, CertifyCommand.self,
            VerifyDocumentCommand.self,
        ]
    )
}

/// `grindvakt selftest evasion`: every way to hide a name that we know, through the sensor's own pipeline.
struct EvasionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evasion",
        abstract: "Try every known way to hide a name from the sensor, and print what it made of each.",
        discussion: """
            Each case is a conversation, made on the spot, that asks for www.blocked.test in a way that gets past some \
            inspection: split, reordered, overlapped, fragmented, encrypted under public keys, tunnelled, or behind decoys. It goes \
            through the same pipeline as live packets. Nothing is sent, and no privilege is needed.

            seen      the packet, of how many, with which the name was read
            blocked   the first packet that was dropped; it must come no later than the one that gives the name away whole
            counted   what the case's packets are counted as, in grindvakt_anomalies_total and grindvakt_undecided_total
            verdict   ok, or NOT and why; a case is ok only if its innocent twin, the same packets with a name on no list, \
            passes as a whole

            Names that are not on the wire at all, as with real Encrypted Client Hello, cannot be blocked; such cases are \
            ok where they pass and are counted.

            Only the QUIC cases, and one by its id:
              grindvakt selftest evasion --only ^quic- --only tcp-reversed
            Captures for other tools, with an index that says what each should show:
              grindvakt selftest evasion --write cases/

            Exit status: 0 every case is ok; 1 some are NOT; 2 bad usage, or a file could not be written.
            """
    )

    @Option(
        help: ArgumentHelp(
            "Also write each case to a capture in this folder, innocent twins below it, and an INDEX.md.",
            valueName: "folder"
        )
    )
    var write: String?

    @Option(
        help: ArgumentHelp(
            "The form of the output: aligned text, Markdown, or a JSON object per line.",
            valueName: "format"
        )
    )
    var output: EvasionCard.Format = .text

    @Option(
        help: ArgumentHelp(
            "Only these cases: an id, or a regular expression looked for in the ids.",
            valueName: "regex"
        )
    )
    var only: [String] = []

    func run() async throws {
        let cases = try EvasionCase.selected(by: only)
        if let write { try EvasionCaptures.write(cases, to: write) }
        let card = EvasionCard(cases)
        BufferedOutput.ignoreClosedPipes()
        var stream = BufferedOutput(descriptor: 1)
        stream.buffer += Array(card.text(output).utf8)
        stream.flush()
        if let failure = stream.failure {
            throw Refusal(description: "standard output cannot be written: \(failure); make room for it")
        }
        if card.isPassed == false { throw ExitCode(1) }
    }
}

extension EvasionCard.Format: ExpressibleByArgument {}

extension EvasionError: CommandFailure {
    var exitStatus: Int32 { 2 }
}
