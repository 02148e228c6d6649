import ArgumentParser
import Blocklists
import Glibc
import ListFiles
import Telemetry

/// `grindvakt list verify`: whether a list file or a snapshot is signed as it has to be.
struct ListVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check the signatures of a list file or a snapshot, and that it is what was signed.",
        discussion: """
            Reads FILE.sig beside a list file, or the signatures inside a snapshot; a snapshot's seal key is not needed. With --state it must be \
            no older than what the sensor of that directory has accepted.

              grindvakt list verify police.snapshot --key publisher.pub \\
                --operator operator.pub
              grindvakt list verify police.txt --threshold 2 \\
                --key one.pub two.pub three.pub

            Exit status: 0 it is signed as asked, expired or not; 1 it is not; 2 a file or key cannot be used.
            """
    )

    @Argument(help: ArgumentHelp("A list file or a snapshot.", valueName: "file"))
    var file: String

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Files of the publishers' public keys.", valueName: "public")
    )
    var key: [String] = []

    @Option(help: ArgumentHelp("How many of the publishers must have signed.", valueName: "number"))
    var threshold = 1

    @Option(help: ArgumentHelp("The public key of the operator, who must have signed besides.", valueName: "public"))
    var `operator`: String?

    @Option(
        help: ArgumentHelp(
            "The sensor's state directory, whose sequence numbers must not be undercut.",
            valueName: "folder"
        )
    )
    var state: String?

    @OptionGroup var audit: AuditOptions

    func run() async throws {
        guard key.isEmpty == false || `operator` != nil else {
            throw ValidationError("nobody is named who must have signed; give --key or --operator")
        }
        if let state {
            // Of a folder that is not the one, nothing would be older than what it has accepted.
            // SAFETY: the string lives for the time of the call and ends in zero.
            guard unsafe access(state + "/state.key", F_OK) == 0 else {
                throw Refusal(description: "\(state): is no state directory of a sensor; name the one of [state]")
            }
        }
        var publishers: [VerificationKey] = []
        for path in key { publishers += try VerificationKey.load(path) }
        let operatorKey = try `operator`.map { try VerificationKey.loadOne($0) }
        let policy: TrustPolicy
        do throws(TrustFault) {
            policy = try TrustPolicy(publishers: publishers, threshold: threshold, operatorKey: operatorKey)
        } catch {
            throw TrustError(key.first ?? `operator` ?? file, error)
        }
        let verified: ListSigning.Verified
        do throws(ListFileError) {
            let ledger = state.map { SequenceLedger($0 + "/sequences") }
            if let ledger, let damage = (try? ledger.load())?.warning(ledger.path) { Grindvakt.warn(damage) }
            verified = try ListSigning.verify(file, policy, ledger: ledger)
        } catch {
            switch error {
            // Its own status tells an answer from a file that cannot be used.
            case .untrusted(let error): throw noted(error)
            case .badSnapshot(let path, .damaged): throw noted(TrustError(path, .otherContent))
            default: throw error
            }
        }
        var record = AuditRecord(.verify)
        record.lists = verified.releases.map {
            AuditRecord.List($0.id, sequence: $0.sequence, digest: verified.digest)
        }
        record.lists += verified.unnumbered.compactMap {
            AuditRecord.List($0, sequence: nil, digest: verified.digest)
        }
        record.keys = verified.keys
        audit.note(record)
        try printWhole(Self.lines(file, verified))
    }

    /// The error, once it is in the audit log where it is an answer.
    private func noted(_ error: TrustError) -> TrustError {
        guard error.fault.isAnswer else { return error }
        var record = AuditRecord(.refuse)
        record.gates = [Identifier(ListRefusal(error.fault).label)].compactMap(\.self)
        if SnapshotFile.isSnapshot(at: file) {
            record.snapshot = (try? SnapshotOutline(file))?.digest
        } else {
            record.file = (try? ContentHasher.file(file))?.digest
        }
        audit.note(record)
        return error
    }

    private static func lines(_ file: String, _ verified: ListSigning.Verified) -> String {
        var lines = ["\(file): signed by \(verified.keys.map(\.description).joined(separator: ", "))"]
        lines.append("sha256 \(verified.digest)")
        for release in verified.releases {
            let end = release.expiresAt.map { ", expires \($0)" } ?? ""
            let validity =
                switch release.validity(at: .now) {
                case .valid: ""
                case .expired: " (EXPIRED)"
                case .notYetIssued: " (issued in the future: one of the two clocks is wrong)"
                }
            lines.append(
                "list \(release.id): purpose \(release.purpose), sequence \(release.sequence), issued \(release.issuedAt)\(end)\(validity)"
            )
        }
        for id in verified.unnumbered {
            lines.append("list \(id): no sequence, so that a sensor that asks for signatures refuses it")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
