import ArgumentParser
import Blocklists
import CaptureFiles
import Glibc
import ListFiles
import SensorConfiguration
import Synchronization

/// `grindvakt list build`: one snapshot of one or several lists.
struct ListBuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Build a snapshot of list files, or of all the lists of a configuration.",
        discussion: """
            Every list is held against the gates; growth and shrink against the snapshot that is to be replaced. Where a gate refuses, the report \
            says which and how to approve it, the exit status is 2, and the output file is as it was; else it is replaced as a whole. Several \
            files become one list. Without --seal the snapshot carries its own key and is marked unsealed: for trials, as whoever has it can \
            try names on it.

              grindvakt list build -o police.snapshot --seal police.seal \\
                --sequence 42 --expires +30d --sign publisher.key police.txt
              grindvakt list build -o all.snapshot --seal all.seal \\
                --config /etc/grindvakt/grindvakt.toml

            The report is on standard output and names no entry. The digest that an approval of a list of several files is for is the SHA-256 of \
            the SHA-256 digests of the files, one behind the other.
            """
    )

    @Option(name: .shortAndLong, help: ArgumentHelp("The snapshot to write.", valueName: "snapshot"))
    var output: String

    @Option(help: ArgumentHelp("The configuration with the lists and the allow list.", valueName: "file"))
    var config: String?

    @OptionGroup(title: "The list, without a configuration") var list: ListOptions

    @OptionGroup var edition: EditionOptions

    @Option(help: ArgumentHelp("The key that seals the snapshot: a file, or credential:NAME.", valueName: "key"))
    var seal: String?

    @Option(help: ArgumentHelp("A private key to sign the snapshot with; once per key.", valueName: "key"))
    var sign: [String] = []

    @Option(help: ArgumentHelp("A signed approval; once per approval.", valueName: "file"))
    var approve: [String] = []

    @Option(help: ArgumentHelp("An approver's public key; once per key, two at least.", valueName: "public"))
    var approvers: [String] = []

    @Flag(help: "Leave bad lines out, however many, instead of refusing the list.")
    var lenient = false

    @Option(help: ArgumentHelp("A gate that is not to judge; once per gate.", valueName: "gate"))
    var skipGate: [Gate] = []

    @Option(
        help: ArgumentHelp(
            "The snapshot to judge growth and shrink against; the output's present one otherwise.",
            valueName: "snapshot"
        )
    )
    var previous: String?

    @Option(
        help: ArgumentHelp("Write every line that was left out: file, line, kind, cause, with tabs.", valueName: "file")
    )
    var rejects: String?

    @OptionGroup var audit: AuditOptions

    @Argument(help: ArgumentHelp("A list file.", valueName: "list"))
    var lists: [String] = []

    /// What is said of a list that no configuration describes.
    struct ListOptions: ParsableArguments {
        @Option(help: ArgumentHelp("Its id; the first file's name without its ending otherwise.", valueName: "id"))
        var id: WordArgument?

        @Option(help: "The files' format; told from the content otherwise.")
        var format: ListFormat?

        @Option(help: "Which names an entry stands for where the file does not say.")
        var match: MatchKind?

        @Option(help: "What a match asks for.")
        var action: Action?

        @Option(
            help: ArgumentHelp(
                "Where its names are looked for: dns,tls,quic,http, or some of these.",
                valueName: "protocols"
            )
        )
        var protocols: ProtocolsArgument?

        @Option(
            help: ArgumentHelp("0 to 65535; of the lists that have a name, the lowest decides.", valueName: "number")
        )
        var precedence: UInt16?

        @Option(help: ArgumentHelp("Who publishes it.", valueName: "text"))
        var publisher: String?

        @Option(help: ArgumentHelp("What it is for, in one word.", valueName: "word"))
        var purpose: WordArgument?

        @Option(help: ArgumentHelp("On what legal ground it is used.", valueName: "text"))
        var legalBasis: String?

        @Option(help: ArgumentHelp("A file of names to try the blocking with, counted apart.", valueName: "file"))
        var testNames: String?

        @Option(help: ArgumentHelp("A file of names that are never blocked.", valueName: "file"))
        var allow: String?

        @Option(help: ArgumentHelp("A file of names that no list may touch.", valueName: "file"))
        var protected: String?

        /// Whether anything is said.
        var isEmpty: Bool {
            id == nil && format == nil && match == nil && action == nil && protocols == nil && precedence == nil
                && publisher == nil && purpose == nil && legalBasis == nil && testNames == nil && allow == nil
                && protected == nil
        }
    }

    func validate() throws {
        if config == nil {
            guard lists.isEmpty == false else {
                throw ValidationError("nothing to build from: name list files, or --config")
            }
        } else {
            guard lists.isEmpty, list.isEmpty else {
                throw ValidationError("--config describes the lists; leave list files and their options out")
            }
        }
    }

    func run() async throws {
        let sealKey = try SealKey.hashKey(seal)
        let signingKeys = try sign.map { try SigningKey.load($0) }
        let (plan, configured) = try plan()
        let previous = try previousSnapshot(sealKey)
        var build = SnapshotBuild(plan, key: sealKey ?? previous?.header.key ?? .random())
        build.edition.sequence = edition.sequence
        build.edition.issuedAt = edition.issued?.time
        build.edition.expiresAt = edition.expires?.time
        build.previous = previous
        let progress = ReadingProgress()
        build.progress = { path, octets, total in progress.update(path, octets, total) }

        let outcome = try rejects.map { try run(build, writing: $0) } ?? build.run()
        progress.erase()
        var report = outcome.report
        guard outcome.refused.isEmpty else {
            try printWhole(report)
            let reasons = outcome.refused.flatMap { list in
                list.fault.map { [$0] } ?? (list.gates?.refusals.map(\.description) ?? [])
            }
            noteBuild(outcome, nil, [], configured)
            throw Refusal(description: "\(output): not written: \(reasons.joined(separator: "; "))")
        }
        let digest = try SnapshotFile.write(
            outcome.snapshot,
            to: output,
            isSealed: sealKey != nil,
            createdAt: UInt64(max(build.now.seconds, 0)),
            signedBy: signingKeys
        )
        noteBuild(outcome, digest, signingKeys, configured)
        report += try Self.summary(of: output)
        try printWhole(report)
    }

    /// What is to be built, and the configuration where there is one.
    private func plan() throws -> (ListPlan, SensorConfiguration?) {
        var plan: ListPlan
        var configured: SensorConfiguration?
        if let config {
            let file = ConfigurationFile(path: config, lists: [], isLenient: lenient)
            let configuration = try file.read()
            guard configuration.lists.isEmpty == false else {
                throw Refusal(description: "\(config): has no [[list]]; add one, or name list files")
            }
            plan = try configuration.plan(isLenient: lenient)
            configured = configuration
        } else {
            let id = try list.id?.text ?? ConfigurationFile.id(of: lists[0])
            var descriptor = ListDescriptor(id: id, action: list.action ?? .drop)
            descriptor.protocols = list.protocols?.protocols ?? descriptor.protocols
            descriptor.precedence = list.precedence.map { Int($0) } ?? descriptor.precedence
            descriptor.publisher = list.publisher ?? ""
            descriptor.purpose = list.purpose?.text ?? ""
            descriptor.legalBasis = list.legalBasis ?? ""
            plan = ListPlan(
                lists: lists.enumerated().map { place, path in
                    ListSource(
                        path: path,
                        format: list.format.map { .text($0) } ?? .detected,
                        descriptor: descriptor,
                        match: list.match,
                        testNames: place == 0 ? list.testNames : nil,
                        trust: .off
                    )
                },
                allow: list.allow,
                protected: list.protected,
                approvers: try approvalPolicy([]),
                isLenient: lenient
            )
        }
        if approvers.isEmpty == false { plan.approvers = try approvalPolicy(approvers) }
        plan.approvalFiles = approve
        for index in plan.lists.indices { plan.lists[index].gates.gates.subtract(skipGate) }
        return (plan, configured)
    }

    private func approvalPolicy(_ paths: [String]) throws -> ApprovalPolicy {
        var keys: [VerificationKey] = []
        for path in paths { keys += try VerificationKey.load(path) }
        do throws(TrustFault) {
            return try ApprovalPolicy(approvers: keys)
        } catch {
            throw TrustError(paths.first ?? "--approvers", error)
        }
    }

    /// The snapshot that is to be replaced, so that what changes can be judged.
    private func previousSnapshot(_ sealKey: HashKey?) throws -> SnapshotBuild.Previous? {
        if let previous { return try SnapshotBuild.Previous(previous, key: sealKey) }
        // SAFETY: the string lives for the time of the call and ends in zero.
        guard unsafe access(output, F_OK) == 0 else { return nil }
        do throws(ListFileError) {
            return try SnapshotBuild.Previous(output, key: sealKey)
        } catch {
            guard case .badSnapshot(_, let cause) = error else { throw error }
            guard cause != .foreign else {
                throw Refusal(
                    description: "\(output): is there already and is no snapshot; name another file, or move it away"
                )
            }
            Grindvakt.warn("\(output): the present snapshot is \(cause.description); growth and shrink are not judged")
            return nil
        }
    }

    /// Builds, and writes what was left out to a file, whole or not at all.
    private func run(_ build: SnapshotBuild, writing path: String) throws -> SnapshotBuild.Outcome {
        var file = try AtomicFile(path, mode: 0o640)
        var failure: TrustError?
        let outcome = try build.run { line in
            guard failure == nil else { return }
            let kind =
                switch line.cause.kind {
                case .rejected: "rejected"
                case .notEnforceable: "not-enforceable"
                }
            let text = Array("\(line.path)\t\(line.line)\t\(kind)\t\(line.cause.description)\n".utf8)
            do throws(TrustError) { try file.append(text.span) } catch { failure = error }
        }
        if let failure { throw failure }
        try file.commit()
        return outcome
    }

    private func noteBuild(
        _ outcome: SnapshotBuild.Outcome,
        _ digest: ContentDigest?,
        _ signingKeys: [SigningKey],
        _ configuration: SensorConfiguration?
    ) {
        var record = AuditRecord(.build)
        record.snapshot = digest
        record.lists = outcome.lists.enumerated().compactMap { place, list in
            AuditRecord.List(
                list.id,
                sequence: outcome.snapshot.lists[place].sequence,
                digest: list.digest,
                approvals: list.approvals
            )
        }
        record.gates = outcome.lists.flatMap { $0.gates?.refusals ?? [] }.compactMap { Identifier($0.gate.rawValue) }
        record.counts[.entries] = outcome.snapshot.lists.reduce(0) { $0 + UInt64($1.listedCount) }
        record.counts[.rejected] = outcome.lists.flatMap(\.readings).reduce(0) { $0 + UInt64($1.rejectedCount) }
        record.keys = signingKeys.map(\.verificationKey.id)
        audit.note(record, configuration)
    }

    /// What the snapshot has become, read from the file itself.
    private static func summary(of path: String) throws -> String {
        let outline = try SnapshotOutline(path)
        let perEntry = outline.octetsPerEntry.map { ", \($0) per entry" } ?? ""
        var text = "\(path): \(outline.header.isSealed ? "sealed" : "UNSEALED, its key is in it"), "
        text += "\(outline.header.entryCount) entries, \(outline.size) octets\(perEntry)\nsha256 \(outline.digest)\n"
        for signature in outline.signatures.signatures { text += "signed by \(signature.keyID)\n" }
        return text
    }
}

/// A line on the terminal that tells how far a long file has been read.
private final class ReadingProgress: Sendable {
    private struct State {
        var line = ProgressLine(descriptor: STDERR_FILENO, isTerminal: isatty(STDERR_FILENO) == 1)
        var path = ""
    }

    private let state = Mutex(State())

    func update(_ path: String, _ octets: Int, _ total: Int?) {
        state.withLock { state in
            if state.path != path {
                state.path = path
                state.line.begin(path)
            }
            state.line.update(octets: octets, of: total)
        }
    }

    func erase() { state.withLock { $0.line.erase() } }
}
