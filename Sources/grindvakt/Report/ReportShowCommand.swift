import ArgumentParser
import Blocklists
import Figures
import Glibc
import ListFiles
import Reports
import SystemPackage

/// `grindvakt report show`: figures of some time, for people and for programs.
struct ReportShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a report.",
        discussion: """
            Begins with what operators can be compared by: how many test names were blocked, how old lists are when they come into use, how long it takes \
            to let a name pass. Attempts come later, as a high figure is no success. An attempt is one or more events of one list entry within the \
            window on one sensor; which window it was stands in every output, and attempts of two windows are not added up.

              grindvakt report
              grindvakt report --by month --output html --language sv -o report.html
              grindvakt report --from 2026-11-01 --to 2026-11-30 --market se --output csv --coverage coverage.jsonl
              grindvakt report --prometheus http://prometheus.example:9090

            The figures are those that this host's sensor keeps, as its configuration's [statistics] says; --config, --store and --prometheus name \
            others.

            Days begin at midnight UTC, weeks on Monday; a report has whole periods, those that have --from and --to in them, and the last one may not be \
            over. Periods of which nothing is known are told from those in which nothing happened. Without dates it is the last 30 days, 12 weeks or 12 \
            months. The page needs nothing but itself. There is no name, no address and no list entry in any output, and nothing finer than a day.

            A Prometheus is asked for the samples themselves where a sensor was restarted, so that sums are exact, which increase() is not. Of times \
            to unblock it knows between which bounds they lie, and those are given as the longest they can have been. Sensors without a label market \
            are of the market "unlabelled".

            Exit status: 0 done, also where nothing is known of the time, which is said; 2 bad usage or input, or no answer.
            """
    )

    /// What periods are chosen from.
    enum Length: String, CaseIterable, ExpressibleByArgument {
        case day
        case week
        case month

        var length: PeriodLength {
            switch self {
            case .day: .day
            case .week: .week
            case .month: .month
            }
        }

        /// How many periods a report has without dates.
        var usual: Int {
            switch self {
            case .day: 30
            case .week, .month: 12
            }
        }
    }

    /// What a report is written as.
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case text
        case csv
        case json
        case html
    }

    @OptionGroup var figures: FiguresOptions

    @Option(help: ArgumentHelp("How long the periods are: day, week or month.", valueName: "length"))
    var by: Length = .day

    @Option(help: ArgumentHelp("The first day, UTC, like 2026-11-01.", valueName: "date"))
    var from: DayArgument?

    @Option(help: ArgumentHelp("The last day, UTC, which is part of it; today otherwise.", valueName: "date"))
    var to: DayArgument?

    @Option(help: ArgumentHelp("A market; once per market. All of them otherwise.", valueName: "id"))
    var market: [String] = []

    @Option(
        help: ArgumentHelp(
            "A list; once per list. Attempts are then those of each list, and a name on two of them counts twice.",
            valueName: "id"
        )
    )
    var list: [String] = []

    @Option(
        help: ArgumentHelp(
            "Aligned text, CSV, JSON, or a page to look at: text, csv, json or html.",
            valueName: "format"
        )
    )
    var output: Format = .text

    @Option(help: ArgumentHelp("The language of text and page: sv or en.", valueName: "language"))
    var language: ReportLanguage = .en

    @Option(
        name: .customShort("o"),
        help: ArgumentHelp("Write to a file, which appears whole or not at all.", valueName: "file"),
        completion: .file()
    )
    var path: String?

    func validate() throws {
        for id in market where Market.isValid(id: id) == false {
            throw ValidationError("--market \(id) is no market; its id has at most 16 of a-z, 0-9 and -")
        }
        for id in list where ListDescriptor.isValid(id: id) == false {
            throw ValidationError("--list \(id) is no list; its id has only a-z, 0-9 and -")
        }
        if let from, let to, from.date.daysSinceEpoch > to.date.daysSinceEpoch {
            throw ValidationError("--from \(from.date.label) comes after --to \(to.date.label); change their places")
        }
    }

    func run() async throws {
        let now = Int64(time(nil))
        let length = by.length
        let end = to.map { ($0.date.daysSinceEpoch + 1) * 86_400 } ?? Period(.day, containing: now).end
        let start = from.map { $0.date.daysSinceEpoch * 86_400 } ?? usualStart(end)
        guard start < end else {
            throw ValidationError("--from is later than today; give an earlier day, or --to as well")
        }
        let asked = Report(length, from: start, to: end, now: now, lists: list, figures: [])
        guard let last = asked.periods.last, last.end >= end else {
            throw ValidationError(
                "these are more than \(Report.maximumPeriods) periods; choose less time, or --by month"
            )
        }
        // The store keeps sums of periods; asked for whole ones, it need not guess at parts.
        let found = try await figures.source(now: now).figures(
            length,
            from: asked.start,
            to: last.end,
            market: market.count == 1 ? market[0] : nil
        )
        let report = Report(
            length,
            from: start,
            to: end,
            now: now,
            lists: list,
            figures: found.filter { market.isEmpty || market.contains($0.market.id) }
        )
        if report.isEmpty, output != .text {
            Grindvakt.warn("nothing is known of \(asked.periods.first?.label ?? "") to \(asked.lastDay)")
        }
        try write(text(of: report))
    }

    /// The first second of the usual number of periods that end with the one before `end`.
    private func usualStart(_ end: Int64) -> Int64 {
        var period = Period(by.length, containing: end - 1)
        for _ in 1..<by.usual { period = Period(by.length, containing: period.start - 1) }
        return period.start
    }

    private func text(of report: Report) -> String {
        switch output {
        case .text: TextReport.render(report, language, style)
        case .csv: CSVReport.render(report)
        case .json: JSONReport.render(report)
        case .html: HTMLReport.render(report, language)
        }
    }

    /// What standard output can show; a file is read elsewhere, in UTF-8.
    private var style: TextReport.Style {
        guard path == nil else { return TextReport.Style() }
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map { Self.variable($0) }.first { $0.isEmpty == false } ?? ""
        let isTerminal = isatty(STDOUT_FILENO) == 1
        return TextReport.Style(
            isUnicode: isTerminal == false || locale.lowercased().filter { $0 != "-" }.contains("utf8"),
            hasColour: isTerminal && Self.variable("NO_COLOR").isEmpty && Self.variable("TERM") != "dumb"
        )
    }

    private static func variable(_ name: String) -> String {
        // SAFETY: the environment is not changed; what is returned is nil or a NUL-terminated string, copied at once.
        unsafe getenv(name).map { unsafe String(cString: $0) } ?? ""
    }

    private func write(_ text: String) throws {
        if let path {
            try AtomicFile.write(Array(text.utf8), to: path, mode: 0o644)
        } else {
            try printWhole(text)
        }
    }
}

extension ReportLanguage: ExpressibleByArgument {}
