import Figures
import Telemetry

/// Puts a report's figures into sections; what compares operators best comes first, attempts come late.
struct ReportSections {
    private let report: Report
    private let summary: ReportSummary
    private let language: ReportLanguage
    private let numbers: ReportNumbers

    /// The texts and tables of a report in a language.
    init(_ report: Report, _ language: ReportLanguage, _ numbers: ReportNumbers) {
        self.report = report
        summary = ReportSummary(report)
        self.language = language
        self.numbers = numbers
    }

    /// All sections, in the order that they are read in.
    var all: [ReportSection] {
        [headlines, coverage, lag, unblock, attempts, operation, visibility]
    }

    private func say(_ word: Word) -> String { word.text(language) }

    private func column(_ word: Word, isNumeric: Bool = true) -> ReportTable.Column {
        ReportTable.Column(title: say(word), isNumeric: isNumeric)
    }

    /// What the report is about, in lines.
    var introduction: [String] {
        var lines = [Word.span.text(language, label(report.start), report.lastDay, lengthWord)]
        if report.chosenLists.isEmpty == false {
            lines.append(Word.onlyLists.text(language, report.chosenLists.joined(separator: ", ")))
        }
        lines.append(window)
        let known = Set(report.figures.map(\.period)).count
        if known < report.periods.count, report.isEmpty == false {
            let missing = numbers.count(UInt64(report.periods.count - known))
            lines.append(Word.someMissing.text(language, missing, numbers.count(UInt64(report.periods.count))))
        }
        if let last = report.periods.last, last.start < report.now, report.now < last.end {
            lines.append(say(.notOver))
        }
        return lines
    }

    /// What an attempt is in this report.
    var window: String {
        let windows = report.windows
        let seconds = windows.map { String($0) }.joined(separator: ", ")
        return switch windows.count {
        case 0: nothing
        case 1: Word.windowOne.text(language, seconds)
        default: Word.windowMany.text(language, seconds)
        }
    }

    /// That nothing is known of the time.
    var nothing: String { Word.nothing.text(language, label(report.start), report.lastDay) }

    private func label(_ second: Int64) -> String { CalendarDate(day: CalendarDate.day(of: second)).label }

    private var lengthWord: String {
        switch report.length {
        case .hour: say(.hour)
        case .day: say(.day)
        case .week: say(.week)
        case .month: say(.month)
        }
    }

    // MARK: - At a glance

    private var headlines: ReportSection {
        let headlines = summary.headlines
        let attempts = summary.attempts { Key(market: $0.market.id, window: $0.attemptWindow) }
        let rows = attempts.map { key, count in
            [.text(key.market)] + windowCell(key.window)
                + [
                    .share(headlines[key.market]?.coverage),
                    .duration(headlines[key.market]?.lag?.p95),
                    .duration(Distribution(summary.unblockSeconds(key.market))?.p95),
                    .rate(count.rate),
                ]
        }
        let table = ReportTable(
            id: "headlines-markets",
            caption: say(.headlinesCaption),
            columns: [column(.market, isNumeric: false)] + windowColumn
                + [column(.coverage), column(.lagP95), column(.unblockP95), column(.rate)],
            rows: rows
        )
        return ReportSection(
            id: "headlines",
            title: say(.headlines),
            notes: [say(.rateNote)],
            empty: nil,
            tables: [table]
        )
    }

    // MARK: - Coverage

    private var coverage: ReportSection {
        let markets = summary.coverage { figures, _ in Key(market: figures.market.id) }
        let lists = summary.coverage { figures, found in
            Key(market: figures.market.id, list: found.list, mechanism: found.mechanism)
        }
        let overview = ReportTable(
            id: "coverage-markets",
            caption: say(.coverageMarkets),
            columns: [column(.market, isNumeric: false), column(.probes), column(.blocked), column(.shareBlocked)],
            rows: markets.map { [.text($0.key.market)] + Self.cells($0.coverage) },
            courses: markets.map { item in
                let shares = item.coverage.course.map { $0.flatMap { ReportSummary.share($0.blocked, of: $0.probes) } }
                return ReportTable.Course(values: shares, ceiling: 1, column: 3)
            }
        )
        let detail = ReportTable(
            id: "coverage-lists",
            caption: say(.coverageLists),
            columns: [
                column(.market, isNumeric: false), column(.list, isNumeric: false),
                column(.mechanism, isNumeric: false), column(.probes), column(.blocked), column(.shareBlocked),
                column(.medianTime), column(.longest),
            ],
            rows: lists.map { key, coverage in
                [.text(key.market), .text(key.list), .text(words(key.mechanism))] + Self.cells(coverage) + [
                    .duration(Distribution(coverage.medians).map { $0.median / 1_000 }),
                    .duration(Distribution(coverage.longest).map { $0.longest / 1_000 }),
                ]
            },
            heads: 3
        )
        return ReportSection(
            id: "coverage",
            title: say(.coverage),
            notes: [say(.coverageNote)],
            empty: markets.isEmpty ? say(.coverageNone) : nil,
            tables: markets.isEmpty ? [] : [overview, detail]
        )
    }

