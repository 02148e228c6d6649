import Figures
import Telemetry

/// A counter of sensors, and what it is in a report.
struct CountedMetric: Sendable {
    /// The counter's name.
    var name: String
    /// What the rules for fleets record it as: what all sensors of a market have counted since the evaluation before.
    var recorded: String
    /// Adds a count to figures, by the labels of its series; labels that a report does not know add nothing.
    var add: @Sendable (_ count: Double, _ labels: [String: String], _ day: inout DayFigures.Day) -> Void

    /// All that are asked for.
    static let all: [CountedMetric] = [
        CountedMetric("attempts_total", "market_list_mechanism_action:grindvakt_attempts:delta1m") {
            count,
            labels,
            day in
            day.figures.addMatch(labels) { $0.attempts = $0.attempts.adding(UInt64(counted: count)) }
        },
        CountedMetric("events_total", "market_list_mechanism_action:grindvakt_events:delta1m") {
            count,
            labels,
            day in
            day.figures.addMatch(labels) { $0.events = $0.events.adding(UInt64(counted: count)) }
        },
        CountedMetric("any_attempts_total", "market_mechanism_action:grindvakt_any_attempts:delta1m") {
            count,
            labels,
            day in
            guard let mechanism = Mechanism(label: labels["mechanism"] ?? ""), let action = labels["action"] else {
                return
            }
            day.figures.addAny(mechanism, action, UInt64(counted: count))
        },
        CountedMetric("names_total", "market_protocol:grindvakt_names:delta1m") { count, labels, day in
            switch labels["protocol"] {
            case "dns": day.figures.visibility.dnsNames.add(count)
            case "tls": day.figures.visibility.tlsNames.add(count)
            case "quic": day.figures.visibility.quicNames.add(count)
            case "http": day.figures.visibility.httpNames.add(count)
            default: break
            }
        },
        CountedMetric("anomalies_total", "market_kind:grindvakt_anomalies:delta1m") { count, labels, day in
            switch labels["kind"] {
            case Anomaly.noServerName.label: day.figures.visibility.withoutServerName.add(count)
            case Anomaly.encryptedClientHello.label: day.figures.visibility.encryptedClientHello.add(count)
            default: break
            }
        },
        CountedMetric("undecided_total", "market_cause:grindvakt_undecided:delta1m") { count, labels, day in
            switch labels["cause"] {
            case UndecidedCause.overBudget.label, UndecidedCause.flowEvicted.label:
                day.figures.visibility.incomplete.add(count)
            case UndecidedCause.unknownQUICVersion.label: day.figures.visibility.unknownQUICVersion.add(count)
            default: break
            }
        },
        CountedMetric("encrypted_dns_flows_total", "market_kind:grindvakt_encrypted_dns_flows:delta1m") {
            count,
            labels,
            day in
            switch labels["kind"] {
            case EncryptedDNS.dot.label: day.figures.visibility.dotFlows.add(count)
            case EncryptedDNS.doq.label: day.figures.visibility.doqFlows.add(count)
            case EncryptedDNS.doh.label: day.figures.visibility.dohFlows.add(count)
            default: break
            }
        },
        CountedMetric("packets_total", "market:grindvakt_packets:delta1m") { count, _, day in
            day.figures.operation.packets.add(count)
        },
        CountedMetric("queue_kernel_dropped_total", "market:grindvakt_queue_kernel_dropped:delta1m") {
            count,
            _,
            day in
            day.figures.operation.queueDrops.add(count)
        },
        CountedMetric("queue_user_dropped_total", "market:grindvakt_queue_user_dropped:delta1m") { count, _, day in
            day.figures.operation.queueDrops.add(count)
        },
        CountedMetric("tap_packets_dropped_total", "market:grindvakt_tap_packets_dropped:delta1m") {
            count,
            _,
            day in
            day.figures.operation.queueDrops.add(count)
        },
        CountedMetric("queue_unseen_total", "market:grindvakt_queue_unseen:delta1m") { count, _, day in
            day.figures.operation.unseen.add(count)
        },
        CountedMetric("fail_open_seconds_total", "market:grindvakt_fail_open_seconds:delta1m") { count, _, day in
            day.figures.operation.failOpenSeconds += count
        },
        CountedMetric("list_updates_refused_total", "market_list:grindvakt_list_updates_refused:delta1m") {
            count,
            labels,
            day in
            guard let list = labels["list"] else { return }
            day.figures.withList(list) { $0.refusals.add(count) }
        },
        CountedMetric("coverage_probes_total", "market_list_mechanism:grindvakt_coverage_probes:delta1m") {
            count,
            labels,
            day in
            day.figures.addCoverage(labels) { $0.probes.add(count) }
        },
        CountedMetric("coverage_blocked_total", "market_list_mechanism:grindvakt_coverage_blocked:delta1m") {
            count,
            labels,
            day in
            day.figures.addCoverage(labels) { $0.blocked.add(count) }
        },
        CountedMetric("unblock_seconds_bucket", "market_cause_le:grindvakt_unblock_seconds_bucket:delta1m") {
            count,
            labels,
            day in
            guard let cause = labels["cause"], let bound = Double(labels["le"] ?? ""), bound >= 0 else { return }
            day.durations[cause, default: DurationTally()].atMost[bound, default: 0] += count
        },
        CountedMetric("unblock_seconds_sum", "market_cause:grindvakt_unblock_seconds_sum:delta1m") {
            count,
            labels,
            day in
            guard let cause = labels["cause"] else { return }
            day.durations[cause, default: DurationTally()].sum += count
        },
    ]

    private init(
        _ name: String,
        _ recorded: String,
        add: @escaping @Sendable (Double, [String: String], inout DayFigures.Day) -> Void
    ) {
        self.name = "grindvakt_" + name
        self.recorded = recorded
        self.add = add
    }
}

