import ArgumentParser
import ListFetch
import ListFiles
import SensorConfiguration
import Telemetry
import UnixSignals

/// `grindvakt list fetch`: the lists with an address, each into its place.
struct ListFetchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Fetch the lists that the configuration has an address for.",
        discussion: """
            One after the other: over https, or from an absolute path. A list takes its place as a whole, and only where it is signed as configured and \
            passes the gates as far as they can be judged here; the sensor judges it once more. Meant for a unit of its own \
            (grindvakt-fetch.service): the sensor fetches nothing.

              grindvakt list fetch --config /etc/grindvakt/grindvakt.toml
              grindvakt list fetch --config /etc/grindvakt/grindvakt.toml police

            Prints a line per list. Exit status: 0 all of them are in place; 2 one is not, after all were tried.
            """
    )

    @Option(help: ArgumentHelp("The configuration.", valueName: "file"))
    var config: String

    @Option(
        help: ArgumentHelp(
            "A file that is made where a list was replaced, for whoever waits for it.",
            valueName: "file"
        )
    )
    var mark: String?

    @OptionGroup var audit: AuditOptions

    @Argument(help: ArgumentHelp("The lists to fetch; all with a url otherwise.", valueName: "id"))
    var ids: [String] = []

    func run() async throws {
        let configuration = try ConfigurationFile(path: config, lists: [], isLenient: false).read()
        let lists = try wanted(configuration)
        let plan = try configuration.plan(isLenient: false)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let result = await withTaskGroup(of: Result?.self) { tasks in
            tasks.addTask { await fetch(lists, configuration, plan) }
            tasks.addTask {
                for await _ in signals { break }
                return nil
            }
            // A signal comes first only where it ends the fetch, whose result then follows.
            var result: Result?
            while let next = await tasks.next() {
                tasks.cancelAll()
                result = next ?? result
            }
            return result ?? Result()
        }
        if result.hasReplaced, let mark {
            do throws(FetchError.Cause) {
                try FetchMark.set(at: mark)
            } catch {
                throw Refusal(description: "\(mark): the lists are in place, but this could not be made: \(error)")
            }
        }
        if result.hasFailed { throw ExitCode(2) }
    }

    /// What came of all lists.
    private struct Result: Sendable {
        var hasReplaced = false
        var hasFailed = false
    }

    private func wanted(_ configuration: SensorConfiguration) throws -> [SensorConfiguration.List] {
        for id in ids {
            guard let list = configuration.lists.first(where: { $0.id == id }) else {
                throw Refusal(description: "\(config): has no list \"\(id)\"; name one of its ids")
            }
            guard list.url != nil else {
                throw Refusal(description: "\(config): list \"\(id)\" has no url; add one, or leave it out")
            }
        }
        let lists = configuration.lists.filter { $0.url != nil && (ids.isEmpty || ids.contains($0.id)) }
        guard lists.isEmpty == false else { throw Refusal(description: "\(config): no list has a url; add one") }
        // Lists of one snapshot come together.
        var paths: Set<String> = []
        return lists.filter { paths.insert($0.path).inserted }
    }

    private func fetch(
        _ lists: [SensorConfiguration.List],
        _ configuration: SensorConfiguration,
        _ plan: ListPlan
    ) async -> Result {
        var result = Result()
        for list in lists {
            guard Task.isCancelled == false else {
                result.hasFailed = true
                break
            }
            do {
                let outcome = try await fetch(list, configuration, plan)
                switch outcome {
                case .unchanged: try printWhole("\(list.id): unchanged\n")
                case .replaced(let octets):
                    result.hasReplaced = true
                    try printWhole("\(list.id): replaced, \(octets) octets\n")
                }
            } catch {
                result.hasFailed = true
                Grindvakt.warn(String(describing: error))
            }
        }
        return result
    }

    private func fetch(
        _ list: SensorConfiguration.List,
        _ configuration: SensorConfiguration,
        _ plan: ListPlan
    ) async throws -> FetchOutcome {
        let location: FetchLocation
        do throws(FetchLocationError) {
            location = try FetchLocation(list.url ?? "")
        } catch {
            throw Refusal(description: "list \(list.id): \(error)")
        }
        let isTrusted = plan.lists.contains { $0.path == list.path && $0.trust.isOff == false }
        let source = FetchSource(
            id: list.id,
            location: location,
            destination: list.path,
            // A snapshot has its signatures in it.
            isSigned: isTrusted && list.format != .snapshot,
            maximumSize: configuration.fetch.maximumSize,
            connectTimeout: configuration.fetch.connectTimeout,
            totalTimeout: configuration.fetch.timeout,
            proxy: configuration.fetch.proxy,
            certificateAuthority: configuration.fetch.certificateAuthority
        )
        let judge = FetchedList(list.path, plan)
        var finding: FetchedList.Finding?
        let outcome = try await ListFetcher().fetch(source) { files in
            do throws(FetchedList.Refusal) {
                finding = try judge.check(files.list, signature: files.signature)
            } catch {
                noteRefusal(error, of: files, judge.ids, configuration)
                throw error
            }
        }
        if case .replaced(let octets) = outcome {
            var record = AuditRecord(.fetch)
            record.lists = finding?.lists ?? []
            record.keys = finding?.keys ?? []
            record.counts[.octets] = UInt64(octets)
            audit.note(record, configuration)
        }
        return outcome
    }

    private func noteRefusal(
        _ refusal: FetchedList.Refusal,
        of files: FetchedFiles,
        _ ids: [Identifier],
        _ configuration: SensorConfiguration
    ) {
        var record = AuditRecord(.refuse)
        let digest = (try? ContentHasher.file(files.list))?.digest
        record.lists = ids.map { AuditRecord.List($0, digest: digest) }
        record.gates = refusal.causes.compactMap { Identifier($0.label) }.sorted()
        audit.note(record, configuration)
    }
}