    private static func cells(_ coverage: ReportSummary.Coverage) -> [ReportTable.Cell] {
        [.count(coverage.probes), .count(coverage.blocked), .share(coverage.share)]
    }

    // MARK: - Lists

    private var lag: ReportSection {
        let lists = summary.lists
        let rows = lists.flatMap { key, list in
            [
                (Word.issuedReceived, list.lag.received), (.receivedActivated, list.lag.activated),
                (.issuedActivated, list.lag.whole),
            ].compactMap { way, seconds -> [ReportTable.Cell]? in
                guard seconds.isEmpty == false else { return nil }
                return [.text(key.market), .text(key.list), .text(say(way))] + Self.cells(seconds)
            }
        }
        let ways = ReportTable(
            id: "lag-ways",
            caption: say(.lagTable),
            columns: [
                column(.market, isNumeric: false), column(.list, isNumeric: false), column(.way, isNumeric: false),
                column(.updates),
            ] + distributionColumns,
            rows: rows,
            heads: 3,
            isOfTimes: true
        )
        let state = ReportTable(
            id: "lag-lists",
            caption: say(.listTable),
            columns: [
                column(.market, isNumeric: false), column(.list, isNumeric: false), column(.updates), column(.entries),
                column(.rejected), column(.refusals), column(.stale),
            ],
            rows: lists.map { key, list in
                [
                    .text(key.market), .text(key.list), .count(UInt64(list.lag.updates)), .count(list.entries),
                    .count(list.rejected.map(\.entries).total), .count(list.refusals), .duration(list.staleSeconds),
                ]
            },
            heads: 2
        )
        let reasons = ReportTable(
            id: "lag-reasons",
            caption: say(.reasonTable),
            columns: [
                column(.market, isNumeric: false), column(.list, isNumeric: false), column(.reason, isNumeric: false),
                column(.rejected),
            ],
            rows: lists.flatMap { key, list in
                list.rejected.map { found in
                    [.text(key.market), .text(key.list), .text(found.reason), .count(found.entries)]
                }
            },
            heads: 3
        )
        return ReportSection(
            id: "lag",
            title: say(.lag),
            notes: [say(.lagNote)],
            empty: rows.isEmpty ? say(.lagNone) : nil,
            tables: (rows.isEmpty ? [] : [ways]) + (lists.isEmpty ? [] : [state])
                + (reasons.rows.isEmpty ? [] : [reasons])
        )
    }

    private var distributionColumns: [ReportTable.Column] { [column(.medianTime), column(.p95), column(.longest)] }

    private static func cells(_ seconds: [Double]) -> [ReportTable.Cell] {
        let distribution = Distribution(seconds)
        return [
            .count(UInt64(seconds.count)), .duration(distribution?.median), .duration(distribution?.p95),
            .duration(distribution?.longest),
        ]
    }

    private var unblock: ReportSection {
        let rows = summary.markets.flatMap { market in
            [(Word.wishedPassing, summary.unblockSeconds(market)), (.removedPassing, summary.removalSeconds(market))]
                .compactMap { way, seconds -> [ReportTable.Cell]? in
                    seconds.isEmpty ? nil : [.text(market), .text(say(way))] + Self.cells(seconds)
                }
        }
        let table = ReportTable(
            id: "unblock-markets",
            caption: say(.unblockTable),
            columns: [column(.market, isNumeric: false), column(.way, isNumeric: false), column(.times)]
                + distributionColumns,
            rows: rows,
            heads: 2,
            isOfTimes: true
        )
        return ReportSection(
            id: "unblock",
            title: say(.unblock),
            notes: [say(.unblockNote)],
            empty: rows.isEmpty ? say(.unblockNone) : nil,
            tables: rows.isEmpty ? [] : [table]
        )
    }

