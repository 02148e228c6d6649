package import ControlSocket

/// What two readings tell together: rates, where one alone tells counts.
///
/// A counter that went back has no rate, so a sensor that was started anew shows none until it has been read twice.
package struct Measurement: Sendable, Equatable {
    /// A queue's part.
    package struct Queue: Sendable, Equatable {
        /// The queue's number.
        package var number: Int
        /// Whether the kernel's table has it.
        package var isPresent: Bool
        /// Packets that were given a verdict, per second.
        package var packets: Double?
        /// Packets that were dropped because a list said so, per second.
        package var dropped: Double?
        /// Packets that wait for a verdict.
        package var waiting: UInt64?
        /// Packets that the kernel let go or dropped because the queue was full, per second.
        package var kernelLost: Double?
        /// The same because the socket's buffer was full.
        package var userLost: Double?
        /// Times that the kernel said so, per second.
        package var overruns: Double?
        /// Packets that passed unseen, per second.
        package var unseen: Double?
        /// The share of one processor that its thread used, 0 to 1.
        package var load: Double?
        /// Flows that it remembers.
        package var flows: UInt64
        /// What they take, in octets.
        package var flowMemory: UInt64
        /// How long its packets waited for their verdicts; nil where none came.
        package var latency: Latency?
    }

    /// A tap's part.
    package struct Tap: Sendable, Equatable {
        /// The worker's number.
        package var number: Int
        /// The interface's name.
        package var interface: String
        /// Whether it is open and up.
        package var isReading: Bool
        /// Packets inspected, per second.
        package var packets: Double?
        /// Frames that passed the filter, per second.
        package var received: Double?
        /// Frames lost because the worker had not made room, per second.
        package var kernelLost: Double?
        /// Frames lost by the interface or its driver, per second.
        package var interfaceLost: Double?
        /// The share of one processor that its thread used, 0 to 1.
        package var load: Double?
        /// Flows that it remembers.
        package var flows: UInt64
    }

    /// A list's part.
    package struct List: Sendable, Equatable {
        /// The list as the sensor has it.
        package var status: StatusDocument.List
        /// Matches per second, whatever they led to.
        package var matches: Double?
        /// Attempts per second: packets that matched, those of one entry within the window being one.
        package var attempts: Double?
        /// Matches that led to more than being counted, by protocol.
        package var blocked: Shares
        /// Matches that were only counted, by protocol.
        package var observed: Shares
        /// Names it holds that were left alone, per second.
        package var exempted: Double?
    }

    /// The later reading.
    package var status: StatusDocument
    /// The time between the readings, in seconds; nil where there is only one or the sensor was started anew between them.
    package var interval: Double?
    /// Whether the sensor was started anew between the readings.
    package var isRestart: Bool
    /// Packets by verdict.
    package var packets: Shares
    /// Names by protocol.
    package var names: Shares
    /// Matches that led to more than being counted, by protocol.
    package var blocked: Shares
    /// Matches that were only counted, by protocol.
    package var observed: Shares
    /// What nobody judged for want of room or time, by where.
    package var lost: Shares
    /// Packets and messages accepted unjudged, by cause.
    package var undecided: Shares
    /// Packets of an odd form, by kind.
    package var anomalies: Shares
    /// Flows of encrypted DNS, by kind.
    package var encryptedDNS: Shares
    /// Answers that were sent, by kind.
    package var sent: Shares
    /// Answers that were not sent, by what became of them.
    package var unsent: Shares
    /// How long packets waited for their verdicts; nil where none came or the sensor does not say.
    package var latency: Latency?
    /// The queues, by number.
    package var queues: [Queue]
    /// The tapped interfaces.
    package var taps: [Tap]
    /// The active lists.
    package var lists: [List]

    /// The time at the sensor when it answered, in seconds since 1970.
    package var takenAt: Double { status.startedAt + status.uptimeSeconds }

    /// Whether packets are only looked at, as a tap does.
    var isOnlyLooking: Bool { queues.isEmpty && taps.isEmpty == false }

    /// Whether what matches is dropped at all: a tap only looks, and the kill switch lets everything pass.
    package var isBlocking: Bool { status.killSwitch != true && isOnlyLooking == false }

    /// Makes a measurement.
    ///
    /// - Parameters:
    ///   - new: the later reading.
    ///   - old: the one before, if there is one.
    package init(_ new: Reading, since old: Reading?) {
        let before = old.map(\.status)
        status = new.status
        isRestart = before.map { $0.startedAt != new.status.startedAt } ?? false
        let elapsed = old.map { new.seconds - $0.seconds } ?? 0
        interval = isRestart || elapsed <= 0 ? nil : elapsed
        let span = Shares.Span(seconds: interval)
        let (totals, earlier) = (status.totals, before?.totals)
        packets = Shares(totals.packets, earlier?.packets, span)
        names = Shares(totals.names, earlier?.names, span, order: Self.protocols)
        undecided = Shares(totals.undecided, earlier?.undecided, span)
        anomalies = Shares(totals.anomalies, earlier?.anomalies, span)
        encryptedDNS = Shares(totals.encryptedDnsFlows, earlier?.encryptedDnsFlows, span, order: ["dot", "doq", "doh"])
        sent = Shares(Self.sent(totals), earlier.map { Self.sent($0) }, span)
        unsent = Shares(Self.unsent(totals), earlier.map { Self.unsent($0) }, span)
        queues = status.queues.map { queue in
            Queue(queue, since: before?.queues.first { $0.queue == queue.queue }, span)
        }
        taps = (status.taps ?? []).map { tap in
            Tap(tap, since: before?.taps?.first { $0.queue == tap.queue && $0.interface == tap.interface }, span)
        }
        lists = status.lists.map { list in List(list, since: before?.lists.first { $0.id == list.id }, span) }
        blocked = Shares(sumOf: lists.map(\.blocked))
        observed = Shares(sumOf: lists.map(\.observed))
        lost = Self.lost(status, queues, taps)
        latency = nil
        if interval != nil, let now = [StatusDocument.Bucket](sumOf: status.queues.compactMap(\.verdictBuckets)),
            let then = before.flatMap({ [StatusDocument.Bucket](sumOf: $0.queues.compactMap(\.verdictBuckets)) })
        {
            latency = Latency(now, since: then)
        }
    }

    /// The protocols, as people look for them.
    static let protocols = ["dns", "tls", "quic", "http"]

    private static func sent(_ totals: StatusDocument.Totals) -> [String: UInt64] {
        (totals.responses ?? [:]).mapValues { $0["sent"] ?? 0 }
    }

    private static func unsent(_ totals: StatusDocument.Totals) -> [String: UInt64] {
        var sum: [String: UInt64] = [:]
        for results in (totals.responses ?? [:]).values {
            for (result, count) in results where result != "sent" { sum[result, default: 0] &+= count }
        }
        return sum
    }

    private static func lost(_ status: StatusDocument, _ queues: [Queue], _ taps: [Tap]) -> Shares {
        var parts: [Shares.Part] = []
        func add(_ label: String, _ rates: [Double?], _ totals: [UInt64?]) {
            guard rates.isEmpty == false else { return }
            let rate = rates.compactMap { $0 }.reduce(nil) { ($0 ?? 0) + $1 }
            parts.append(Shares.Part(label: label, total: totals.compactMap { $0 }.reduce(0, &+), rate: rate))
        }
        let read = status.taps ?? []
        add(
            "kernel",
            queues.map(\.kernelLost) + taps.map(\.kernelLost),
            status.queues.map(\.kernelDropped) + read.map(\.kernelDropped)
        )
        add("user", queues.map(\.userLost), status.queues.map(\.userDropped))
        add("unseen", queues.map(\.unseen), status.queues.map(\.unseen))
        add("interface", taps.map(\.interfaceLost), read.map(\.interfaceDropped))
        return Shares(parts: parts)
    }
}

