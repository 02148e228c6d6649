import ArgumentParser
import Blocklists
import CaptureFiles
import ListFiles
import SensorConfiguration

/// `grindvakt list diff`: what changes where one list takes another's place.
struct ListDiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Compare two list files or snapshots, on recorded traffic too.",
        discussion: """
            Tells how many entries come and go, what each gate would say, and with --capture how many flows of recorded traffic would be stopped or \
            freed. What comes and goes can be counted where both are snapshots under one key or one is text, which is then read under the \
            other's key. Names are shown by --show-names alone, and only from captures and from two list files: a snapshot has none to show.

              grindvakt list diff old.snapshot new.snapshot --seal police.seal
              grindvakt list diff police.txt police-new.txt --show-names \\
                --capture day.pcap

            Exit status: 0 no difference; 1 they differ; 2 a file cannot be used.
            """
    )

    @Argument(help: ArgumentHelp("The list file or snapshot in use.", valueName: "old"))
    var old: String

    @Argument(help: ArgumentHelp("The one that is to take its place.", valueName: "new"))
    var new: String

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Captures, and folders of them, to try both on.", valueName: "capture")
    )
    var capture: [String] = []

    @Flag(help: "Show the names that come and go.")
    var showNames = false

    @OptionGroup var sealed: SealOptions

    @Option(
        help: ArgumentHelp("The configuration, for gates, protected names and how lists are read.", valueName: "file")
    )
    var config: String?

    @Option(
        help: ArgumentHelp("Which list of the other file, or of the configuration, a list file is.", valueName: "id")
    )
    var id: WordArgument?

    func run() async throws {
        let configuration = try config.map { try ConfigurationFile(path: $0, lists: [], isLenient: true).read() }
        var plan =
            try configuration?.plan(isLenient: false)
            ?? ListPlan(lists: [], approvers: ApprovalPolicy(approvers: []))
        let headers = try [old, new].map { path in
            SnapshotFile.isSnapshot(at: path) ? try SnapshotFile.header(at: path) : nil
        }
        let id = try textID(headers.compactMap(\.self), plan)
        let source =
            plan.lists.first { $0.descriptor.id == id }
            ?? ListSource(path: new, descriptor: ListDescriptor(id: id, action: .drop), trust: .off)
        // Who names no configuration gets the usual gates, public suffixes among them.
        if plan.lists.isEmpty { plan.lists = [source] }

        let sealKey = try sealed.hashKey()
        let own = headers.compactMap(\.self).compactMap { $0.key ?? ($0.keyCheck == sealKey?.check ? sealKey : nil) }
            .first
        let key = own ?? .random()
        let before = try ComparedLists(old, as: source, plan, key: key, sealKey: sealKey)
        let after = try ComparedLists(new, as: source, plan, key: key, sealKey: sealKey)
        let comparison = try ListComparison(before, after, plan)
        var text = comparison.report(before, after)
        var differs = comparison.differs
        if showNames {
            if before.isText, after.isText {
                text += try names(source)
            } else {
                text += "names that come and go are not shown: a snapshot has none\n"
            }
        }
        if capture.isEmpty == false {
            let inspector = (configuration ?? SensorConfiguration()).inspectorConfiguration(workers: 1)
            let changes = try ReplayComparison(
                inspector,
                old: before.blocklist(source, allowed: try allowed(plan)),
                new: after.blocklist(source, allowed: try allowed(plan))
            ).run(capture)
            differs = differs || changes.blocked > 0 || changes.freed > 0
            text +=
                "captures: \(changes.flows) flows with names, \(changes.blocked) newly blocked, \(changes.freed) newly freed\n"
            if showNames {
                for name in changes.blockedNames { text += "  blocked \(name)\n" }
                for name in changes.freedNames { text += "  freed \(name)\n" }
            }
        }
        try printWhole(text)
        if differs { throw ExitCode(1) }
    }

    /// The id under which a list file is compared.
    private func textID(_ headers: [SnapshotHeader], _ plan: ListPlan) throws -> String {
        if let id { return id.text }
        if headers.count == 1, headers[0].lists.count == 1 { return headers[0].lists[0].descriptor.id }
        let known = headers.first?.lists.map(\.descriptor.id) ?? plan.lists.map(\.descriptor.id)
        for path in [new, old] where SnapshotFile.isSnapshot(at: path) == false {
            let id = try ConfigurationFile.id(of: path)
            if headers.isEmpty || known.contains(id) { return id }
            throw Refusal(description: "\(path): which list of the snapshot is it? say so with --id")
        }
        return known.first ?? "list"
    }

    private func names(_ source: ListSource) throws -> String {
        var format: ListFormat?
        if case .text(let text) = source.format { format = text }
        let names = try ListComparison.names(old, new, format: format, match: source.match)
        return (names.added.map { "+ \($0)\n" } + names.removed.map { "- \($0)\n" }).joined()
    }

    /// The operator's allow list, which holds for both.
    private func allowed(_ plan: ListPlan) throws -> Snapshot? {
        guard let path = plan.allow else { return nil }
        return try ListComparison.allowList(path)
    }
}

extension ComparedLists {
    /// What a sensor would look names up in that had these lists.
    fileprivate func blocklist(_ source: ListSource, allowed: Snapshot?) -> Blocklist {
        Blocklist([Blocklist.Part(snapshot)], exemptions: Blocklist.Exemptions(allowed: allowed))
    }
}

extension ReplayComparison.Failure: CommandFailure {
    var exitStatus: Int32 { 2 }
}