    // MARK: - Attempts

    private typealias Key = ReportSummary.Key

    /// Attempts of several windows stand apart, and say which window it is.
    private var windowColumn: [ReportTable.Column] { report.windows.count > 1 ? [column(.window)] : [] }

    private func windowCell(_ window: Int) -> [ReportTable.Cell] {
        report.windows.count > 1 ? [.text("\(window)\u{A0}s")] : []
    }

    private var attempts: ReportSection {
        let hasMatches = report.figures.contains { $0.matches.isEmpty == false || $0.anyAttempts.isEmpty == false }
        let tables = hasMatches ? [marketTable, listTable, mechanismTable, periodTable, detailTable] : []
        return ReportSection(
            id: "attempts",
            title: say(.attempts),
            notes: [say(.attemptsNote), window, say(.attemptsAny)],
            empty: hasMatches ? nil : say(.attemptsNone),
            tables: tables.filter { $0.rows.isEmpty == false }
        )
    }

    private var marketTable: ReportTable {
        let counts = summary.attempts { Key(market: $0.market.id, window: $0.attemptWindow) }
        let heads = windowColumn.count + 1
        return ReportTable(
            id: "attempts-markets",
            caption: say(.byMarket),
            columns: [column(.market, isNumeric: false)] + windowColumn
                + [column(.attempts), column(.events), column(.rate)],
            rows: counts.map { key, count in
                [.text(key.market)] + windowCell(key.window)
                    + [.count(count.attempts), .count(count.events), .rate(count.rate)]
            },
            courses: counts.map { course($0.count, column: heads) },
            heads: heads
        )
    }

    private var listTable: ReportTable {
        matchTable("attempts-lists", .byList, .list, { Key(list: $1.list, window: $0.attemptWindow) }, { $0.list })
    }

    private var mechanismTable: ReportTable {
        matchTable(
            "attempts-mechanisms",
            .byMechanism,
            .mechanism,
            { Key(mechanism: $1.mechanism, window: $0.attemptWindow) },
            { words($0.mechanism) }
        )
    }

    private func matchTable(
        _ id: String,
        _ caption: Word,
        _ head: Word,
        _ key: (PeriodFigures, MatchFigures) -> Key,
        _ name: (Key) -> String
    ) -> ReportTable {
        let counts = summary.matches(by: key)
        let heads = windowColumn.count + 1
        return ReportTable(
            id: id,
            caption: say(caption),
            columns: [column(head, isNumeric: false)] + windowColumn + [column(.attempts), column(.events)],
            rows: counts.map { key, count in
                [.text(name(key))] + windowCell(key.window) + [.count(count.attempts), .count(count.events)]
            },
            courses: counts.map { course($0.count, column: heads) },
            heads: heads
        )
    }

    private func course(_ count: ReportSummary.Count, column: Int) -> ReportTable.Course {
        ReportTable.Course(values: count.course.map { $0.map { Double($0) } }, ceiling: nil, column: column)
    }

    /// A row for each period and window; those in a row that nothing is known of share one that says so.
    private var periodTable: ReportTable {
        let known = Dictionary(grouping: report.figures, by: \.period)
        var rows: [[ReportTable.Cell]] = []
        var index = 0
        while index < report.periods.count {
            let period = report.periods[index]
            guard let figures = known[period] else {
                var last = index
                while last + 1 < report.periods.count, known[report.periods[last + 1]] == nil { last += 1 }
                let end = last > index ? " \(numbers.unknown) \(report.periods[last].label)" : ""
                let window: [ReportTable.Cell] = windowColumn.isEmpty ? [] : [.count(nil)]
                rows.append(
                    [.text(period.label + end)] + window
                        + [.count(nil), .count(nil), .rate(nil), .text(say(.noData))]
                )
                index = last + 1
                continue
            }
            let markets = UInt64(Set(figures.map(\.market.id)).count)
            let counts = summary.attempts(of: figures) { Key(window: $0.attemptWindow) }
            rows += counts.map { key, count in
                [.text(period.label)] + windowCell(key.window)
                    + [.count(count.attempts), .count(count.events), .rate(count.rate), .count(markets)]
            }
            index += 1
        }
        return ReportTable(
            id: "attempts-periods",
            caption: say(.byPeriod),
            columns: [column(.period, isNumeric: false)] + windowColumn
                + [column(.attempts), column(.events), column(.rate), column(.markets)],
            rows: rows,
            heads: windowColumn.count + 1
        )
    }

