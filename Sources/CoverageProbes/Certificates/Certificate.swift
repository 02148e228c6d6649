package import Figures
package import ListFiles
import Telemetry

/// What an operator says of its blocking in a quarter: which lists were in use, how soon their updates were, what test names showed, and where there
/// is a gap in all that. ``document(signedBy:)`` makes a ``SignedDocument`` of it.
///
/// It speaks of lists, days and counts; it has no name of a site, no address, and nothing of attempts.
package struct Certificate: Equatable, Sendable {
    /// Who says so.
    package var member: Identifier
    /// The market that it is about; nil for all of the member's.
    package var market: String?
    /// The quarter.
    package var quarter: Quarter
    /// The time up to which figures were at hand, in seconds since 1970-01-01 UTC.
    package var effectiveAt: Int64
    /// The version of the program.
    package var software: String
    /// The figures of the quarter's days.
    package var days: [PeriodFigures]
    /// Whether the figures tell how sensors ran, and of lists: those of a ``CoverageLog`` do not.
    package var knowsOperation: Bool

    /// The version of what is said.
    package static let version: Int64 = 1

    /// Ranges of sequences that are told of a list; a list with more gaps than that has a word for it.
    private static let maximumRanges = 256

    /// A certificate of these figures.
    ///
    /// - Parameters:
    ///   - member: who says so.
    ///   - market: the market; nil for all.
    ///   - quarter: the quarter.
    ///   - effectiveAt: the time up to which figures were at hand, in seconds since 1970-01-01 UTC.
    ///   - software: the version of the program.
    ///   - days: figures of days; those outside the quarter, or behind `effectiveAt`, are left out.
    ///   - knowsOperation: whether they tell how sensors ran.
    package init(
        member: Identifier,
        market: String?,
        quarter: Quarter,
        effectiveAt: Int64,
        software: String,
        days: [PeriodFigures],
        knowsOperation: Bool
    ) {
        self.member = member
        self.market = market
        self.quarter = quarter
        self.effectiveAt = min(max(effectiveAt, quarter.start), quarter.end)
        self.software = software
        self.days = days.filter {
            $0.period.length == .day && $0.period.start >= quarter.start && $0.period.start < quarter.end
                && $0.period.start <= effectiveAt && (market == nil || $0.market.id == market || !knowsOperation)
        }
        self.knowsOperation = knowsOperation
    }

    /// What it says, signed.
    package func document(signedBy keys: [SigningKey]) throws(TrustFault) -> SignedDocument {
        try SignedDocument(members, as: .certificate, signedBy: keys)
    }

    /// What it says.
    package var members: [DocumentValue.Member] {
        [
            DocumentValue.Member("version", .number(Self.version)),
            DocumentValue.Member("member", .text(member.description)),
            DocumentValue.Member("market", .word(market)),
            DocumentValue.Member("quarter", .text(quarter.description)),
            DocumentValue.Member("effective_at", .text(Timestamp(seconds: effectiveAt)?.description ?? "")),
            DocumentValue.Member("quarter_is_over", .truth(effectiveAt >= quarter.end)),
            DocumentValue.Member("software", .word("grindvakt \(software)")),
            DocumentValue.Member("lists", knowsOperation ? .array(lists) : .null),
            DocumentValue.Member("coverage", .array(coverage)),
            DocumentValue.Member("operation", knowsOperation ? operation : .null),
            DocumentValue.Member("gaps", gaps),
        ]
    }

    // MARK: - Lists

    private var lists: [DocumentValue] {
        Set(days.flatMap { $0.lists.map(\.list) }).sorted().map { id in
            let figures = days.flatMap { $0.lists.filter { $0.list == id } }
            let activations = figures.flatMap(\.activations)
            return .object([
                DocumentValue.Member("list", .text(id)),
                DocumentValue.Member("activations", .count(activations.count)),
                DocumentValue.Member("sequences", Self.ranges(activations.compactMap(\.sequence))),
                DocumentValue.Member("entries", .count(figures.last?.entries ?? 0)),
                DocumentValue.Member("refusals", .count(figures.map(\.refusals).total)),
                DocumentValue.Member("stale_seconds", .count(Self.seconds(figures.map(\.staleSeconds)))),
                DocumentValue.Member(
                    "issued_to_active_seconds",
                    Self.lag(activations.compactMap { $0.lag(from: $0.issuedAt) })
                ),
                DocumentValue.Member(
                    "received_to_active_seconds",
                    Self.lag(activations.compactMap { $0.lag(from: $0.receivedAt) })
                ),
            ])
        }
    }

    /// The numbers as ranges of those that follow each other; null where there are too many.
    static func ranges(_ numbers: [UInt64]) -> DocumentValue {
        var ranges: [(first: UInt64, last: UInt64)] = []
        for number in Set(numbers).sorted() {
            if let last = ranges.last, last.last < .max, last.last + 1 == number {
                ranges[ranges.count - 1].last = number
            } else {
                ranges.append((number, number))
            }
        }
        guard ranges.count <= maximumRanges else { return .null }
        // As text: a publisher's number may be larger than what readers of JSON keep exact.
        return .array(ranges.map { .text($0.first == $0.last ? "\($0.first)" : "\($0.first)-\($0.last)") })
    }

    private static func lag(_ seconds: [Double]) -> DocumentValue {
        guard let lag = Distribution(seconds) else { return .null }
        return .object([
            DocumentValue.Member("median", .count(whole(lag.median))),
            DocumentValue.Member("p95", .count(whole(lag.p95))),
            DocumentValue.Member("longest", .count(whole(lag.longest))),
        ])
    }

    private static func seconds(_ values: [Double]) -> Int64 { whole(values.filter(\.isFinite).reduce(0, +)) }

    /// The next whole number, so that no gap is rounded away.
    private static func whole(_ value: Double) -> Int64 {
        guard value.isFinite, value > 0 else { return 0 }
        return value < 9e15 ? Int64(value.rounded(.up)) : DocumentValue.largestNumber
    }

    // MARK: - Coverage

    /// Lists that are told of: those in use, and those that test names were tried for.
    private var ids: [String] {
        Set(days.flatMap { $0.lists.map(\.list) + $0.coverage.map(\.list) }).sorted()
    }

    private func coverage(of list: String, _ mechanism: Mechanism) -> [CoverageFigures] {
        days.flatMap { $0.coverage.filter { $0.list == list && $0.mechanism == mechanism } }
    }

    /// Every list and every mechanism, those that nobody tried as well.
    private var coverage: [DocumentValue] {
        ids.flatMap { id in
            Mechanism.allCases.map { mechanism -> DocumentValue in
                let figures = coverage(of: id, mechanism)
                let medians = Distribution(figures.compactMap(\.medianMilliseconds))
                let longest = figures.compactMap(\.longestMilliseconds).max()
                return .object([
                    DocumentValue.Member("list", .text(id)),
                    DocumentValue.Member("mechanism", .text(mechanism.label)),
                    DocumentValue.Member("probes", .count(figures.map(\.probes).total)),
                    DocumentValue.Member("blocked", .count(figures.map(\.blocked).total)),
                    DocumentValue.Member("median_ms_of_days", .optional(medians.map { Self.whole($0.median) })),
                    DocumentValue.Member("longest_ms", .optional(longest.map { Self.whole($0) })),
                ])
            }
        }
    }

    // MARK: - Operation and gaps

    private var operation: DocumentValue {
        func sum(_ value: (OperationFigures) -> Double) -> DocumentValue {
            .count(Self.seconds(days.map { value($0.operation) }))
        }
        func sum(_ value: (OperationFigures) -> UInt64) -> DocumentValue {
            .count(days.map { value($0.operation) }.total)
        }
        return .object([
            DocumentValue.Member("uptime_seconds", sum(\.uptimeSeconds)),
            DocumentValue.Member("fail_open_seconds", sum(\.failOpenSeconds)),
            DocumentValue.Member("kill_switch_seconds", sum(\.killSwitchSeconds)),
            DocumentValue.Member("packets", sum(\.packets)),
            DocumentValue.Member("queue_drops", sum(\.queueDrops)),
            DocumentValue.Member("unseen", sum(\.unseen)),
        ])
    }

    private var gaps: DocumentValue {
        let all = quarter.days(until: min(effectiveAt, quarter.end - 1)).map(\.label)
        let probed = Set(days.filter { $0.coverage.contains { $0.probes > 0 } }.map(\.period.label))
        let up = Set(days.filter { $0.operation.uptimeSeconds > 0 }.map(\.period.label))
        func missing(_ there: Set<String>) -> DocumentValue {
            .array(all.filter { there.contains($0) == false }.map { .text($0) })
        }
        return .object([
            DocumentValue.Member("days", .count(all.count)),
            DocumentValue.Member("days_without_probes", missing(probed)),
            DocumentValue.Member("days_without_uptime", knowsOperation ? missing(up) : .null),
            DocumentValue.Member("not_probed", .array(unprobed { $0 == 0 && $1 == 0 })),
            DocumentValue.Member("not_all_blocked", .array(unprobed { $0 > $1 })),
        ])
    }

    /// The lists and mechanisms whose numbers of probes and blocks are such, as `LIST MECHANISM`.
    private func unprobed(_ isSuch: (_ probes: UInt64, _ blocked: UInt64) -> Bool) -> [DocumentValue] {
        ids.flatMap { id in
            Mechanism.allCases.filter { mechanism in
                let figures = coverage(of: id, mechanism)
                return isSuch(figures.map(\.probes).total, figures.map(\.blocked).total)
            }.map { .text("\(id) \($0.label)") }
        }
    }
}