extension Shares {
    init(parts: [Part]) {
        self.parts = parts
    }

    /// The same words of several, counted together.
    init(sumOf all: [Shares]) {
        parts = []
        for part in all.flatMap(\.parts) {
            if let index = parts.firstIndex(where: { $0.label == part.label }) {
                parts[index].total &+= part.total
                if let rate = part.rate { parts[index].rate = (parts[index].rate ?? 0) + rate }
            } else {
                parts.append(part)
            }
        }
    }
}

extension Measurement.Queue {
    init(_ new: StatusDocument.Queue, since old: StatusDocument.Queue?, _ span: Shares.Span) {
        number = new.queue
        isPresent = new.present
        let (accepted, dropped) = (span.rate(new.accepted, old?.accepted), span.rate(new.dropped, old?.dropped))
        packets = if let accepted, let dropped { accepted + dropped } else { nil }
        self.dropped = dropped
        waiting = new.waiting
        kernelLost = span.rate(new.kernelDropped, old?.kernelDropped)
        userLost = span.rate(new.userDropped, old?.userDropped)
        overruns = span.rate(new.receiveOverruns, old?.receiveOverruns)
        unseen = span.rate(new.unseen, old?.unseen)
        load = span.share(new.cpuSeconds, old?.cpuSeconds)
        flows = new.flows
        flowMemory = new.flowMemoryBytes
        latency = nil
        if span.seconds != nil, let buckets = new.verdictBuckets, let before = old?.verdictBuckets {
            latency = Latency(buckets, since: before)
        }
    }
}

extension Measurement.Tap {
    init(_ new: StatusDocument.Tap, since old: StatusDocument.Tap?, _ span: Shares.Span) {
        number = new.queue
        interface = new.interface
        isReading = new.reading
        packets = span.rate(new.packets, old?.packets)
        received = span.rate(new.received, old?.received)
        kernelLost = span.rate(new.kernelDropped, old?.kernelDropped)
        interfaceLost = span.rate(new.interfaceDropped, old?.interfaceDropped)
        load = span.share(new.cpuSeconds, old?.cpuSeconds)
        flows = new.flows
    }
}

extension Measurement.List {
    init(_ new: StatusDocument.List, since old: StatusDocument.List?, _ span: Shares.Span) {
        status = new
        matches = span.rate(new.matches, old?.matches)
        attempts = span.rate(new.attempts, old?.attempts)
        exempted = span.rate(new.exempted.map(Self.sum), old?.exempted.map(Self.sum))
        let now = Self.matchesByAction(new)
        let before = old.map(Self.matchesByAction) ?? [:]
        func shares(_ isMine: (String) -> Bool) -> Shares {
            let mine = now.filter { isMine($0.key) }
            return Shares(
                sumOf: mine.keys.sorted().map { action in
                    Shares(mine[action] ?? [:], before[action], span, order: Measurement.protocols)
                }
            )
        }
        blocked = shares { $0 != "observe" }
        observed = shares { $0 == "observe" }
    }

    private static func sum(_ counts: [String: UInt64]) -> UInt64 { counts.values.reduce(0, &+) }

    /// A sensor that does not tell protocols apart says how many there were in all.
    private static func matchesByAction(_ list: StatusDocument.List) -> [String: [String: UInt64]] {
        if let told = list.matchesByAction { return told }
        return [list.actions.first { $0 != "observe" } ?? "observe": ["all": list.matches]]
    }
}
