import Figures
import Telemetry

/// Figures added up over the whole time of a report.
struct ReportSummary {
    let report: Report

    /// What events and attempts are added up by.
    struct Key: Hashable, Comparable {
        var market = ""
        var list = ""
        var mechanism: Mechanism?
        var action = ""
        var window = 0

        static func < (one: Key, other: Key) -> Bool {
            let (left, right) = (Int(one.mechanism?.rawValue ?? 0), Int(other.mechanism?.rawValue ?? 0))
            return (one.market, one.list, left, one.action, one.window)
                < (other.market, other.list, right, other.action, other.window)
        }
    }

    /// Events and attempts, and the attempts of each period.
    struct Count {
        var events: UInt64 = 0
        var attempts: UInt64 = 0
        /// Nil where nothing is known of the period.
        var course: [UInt64?]
        /// Attempts of figures that say how many subscribers there are.
        var rated: UInt64 = 0
        /// Subscribers times days of these figures.
        var subscriberDays = 0.0

        /// Attempts per 100,000 subscribers and day; nil where no number of subscribers is given.
        var rate: Double? { subscriberDays > 0 ? Double(rated) * 100_000 / subscriberDays : nil }

        fileprivate mutating func add(_ attempts: UInt64, events: UInt64, at place: Int) {
            self.events = self.events.adding(events)
            self.attempts = self.attempts.adding(attempts)
            course[place] = (course[place] ?? 0).adding(attempts)
        }
    }

    /// Test names that were asked for and blocked.
    struct Coverage {
        var probes: UInt64 = 0
        var blocked: UInt64 = 0
        /// Milliseconds: of medians the middle one, of the longest the longest.
        var medians: [Double] = []
        var longest: [Double] = []
        var course: [(probes: UInt64, blocked: UInt64)?]

        var share: Double? { ReportSummary.share(blocked, of: probes) }

        fileprivate mutating func add(_ found: CoverageFigures, at place: Int) {
            probes = probes.adding(found.probes)
            blocked = blocked.adding(found.blocked)
            if let median = found.medianMilliseconds?.measured { medians.append(median) }
            if let longest = found.longestMilliseconds?.measured { self.longest.append(longest) }
            let before = course[place] ?? (0, 0)
            course[place] = (before.probes.adding(found.probes), before.blocked.adding(found.blocked))
        }
    }

    init(_ report: Report) {
        self.report = report
    }

    /// A share of one; nil of nothing. What is more than all is all.
    static func share(_ part: UInt64, of whole: UInt64) -> Double? {
        whole > 0 ? min(Double(part) / Double(whole), 1) : nil
    }

    /// The place of each period in curves.
    private var places: [Period: Int] {
        var places: [Period: Int] = [:]
        for (index, period) in report.periods.enumerated() { places[period] = index }
        return places
    }

    /// The markets that anything is known of, by name.
    var markets: [String] { Set(report.figures.map(\.market.id)).sorted() }

    // MARK: - Attempts

