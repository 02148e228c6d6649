package import Figures

/// Figures out of what a Prometheus has scraped from sensors.
///
/// Days are asked for (hours, where hours are wanted) and added up here. Of each counter the server is asked for its last value in each day and
/// whether it began anew in between, which it answers exactly; where it did, the samples of that day and those instances are read, and counted by
/// ``CounterArithmetic``. What was counted between the last scrape of a process and its end nobody has seen; it is missing.
///
/// Not known here is how long a blocked test name took to tell a client so; stores have it. Times to unblock are known by the bucket of a histogram.
package struct PrometheusSource: FiguresSource {
    /// The market of sensors whose series have no label `market`.
    static let unlabelledMarket = "unlabelled"

    private let server: any QueryAnswering
    private let subscribers: [String: Int]
    private let job: String?
    private let now: Int64

    /// Figures from a server.
    ///
    /// - Parameters:
    ///   - server: who is asked.
    ///   - job: the scrape job of the sensors; nil where no other job has metrics of theirs.
    ///   - subscribers: how many subscribers markets have, which no metric says.
    ///   - now: this moment, in seconds since 1970-01-01 UTC; later times are not asked for.
    package init(_ server: PrometheusServer, job: String? = nil, subscribers: [String: Int] = [:], now: Int64) {
        self.init(answering: server, job: job, subscribers: subscribers, now: now)
    }

    init(answering server: any QueryAnswering, job: String? = nil, subscribers: [String: Int] = [:], now: Int64) {
        self.server = server
        self.job = job
        self.subscribers = subscribers
        self.now = now
    }

    package func figures(
        _ length: PeriodLength,
        from: Int64,
        to: Int64,
        market: String?
    ) async throws -> [PeriodFigures] {
        let span = QuerySpan(length, from: from, to: min(to, now))
        guard span.count > 0 else { return [] }
        var matchers: [String] = []
        if let job { matchers.append(QueryExpression.matcher("job", is: job)) }
        // No label and an empty one are the same.
        if let market {
            matchers.append(QueryExpression.matcher("market", is: market == Self.unlabelledMarket ? "" : market))
        }
        var gathering = Gathering(server: server, span: span, matchers: matchers, now: now)
        try await gathering.gather()
        return DayFigures.added(gathering.days.values.map(\.whole), length, market: market, subscribers: subscribers)
    }
}

/// The days, or hours, that are asked for one by one.
struct QuerySpan: Sendable {
    /// The first second.
    let start: Int64
    /// How long each is, in seconds.
    let step: Int64
    /// How many there are.
    let count: Int

    /// The days of all periods that have seconds from `from` to before `to`; of the last period no day that begins later.
    init(_ length: PeriodLength, from: Int64, to: Int64) {
        let unit: PeriodLength = length == .hour ? .hour : .day
        start = Period(length, containing: from).start
        step = unit == .hour ? 3_600 : 86_400
        let end = to > from ? Period(unit, containing: to - 1).end : start
        count = max(0, Int((end - start) / step))
    }

    /// The second behind the last of all.
    var end: Int64 { start + Int64(count) * step }

    /// The place of a sample that was made at the end of a day; -1 for the day before the first one, nil for any other time.
    func place(of time: Double) -> Int? {
        let index = ((time - Double(start)) / Double(step)).rounded() - 1
        guard index >= -1, index < Double(count) else { return nil }
        return Int(index)
    }
}

/// A sensor's process as a scrape target.
struct Instance: Hashable, Sendable {
    var job: String
    var instance: String

    init(_ labels: [String: String]) {
        job = labels["job"] ?? ""
        instance = labels["instance"] ?? ""
    }
}

/// What is gathered for one report.
struct Gathering {
    let server: any QueryAnswering
    let span: QuerySpan
    let matchers: [String]
    let now: Int64

    /// What is known of an instance, day by day; the day before the first one has the place 0.
    private struct Presence {
        var earliestStart: [Double?]
        var latestStart: [Double?]
        var minutes: [Double?]
        var window: [Double?]
        var isSeen: [Bool]
        var market: String