extension UInt64 {
    /// Adds a counter's value.
    mutating func add(_ count: Double) {
        self = adding(UInt64(counted: count))
    }
}

extension PeriodFigures {
    /// Changes the matches of a list, mechanism and action; labels that are no such three change nothing.
    fileprivate mutating func addMatch(_ labels: [String: String], _ change: (inout MatchFigures) -> Void) {
        guard let list = labels["list"], let action = labels["action"],
            let mechanism = Mechanism(label: labels["mechanism"] ?? "")
        else { return }
        if let index = matches.firstIndex(where: { $0.list == list && $0.mechanism == mechanism && $0.action == action }
        ) {
            change(&matches[index])
        } else {
            var match = MatchFigures(list: list, mechanism: mechanism, action: action, events: 0, attempts: 0)
            change(&match)
            // What had no match has no figures, as in a store.
            if match.events > 0 || match.attempts > 0 { matches.append(match) }
        }
    }

    fileprivate mutating func addAny(_ mechanism: Mechanism, _ action: String, _ attempts: UInt64) {
        if let index = anyAttempts.firstIndex(where: { $0.mechanism == mechanism && $0.action == action }) {
            anyAttempts[index].attempts = anyAttempts[index].attempts.adding(attempts)
        } else if attempts > 0 {
            anyAttempts.append(AnyAttemptFigures(mechanism: mechanism, action: action, attempts: attempts))
        }
    }

    /// Changes the coverage of a list and mechanism; labels that are no such two change nothing.
    fileprivate mutating func addCoverage(_ labels: [String: String], _ change: (inout CoverageFigures) -> Void) {
        guard let list = labels["list"], let mechanism = Mechanism(label: labels["mechanism"] ?? "") else { return }
        if let index = coverage.firstIndex(where: { $0.list == list && $0.mechanism == mechanism }) {
            change(&coverage[index])
        } else {
            var found = CoverageFigures(list: list, mechanism: mechanism, probes: 0, blocked: 0)
            change(&found)
            if found.probes > 0 || found.blocked > 0 { coverage.append(found) }
        }
    }

    /// Changes what is said of a list.
    mutating func withList(_ list: String, _ change: (inout ListFigures) -> Void) {
        if let index = lists.firstIndex(where: { $0.list == list }) {
            change(&lists[index])
        } else {
            var figures = ListFigures(list: list)
            change(&figures)
            lists.append(figures)
        }
    }

    /// The figures in the order that all figures have.
    func inOrder() -> PeriodFigures {
        var ordered = self
        ordered.lists.sort { $0.list < $1.list }
        ordered.matches.sort {
            ($0.list, $0.mechanism.rawValue, $0.action) < ($1.list, $1.mechanism.rawValue, $1.action)
        }
        ordered.coverage.sort { ($0.list, $0.mechanism.rawValue) < ($1.list, $1.mechanism.rawValue) }
        ordered.anyAttempts.sort { ($0.mechanism.rawValue, $0.action) < ($1.mechanism.rawValue, $1.action) }
        return ordered
    }

    /// Adds the figures of a later part of the same period.
    mutating func add(_ later: PeriodFigures) {
        operation.uptimeSeconds += later.operation.uptimeSeconds
        operation.failOpenSeconds += later.operation.failOpenSeconds
        operation.killSwitchSeconds += later.operation.killSwitchSeconds
        operation.packets = operation.packets.adding(later.operation.packets)
        operation.queueDrops = operation.queueDrops.adding(later.operation.queueDrops)
        operation.unseen = operation.unseen.adding(later.operation.unseen)
        for list in later.lists {
            withList(list.list) { sum in
                sum.activations += list.activations
                sum.entries = list.entries
                sum.rejected = list.rejected
                sum.refusals = sum.refusals.adding(list.refusals)
                sum.staleSeconds += list.staleSeconds
            }
        }
        for match in later.matches {
            let labels = ["list": match.list, "mechanism": match.mechanism.label, "action": match.action]
            addMatch(labels) { sum in
                sum.events = sum.events.adding(match.events)
                sum.attempts = sum.attempts.adding(match.attempts)
            }
        }
        for found in later.coverage {
            addCoverage(["list": found.list, "mechanism": found.mechanism.label]) { sum in
                sum.probes = sum.probes.adding(found.probes)
                sum.blocked = sum.blocked.adding(found.blocked)
            }
        }
        unblockSeconds += later.unblockSeconds
        removalSeconds += later.removalSeconds
        for any in later.anyAttempts { addAny(any.mechanism, any.action, any.attempts) }
        visibility.dnsNames = visibility.dnsNames.adding(later.visibility.dnsNames)
        visibility.tlsNames = visibility.tlsNames.adding(later.visibility.tlsNames)
        visibility.quicNames = visibility.quicNames.adding(later.visibility.quicNames)
        visibility.httpNames = visibility.httpNames.adding(later.visibility.httpNames)
        visibility.withoutServerName = visibility.withoutServerName.adding(later.visibility.withoutServerName)
        visibility.encryptedClientHello = visibility.encryptedClientHello.adding(later.visibility.encryptedClientHello)
        visibility.incomplete = visibility.incomplete.adding(later.visibility.incomplete)
        visibility.unknownQUICVersion = visibility.unknownQUICVersion.adding(later.visibility.unknownQUICVersion)
        visibility.dotFlows = visibility.dotFlows.adding(later.visibility.dotFlows)
        visibility.doqFlows = visibility.doqFlows.adding(later.visibility.doqFlows)
        visibility.dohFlows = visibility.dohFlows.adding(later.visibility.dohFlows)
    }
}
