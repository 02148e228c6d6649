import ArgumentParser
import BenchmarkRecords
import Figures
import ListFiles
import SensorConfiguration

/// `grindvakt report export`: benchmark records, which may leave the operator.
struct ReportExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write benchmark records: a day, a member and a market per file, fit to leave the operator.",
        discussion: """
            What is exported is rounded to 5, and counts of 1 to 9 are written "<10"; a total that would tell of one is "withheld". No names, no \
            entries, no addresses, nothing finer than the day. The same figures give the same octets. Days end at midnight UTC, and only whole days are \
            exported; without a date it is yesterday.

            Files are called grindvakt-MEMBER-MARKET-DAY.json. One that is there already and is the same is left alone; one that differs stops the \
            whole export before anything is written, unless --replace is given.

              grindvakt report export --member alpha -o records
              grindvakt report export --member alpha --from 2026-11-01 --to 2026-11-30 -o .
              grindvakt report export --schema

            Exit status: 0 done; 1 there is nothing of these days; 2 bad usage or input, or a file that differs.
            """
    )

    @OptionGroup var figures: FiguresOptions

    @Option(
        help: ArgumentHelp(
            "The member of the coalition that you are: a-z, 0-9 and -; that of [statistics] otherwise.",
            valueName: "id"
        )
    )
    var member: String?

    @Option(help: ArgumentHelp("The day, UTC, like 2026-11-22; yesterday otherwise.", valueName: "date"))
    var day: DayArgument?

    @Option(help: ArgumentHelp("The first of several days.", valueName: "date"))
    var from: DayArgument?

    @Option(help: ArgumentHelp("The last of several days, which is exported, too.", valueName: "date"))
    var to: DayArgument?

    @Option(help: ArgumentHelp("One market; all of them otherwise.", valueName: "id"))
    var market: String?

    @Option(help: ArgumentHelp("How many sensors the figures of a market are of, for the uptime.", valueName: "count"))
    var sensors: UInt64 = 1

    @Option(
        name: [.customShort("o"), .customLong("folder")],
        help: ArgumentHelp("The folder that the files are put into; it has to be there.", valueName: "folder"),
        completion: .directory
    )
    var folder: String?

    @Flag(help: "Replace files that differ.")
    var replace = false

    @Flag(help: "Print the JSON Schema of the records (draft 2020-12), and export nothing.")
    var schema = false

    func validate() throws {
        if schema { return }
        if let member, BenchmarkRecord.isValid(member: member) == false {
            throw ValidationError("--member is a-z, 0-9 and -, 32 characters at most; give such a name")
        }
        guard folder != nil else {
            throw ValidationError("-o is missing; name the folder that the records are put into")
        }
        guard day == nil || (from == nil && to == nil) else {
            throw ValidationError("--day is one day, and --from and --to are several; give one or the other")
        }
        guard (from == nil) == (to == nil) else { throw ValidationError("--from and --to go together; give both") }
        if let from, let to, from.day > to.day {
            throw ValidationError("--from \(from.date.label) comes after --to \(to.date.label); exchange them")
        }
        if let market, Market.isValid(id: market) == false {
            throw ValidationError("--market is a-z, 0-9 and -, 16 characters at most; give such a name")
        }
    }

    func run() async throws {
        if schema { return try printWhole(RecordSchema.text) }
        var command = self
        command.member = try member ?? figures.configuration()?.statistics.member
        guard command.member != nil else {
            throw ValidationError(
                "--member is missing; say which member you are, as in --member alpha, or name it in [statistics]"
            )
        }
        let now = Timestamp.now.seconds
        let export = try await command.export(from: figures.source(now: now), now: now)
        let status = try Self.write(export, to: folder ?? ".", replaces: replace)
        if status != 0 { throw ExitCode(status) }
    }

    /// The records of the days that were asked for.
    func export(from source: any FiguresSource, now: Int64) async throws -> RecordExport {
        let yesterday = CalendarDate.day(of: now) - 1
        let days = (from?.day ?? day?.day ?? yesterday)...(to?.day ?? day?.day ?? yesterday)
        let today = yesterday + 1
        guard days.upperBound < today else {
            let open = CalendarDate(day: max(days.lowerBound, today))
            throw RecordRefusal.notOver(day: open.label)
        }
        let found = try await source.figures(
            .day,
            from: days.lowerBound * 86_400,
            to: (days.upperBound + 1) * 86_400,
            market: market
        )
        return try RecordExport(found, days: days, member: member ?? "", sensors: sensors, now: now)
    }

    /// Writes the files of an export: none where one of them may not be written.
    ///
    /// - Returns: the exit status.
    static func write(_ export: RecordExport, to folder: String, replaces: Bool) throws -> Int32 {
        for day in export.emptyDays.prefix(mostToldDays) {
            Grindvakt.warn("\(day.label): nothing is known of this day; it has no record")
        }
        if export.emptyDays.count > mostToldDays {
            Grindvakt.warn("and nothing of \(export.emptyDays.count - mostToldDays) more days")
        }
        var steps: [(file: RecordExport.File, path: String, step: RecordExport.Step)] = []
        for file in export.files {
            let path = folder.hasSuffix("/") ? folder + file.name : "\(folder)/\(file.name)"
            let present = try SmallFile.readIfPresent(path, limit: mostOctets)
            steps.append((file, path, RecordExport.step(file, present: present, replaces: replaces)))
        }
        if let refused = steps.first(where: { $0.step == .refuse }) {
            throw Refusal(
                description:
                    "\(refused.path): differs from what is to be exported; compare the two, and replace it with --replace"
            )
        }
        for step in steps {
            if step.step == .write { try AtomicFile.write(step.file.octets, to: step.path, mode: 0o640) }
            try printWhole("\(step.path): \(step.step == .write ? "written" : "as it was")\n")
        }
        return steps.isEmpty ? 1 : 0
    }

    /// As many days without figures are told one by one.
    private static let mostToldDays = 10

    /// More than any record has.
    private static let mostOctets = 1 << 24
}

extension RecordRefusal: CommandFailure {
    var exitStatus: Int32 { 2 }
}