        init(_ count: Int, market: String) {
            earliestStart = Array(repeating: nil, count: count + 1)
            latestStart = earliestStart
            minutes = earliestStart
            window = earliestStart
            isSeen = Array(repeating: false, count: count + 1)
            self.market = market
        }
    }

    private var presences: [Instance: Presence] = [:]
    /// The samples of process starts that were read, by instance and day.
    private var starts: [Instance: [Int: [Double: Double]]] = [:]
    /// The figures of each day, market and window.
    private(set) var days: [DayFigures.Key: DayFigures.Day] = [:]

    init(server: any QueryAnswering, span: QuerySpan, matchers: [String], now: Int64) {
        self.server = server
        self.span = span
        self.matchers = matchers
        self.now = now
    }

    // MARK: - In order

    mutating func gather() async throws(QueryFailure) {
        var counters: [(CountedMetric, [Series])] = []
        for metric in CountedMetric.all {
            let series = try await range(.last, metric.name, from: span.start)
            for one in series { note(one) }
            counters.append((metric, series))
        }
        guard presences.isEmpty == false else { return }
        try await gatherPresence()
        for (metric, series) in counters { try await count(metric, series) }
        try await gatherGauges()
        try await gatherUpdates()
    }

    /// A question for each day's end.
    private func range(
        _ function: QueryExpression.Function,
        _ metric: String,
        from: Int64? = nil,
        window: Int64? = nil,
        more: [String] = []
    ) async throws(QueryFailure) -> [Series] {
        let expression = QueryExpression(
            function: function,
            metric: metric,
            matchers: matchers + more,
            window: window ?? span.step
        )
        return try await server.range(expression, from: from ?? span.start + span.step, to: span.end, step: span.step)
    }

    /// A question about whole minutes for each day's end. Of a day that is not over the minutes to come are left out: a series that is there now
    /// would count as being there for some of them.
    private func minutes(
        _ function: QueryExpression.Function,
        _ metric: String,
        more: [String] = []
    ) async throws(QueryFailure) -> [Series] {
        let isOver = now >= span.end
        let end = isOver ? span.end : span.end - span.step
        var expression = QueryExpression(
            function: function,
            metric: metric,
            matchers: matchers + more,
            window: span.step
        )
        var series: [Series] = []
        if end > span.start {
            series = try await server.range(expression, from: span.start + span.step, to: end, step: span.step)
        }
        if isOver == false, now > end {
            expression.window = now - end
            for one in try await server.instant(expression, at: now) {
                let samples = one.samples.map { Series.Sample(time: Double(span.end), value: $0.value) }
                series.append(Series(labels: one.labels, samples: samples))
            }
        }
        return series
    }

    /// Notes that an instance was there.
    private mutating func note(_ series: Series) {
        let instance = Instance(series.labels)
        var presence = presences[instance] ?? Presence(span.count, market: Self.market(series.labels))
        for sample in series.samples {
            guard let place = span.place(of: sample.time) else { continue }
            presence.isSeen[place + 1] = true
        }
        presences[instance] = presence
    }

    static func market(_ labels: [String: String]) -> String {
        let market = labels["market"] ?? ""
        return market.isEmpty ? PrometheusSource.unlabelledMarket : market
    }

    // MARK: - Processes and windows

    private mutating func gatherPresence() async throws(QueryFailure) {
        // Other jobs have processes too.
        let jobs = Set(presences.keys.map(\.job)).sorted()
        let more = jobs == [""] ? [] : [QueryExpression.matcher("job", isAmong: jobs)]
        let start = "process_start_time_seconds"
        for one in try await range(.lowest, start, from: span.start, more: more) { put(one, \.earliestStart) }
        for one in try await range(.highest, start, from: span.start, more: more) { put(one, \.latestStart) }
        for one in try await minutes(.minutes, start, more: more) { put(one, \.minutes) }
        let metric = "grindvakt_attempt_window_seconds"
        for one in try await range(.highest, metric) { put(one, \.window) }
        for one in try await range(.lowest, metric) {
            let instance = Instance(one.labels)
            for sample in one.samples {
                guard let place = span.place(of: sample.time), let highest = presences[instance]?.window[place + 1],
                    highest != sample.value
                else { continue }
                throw QueryFailure(
                    "\(QueryAnswer.printable(instance.instance)): changed its window of attempts on \(label(of: place)); leave that day out (--from, --to)"
                )
            }
        }
        for (instance, presence) in presences {
            for place in 0..<span.count where presence.isSeen[place + 1] && presence.window[place + 1] == nil {
                throw QueryFailure(
                    "\(QueryAnswer.printable(instance.instance)): does not tell its window of attempts on \(label(of: place)); update the sensor, or leave that day out"
                )
            }
        }
    }

