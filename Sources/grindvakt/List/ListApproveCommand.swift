import ArgumentParser
import Blocklists
import ListFiles

/// `grindvakt list approve`: one person's word that a gate may be passed.
struct ListApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Sign an approval that lets one exact list or snapshot through one gate.",
        discussion: """
            It takes two approvals by different keys. list build and the sensor's log say which digest and gate were refused. The approval holds for \
            seven days unless --expires says otherwise, and for 31 at most. Put it into the folder of [gates] approvals, or give it to \
            list build --approve.

              grindvakt list approve --digest 3f5a... --list police --gate growth \\
                --key first.key -o first.approval
            """
    )

    @Option(help: ArgumentHelp("The SHA-256 of the list file or snapshot, in hexadecimal digits.", valueName: "hex"))
    var digest: String

    @Option(help: ArgumentHelp("The list's id.", valueName: "id"))
    var list: WordArgument

    @Option(help: "The gate that may be passed.")
    var gate: Gate

    @Option(help: ArgumentHelp("The approver's private key: a file, or credential:NAME.", valueName: "key"))
    var key: String

    @Option(name: .shortAndLong, help: ArgumentHelp("Where to write it; standard output otherwise.", valueName: "file"))
    var output: String?

    @Option(help: ArgumentHelp("When it ends: \(TimeArgument.forms).", valueName: TimeArgument.valueName))
    var expires: TimeArgument?

    @OptionGroup var audit: AuditOptions

    func run() async throws {
        guard let digest = ContentDigest(digest) else {
            throw ValidationError("--digest takes 64 lower-case hexadecimal digits, as sha256sum prints them")
        }
        guard let gate = Identifier(gate.rawValue) else { return }
        let signingKey = try SigningKey.load(key)
        let approval: Approval
        do throws(TrustFault) {
            approval = try Approval.sign(
                digest,
                of: list.identifier,
                gate: gate,
                with: signingKey,
                now: .now,
                expiresAt: expires?.time
            )
        } catch {
            if case .line = error { throw Refusal(description: "--expires: lies in the past; give a later time") }
            throw Refusal(description: "--expires: \(error)")
        }
        if let output {
            try approval.write(to: output)
        } else {
            try printWhole(String(decoding: approval.encoded, as: UTF8.self))
        }
        var record = AuditRecord(.approve)
        record.lists = [AuditRecord.List(list.identifier, digest: digest)]
        record.gates = [gate]
        record.keys = [signingKey.verificationKey.id]
        record.expiresAt = approval.expiresAt
        audit.note(record)
    }
}
