import ArgumentParser
import Blocklists
import ListFiles

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

    func run() async throws {
        guard key.isEmpty == false || `operator` != nil else {
            throw ValidationError("nobody is named who must have signed; give --key or --operator")
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
            verified = try ListSigning.verify(file, policy, ledger: ledger)
        } catch {
            switch error {
            // Its own status tells an answer from a file that cannot be used.
            case .untrusted(let error): throw error
            case .badSnapshot(let path, .damaged): throw TrustError(path, .otherContent)
            default: throw error
            }
        }
        try printWhole(Self.lines(file, verified))
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