    private func label(of place: Int) -> String {
        Period(.day, containing: span.start + Int64(place) * span.step).label
    }

    private mutating func put(_ series: Series, _ path: WritableKeyPath<Presence, [Double?]>) {
        let instance = Instance(series.labels)
        for sample in series.samples {
            guard let place = span.place(of: sample.time) else { continue }
            presences[instance]?[keyPath: path][place + 1] = sample.value
        }
    }

    /// Whether an instance's counters may have begun anew on a day, its counts then being known from the samples alone.
    private func hasRestarted(_ instance: Instance, _ place: Int) -> Bool {
        guard let presence = presences[instance] else { return false }
        let (earliest, latest) = (presence.earliestStart[place + 1], presence.latestStart[place + 1])
        let before = presence.latestStart[place]
        return earliest != latest || before != nil && latest != before
    }

    /// Whether an instance had counted before it was first seen, on this day.
    private func isNewcomer(_ instance: Instance, _ place: Int) -> Bool {
        guard let presence = presences[instance], presence.isSeen[place] == false,
            let start = presence.earliestStart[place + 1]
        else { return false }
        return start < Double(span.start + Int64(place) * span.step)
    }

    // MARK: - Counters

    private mutating func count(_ metric: CountedMetric, _ series: [Series]) async throws(QueryFailure) {
        guard series.isEmpty == false else { return }
        // A fall from one sample to the next, be it across midnight: the window has the day before in it.
        var falls: [[String: String]: Set<Int>] = [:]
        for one in try await range(.resets, metric.name, window: 2 * span.step) {
            for sample in one.samples where sample.value > 0 {
                guard let place = span.place(of: sample.time) else { continue }
                falls[one.labels, default: []].insert(place)
            }
        }
        var readings: [Int: [(labels: [String: String], base: Double?)]] = [:]
        for one in series {
            var labels = one.labels
            labels["__name__"] = nil
            let instance = Instance(labels)
            var values: [Int: Double] = [:]
            for sample in one.samples { if let place = span.place(of: sample.time) { values[place] = sample.value } }
            for place in 0..<span.count {
                guard let last = values[place] else { continue }
                let base = values[place - 1]
                let hasFallen = falls[labels]?.contains(place) ?? false || base.map { last < $0 } ?? false
                if hasFallen || hasRestarted(instance, place) || isNewcomer(instance, place) {
                    readings[place, default: []].append((labels, base))
                } else {
                    add(last - (base ?? 0), metric, labels, place)
                }
            }
        }
        for (place, wanted) in readings.sorted(by: { $0.key < $1.key }) {
            try await read(metric, place, wanted)
        }
    }

    /// Reads the samples of a day, some instances at a time, and counts by them.
    private mutating func read(
        _ metric: CountedMetric,
        _ place: Int,
        _ wanted: [(labels: [String: String], base: Double?)]
    ) async throws(QueryFailure) {
        let end = span.start + Int64(place + 1) * span.step
        let instances = Set(wanted.map { Instance($0.labels) }).sorted { ($0.job, $0.instance) < ($1.job, $1.instance) }
        for first in stride(from: 0, to: instances.count, by: 8) {
            let batch = Array(instances[first..<min(first + 8, instances.count)])
            try await readStarts(of: batch, place, end)
            let samples = try await samples(metric.name, of: batch, end)
            for (labels, base) in wanted where batch.contains(Instance(labels)) {
                let instance = Instance(labels)
                let known = starts[instance]?[place] ?? [:]
                guard let found = samples[labels] else { continue }
                var base = base
                // What was counted before anybody looked belongs to no day that is known.
                if base == nil, isNewcomer(instance, place), let first = found.first,
                    known.keys.min().map({ first.time <= $0 }) ?? true
                {
                    base = first.value
                }
                let count = CounterArithmetic.increase(
                    of: found,
                    base: base,
                    baseStart: presences[instance]?.latestStart[place],
                    starts: known
                )
                add(count, metric, labels, place)
            }
        }
    }

