import CoverageProbes
import Figures

/// A file of coverage, and the market that it is of; nil for the only one.
struct CoverageFile: Sendable {
    let market: String?
    let path: String

    /// A file of a market.
    init(path: String, market: String?) {
        (self.market, self.path) = (market, path)
    }

    /// Reads `se=coverage.jsonl`, or a path alone.
    init(_ argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
        if parts.count == 2, Market.isValid(id: parts[0]) {
            (market, path) = (parts[0], parts[1])
        } else {
            (market, path) = (nil, argument)
        }
    }
}

/// Figures of sensors, and with them what was found at clients' places, as files have it.
///
/// What a file says takes the place of what is known of its market otherwise: a store may have taken the same file. A period in which nobody but
/// the probes has told anything is one all the same.
struct CoveredSource: FiguresSource {
    /// Where the rest comes from; nil for files alone.
    let sensors: (any FiguresSource)?
    let coverage: [CoverageFile]

    func figures(_ length: PeriodLength, from: Int64, to: Int64, market: String?) async throws -> [PeriodFigures] {
        var figures = try await sensors?.figures(length, from: from, to: to, market: market) ?? []
        let markets = Set(figures.map(\.market.id))
        var replaced: Set<String> = []
        for file in coverage {
            let found = try await CoverageLog(file.path).figures(length, from: from, to: to, market: nil)
            guard let id = file.market ?? market ?? only(markets) else {
                guard let first = markets.min() else { continue }
                throw Refusal(
                    description:
                        "\(file.path): of which market is this coverage? say it: --coverage \(first)=\(file.path)"
                )
            }
            guard market == nil || market == id else { continue }
            if replaced.insert(id).inserted {
                for index in figures.indices where figures[index].market.id == id { figures[index].coverage = [] }
            }
            for period in found {
                if let index = figures.lastIndex(where: { $0.period == period.period && $0.market.id == id }) {
                    figures[index].coverage += period.coverage
                } else {
                    let known = figures.last { $0.market.id == id }
                    figures.append(
                        PeriodFigures(
                            period: period.period,
                            market: known?.market ?? Market(id: id),
                            attemptWindow: known?.attemptWindow ?? 2,
                            coverage: period.coverage
                        )
                    )
                }
            }
        }
        return figures.sorted {
            ($0.period.start, $0.market.id, $0.attemptWindow) < ($1.period.start, $1.market.id, $1.attemptWindow)
        }
    }

    /// The market that nobody has to name.
    private func only(_ markets: Set<String>) -> String? {
        guard sensors != nil else { return "-" }
        return markets.count == 1 ? markets.first : nil
    }
}
