import ArgumentParser
import Blocklists
import ListFiles
import SensorConfiguration
import Wire

/// `grindvakt list check`: what lists say of single names.
struct ListCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Ask what the lists say of names, off the packet path.",
        discussion: """
            Prints a line per name: the name as given, blocked, allowed or unlisted, and the lists that have it, the one that decides first, or -. \
            Allowed is a name that a list has but that passes: it is exempt, or the list only observes.

              grindvakt list check --list police.txt shop.example www.shop.example
              grindvakt list check --snapshot police.snapshot --seal police.seal \\
                --explain shop.example

            Questions to a configuration with a state directory or to a snapshot are limited to \(CheckPace.burst) at once and one a second then; those \
            to a configuration are noted in the audit log, by digests that only the state directory's key connects with names.

            Exit status: 0 a name is blocked; 1 none is; 2 a name or a file cannot be used.
            """
    )

    @Option(help: ArgumentHelp("A snapshot; once per snapshot.", valueName: "file"))
    var snapshot: [String] = []

    @OptionGroup var sealed: SealOptions

    @Option(help: ArgumentHelp("The sensor's configuration.", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("A list file; once per list.", valueName: "file"))
    var list: [String] = []

    @Flag(help: "Say why: the entries that stand for the name, exemptions and gates.")
    var explain = false

    @Flag(help: "Leave bad lines of the lists out, and say which, instead of refusing the list.")
    var lenient = false

    @OptionGroup var audit: AuditOptions

    @Argument(help: ArgumentHelp("A name.", valueName: "name"))
    var names: [String]

    func validate() throws {
        guard config != nil || snapshot.isEmpty == false || list.isEmpty == false else {
            throw ValidationError("nothing to ask: name a --snapshot, a --config or a --list")
        }
    }

    func run() async throws {
        // All of them first: half an answer would be taken for a whole one.
        var wanted: [(text: String, name: DomainName)] = []
        for (place, text) in names.enumerated() {
            do throws(ListLineError) {
                wanted.append((text, try ListName.parse(text)))
            } catch {
                throw Refusal(description: "name \(place + 1) of \(names.count) is none: \(error.description)")
            }
        }
        for path in snapshot { try requireSnapshot(path) }
        let loaded = try LoadedLists(
            ConfigurationFile(path: config, lists: list + snapshot, isLenient: lenient, sealKey: sealed.seal)
        )
        let store = config == nil ? nil : try loaded.configuration.sensorStore()
        if let store { try Self.takeTurn(store, wanted.count) }
        var pace = CheckPace()
        // The names of a plain text lie open anyway.
        let isPaced = store == nil && (config != nil || snapshot.isEmpty == false)
        let switches = store?.activeSwitches() ?? ActiveLists.Switches()
        if switches.observesOnly { Grindvakt.warn("the sensor's kill switch is on: nothing is blocked") }
        let check = try ListCheck(loaded.active, loaded.plan, switches)
        var counts: [ListCheck.Verdict: UInt64] = [:]
        var lines = ""
        for (text, name) in wanted {
            if isPaced { try await Task.sleep(for: pace.next()) }
            let answer = check.answer(name)
            counts[answer.verdict, default: 0] += 1
            lines += answer.line(for: text) + "\n"
            if explain { for line in answer.explanation { lines += "  \(line)\n" } }
        }
        if config != nil || audit.auditLog != nil { note(wanted.map(\.name), counts, loaded, store) }
        try printWhole(lines)
        if counts[.blocked] == nil { throw ExitCode(1) }
    }

    private static func takeTurn(_ store: ListStore, _ count: Int) throws {
        let limit = ListCheckLimit(store.checkLimitPath, burst: CheckPace.burst, perSecond: CheckPace.perSecond)
        switch try limit.take(count) {
        case .allowed: return
        case .wait(let seconds):
            throw Refusal(
                description: "\(store.folder): too many names were asked for of late; ask again in \(seconds) s"
            )
        case .tooMany(let most):
            throw Refusal(description: "\(count) names at once; ask for \(most) at most")
        }
    }

    private func note(
        _ names: [DomainName],
        _ counts: [ListCheck.Verdict: UInt64],
        _ loaded: LoadedLists,
        _ store: ListStore?
    ) {
        var record = AuditRecord(.check)
        record.lists = loaded.active.lists.compactMap { AuditRecord.List($0) }
        if let store { record.names = names.map { store.secret.auditDigest(of: Array($0.presentation().utf8)) } }
        record.counts[.names] = UInt64(names.count)
        record.counts[.blocked] = counts[.blocked]
        record.counts[.allowed] = counts[.allowed]
        record.counts[.unlisted] = counts[.unlisted]
        audit.note(record, config == nil ? nil : loaded.configuration)
    }
}