    private mutating func readStarts(of batch: [Instance], _ place: Int, _ end: Int64) async throws(QueryFailure) {
        let missing = batch.filter { starts[$0]?[place] == nil }
        guard missing.isEmpty == false else { return }
        for instance in missing { starts[instance, default: [:]][place] = [:] }
        for (labels, samples) in try await samples("process_start_time_seconds", of: missing, end) {
            let instance = Instance(labels)
            for sample in samples { starts[instance]?[place]?[sample.time] = sample.value }
        }
    }

    private func samples(
        _ metric: String,
        of batch: [Instance],
        _ end: Int64
    ) async throws(QueryFailure) -> [[String: String]: [Series.Sample]] {
        let names = Set(batch.map(\.instance)).sorted()
        let more = names == [""] ? [] : [QueryExpression.matcher("instance", isAmong: names)]
        let expression = QueryExpression(
            function: .samples,
            metric: metric,
            matchers: matchers + more,
            window: span.step
        )
        var found: [[String: String]: [Series.Sample]] = [:]
        for one in try await server.instant(expression, at: end) {
            var labels = one.labels
            labels["__name__"] = nil
            // One end of a range belongs to it in one release and not in another; it is the day before's.
            found[labels] = one.samples.filter { $0.time > Double(end - span.step) && $0.time <= Double(end) }
        }
        return found
    }

    private mutating func add(_ count: Double, _ metric: CountedMetric, _ labels: [String: String], _ place: Int) {
        changeDay(labels, place) { metric.add(count, labels, &$0) }
    }

    /// Changes the figures that a series belongs to.
    private mutating func change(
        _ labels: [String: String],
        _ place: Int,
        _ change: (inout PeriodFigures) -> Void
    ) {
        changeDay(labels, place) { change(&$0.figures) }
    }

    private mutating func changeDay(
        _ labels: [String: String],
        _ place: Int,
        _ change: (inout DayFigures.Day) -> Void
    ) {
        guard let presence = presences[Instance(labels)], let window = presence.window[place + 1] else { return }
        let key = DayFigures.Key(place: place, market: Self.market(labels), window: window)
        var day = days[key] ?? key.nothing(in: span)
        change(&day)
        days[key] = day
    }

    // MARK: - Gauges

    private mutating func gatherGauges() async throws(QueryFailure) {
        let full = Double(span.step)
        for (instance, presence) in presences {
            let labels = ["job": instance.job, "instance": instance.instance, "market": presence.market]
            for place in 0..<span.count where presence.isSeen[place + 1] {
                let seconds = min((presence.minutes[place + 1] ?? 0) * 60, full)
                change(labels, place) { $0.operation.uptimeSeconds += seconds }
            }
        }
        try await eachDay(.sumOfMinutes, "grindvakt_kill_switch") { value, _, figures in
            figures.operation.killSwitchSeconds += min(value * 60, full)
        }
        // Sensors of one market have the same lists: what the fullest has stands for all.
        try await eachDay(.last, "grindvakt_list_entries") { value, list, figures in
            figures.withList(list) { $0.entries = max($0.entries, UInt64(counted: value)) }
        }
        for (metric, reason) in [
            ("grindvakt_list_rejected_lines", "rejected"), ("grindvakt_list_not_enforceable_lines", "not_enforceable"),
        ] {
            try await eachDay(.last, metric) { value, list, figures in
                figures.withList(list) { $0.note(UInt64(counted: value), reason) }
            }
        }
        try await eachDay(.sumOfMinutes, "grindvakt_list_expired") { value, list, figures in
            figures.withList(list) { $0.staleSeconds = max($0.staleSeconds, min(value * 60, full)) }
        }
    }

