import ArgumentParser
import Blocklists
import ListFiles

/// `grindvakt list sign`: a signature for a list file or a snapshot.
struct ListSignCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign",
        abstract: "Sign a list file or a snapshot.",
        discussion: """
            A list file gets FILE.sig beside it, a statement of its id, purpose, sequence, times, length and digest. A snapshot holds these \
            already and gets the signature into the file, which is replaced as a whole; its seal key is not needed. Further signatures are added \
            to those that are there: whoever signs a list file second names the key alone and signs the statement that is there.

              grindvakt list sign police.txt --key publisher.key --id police \\
                --sequence 42 --expires +30d
              grindvakt list sign police.txt --key operator.key
              grindvakt list sign police.snapshot --key publisher.key
            """
    )

    @Argument(help: ArgumentHelp("A list file or a snapshot.", valueName: "file"))
    var file: String

    @Option(help: ArgumentHelp("A private key: a file, or credential:NAME; once per key.", valueName: "key"))
    var key: [String]

    @Option(help: ArgumentHelp("The list's id.", valueName: "id"))
    var id: WordArgument?

    @Option(help: ArgumentHelp("What the list is for, in one word; unspecified otherwise.", valueName: "word"))
    var purpose: WordArgument?

    @OptionGroup var edition: EditionOptions

    @OptionGroup var audit: AuditOptions

    func run() async throws {
        guard key.isEmpty == false else { throw ValidationError("--key is missing: name a private key") }
        let keys = try key.map { try SigningKey.load($0) }
        if SnapshotFile.isSnapshot(at: file) {
            guard hasRelease == false else {
                throw ValidationError("a snapshot has its id and times from list build; give list sign the key alone")
            }
            let outline = try SnapshotOutline(file)
            let signatures = try outline.sign(with: keys)
            let lists = outline.header.lists.compactMap {
                AuditRecord.List($0.descriptor.id, sequence: $0.sequence, digest: outline.digest)
            }
            note(lists, keys, snapshot: outline.digest)
            return try printWhole(Self.lines(file, outline.digest, signatures))
        }
        let release = try release()
        let signed: SignedStatement
        do throws(ListFileError) {
            signed = try ListSigning.sign(file, release, with: keys)
        } catch {
            throw Self.failure(error, file, release)
        }
        let statement = signed.statement
        note(
            [AuditRecord.List(statement.release.id, sequence: statement.release.sequence, digest: statement.digest)],
            keys
        )
        try printWhole(Self.lines(SignedStatement.path(beside: file), statement.digest, signed.signatures))
    }

    private func note(_ lists: [AuditRecord.List], _ keys: [SigningKey], snapshot: ContentDigest? = nil) {
        var record = AuditRecord(.sign)
        record.lists = lists
        record.snapshot = snapshot
        record.keys = keys.map(\.verificationKey.id)
        audit.note(record)
    }

    /// What a person who signs has to do, where the error speaks to one who verifies.
    private static func failure(_ error: ListFileError, _ file: String, _ release: ListRelease?) -> any Error {
        guard case .untrusted(let error) = error else { return error }
        switch error.fault {
        case .replayed(let id, let sequence, let accepted):
            return Refusal(
                description:
                    "\(error.path): list \(id) is signed with sequence \(accepted) already, and \(sequence) is not above it; "
                    + "raise --sequence, or leave all but --key out to sign what is there"
            )
        case .unreadable where release == nil && error.path == SignedStatement.path(beside: file):
            return Refusal(description: "\(file): is not signed yet; say what is signed with --id and --sequence")
        case .otherDigest, .otherLength:
            return Refusal(
                description: "\(file): was changed since it was signed; sign it anew with --id and a higher --sequence"
            )
        default: return error
        }
    }

    private var hasRelease: Bool {
        id != nil || purpose != nil || edition.isEmpty == false
    }

    private func release() throws -> ListRelease? {
        guard hasRelease else { return nil }
        guard let id, let sequence = edition.sequence else {
            throw ValidationError(
                "a list file needs both --id and --sequence, or neither to sign what is signed already"
            )
        }
        let unspecified = Identifier("unspecified")
        guard let purpose = purpose?.identifier ?? unspecified,
            let release = ListRelease(
                id: id.identifier,
                purpose: purpose,
                sequence: sequence,
                issuedAt: edition.issued?.time ?? .now,
                expiresAt: edition.expires?.time
            )
        else { throw ValidationError("--expires is not after --issued; give a later time") }
        return release
    }

    private static func lines(_ path: String, _ digest: ContentDigest, _ signatures: SignatureBlock) -> String {
        var text = "\(path)\nsha256 \(digest)\n"
        for signature in signatures.signatures { text += "signed by \(signature.keyID)\n" }
        return text
    }
}