    /// Attempts of markets as wholes: a name on several lists is one attempt, but is an event of each.
    ///
    /// Where lists were chosen, their own attempts stand in, since attempts whatever the list are not known of some.
    ///
    /// - Parameters:
    ///   - chosen: figures of whole periods; nil for all.
    ///   - key: what they are added up by.
    /// - Returns: the sums, in the order of the keys.
    func attempts(of chosen: [PeriodFigures]? = nil, by key: (PeriodFigures) -> Key) -> [(key: Key, count: Count)] {
        let all = chosen ?? report.figures
        var counts: [Key: Count] = [:]
        let places = places
        // A market whose window was changed within a period has several figures of it, which share its days.
        var shares: [[String]: Double] = [:]
        for figures in all { shares[[figures.period.label, figures.market.id], default: 0] += 1 }
        for figures in all {
            guard let place = places[figures.period] else { continue }
            let key = key(figures)
            let attempts =
                report.chosenLists.isEmpty
                ? figures.anyAttempts.map(\.attempts).total : figures.matches.map(\.attempts).total
            var count = counts[key] ?? empty
            count.add(attempts, events: figures.matches.map(\.events).total, at: place)
            if let subscribers = figures.market.subscribers, subscribers > 0 {
                count.rated = count.rated.adding(attempts)
                let days = report.days(of: figures.period)
                count.subscriberDays +=
                    Double(subscribers) * days / (shares[[figures.period.label, figures.market.id]] ?? 1)
            }
            counts[key] = count
        }
        return counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Events and attempts of lists, each list's own.
    ///
    /// - Parameters:
    ///   - hasCourse: whether the attempts of each period are wanted; they take their time where there are many keys.
    ///   - key: what they are added up by.
    /// - Returns: the sums, in the order of the keys.
    func matches(hasCourse: Bool = true, by key: (PeriodFigures, MatchFigures) -> Key) -> [(key: Key, count: Count)] {
        var counts: [Key: Count] = [:]
        let places = places
        for figures in report.figures {
            guard let place = places[figures.period] else { continue }
            for match in figures.matches {
                counts[key(figures, match), default: empty].add(match.attempts, events: match.events, at: place)
            }
        }
        // A period that is known and has no match of a kind has none of it: that is zero, and not unknown.
        for figures in report.figures where hasCourse {
            guard let place = places[figures.period] else { continue }
            for key in counts.keys where key.market.isEmpty || key.market == figures.market.id {
                if counts[key]?.course[place] == nil { counts[key]?.course[place] = 0 }
            }
        }
        return counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private var empty: Count { Count(course: Array(repeating: nil, count: report.periods.count)) }

    // MARK: - Coverage

    /// Test names that were asked for and blocked.
    ///
    /// - Parameter key: what they are added up by.
    /// - Returns: the sums, in the order of the keys.
    func coverage(by key: (PeriodFigures, CoverageFigures) -> Key) -> [(key: Key, coverage: Coverage)] {
        var all: [Key: Coverage] = [:]
        let places = places
        let empty = Coverage(course: Array(repeating: nil, count: report.periods.count))
        for figures in report.figures {
            guard let place = places[figures.period] else { continue }
            for found in figures.coverage {
                // In its place: a copy would take the course of all periods along.
                all[key(figures, found), default: empty].add(found, at: place)
            }
        }
        return all.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    // MARK: - Lists

    /// The ways of an update, with the seconds that each took.
    struct Lag {
        var updates = 0
        var received: [Double] = []
        var activated: [Double] = []
        var whole: [Double] = []
    }

    /// What became of a list in a market.
    struct List {
        var lag = Lag()
        var entries: UInt64 = 0
        var rejected: [RejectedFigures] = []
        var refusals: UInt64 = 0
        var staleSeconds = 0.0
    }

    /// The lists of each market; entries and what was left out are those of its latest period.
    var lists: [(key: Key, list: List)] {
        var lists: [Key: List] = [:]
        for figures in report.figures {
            for found in figures.lists {
                let key = Key(market: figures.market.id, list: found.list)
                var list = lists[key] ?? List()
                for update in found.activations { list.lag.add(update) }
                list.entries = found.entries
                list.rejected = found.rejected
                list.refusals = list.refusals.adding(found.refusals)
                list.staleSeconds = [list.staleSeconds, found.staleSeconds].total
                lists[key] = list
            }
        }
        return lists.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    // MARK: - Markets

    /// What is said of a market first.
    struct Headline {
        /// The share of its test names that was blocked; nil where none was asked for.
        var coverage: Double?
        /// Seconds from the issue of its updates to their use; nil where that is not known of any.
        var lag: Distribution?
    }

    /// What is said of each market first, by its name.
    var headlines: [String: Headline] {
        var headlines: [String: Headline] = [:]
        for (key, found) in coverage(by: { figures, _ in Key(market: figures.market.id) }) {
            headlines[key.market, default: Headline()].coverage = found.share
        }
        var whole: [String: [Double]] = [:]
        for (key, list) in lists { whole[key.market, default: []] += list.lag.whole }
        for (market, seconds) in whole { headlines[market, default: Headline()].lag = Distribution(seconds) }
        return headlines
    }

    /// How the sensors of a market ran.
    func operation(_ market: String) -> OperationFigures {
        var sum = OperationFigures()
        for figures in report.figures where figures.market.id == market {
            let one = figures.operation
            sum.uptimeSeconds = [sum.uptimeSeconds, one.uptimeSeconds].total
            sum.failOpenSeconds = [sum.failOpenSeconds, one.failOpenSeconds].total
            sum.killSwitchSeconds = [sum.killSwitchSeconds, one.killSwitchSeconds].total
            sum.packets = sum.packets.adding(one.packets)
            sum.queueDrops = sum.queueDrops.adding(one.queueDrops)
            sum.unseen = sum.unseen.adding(one.unseen)
        }
        return sum
    }

    /// A value for each period, of a market or of all together; nil where nothing is known.
    func course(_ market: String?, _ value: (PeriodFigures) -> UInt64) -> [UInt64?] {
        var course: [UInt64?] = Array(repeating: nil, count: report.periods.count)
        let places = places
        for figures in report.figures where market == nil || figures.market.id == market {
            guard let place = places[figures.period] else { continue }
            course[place] = (course[place] ?? 0).adding(value(figures))
        }
        return course
    }

    /// Seconds from the wish to let names pass until they did.
    func unblockSeconds(_ market: String) -> [Double] {
        report.figures.filter { $0.market.id == market }.flatMap(\.unblockSeconds).compactMap(\.measured)
    }

    /// Seconds from the issue of editions with fewer names until these passed.
    func removalSeconds(_ market: String) -> [Double] {
        report.figures.filter { $0.market.id == market }.flatMap(\.removalSeconds).compactMap(\.measured)
    }
}

extension ReportSummary.Lag {
    /// Notes an update. A time before the one that it should follow is a clock's fault, and counts as none.
    mutating func add(_ update: ActivationFigures) {
        updates += 1
        if let issuedAt = update.issuedAt, let receivedAt = update.receivedAt {
            received.append(max(0, Double(receivedAt) - Double(issuedAt)))
        }
        if let value = update.lag(from: update.receivedAt) { activated.append(value) }
        if let value = update.lag(from: update.issuedAt) { whole.append(value) }
    }
}