    private mutating func eachDay(
        _ function: QueryExpression.Function,
        _ metric: String,
        _ apply: (_ value: Double, _ list: String, _ figures: inout PeriodFigures) -> Void
    ) async throws(QueryFailure) {
        let isOfMinutes = function == .sumOfMinutes
        for one in try await isOfMinutes ? minutes(function, metric) : range(function, metric) {
            for sample in one.samples {
                guard let place = span.place(of: sample.time), place >= 0 else { continue }
                change(one.labels, place) { apply(sample.value, one.labels["list"] ?? "", &$0) }
            }
        }
    }

    /// How far apart lists are looked at, in seconds: an edition that was in use for less may be missed.
    private static let glance: Int64 = 300

    /// An edition of a list at an instance.
    private struct Edition: Hashable {
        var labels: [String: String]
        var sequence: Double?
        var issued: Double?
        /// Where nothing else tells editions apart.
        var activated: Double?
    }

    /// What is said of a list at an instance at one time.
    private struct Moment {
        var activated: Double?
        var received: Double?
        var issued: Double?
        var sequence: Double?
    }

    /// A time that is none is taken for 1970.
    private static func second(_ time: Double) -> Int64 {
        Int64(min(UInt64(counted: time.rounded(.down)), 1_000_000_000_000))
    }

    private mutating func gatherUpdates() async throws(QueryFailure) {
        var seen: Set<Edition> = []
        // The day before shows which editions were in use already: a process that starts takes them up once more.
        for place in -1..<span.count where presences.values.contains(where: { $0.isSeen[place + 1] }) {
            let from = span.start + Int64(place) * span.step
            var values: [[String: String]: [Double: Moment]] = [:]
            for (metric, path) in [
                ("grindvakt_list_activated_timestamp_seconds", \.activated),
                ("grindvakt_list_received_timestamp_seconds", \.received),
                ("grindvakt_list_issued_timestamp_seconds", \.issued), ("grindvakt_list_sequence", \.sequence),
            ] as [(String, WritableKeyPath<Moment, Double?>)] {
                let expression = QueryExpression(function: .value, metric: metric, matchers: matchers)
                for one in try await server.range(
                    expression,
                    from: from + Self.glance,
                    to: from + span.step,
                    step: Self.glance
                ) {
                    var labels = one.labels
                    labels["__name__"] = nil
                    for sample in one.samples where sample.value.isFinite {
                        values[labels, default: [:]][sample.time, default: Moment()][keyPath: path] = sample.value
                    }
                }
            }
            for (labels, moments) in values {
                for (_, moment) in moments.sorted(by: { $0.key < $1.key }) {
                    guard let activated = moment.activated else { continue }
                    let isNumbered = moment.issued != nil || moment.sequence != nil
                    let edition = Edition(
                        labels: labels,
                        sequence: moment.sequence,
                        issued: moment.issued,
                        activated: isNumbered ? nil : activated
                    )
                    guard seen.insert(edition).inserted, place >= 0, activated >= Double(from),
                        activated <= Double(from + span.step)
                    else { continue }
                    let update = ActivationFigures(
                        sequence: moment.sequence.map { UInt64(counted: $0) },
                        issuedAt: moment.issued.map(Self.second),
                        receivedAt: moment.received.flatMap { $0 <= activated ? Self.second($0) : nil },
                        activatedAt: Self.second(activated)
                    )
                    change(labels, place) { figures in
                        figures.withList(labels["list"] ?? "") { $0.activations.append(update) }
                    }
                }
            }
        }
    }
}

extension ListFigures {
    /// Notes how many entries were left out for a reason, of the sensor that left out most.
    fileprivate mutating func note(_ entries: UInt64, _ reason: String) {
        if let index = rejected.firstIndex(where: { $0.reason == reason }) {
            rejected[index].entries = max(rejected[index].entries, entries)
        } else {
            rejected.append(RejectedFigures(reason: reason, entries: entries))
            rejected.sort { $0.reason < $1.reason }
        }
    }
}
