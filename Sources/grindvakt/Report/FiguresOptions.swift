import ArgumentParser
import CoverageProbes
import Figures
import PrometheusQueries
import SensorConfiguration
import Statistics
import SystemPackage

/// Where the figures of a report come from.
struct FiguresOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The configuration whose [statistics] says where this sensor keeps its figures; \(Self.usualConfiguration) where it is there.",
            valueName: "file"
        ),
        completion: .file(extensions: ["toml"])
    )
    var config: String?

    @Option(
        help: ArgumentHelp("A store of figures, a sensor's or a copy of it.", valueName: "file"),
        completion: .file(extensions: ["db"])
    )
    var store: String?

    @Option(
        help: ArgumentHelp(
            "What speaks the HTTP API of Prometheus and has scraped the sensors: Prometheus, Thanos, Mimir, VictoriaMetrics.",
            valueName: "url"
        )
    )
    var prometheus: String?

    @Flag(
        help:
            "Read what grindvakt-fleet.rules.yml records of whole markets, instead of each sensor's series; for fleets of many hundreds."
    )
    var recorded = false

    @Option(
        help: ArgumentHelp("The scrape job of the sensors, where other jobs have metrics of theirs.", valueName: "name")
    )
    var job: String?

    @Option(
        help: ArgumentHelp("The file with the token that the server asks for; one line.", valueName: "file"),
        completion: .file()
    )
    var tokenFile: String?

    @Option(
        help: ArgumentHelp(
            "A field for the server's requests, like \"X-Scope-OrgID: alpha\" for a tenant; once per field.",
            valueName: "field"
        )
    )
    var header: [String] = []

    @Option(
        help: ArgumentHelp(
            "How many subscribers a market has, which no metric says, like se=120000; once per market.",
            valueName: "market=count"
        )
    )
    var subscribers: [SubscribersArgument] = []

    @Option(
        help: ArgumentHelp(
            "What selftest coverage --record has noted, where the store has not taken it; se=FILE where there are several markets. Once per file; it takes the place of the store's.",
            valueName: "[market=]file"
        ),
        completion: .file()
    )
    var coverage: [String] = []

    /// Where a package or `make install` puts the configuration.
    private static let usualConfiguration = "/etc/grindvakt/grindvakt.toml"

    func validate() throws {
        let named = [config, store, prometheus].compactMap(\.self)
        guard named.count <= 1 else {
            throw ValidationError("--config, --store and --prometheus name different figures; give one of them")
        }
        guard
            prometheus != nil
                || (job == nil && tokenFile == nil && header.isEmpty && subscribers.isEmpty && recorded == false)
        else {
            throw ValidationError(
                "--job, --token-file, --header, --subscribers and --recorded go with --prometheus; add it"
            )
        }
        guard job == nil || recorded == false else {
            throw ValidationError("what the rules record has no job; leave out --job or --recorded")
        }
    }

    /// The source that was named.
    ///
    /// - Parameter now: this moment, in seconds since 1970-01-01 UTC.
    /// - Returns: the source.
    /// - Throws: ``QueryFailure`` or ``Refusal`` where the options do not make one.
    func source(now: Int64) throws -> any FiguresSource {
        let source = try sourceOfSensors(now: now)
        guard coverage.isEmpty == false else { return source }
        return CoveredSource(sensors: source, coverage: coverage.map(CoverageFile.init))
    }

    private func sourceOfSensors(now: Int64) throws -> any FiguresSource {
        if let prometheus {
            let token = try tokenFile.map { path in
                String(
                    try inputText(of: path, limit: 1 << 16)
                        .split(separator: "\n", omittingEmptySubsequences: false).first ?? ""
                )
            }
            let server = try PrometheusServer(address: prometheus, token: token, headers: header)
            var counts: [String: Int] = [:]
            for market in subscribers { counts[market.id] = market.count }
            guard recorded == false else { return FleetSource(server, subscribers: counts, now: now) }
            return PrometheusSource(server, job: job, subscribers: counts, now: now)
        }
        guard store != nil || config != nil || Self.presentConfiguration != nil else {
            throw Refusal(
                description:
                    "\(Self.usualConfiguration) is not there; say where the figures are: --config FILE, --store FILE or --prometheus URL"
            )
        }
        return try StoredFigures.opened(config: config ?? Self.presentConfiguration, store: store)
    }

    /// The configuration that is named, or lies in the usual place; nil where there is none.
    func configuration() throws -> SensorConfiguration? {
        try (config ?? Self.presentConfiguration).map {
            try ConfigurationFile(path: $0, lists: [], isLenient: false).read()
        }
    }

    private static var presentConfiguration: String? {
        (try? FileDescriptor.open(FilePath(usualConfiguration), .readOnly, options: .closeOnExec))
            .map { descriptor in
                try? descriptor.close()
                return usualConfiguration
            }
    }
}

/// A store on this host.
struct StoredFigures: FiguresSource {
    private let store: StatisticsStore

    /// Opens a store that is named, or that a configuration names.
    static func opened(config: String?, store: String?) throws -> StoredFigures {
        try StoredFigures(store: StatisticsStore(store ?? path(config ?? ""), for: .reading))
    }

    private static func path(_ config: String) throws -> String {
        let configuration = try ConfigurationFile(path: config, lists: [], isLenient: false).read()
        guard let settings = try configuration.statisticsSettings() else {
            throw Refusal(
                description: "\(config): no figures are kept; name the market in its [statistics], like market = \"se\""
            )
        }
        return settings.path
    }

    func figures(_ length: PeriodLength, from: Int64, to: Int64, market: String?) async throws -> [PeriodFigures] {
        try store.figures(length, from: from, to: to, market: market)
    }
}

/// How many subscribers a market has: `se=120000`.
struct SubscribersArgument: ExpressibleByArgument {
    let id: String
    let count: Int

    init?(argument: String) {
        let parts = argument.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2, Market.isValid(id: String(parts[0])), let count = Int(parts[1]), count > 0 else {
            return nil
        }
        id = String(parts[0])
        self.count = count
    }
}

/// A day of UTC: `2026-11-22`.
struct DayArgument: ExpressibleByArgument {
    let date: CalendarDate

    /// The day, counted from 1970-01-01.
    var day: Int64 { date.daysSinceEpoch }

    init?(argument: String) {
        guard let date = CalendarDate(label: argument) else { return nil }
        self.date = date
    }
}

extension QueryFailure: CommandFailure {
    var exitStatus: Int32 { 2 }
}

extension StatisticsError: CommandFailure {
    var exitStatus: Int32 { 2 }
}