    private var detailTable: ReportTable {
        let counts = summary.matches(hasCourse: false) { figures, match in
            Key(
                market: figures.market.id,
                list: match.list,
                mechanism: match.mechanism,
                action: match.action,
                window: figures.attemptWindow
            )
        }
        return ReportTable(
            id: "attempts-detail",
            caption: say(.detail),
            columns: [
                column(.market, isNumeric: false), column(.list, isNumeric: false),
                column(.mechanism, isNumeric: false), column(.action, isNumeric: false),
            ] + windowColumn + [column(.attempts), column(.events)],
            rows: counts.map { key, count in
                [.text(key.market), .text(key.list), .text(words(key.mechanism)), .text(key.action)]
                    + windowCell(key.window) + [.count(count.attempts), .count(count.events)]
            },
            heads: 4 + windowColumn.count
        )
    }

    private func words(_ mechanism: Mechanism?) -> String {
        switch mechanism {
        case .dnsUDP: say(.dnsUDP)
        case .dnsTCP: say(.dnsTCP)
        case .tlsSNI: say(.tlsSNI)
        case .quicV1: say(.quicV1)
        case .quicV2: say(.quicV2)
        case .httpHost: say(.httpHost)
        case nil: numbers.unknown
        }
    }

    // MARK: - Operation and visibility

    private var operation: ReportSection {
        let table = ReportTable(
            id: "operation-markets",
            caption: say(.operationTable),
            columns: [
                column(.market, isNumeric: false), column(.uptime), column(.failOpen), column(.killSwitch),
                column(.packets), column(.queueDrops), column(.unseen),
            ],
            rows: summary.markets.map { market in
                let sum = summary.operation(market)
                return [
                    .text(market), .duration(sum.uptimeSeconds), .duration(sum.failOpenSeconds),
                    .duration(sum.killSwitchSeconds), .count(sum.packets), .count(sum.queueDrops), .count(sum.unseen),
                ]
            }
        )
        return ReportSection(
            id: "operation",
            title: say(.operation),
            notes: [say(.operationNote)],
            empty: nil,
            tables: [table]
        )
    }

    /// What can be seen of traffic, in the order that it is shown in.
    private static let signs: [(word: Word, value: @Sendable (VisibilityFigures) -> UInt64)] = [
        (.dnsNames, { $0.dnsNames }), (.tlsNames, { $0.tlsNames }), (.quicNames, { $0.quicNames }),
        (.httpNames, { $0.httpNames }), (.withoutServerName, { $0.withoutServerName }),
        (.encryptedClientHello, { $0.encryptedClientHello }), (.incomplete, { $0.incomplete }),
        (.unknownQUICVersion, { $0.unknownQUICVersion }), (.dotFlows, { $0.dotFlows }), (.doqFlows, { $0.doqFlows }),
        (.dohFlows, { $0.dohFlows }),
    ]

    private var visibility: ReportSection {
        let total = ReportTable(
            id: "visibility-all",
            caption: say(.visibilityTable),
            columns: [column(.sign, isNumeric: false), column(.number)],
            rows: Self.signs.map { sign in
                [
                    .text(say(sign.word)),
                    .count(summary.course(nil) { sign.value($0.visibility) }.compactMap { $0 }.total),
                ]
            },
            courses: Self.signs.map { sign in
                // Each by itself: what is rare would show nothing beside what is common.
                let values = summary.course(nil) { sign.value($0.visibility) }.map { $0.map { Double($0) } }
                return ReportTable.Course(values: values, ceiling: values.compactMap { $0 }.max() ?? 0, column: 1)
            }
        )
        let markets = summary.markets
        let each = ReportTable(
            id: "visibility-markets",
            caption: say(.visibilityMarkets),
            columns: [column(.sign, isNumeric: false), column(.market, isNumeric: false), column(.number)],
            rows: Self.signs.flatMap { sign in
                markets.map { market in
                    let sum = summary.course(market) { sign.value($0.visibility) }.compactMap { $0 }.total
                    return [.text(say(sign.word)), .text(market), .count(sum)]
                }
            },
            heads: 2
        )
        return ReportSection(
            id: "visibility",
            title: say(.visibility),
            notes: [say(.visibilityNote)],
            empty: nil,
            tables: markets.count > 1 ? [total, each] : [total]
        )
    }
}
